//! How goals get on and how they end.

use servomesh_types::{JointVec, Stamp};
use std::time::Duration;

use crate::State;

/// How a goal is getting on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Feedback {
    /// When the values hold.
    pub stamp: Stamp,
    /// Where the group should be.
    pub desired: State,
    /// Where it was measured last.
    pub actual: State,
    /// Measured effort of each joint; empty if it is not known.
    pub effort: JointVec,
    /// How much of the motion is done, 0 … 1.
    pub progress: f64,
    /// How long until the motion's end, at the present rate; `None` while it is paused, and where there is no end.
    pub remaining: Option<Duration>,
    /// How far it is on its path, in the path's own time.
    pub path_time: Duration,
    /// How fast the motion runs, of what was planned.
    pub rate: f64,
    /// Which segment of a path it is on.
    pub segment: usize,
    /// How a joint keeps in step with its leader; `None` for other goals.
    pub coupling: Option<CouplingState>,
}

/// How a joint keeps in step with its leader.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CouplingState {
    /// Whether it has caught up.
    pub in_step: bool,
    /// Setpoint of the leader; NaN without one.
    pub leader: f64,
    /// Its own setpoint.
    pub desired: f64,
    /// Setpoint minus where the coupling wants it; NaN without a leader.
    pub error: f64,
}

impl Feedback {
    /// Desired minus actual.
    pub fn error(&self) -> State {
        let minus = |a: &JointVec, b: &JointVec| JointVec::from_fn(a.len().min(b.len()), |i| a[i] - b[i]);
        State {
            position: minus(&self.desired.position, &self.actual.position),
            velocity: minus(&self.desired.velocity, &self.actual.velocity),
            acceleration: minus(&self.desired.acceleration, &self.actual.acceleration),
        }
    }
}

/// How a goal ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// In one word, as ROS actions have it.
    pub status: Status,
    /// Why.
    pub code: Code,
    /// Why, as a sentence for people; empty if all went well.
    pub text: String,
    /// How long it took.
    pub duration: Duration,
    /// Where a gripper is then, and what it found; `None` for other goals and those that were never taken on.
    pub grip: Option<GripResult>,
    /// Most that a path's setpoints were off the lines and arcs asked for \[m\]; 0 for other goals.
    pub path_deviation: f64,
}

/// The ends a ROS action knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The goal was reached.
    Succeeded,
    /// It was refused or given up.
    Aborted,
    /// It was given up since its sender asked for that.
    Cancelled,
}

/// Why a goal ended; the numbers are those of `FollowJointTrajectory` and `Move`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Code {
    /// Nothing to complain about.
    Successful = 0,
    /// The goal can't be followed.
    InvalidGoal = -1,
    /// The goal's joints are not the group's.
    InvalidJoints = -2,
    /// The trajectory should be over already.
    OldHeaderTimestamp = -3,
    /// A joint strayed too far on the way.
    PathToleranceViolated = -4,
    /// A joint did not arrive in time.
    GoalToleranceViolated = -5,
    /// The group is stopped, or its state is not known.
    NotReady = -6,
    /// Given up since `safety` stopped the group.
    Stopped = -7,
    /// Given up for a newer goal.
    Replaced = -8,
}

impl Code {
    /// The number in `servomesh_msgs/action/Move`.
    pub fn number(self) -> i32 {
        self as i32
    }

    /// The number in `control_msgs/action/FollowJointTrajectory`, which knows 0 … −5: the others are `INVALID_GOAL`.
    pub fn follow_number(self) -> i32 {
        match self {
            Self::NotReady | Self::Stopped | Self::Replaced => Self::InvalidGoal as i32,
            code => code as i32,
        }
    }
}

/// What a gripper's goal found.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GripResult {
    /// Measured position.
    pub position: f64,
    /// Measured effort.
    pub effort: f64,
    /// It stands still short of its goal: it holds something, or is blocked.
    pub stalled: bool,
    /// It is where it was asked to be.
    pub reached: bool,
}

/// Why a goal is not taken on.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{text}")]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) text: String,
}

impl Refusal {
    pub(crate) fn new(code: Code, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
        }
    }

    pub(crate) fn invalid(text: impl Into<String>) -> Self {
        Self::new(Code::InvalidGoal, text)
    }
}
