//! Which goals are taken on. A goal that is refused changes nothing: whatever the group was doing goes on.

use servomesh_types::{EventKind, JointVec, SafetyMode, Stamp};
use std::time::Duration;

use super::course::Course;
use super::telling::trajectory_of;
use super::{Context, Kind, Planner, Task, refuse};
use crate::follow::{Start, Unfollowable};
use crate::torque::Overload;
use crate::{Code, FollowGoal, GoalId, MoveGoal, MoveMode, Refusal, Status};
use servomesh_motion::bounds::unit;
use servomesh_motion::profile::Synchronization;
use servomesh_motion::{Bounds, Entry, Motion, NoProfile, Quantity, State, TimedPath};

impl Planner {
    /// Takes on a trajectory.
    pub(crate) fn follow(&mut self, ctx: &mut Context<'_>, id: GoalId, goal: &FollowGoal) {
        match self.plan_follow(ctx, goal) {
            Ok((kind, motion)) => {
                let what = trajectory_of(goal);
                self.begin(ctx, id, kind, motion, &what);
            }
            Err((refusal, None)) => refuse(ctx, self.group.name, id, refusal),
            Err((_, Some(kind))) => self.retime(ctx, id, goal, *kind),
        }
    }

    /// Takes on a move.
    pub(crate) fn go(&mut self, ctx: &mut Context<'_>, id: GoalId, goal: &MoveGoal) {
        if goal.mode == MoveMode::Path {
            return self.path(ctx, id, goal);
        }
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

    pub(super) fn begin(
        &mut self,
        ctx: &mut Context<'_>,
        id: GoalId,
        kind: Kind,
        course: Course,
        what: &str,
    ) {
        self.drop_pending(ctx, Status::Aborted, Code::Replaced, "replaced by a newer goal");
        self.release = false;
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
        let text = match course.end() {
            Some(end) => format!("{what} over {:.2} s", end.since(ctx.now).as_secs_f64()),
            None => what.to_owned(),
        };
        let end = course.end().unwrap_or(ctx.now);
        self.event(ctx, EventKind::GoalAccepted, text);
        self.course = Some(course);
        self.apply_scale(ctx);
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
            path_s: 0.0,
            ending: None,
        });
    }

    /// From where a new motion starts, and when that is, if the group can take goals.
    pub(super) fn present(&self, ctx: &Context<'_>) -> Result<(Stamp, State), Refusal> {
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
        match (&self.course, self.silence(ctx)) {
            (None, _) => not_ready(format!("group {name} is not ready: its state is not known yet")),
            (Some(_), Some(silent)) => not_ready(format!(
                "group {name} is not ready: no motion state for {:.0} ms",
                silent.as_secs_f64() * 1e3
            )),
            (Some(course), None) => Ok(course.present(ctx.now)),
        }
    }

    /// Has a motion planned that takes over from the present one: at the rate that motions run at, or the nearest it can
    /// begin at. `plan` is given the state to start from on the path's own time; without a path, the group stands.
    pub(super) fn take_over<T, E>(
        &mut self,
        (began, present): (Stamp, State),
        bounds: &Bounds,
        mut plan: impl FnMut(&mut Self, &State) -> Result<(T, Option<TimedPath>), E>,
    ) -> Result<(T, Course), E> {
        let rate = self.rate();
        let motion = self.course.as_ref().and_then(Course::planned);
        let mut entries = Entry::all(&present, motion, began, rate, &self.bounds);
        let last = entries.pop().unwrap_or_else(|| Entry::planned(&present));
        for entry in &entries {
            if let Ok((what, Some(path))) = plan(self, &entry.state)
                && let Some(motion) = Motion::entering(path, began, bounds, entry, rate)
            {
                return Ok((what, Course::Planned(motion)));
            }
        }
        let (what, path) = plan(self, &last.state)?;
        let course = match path {
            Some(path) => Course::Planned(Motion::at_rate(path, began, bounds, last.time.rate, rate)),
            None => Course::hold(present.position),
        };
        Ok((what, course))
    }

    /// The motion; else why not, and what to do with one that is only too fast.
    fn plan_follow(&mut self, ctx: &Context<'_>, goal: &FollowGoal) -> Result<(Kind, Course), Declined> {
        let refused = |refusal| (refusal, None);
        let (began, present) = self.present(ctx).map_err(refused)?;
        let path = self
            .path_tolerance
            .with(&goal.path_tolerance, "path_tolerance", &self.group)
            .map_err(refused)?;
        let tolerance = self
            .goal_tolerance
            .with(&goal.goal_tolerance, "goal_tolerance", &self.group)
            .map_err(refused)?;
        let kind = |effort| Kind::Follow {
            path,
            goal: tolerance,
            patience: match goal.goal_time_tolerance_ns {
                0 => default_patience(ctx),
                ns => u64::try_from(ns).ok().map(Duration::from_nanos),
            },
            effort,
        };
        let deviation = self.deviation();
        let bounds = ctx.config.limit_factors.relax(&self.bounds);
        let planned = self.take_over((began, present), &bounds, |planner, present| {
            let start = Start {
                rest: planner.rest(present),
                group: &planner.group,
                config: ctx.config,
                bounds: &planner.bounds,
                now: began,
                present: *present,
                deviation,
            };
            let Some(spline) = start.path(goal)? else {
                return Ok((None, None));
            };
            let effort = start.effort(goal)?;
            let path = TimedPath::Spline(spline);
            match planner.overload(&path) {
                Some(overload) => Err(Refusal::invalid(overload.describe(&planner.group)).into()),
                None => Ok((effort, Some(path))),
            }
        });
        match planned {
            Ok((effort, course)) => Ok((kind(effort), course)),
            Err(Unfollowable { refusal, too_fast }) => {
                let slower = too_fast && ctx.config.retime_trajectories;
                Err((refusal, slower.then(|| Box::new(kind(None)))))
            }
        }
    }

    fn plan_move(&mut self, ctx: &Context<'_>, goal: &MoveGoal) -> Result<(Kind, Course), Refusal> {
        let began = self.present(ctx)?;
        let velocity_scale = scale("velocity_scale", goal.velocity_scale)?;
        let acceleration_scale = scale("acceleration_scale", goal.acceleration_scale)?;
        let bounds = self.bounds.scaled(velocity_scale, 1.0, 1.0);
        let patience = default_patience(ctx);
        let named = (&goal.joint_names[..], &goal.target[..]);
        match goal.mode {
            MoveMode::Other(number) => {
                return Err(Refusal::invalid(format!(
                    "mode {number} is none of 0 (joint), 1 (velocity), 2 (path)"
                )));
            }
            MoveMode::Path => return Err(Refusal::invalid("a path is planned, not moved to")),
            MoveMode::Velocity if !self.group.capabilities.endless => {
                return Err(Refusal::invalid(format!(
                    "group {} does not run without end: it takes no velocity goals",
                    self.group.name
                )));
            }
            MoveMode::Joint | MoveMode::Velocity => {}
        }
        let together = synchronization(goal.synchronization)?;
        let how = (goal.mode, together);
        let whole = self.bounds;
        self.take_over(began, &whole, |planner, present| {
            let (kind, target) = if goal.mode == MoveMode::Velocity {
                let others = JointVec::zeros(present.velocity.len());
                let target = planner.values("target", named, others, (Quantity::Velocity, &bounds))?;
                (Kind::Run { target, patience }, target)
            } else {
                let rest = planner.rest(present);
                let target = planner.values("target", named, rest, (Quantity::Position, &bounds))?;
                (Kind::Move { patience }, target)
            };
            let path = planner.gentlest(present, &target, how, &bounds, acceleration_scale)?;
            Ok((kind, Some(path)))
        })
    }

    /// The motion with that share of acceleration and jerk, or with as much as coming off the present motion takes: a
    /// joint that nears its end at full speed can't turn there gently. Gentler, if the joints have not the effort for it.
    pub(super) fn gentlest(
        &mut self,
        present: &State,
        target: &JointVec,
        how: (MoveMode, Synchronization),
        bounds: &Bounds,
        share: f64,
    ) -> Result<TimedPath, Refusal> {
        let mut failure = None;
        for (acceleration, jerk) in [(share, share), (share, 1.0), (1.0, 1.0)] {
            let gentle = bounds.scaled(1.0, acceleration, jerk);
            match self.transfer(present, target, how, &gentle) {
                Ok(path) => return self.within_torque(path, present, target, how, &gentle),
                Err(error) => failure = Some(error),
            }
        }
        let why = failure.map(|error| error.describe(&self.group));
        Err(Refusal::invalid(why.unwrap_or_default()))
    }

    fn transfer(
        &mut self,
        present: &State,
        target: &JointVec,
        (mode, together): (MoveMode, Synchronization),
        bounds: &Bounds,
    ) -> Result<TimedPath, NoProfile> {
        let profile = if mode == MoveMode::Velocity {
            self.point_to_point
                .velocity_with(present, target, bounds, together)
        } else {
            self.point_to_point
                .position_with(present, target, bounds, together)
        }?;
        match profile.excess(&self.bounds.around(&present.position)) {
            Some(excess) => Err(NoProfile::Beyond(excess)),
            None => Ok(TimedPath::Profile(profile)),
        }
    }

    /// The same motion if the joints have the effort for it, else the first gentler one that they have it for.
    fn within_torque(
        &mut self,
        path: TimedPath,
        present: &State,
        target: &JointVec,
        how: (MoveMode, Synchronization),
        bounds: &Bounds,
    ) -> Result<TimedPath, Refusal> {
        let Some(mut overload) = self.overload(&path) else {
            return Ok(path);
        };
        let mut share = 1.0;
        while share > GENTLEST {
            share *= GENTLER;
            let gentle = bounds.scaled(share.sqrt(), share, share);
            // A state that moves may be beyond what is gentler.
            let Ok(path) = self.transfer(present, target, how, &gentle) else {
                break;
            };
            match self.overload(&path) {
                None => return Ok(path),
                Some(next) => overload = next,
            }
        }
        Err(Refusal::invalid(overload.describe(&self.group)))
    }

    fn overload(&mut self, path: &TimedPath) -> Option<Overload> {
        self.torque.as_mut()?.overload(path)
    }

    /// Values of all joints, with `others` for those that are not named; `field` is what the message calls them.
    pub(super) fn values(
        &self,
        field: &str,
        (names, values): (&[String], &[f64]),
        others: JointVec,
        (quantity, bounds): (Quantity, &Bounds),
    ) -> Result<JointVec, Refusal> {
        let n = self.group.joints.len();
        let expected = if names.is_empty() { n } else { names.len() };
        if values.len() != expected {
            return Err(Refusal::invalid(format!(
                "{field} has {} values for {expected} joints",
                values.len()
            )));
        }
        let mut all = others;
        let mut named = [false; servomesh_types::MAX_JOINTS];
        for (place, value) in values.iter().enumerate() {
            let joint = match names.get(place) {
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
            all[joint] = *value;
        }
        Ok(all)
    }

    pub(super) fn check(
        &self,
        joint: usize,
        value: f64,
        quantity: Quantity,
        bounds: &Bounds,
    ) -> Result<(), Refusal> {
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
    pub(super) fn rest(&mut self, present: &State) -> JointVec {
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
        match (&self.measured, &self.course) {
            (Some(measured), Some(course)) => {
                let desired = course.when_measured(measured.motion.holds_at).position;
                JointVec::from_fn(desired.len(), |i| measured.motion.position[i] - desired[i])
            }
            _ => JointVec::zeros(self.group.joints.len()),
        }
    }
}

pub(super) fn default_patience(ctx: &Context<'_>) -> Option<Duration> {
    Some(ctx.config.goal_time_tolerance).filter(|patience| !patience.is_zero())
}

pub(super) fn scale(name: &str, value: f64) -> Result<f64, Refusal> {
    match value {
        0.0 => Ok(1.0),
        value if value > 0.0 && value <= 1.0 => Ok(value),
        _ => Err(Refusal::invalid(format!(
            "{name} {value} is not within 0 (for 1) and 1"
        ))),
    }
}

/// How joints go together, by the number in `servomesh_msgs/action/Move`.
fn synchronization(number: u8) -> Result<Synchronization, Refusal> {
    match number {
        0 => Ok(Synchronization::Phase),
        1 => Ok(Synchronization::Time),
        2 => Ok(Synchronization::None),
        3 => Ok(Synchronization::Straight),
        other => Err(Refusal::invalid(format!(
            "synchronization {other} is none of 0 (phase), 1 (time), 2 (none), 3 (straight)"
        ))),
    }
}

/// From one try at a gentler motion to the next.
const GENTLER: f64 = 0.8;

/// No motion is tried with less of the limits on acceleration.
const GENTLEST: f64 = 0.05;

/// Why a trajectory is not followed as it is, and what to do with it if it is only too fast.
type Declined = (Refusal, Option<Box<Kind>>);
