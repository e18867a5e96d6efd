//! How well a driver kept to its reference, over about a second.

use crate::{JointVec, Stamp};
use std::time::Duration;

/// What one driver's loops did over a while. Vectors have one value for each joint.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tracking {
    /// The end of the while.
    pub stamp: Stamp,
    /// How long it was.
    pub lasting: Duration,
    /// Cycles of the bus in it that were heard.
    pub cycles: u32,
    /// Cycles in it of which no frame came.
    pub cycles_lost: u32,
    /// Cycles in which the group was driven: what the errors are taken from.
    pub driven: u32,
    /// Root of the mean square of reference minus measured position.
    pub error_rms: JointVec,
    /// The largest of it, without its sign.
    pub error_max: JointVec,
    /// Share of the driven cycles in which the effort was at its limit.
    pub saturated: JointVec,
    /// Share of the cycles in which the reply of the joint's servo was missing.
    pub replies_lost: JointVec,
}
