//! What the machine really does, as `estimator` sees it: each group's joints, and the tool at the end of a chain.
//!
//! **Invariant:** what is not known is empty (`None`), never zero; a value that is not to be believed is named in
//! [`GroupMotion::doubtful`].

use crate::{Fault, JointSet, JointVec, Stamp};

/// What one group really does.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GroupMotion {
    /// When the measurement behind it was taken: its age is counted from here.
    pub stamp: Stamp,
    /// The instant that its values hold for; predicted from `stamp` to here, so that nobody has to do it again.
    pub holds_at: Stamp,
    /// Position of each joint.
    pub position: JointVec,
    /// Velocity of each joint.
    pub velocity: JointVec,
    /// Acceleration of each joint.
    pub acceleration: JointVec,
    /// Effort of each joint from the motor's current.
    pub effort: JointVec,
    /// How far each value may be off.
    pub deviation: MotionDeviation,
    /// Effort that acts on each joint beside motor, gravity, inertia and the friction that was announced; what pushes
    /// the joint on is positive. Empty without a model.
    pub disturbance: JointVec,
    /// Effort on each joint from outside, by the generalized momentum observer; the sign is as for `disturbance`. Empty
    /// without a model.
    pub external: JointVec,
    /// What `external` has to exceed to be a contact: what model and friction may be off by, now. Empty without a model.
    pub external_threshold: JointVec,
    /// Joints that touch something now.
    pub contact: JointSet,
    /// Joints that were hit since the group's epoch began: it stays until the next one.
    pub collision: JointSet,
    /// `external` as it was when the first of `collision` was hit; empty if there is none. It points away from what was hit.
    pub collision_effort: JointVec,
    /// Joints whose measurement is not to be believed. Their values are what model and motor current say, and after the
    /// longest prediction nothing at all.
    pub doubtful: JointSet,
    /// What is wrong with an encoder; if nothing is, what the group ran into since its epoch began.
    pub fault: Option<Fault>,
}

/// Standard deviations of a group's motion, in the units of the values; empty where they are not known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MotionDeviation {
    /// Of each position.
    pub position: JointVec,
    /// Of each velocity.
    pub velocity: JointVec,
    /// Of each acceleration.
    pub acceleration: JointVec,
    /// Of each disturbance.
    pub disturbance: JointVec,
}

/// What the tool of a group really does. Linear components come first; axes are those of the base, about the tool's origin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ToolMotion {
    /// The instant that it holds for.
    pub stamp: Stamp,
    /// Where the tool's origin is \[m\].
    pub translation: [f64; 3],
    /// How it is turned: a unit quaternion x y z w.
    pub rotation: [f64; 4],
    /// Its velocity \[m/s, rad/s\].
    pub twist: [f64; 6],
    /// Of translation and rotation vector \[m², m·rad, rad²\]; zero where the encoders' noise is not known.
    pub pose_covariance: [[f64; 6]; 6],
    /// Of the twist.
    pub twist_covariance: [[f64; 6]; 6],
    /// Force and moment from outside; `None` without a model of the bodies, or where the joints can't tell.
    pub external: Option<ExternalWrench>,
    /// Axes along or about which something touches it now.
    pub contact: [bool; 6],
    /// Axes along or about which it was hit since the group's epoch began.
    pub collision: [bool; 6],
}

/// Force and moment on a tool \[N, N·m\].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ExternalWrench {
    /// The wrench.
    pub wrench: [f64; 6],
    /// What each component has to exceed to be a contact: what model and friction may be off by, now.
    pub threshold: [f64; 6],
}
