//! One group's planner: what it is doing, for which goal, and what goes out at each tick.
//!
//! ```text
//!              measured, gate normal            goal             at its end
//!   Unseeded ────────────────────────► Holding ──────► Executing ───────────► Holding
//!      ▲                                  ▲                │ cancel, tolerance, silence
//!      │ gate not normal, new epoch       └── Stopping ◄───┘
//!      └─────────────── (from anywhere)     at rest
//! ```
//!
//! [`accept`] decides which goals are taken on, [`judge`] whether a measured state ends one.
//!
//! **Invariant:** while seeded, each tick hands out exactly one setpoint, and successive ones are one continuous motion.
//! Every goal that was taken gets exactly one `Done`.

mod accept;
mod coupling;
mod course;
mod gripping;
mod jogging;
mod judge;
mod online;
mod routes;
mod steering;
mod tracking;

pub(crate) use gripping::GripRequest;

use servomesh_types::{
    Event, EventKind, GroupDescription, GroupMotion, GroupName, GroupSafety, JointVec, SafetyMode, Setpoint,
    Stamp, StreamTag,
};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::effort::EffortTrack;
use crate::grip::Grip;
use crate::peers::Peers;
use crate::robot::Robot;
use crate::tolerance::Tolerance;
use crate::torque::Torque;
use crate::{Code, Feedback, GoalId, GripResult, Outcome, Output, Refusal, Status};
use course::Course;
use routes::Pending;
use servomesh_motion::{Bounds, PointToPoint, State, TimedPath};
use servomesh_robot::{Model, RobotError};

/// What a group is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Its state or `safety`'s word is missing: no setpoints.
    Unseeded,
    /// It stands still under setpoints.
    Holding,
    /// It follows a goal.
    Executing,
    /// It comes to rest.
    Stopping,
}

impl Phase {
    /// The phase in a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unseeded => "unseeded",
            Self::Holding => "holding",
            Self::Executing => "executing",
            Self::Stopping => "stopping",
        }
    }
}

/// The moment, the settings, and where outputs go.
pub(crate) struct Context<'a> {
    pub(crate) now: Stamp,
    pub(crate) config: &'a Config,
    pub(crate) robot: Option<&'a Robot>,
    pub(crate) peers: &'a Peers,
    pub(crate) out: &'a mut VecDeque<Output>,
}

/// One group's planner.
pub(crate) struct Planner {
    group: Arc<GroupDescription>,
    /// Its joints and what they move, if that is known.
    model: Option<Arc<Model>>,
    torque: Option<Torque>,
    bounds: Bounds,
    path_tolerance: Tolerance,
    goal_tolerance: Tolerance,
    point_to_point: PointToPoint,
    gate: Option<GroupSafety>,
    measured: Option<Measured>,
    /// `None`: unseeded.
    course: Option<Course>,
    task: Option<Task>,
    /// A path that has not begun.
    pending: Option<Pending>,
    /// Plans asked for so far.
    attempts: u64,
    /// How fast the operator wants motions to run, of what is planned.
    scale: f64,
    /// Torque off at the end of this stop.
    release: bool,
    /// The velocity goal that was reached and keeps running.
    running: Option<GoalId>,
    effort_limit: JointVec,
    grasp: Option<Grasp>,
    seq: u64,
    streamed: Option<Stamp>,
    /// When a jog request was last told to be refused.
    complained: Option<Stamp>,
    /// Whether the last motion state could not be used, so that it is told once.
    bad_motion: bool,
}

/// The newest motion state.
#[derive(Clone, Copy, Debug)]
struct Measured {
    heard: Stamp,
    motion: GroupMotion,
}

/// A goal that was taken.
#[derive(Debug)]
struct Task {
    id: GoalId,
    kind: Kind,
    accepted: Stamp,
    /// When the motion of the goal ends.
    end: Stamp,
    settled_since: Option<Stamp>,
    feedback_due: Stamp,
    /// How it will have ended once the group is at rest.
    ending: Option<Outcome>,
}

#[derive(Debug)]
enum Kind {
    Follow {
        path: Tolerance,
        goal: Tolerance,
        patience: Option<Duration>,
        effort: Option<EffortTrack>,
    },
    Move {
        patience: Option<Duration>,
    },
    Path {
        patience: Option<Duration>,
        /// When each segment ends, in s of the path's time, and which one it is.
        segment_ends: Vec<(f64, usize)>,
        deviation: f64,
    },
    Run {
        target: JointVec,
        patience: Option<Duration>,
    },
    /// In step with another group until it is cancelled.
    Couple,
    /// In a frame that another group moves.
    Track,
    Grip(Grip),
}

/// What a gripper holds: kept beyond a stop, so that a reset does not drop the part.
#[derive(Clone, Copy, Debug)]
struct Grasp {
    position: f64,
    hold: f64,
    effort_limit: JointVec,
}

impl Planner {
    /// A planner for a group that has at least one joint.
    pub(crate) fn new(
        group: GroupDescription,
        config: &Config,
        robot: Option<&Robot>,
    ) -> Result<Self, RobotError> {
        let model = robot.map(|robot| robot.of_group(&group)).transpose()?;
        let torque = model.clone().map(|model| Torque::new(model, &group));
        Ok(Self {
            bounds: Bounds::of(&group),
            path_tolerance: Tolerance::of_path(&group, config),
            goal_tolerance: Tolerance::of_goal(&group, config),
            point_to_point: PointToPoint::new(group.joints.len()),
            group: Arc::new(group),
            model: model.map(Arc::new),
            torque,
            gate: None,
            measured: None,
            course: None,
            task: None,
            pending: None,
            attempts: 0,
            scale: 1.0,
            release: false,
            running: None,
            effort_limit: JointVec::EMPTY,
            grasp: None,
            seq: 0,
            streamed: None,
            complained: None,
            bad_motion: false,
        })
    }

    pub(crate) fn group(&self) -> &GroupDescription {
        &self.group
    }

    /// Whether others' setpoints have to be known before its own.
    pub(crate) fn follows(&self) -> bool {
        matches!(&self.course, Some(Course::Online(online)) if online.follows())
    }

    pub(crate) fn shared_group(&self) -> &Arc<GroupDescription> {
        &self.group
    }

    /// The newest setpoint and when it applies.
    pub(crate) fn commanded(&self) -> Option<(Stamp, State)> {
        let stamp = self.streamed?;
        Some((stamp, self.course.as_ref()?.at(stamp)))
    }

    pub(crate) fn phase(&self, now: Stamp) -> Phase {
        match (&self.course, &self.task) {
            (None, _) => Phase::Unseeded,
            (Some(_), Some(Task { ending: None, .. })) => Phase::Executing,
            (Some(motion), _) if motion.is_over(now) => Phase::Holding,
            _ if self.running.is_some() => Phase::Executing,
            _ => Phase::Stopping,
        }
    }

    /// Takes what `safety` says of this group.
    pub(crate) fn gate(&mut self, ctx: &mut Context<'_>, gate: &GroupSafety) {
        let before = self.gate.replace(*gate);
        if before.is_none_or(|before| before.speed_scale.total_cmp(&gate.speed_scale).is_ne()) {
            self.apply_scale(ctx);
        }
        if gate.mode == SafetyMode::Normal && before.is_none_or(|before| before.epoch == gate.epoch) {
            return;
        }
        let why = match (gate.mode, gate.fault) {
            (SafetyMode::Normal, _) => "safety has started a new epoch".to_owned(),
            (_, Some(fault)) => format!("safety stopped the group: {}", fault.describe(&self.group)),
            (_, None) => "safety stopped the group".to_owned(),
        };
        self.unseed(ctx, Code::Stopped, why);
    }

    /// Takes what the group really does: seeds from it, and judges the goal by it.
    pub(crate) fn measure(&mut self, ctx: &mut Context<'_>, motion: GroupMotion) {
        let n = self.group.joints.len();
        let complete = motion.position.len() == n && motion.velocity.len() == n;
        if !complete || !motion.position.is_finite() || !motion.velocity.is_finite() {
            if !std::mem::replace(&mut self.bad_motion, true) {
                let text = format!("motion state {motion:?} does not fit {n} joints, and is not used");
                self.event(ctx, EventKind::Fault, text);
            }
            return; // it goes silent, which stops a motion
        }
        self.bad_motion = false;
        if self
            .measured
            .is_some_and(|before| motion.stamp <= before.motion.stamp)
        {
            return; // overtaken on its way: the newer one was judged already
        }
        self.measured = Some(Measured {
            heard: ctx.now,
            motion,
        });
        if self.course.is_some() {
            self.judge(ctx);
        } else if self.gate.is_some_and(|gate| gate.mode == SafetyMode::Normal) {
            self.seed(ctx);
        }
    }

    /// Gives up a goal; tells whether it was this planner's.
    pub(crate) fn cancel(&mut self, ctx: &mut Context<'_>, id: GoalId) -> bool {
        if self.pending.as_ref().is_some_and(|pending| pending.id == id) {
            self.drop_pending(ctx, Status::Cancelled, Code::Successful, "cancelled");
            return true;
        }
        if self.running == Some(id) {
            self.stop(ctx, None);
            return true;
        }
        match &self.task {
            Some(task) if task.id == id => {
                if task.ending.is_none() {
                    let outcome = task.outcome(ctx.now, Status::Cancelled, Code::Successful, "cancelled");
                    self.stop(ctx, Some(outcome));
                }
                true
            }
            _ => false,
        }
    }

    /// Gives up whatever is going on, since the group is no longer what it was.
    pub(crate) fn unseed(&mut self, ctx: &mut Context<'_>, code: Code, why: String) {
        self.course = None;
        self.streamed = None;
        self.running = None;
        self.release = false;
        self.effort_limit = JointVec::EMPTY;
        self.drop_pending(ctx, Status::Aborted, code, &why);
        if let Some(task) = &self.task {
            let outcome = task.outcome(ctx.now, Status::Aborted, code, why);
            self.finish(ctx, outcome);
        }
    }

    /// One step on the grid.
    pub(crate) fn tick(&mut self, ctx: &mut Context<'_>) {
        self.watch(ctx);
        self.begin_when_standing(ctx);
        let Some(gate) = self.gate else { return };
        let Some(course) = &mut self.course else { return };
        if !course.tick(ctx.now, ctx.peers) {
            let why = "what leads the group can't be followed any more".to_owned();
            self.abort(ctx, Code::NotReady, why);
        }
        self.judge_tracking(ctx);
        let Some(course) = &mut self.course else { return };
        if let (Some(task), Some(end)) = (&mut self.task, course.planned_end(ctx.now)) {
            task.end = end; // it moves with the rate
        }
        let state = course.at(ctx.now);
        let path_time = course.planned().and_then(|motion| motion.path_time(ctx.now));
        let effort = match (&self.task, path_time) {
            (
                Some(Task {
                    kind: Kind::Follow {
                        effort: Some(track), ..
                    },
                    ..
                }),
                Some((path_s, _)),
            ) => track.at(path_s),
            _ => JointVec::EMPTY,
        };
        let stopping = course.stopping(ctx.now, &self.bounds);
        let over = course.is_over(ctx.now);
        let tag = StreamTag {
            stamp: ctx.now,
            epoch: gate.epoch,
            seq: self.seq,
            valid_for: ctx.config.valid_for,
            ..StreamTag::default()
        };
        let State {
            position,
            velocity,
            acceleration,
        } = state;
        let effort_limit = self.effort_limit;
        let setpoint = Setpoint {
            tag,
            position,
            velocity,
            acceleration,
            effort,
            effort_limit,
            release: over && self.release,
            stopping: Some(stopping),
        };
        ctx.out.push_back(Output::Setpoint {
            group: self.group.name,
            setpoint,
        });
        self.seq += 1;
        self.streamed = Some(ctx.now);
        if over && let Some(outcome) = self.task.as_mut().and_then(|task| task.ending.take()) {
            self.finish(ctx, outcome);
        }
        self.lose_patience(ctx);
        self.feedback(ctx, &state);
    }

    /// Ends a motion that has lost what it needs: its own rhythm, or the measured state.
    fn watch(&mut self, ctx: &mut Context<'_>) {
        let Some(course) = &self.course else { return };
        if let Some(last) = self.streamed {
            let gap = ctx.now.since(last);
            if gap > ctx.config.valid_for && !course.is_over(last) {
                // Going on would jump; `safety` has taken over long since.
                let why = format!("no setpoint could be made for {:.0} ms", gap.as_secs_f64() * 1e3);
                self.event(ctx, EventKind::Stopped, why.clone());
                self.unseed(ctx, Code::NotReady, why);
                return;
            }
        }
        let executing = self.task.as_ref().is_some_and(|task| task.ending.is_none());
        let at_risk = executing || self.running.is_some();
        if let Some(silent) = self.silence(ctx)
            && at_risk
        {
            let why = format!("no motion state for {:.0} ms", silent.as_secs_f64() * 1e3);
            self.abort(ctx, Code::NotReady, why);
        }
    }

    /// How long the motion state has been silent, if that is too long.
    fn silence(&self, ctx: &Context<'_>) -> Option<Duration> {
        let silent = ctx
            .now
            .since(self.measured.map_or(Stamp::ZERO, |measured| measured.heard));
        (silent > ctx.config.motion_timeout).then_some(silent)
    }

    fn seed(&mut self, ctx: &mut Context<'_>) {
        let Some(measured) = self.measured.map(|measured| measured.motion) else {
            return;
        };
        let at_rest = State::at_rest(measured.position);
        let moving = (0..measured.velocity.len()).any(|i| {
            let joint = &self.group.joints[i];
            measured.velocity[i].abs() > ctx.config.tolerances(&joint.name, joint.kind).stopped_velocity
        });
        self.course = Some(Course::hold(measured.position));
        self.effort_limit = JointVec::EMPTY;
        if moving {
            let limit = &self.bounds.velocity;
            let velocity =
                JointVec::from_fn(limit.len(), |i| measured.velocity[i].clamp(-limit[i], limit[i]));
            let stop = self
                .point_to_point
                .rest(&State { velocity, ..at_rest }, &self.bounds);
            self.grasp = None;
            self.course = stop
                .ok()
                .map(|stop| Course::along(TimedPath::Profile(stop), ctx.now, &self.bounds));
        } else if let Some(grasp) = self.grasp {
            let squeeze = grasp.hold - grasp.position;
            let hold = JointVec::from([measured.position[0] + squeeze]);
            let kept = (measured.position[0] - grasp.position).abs() <= 2.0 * squeeze.abs();
            let profile = self.point_to_point.position(&at_rest, &hold, &self.bounds);
            match profile {
                Ok(profile) if kept => {
                    self.course = Some(Course::along(TimedPath::Profile(profile), ctx.now, &self.bounds));
                    self.effort_limit = grasp.effort_limit;
                }
                _ => self.grasp = None, // the part is gone
            }
        }
    }

    /// Comes to rest, then ends the goal with `outcome`.
    fn stop(&mut self, ctx: &mut Context<'_>, outcome: Option<Outcome>) {
        self.running = None;
        let Some(course) = &mut self.course else { return };
        let longest = ctx.config.max_stop_on_path;
        let stopped = course.stop(ctx.now, &self.bounds, longest, &mut self.point_to_point);
        if let Err(error) = stopped {
            // Silence hands the stop to `safety`.
            let why = format!("no stop could be planned: {}", error.describe(&self.group));
            self.event(ctx, EventKind::Fault, why.clone());
            return self.unseed(ctx, Code::NotReady, why);
        }
        if let Some(task) = &mut self.task {
            task.ending = outcome;
        }
    }

    /// Gives up the goal for a reason nobody asked for, and comes to rest.
    fn abort(&mut self, ctx: &mut Context<'_>, code: Code, why: String) {
        self.event(ctx, EventKind::Stopped, why.clone());
        let outcome = self
            .task
            .as_ref()
            .map(|task| task.outcome(ctx.now, Status::Aborted, code, why));
        self.stop(ctx, outcome);
    }

    fn finish(&mut self, ctx: &mut Context<'_>, mut outcome: Outcome) {
        let Some(task) = self.task.take() else { return };
        outcome.duration = ctx.now.since(task.accepted);
        if let (Kind::Grip(_), None, Some(measured)) = (&task.kind, &outcome.grip, &self.measured) {
            outcome.grip = Some(GripResult {
                position: measured.motion.position[0],
                effort: measured.motion.effort.first().copied().unwrap_or(0.0),
                ..GripResult::default()
            });
        }
        let (kind, text) = match outcome.status {
            Status::Succeeded => (
                EventKind::Arrived,
                format!("goal reached after {:.2} s", outcome.duration.as_secs_f64()),
            ),
            Status::Aborted => (EventKind::GoalAborted, format!("goal given up: {}", outcome.text)),
            Status::Cancelled => (EventKind::GoalAborted, "goal cancelled".to_owned()),
        };
        self.event(ctx, kind, text);
        ctx.out.push_back(Output::Done { id: task.id, outcome });
    }

    fn feedback(&mut self, ctx: &mut Context<'_>, desired: &State) {
        let (Some(task), Some(measured), Some(course)) = (&mut self.task, &self.measured, &self.course)
        else {
            return;
        };
        if ctx.now < task.feedback_due {
            return;
        }
        task.feedback_due = ctx.now.next_multiple(ctx.config.feedback_period, Duration::ZERO);
        let actual = &measured.motion;
        let motion = course.planned();
        let path_s = motion
            .and_then(|motion| motion.path_time(ctx.now))
            .map_or(0.0, |(path_s, _)| path_s);
        let segment = match &task.kind {
            Kind::Path { segment_ends, .. } => {
                let k = segment_ends.partition_point(|(end_s, _)| *end_s <= path_s);
                segment_ends
                    .get(k)
                    .or(segment_ends.last())
                    .map_or(0, |(_, segment)| *segment)
            }
            _ => 0,
        };
        let feedback = Feedback {
            stamp: ctx.now,
            desired: *desired,
            actual: State {
                position: actual.position,
                velocity: actual.velocity,
                acceleration: actual.acceleration,
            },
            effort: actual.effort,
            progress: motion.map_or(0.0, |motion| motion.progress(ctx.now)),
            remaining: motion.and_then(|motion| motion.remaining(ctx.now)),
            path_time: Duration::from_secs_f64(path_s.max(0.0)),
            rate: motion.map_or(1.0, |motion| motion.rate(ctx.now)),
            segment,
            coupling: course.coupling(),
        };
        ctx.out.push_back(Output::Feedback {
            group: self.group.name,
            id: task.id,
            feedback,
        });
    }

    fn event(&self, ctx: &mut Context<'_>, kind: EventKind, text: impl Into<String>) {
        let (stamp, group, text) = (ctx.now, Some(self.group.name), text.into());
        ctx.out.push_back(Output::Event(Event {
            stamp,
            kind,
            group,
            text,
        }));
    }
}

impl Task {
    fn outcome(&self, now: Stamp, status: Status, code: Code, text: impl Into<String>) -> Outcome {
        Outcome {
            status,
            code,
            text: text.into(),
            duration: now.since(self.accepted),
            grip: None,
            path_deviation: 0.0,
        }
    }
}

/// Answers a goal that is not taken on.
pub(crate) fn refuse(ctx: &mut Context<'_>, group: GroupName, id: GoalId, refusal: Refusal) {
    end_unstarted(ctx, group, id, Status::Aborted, refusal);
}

/// Ends a goal for which nothing has moved.
fn end_unstarted(ctx: &mut Context<'_>, group: GroupName, id: GoalId, status: Status, refusal: Refusal) {
    let Refusal { code, text } = refusal;
    let stamp = ctx.now;
    let event = Event {
        stamp,
        kind: EventKind::GoalRefused,
        group: Some(group),
        text: text.clone(),
    };
    ctx.out.push_back(Output::Event(event));
    let outcome = Outcome {
        status,
        code,
        text,
        duration: Duration::ZERO,
        grip: None::<GripResult>,
        path_deviation: 0.0,
    };
    ctx.out.push_back(Output::Done { id, outcome });
}
