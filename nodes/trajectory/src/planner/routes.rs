//! Paths that take a while to plan: who waits for one, and when it begins.
//!
//! ```text
//!   goal ──► planned from where the group would come to rest ──► refused: nothing has changed
//!                                   │ can be done
//!          the group stands there   │   it still moves
//!                 ┌─────────────────┴──────────────┐
//!                 ▼                                ▼
//!               begins               old goal given up, stops on its path,
//!                                    planned anew from where it will rest ──► begins there
//! ```
//!
//! **Invariant:** a path begins at rest, exactly where it was planned from.

use std::sync::Arc;

use super::course::Course;
use super::telling::trajectory_of;
use super::{Context, Kind, Planner, refuse};
use crate::config::ToolSettings;
use crate::plan::{Plan, Planned, Product, Route, Task as PlanTask, Work};
use crate::robot::Frame;
use crate::{Code, FollowGoal, GoalId, MoveGoal, Output, PathGoal, Refusal, Segment, Status};

use super::accept::{default_patience, scale};

/// A path that is being planned, or waits for its group to stand.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) id: GoalId,
    attempt: u64,
    pub(super) task: PlanTask,
    kind: Kind,
    pub(super) what: String,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Whether it can be done at all.
    Trial,
    /// It can; the group comes to rest somewhere.
    Stopping,
    /// Now from where the group will rest.
    Final,
    /// Planned; waits for the group to rest.
    Ready(Route),
}

impl Planner {
    /// Takes on a path, to be planned.
    pub(crate) fn path(&mut self, ctx: &mut Context<'_>, id: GoalId, goal: &MoveGoal) {
        match self.path_task(ctx, goal) {
            Ok(task) => {
                let what = format!("a path of {} segments", goal.path.segments.len());
                let kind = Kind::Path {
                    patience: default_patience(ctx),
                    segment_ends: Vec::new(),
                    deviation: 0.0,
                };
                self.await_route(ctx, id, task, kind, what);
            }
            Err(refusal) => refuse(ctx, self.group.name, id, refusal),
        }
    }

    /// Takes on a trajectory that is too fast: the same points, in order, as fast as the limits allow.
    pub(super) fn retime(&mut self, ctx: &mut Context<'_>, id: GoalId, goal: &FollowGoal, kind: Kind) {
        match self.retime_task(ctx, goal) {
            Ok(task) => {
                let what = format!("{}, slowed down to the limits,", trajectory_of(goal));
                self.await_route(ctx, id, task, kind, what);
            }
            Err(refusal) => refuse(ctx, self.group.name, id, refusal),
        }
    }

    /// Has a route planned, and begins it when it can.
    fn await_route(&mut self, ctx: &mut Context<'_>, id: GoalId, task: PlanTask, kind: Kind, what: String) {
        self.drop_pending(ctx, Status::Aborted, Code::Replaced, "replaced by a newer goal");
        self.attempts += 1;
        let pending = Pending {
            id,
            attempt: self.attempts,
            task,
            kind,
            what,
            stage: Stage::Trial,
        };
        ctx.out.push_back(Output::Plan(self.plan_of(&pending)));
        self.pending = Some(pending);
    }

    fn plan_of(&self, pending: &Pending) -> Plan {
        Plan {
            group: self.group.name,
            id: pending.id,
            attempt: pending.attempt,
            task: pending.task.clone(),
        }
    }

    /// Takes what became of a plan.
    pub(crate) fn planned(&mut self, ctx: &mut Context<'_>, planned: Planned) {
        let Some(mut pending) = self.pending.take() else {
            return;
        };
        if pending.attempt != planned.attempt || matches!(pending.stage, Stage::Ready(_)) {
            self.pending = Some(pending); // that was of an older try
            return;
        }
        let product = match planned.product {
            Ok(product) => product,
            Err(refusal) => return refuse(ctx, self.group.name, pending.id, refusal),
        };
        let Some(course) = &self.course else {
            let refusal = Refusal::new(Code::NotReady, "the group was stopped meanwhile");
            return refuse(ctx, self.group.name, pending.id, refusal);
        };
        let stands = course.is_over(ctx.now);
        let route = match product {
            Product::Route(route) => route,
            Product::Join(tracking) => {
                if stands && course.last_position() == pending.task.start {
                    return self.begin_tracking(ctx, &pending, *tracking);
                }
                let refusal = Refusal::new(Code::NotReady, "the group was moved before it joined the frame");
                return refuse(ctx, self.group.name, pending.id, refusal);
            }
            Product::GoOn(motion) => return self.go_on_tracking(ctx, &pending, motion),
        };
        if stands && course.last_position() == pending.task.start {
            return self.begin_route(ctx, pending, route);
        }
        if matches!(pending.stage, Stage::Final) && course.last_position() == pending.task.start {
            pending.stage = Stage::Ready(route);
            self.pending = Some(pending);
            return;
        }
        // It can be done from about here; now from exactly where the group will stand.
        let outcome = self
            .task
            .as_ref()
            .filter(|task| task.ending.is_none())
            .map(|task| {
                task.outcome(
                    ctx.now,
                    Status::Aborted,
                    Code::Replaced,
                    "replaced by a newer goal",
                )
            });
        pending.stage = Stage::Stopping;
        let id = pending.id;
        self.pending = None; // a stop that fails must not take it along
        self.stop(ctx, outcome);
        if self.course.is_none() {
            let refusal = Refusal::new(Code::NotReady, "no stop could be planned before the path");
            return refuse(ctx, self.group.name, id, refusal);
        }
        self.pending = Some(pending);
        self.plan_from_rest(ctx);
    }

    /// Has a path planned anew from where the group will rest, as soon as that is known.
    fn plan_from_rest(&mut self, ctx: &mut Context<'_>) {
        let (Some(course), Some(mut pending)) = (&self.course, self.pending.take()) else {
            return;
        };
        if course.planned().is_some() {
            self.attempts += 1;
            pending.task.start = course.last_position();
            pending.attempt = self.attempts;
            pending.stage = Stage::Final;
            ctx.out.push_back(Output::Plan(self.plan_of(&pending)));
        }
        self.pending = Some(pending);
    }

    /// Begins a route that waits, once the group stands.
    pub(super) fn begin_when_standing(&mut self, ctx: &mut Context<'_>) {
        let stands = self.course.as_ref().is_some_and(|course| course.is_over(ctx.now));
        if !stands || self.task.is_some() {
            return;
        }
        if matches!(
            &self.pending,
            Some(Pending {
                stage: Stage::Stopping,
                ..
            })
        ) {
            return self.plan_from_rest(ctx);
        }
        if let Some(Pending {
            stage: Stage::Ready(_),
            ..
        }) = &self.pending
            && let Some(mut pending) = self.pending.take()
            && let Stage::Ready(route) = std::mem::replace(&mut pending.stage, Stage::Final)
        {
            self.begin_route(ctx, pending, route);
        }
    }

    fn begin_route(&mut self, ctx: &mut Context<'_>, pending: Pending, route: Route) {
        let Route {
            path,
            segment_ends,
            deviation,
        } = route;
        let mut kind = pending.kind;
        if let Kind::Path {
            segment_ends: ends,
            deviation: most,
            ..
        } = &mut kind
        {
            (*ends, *most) = (segment_ends, deviation);
        }
        let course = Course::along(path, ctx.now, &pending.task.bounds);
        self.begin(ctx, pending.id, kind, course, &pending.what);
    }

    /// Forgets a path that has not begun, and tells its sender.
    pub(super) fn drop_pending(
        &mut self,
        ctx: &mut Context<'_>,
        status: Status,
        code: Code,
        why: &str,
    ) -> bool {
        let Some(pending) = self.pending.take() else {
            return false;
        };
        let refusal = Refusal::new(code, why);
        super::end_unstarted(ctx, self.group.name, pending.id, status, refusal);
        true
    }

    fn path_task(&mut self, ctx: &Context<'_>, goal: &MoveGoal) -> Result<PlanTask, Refusal> {
        let (_, present) = self.present(ctx)?;
        let velocity = scale("velocity_scale", goal.velocity_scale)?;
        let acceleration = scale("acceleration_scale", goal.acceleration_scale)?;
        let path = &goal.path;
        let count = path.segments.len();
        if !(1..=MAX_SEGMENTS).contains(&count) {
            return Err(Refusal::invalid(format!(
                "a path has 1 to {MAX_SEGMENTS} segments, not {count}"
            )));
        }
        check_numbers(path)?;
        let joints_only = path.segments.iter().all(|segment| segment.kind == 0);
        let work = if joints_only {
            Work::Joints {
                segments: path.segments.clone(),
            }
        } else {
            self.tool_work(ctx, path)?
        };
        Ok(PlanTask {
            start: self.rest(&present),
            group: Arc::clone(&self.group),
            bounds: self.bounds.scaled(velocity, acceleration, acceleration),
            work,
            model: self.model.clone(),
        })
    }

    /// The trajectory's points as a path that passes them; those that come twice in a row once.
    fn retime_task(&mut self, ctx: &Context<'_>, goal: &FollowGoal) -> Result<PlanTask, Refusal> {
        if goal.stamp.is_some_and(|stamp| stamp > ctx.now) {
            return Err(Refusal::invalid(
                "a trajectory that breaks the limits is slowed down only if it starts at once, but its header's stamp is ahead",
            ));
        }
        let (_, present) = self.present(ctx)?;
        let start = self.rest(&present);
        let n = start.len();
        let mut segments: Vec<Segment> = Vec::with_capacity(goal.points.len());
        let mut before = start;
        for point in &goal.points {
            let mut position = before;
            for (name, value) in goal.joint_names.iter().zip(&point.positions) {
                if let Some(joint) = self.group.joint_index(name) {
                    position[joint] = *value;
                }
            }
            let same = (0..n).all(|joint| (position[joint] - before[joint]).abs() <= SAME);
            let first = segments.is_empty() && point.time_from_start_ns == 0;
            if !same && !first {
                segments.push(Segment {
                    corner: THROUGH,
                    position: position.to_vec(),
                    ..Segment::default()
                });
                before = position;
            }
        }
        if segments.is_empty() || segments.len() > MAX_SEGMENTS {
            return Err(Refusal::invalid(format!(
                "a trajectory that is slowed down to the limits has 1 to {MAX_SEGMENTS} different points, not {}",
                segments.len()
            )));
        }
        Ok(PlanTask {
            start,
            group: Arc::clone(&self.group),
            bounds: ctx.config.limit_factors.relax(&self.bounds),
            work: Work::Joints { segments },
            model: self.model.clone(),
        })
    }

    fn tool_work(&self, ctx: &Context<'_>, path: &PathGoal) -> Result<Work, Refusal> {
        let robot = ctx.robot.ok_or_else(no_robot)?;
        let tool = robot.tool(self.group.name, &path.tool)?;
        let limits = tool_limits(path, &ctx.config.tool)?;
        match robot.frame(&self.group, &path.frame)? {
            Frame::Fixed { root_from_frame } => Ok(Work::Tool {
                segments: path.segments.clone(),
                tool,
                root_from_frame,
                limits,
            }),
            Frame::Moving { link, joint } => self.track_work(ctx, path, (tool, limits), (link, joint)),
        }
    }
}

/// What the tool may do on a path: as the goal says, else as the parameters do.
pub(super) fn tool_limits(path: &PathGoal, default: &ToolSettings) -> Result<ToolSettings, Refusal> {
    let or = |name: &str, value: f64, default: f64, unit: &str| match value {
        0.0 => Ok(default),
        value if value > 0.0 && value.is_finite() => Ok(value),
        value => Err(Refusal::invalid(format!(
            "{name} is {value} {unit}, but must be positive, or 0 for the parameter's {default} {unit}"
        ))),
    };
    Ok(ToolSettings {
        speed: or("tool_speed", path.tool_speed, default.speed, "m/s")?,
        acceleration: or(
            "tool_acceleration",
            path.tool_acceleration,
            default.acceleration,
            "m/s²",
        )?,
        jerk: or("tool_jerk", path.tool_jerk, default.jerk, "m/s³")?,
        ..*default
    })
}

/// Numbers that are none would pass every comparison.
fn check_numbers(path: &PathGoal) -> Result<(), Refusal> {
    for (index, segment) in path.segments.iter().enumerate() {
        let fields: [(&str, &[f64]); 8] = [
            ("blend", std::slice::from_ref(&segment.blend)),
            ("position", &segment.position),
            ("pose.position", &segment.translation),
            ("pose.orientation", &segment.rotation),
            ("via", &segment.via),
            ("centre", &segment.centre),
            ("axis", &segment.axis),
            ("angle", std::slice::from_ref(&segment.angle)),
        ];
        for (field, values) in fields {
            if let Some(value) = values.iter().find(|value| !value.is_finite()) {
                return Err(Refusal::invalid(format!(
                    "segment {index}: {value} in {field} is not a finite number"
                )));
            }
        }
    }
    Ok(())
}

fn no_robot() -> Refusal {
    Refusal::invalid("paths of a tool need the robot's description: set the parameter robot_description_file")
}

/// Positions that differ by less are one, in rad or m.
const SAME: f64 = 1e-9;

/// The number of that corner in `servomesh_msgs/msg/PathSegment`.
const THROUGH: u8 = 2;

/// As many as a message holds.
const MAX_SEGMENTS: usize = servomesh_motion::path::MAX_SEGMENTS;
