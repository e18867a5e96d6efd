//! How one group's gate comes to be open: the first servo state, a new description, a reset and what is in its way.
//!
//! **Invariant:** only a reset opens a gate that was closed, in a new epoch.

use super::{Gate, Phase};
use crate::measured::Obstacle;
use crate::safety::Output;
use servomesh_types::*;
use std::collections::VecDeque;

impl Gate {
    /// Takes a description. A driver that says something else than before is another driver: whatever it does now was
    /// not commanded by this gate.
    pub(crate) fn describe(&mut self, now: Stamp, group: GroupDescription, out: &mut VecDeque<Output>) {
        if group == self.group {
            return;
        }
        let commanding = self.commanding();
        let silent = Fault::ServoStateSilent(now.since(self.measured.servo_at()));
        let (config, epoch, counts, fault) = (self.config, self.epoch, self.counts, self.fault);
        *self = Self {
            epoch,
            counts,
            fault,
            ..Self::new(&config, group, self.speed_scale)
        };
        if commanding {
            self.latch(now, silent, out);
        }
    }

    pub(crate) fn servo_state(&mut self, now: Stamp, state: &ServoState, out: &mut VecDeque<Output>) {
        self.watch(now, out);
        let before = self.measured.servo_at();
        if !self.measured.keep_servo(now, state, self.rules.len()) {
            self.counts.bad_states += 1;
            return;
        }
        if self.phase == Phase::Unheard {
            self.begin(now, state, out);
        }
        self.watch_driver(now, before, out);
        self.update_resettable(now);
    }

    pub(crate) fn motion(&mut self, now: Stamp, motion: &GroupMotion, out: &mut VecDeque<Output>) {
        self.watch(now, out);
        if !self.measured.keep_motion(now, motion, self.rules.len()) {
            self.counts.bad_states += 1;
        }
        self.update_resettable(now);
    }

    /// The first servo state decides whether the group may move: one that had been commanded before is not this gate's.
    pub(super) fn begin(&mut self, now: Stamp, state: &ServoState, out: &mut VecDeque<Output>) {
        let before = self.epoch.max(state.tag.epoch);
        self.epoch = before.next(now);
        self.since = now;
        let restarted = (state.tag.epoch != Epoch::NONE).then_some(Fault::SafetyRestarted);
        self.phase = Phase::Idle { hold: false };
        if let Some(fault) = self.fault.or(restarted) {
            self.fail(now, fault, out);
        }
    }

    /// How fast the group may run from now on, 0 … 1 of what is planned; a reset does not change it.
    pub(crate) fn set_speed_scale(&mut self, scale: f64) {
        self.speed_scale = scale;
    }

    /// Opens the gate again, in a new epoch. Says whether it had been closed.
    pub(crate) fn reset(&mut self, now: Stamp, out: &mut VecDeque<Output>) -> Result<bool, Obstacle> {
        if self.phase == Phase::Unheard {
            return match self.fault {
                None | Some(Fault::StopRequested) => Ok(self.fault.take().is_some()),
                Some(fault) => Err(Obstacle::Fault(fault)),
            };
        }
        self.watch(now, out);
        if self.open() {
            return Ok(false);
        }
        if let Some(obstacle) = self.obstacle(now) {
            return Err(obstacle);
        }
        let hold = self.phase == Phase::Stopped { hold: true } && self.measured.follows(self.epoch);
        self.phase = Phase::Idle { hold };
        if hold {
            self.hold_where_it_is(now);
        }
        self.epoch = self.epoch.next(now);
        self.setpoint = None;
        self.engaged = false;
        self.commanded = false;
        self.since = now;
        self.next = now;
        let cause = self.fault.take();
        let text = match cause {
            Some(cause) => format!(
                "{}: reset after: {}",
                self.group.name,
                cause.describe(&self.group)
            ),
            None => format!("{}: reset", self.group.name),
        };
        self.say(now, EventKind::Recovered, text, out);
        self.update_resettable(now);
        Ok(true)
    }

    /// What is in the way of a reset, as a sentence.
    pub(crate) fn explain(&self, obstacle: &Obstacle) -> String {
        match obstacle {
            Obstacle::Fault(fault) => format!("{}: {}", self.group.name, fault.describe(&self.group)),
            other => format!("{}: {other}", self.group.name),
        }
    }

    pub(super) fn obstacle(&self, now: Stamp) -> Option<Obstacle> {
        let powered = || {
            self.measured
                .servo()
                .is_some_and(|servo| servo.mode == DriveMode::Enabled)
                .then_some(Obstacle::Powered)
        };
        match self.phase {
            Phase::Stopping => Some(Obstacle::Moving),
            Phase::Off => self
                .measured
                .obstacle(now, &self.config, &self.rules, self.fault)
                .or_else(powered),
            _ => self.measured.obstacle(now, &self.config, &self.rules, self.fault),
        }
    }

    pub(super) fn update_resettable(&mut self, now: Stamp) {
        let closed = !self.open() && self.phase != Phase::Unheard;
        self.resettable = closed && self.obstacle(now).is_none();
    }
}
