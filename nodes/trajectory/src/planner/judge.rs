//! Whether the measured state ends a goal: off the path, arrived, stalled, or too late.
//!
//! Setpoint and measurement are compared at the time of the measurement, so that no latency passes for an error.

use servomesh_types::JointVec;

use super::{Context, Kind, Planner};
use crate::grip::Reading;
use crate::{Code, GripResult, Status};

impl Planner {
    /// Judges the goal by the newest measurement.
    pub(super) fn judge(&mut self, ctx: &mut Context<'_>) {
        let (Some(task), Some(measured), Some(course)) = (&mut self.task, &self.measured, &self.course)
        else {
            return;
        };
        if task.ending.is_some() || matches!(task.kind, Kind::Couple | Kind::Track) {
            return;
        }
        let actual = &measured.motion;
        let desired = course.when_measured(actual.holds_at);
        if let Kind::Follow { path, .. } = &task.kind
            && actual.holds_at < task.end
            && let Some(violation) = path.violation(&desired, actual)
        {
            let why = violation.describe(&self.group);
            return self.abort(ctx, Code::PathToleranceViolated, why);
        }
        if let Kind::Grip(grip) = &mut task.kind {
            let reading = Reading {
                stamp: actual.holds_at,
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
        if actual.holds_at < task.end {
            return;
        }
        if self.complaint(ctx).is_some() {
            if let Some(task) = &mut self.task {
                task.settled_since = None;
            }
            return;
        }
        let stamp = actual.holds_at;
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
            Kind::Follow { patience, .. }
            | Kind::Move { patience }
            | Kind::Path { patience, .. }
            | Kind::Run { patience, .. } => *patience,
            Kind::Grip(_) | Kind::Couple | Kind::Track => None, // it arrives, stalls, or has no end
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
        let (task, course, actual) = (self.task.as_ref()?, self.course.as_ref()?, &self.measured?.motion);
        let desired = course.when_measured(actual.holds_at);
        let n = desired.velocity.len();
        let (tolerance, velocity) = match &task.kind {
            Kind::Follow { goal, .. } => (Some(goal), JointVec::zeros(n)),
            Kind::Move { .. } | Kind::Path { .. } | Kind::Grip(_) | Kind::Couple | Kind::Track => {
                (Some(&self.goal_tolerance), JointVec::zeros(n))
            }
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
            Kind::Path { deviation, .. } => outcome.path_deviation = *deviation,
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
}
