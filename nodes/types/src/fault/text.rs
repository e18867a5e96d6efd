//! Faults as sentences, for people.

use super::{Exceeded, Fault};
use std::fmt;
use std::time::Duration;

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let silent = |f: &mut fmt::Formatter<'_>, what, d: &Duration| {
            write!(f, "no {what} for {:.0} ms", d.as_secs_f64() * 1e3)
        };
        let beyond = |f: &mut fmt::Formatter<'_>, what, e: &Exceeded| {
            write!(f, "{what} {:.4} is beyond its limit {:.4}", e.value, e.limit)
        };
        match self {
            Self::StopRequested => f.write_str("stop requested"),
            Self::SafetyRestarted => f.write_str("safety was restarted while the group was in use"),
            Self::ModeChanged => f.write_str("the mode selector was turned while the group was in use"),
            Self::EnablingReleased => f.write_str("the enabling device is not held"),
            Self::TorqueOffRequested => f.write_str("safe torque off requested"),
            Self::SafeStop1Requested => f.write_str("safe stop 1 requested"),
            Self::SafeStop2Requested => f.write_str("safe stop 2 requested"),
            Self::EnablingSilent(d) => silent(f, "word from the enabling device", d),
            Self::SetpointSilent(d) => silent(f, "setpoint", d),
            Self::CommandSilent(d) => silent(f, "command", d),
            Self::ServoStateSilent(d) => silent(f, "servo state", d),
            Self::MotionStateSilent(d) => silent(f, "motion state", d),
            Self::BusSilent(d) => silent(f, "frame from the drives", d),
            Self::ServoSilent { lasting, .. } => silent(f, "reply from its servo", lasting),
            Self::WrongSize { got, expected } => {
                write!(f, "{got} joints, but the group has {expected}")
            }
            Self::NotFinite { .. } => f.write_str("not a finite number"),
            Self::Position(e) => beyond(f, "position", e),
            Self::Velocity(e) => beyond(f, "velocity", e),
            Self::Acceleration(e) => beyond(f, "acceleration", e),
            Self::Jump(e) => beyond(f, "jump of", e),
            Self::Following(e) => beyond(f, "following error", e),
            Self::Overheated(e) => beyond(f, "winding temperature [°C]", e),
            Self::EncoderStuck(e) => beyond(f, "encoder is stuck: number of equal readings", e),
            Self::EncoderStep(e) => beyond(f, "encoder jumped: step of", e),
            Self::EncoderDrift(e) => beyond(f, "encoder drifts: distance from the model", e),
            Self::Collision(e) => beyond(f, "collision: effort from outside", e),
            Self::Jerk(e) => beyond(f, "jerk", e),
            Self::Effort(e) => beyond(f, "effort", e),
            Self::Direction(e) => beyond(f, "velocity in a direction that is not allowed", e),
            Self::Standstill(e) => beyond(f, "way from the standstill", e),
            Self::Warm(e) => beyond(f, "winding is getting hot: temperature [°C]", e),
            Self::ToolSpeed { value, limit } => {
                write!(
                    f,
                    "speed of the tool {value:.4} m/s is beyond its limit {limit:.4} m/s"
                )
            }
            Self::Clearance(near) => write!(
                f,
                "{}: a stop would leave {:.4} m between them, not {:.4} m",
                near.what, near.distance, near.limit
            ),
            Self::Workspace(near) => write!(
                f,
                "{}: a stop would leave {:.4} m to its boundary, not {:.4} m",
                near.what, near.distance, near.limit
            ),
            Self::RampTime(d) => write!(f, "the stop is not over after {:.0} ms", d.as_secs_f64() * 1e3),
            Self::Homing { .. } => f.write_str(
                "not homed: found nothing on its way, or was stopped before its index; check homing.travel and homing.effort",
            ),
            Self::Drive { kind, .. } => write!(f, "drive: {kind}; {}", kind.advice()),
        }
    }
}
