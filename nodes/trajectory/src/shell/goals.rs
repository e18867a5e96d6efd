//! Goals, feedback and results: messages ↔ core types.

use r2r::control_msgs::action::{FollowJointTrajectory, GripperCommand, ParallelGripperCommand};
use r2r::control_msgs::msg::JointTolerance as ToleranceMsg;
use r2r::sensor_msgs::msg::JointState;
use r2r::servomesh_msgs::action::Move;
use r2r::trajectory_msgs::msg::JointTrajectoryPoint;
use servomesh_shell::ros::wire::{stamp_from_msg, stamp_to_msg};
use servomesh_trajectory::{
    Code, Feedback, FollowGoal, GripResult, JointTolerance, MoveGoal, MoveMode, Outcome, Point, State, Status,
};
use servomesh_types::{GroupDescription, JointVec, Stamp};
use std::time::Duration;

/// A trajectory, or why it can't be one of a group of simple joints.
pub(crate) fn follow(goal: &FollowJointTrajectory::Goal) -> Result<FollowGoal, String> {
    let multi = &goal.multi_dof_trajectory;
    if !(multi.points.is_empty() && multi.joint_names.is_empty()) {
        return Err("multi_dof_trajectory: this group has joints of one degree of freedom only".to_owned());
    }
    let stamp = stamp_from_msg(&goal.trajectory.header.stamp);
    let tolerance = |t: &ToleranceMsg| JointTolerance {
        name: t.name.clone(),
        position: t.position,
        velocity: t.velocity,
        acceleration: t.acceleration,
    };
    Ok(FollowGoal {
        stamp: (stamp != Stamp::ZERO).then_some(stamp),
        joint_names: goal.trajectory.joint_names.clone(),
        points: goal.trajectory.points.iter().map(point).collect(),
        path_tolerance: goal.path_tolerance.iter().map(tolerance).collect(),
        goal_tolerance: goal.goal_tolerance.iter().map(tolerance).collect(),
        goal_time_tolerance_ns: nanos(&goal.goal_time_tolerance),
    })
}

fn point(point: &JointTrajectoryPoint) -> Point {
    Point {
        positions: point.positions.clone(),
        velocities: point.velocities.clone(),
        accelerations: point.accelerations.clone(),
        effort: point.effort.clone(),
        time_from_start_ns: nanos(&point.time_from_start),
    }
}

/// Signed nanoseconds: a negative time is a mistake that the core names.
fn nanos(duration: &r2r::builtin_interfaces::msg::Duration) -> i64 {
    Stamp::from_parts(duration.sec, duration.nanosec).as_nanos()
}

/// A move, or why it can't be one.
pub(crate) fn motion(goal: &Move::Goal) -> Result<MoveGoal, String> {
    let mode = match goal.mode {
        0 => MoveMode::Joint,
        1 => MoveMode::Velocity,
        other => return Err(format!("mode {other}: there are 0 (joint positions) and 1 (joint velocities)")),
    };
    Ok(MoveGoal {
        mode,
        joint_names: goal.joint_names.clone(),
        target: goal.target.clone(),
        velocity_scale: goal.velocity_scale,
        acceleration_scale: goal.acceleration_scale,
    })
}

/// Position and largest effort of a `ParallelGripperCommand`, or why it has none.
pub(crate) fn parallel_grip(goal: &ParallelGripperCommand::Goal, group: &GroupDescription) -> Result<(f64, f64), String> {
    let JointState { name, position, velocity, effort, .. } = &goal.command;
    if name.len() != 1 || position.len() != 1 || effort.len() > 1 {
        return Err(format!(
            "command: one joint with one position is wanted, but there are {} names, {} positions and {} efforts",
            name.len(),
            position.len(),
            effort.len()
        ));
    }
    if name[0] != group.joint_name(0) {
        return Err(format!("joint {}: the gripper's joint is {}", name[0], group.joint_name(0)));
    }
    if velocity.iter().any(|v| *v != 0.0) {
        return Err(format!("joint {}: velocity {} can't be set; the joint's own limit counts", name[0], velocity[0]));
    }
    Ok((position[0], effort.first().copied().unwrap_or(0.0)))
}

/// What an outcome is for a goal that never reached the core.
pub(crate) fn unreadable(text: String) -> Outcome {
    Outcome { status: Status::Aborted, code: Code::InvalidGoal, text, duration: Duration::ZERO, grip: None }
}

pub(crate) fn follow_feedback(feedback: &Feedback, group: &GroupDescription) -> FollowJointTrajectory::Feedback {
    let mut message = FollowJointTrajectory::Feedback::default();
    message.header.stamp = stamp_to_msg(feedback.stamp);
    message.joint_names = group.joints.iter().map(|joint| joint.name.clone()).collect();
    message.desired = point_msg(&feedback.desired, &JointVec::EMPTY);
    message.actual = point_msg(&feedback.actual, &feedback.effort);
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
    FollowJointTrajectory::Result { error_code: outcome.code.follow_number(), error_string: outcome.text.clone() }
}

pub(crate) fn move_feedback(feedback: &Feedback) -> Move::Feedback {
    Move::Feedback {
        progress: feedback.progress,
        remaining: feedback.remaining.as_secs_f64(),
        desired: feedback.desired.position.to_vec(),
        error: feedback.error().position.to_vec(),
    }
}

pub(crate) fn move_result(outcome: &Outcome) -> Move::Result {
    Move::Result {
        error_code: outcome.code.number(),
        error_string: outcome.text.clone(),
        duration: outcome.duration.as_secs_f64(),
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
    let GripResult { position, effort, stalled, reached } = outcome.grip.unwrap_or_default();
    GripperCommand::Result { position, effort, stalled, reached_goal: reached }
}

pub(crate) fn parallel_feedback(feedback: &Feedback, group: &GroupDescription) -> ParallelGripperCommand::Feedback {
    let state = gripper_state(group, first(&feedback.actual.position), first(&feedback.effort));
    ParallelGripperCommand::Feedback { state }
}

pub(crate) fn parallel_result(outcome: &Outcome, group: &GroupDescription) -> ParallelGripperCommand::Result {
    let GripResult { position, effort, stalled, reached } = outcome.grip.unwrap_or_default();
    ParallelGripperCommand::Result { state: gripper_state(group, position, effort), stalled, reached_goal: reached }
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
