//! What is left of twists that were asked for before: the tool's motion by all of them together fades. The axes of the twists; SI.
//!
//! The velocity goes from what it is, and its rate, to none of either along a cubic in time: −(6v/T² + 4a/T) and 6v/T² + 2a/T are its jerks at the ends, so T follows from what
//! the joints may do. It is made of nothing but the velocity and its rate at the start: a tool that did not turn does not turn while it fades.
//!
//! **Invariant:** it is over after T, which a twist that is added may put off, but no tick does. However many twists were added, their jerks together keep a share
//! of the joints' limits.

use nalgebra::Vector6;
use servomesh_types::JointVec;

use crate::bounds::Bounds;

/// A motion of the tool that fades.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fading {
    velocity: Vector6<f64>,
    acceleration: Vector6<f64>,
    left_s: f64,
}

impl Fading {
    /// Nothing that fades.
    pub(super) fn none() -> Self {
        Self {
            velocity: Vector6::zeros(),
            acceleration: Vector6::zeros(),
            left_s: 0.0,
        }
    }

    /// Velocity and acceleration of the tool, as quickly as `bounds` allow joints that move as `joints` says for a motion of the tool.
    pub(super) fn new(
        (velocity, acceleration): (Vector6<f64>, Vector6<f64>),
        joints: impl Fn(&Vector6<f64>) -> JointVec,
        bounds: &Bounds,
    ) -> Self {
        let (rates, changes) = (joints(&velocity), joints(&acceleration));
        let keeps = |left_s: f64| {
            (0..rates.len()).all(|i| {
                let (jerk, most) = peaks(rates[i], changes[i], left_s);
                let allowed = (ACCELERATION * bounds.acceleration[i]).max(changes[i].abs());
                jerk <= JERK * bounds.jerk[i] && most <= allowed * (1.0 + 1e-9)
            })
        };
        let mut long = SHORTEST_S;
        while !keeps(long) && long < LONGEST_S {
            long *= 2.0;
        }
        let mut short = 0.5 * long;
        if long > SHORTEST_S {
            for _ in 0..HALVINGS {
                let middle = 0.5 * (short + long);
                if keeps(middle) {
                    long = middle;
                } else {
                    short = middle;
                }
            }
        }
        Self {
            velocity,
            acceleration,
            left_s: long,
        }
    }

    /// How long it still takes, in s.
    pub(super) fn left_s(&self) -> f64 {
        self.left_s
    }

    pub(super) fn velocity(&self) -> Vector6<f64> {
        self.velocity
    }

    pub(super) fn acceleration(&self) -> Vector6<f64> {
        self.acceleration
    }

    /// `dt` seconds later, and how far the tool goes by it until then.
    pub(super) fn after(&self, dt: f64) -> (Self, Vector6<f64>) {
        let whole = self.left_s;
        if whole <= 0.0 {
            return (*self, Vector6::zeros());
        }
        let x = (dt / whole).min(1.0);
        let (v, a) = (self.velocity, self.acceleration * whole);
        let way = (v * (x * (1.0 + x * x * (0.5 * x - 1.0)))
            + a * (x * x * (0.5 + x * (0.25 * x - 2.0 / 3.0))))
            * whole;
        if x >= 1.0 {
            return (Self::none(), way);
        }
        let rest = 1.0 - x;
        let next = Self {
            velocity: (v * (1.0 + 2.0 * x) + a * x) * (rest * rest),
            acceleration: (v * (-6.0 * x) + a * (1.0 - 3.0 * x)) * (rest / whole),
            left_s: whole - dt,
        };
        (next, way)
    }
}

/// Largest jerk and acceleration on the way from velocity `v` and acceleration `a` to none of either in `time_s`.
fn peaks(v: f64, a: f64, time_s: f64) -> (f64, f64) {
    let (steep, slant) = (6.0 * v / (time_s * time_s), a / time_s);
    let jerk = (steep + 4.0 * slant).abs().max((steep + 2.0 * slant).abs());
    // The acceleration is a parabola from `a` to 0; where its jerk is none lies its vertex.
    let vertex = (steep + 4.0 * slant) / (2.0 * steep + 6.0 * slant);
    let most = if vertex > 0.0 && vertex < 1.0 {
        let at_vertex = a - 0.5 * vertex * time_s * (steep + 4.0 * slant);
        at_vertex.abs()
    } else {
        0.0
    };
    (jerk, most.max(a.abs()))
}

/// Shares of the joints' limits.
const ACCELERATION: f64 = 0.35;
const JERK: f64 = 0.3;

/// How long it takes at least, and at most, in s.
const SHORTEST_S: f64 = 0.01;
const LONGEST_S: f64 = 10.0;

/// Until the time is known to a hundredth.
const HALVINGS: u32 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds() -> Bounds {
        let all = |value: f64| JointVec::from([value; 6]);
        Bounds {
            lower: all(-3.0),
            upper: all(3.0),
            velocity: all(2.0),
            acceleration: all(5.0),
            jerk: all(50.0),
        }
    }

    fn as_they_are(tool: &Vector6<f64>) -> JointVec {
        JointVec::from_fn(6, |i| tool[i])
    }

    #[test]
    fn it_ends_in_time_and_keeps_its_shares_however_often_something_is_added() {
        let bounds = bounds();
        let dt = 0.002;
        let mut fading = Fading::none();
        let mut ticks = 0;
        for tick in 0..1000 {
            let before = fading;
            if tick % 10 == 0 && tick < 500 {
                let more =
                    Vector6::from_fn(|i, _| 0.02 * f64::from(((tick / 10) * 7 + i as i32 * 3) % 11 - 5));
                fading = Fading::new(
                    (fading.velocity + more, fading.acceleration),
                    as_they_are,
                    &bounds,
                );
            }
            let (next, way) = fading.after(dt);
            let jerk = (next.acceleration - fading.acceleration) / dt;
            assert!(jerk.amax() <= JERK * 50.0 * (1.0 + 1e-9), "tick {tick}: {jerk}");
            let off = way
                - (fading.velocity + next.velocity) * (dt / 2.0)
                - (fading.acceleration - next.acceleration) * (dt * dt / 12.0);
            // Of a cubic that is the integral, unless it ends on the way.
            assert!(next.left_s <= 0.0 || off.amax() < 1e-15, "tick {tick}: {off}");
            if before.left_s <= 0.0 && tick >= 500 {
                ticks = tick;
                break;
            }
            fading = next;
        }
        assert!((501..700).contains(&ticks), "over after {ticks} ticks");
    }

    #[test]
    fn what_does_not_turn_does_not_begin_to() {
        let velocity = Vector6::new(0.2, -0.1, 0.0, 0.0, 0.0, 0.0);
        let acceleration = Vector6::new(0.5, 1.0, 0.0, 0.0, 0.0, 0.0);
        let mut fading = Fading::new((velocity, acceleration), as_they_are, &bounds());
        while fading.left_s > 0.0 {
            let (next, way) = fading.after(0.002);
            assert!(way.rows(2, 4).amax() <= 0.0, "{way}");
            fading = next;
        }
    }
}
