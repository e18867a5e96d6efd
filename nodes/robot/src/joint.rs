//! Joints as their users see them: name, kind, limits, what a drive adds to a joint's inertia.

use servomesh_types::JointLimits;
use servomesh_types::limits::LimitsError;

/// How a joint moves. Positions are in rad, or in m for [`JointKind::Prismatic`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JointKind {
    /// Turns between limits.
    Revolute,
    /// Turns without limits.
    Continuous,
    /// Slides between limits.
    Prismatic,
}

impl JointKind {
    /// Says whether positions are angles.
    pub fn is_rotary(self) -> bool {
        self != JointKind::Prismatic
    }
}

/// What a joint may do, as far as the description says. Values are magnitudes except `lower` and `upper`; infinite where
/// there is no limit. The control path takes [`DescribedLimits::complete`], which has no gaps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DescribedLimits {
    /// Lowest position.
    pub lower: f64,
    /// Highest position.
    pub upper: f64,
    /// Highest speed.
    pub velocity: f64,
    /// Highest acceleration; infinite unless the URDF (1.2 on) or [`crate::Model::set_limits`] says otherwise.
    pub acceleration: f64,
    /// Highest jerk; infinite unless the URDF (1.2 on) or [`crate::Model::set_limits`] says otherwise.
    pub jerk: f64,
    /// Highest torque or force.
    pub effort: f64,
}

impl DescribedLimits {
    /// No limits at all.
    pub const NONE: Self = Self {
        lower: f64::NEG_INFINITY,
        upper: f64::INFINITY,
        velocity: f64::INFINITY,
        acceleration: f64::INFINITY,
        jerk: f64::INFINITY,
        effort: f64::INFINITY,
    };

    /// The limits in the form that the control path asks for: every bound positive and finite.
    ///
    /// # Errors
    /// Names the first bound that the description leaves open or sets to 0.
    pub fn complete(&self) -> Result<JointLimits, LimitsError> {
        JointLimits::new(
            (self.lower, self.upper),
            self.velocity,
            self.acceleration,
            self.jerk,
            self.effort,
        )
    }
}

/// A movable joint: one entry in every vector of joint values.
#[derive(Debug, Clone, PartialEq)]
pub struct Joint {
    /// Its name in the description.
    pub name: String,
    /// How it moves.
    pub kind: JointKind,
    /// What it may do.
    pub limits: DescribedLimits,
    /// Rotor inertia seen at the joint, `rotor inertia · gear ratio²` (kg·m², or kg for prismatic).
    pub armature: f64,
    /// Viscous friction in the description (N·m·s/rad). The dynamics leave it out: callers subtract it from the effort.
    pub damping: f64,
    /// Coulomb friction in the description (N·m). The dynamics leave it out, as with `damping`.
    pub friction: f64,
}

/// A joint that follows another one: `position = multiplier · position(joint) + offset`.
#[derive(Debug, Clone, PartialEq)]
pub struct Mimic {
    /// Its name in the description.
    pub name: String,
    /// The index of the joint it follows.
    pub joint: usize,
    /// Ratio of its motion to the followed joint's.
    pub multiplier: f64,
    /// Its position when the followed joint is at 0.
    pub offset: f64,
}

/// A floating joint that moves: its values follow those of all [`Joint`]s.
///
/// Seven positions: the child link's origin in the joint's frame (m), then its orientation there as a quaternion `x y z w`, of any length but
/// 0. Six velocities: of that origin (m/s), then angular (rad/s), both in the child link's own axes; efforts (N, N·m) likewise.
#[derive(Debug, Clone, PartialEq)]
pub struct FreeJoint {
    /// Its name in the description.
    pub name: String,
    /// The place of the first of its seven positions.
    pub first_position: usize,
    /// The place of the first of its six velocities, accelerations or efforts.
    pub first_velocity: usize,
}
