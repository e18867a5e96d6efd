//! What went wrong, as a value.
//!
//! **Invariant:** a physical fault is a [`Fault`]: reported and counted, never a panic and never silently absorbed.

mod drive;
mod text;

pub use drive::DriveFault;

use crate::GroupDescription;
use arrayvec::ArrayString;
use std::time::Duration;

/// Something that is wrong with a group. Joints are indices into the group's announced order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// Someone asked for a stop.
    StopRequested,
    /// `safety` started while the group had already been commanded: only a reset may move it again.
    SafetyRestarted,
    /// The mode selector was turned while the group was in use.
    ModeChanged,
    /// The enabling device was let go, or pressed in a panic.
    EnablingReleased,
    /// Safe torque off (STO) was asked for.
    TorqueOffRequested,
    /// Safe stop 1 (SS1) was asked for.
    SafeStop1Requested,
    /// Safe stop 2 (SS2) was asked for.
    SafeStop2Requested,
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
    /// Nothing from the enabling device for this long.
    EnablingSilent(Duration),
    /// The servo of one joint has not replied for this long, while its bus goes on.
    ServoSilent {
        /// Which joint.
        joint: u8,
        /// For how long.
        lasting: Duration,
    },
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
    /// A jerk beyond its limit.
    Jerk(Exceeded),
    /// An effort beyond its limit.
    Effort(Exceeded),
    /// A motion in a direction that is not allowed, faster than a standstill.
    Direction(Exceeded),
    /// The machine is too far from where it should be.
    Following(Exceeded),
    /// A joint that should stand still has moved.
    Standstill(Exceeded),
    /// The tool is faster than it may be \[m/s\].
    ToolSpeed {
        /// Its speed.
        value: f64,
        /// The limit it broke.
        limit: f64,
    },
    /// From here a stop could lead nearer to something than it may \[m\].
    Clearance(TooNear),
    /// From here a stop could lead the tool out of its workspace \[m\].
    Workspace(TooNear),
    /// A stop took longer than it may: for this long by now.
    RampTime(Duration),
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
    /// A winding gets hot: motion is slowed down before it is too hot \[°C\].
    Warm(Exceeded),
    /// A joint found no mark to be homed at: nothing within its way, or something before it.
    Homing {
        /// Which joint.
        joint: u8,
    },
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

/// Two things, or one and a boundary, that are nearer to each other than they may be. Lengths in m.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TooNear {
    /// What is near to what.
    pub what: ArrayString<48>,
    /// How near, less than nothing where they overlap.
    pub distance: f64,
    /// The least distance there must be.
    pub limit: f64,
}

impl TooNear {
    /// Names the two, cut to the room there is.
    pub fn new(a: &str, b: &str, distance: f64, limit: f64) -> Self {
        let mut what = ArrayString::new();
        let names = [a, if b.is_empty() { "" } else { " and " }, b];
        for character in names.iter().flat_map(|name| name.chars()) {
            if what.try_push(character).is_err() {
                break;
            }
        }
        Self {
            what,
            distance,
            limit,
        }
    }
}

impl Fault {
    /// A stable number for messages; the same kind has the same number in every release.
    pub fn code(&self) -> u16 {
        match self {
            Self::StopRequested => 1,
            Self::SafetyRestarted => 2,
            Self::ModeChanged => 3,
            Self::EnablingReleased => 4,
            Self::TorqueOffRequested => 5,
            Self::SafeStop1Requested => 6,
            Self::SafeStop2Requested => 7,
            Self::SetpointSilent(_) => 10,
            Self::CommandSilent(_) => 11,
            Self::ServoStateSilent(_) => 12,
            Self::MotionStateSilent(_) => 13,
            Self::BusSilent(_) => 14,
            Self::EnablingSilent(_) => 15,
            Self::ServoSilent { .. } => 16,
            Self::WrongSize { .. } => 20,
            Self::NotFinite { .. } => 21,
            Self::Position(_) => 22,
            Self::Velocity(_) => 23,
            Self::Acceleration(_) => 24,
            Self::Jump(_) => 25,
            Self::Jerk(_) => 26,
            Self::Effort(_) => 27,
            Self::Following(_) => 30,
            Self::Overheated(_) => 31,
            Self::Homing { .. } => 32,
            Self::Drive { kind, .. } => kind.code(),
            Self::EncoderStuck(_) => 50,
            Self::EncoderStep(_) => 51,
            Self::EncoderDrift(_) => 52,
            Self::Collision(_) => 60,
            Self::ToolSpeed { .. } => 70,
            Self::Clearance(_) => 71,
            Self::Workspace(_) => 72,
            Self::Direction(_) => 73,
            Self::Standstill(_) => 74,
            Self::RampTime(_) => 75,
            Self::Warm(_) => 76,
        }
    }

    /// The joint it concerns, if it is one joint's.
    pub fn joint(&self) -> Option<usize> {
        match self {
            Self::NotFinite { joint }
            | Self::Homing { joint }
            | Self::Drive { joint, .. }
            | Self::ServoSilent { joint, .. } => Some(usize::from(*joint)),
            other => other.exceeded().map(|exceeded| usize::from(exceeded.joint)),
        }
    }

    /// The value and the limit it broke, if it is of that kind; silences give both in seconds, without a limit.
    pub fn value_and_limit(&self) -> (f64, f64) {
        match self {
            Self::ToolSpeed { value, limit } => (*value, *limit),
            Self::Clearance(near) | Self::Workspace(near) => (near.distance, near.limit),
            Self::SetpointSilent(d)
            | Self::CommandSilent(d)
            | Self::ServoStateSilent(d)
            | Self::MotionStateSilent(d)
            | Self::BusSilent(d)
            | Self::EnablingSilent(d)
            | Self::ServoSilent { lasting: d, .. }
            | Self::RampTime(d) => (d.as_secs_f64(), 0.0),
            other => other
                .exceeded()
                .map_or((0.0, 0.0), |exceeded| (exceeded.value, exceeded.limit)),
        }
    }

    /// The joint, value and limit of a fault that is a joint's value beyond its limit.
    fn exceeded(&self) -> Option<&Exceeded> {
        match self {
            Self::Position(e)
            | Self::Velocity(e)
            | Self::Acceleration(e)
            | Self::Jump(e)
            | Self::Jerk(e)
            | Self::Effort(e)
            | Self::Direction(e)
            | Self::Following(e)
            | Self::Standstill(e)
            | Self::Overheated(e)
            | Self::Warm(e)
            | Self::EncoderStuck(e)
            | Self::EncoderStep(e)
            | Self::EncoderDrift(e)
            | Self::Collision(e) => Some(e),
            _ => None,
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
