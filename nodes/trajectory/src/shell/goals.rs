//! Goals, feedback and results: messages ↔ core types.

use r2r::control_msgs::action::{FollowJointTrajectory, GripperCommand, ParallelGripperCommand};
use r2r::control_msgs::msg::JointTolerance as ToleranceMsg;
use r2r::geometry_msgs::msg::{Pose, Vector3};
use r2r::sensor_msgs::msg::JointState;
use r2r::servomesh_msgs::action::{Couple, Move};
use r2r::servomesh_msgs::msg::{Jog, PathSegment};
use r2r::trajectory_msgs::msg::{JointTrajectory, JointTrajectoryPoint};
use servomesh_shell::ros::wire::{duration_to_msg, stamp_from_msg, stamp_to_msg};
use servomesh_trajectory::{
    Code, CoupleGoal, Feedback, FollowGoal, GripResult, JogRequest, JointTolerance, MoveGoal, MoveMode,
    Outcome, ParallelGripGoal, PathGoal, Point, Segment, State, Status,
};
use servomesh_types::{GroupDescription, JointVec, Stamp};
use std::time::Duration;

/// A trajectory.
pub(crate) fn follow(goal: FollowJointTrajectory::Goal) -> FollowGoal {
    let stamp = stamp_from_msg(&goal.trajectory.header.stamp);
    let tolerances = |all: Vec<ToleranceMsg>| all.into_iter().map(tolerance).collect();
    FollowGoal {
        stamp: (stamp != Stamp::ZERO).then_some(stamp),
        joint_names: goal.trajectory.joint_names,
        points: goal.trajectory.points.into_iter().map(point).collect(),
        path_tolerance: tolerances(goal.path_tolerance),
        goal_tolerance: tolerances(goal.goal_tolerance),
        multi_dof_points: goal.multi_dof_trajectory.points.len(),
        goal_time_tolerance_ns: nanos(&goal.goal_time_tolerance),
    }
}

fn tolerance(message: ToleranceMsg) -> JointTolerance {
    let ToleranceMsg {
        name,
        position,
        velocity,
        acceleration,
    } = message;
    JointTolerance {
        name,
        position,
        velocity,
        acceleration,
    }
}

fn point(message: JointTrajectoryPoint) -> Point {
    Point {
        time_from_start_ns: nanos(&message.time_from_start),
        positions: message.positions,
        velocities: message.velocities,
        accelerations: message.accelerations,
        effort: message.effort,
    }
}

/// Signed nanoseconds: a negative time is a mistake that the core names.
fn nanos(duration: &r2r::builtin_interfaces::msg::Duration) -> i64 {
    Stamp::from_parts(duration.sec, duration.nanosec).as_nanos()
}

/// A trajectory that came on a topic: no tolerances of its own, and nobody to tell how it ended.
pub(crate) fn streamed(trajectory: JointTrajectory) -> FollowGoal {
    follow(FollowJointTrajectory::Goal {
        trajectory,
        ..Default::default()
    })
}

/// A move.
pub(crate) fn motion(goal: Move::Goal) -> MoveGoal {
    MoveGoal {
        mode: match goal.mode {
            0 => MoveMode::Joint,
            1 => MoveMode::Velocity,
            2 => MoveMode::Path,
            other => MoveMode::Other(other),
        },
        synchronization: goal.synchronization,
        joint_names: goal.joint_names,
        target: goal.target,
        velocity_scale: goal.velocity_scale,
        acceleration_scale: goal.acceleration_scale,
        path: PathGoal {
            segments: goal.segments.into_iter().map(segment).collect(),
            frame: goal.frame,
            tool: goal.tool,
            tool_speed: goal.tool_speed,
            tool_acceleration: goal.tool_acceleration,
            tool_jerk: goal.tool_jerk,
        },
    }
}

fn segment(message: PathSegment) -> Segment {
    let Pose {
        position,
        orientation,
    } = message.pose;
    Segment {
        kind: message.kind,
        corner: message.corner,
        blend: message.blend,
        position: message.position,
        translation: [position.x, position.y, position.z],
        rotation: [orientation.x, orientation.y, orientation.z, orientation.w],
        via: [message.via.x, message.via.y, message.via.z],
        centre: [message.centre.x, message.centre.y, message.centre.z],
        axis: vector(&message.axis),
        angle: message.angle,
    }
}

fn vector(message: &Vector3) -> [f64; 3] {
    [message.x, message.y, message.z]
}

/// A gear or a cam.
pub(crate) fn couple(goal: Couple::Goal) -> CoupleGoal {
    CoupleGoal {
        leader: goal.leader,
        leader_joint: goal.leader_joint,
        joint: goal.joint,
        ratio: goal.ratio,
        cam: goal
            .cam
            .iter()
            .map(|point| (point.leader, point.follower))
            .collect(),
        period: goal.period,
        absolute: goal.absolute,
    }
}

/// A moment of jogging.
pub(crate) fn jog(message: Jog) -> JogRequest {
    let stamp = stamp_from_msg(&message.stamp);
    JogRequest {
        stamp: (stamp != Stamp::ZERO).then_some(stamp),
        mode: message.mode,
        joint_names: message.joint_names,
        velocity: message.velocity,
        linear: vector(&message.twist.linear),
        angular: vector(&message.twist.angular),
        frame: message.frame,
        tool: message.tool,
    }
}

/// A gripper's goal by its joint's name.
pub(crate) fn parallel_grip(goal: ParallelGripperCommand::Goal) -> ParallelGripGoal {
    let JointState {
        name,
        position,
        velocity,
        effort,
        ..
    } = goal.command;
    ParallelGripGoal {
        joint_names: name,
        position,
        velocity,
        effort,
    }
}

/// How a goal ends that came while the node could not follow any.
pub(crate) fn not_active() -> Outcome {
    Outcome {
        status: Status::Aborted,
        code: Code::NotReady,
        text: NOT_ACTIVE.to_owned(),
        duration: Duration::ZERO,
        grip: None,
        path_deviation: 0.0,
    }
}

pub(crate) fn follow_feedback(
    feedback: &Feedback,
    group: &GroupDescription,
) -> FollowJointTrajectory::Feedback {
    let mut message = FollowJointTrajectory::Feedback::default();
    message.header.stamp = stamp_to_msg(feedback.stamp);
    message.joint_names = group.joints.iter().map(|joint| joint.name.clone()).collect();
    message.desired = point_msg(&feedback.desired, &JointVec::EMPTY);
    message.desired.time_from_start = duration_to_msg(feedback.path_time);
    message.actual = point_msg(&feedback.actual, &feedback.effort);
    message.actual.time_from_start = duration_to_msg(feedback.path_time);
    message.error = point_msg(&feedback.error(), &JointVec::EMPTY);
    message
}

fn point_msg(state: &State, effort: &JointVec) -> JointTrajectoryPoint {
    JointTrajectoryPoint {
        positions: state.position.to_vec(),
        velocities: state.velocity.to_vec(),
        accelerations: state.acceleration.to_vec(),
        effort: effort.to_vec(),
        ..Default::default()
    }
}

pub(crate) fn follow_result(outcome: &Outcome) -> FollowJointTrajectory::Result {
    FollowJointTrajectory::Result {
        error_code: outcome.code.follow_number(),
        error_string: outcome.text.clone(),
    }
}

pub(crate) fn move_feedback(feedback: &Feedback) -> Move::Feedback {
    Move::Feedback {
        progress: feedback.progress,
        remaining: feedback
            .remaining
            .map_or(f64::INFINITY, |left| left.as_secs_f64()),
        rate: feedback.rate,
        segment: u32::try_from(feedback.segment).unwrap_or(u32::MAX),
        desired: feedback.desired.position.to_vec(),
        error: feedback.error().position.to_vec(),
    }
}

pub(crate) fn move_result(outcome: &Outcome) -> Move::Result {
    Move::Result {
        error_code: outcome.code.number(),
        error_string: outcome.text.clone(),
        duration: outcome.duration.as_secs_f64(),
        path_deviation: outcome.path_deviation,
    }
}

pub(crate) fn couple_feedback(feedback: &Feedback) -> Couple::Feedback {
    let coupling = feedback.coupling.unwrap_or_default();
    Couple::Feedback {
        in_step: coupling.in_step,
        leader: coupling.leader,
        desired: coupling.desired,
        error: coupling.error,
    }
}

pub(crate) fn couple_result(outcome: &Outcome) -> Couple::Result {
    Couple::Result {
        error_code: outcome.code.number(),
        error_string: outcome.text.clone(),
    }
}

pub(crate) fn grip_feedback(feedback: &Feedback) -> GripperCommand::Feedback {
    GripperCommand::Feedback {
        position: first(&feedback.actual.position),
        effort: first(&feedback.effort),
        stalled: false,
        reached_goal: false,
    }
}

pub(crate) fn grip_result(outcome: &Outcome) -> GripperCommand::Result {
    let GripResult {
        position,
        effort,
        stalled,
        reached,
    } = outcome.grip.unwrap_or_default();
    GripperCommand::Result {
        position,
        effort,
        stalled,
        reached_goal: reached,
    }
}

pub(crate) fn parallel_feedback(
    feedback: &Feedback,
    group: &GroupDescription,
) -> ParallelGripperCommand::Feedback {
    let state = gripper_state(group, first(&feedback.actual.position), first(&feedback.effort));
    ParallelGripperCommand::Feedback { state }
}

pub(crate) fn parallel_result(outcome: &Outcome, group: &GroupDescription) -> ParallelGripperCommand::Result {
    let GripResult {
        position,
        effort,
        stalled,
        reached,
    } = outcome.grip.unwrap_or_default();
    ParallelGripperCommand::Result {
        state: gripper_state(group, position, effort),
        stalled,
        reached_goal: reached,
    }
}

fn gripper_state(group: &GroupDescription, position: f64, effort: f64) -> JointState {
    JointState {
        name: vec![group.joint_name(0).to_owned()],
        position: vec![position],
        effort: vec![effort],
        ..Default::default()
    }
}

fn first(values: &JointVec) -> f64 {
    values.first().copied().unwrap_or(0.0)
}

/// Why goals are refused and given up while the node is not active.
pub(crate) const NOT_ACTIVE: &str = "the node trajectory is not active";
