//! Core types ↔ messages.
//!
//! Reading checks what the types promise, so that a core never sees a message that can't be. Writing can't fail.

use r2r::builtin_interfaces::msg as time_msg;
use r2r::servomesh_msgs::msg;
use servomesh_types::fault::{DriveFault, Exceeded};
use servomesh_types::group::BadGroupName;
use servomesh_types::joint_vec::TooManyJoints;
use servomesh_types::limits::LimitsError;
use servomesh_types::{
    Capabilities, Command, CommandMode, DriveMode, Epoch, Event, EventKind, Fault, GroupDescription,
    GroupMotion, GroupName, GroupSafety, HopTimes, JointDescription, JointKind, JointLimits, JointVec,
    MAX_JOINTS, SafetyMode, SafetyState, ServoState, Setpoint, Stamp, StreamTag,
};
use std::time::Duration;

/// A core type that has a message.
pub trait Wire: Sized {
    /// The message.
    type Msg;

    /// The message that carries this value.
    fn to_msg(&self) -> Self::Msg;

    /// The value that a message carries.
    ///
    /// # Errors
    /// The message can't be such a value; says why.
    fn from_msg(msg: &Self::Msg) -> Result<Self, WireError>;
}

/// Why a message was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WireError {
    /// An array is longer than a group can be.
    #[error(transparent)]
    Joints(#[from] TooManyJoints),
    /// A group's name can't be one.
    #[error(transparent)]
    Group(#[from] BadGroupName),
    /// A joint's limits can't be.
    #[error("joint {joint}: {source}")]
    Limits {
        /// Which joint.
        joint: String,
        /// What is wrong with them.
        source: LimitsError,
    },
    /// A number that stands for a name stands for none.
    #[error("{what}: there is no {what} {value}")]
    Enum {
        /// What it should be.
        what: &'static str,
        /// The number.
        value: u64,
    },
    /// A group without joints, or a rate that is none.
    #[error("{0}")]
    Description(String),
}

/// A point in time from its message.
pub fn stamp_from_msg(msg: &time_msg::Time) -> Stamp {
    Stamp::from_parts(msg.sec, msg.nanosec)
}

/// A point in time as a message.
pub fn stamp_to_msg(stamp: Stamp) -> time_msg::Time {
    let (sec, nanosec) = stamp.to_parts();
    time_msg::Time { sec, nanosec }
}

/// A duration from its message; negative ones are zero.
pub fn duration_from_msg(msg: &time_msg::Duration) -> Duration {
    Stamp::from_parts(msg.sec, msg.nanosec).since(Stamp::ZERO)
}

/// A duration as a message.
pub fn duration_to_msg(duration: Duration) -> time_msg::Duration {
    let (sec, nanosec) = (Stamp::ZERO + duration).to_parts();
    time_msg::Duration { sec, nanosec }
}

fn joints(values: &[f64]) -> Result<JointVec, WireError> {
    Ok(JointVec::try_from(values)?)
}

impl Wire for StreamTag {
    type Msg = msg::StreamTag;

    fn to_msg(&self) -> msg::StreamTag {
        let HopTimes {
            born_ns,
            gated_ns,
            received_ns,
            applied_ns,
        } = self.hops;
        msg::StreamTag {
            stamp: stamp_to_msg(self.stamp),
            epoch: self.epoch.0,
            seq: self.seq,
            valid_for: duration_to_msg(self.valid_for),
            hops: msg::HopTimes {
                born_ns,
                gated_ns,
                received_ns,
                applied_ns,
            },
        }
    }

    fn from_msg(msg: &msg::StreamTag) -> Result<Self, WireError> {
        let msg::HopTimes {
            born_ns,
            gated_ns,
            received_ns,
            applied_ns,
        } = msg.hops;
        Ok(Self {
            stamp: stamp_from_msg(&msg.stamp),
            epoch: Epoch(msg.epoch),
            seq: msg.seq,
            valid_for: duration_from_msg(&msg.valid_for),
            hops: HopTimes {
                born_ns,
                gated_ns,
                received_ns,
                applied_ns,
            },
        })
    }
}

impl Wire for Setpoint {
    type Msg = msg::Setpoint;

    fn to_msg(&self) -> msg::Setpoint {
        msg::Setpoint {
            tag: self.tag.to_msg(),
            position: self.position.to_vec(),
            velocity: self.velocity.to_vec(),
            acceleration: self.acceleration.to_vec(),
            effort: self.effort.to_vec(),
            effort_limit: self.effort_limit.to_vec(),
        }
    }

    fn from_msg(msg: &msg::Setpoint) -> Result<Self, WireError> {
        Ok(Self {
            tag: StreamTag::from_msg(&msg.tag)?,
            position: joints(&msg.position)?,
            velocity: joints(&msg.velocity)?,
            acceleration: joints(&msg.acceleration)?,
            effort: joints(&msg.effort)?,
            effort_limit: joints(&msg.effort_limit)?,
        })
    }
}

impl Wire for Command {
    type Msg = msg::Command;

    fn to_msg(&self) -> msg::Command {
        let mode = match self.mode {
            CommandMode::Off => 0,
            CommandMode::Track => 1,
        };
        msg::Command {
            mode,
            setpoint: self.setpoint.to_msg(),
        }
    }

    fn from_msg(msg: &msg::Command) -> Result<Self, WireError> {
        let mode = match msg.mode {
            0 => CommandMode::Off,
            1 => CommandMode::Track,
            other => {
                return Err(WireError::Enum {
                    what: "command mode",
                    value: other.into(),
                });
            }
        };
        Ok(Self {
            mode,
            setpoint: Setpoint::from_msg(&msg.setpoint)?,
        })
    }
}

impl Wire for ServoState {
    type Msg = msg::ServoState;

    fn to_msg(&self) -> msg::ServoState {
        msg::ServoState {
            tag: self.tag.to_msg(),
            mode: match self.mode {
                DriveMode::Disabled => 0,
                DriveMode::Enabled => 1,
                DriveMode::Stopping => 2,
                DriveMode::Faulted => 3,
            },
            position: self.position.to_vec(),
            velocity: self.velocity.to_vec(),
            effort: self.effort.to_vec(),
            current_a: self.current_a.to_vec(),
            temperature_degc: self.temperature_degc.to_vec(),
            reference: self.reference.to_vec(),
            fault: fault_to_msg(self.fault, None),
            refused: self.refused,
        }
    }

    fn from_msg(msg: &msg::ServoState) -> Result<Self, WireError> {
        Ok(Self {
            tag: StreamTag::from_msg(&msg.tag)?,
            mode: match msg.mode {
                0 => DriveMode::Disabled,
                1 => DriveMode::Enabled,
                2 => DriveMode::Stopping,
                3 => DriveMode::Faulted,
                other => {
                    return Err(WireError::Enum {
                        what: "drive mode",
                        value: other.into(),
                    });
                }
            },
            position: joints(&msg.position)?,
            velocity: joints(&msg.velocity)?,
            effort: joints(&msg.effort)?,
            current_a: joints(&msg.current_a)?,
            temperature_degc: joints(&msg.temperature_degc)?,
            reference: joints(&msg.reference)?,
            fault: fault_from_msg(&msg.fault)?,
            refused: msg.refused,
        })
    }
}

/// One group's part of `motion_state`.
pub fn motion_to_msg(group: GroupName, motion: &GroupMotion) -> msg::GroupMotion {
    msg::GroupMotion {
        group: group.to_string(),
        stamp: stamp_to_msg(motion.stamp),
        position: motion.position.to_vec(),
        velocity: motion.velocity.to_vec(),
        acceleration: motion.acceleration.to_vec(),
        effort: motion.effort.to_vec(),
    }
}

/// One group's part of `motion_state`.
///
/// # Errors
/// The message can't be a group's motion; says why.
pub fn motion_from_msg(msg: &msg::GroupMotion) -> Result<(GroupName, GroupMotion), WireError> {
    let motion = GroupMotion {
        stamp: stamp_from_msg(&msg.stamp),
        position: joints(&msg.position)?,
        velocity: joints(&msg.velocity)?,
        acceleration: joints(&msg.acceleration)?,
        effort: joints(&msg.effort)?,
    };
    Ok((GroupName::new(&msg.group)?, motion))
}

impl Wire for GroupDescription {
    type Msg = msg::GroupDescription;

    fn to_msg(&self) -> msg::GroupDescription {
        msg::GroupDescription {
            name: self.name.to_string(),
            joints: self.joints.iter().map(joint_to_msg).collect(),
            rate_hz: self.rate_hz,
            gripper: self.capabilities.gripper,
            endless: self.capabilities.endless,
            backend: self.backend.clone(),
        }
    }

    fn from_msg(msg: &msg::GroupDescription) -> Result<Self, WireError> {
        let count = msg.joints.len();
        if count == 0 || count > MAX_JOINTS {
            return Err(WireError::Description(format!(
                "a group has 1 to {MAX_JOINTS} joints, this one {count}"
            )));
        }
        if !(msg.rate_hz.is_finite() && msg.rate_hz > 0.0) {
            return Err(WireError::Description(format!(
                "a servo loop's rate must be positive, this one is {} Hz",
                msg.rate_hz
            )));
        }
        Ok(Self {
            name: GroupName::new(&msg.name)?,
            joints: msg.joints.iter().map(joint_from_msg).collect::<Result<_, _>>()?,
            rate_hz: msg.rate_hz,
            capabilities: Capabilities {
                gripper: msg.gripper,
                endless: msg.endless,
            },
            backend: msg.backend.clone(),
        })
    }
}

fn joint_to_msg(joint: &JointDescription) -> msg::JointDescription {
    msg::JointDescription {
        name: joint.name.clone(),
        kind: match joint.kind {
            JointKind::Revolute => 0,
            JointKind::Prismatic => 1,
        },
        lower: joint.limits.lower(),
        upper: joint.limits.upper(),
        velocity: joint.limits.velocity(),
        acceleration: joint.limits.acceleration(),
        jerk: joint.limits.jerk(),
        effort: joint.limits.effort(),
    }
}

fn joint_from_msg(msg: &msg::JointDescription) -> Result<JointDescription, WireError> {
    let kind = match msg.kind {
        0 => JointKind::Revolute,
        1 => JointKind::Prismatic,
        other => {
            return Err(WireError::Enum {
                what: "joint kind",
                value: other.into(),
            });
        }
    };
    let limits = JointLimits::new(
        (msg.lower, msg.upper),
        msg.velocity,
        msg.acceleration,
        msg.jerk,
        msg.effort,
    )
    .map_err(|source| WireError::Limits {
        joint: msg.name.clone(),
        source,
    })?;
    Ok(JointDescription {
        name: msg.name.clone(),
        kind,
        limits,
    })
}

/// A gate's state as a message; the group's description gives the fault's text its joint name.
pub fn group_safety_to_msg(state: &GroupSafety, group: Option<&GroupDescription>) -> msg::GroupSafety {
    msg::GroupSafety {
        group: state.group.to_string(),
        mode: safety_mode_to_msg(state.mode),
        epoch: state.epoch.0,
        fault: fault_to_msg(state.fault, group),
        resettable: state.resettable,
    }
}

/// The number of a mode in `GroupSafety` and `SafetyState`.
pub fn safety_mode_to_msg(mode: SafetyMode) -> u8 {
    match mode {
        SafetyMode::Normal => 0,
        SafetyMode::Stopping => 1,
        SafetyMode::Stopped => 2,
        SafetyMode::Off => 3,
    }
}

/// The state of the whole gate from its message.
///
/// # Errors
/// The message can't be a safety state; says why.
pub fn safety_state_from_msg(msg: &msg::SafetyState) -> Result<SafetyState, WireError> {
    let group = |msg: &msg::GroupSafety| {
        Ok(GroupSafety {
            group: GroupName::new(&msg.group)?,
            mode: match msg.mode {
                0 => SafetyMode::Normal,
                1 => SafetyMode::Stopping,
                2 => SafetyMode::Stopped,
                3 => SafetyMode::Off,
                other => {
                    return Err(WireError::Enum {
                        what: "safety mode",
                        value: other.into(),
                    });
                }
            },
            epoch: Epoch(msg.epoch),
            fault: fault_from_msg(&msg.fault)?,
            resettable: msg.resettable,
        })
    };
    Ok(SafetyState {
        groups: msg.groups.iter().map(group).collect::<Result<_, _>>()?,
    })
}

/// A fault as a message; without a group its text can't name the joint.
pub fn fault_to_msg(fault: Option<Fault>, group: Option<&GroupDescription>) -> msg::Fault {
    let Some(fault) = fault else {
        return msg::Fault {
            joint: -1,
            ..msg::Fault::default()
        };
    };
    let (value, limit) = match fault {
        Fault::WrongSize { got, expected } => (got.into(), expected.into()),
        Fault::Drive {
            kind: DriveFault::Other(code),
            ..
        } => (code.into(), 0.0),
        other => other.value_and_limit(),
    };
    msg::Fault {
        code: fault.code(),
        joint: fault
            .joint()
            .and_then(|joint| i8::try_from(joint).ok())
            .unwrap_or(-1),
        value,
        limit,
        text: group.map_or_else(|| fault.to_string(), |group| fault.describe(group)),
    }
}

fn fault_from_msg(msg: &msg::Fault) -> Result<Option<Fault>, WireError> {
    let joint = u8::try_from(msg.joint).unwrap_or(0);
    let exceeded = Exceeded {
        joint,
        value: msg.value,
        limit: msg.limit,
    };
    let silence = Duration::try_from_secs_f64(msg.value).unwrap_or_default();
    Ok(Some(match msg.code {
        0 => return Ok(None),
        1 => Fault::StopRequested,
        2 => Fault::SafetyRestarted,
        10 => Fault::SetpointSilent(silence),
        11 => Fault::CommandSilent(silence),
        12 => Fault::ServoStateSilent(silence),
        13 => Fault::MotionStateSilent(silence),
        14 => Fault::BusSilent(silence),
        20 => Fault::WrongSize {
            got: msg.value as u8,
            expected: msg.limit as u8,
        },
        21 => Fault::NotFinite { joint },
        22 => Fault::Position(exceeded),
        23 => Fault::Velocity(exceeded),
        24 => Fault::Acceleration(exceeded),
        25 => Fault::Jump(exceeded),
        30 => Fault::Following(exceeded),
        31 => Fault::Overheated(exceeded),
        40 => Fault::Drive {
            joint,
            kind: DriveFault::Watchdog,
        },
        41 => Fault::Drive {
            joint,
            kind: DriveFault::Overheated,
        },
        42 => Fault::Drive {
            joint,
            kind: DriveFault::Overcurrent,
        },
        43 => Fault::Drive {
            joint,
            kind: DriveFault::Other(msg.value as u16),
        },
        other => {
            return Err(WireError::Enum {
                what: "fault",
                value: other.into(),
            });
        }
    }))
}

impl Wire for Event {
    type Msg = msg::Event;

    fn to_msg(&self) -> msg::Event {
        msg::Event {
            stamp: stamp_to_msg(self.stamp),
            kind: self.kind as u8,
            node: String::new(),
            group: self.group.map(|group| group.to_string()).unwrap_or_default(),
            text: self.text.chars().take(LONGEST_TEXT).collect(),
        }
    }

    fn from_msg(msg: &msg::Event) -> Result<Self, WireError> {
        let kind = EVENT_KINDS.into_iter().find(|kind| *kind as u8 == msg.kind);
        let group = if msg.group.is_empty() {
            None
        } else {
            Some(GroupName::new(&msg.group)?)
        };
        Ok(Self {
            stamp: stamp_from_msg(&msg.stamp),
            kind: kind.ok_or(WireError::Enum {
                what: "event",
                value: msg.kind.into(),
            })?,
            group,
            text: msg.text.clone(),
        })
    }
}

const EVENT_KINDS: [EventKind; 9] = [
    EventKind::Started,
    EventKind::GoalAccepted,
    EventKind::GoalRefused,
    EventKind::Arrived,
    EventKind::GoalAborted,
    EventKind::Grasped,
    EventKind::Stopped,
    EventKind::Fault,
    EventKind::Recovered,
];

/// The message's bound is 511 bytes; a character of these texts takes 3 at most.
const LONGEST_TEXT: usize = 170;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_survives_the_wire() {
        let e = Exceeded {
            joint: 3,
            value: 1.5,
            limit: 1.0,
        };
        let d = Duration::from_millis(120);
        let drive = |kind| Fault::Drive { joint: 2, kind };
        for fault in [
            Fault::StopRequested,
            Fault::SafetyRestarted,
            Fault::SetpointSilent(d),
            Fault::CommandSilent(d),
            Fault::ServoStateSilent(d),
            Fault::MotionStateSilent(d),
            Fault::BusSilent(d),
            Fault::WrongSize { got: 5, expected: 6 },
            Fault::NotFinite { joint: 1 },
            Fault::Position(e),
            Fault::Velocity(e),
            Fault::Acceleration(e),
            Fault::Jump(e),
            Fault::Following(e),
            Fault::Overheated(e),
            drive(DriveFault::Watchdog),
            drive(DriveFault::Overheated),
            drive(DriveFault::Overcurrent),
            drive(DriveFault::Other(77)),
        ] {
            assert_eq!(fault_from_msg(&fault_to_msg(Some(fault), None)), Ok(Some(fault)));
        }
        assert_eq!(fault_from_msg(&fault_to_msg(None, None)), Ok(None));
    }

    #[test]
    fn a_description_that_promises_too_much_is_refused_by_name() {
        let joint = msg::JointDescription {
            name: "elbow".into(),
            lower: 1.0,
            upper: -1.0,
            ..Default::default()
        };
        let group = msg::GroupDescription {
            name: "arm".into(),
            joints: vec![joint],
            rate_hz: 500.0,
            ..Default::default()
        };
        let error = GroupDescription::from_msg(&group).unwrap_err().to_string();
        assert!(
            error.contains("elbow") && error.contains("lower limit 1"),
            "{error}"
        );
    }

    #[test]
    fn a_setpoint_survives_the_wire() {
        let setpoint = Setpoint {
            tag: StreamTag {
                stamp: Stamp::from_millis(-1500),
                epoch: Epoch(7),
                seq: 9,
                valid_for: Duration::from_millis(50),
                hops: HopTimes {
                    born_ns: 1,
                    ..HopTimes::default()
                },
            },
            position: JointVec::from([0.1, 0.2]),
            ..Setpoint::default()
        };
        assert_eq!(Setpoint::from_msg(&setpoint.to_msg()), Ok(setpoint));
    }
}
