//! What each joint may do, and sentences about what goes beyond.
//!
//! **Invariant:** whatever is checked against the same bounds has the same slack: [`SLACK`] of a limit, for rounding.

use servomesh_types::{GroupDescription, JointKind, JointVec};

use crate::state::Sample;

/// Limits of all joints of a group, with the symmetrical ones as magnitudes.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Lowest positions; −∞ for continuous joints.
    pub lower: JointVec,
    /// Highest positions; ∞ for continuous joints.
    pub upper: JointVec,
    /// Largest speeds.
    pub velocity: JointVec,
    /// Largest accelerations.
    pub acceleration: JointVec,
    /// Largest jerks.
    pub jerk: JointVec,
}

/// How a joint moves, from position to jerk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// In rad or m.
    Position,
    /// Per second.
    Velocity,
    /// Per second².
    Acceleration,
    /// Per second³.
    Jerk,
}

/// One joint that goes beyond a limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Excess {
    /// Which joint, in the group's order.
    pub joint: usize,
    /// Of what there is too much.
    pub quantity: Quantity,
    /// When, in s, counted from the start.
    pub time_s: f64,
    /// How much there is.
    pub value: f64,
    /// How much there may be.
    pub limit: f64,
}

impl Bounds {
    /// Those of a group, as its driver announced them.
    pub fn of(group: &GroupDescription) -> Self {
        let n = group.joints.len();
        let each = |f: fn(&servomesh_types::JointLimits) -> f64| {
            JointVec::from_fn(n, |i| f(&group.joints[i].limits))
        };
        Self {
            lower: each(servomesh_types::JointLimits::lower),
            upper: each(servomesh_types::JointLimits::upper),
            velocity: each(servomesh_types::JointLimits::velocity),
            acceleration: each(servomesh_types::JointLimits::acceleration),
            jerk: each(servomesh_types::JointLimits::jerk),
        }
    }

    /// The same positions with a share of the rest.
    pub fn scaled(&self, velocity: f64, acceleration: f64, jerk: f64) -> Self {
        let times = |v: &JointVec, factor: f64| JointVec::from_fn(v.len(), |i| v[i] * factor);
        Self {
            velocity: times(&self.velocity, velocity),
            acceleration: times(&self.acceleration, acceleration),
            jerk: times(&self.jerk, jerk),
            ..*self
        }
    }

    /// The same, with positions wide enough for `position`: a joint beyond its range may come back.
    pub fn around(mut self, position: &JointVec) -> Self {
        for i in 0..position.len() {
            self.lower[i] = self.lower[i].min(position[i]);
            self.upper[i] = self.upper[i].max(position[i]);
        }
        self
    }

    /// The interval one quantity of one joint must stay in, slack included.
    pub fn interval(&self, joint: usize, quantity: Quantity) -> (f64, f64) {
        let magnitude = match quantity {
            Quantity::Position => {
                return (
                    self.lower[joint] - POSITION_SLACK,
                    self.upper[joint] + POSITION_SLACK,
                );
            }
            Quantity::Velocity => self.velocity[joint],
            Quantity::Acceleration => self.acceleration[joint],
            Quantity::Jerk => self.jerk[joint],
        };
        (-magnitude * (1.0 + SLACK), magnitude * (1.0 + SLACK))
    }

    /// The limit itself that `value` is beyond.
    pub fn limit(&self, joint: usize, quantity: Quantity, value: f64) -> f64 {
        match quantity {
            Quantity::Position if value < self.lower[joint] => self.lower[joint],
            Quantity::Position => self.upper[joint],
            Quantity::Velocity => self.velocity[joint],
            Quantity::Acceleration => self.acceleration[joint],
            Quantity::Jerk => self.jerk[joint],
        }
    }

    /// Whether a moment of a motion is within velocity, acceleration and jerk.
    pub fn allows(&self, sample: &Sample) -> bool {
        (0..self.velocity.len()).all(|i| {
            sample.state.velocity[i].abs() <= self.velocity[i] * (1.0 + SLACK)
                && sample.state.acceleration[i].abs() <= self.acceleration[i] * (1.0 + SLACK)
                && sample.jerk[i].abs() <= self.jerk[i] * (1.0 + SLACK)
        })
    }
}

impl Excess {
    /// The sentence that names joint, value, time and limit.
    pub fn describe(&self, group: &GroupDescription) -> String {
        let quantity = self.quantity;
        format!(
            "joint {}: {} {:.4} {unit} at {:.3} s is beyond its limit {:.4} {unit}",
            group.joint_name(self.joint),
            quantity.name(),
            self.value,
            self.time_s,
            self.limit,
            unit = unit(group, self.joint, quantity),
        )
    }
}

impl Quantity {
    /// From position to jerk.
    pub const ALL: [Self; 4] = [Self::Position, Self::Velocity, Self::Acceleration, Self::Jerk];

    /// Its name, for messages to people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Position => "position",
            Self::Velocity => "velocity",
            Self::Acceleration => "acceleration",
            Self::Jerk => "jerk",
        }
    }
}

/// The unit of one quantity of one joint.
pub fn unit(group: &GroupDescription, joint: usize, quantity: Quantity) -> &'static str {
    let kind = group
        .joints
        .get(joint)
        .map_or(JointKind::Revolute, |joint| joint.kind);
    match (kind, quantity) {
        (JointKind::Revolute, Quantity::Position) => "rad",
        (JointKind::Revolute, Quantity::Velocity) => "rad/s",
        (JointKind::Revolute, Quantity::Acceleration) => "rad/s²",
        (JointKind::Revolute, Quantity::Jerk) => "rad/s³",
        (JointKind::Prismatic, Quantity::Position) => "m",
        (JointKind::Prismatic, Quantity::Velocity) => "m/s",
        (JointKind::Prismatic, Quantity::Acceleration) => "m/s²",
        (JointKind::Prismatic, Quantity::Jerk) => "m/s³",
    }
}

/// Share of a limit that rounding may take: far below what a machine could show.
pub const SLACK: f64 = 1e-9;

/// Rounding of positions, in rad or m.
pub const POSITION_SLACK: f64 = 1e-9;
