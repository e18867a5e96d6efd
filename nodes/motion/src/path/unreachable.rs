//! Why a tool curve can't be followed, and where.
//!
//! A configuration ends where the Jacobian does not let the tool on. What lies beyond tells which end it is: no solution at all (out of reach); solutions that the
//! joints could turn into right there, with the tool at rest (a singularity); or solutions of another configuration alone (a flip).

use servomesh_types::{GroupDescription, JointVec};

use super::chain::Chain;
use super::follow::{Cause, Stuck};
use super::tool_curve::ToolCurve;
use crate::bounds::{Quantity, unit};

/// A place of a path that the tool does not get past.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("segment {segment}, {at:.4} m along it ({:.0} %): {why}", 100.0 * share)]
pub struct Unreachable {
    /// The segment's index in the goal.
    pub segment: usize,
    /// How far along the segment (m of λ).
    pub at: f64,
    /// The same as a share of the segment.
    pub share: f64,
    /// Why.
    pub why: Why,
}

/// Why the tool does not get past a place.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Why {
    /// No joint positions reach on.
    #[error(
        "the tool is out of reach; the rest of the segment is up to {by:.4} m and {angle:.4} rad too far"
    )]
    OutOfReach {
        /// How far the arm gets from the rest of the segment, where that is worst (m).
        by: f64,
        /// The same for the orientation (rad), at the same place.
        angle: f64,
    },
    /// A joint comes to a limit of its position.
    #[error("joint {joint} would go on to {value:.4}, beyond its limit {limit:.4}")]
    JointLimit {
        /// Its index in the group.
        joint: usize,
        /// How far it would go, as far as the path could be followed (rad or m).
        value: f64,
        /// How far it may go.
        limit: f64,
    },
    /// The tool can't go on in this direction at any speed: joints would have to move while the tool stands still.
    #[error("the arm is singular there: joint {joint} would have to turn with the tool at rest")]
    Singularity {
        /// The index of the joint that would move most.
        joint: usize,
    },
    /// The rest is within reach, but in another configuration only.
    #[error("the rest needs another configuration of the arm: joint {joint} would have to jump by {by:.3}")]
    Flip {
        /// The index of the joint that differs most.
        joint: usize,
        /// By how much (rad or m).
        by: f64,
    },
}

impl Unreachable {
    /// The sentence, with joints by their names.
    pub fn describe(&self, group: &GroupDescription) -> String {
        let name = |joint: usize| group.joint_name(joint);
        let unit = |joint: usize| unit(group, joint, Quantity::Position);
        let why = match self.why {
            Why::OutOfReach { .. } => self.why.to_string(),
            Why::JointLimit { joint, value, limit } => {
                let unit = unit(joint);
                format!(
                    "joint {} would go on to {value:.4} {unit}, beyond its limit {limit:.4} {unit}",
                    name(joint)
                )
            }
            Why::Singularity { joint } => format!(
                "the arm is singular there: joint {} would have to turn with the tool at rest",
                name(joint)
            ),
            Why::Flip { joint, by } => format!(
                "the rest needs another configuration of the arm: joint {} would have to jump by {by:.3} {}",
                name(joint),
                unit(joint)
            ),
        };
        format!(
            "segment {}, {:.4} m along it ({:.0} %): {why}",
            self.segment,
            self.at,
            100.0 * self.share
        )
    }
}

/// Why following `curve` got stuck; `end` is where the segment ends on which it did.
pub(super) fn why(chain: &mut Chain, curve: &ToolCurve, stuck: &Stuck, end: f64) -> Why {
    if let Cause::Limit { joint, value, limit } = stuck.cause {
        return Why::JointLimit { joint, value, limit };
    }
    let q = stuck.position;
    let rest = end - stuck.lambda;
    let just_beyond = (stuck.lambda + (0.01 * rest).max(JUST_BEYOND)).min(end);
    let goal = curve.at(just_beyond).pose;
    let mut found = q;
    match chain.inverse().nearest(&goal, &q, &mut found) {
        Err(_) => out_of_reach(chain, curve, stuck, end),
        Ok(()) => {
            let jump = JointVec::from_fn(q.len(), |j| found[j] - q[j]);
            let (idle, moves) = chain.idle_direction(&q);
            if jump.max_abs() < SMALL_JUMP || moves < AT_REST {
                Why::Singularity {
                    joint: largest(&idle),
                }
            } else {
                let joint = largest(&jump);
                Why::Flip {
                    joint,
                    by: jump[joint],
                }
            }
        }
    }
}

fn out_of_reach(chain: &mut Chain, curve: &ToolCurve, stuck: &Stuck, end: f64) -> Why {
    let (mut by, mut angle) = (0.0, 0.0);
    for k in 1..=REACHES {
        let share = f64::from(k) / f64::from(REACHES);
        let goal = curve.at(stuck.lambda + share * (end - stuck.lambda)).pose;
        let mut found = stuck.position;
        if let Err(out) = chain.inverse().nearest(&goal, &stuck.position, &mut found)
            && out.position >= by
        {
            (by, angle) = (out.position, out.angle);
        }
    }
    Why::OutOfReach { by, angle }
}

/// The index of the value of largest magnitude.
fn largest(values: &JointVec) -> usize {
    let magnitude = |j: &usize| values[*j].abs();
    (0..values.len())
        .max_by(|a, b| magnitude(a).total_cmp(&magnitude(b)))
        .unwrap_or(0)
}

/// How far behind the end of a configuration its neighbourhood is looked at, at least (m of λ).
const JUST_BEYOND: f64 = 1e-4;
/// Solutions nearer than this are the same configuration, come to by a turn of infinite rate (rad or m).
const SMALL_JUMP: f64 = 0.2;
/// How many places of the rest of a segment are tried.
const REACHES: u8 = 4;
/// What moves the tool by less per square of its change (m or rad) leaves it at rest. A stretched elbow moves it a hundred times as much, one folded over
/// itself ten times.
const AT_REST: f64 = 1e-3;
