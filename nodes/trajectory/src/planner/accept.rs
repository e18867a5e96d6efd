//! Which goals are taken on. A goal that is refused changes nothing: whatever the group was doing goes on.

use servomesh_types::{EventKind, JointVec, SafetyMode};
use std::time::Duration;

use super::{Context, Kind, Planner, Task, refuse};
use crate::follow::Start;
use crate::goal::{Code, FollowGoal, GoalId, MoveGoal, MoveMode, ParallelGripGoal, Refusal, Status};
use crate::grip::Grip;
use servomesh_motion::State;
use servomesh_motion::bounds::{Bounds, Quantity, unit};
use servomesh_motion::{Motion, TimedPath};
use servomesh_motion::{NoProfile, Profile};

/// What a gripper is asked for; 0 is the joint's own limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GripRequest {
    pub(crate) position: f64,
    pub(crate) max_velocity: f64,
    pub(crate) max_effort: f64,
}

impl Planner {
    /// Takes on a trajectory.
    pub(crate) fn follow(&mut self, ctx: &mut Context<'_>, id: GoalId, goal: &FollowGoal) {
        match self.plan_follow(ctx, goal) {
            Ok((kind, motion)) => {
                let what = format!("a trajectory of {} points", goal.points.len());
                self.begin(ctx, id, kind, motion, &what);
            }
            Err(refusal) => refuse(ctx, self.group.name, id, refusal),
        }
    }

    /// Takes on a move.
    pub(crate) fn go(&mut self, ctx: &mut Context<'_>, id: GoalId, goal: &MoveGoal) {
        match self.plan_move(ctx, goal) {
            Ok((kind, motion)) => {
                let what = if goal.mode == MoveMode::Velocity {
                    "a velocity"
                } else {
                    "a move"
                };
                self.begin(ctx, id, kind, motion, what);
            }
            Err(refusal) => refuse(ctx, self.group.name, id, refusal),
        }
    }

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

    fn begin(&mut self, ctx: &mut Context<'_>, id: GoalId, kind: Kind, motion: Motion, what: &str) {
        if let Some(task) = &mut self.task {
            let ending = task.ending.take();
            let outcome = ending.unwrap_or_else(|| {
                task.outcome(
                    ctx.now,
                    Status::Aborted,
                    Code::Replaced,
                    "replaced by a newer goal",
                )
            });
            self.finish(ctx, outcome);
        }
        let end = motion.end().unwrap_or(ctx.now);
        let text = format!("{what} over {:.2} s", end.since(ctx.now).as_secs_f64());
        self.event(ctx, EventKind::GoalAccepted, text);
        self.motion = Some(motion);
        self.running = None;
        self.grasp = None;
        self.effort_limit = JointVec::EMPTY;
        self.task = Some(Task {
            id,
            kind,
            accepted: ctx.now,
            end,
            settled_since: None,
            feedback_due: ctx.now,
            ending: None,
        });
    }

    /// The setpoint now, if the group can take goals.
    fn present(&self, ctx: &Context<'_>) -> Result<State, Refusal> {
        let name = self.group.name;
        let not_ready = |text: String| Err(Refusal::new(Code::NotReady, text));
        match &self.gate {
            None => {
                return not_ready(format!(
                    "group {name} is not ready: safety has not spoken of it yet"
                ));
            }
            Some(gate) if gate.mode != SafetyMode::Normal => {
                let why = gate
                    .fault
                    .map(|fault| format!(": {}", fault.describe(&self.group)));
                return not_ready(format!(
                    "group {name} is stopped by safety{}",
                    why.unwrap_or_default()
                ));
            }
            Some(_) => {}
        }
        match (&self.motion, self.silence(ctx)) {
            (None, _) => not_ready(format!("group {name} is not ready: its state is not known yet")),
            (Some(_), Some(silent)) => not_ready(format!(
                "group {name} is not ready: no motion state for {:.0} ms",
                silent.as_secs_f64() * 1e3
            )),
            (Some(motion), None) => Ok(motion.at(ctx.now)),
        }
    }

    fn plan_follow(&mut self, ctx: &Context<'_>, goal: &FollowGoal) -> Result<(Kind, Motion), Refusal> {
        let present = self.present(ctx)?;
        let kind = Kind::Follow {
            path: self
                .path_tolerance
                .with(&goal.path_tolerance, "path_tolerance", &self.group)?,
            goal: self
                .goal_tolerance
                .with(&goal.goal_tolerance, "goal_tolerance", &self.group)?,
            patience: match goal.goal_time_tolerance_ns {
                0 => default_patience(ctx),
                ns => u64::try_from(ns).ok().map(Duration::from_nanos),
            },
        };
        let rest = self.rest(&present);
        let start = Start {
            group: &self.group,
            config: ctx.config,
            bounds: &self.bounds,
            now: ctx.now,
            present,
            rest,
            deviation: self.deviation(),
        };
        let motion = match start.path(goal)? {
            Some(spline) => {
                let bounds = ctx.config.limit_factors.relax(&self.bounds);
                Motion::along(TimedPath::Spline(spline), ctx.now, &bounds)
            }
            None => Motion::Hold(present.position),
        };
        Ok((kind, motion))
    }

    fn plan_move(&mut self, ctx: &Context<'_>, goal: &MoveGoal) -> Result<(Kind, Motion), Refusal> {
        let present = self.present(ctx)?;
        let velocity_scale = scale("velocity_scale", goal.velocity_scale)?;
        let acceleration_scale = scale("acceleration_scale", goal.acceleration_scale)?;
        let bounds = self.bounds.scaled(velocity_scale, 1.0, 1.0);
        let patience = default_patience(ctx);
        let (kind, target) = match goal.mode {
            MoveMode::Joint => {
                let rest = self.rest(&present);
                (
                    Kind::Move { patience },
                    self.target(goal, rest, Quantity::Position, &bounds)?,
                )
            }
            MoveMode::Other(number) => {
                return Err(Refusal::invalid(format!(
                    "mode {number} is neither 0 (joint) nor 1 (velocity)"
                )));
            }
            MoveMode::Velocity if !self.group.capabilities.endless => {
                return Err(Refusal::invalid(format!(
                    "group {} does not run without end: it takes no velocity goals",
                    self.group.name
                )));
            }
            MoveMode::Velocity => {
                let others = JointVec::zeros(present.velocity.len());
                let target = self.target(goal, others, Quantity::Velocity, &bounds)?;
                (Kind::Run { target, patience }, target)
            }
        };
        let profile = self.gentlest(&present, &target, goal.mode, &bounds, acceleration_scale)?;
        Ok((
            kind,
            Motion::along(TimedPath::Profile(profile), ctx.now, &self.bounds),
        ))
    }

    /// The motion with that share of acceleration and jerk, or with as much as coming off the present motion takes: a
    /// joint that nears its end at full speed can't turn there gently.
    fn gentlest(
        &mut self,
        present: &State,
        target: &JointVec,
        mode: MoveMode,
        bounds: &Bounds,
        share: f64,
    ) -> Result<Profile, Refusal> {
        let mut failure = None;
        for (acceleration, jerk) in [(share, share), (share, 1.0), (1.0, 1.0)] {
            let gentle = bounds.scaled(1.0, acceleration, jerk);
            let profile = if mode == MoveMode::Velocity {
                self.point_to_point.velocity(present, target, &gentle)
            } else {
                self.point_to_point.position(present, target, &gentle)
            };
            let checked =
                profile.and_then(
                    |profile| match profile.excess(&self.bounds.around(&present.position)) {
                        Some(excess) => Err(NoProfile::Beyond(excess)),
                        None => Ok(profile),
                    },
                );
            match checked {
                Ok(profile) => return Ok(profile),
                Err(error) => failure = Some(error),
            }
        }
        let why = failure.map(|error| error.describe(&self.group));
        Err(Refusal::invalid(why.unwrap_or_default()))
    }

    fn plan_grip(&mut self, ctx: &Context<'_>, request: GripRequest) -> Result<(Kind, Motion), Refusal> {
        let present = self.present(ctx)?;
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
        let profile = self.gentlest(&present, &target, MoveMode::Joint, &bounds, 1.0)?;
        let kind = Kind::Grip(Grip::new(present.position[0], position, &ctx.config.gripper));
        Ok((
            kind,
            Motion::along(TimedPath::Profile(profile), ctx.now, &self.bounds),
        ))
    }

    /// A move's target for all joints, with `others` for those it does not name.
    fn target(
        &self,
        goal: &MoveGoal,
        others: JointVec,
        quantity: Quantity,
        bounds: &Bounds,
    ) -> Result<JointVec, Refusal> {
        let n = self.group.joints.len();
        let expected = if goal.joint_names.is_empty() {
            n
        } else {
            goal.joint_names.len()
        };
        if goal.target.len() != expected {
            return Err(Refusal::invalid(format!(
                "target has {} values for {expected} joints",
                goal.target.len()
            )));
        }
        let mut target = others;
        let mut named = [false; servomesh_types::MAX_JOINTS];
        for (place, value) in goal.target.iter().enumerate() {
            let joint = match goal.joint_names.get(place) {
                None => place,
                Some(name) => self.group.joint_index(name).ok_or_else(|| {
                    let text = format!("joint {name:?} is not one of group {}'s", self.group.name);
                    Refusal::new(Code::InvalidJoints, text)
                })?,
            };
            if std::mem::replace(&mut named[joint], true) {
                let text = format!("joint {} is named twice", self.group.joint_name(joint));
                return Err(Refusal::new(Code::InvalidJoints, text));
            }
            self.check(joint, *value, quantity, bounds)?;
            target[joint] = *value;
        }
        Ok(target)
    }

    fn check(&self, joint: usize, value: f64, quantity: Quantity, bounds: &Bounds) -> Result<(), Refusal> {
        let name = self.group.joint_name(joint);
        if !value.is_finite() {
            return Err(Refusal::invalid(format!(
                "joint {name}: target {} {value} is not a finite number",
                quantity.name()
            )));
        }
        let (lower, upper) = bounds.interval(joint, quantity);
        if value < lower || value > upper {
            return Err(Refusal::invalid(format!(
                "joint {name}: target {} {value:.4} {unit} is beyond its limit {:.4} {unit}",
                quantity.name(),
                bounds.limit(joint, quantity, value),
                unit = unit(&self.group, joint, quantity),
            )));
        }
        Ok(())
    }

    /// Where the group would come to rest if it stopped now.
    fn rest(&mut self, present: &State) -> JointVec {
        if present.is_at_rest() {
            return present.position;
        }
        match self.point_to_point.rest(present, &self.bounds) {
            Ok(stop) => stop.at(stop.duration()).state.position,
            Err(_) => present.position,
        }
    }

    /// Measured minus setpoint, both at the time of the measurement.
    fn deviation(&self) -> JointVec {
        match (&self.measured, &self.motion) {
            (Some(measured), Some(motion)) => {
                let desired = motion.when_measured(measured.motion.stamp).position;
                JointVec::from_fn(desired.len(), |i| measured.motion.position[i] - desired[i])
            }
            _ => JointVec::zeros(self.group.joints.len()),
        }
    }
}

fn default_patience(ctx: &Context<'_>) -> Option<Duration> {
    Some(ctx.config.goal_time_tolerance).filter(|patience| !patience.is_zero())
}

fn scale(name: &str, value: f64) -> Result<f64, Refusal> {
    match value {
        0.0 => Ok(1.0),
        value if value > 0.0 && value <= 1.0 => Ok(value),
        _ => Err(Refusal::invalid(format!(
            "{name} {value} is not within 0 (for 1) and 1"
        ))),
    }
}
