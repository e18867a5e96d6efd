//! Sine and cosine of a joint's position.
//!
//! Decides how they are approximated: without branches and calls, so that a chain of joints is not held up, and without the machine's C
//! library, so that every machine gives the same bytes. The error is below 2.3e-16 for angles up to [`LARGEST`]; beyond, the standard
//! library takes over.
//!
//! The angle is reduced by the nearest multiple of π/2 in two steps (Cody and Waite); the polynomials are the minimax ones of fdlibm
//! (Sun Microsystems, `k_sin.c` and `k_cos.c`), good to 2⁻⁵⁸ within ±π/4.

/// The largest angle that is reduced here (rad): 16,000 turns. The reduction is exact up to 2²⁰ quarter turns.
const LARGEST: f64 = 1e5;

/// π/2 in two parts; the first has 33 bits, so that its multiples up to 2²⁰ are exact.
const QUARTER_HIGH: f64 = 1.570_796_326_734_125_6;
const QUARTER_LOW: f64 = 6.077_100_506_506_192e-11;

/// Added and taken away again, it rounds to whole numbers, which then stand in the lowest bits.
const ROUND: f64 = 6_755_399_441_055_744.0; // 1.5 · 2⁵²

const SIN: [f64; 6] = [
    -0.166_666_666_666_666_32,
    0.008_333_333_333_322_49,
    -0.000_198_412_698_298_579_5,
    2.755_731_370_707_006_8e-6,
    -2.505_076_025_340_686_3e-8,
    1.589_690_995_211_55e-10,
];
const COS: [f64; 6] = [
    0.041_666_666_666_666_6,
    -0.001_388_888_888_887_411,
    2.480_158_728_947_673e-5,
    -2.755_731_435_139_066_3e-7,
    2.087_572_321_298_175e-9,
    -1.135_964_755_778_819_5e-11,
];

/// The sine and the cosine of an angle (rad); NaN of what is not finite.
#[inline]
pub(crate) fn sin_cos(angle: f64) -> (f64, f64) {
    if angle.abs() <= LARGEST {
        reduced(angle)
    } else {
        far(angle)
    }
}

#[cold]
fn far(angle: f64) -> (f64, f64) {
    angle.sin_cos()
}

#[inline]
fn reduced(angle: f64) -> (f64, f64) {
    let shifted = angle * std::f64::consts::FRAC_2_PI + ROUND;
    let quarters = shifted - ROUND;
    let x = (angle - quarters * QUARTER_HIGH) - quarters * QUARTER_LOW;
    let z = x * x;
    let w = z * z;
    // Halves side by side: shorter chains of products.
    let sin = x + x * z * (SIN[0] + z * (SIN[1] + z * SIN[2]) + z * w * (SIN[3] + z * (SIN[4] + z * SIN[5])));
    let cos = 1.0
        - (0.5 * z - w * (COS[0] + z * (COS[1] + z * COS[2]) + z * w * (COS[3] + z * (COS[4] + z * COS[5]))));
    let quadrant = shifted.to_bits();
    let (sin, cos) = if quadrant & 1 == 0 { (sin, cos) } else { (cos, sin) };
    let sign = |value: f64, negative: u64| f64::from_bits(value.to_bits() ^ ((negative >> 1) << 63));
    (sign(sin, quadrant & 2), sign(cos, (quadrant + 1) & 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(angle: f64) {
        let (sin, cos) = sin_cos(angle);
        let (sin_error, cos_error) = ((sin - angle.sin()).abs(), (cos - angle.cos()).abs());
        // Two roundings: ours, and the library's.
        assert!(
            sin_error <= 3.4e-16 && cos_error <= 3.4e-16,
            "{angle}: {sin_error:e} {cos_error:e}"
        );
    }

    #[test]
    fn it_agrees_with_the_standard_library_to_rounding() {
        for step in -200_000..=200_000 {
            check(f64::from(step) * 1.234_567e-4);
        }
        for quarter in -1000..=1000 {
            let angle = f64::from(quarter) * std::f64::consts::FRAC_PI_2;
            check(angle);
            check(angle + 1e-9);
        }
        for angle in [0.0, -0.0, LARGEST, -LARGEST, 1.000_1e5, -3e9, 1e300] {
            check(angle);
        }
    }

    #[test]
    fn whole_turns_give_whole_numbers_and_nonsense_gives_nan() {
        assert_eq!(sin_cos(0.0), (0.0, 1.0));
        for nonsense in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let (sin, cos) = sin_cos(nonsense);
            assert!(sin.is_nan() && cos.is_nan());
        }
    }

    #[test]
    fn a_small_angle_keeps_its_digits() {
        for exponent in 1..30 {
            let angle = 10_f64.powi(-exponent);
            assert!((sin_cos(angle).0 / angle.sin() - 1.0).abs() < 4e-16, "{angle}");
        }
    }
}
