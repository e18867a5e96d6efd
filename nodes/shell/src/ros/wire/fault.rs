//! Faults, by their numbers.

use super::WireError;
use r2r::servomesh_msgs::msg;
use servomesh_types::fault::{DriveFault, Exceeded, TooNear};
use servomesh_types::{Fault, GroupDescription};
use std::time::Duration;

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

pub(super) fn fault_from_msg(msg: &msg::Fault) -> Result<Option<Fault>, WireError> {
    let joint = u8::try_from(msg.joint).unwrap_or(0);
    let exceeded = Exceeded {
        joint,
        value: msg.value,
        limit: msg.limit,
    };
    // What is near to what stands before the figures.
    let what = msg.text.split(": ").next().unwrap_or_default();
    let near = TooNear::new(what, "", msg.value, msg.limit);
    let silence = Duration::try_from_secs_f64(msg.value).unwrap_or_default();
    Ok(Some(match msg.code {
        0 => return Ok(None),
        1 => Fault::StopRequested,
        2 => Fault::SafetyRestarted,
        3 => Fault::ModeChanged,
        4 => Fault::EnablingReleased,
        5 => Fault::TorqueOffRequested,
        6 => Fault::SafeStop1Requested,
        7 => Fault::SafeStop2Requested,
        10 => Fault::SetpointSilent(silence),
        11 => Fault::CommandSilent(silence),
        12 => Fault::ServoStateSilent(silence),
        13 => Fault::MotionStateSilent(silence),
        14 => Fault::BusSilent(silence),
        15 => Fault::EnablingSilent(silence),
        16 => Fault::ServoSilent {
            joint,
            lasting: silence,
        },
        20 => Fault::WrongSize {
            got: msg.value as u8,
            expected: msg.limit as u8,
        },
        21 => Fault::NotFinite { joint },
        22 => Fault::Position(exceeded),
        23 => Fault::Velocity(exceeded),
        24 => Fault::Acceleration(exceeded),
        25 => Fault::Jump(exceeded),
        26 => Fault::Jerk(exceeded),
        27 => Fault::Effort(exceeded),
        30 => Fault::Following(exceeded),
        31 => Fault::Overheated(exceeded),
        32 => Fault::Homing { joint },
        50 => Fault::EncoderStuck(exceeded),
        51 => Fault::EncoderStep(exceeded),
        52 => Fault::EncoderDrift(exceeded),
        60 => Fault::Collision(exceeded),
        70 => Fault::ToolSpeed {
            value: msg.value,
            limit: msg.limit,
        },
        71 => Fault::Clearance(near),
        72 => Fault::Workspace(near),
        73 => Fault::Direction(exceeded),
        74 => Fault::Standstill(exceeded),
        75 => Fault::RampTime(silence),
        76 => Fault::Warm(exceeded),
        other => match DriveFault::of_code(other, msg.value as u16) {
            Some(kind) => Fault::Drive { joint, kind },
            None => {
                return Err(WireError::Enum {
                    what: "fault",
                    value: other.into(),
                });
            }
        },
    }))
}

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
            Fault::Homing { joint: 3 },
            drive(DriveFault::Other(77)),
            Fault::EncoderStuck(e),
            Fault::EncoderStep(e),
            Fault::EncoderDrift(e),
            Fault::Collision(e),
            Fault::ModeChanged,
            Fault::EnablingReleased,
            Fault::TorqueOffRequested,
            Fault::SafeStop1Requested,
            Fault::SafeStop2Requested,
            Fault::EnablingSilent(d),
            Fault::ServoSilent { joint: 2, lasting: d },
            Fault::Jerk(e),
            Fault::Effort(e),
            Fault::ToolSpeed {
                value: 0.3,
                limit: 0.25,
            },
            Fault::Clearance(TooNear::new("forearm", "door", 0.002, 0.01)),
            Fault::Workspace(TooNear::new("gripper_tcp", "", -0.002, 0.0)),
            Fault::Direction(e),
            Fault::Standstill(e),
            Fault::RampTime(d),
            Fault::Warm(e),
        ] {
            assert_eq!(fault_from_msg(&fault_to_msg(Some(fault), None)), Ok(Some(fault)));
        }
        for fault in DriveFault::ALL.map(drive) {
            assert_eq!(fault_from_msg(&fault_to_msg(Some(fault), None)), Ok(Some(fault)));
        }
        assert_eq!(fault_from_msg(&fault_to_msg(None, None)), Ok(None));
    }
}
