//! Where a continuous function changes its sign.
//!
//! - [`between`]: without derivatives and whatever the shape, by Chandrupatla's method (Advances in Engineering Software 28,
//!   1997): inverse quadratic interpolation where it is safe, halving elsewhere;
//! - [`by_parabolas`]: with two derivatives, from one osculating parabola's zero to the next, within a bracket; where that
//!   takes long, the other finishes.

/// A function at one place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Local {
    /// Zero if it is near enough to it.
    pub(super) value: f64,
    pub(super) slope: f64,
    pub(super) curvature: f64,
}

impl Local {
    /// How far on the zero of the parabola lies that touches here: the nearer one, or that of the tangent without any.
    #[inline]
    fn step(&self) -> f64 {
        let square = self.slope * self.slope - 2.0 * self.value * self.curvature;
        // Of the two ways to write it, this one loses no digits.
        -2.0 * self.value / (self.slope + square.max(0.0).sqrt().copysign(self.slope))
    }
}

/// A zero of `f` between `low` and `high`, where it has values of opposite signs, to the last digits of the distance to
/// `low`; `start`, one of the two ends or between them, is where `at_start` is known.
#[inline]
pub(super) fn by_parabolas(
    mut f: impl FnMut(f64) -> Local,
    low: (f64, f64),
    high: (f64, f64),
    start: f64,
    at_start: Local,
) -> f64 {
    let origin = low.0;
    let negative = low.1 <= 0.0;
    let (mut low, mut high) = (low, high);
    let (mut x, mut at) = (start, at_start);
    let mut before = 0.0;
    for _ in 0..PARABOLAS {
        let step = at.step();
        let mut next = x + step;
        if next > low.0 && next < high.0 {
            // Where the function bends without end, a step is short although the zero is far: the next one is longer.
            if step.abs() <= NEAR * (next - origin) && step.abs() <= before {
                return next;
            }
        } else {
            next = 0.5 * (low.0 + high.0);
            if !(next > low.0 && next < high.0) {
                return low.0;
            }
        }
        before = 0.5 * (next - x).abs();
        x = next;
        at = f(x);
        if at.value == 0.0 {
            return x;
        }
        if (at.value <= 0.0) == negative {
            low = (x, at.value);
        } else {
            high = (x, at.value);
        }
    }
    between(|x| f(x).value, low, high)
}

/// A zero of `f` between `low` and `high`, where it has the values `f_low` and `f_high` of opposite signs: the side on
/// which `f` has the sign of `f_low`, to the last digits.
pub(super) fn between(
    mut f: impl FnMut(f64) -> f64,
    (low, f_low): (f64, f64),
    (high, f_high): (f64, f64),
) -> f64 {
    if f_high == 0.0 {
        // Without a sign it would count as one side of the two.
        return high;
    }
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

/// How many parabolas are tried: three do nearly always.
const PARABOLAS: u32 = 8;

/// A step of this share leads to the last digits: each has at least twice as many right as the one before.
const NEAR: f64 = 1e-8;

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
        check(|x| x - 2.0, 0.0, 2.0, 2.0);
    }

    #[test]
    fn parabolas_lead_to_the_last_digits() {
        let check = |f: fn(f64) -> [f64; 3], low: f64, high: f64, zero: f64, most: u32| {
            let mut calls = 0;
            let mut local = |x| {
                calls += 1;
                let [value, slope, curvature] = f(x);
                Local {
                    value,
                    slope,
                    curvature,
                }
            };
            let (at_low, at_high) = (local(low).value, local(high));
            let x = by_parabolas(&mut local, (low, at_low), (high, at_high.value), high, at_high);
            assert!((x - zero).abs() <= 1e-15 * zero, "{x} is not {zero}");
            assert!(calls <= most + 2, "{calls} calls");
        };
        check(|x| [x * x - 2.0, 2.0 * x, 2.0], 0.0, 10.0, 2.0_f64.sqrt(), 1);
        check(|x| [2.0 - x * x, -2.0 * x, -2.0], 0.0, 10.0, 2.0_f64.sqrt(), 1);
        check(|x| [x.powi(3) - 8.0, 3.0 * x * x, 6.0 * x], 0.0, 10.0, 2.0, 4);
        // A bend without end where it starts.
        let bent = |x: f64| [0.3 - x, -1.0, if x < 10.0 { 0.0 } else { 1e30 }];
        check(bent, 0.0, 10.0, 0.3, 3);
        // A slope that tells nothing: halving finishes.
        check(|x| [(x - 0.3).signum(), 0.0, 0.0], 0.0, 1.0, 0.3, 100);
    }
}
