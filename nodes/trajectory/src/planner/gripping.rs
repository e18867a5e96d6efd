//! Grippers' goals: whether they are taken on, and how a part is held.

use servomesh_motion::profile::Synchronization;
use servomesh_motion::{Quantity, TimedPath};
use servomesh_types::{EventKind, JointVec};

use super::course::Course;
use super::{Context, Grasp, Kind, Planner, refuse};
use crate::grip::Grip;
use crate::{Code, GoalId, GripResult, MoveMode, ParallelGripGoal, Refusal, Status};

/// What a gripper is asked for; 0 is the joint's own limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GripRequest {
    pub(crate) position: f64,
    pub(crate) max_velocity: f64,
    pub(crate) max_effort: f64,
}

impl Planner {
    /// Takes on a gripper's goal.
    pub(crate) fn grip(&mut self, ctx: &mut Context<'_>, id: GoalId, request: GripRequest) {
        let max_effort = request.max_effort;
        match self.plan_grip(ctx, request) {
            Ok((kind, motion)) => {
                self.begin(ctx, id, kind, motion, "a grip");
                if max_effort > 0.0 {
                    self.effort_limit = JointVec::from([max_effort]);
                }
            }
            Err(refusal) => refuse(ctx, self.group.name, id, refusal),
        }
    }

    /// Takes on a gripper's goal that names its joint.
    pub(crate) fn parallel_grip(&mut self, ctx: &mut Context<'_>, id: GoalId, goal: &ParallelGripGoal) {
        match self.grip_request(goal) {
            Ok(request) => self.grip(ctx, id, request),
            Err(refusal) => refuse(ctx, self.group.name, id, refusal),
        }
    }

    fn grip_request(&self, goal: &ParallelGripGoal) -> Result<GripRequest, Refusal> {
        if let Some(name) = goal
            .joint_names
            .iter()
            .find(|name| self.group.joint_index(name).is_none())
        {
            let text = format!("joint {name:?} is not one of group {}'s", self.group.name);
            return Err(Refusal::new(Code::InvalidJoints, text));
        }
        let one = |field: &str, values: &[f64], absent: Option<f64>| match (values, absent) {
            ([value], _) => Ok(*value),
            ([], Some(absent)) => Ok(absent),
            _ => Err(Refusal::invalid(format!(
                "{field} has {} values for 1 joint",
                values.len()
            ))),
        };
        Ok(GripRequest {
            position: one("position", &goal.position, None)?,
            max_velocity: one("velocity", &goal.velocity, Some(0.0))?,
            max_effort: one("effort", &goal.effort, Some(0.0))?,
        })
    }

    fn plan_grip(&mut self, ctx: &Context<'_>, request: GripRequest) -> Result<(Kind, Course), Refusal> {
        let (began, present) = self.present(ctx)?;
        let GripRequest {
            position,
            max_velocity,
            max_effort,
        } = request;
        let name = self.group.name;
        let [joint] = &self.group.joints[..] else {
            let text = format!("group {name} has more joints than a gripper");
            return Err(Refusal::new(Code::InvalidJoints, text));
        };
        if !self.group.capabilities.gripper {
            return Err(Refusal::invalid(format!("group {name} is no gripper")));
        }
        let most = [
            ("max_effort", max_effort, joint.limits.effort()),
            ("velocity", max_velocity, joint.limits.velocity()),
        ];
        for (what, value, limit) in most {
            if !(0.0..=limit).contains(&value) {
                return Err(Refusal::invalid(format!(
                    "joint {}: {what} {value:.4} is not within 0 and its limit {limit:.4}",
                    joint.name
                )));
            }
        }
        let share = if max_velocity > 0.0 {
            max_velocity / joint.limits.velocity()
        } else {
            1.0
        };
        let bounds = self.bounds.scaled(share, 1.0, 1.0);
        self.check(0, position, Quantity::Position, &bounds)?;
        let target = JointVec::from([position]);
        let how = (MoveMode::Joint, Synchronization::Phase);
        let grip = Grip::new(present.position[0], position, &ctx.config.gripper);
        let whole = self.bounds;
        self.take_over((began, present), &whole, |planner, present| {
            let path = planner.gentlest(present, &target, how, &bounds, 1.0)?;
            Ok((Kind::Grip(grip), Some(path)))
        })
    }

    /// Holds on to what is between the fingers.
    pub(super) fn grasped(&mut self, ctx: &mut Context<'_>, found: GripResult) {
        let (Some(task), Some(course)) = (&self.task, &self.course) else {
            return;
        };
        let Kind::Grip(grip) = &task.kind else { return };
        let (began, present) = course.present(ctx.now);
        let hold = grip.hold(found.position, &ctx.config.gripper);
        let closing = grip.closing;
        let mut outcome = task.outcome(ctx.now, Status::Succeeded, Code::Successful, "");
        outcome.grip = Some(found);
        match self
            .point_to_point
            .position(&present, &JointVec::from([hold]), &self.bounds)
        {
            Ok(profile) => {
                self.course = Some(Course::along(TimedPath::Profile(profile), began, &self.bounds));
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
