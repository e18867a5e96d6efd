//! A group: the joints behind one driver, as that driver announces them.

use crate::JointLimits;
use arrayvec::ArrayString;
use std::fmt;

/// A group's name, at most 32 bytes: a plain value, so that inputs can carry it without allocating.
///
/// It is a ROS name token: letters, digits and underscores, not starting with a digit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupName(ArrayString<32>);

/// A name that no group can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("group name {name:?} must be 1 to 32 letters, digits or underscores and not start with a digit")]
pub struct BadGroupName {
    /// The name given.
    pub name: String,
}

impl GroupName {
    /// Checks and keeps a name.
    ///
    /// # Errors
    /// [`BadGroupName`] if it could not be part of a topic's name.
    pub fn new(name: &str) -> Result<Self, BadGroupName> {
        let token = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && name.bytes().next().is_some_and(|b| !b.is_ascii_digit());
        match (token, ArrayString::from(name)) {
            (true, Ok(text)) => Ok(Self(text)),
            _ => Err(BadGroupName {
                name: name.to_owned(),
            }),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

/// How a joint moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JointKind {
    /// About an axis, \[rad\].
    Revolute,
    /// Along an axis, \[m\].
    Prismatic,
}

/// One joint of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct JointDescription {
    /// Its name in the robot's description.
    pub name: String,
    /// How it moves, and so its unit.
    pub kind: JointKind,
    /// What it may do.
    pub limits: JointLimits,
    /// What its drive adds to the load, as far as its driver knows.
    pub drivetrain: Drivetrain,
}

/// What a motor and its gear add to the effort that a motion takes, at the joint's side, and how well its position is
/// measured; zeros where it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Drivetrain {
    /// Inertia of the rotor as the joint feels it \[kg·m², kg\].
    pub armature: f64,
    /// Friction that is there at any speed \[N·m, N\].
    pub coulomb: f64,
    /// Friction that grows with speed \[N·m·s/rad, N·s/m\].
    pub viscous: f64,
    /// Share of the motor's effort that the gear hands on, 0 … 1. Efforts from motor currents hold while the motor
    /// drives the joint; this tells how far they are off while the load drives the motor.
    pub efficiency: f64,
    /// How the position is measured.
    pub encoder: Encoder,
}

/// What an encoder adds to the truth; zeros where it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Encoder {
    /// The joint's way from one count to the next \[rad, m\].
    pub resolution: f64,
    /// Standard deviation of its noise, besides whole counts \[rad, m\].
    pub noise: f64,
    /// How old its value is when it is stamped \[s\].
    pub delay_s: f64,
}

/// What a group offers beyond following setpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// It grips: it takes `GripperCommand` goals, and an effort limit in its setpoints.
    pub gripper: bool,
    /// It runs on without end, as a conveyor does: it takes velocity goals.
    pub endless: bool,
}

/// What a driver says of its group on the latched topic `<group>/description`: the mesh's service discovery.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupDescription {
    /// The group's name, the first part of its topics.
    pub name: GroupName,
    /// Its joints, in the order of every [`JointVec`](crate::JointVec) of this group.
    pub joints: Vec<JointDescription>,
    /// Rate of its servo loop \[Hz\].
    pub rate_hz: f64,
    /// What it offers.
    pub capabilities: Capabilities,
    /// What drives it: `sim`, `dynamixel`, …
    pub backend: String,
}

impl GroupDescription {
    /// The index of a joint in this group's order.
    pub fn joint_index(&self, name: &str) -> Option<usize> {
        self.joints.iter().position(|joint| joint.name == name)
    }

    /// The name of a joint, for messages to people.
    pub fn joint_name(&self, index: usize) -> &str {
        self.joints.get(index).map_or("?", |joint| joint.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_cannot_be_a_topic_is_refused() {
        for bad in [
            "",
            "1arm",
            "left arm",
            "arm/left",
            "a_name_that_is_longer_than_32_bytes",
        ] {
            assert!(GroupName::new(bad).is_err(), "{bad:?}");
        }
        assert_eq!(GroupName::new("left_arm2").unwrap().as_str(), "left_arm2");
    }
}
