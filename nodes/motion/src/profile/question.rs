//! What can be asked: numbers a motion can be calculated from; and the answer where none is possible.
//!
//! **Invariant:** past [`check`], states are finite and limits finite and above zero.

use servomesh_types::{GroupDescription, JointVec};

use super::axis::Limits;
use crate::bounds::{Bounds, Excess, Quantity, SLACK};
use crate::state::State;

/// No motion within the limits does what was asked.
#[derive(Clone, Debug, PartialEq)]
pub enum NoProfile {
    /// The question makes no sense.
    Unsolved {
        /// What is wrong with it.
        reason: String,
    },
    /// What leads there goes beyond a limit on its way.
    Beyond(Excess),
    /// The straight line that was asked for can't be kept.
    NotStraight {
        /// A joint whose velocity or acceleration leads off the line, or beyond its limit there.
        joint: usize,
    },
}

impl NoProfile {
    /// The sentence that says why.
    pub fn describe(&self, group: &GroupDescription) -> String {
        match self {
            Self::Unsolved { reason } => format!("no motion within the limits leads there: {reason}"),
            Self::Beyond(excess) => format!("the way there: {}", excess.describe(group)),
            Self::NotStraight { joint } => format!(
                "no straight line in joint space leads there: joint {} is moving off it, or beyond its limit",
                group.joint_name(*joint)
            ),
        }
    }
}

/// What one joint may do.
pub(super) fn limits(bounds: &Bounds, joint: usize) -> Limits {
    Limits {
        up: bounds.velocity[joint],
        down: bounds.velocity[joint],
        acceleration: bounds.acceleration[joint],
        jerk: bounds.jerk[joint],
    }
}

/// The positions one joint may pass: its range, widened to where it starts and, by no more than rounding, to its target.
pub(super) fn range(from: &State, target: &JointVec, bounds: &Bounds, joint: usize) -> (f64, f64) {
    let p = from.position[joint];
    let (lowest, highest) = bounds.interval(joint, Quantity::Position);
    let target = target[joint].clamp(lowest, highest);
    let rounding = RANGE_SLACK.max(ROUNDING * p.abs().max(target.abs()));
    (
        bounds.lower[joint].min(p).min(target) - rounding,
        bounds.upper[joint].max(p).max(target) + rounding,
    )
}

/// Refuses what no motion could be calculated from.
pub(super) fn check(from: &State, target: &JointVec, bounds: &Bounds) -> Result<(), NoProfile> {
    let n = target.len();
    let unsolved = |reason: String| Err(NoProfile::Unsolved { reason });
    let lengths = [
        from.position.len(),
        from.velocity.len(),
        from.acceleration.len(),
        bounds.lower.len(),
        bounds.upper.len(),
        bounds.velocity.len(),
        bounds.acceleration.len(),
        bounds.jerk.len(),
    ];
    if lengths.iter().any(|len| *len != n) {
        return unsolved(format!(
            "{n} targets for {lengths:?} positions, velocities … and limits"
        ));
    }
    for i in 0..n {
        let numbers = [
            ("position", from.position[i]),
            ("velocity", from.velocity[i]),
            ("acceleration", from.acceleration[i]),
            ("target", target[i]),
        ];
        for (what, value) in numbers {
            if !value.is_finite() {
                return unsolved(format!("{what} {i} is {value}, which is not a finite number"));
            }
        }
        let limits = [
            ("velocity", bounds.velocity[i]),
            ("acceleration", bounds.acceleration[i]),
            ("jerk", bounds.jerk[i]),
        ];
        for (what, limit) in limits {
            if !(limit > 0.0 && limit.is_finite()) {
                return unsolved(format!(
                    "limit {i} of {what} is {limit}, which is not above zero and finite"
                ));
            }
        }
    }
    Ok(())
}

/// Refuses velocities that may not be reached.
pub(super) fn allowed(velocities: &JointVec, bounds: &Bounds) -> Result<(), NoProfile> {
    for (i, v) in velocities.iter().enumerate() {
        if v.abs() > bounds.velocity[i] * (1.0 + SLACK) {
            return Err(NoProfile::Beyond(Excess {
                joint: i,
                quantity: Quantity::Velocity,
                time_s: 0.0,
                value: *v,
                limit: bounds.velocity[i],
            }));
        }
    }
    Ok(())
}

/// Share of a position that is rounding.
const ROUNDING: f64 = 1e-14;

/// Rounding of positions against their range, in rad or m.
const RANGE_SLACK: f64 = 1e-9;
