//! What went wrong, as a value.
//!
//! **Invariant:** a physical fault is a [`Fault`]: reported and counted, never a panic and never silently absorbed.

use crate::GroupDescription;
use std::fmt;
use std::time::Duration;

/// Something that is wrong with a group. Joints are indices into the group's announced order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// Someone asked for a stop.
    StopRequested,
    /// `safety` started while the group had already been commanded: only a reset may move it again.
    SafetyRestarted,
    /// No setpoint for this long.
    SetpointSilent(Duration),
    /// No command for this long.
    CommandSilent(Duration),
    /// No servo state for this long.
    ServoStateSilent(Duration),
    /// No motion state for this long.
    MotionStateSilent(Duration),
    /// No frame from the drives for this long.
    BusSilent(Duration),
    /// A value has fewer or more joints than the group.
    WrongSize {
        /// Joints of the value.
        got: u8,
        /// Joints of the group.
        expected: u8,
    },
    /// A value is NaN or infinite.
    NotFinite {
        /// The first joint it holds for.
        joint: u8,
    },
    /// A position beyond its limit.
    Position(Exceeded),
    /// A velocity beyond its limit.
    Velocity(Exceeded),
    /// An acceleration beyond its limit.
    Acceleration(Exceeded),
    /// Successive values that can't be reached from one another.
    Jump(Exceeded),
    /// The machine is too far from where it should be.
    Following(Exceeded),
    /// A winding is too hot \[°C\].
    Overheated(Exceeded),
    /// An encoder repeats itself where its noise should show: equal readings in a row, and what chance allows.
    EncoderStuck(Exceeded),
    /// An encoder jumped by more than its joint can have moved.
    EncoderStep(Exceeded),
    /// An encoder and the model of its joint went apart slowly.
    EncoderDrift(Exceeded),
    /// A joint ran into something: the effort from outside \[N·m, N\].
    Collision(Exceeded),
    /// The drive of one joint reports a fault of its own.
    Drive {
        /// Which joint.
        joint: u8,
        /// What the drive says.
        kind: DriveFault,
    },
}

/// One joint's value that went beyond its limit, both in the joint's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exceeded {
    /// Which joint.
    pub joint: u8,
    /// The value.
    pub value: f64,
    /// The limit it broke.
    pub limit: f64,
}

/// What a drive can report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DriveFault {
    /// Its bus watchdog tripped: no frame reached it in time.
    Watchdog,
    /// Its winding is too hot.
    Overheated,
    /// Its current was too high.
    Overcurrent,
    /// A code this program does not know.
    Other(u16),
}

impl Fault {
    /// A stable number for messages; the same kind has the same number in every release.
    pub fn code(&self) -> u16 {
        match self {
            Self::StopRequested => 1,
            Self::SafetyRestarted => 2,
            Self::SetpointSilent(_) => 10,
            Self::CommandSilent(_) => 11,
            Self::ServoStateSilent(_) => 12,
            Self::MotionStateSilent(_) => 13,
            Self::BusSilent(_) => 14,
            Self::WrongSize { .. } => 20,
            Self::NotFinite { .. } => 21,
            Self::Position(_) => 22,
            Self::Velocity(_) => 23,
            Self::Acceleration(_) => 24,
            Self::Jump(_) => 25,
            Self::Following(_) => 30,
            Self::Overheated(_) => 31,
            Self::Drive {
                kind: DriveFault::Watchdog,
                ..
            } => 40,
            Self::Drive {
                kind: DriveFault::Overheated,
                ..
            } => 41,
            Self::Drive {
                kind: DriveFault::Overcurrent,
                ..
            } => 42,
            Self::Drive {
                kind: DriveFault::Other(_),
                ..
            } => 43,
            Self::EncoderStuck(_) => 50,
            Self::EncoderStep(_) => 51,
            Self::EncoderDrift(_) => 52,
            Self::Collision(_) => 60,
        }
    }

    /// The joint it concerns, if it is one joint's.
    pub fn joint(&self) -> Option<usize> {
        match self {
            Self::NotFinite { joint } | Self::Drive { joint, .. } => Some(usize::from(*joint)),
            Self::Position(e)
            | Self::Velocity(e)
            | Self::Acceleration(e)
            | Self::Jump(e)
            | Self::Following(e)
            | Self::Overheated(e)
            | Self::EncoderStuck(e)
            | Self::EncoderStep(e)
            | Self::EncoderDrift(e)
            | Self::Collision(e) => Some(usize::from(e.joint)),
            _ => None,
        }
    }

    /// The value and the limit it broke, if it is of that kind; silences give both in seconds, without a limit.
    pub fn value_and_limit(&self) -> (f64, f64) {
        match self {
            Self::Position(e)
            | Self::Velocity(e)
            | Self::Acceleration(e)
            | Self::Jump(e)
            | Self::Following(e)
            | Self::Overheated(e)
            | Self::EncoderStuck(e)
            | Self::EncoderStep(e)
            | Self::EncoderDrift(e)
            | Self::Collision(e) => (e.value, e.limit),
            Self::SetpointSilent(d)
            | Self::CommandSilent(d)
            | Self::ServoStateSilent(d)
            | Self::MotionStateSilent(d)
            | Self::BusSilent(d) => (d.as_secs_f64(), 0.0),
            _ => (0.0, 0.0),
        }
    }

    /// The fault as a sentence that names the joint.
    pub fn describe(&self, group: &GroupDescription) -> String {
        match self.joint() {
            Some(joint) => format!("joint {}: {self}", group.joint_name(joint)),
            None => self.to_string(),
        }
    }
}

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
            Self::SetpointSilent(d) => silent(f, "setpoint", d),
            Self::CommandSilent(d) => silent(f, "command", d),
            Self::ServoStateSilent(d) => silent(f, "servo state", d),
            Self::MotionStateSilent(d) => silent(f, "motion state", d),
            Self::BusSilent(d) => silent(f, "frame from the drives", d),
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
            Self::Drive { kind, .. } => match kind {
                DriveFault::Watchdog => f.write_str("drive: bus watchdog tripped"),
                DriveFault::Overheated => f.write_str("drive: winding overheated"),
                DriveFault::Overcurrent => f.write_str("drive: overcurrent"),
                DriveFault::Other(code) => write!(f, "drive: fault {code:#06x}"),
            },
        }
    }
}
