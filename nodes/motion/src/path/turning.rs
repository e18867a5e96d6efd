//! Orientation along a length: R(λ) = exp(b·g(λ)) · exp(a·f(λ)) · R₀, with a and b rotation vectors (rad) in base axes and f, g polynomials.
//!
//! One rotation at a steady rate is f = λ/l, b = 0. A corner fades the rate of one rotation out while that of the next one fades in.
//! Angular rates are per λ, in base axes.

use nalgebra::{UnitQuaternion, Vector3};

use crate::quintic::{End, Quintic};

/// One piece of an orientation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turning {
    from: UnitQuaternion<f64>,
    first: (Vector3<f64>, Quintic),
    second: (Vector3<f64>, Quintic),
}

/// An orientation with its angular rate and that rate's first two derivatives.
pub(super) type Turned = (UnitQuaternion<f64>, [Vector3<f64>; 3]);

impl Turning {
    /// From `from` about `turn` by the share that goes from `start` to `end` over `length`.
    pub(super) fn about(
        from: UnitQuaternion<f64>,
        turn: Vector3<f64>,
        start: End,
        end: End,
        length: f64,
    ) -> Self {
        Self {
            from,
            first: (turn, Quintic::between(start, end, length)),
            second: (Vector3::zeros(), Quintic([0.0; 6])),
        }
    }

    /// From `extent` before `corner` to as far behind it: out of the rate `before`, into the rate `after`.
    pub(super) fn round(
        corner: UnitQuaternion<f64>,
        before: Vector3<f64>,
        after: Vector3<f64>,
        extent: f64,
    ) -> Self {
        let end = |p, v| End { p, v, a: 0.0 };
        Self {
            from: corner,
            first: (
                before,
                Quintic::between(end(-extent, 1.0), end(0.0, 0.0), 2.0 * extent),
            ),
            second: (
                after,
                Quintic::between(end(0.0, 0.0), end(extent, 1.0), 2.0 * extent),
            ),
        }
    }

    /// The orientation at `s` from the piece's start.
    pub(super) fn at(&self, s: f64) -> Turned {
        let (a, [f, f1, f2, f3]) = (self.first.0, self.first.1.at(s));
        let (b, [g, g1, g2, g3]) = (self.second.0, self.second.1.at(s));
        let second = UnitQuaternion::from_scaled_axis(b * g);
        let orientation = second * UnitQuaternion::from_scaled_axis(a * f) * self.from;
        // The first axis, carried along by the second rotation, and how that changes.
        let axis = second * a;
        let axis1 = g1 * b.cross(&axis);
        let axis2 = g2 * b.cross(&axis) + g1 * b.cross(&axis1);
        let rate = b * g1 + axis * f1;
        let rate1 = b * g2 + axis * f2 + axis1 * f1;
        let rate2 = b * g3 + axis * f3 + 2.0 * axis1 * f2 + axis2 * f1;
        (orientation, [rate, rate1, rate2])
    }
}

/// The rotation vector (rad, base axes) of the shorter way from one orientation to another.
pub(super) fn turn_between(from: &UnitQuaternion<f64>, to: &UnitQuaternion<f64>) -> Vector3<f64> {
    (to * from.inverse()).scaled_axis()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_the_derivatives_of_the_orientation() {
        let corner = UnitQuaternion::from_euler_angles(0.3, -1.0, 2.0);
        let turning = Turning::round(
            corner,
            Vector3::new(1.0, 2.0, -0.5),
            Vector3::new(-2.0, 0.3, 1.0),
            0.2,
        );
        let h = 1e-5;
        for s in [0.01, 0.11, 0.2, 0.33, 0.39] {
            let (_, [rate, rate1, rate2]) = turning.at(s);
            let ((before, [r0, r1, _]), (after, [s0, s1, _])) = (turning.at(s - h), turning.at(s + h));
            let numeric = (after * before.inverse()).scaled_axis() / (2.0 * h);
            assert!((numeric - rate).norm() < 1e-7, "{numeric} is not {rate}");
            assert!(((s0 - r0) / (2.0 * h) - rate1).norm() < 1e-6);
            assert!(((s1 - r1) / (2.0 * h) - rate2).norm() < 1e-5);
        }
    }

    #[test]
    fn a_corner_meets_both_rotations() {
        let corner = UnitQuaternion::from_euler_angles(0.3, -1.0, 2.0);
        let (before, after) = (Vector3::new(1.0, 2.0, -0.5), Vector3::new(-2.0, 0.3, 1.0));
        let turning = Turning::round(corner, before, after, 0.2);
        for (s, rate, along) in [(0.0, before, -0.2), (0.4, after, 0.2)] {
            let (orientation, rates) = turning.at(s);
            let expected = UnitQuaternion::from_scaled_axis(rate * along) * corner;
            assert!(orientation.angle_to(&expected) < 1e-12);
            assert!((rates[0] - rate).norm() < 1e-12 && rates[1].norm() < 1e-12);
        }
    }
}
