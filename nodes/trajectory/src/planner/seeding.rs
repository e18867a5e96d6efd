//! What a group starts from, and what takes it away: `safety`'s gate, the measured state, and their silence.
//!
//! **Invariant:** setpoints begin at the measured state, in `safety`'s epoch, and end as soon as either is gone.

use servomesh_motion::{Motion, State, TimedPath};
use servomesh_types::{EventKind, GroupMotion, GroupSafety, JointVec, SafetyMode, Stamp};
use std::time::Duration;

use super::course::Course;
use super::{Context, Measured, Planner};
use crate::{Code, Status};

impl Planner {
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
            .is_some_and(|before| motion.holds_at <= before.motion.holds_at)
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

    /// Ends a motion that has lost what it needs: its own rhythm, or the measured state.
    pub(super) fn watch(&mut self, ctx: &mut Context<'_>) {
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
    pub(super) fn silence(&self, ctx: &Context<'_>) -> Option<Duration> {
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
                .map(|stop| Course::Planned(Motion::to_rest(stop, ctx.now, &self.bounds)));
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
}
