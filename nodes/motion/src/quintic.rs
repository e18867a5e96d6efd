//! One joint between two knots: q(t) = Σ cₖ tᵏ, k = 0 … 5, t in s from the segment's start.

use crate::bounds::Quantity;

/// The coefficients c₀ … c₅.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quintic(pub(crate) [f64; 6]);

/// Position, velocity and acceleration of one joint at one knot.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct End {
    /// Position.
    pub p: f64,
    /// Velocity.
    pub v: f64,
    /// Acceleration.
    pub a: f64,
}

impl Quintic {
    /// The only quintic from `start` to `end` in `duration` seconds, which are more than none.
    pub fn between(start: End, end: End, duration: f64) -> Self {
        let h = duration;
        // What is left for the three upper coefficients to do.
        let dp = end.p - start.p - start.v * h - 0.5 * start.a * h * h;
        let dv = (end.v - start.v - start.a * h) * h;
        let da = (end.a - start.a) * h * h;
        let (h3, h4, h5) = (h.powi(3), h.powi(4), h.powi(5));
        Self([
            start.p,
            start.v,
            0.5 * start.a,
            (10.0 * dp - 4.0 * dv + 0.5 * da) / h3,
            (-15.0 * dp + 7.0 * dv - da) / h4,
            (6.0 * dp - 3.0 * dv + 0.5 * da) / h5,
        ])
    }

    /// Position, velocity, acceleration and jerk at `t`.
    pub fn at(&self, t: f64) -> [f64; 4] {
        let [c0, c1, c2, c3, c4, c5] = self.0;
        [
            c0 + t * (c1 + t * (c2 + t * (c3 + t * (c4 + t * c5)))),
            c1 + t * (2.0 * c2 + t * (3.0 * c3 + t * (4.0 * c4 + t * 5.0 * c5))),
            2.0 * c2 + t * (6.0 * c3 + t * (12.0 * c4 + t * 20.0 * c5)),
            6.0 * c3 + t * (24.0 * c4 + t * 60.0 * c5),
        ]
    }

    /// The same curve with its origin at `dt`.
    pub fn shifted(&self, dt: f64) -> Self {
        let mut c = self.0;
        // Horner's scheme, repeated: after round k, c[k] is the k-th Taylor coefficient at dt.
        for k in 0..5 {
            for i in (k..5).rev() {
                c[i] += dt * c[i + 1];
            }
        }
        Self(c)
    }

    /// The sum of two curves.
    pub fn plus(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|k| self.0[k] + other.0[k]))
    }

    /// Whether one quantity leaves `lower … upper` somewhere in 0 … `duration`.
    ///
    /// Decided on the Bernstein form, whose control points enclose the curve: no overshoot between samples is missed.
    pub fn leaves(&self, quantity: Quantity, duration: f64, (lower, upper): (f64, f64)) -> bool {
        let [c0, c1, c2, c3, c4, c5] = self.0;
        match quantity {
            Quantity::Position => leaves(bernstein([c0, c1, c2, c3, c4, c5], duration), lower, upper, DEPTH),
            Quantity::Velocity => {
                let c = [c1, 2.0 * c2, 3.0 * c3, 4.0 * c4, 5.0 * c5];
                leaves(bernstein(c, duration), lower, upper, DEPTH)
            }
            Quantity::Acceleration => {
                let c = [2.0 * c2, 6.0 * c3, 12.0 * c4, 20.0 * c5];
                leaves(bernstein(c, duration), lower, upper, DEPTH)
            }
            Quantity::Jerk => leaves(
                bernstein([6.0 * c3, 24.0 * c4, 60.0 * c5], duration),
                lower,
                upper,
                DEPTH,
            ),
        }
    }
}

/// Control points bᵢ = Σ_{k ≤ i} C(i,k)/C(n,k) cₖ hᵏ of Σ cₖ tᵏ on 0 … h.
fn bernstein<const N: usize>(c: [f64; N], h: f64) -> [f64; N] {
    std::array::from_fn(|i| {
        (0..=i)
            .map(|k| binomial(i, k) / binomial(N - 1, k) * c[k] * h.powi(k as i32))
            .sum()
    })
}

fn binomial(n: usize, k: usize) -> f64 {
    (0..k).map(|i| (n - i) as f64 / (i + 1) as f64).product()
}

/// De Casteljau: halves the curve until its control points decide.
fn leaves<const N: usize>(b: [f64; N], lower: f64, upper: f64, depth: usize) -> bool {
    // Written so that NaN counts as outside.
    let inside = |v: f64| v >= lower && v <= upper;
    if b.iter().all(|v| inside(*v)) {
        return false;
    }
    if !inside(b[0]) || !inside(b[N - 1]) {
        return true;
    }
    if depth == 0 {
        return false; // by now the control points are closer to the curve than rounding
    }
    let (mut left, mut right) = (b, b);
    for level in 1..N {
        for i in (level..N).rev() {
            left[i] = 0.5 * (left[i] + left[i - 1]);
        }
        for i in 0..N - level {
            right[i] = 0.5 * (right[i] + right[i + 1]);
        }
    }
    leaves(left, lower, upper, depth - 1) || leaves(right, lower, upper, depth - 1)
}

/// Halvings of a segment; the control points' distance to the curve shrinks fourfold each time.
const DEPTH: usize = 14;

#[cfg(test)]
mod tests {
    use super::*;

    const START: End = End {
        p: 0.3,
        v: -0.2,
        a: 0.7,
    };
    const END: End = End {
        p: 1.1,
        v: 0.4,
        a: -0.9,
    };

    fn check(actual: f64, expected: f64) {
        assert!((actual - expected).abs() < 1e-9, "{actual} is not {expected}");
    }

    #[test]
    fn it_meets_both_ends() {
        let q = Quintic::between(START, END, 1.7);
        for (t, end) in [(0.0, START), (1.7, END)] {
            let [p, v, a, _] = q.at(t);
            check(p, end.p);
            check(v, end.v);
            check(a, end.a);
        }
    }

    #[test]
    fn shifting_moves_the_origin_only() {
        let q = Quintic::between(START, END, 1.7);
        let shifted = q.shifted(0.6);
        for k in 0..4 {
            check(shifted.at(0.5)[k], q.at(1.1)[k]);
        }
    }

    #[test]
    fn an_excursion_between_the_ends_is_seen() {
        let q = Quintic::between(START, END, 1.7);
        for (k, quantity) in Quantity::ALL.into_iter().enumerate() {
            let values = (0..=1700).map(|i| q.at(f64::from(i) * 1e-3)[k]);
            let (min, max) = values.fold((f64::MAX, f64::MIN), |(lo, hi), v| (lo.min(v), hi.max(v)));
            assert!(
                !q.leaves(quantity, 1.7, (min - 1e-3, max + 1e-3)),
                "{quantity:?} stays within"
            );
            assert!(
                q.leaves(quantity, 1.7, (min - 1e-3, max - 1e-3)),
                "{quantity:?} goes above"
            );
            assert!(
                q.leaves(quantity, 1.7, (min + 1e-3, max + 1e-3)),
                "{quantity:?} goes below"
            );
        }
    }

    #[test]
    fn what_is_not_a_number_counts_as_outside() {
        assert!(Quintic([f64::NAN; 6]).leaves(Quantity::Position, 1.0, (-1.0, 1.0)));
    }
}
