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
//! | room | what it decides |
//! |---|---|
//! | `accept`, `gripping` | which goals are taken on |
//! | `routes`, `tracking`, `coupling`, `jogging` | paths, moving frames, gears and cams, jogging |
//! | `course`, `online` | what the group is doing, planned or decided at each tick |
//! | `steering` | speed, pause, resume, step back, stop |
//! | `seeding` | what it starts from, and what takes that away |
//! | `judge`, `telling` | whether a measured state ends a goal; what its sender is told |
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
mod seeding;
mod steering;
mod telling;
mod tracking;

pub(crate) use gripping::GripRequest;
use telling::end_unstarted;
pub(crate) use telling::refuse;

use servomesh_types::{
    EventKind, GroupDescription, GroupMotion, GroupSafety, JointVec, Setpoint, Stamp, StreamTag,
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
use crate::{Code, GoalId, Outcome, Output, Status};
use course::Course;
use routes::Pending;
use servomesh_motion::{Bounds, PointToPoint, State};
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
    /// How far it is on its path, in s of the path; where that ended, once it is over.
    path_s: f64,
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
        if let (Some(task), Some((path_s, _))) = (&mut self.task, path_time) {
            task.path_s = path_s;
        }
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
}
