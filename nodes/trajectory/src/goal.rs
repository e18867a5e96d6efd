//! What can be asked of a group, and the answers: the values at the border of this core.

use servomesh_types::{
    Event, GroupDescription, GroupMotion, GroupName, JointVec, SafetyState, Setpoint, Stamp,
};
use std::time::Duration;

use crate::State;

/// Everything that can reach the core.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A driver announced its group, or announced it anew.
    Group(GroupDescription),
    /// What a group really does.
    Motion {
        /// Which group.
        group: GroupName,
        /// What it does.
        motion: GroupMotion,
    },
    /// What `safety` says of all groups.
    Safety(SafetyState),
    /// A goal: follow a trajectory.
    Follow {
        /// Which group.
        group: GroupName,
        /// The goal's name in every answer.
        id: GoalId,
        /// What to do.
        goal: FollowGoal,
    },
    /// A goal: go somewhere, or run at a velocity.
    Move {
        /// Which group.
        group: GroupName,
        /// The goal's name in every answer.
        id: GoalId,
        /// What to do.
        goal: MoveGoal,
    },
    /// A goal: open or close a gripper, or until it holds something.
    Grip {
        /// Which group.
        group: GroupName,
        /// The goal's name in every answer.
        id: GoalId,
        /// Where to go.
        position: f64,
        /// Most effort to use; 0: the joint's own limit.
        max_effort: f64,
    },
    /// The same by the joint's name, and with a limit on its velocity.
    ParallelGrip {
        /// Which group.
        group: GroupName,
        /// The goal's name in every answer.
        id: GoalId,
        /// What to do.
        goal: ParallelGripGoal,
    },
    /// Give up a goal; one that is over is left alone.
    Cancel {
        /// Which goal.
        id: GoalId,
    },
}

/// Everything the core can cause.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Where a group should be now.
    Setpoint {
        /// Which group.
        group: GroupName,
        /// Where.
        setpoint: Setpoint,
    },
    /// How a goal is getting on.
    Feedback {
        /// Which group.
        group: GroupName,
        /// Which goal.
        id: GoalId,
        /// How.
        feedback: Feedback,
    },
    /// A goal is over. Comes once for every goal.
    Done {
        /// Which goal.
        id: GoalId,
        /// How it ended.
        outcome: Outcome,
    },
    /// Something happened.
    Event(Event),
}

/// A goal's name, given by whoever sends it; one goal at a time has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoalId(pub u64);

/// Follow a trajectory in joint space: `control_msgs/action/FollowJointTrajectory`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FollowGoal {
    /// When the trajectory starts; `None`: now.
    pub stamp: Option<Stamp>,
    /// The joints, in the order of every point.
    pub joint_names: Vec<String>,
    /// The points, in the order of their times.
    pub points: Vec<Point>,
    /// How far a joint may be from its setpoint on the way; joints that are not listed have the default.
    pub path_tolerance: Vec<JointTolerance>,
    /// How far a joint may be from its goal; joints that are not listed have the default.
    pub goal_tolerance: Vec<JointTolerance>,
    /// How many points it has for planar and floating joints; no group has such joints.
    pub multi_dof_points: usize,
    /// How long after the last point the machine may take to arrive, in ns; 0: the default, negative: for ever.
    pub goal_time_tolerance_ns: i64,
}

/// One point of a trajectory. A field that is empty is empty in every point.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Point {
    /// One for each joint.
    pub positions: Vec<f64>,
    /// One for each joint, or empty: estimated.
    pub velocities: Vec<f64>,
    /// One for each joint, or empty: estimated.
    pub accelerations: Vec<f64>,
    /// One for each joint, or empty. Checked and not used: the driver's own model knows the effort a motion takes.
    pub effort: Vec<f64>,
    /// When, in ns counted from the start.
    pub time_from_start_ns: i64,
}

/// A joint's tolerance. Of each value, 0 is the default and −1 is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JointTolerance {
    /// Which joint.
    pub name: String,
    /// On its position.
    pub position: f64,
    /// On its velocity.
    pub velocity: f64,
    /// On its acceleration.
    pub acceleration: f64,
}

/// Go somewhere as fast as the limits allow, or run at a velocity: `servomesh_msgs/action/Move`.
#[derive(Clone, Debug, PartialEq)]
pub struct MoveGoal {
    /// What `target` means.
    pub mode: MoveMode,
    /// Joints of `target`; empty: all, in the group's order. Others come to rest.
    pub joint_names: Vec<String>,
    /// One for each joint.
    pub target: Vec<f64>,
    /// Share of each velocity limit, (0, 1]; 0: 1.
    pub velocity_scale: f64,
    /// Share of each acceleration and jerk limit, (0, 1]; 0: 1.
    pub acceleration_scale: f64,
}

/// What a [`MoveGoal`]'s target means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoveMode {
    /// Positions to go to.
    Joint,
    /// Velocities to keep, also after the goal is reached; for endless groups.
    Velocity,
    /// Something this release does not know; refused.
    Other(u8),
}

/// Open or close a gripper: `control_msgs/action/ParallelGripperCommand`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParallelGripGoal {
    /// The gripper's joint, or empty.
    pub joint_names: Vec<String>,
    /// Where to go: one value.
    pub position: Vec<f64>,
    /// Highest velocity on the way, or empty; 0: the joint's limit.
    pub velocity: Vec<f64>,
    /// Most effort to use, or empty; 0: the joint's limit.
    pub effort: Vec<f64>,
}

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
    /// How long until the motion's end.
    pub remaining: Duration,
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
