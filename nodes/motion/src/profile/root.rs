//! Where a continuous function changes its sign, without derivatives and whatever its shape.
//!
//! Chandrupatla's method (Advances in Engineering Software 28, 1997): inverse quadratic interpolation where it is safe,
//! halving elsewhere.

/// A zero of `f` between `low` and `high`, where it has the values `f_low` and `f_high` of opposite signs: the side on
/// which `f` has the sign of `f_low`, to the last digits.
pub(super) fn between(
    mut f: impl FnMut(f64) -> f64,
    (low, f_low): (f64, f64),
    (high, f_high): (f64, f64),
) -> f64 {
    let negative = f_low <= 0.0;
    let (mut a, mut fa) = (high, f_high);
    let (mut b, mut fb) = (low, f_low);
    let (mut c, mut fc);
    let mut t = 0.5;
    // The best on either side.
    let side = |a: f64, fa: f64, b: f64| if (fa <= 0.0) == negative { a } else { b };
    for _ in 0..MOST_STEPS {
        let x = a + t * (b - a);
        if !(x > a.min(b) && x < a.max(b)) {
            return side(a, fa, b);
        }
        let fx = f(x);
        if (fx <= 0.0) == (fa <= 0.0) {
            (c, fc) = (a, fa);
        } else {
            (c, fc, b, fb) = (b, fb, a, fa);
        }
        (a, fa) = (x, fx);
        if fa == 0.0 {
            return a;
        }
        let tolerance = 2.0 * f64::EPSILON * a.abs().max(b.abs()) / (b - a).abs();
        if tolerance > 0.5 {
            return side(a, fa, b);
        }
        let xi = (a - b) / (c - b);
        let phi = (fa - fb) / (fc - fb);
        t = if phi * phi < xi && (1.0 - phi) * (1.0 - phi) < 1.0 - xi {
            fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
        } else {
            0.5
        };
        t = t.clamp(tolerance, 1.0 - tolerance);
    }
    side(a, fa, b)
}

/// Far more than ever needed: halving alone takes some sixty.
const MOST_STEPS: u32 = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_found_to_the_last_digits() {
        let check = |f: fn(f64) -> f64, low: f64, high: f64, zero: f64| {
            let mut calls = 0;
            let counted = |x| {
                calls += 1;
                f(x)
            };
            let x = between(counted, (low, f(low)), (high, f(high)));
            assert!(
                (x - zero).abs() <= 1e-15 * zero.abs().max(1e-12),
                "{x} is not {zero}"
            );
            assert!(f(x) * f(low) >= 0.0, "the side of the lower end");
            assert!(calls < 90, "{calls} calls");
        };
        check(|x| x * x - 2.0, 0.0, 10.0, 2.0_f64.sqrt());
        check(|x| 2.0 - x * x, 0.0, 10.0, 2.0_f64.sqrt());
        check(|x| x.cbrt() - 0.1, 0.0, 1e3, 1e-3);
        check(|x| (x - 0.3).signum(), 0.0, 1.0, 0.3);
        check(|x| x - 1e-9, 0.0, 1.0, 1e-9);
    }
}
