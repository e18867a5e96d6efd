//! How far a tool gets by a twist that changes little on its way: base axes or the tool's own, SI.
//!
//! With the tool's axes the way is a screw: Ẋ = X·[ξ], so X grows by exp(Ω), with Magnus' series Ω = ∫ξ − h²/12·[ξ₁, ξ₀] + O(h⁵) for ξ₀ and ξ₁ at the ends of
//! a time h. With base axes the origin just goes on, and only rotations do not commute: there the sign is the other one, since they count from the left.
//!
//! **Invariant:** over a tick the pose is as exact as the velocities it comes from: to the fifth power of the tick.

use nalgebra::{Isometry3, Translation3, UnitQuaternion, Vector3, Vector6};

use super::request::Axes;

/// A way of the tool: the integral of its twists, and the two at its ends with the time between them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    pub(super) whole: Vector6<f64>,
    pub(super) ends: [Vector6<f64>; 2],
    pub(super) time_s: f64,
}

impl Way {
    /// A way along one twist.
    pub(super) fn straight(whole: Vector6<f64>) -> Self {
        Self {
            whole,
            ends: [Vector6::zeros(); 2],
            time_s: 0.0,
        }
    }

    /// The tool at the end of the way.
    pub(super) fn from(&self, pose: &Isometry3<f64>, axes: Axes) -> Isometry3<f64> {
        let (way, turn) = (linear(&self.whole), angular(&self.whole));
        let [(v0, w0), (v1, w1)] = self.ends.map(|twist| (linear(&twist), angular(&twist)));
        let share = self.time_s * self.time_s / 12.0;
        match axes {
            Axes::Base => {
                let turned = UnitQuaternion::from_scaled_axis(turn + w1.cross(&w0) * share);
                Isometry3::from_parts(
                    Translation3::from(pose.translation.vector + way),
                    turned * pose.rotation,
                )
            }
            Axes::Tool => {
                let turn = turn - w1.cross(&w0) * share;
                let way = way - (w1.cross(&v0) - w0.cross(&v1)) * share;
                pose * Isometry3::from_parts(
                    Translation3::from(along_a_screw(&way, &turn)),
                    UnitQuaternion::from_scaled_axis(turn),
                )
            }
        }
    }
}

/// Where the origin gets by a way in axes that turn evenly by `turn` meanwhile: (1 + (1 − cos θ)/θ²·[θ] + (θ − sin θ)/θ³·[θ]²)·way.
fn along_a_screw(way: &Vector3<f64>, turn: &Vector3<f64>) -> Vector3<f64> {
    let angle = turn.norm();
    let (first, second) = if angle < SMALL {
        let square = angle * angle;
        (0.5 - square / 24.0, 1.0 / 6.0 - square / 120.0)
    } else {
        // 1 − cos θ = 2 sin²(θ/2) does not cancel.
        let half = (0.5 * angle).sin() / angle;
        (2.0 * half * half, (angle - angle.sin()) / angle.powi(3))
    };
    let across = turn.cross(way);
    way + across * first + turn.cross(&across) * second
}

pub(super) fn linear(v: &Vector6<f64>) -> Vector3<f64> {
    v.fixed_rows::<3>(0).into()
}

pub(super) fn angular(v: &Vector6<f64>) -> Vector3<f64> {
    v.fixed_rows::<3>(3).into()
}

/// The same for both halves.
pub(super) fn each(v: &Vector6<f64>, f: impl Fn(&Vector3<f64>) -> Vector3<f64>) -> Vector6<f64> {
    let (a, b) = (f(&linear(v)), f(&angular(v)));
    Vector6::new(a.x, a.y, a.z, b.x, b.y, b.z)
}

/// Below this angle, in rad, the series of sine and cosine are more exact than what they cancel down to.
const SMALL: f64 = 1e-2;

#[cfg(test)]
mod tests {
    use super::*;

    /// A twist that changes steadily, taken in one step and in many.
    #[test]
    fn one_step_leads_where_many_small_ones_do() {
        let (from, rate) = (
            Vector6::new(0.3, -0.1, 0.2, 0.8, -0.5, 0.3),
            Vector6::new(-0.8, 0.8, -0.2, -2.4, 2.2, 1.2),
        );
        let start = Isometry3::new(Vector3::new(0.4, 0.2, 0.1), Vector3::new(0.3, 1.0, -0.5));
        for axes in [Axes::Base, Axes::Tool] {
            let error = |time_s: f64| {
                let way = |t: f64| from * t + rate * (t * t / 2.0);
                let twist = |t: f64| from + rate * t;
                let between = |a: f64, b: f64| Way {
                    whole: way(b) - way(a),
                    ends: [twist(a), twist(b)],
                    time_s: b - a,
                };
                let at_once = between(0.0, time_s).from(&start, axes);
                let steps = 1000;
                let by_steps = (0..steps).fold(start, |pose, k| {
                    let at = |k: u32| time_s * f64::from(k) / f64::from(steps);
                    between(at(k), at(k + 1)).from(&pose, axes)
                });
                let distance = (at_once.translation.vector - by_steps.translation.vector).norm();
                distance + at_once.rotation.angle_to(&by_steps.rotation)
            };
            let (long, short) = (error(0.2), error(0.1));
            assert!(
                long < 2e-5 && short < long / 24.0,
                "{axes:?}: off by {long} and {short}"
            );
        }
    }

    #[test]
    fn the_series_meet_the_closed_form() {
        let way = Vector3::new(0.3, -0.2, 0.5);
        let axis = Vector3::new(0.6, 0.0, 0.8);
        let (below, above) = (SMALL * (1.0 - 1e-9), SMALL * (1.0 + 1e-9));
        let off = along_a_screw(&way, &(axis * below)) - along_a_screw(&way, &(axis * above));
        assert!(off.norm() < 1e-10, "{off}");
    }
}
