//! Whether the measured state ends a goal: off the path, arrived, stalled, or too late.
//!
//! Setpoint and measurement are compared at the time of the measurement, so that no latency passes for an error.

use servomesh_types::{EventKind, JointVec};

use super::{Context, Grasp, Kind, Planner};
use crate::goal::{Code, GripResult, Status};
use crate::grip::Reading;
use servomesh_motion::State;
use servomesh_motion::{Motion, TimedPath};

impl Planner {
    /// Judges the goal by the newest measurement.
    pub(super) fn judge(&mut self, ctx: &mut Context<'_>) {
        let (Some(task), Some(measured), Some(motion)) = (&mut self.task, &self.measured, &self.motion)
        else {
            return;
        };
        if task.ending.is_some() {
            return;
        }
        let actual = &measured.motion;
        let desired = motion.when_measured(actual.stamp);
        if let Kind::Follow { path, .. } = &task.kind
            && actual.stamp < task.end
            && let Some(violation) = path.violation(&desired, actual)
        {
            let why = violation.describe(&self.group);
            return self.abort(ctx, Code::PathToleranceViolated, why);
        }
        if let Kind::Grip(grip) = &mut task.kind {
            let reading = Reading {
                stamp: actual.stamp,
                setpoint: desired.position[0],
                position: actual.position[0],
                velocity: actual.velocity[0],
                effort: actual.effort.first().copied().unwrap_or(0.0),
            };
            let joint = &self.group.joints[0];
            let goal = ctx.config.tolerances(&joint.name, joint.kind).goal;
            let tolerance = if goal > 0.0 {
                goal
            } else {
                ctx.config.gripper.squeeze
            };
            if let Some(found) = grip.stalled(&reading, tolerance, &ctx.config.gripper) {
                return self.grasped(ctx, found);
            }
        }
        if actual.stamp < task.end {
            return;
        }
        if self.complaint(ctx).is_some() {
            if let Some(task) = &mut self.task {
                task.settled_since = None;
            }
            return;
        }
        let stamp = actual.stamp;
        let Some(task) = &mut self.task else { return };
        let since = *task.settled_since.get_or_insert(stamp);
        if stamp.since(since) >= ctx.config.settle_time {
            self.arrived(ctx);
        }
    }

    /// Gives up waiting for the machine to arrive.
    pub(super) fn lose_patience(&mut self, ctx: &mut Context<'_>) {
        let Some(task) = &self.task else { return };
        let patience = match &task.kind {
            Kind::Follow { patience, .. } | Kind::Move { patience } | Kind::Run { patience, .. } => *patience,
            Kind::Grip(_) => None, // it arrives or stalls
        };
        let late = ctx.now.since(task.end);
        if let Some(patience) = patience
            && task.ending.is_none()
            && late > patience
        {
            let complaint = self
                .complaint(ctx)
                .unwrap_or_else(|| "the group has not settled".into());
            let why = format!("{complaint}, {:.2} s after the motion's end", late.as_secs_f64());
            self.abort(ctx, Code::GoalToleranceViolated, why);
        }
    }

    /// What is missing for having arrived.
    fn complaint(&self, ctx: &Context<'_>) -> Option<String> {
        let (task, motion, actual) = (self.task.as_ref()?, self.motion.as_ref()?, &self.measured?.motion);
        let desired = motion.when_measured(actual.stamp);
        let n = desired.velocity.len();
        let (tolerance, velocity) = match &task.kind {
            Kind::Follow { goal, .. } => (Some(goal), JointVec::zeros(n)),
            Kind::Move { .. } | Kind::Grip(_) => (Some(&self.goal_tolerance), JointVec::zeros(n)),
            Kind::Run { target, .. } => (None, *target),
        };
        if let Some(violation) = tolerance.and_then(|tolerance| tolerance.violation(&desired, actual)) {
            return Some(violation.describe(&self.group));
        }
        (0..n).find_map(|i| {
            let joint = &self.group.joints[i];
            let limit = ctx.config.tolerances(&joint.name, joint.kind).stopped_velocity;
            let error = (actual.velocity[i] - velocity[i]).abs();
            (error > limit).then(|| {
                format!(
                    "joint {}: velocity is {error:.4} off, beyond its tolerance {limit:.4}",
                    joint.name
                )
            })
        })
    }

    fn arrived(&mut self, ctx: &mut Context<'_>) {
        let (Some(task), Some(measured)) = (&self.task, &self.measured) else {
            return;
        };
        let mut outcome = task.outcome(ctx.now, Status::Succeeded, Code::Successful, "");
        match &task.kind {
            Kind::Run { target, .. } if target.max_abs() > 0.0 => self.running = Some(task.id),
            Kind::Grip(_) => {
                outcome.grip = Some(GripResult {
                    position: measured.motion.position[0],
                    effort: measured.motion.effort.first().copied().unwrap_or(0.0),
                    stalled: false,
                    reached: true,
                });
            }
            _ => {}
        }
        self.finish(ctx, outcome);
    }

    /// Holds on to what is between the fingers.
    fn grasped(&mut self, ctx: &mut Context<'_>, found: GripResult) {
        let (Some(task), Some(motion)) = (&self.task, &self.motion) else {
            return;
        };
        let Kind::Grip(grip) = &task.kind else { return };
        let present: State = motion.at(ctx.now);
        let hold = grip.hold(found.position, &ctx.config.gripper);
        let closing = grip.closing;
        let mut outcome = task.outcome(ctx.now, Status::Succeeded, Code::Successful, "");
        outcome.grip = Some(found);
        match self
            .point_to_point
            .position(&present, &JointVec::from([hold]), &self.bounds)
        {
            Ok(profile) => {
                let path = TimedPath::Profile(profile);
                self.motion = Some(Motion::along(path, ctx.now, &self.bounds));
            }
            Err(error) => {
                let why = format!("can't hold the part: {}", error.describe(&self.group));
                return self.abort(ctx, Code::InvalidGoal, why);
            }
        }
        if closing {
            self.grasp = Some(Grasp {
                position: found.position,
                hold,
                effort_limit: self.effort_limit,
            });
            let text = format!(
                "holds something at {:.4} with effort {:.2}",
                found.position, found.effort
            );
            self.event(ctx, EventKind::Grasped, text);
        }
        self.finish(ctx, outcome);
    }
}
