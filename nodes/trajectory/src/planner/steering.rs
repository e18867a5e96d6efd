//! Changing how a group moves without changing where it goes: speed, pause, resume, step back, stop.
//!
//! Each happens on the path. A group's rate is the product of what the operator asks for and what `safety` allows.
//!
//! **Invariant:** a request that is refused changes nothing; goals go on while they are paused.

use servomesh_motion::Motion;
use servomesh_types::{EventKind, SafetyMode};
use std::time::Duration;

use super::course::Course;
use super::{Context, Planner};
use crate::{Code, Status, Steer};

impl Planner {
    /// Does what was asked for.
    ///
    /// # Errors
    /// A sentence that says why not.
    pub(crate) fn steer(&mut self, ctx: &mut Context<'_>, steer: Steer) -> Result<(), String> {
        let name = self.group.name;
        match steer {
            Steer::Scale(scale) => {
                if !(0.0..=1.0).contains(&scale) {
                    return Err(format!("scale is {scale}, but must be between 0 and 1"));
                }
                self.scale = scale;
                self.apply_scale(ctx);
                Ok(())
            }
            Steer::Pause => {
                let motion = self.moving(ctx)?;
                motion.pause(ctx.now);
                self.event(ctx, EventKind::Stopped, "paused on the path");
                Ok(())
            }
            Steer::Resume => {
                let motion = self.moving(ctx)?;
                if !motion.is_paused() {
                    return Err(format!("group {name} is not paused"));
                }
                motion.resume(ctx.now);
                self.event(ctx, EventKind::Recovered, "goes on along the path");
                Ok(())
            }
            Steer::StepBack(time_s) => {
                if !(time_s > 0.0 && time_s <= LONGEST_STEP_S) {
                    return Err(format!(
                        "time is {time_s} s, but must be positive and at most {LONGEST_STEP_S} s"
                    ));
                }
                let motion = self.moving(ctx)?;
                motion
                    .step_back(ctx.now, Duration::from_secs_f64(time_s))
                    .map_err(|error| format!("group {name}: {error}"))
            }
            Steer::Stop { category } => self.stop_on_request(ctx, category),
        }
    }

    /// The motion on a path that the group is in.
    fn moving(&mut self, ctx: &Context<'_>) -> Result<&mut Motion, String> {
        let name = self.group.name;
        let course = self.course.as_mut().filter(|course| !course.is_over(ctx.now));
        course
            .ok_or_else(|| format!("group {name} does not move"))?
            .planned_mut()
            .ok_or_else(|| format!("group {name} is on no path: it follows what it is told at each moment"))
    }

    fn stop_on_request(&mut self, ctx: &mut Context<'_>, category: u8) -> Result<(), String> {
        let name = self.group.name;
        if !matches!(category, 1 | 2) {
            return Err(format!(
                "stop category {category} is neither 1 (torque off at rest) nor 2 (position held); \
                 category 0 is the service safety/stop's and the drives'"
            ));
        }
        if self.course.is_none() {
            let stopped = self.gate.is_none_or(|gate| gate.mode != SafetyMode::Normal);
            return match stopped {
                true => Ok(()), // safety has stopped it already
                false => Err(format!("group {name} is not ready: its state is not known")),
            };
        }
        let why = format!("a stop of category {category} was requested");
        self.drop_pending(ctx, Status::Aborted, Code::Stopped, &why);
        self.abort(ctx, Code::Stopped, why);
        self.release = category == 1;
        Ok(())
    }

    /// Runs as fast as both the operator and `safety` say.
    pub(super) fn apply_scale(&mut self, ctx: &Context<'_>) {
        let rate = self.rate();
        if let Some(motion) = self.course.as_mut().and_then(Course::planned_mut) {
            motion.set_rate(ctx.now, rate);
        }
    }

    /// The rate that motions run at from now on.
    pub(super) fn rate(&self) -> f64 {
        let allowed = self.gate.map_or(1.0, |gate| gate.speed_scale.clamp(0.0, 1.0));
        self.scale * allowed
    }
}

/// A day, in s.
const LONGEST_STEP_S: f64 = 86_400.0;
