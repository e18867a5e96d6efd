//! Every way in which a path is refused, as a sentence with segment, value and bound.
//!
//! Segments and waypoints are counted from 0, as in the goal.

use servomesh_types::GroupDescription;

use super::MAX_SEGMENTS;
use super::unreachable::Unreachable;
use crate::bounds::{Quantity, unit};

/// Why there is no path.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PathError {
    /// None, or more than a message holds.
    #[error("a path has 1 to {MAX_SEGMENTS} segments, not {count}")]
    Count {
        /// How many there are.
        count: usize,
    },
    /// Joint positions for another group.
    #[error("segment {segment}: {got} joint positions, but the group has {expected} joints")]
    Joints {
        /// Its index.
        segment: usize,
        /// How many values it has.
        got: usize,
        /// How many it needs.
        expected: usize,
    },
    /// A number that can't be meant.
    #[error("segment {segment}: {what} is {value}, it must be {must_be}")]
    BadValue {
        /// Its index.
        segment: usize,
        /// Which number.
        what: &'static str,
        /// What it is.
        value: f64,
        /// What it may be, with the unit.
        must_be: &'static str,
    },
    /// A segment without any way to go.
    #[error("segment {segment} has no length: it ends where it starts")]
    NoLength {
        /// Its index.
        segment: usize,
    },
    /// A waypoint, or the curve between two, beyond a limit of position.
    #[error(
        "segment {segment}, {:.0} % along it: joint {joint} goes to {value:.4}, beyond its limit {limit:.4}",
        100.0 * share
    )]
    BeyondLimit {
        /// Its index.
        segment: usize,
        /// How much of the segment lies before: 1 at the waypoint itself.
        share: f64,
        /// Which joint, in the group's order.
        joint: usize,
        /// Where it would be (rad or m).
        value: f64,
        /// How far it may go.
        limit: f64,
    },
    /// Segments that meet at an angle, and are to be passed without a stop.
    #[error(
        "segment {segment} can't be passed through to the next one: their directions differ by {angle:.4} rad; stop there or blend"
    )]
    NotTangential {
        /// The index of the segment that ends there.
        segment: usize,
        /// Between the directions of the tool.
        angle: f64,
    },
    /// Segments that meet in one direction, but at different rates of m per λ, since one of them mostly turns.
    #[error(
        "segment {segment} can't be passed through to the next one: one of them turns the tool too much for its length; stop there or blend"
    )]
    TurnsOnTheSpot {
        /// The index of the segment that ends there.
        segment: usize,
    },
    /// A line in joint space and one of the tool that are to be passed without a stop.
    #[error(
        "segment {segment} and the next one must meet in a stop: one is a line in joint space, the other is not"
    )]
    MixedCorner {
        /// The index of the segment that ends there.
        segment: usize,
    },
    /// The tool can't get along there.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
}

impl PathError {
    /// The sentence, with joints by their names.
    pub fn describe(&self, group: &GroupDescription) -> String {
        match self {
            Self::BeyondLimit {
                segment,
                share,
                joint,
                value,
                limit,
            } => {
                let unit = unit(group, *joint, Quantity::Position);
                format!(
                    "segment {segment}, {:.0} % along it: joint {} goes to {value:.4} {unit}, beyond its limit {limit:.4} {unit}",
                    100.0 * share,
                    group.joint_name(*joint),
                )
            }
            Self::Unreachable(unreachable) => unreachable.describe(group),
            other => other.to_string(),
        }
    }
}
