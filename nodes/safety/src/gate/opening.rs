//! How one group's gate comes to be open: the first servo state, a new description, a reset and what is in its way.
//!
//! **Invariant:** only a reset opens a gate that was closed, in a new epoch.

use super::{Gate, Phase};
use crate::drift::Drift;
use crate::measured::Obstacle;
use crate::safety::Output;
use crate::setup::GroupSetup;
use servomesh_types::*;
use std::collections::VecDeque;

impl Gate {
    /// Takes a description, with what is set up for it. A driver that says something else than before is another driver:
    /// whatever it does now was not commanded by this gate.
    pub(crate) fn describe(
        &mut self,
        now: Stamp,
        group: GroupDescription,
        setup: GroupSetup,
        out: &mut VecDeque<Output>,
    ) {
        let commanding = self.commanding();
        let silent = Fault::ServoStateSilent(now.since(self.measured.servo_at()));
        let (config, epoch, counts, faults) = (self.config, self.epoch, self.counts, self.faults);
        *self = Self {
            epoch,
            seq: self.seq,
            counts,
            faults,
            reduced: self.reduced,
            ..Self::new(&config, setup, group, self.speed.asked(), self.operation)
        };
        if commanding {
            self.raise(now, silent, out);
        }
    }

    /// Whether its driver announced the same group before.
    pub(crate) fn is_of(&self, group: &GroupDescription) -> bool {
        self.group == *group
    }

    pub(crate) fn servo_state(&mut self, now: Stamp, state: &ServoState, out: &mut VecDeque<Output>) {
        self.watch(now, out);
        let before = self.measured.servo_at();
        let anew = self.measured.is_anew(state);
        if !self.measured.keep_servo(now, state, self.rules.len()) {
            self.counts.bad_states += 1;
            return;
        }
        if self.phase == Phase::Unheard {
            self.begin(now, state, out);
        }
        self.watch_driver(now, before, out);
        self.derate(now, out);
        if anew {
            self.faults.see_restart();
        }
        self.update_resettable(now);
    }

    pub(crate) fn motion(&mut self, now: Stamp, motion: &GroupMotion, out: &mut VecDeque<Output>) {
        self.watch(now, out);
        let before = (self.measured.hit(), self.measured.encoder_fault());
        if self.measured.keep_motion(now, motion, self.rules.len()) {
            self.watch_motion(now, before, out);
        } else {
            self.counts.bad_states += 1;
        }
        self.update_resettable(now);
    }

    /// The first servo state decides whether the group may move: one that had been commanded before is not this gate's.
    pub(super) fn begin(&mut self, now: Stamp, state: &ServoState, out: &mut VecDeque<Output>) {
        let before = self.epoch.max(state.tag.epoch);
        self.epoch = before.next(now);
        self.since = now;
        self.phase = Phase::Idle { hold: false };
        if state.tag.epoch != Epoch::NONE {
            self.raise(now, Fault::SafetyRestarted, out);
        }
        if let Some(fault) = self.too_near() {
            self.raise(now, fault, out);
        }
        // What was asked for before the driver spoke.
        if let Some(fault) = self.faults.first() {
            self.raise(now, fault, out);
        }
    }

    /// What the group is too near to where it stands, if anything.
    fn too_near(&mut self) -> Option<Fault> {
        let position = self.measured.servo()?.position;
        self.setup.machine.as_mut()?.surroundings()?.violated(&position)
    }

    /// Opens the gate again, in a new epoch. Says whether it had been closed.
    pub(crate) fn reset(&mut self, now: Stamp, out: &mut VecDeque<Output>) -> Result<bool, Obstacle> {
        if self.phase == Phase::Unheard {
            return match self.faults.first() {
                None | Some(Fault::StopRequested) => Ok(self.faults.clear().is_some()),
                Some(fault) => Err(Obstacle::Fault(fault)),
            };
        }
        let open = self.open();
        self.watch(now, out);
        if open {
            // What closes it just now was not there to be reset.
            return match self.faults.first() {
                None => Ok(false),
                Some(fault) => Err(Obstacle::Fault(fault)),
            };
        }
        self.review(now);
        if let Some(obstacle) = self.obstacle(now) {
            self.resettable = false;
            return Err(obstacle);
        }
        let hold = self.phase == Phase::Stopped { hold: true } && self.measured.follows(self.epoch);
        self.phase = Phase::Idle { hold };
        if hold {
            self.hold_where_it_is(now);
        }
        self.epoch = self.epoch.next(now);
        self.setpoint = None;
        self.drift = Drift::default();
        self.engaged = false;
        self.commanded = false;
        self.since = now;
        self.next = now;
        self.trail.clear();
        self.speed.settle();
        let cause = self.faults.clear();
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

    pub(super) fn obstacle(&self, now: Stamp) -> Option<Obstacle> {
        let powered = || {
            self.measured
                .servo()
                .is_some_and(|servo| servo.mode == DriveMode::Enabled)
                .then_some(Obstacle::Powered)
        };
        let first = self.faults.first();
        let machine = || self.measured.obstacle(now, &self.config, &self.rules, first);
        let others = || {
            let barring = self.faults.barring();
            let forbids = || self.operation.forbids(now, self.config.enabling_timeout);
            barring.or_else(forbids).map(Obstacle::Fault)
        };
        match self.phase {
            Phase::Stopping | Phase::Retreating => Some(Obstacle::Moving),
            Phase::Off => machine().or_else(others).or_else(powered),
            _ => machine().or_else(others),
        }
    }

    /// Looks at the causes of all faults anew.
    fn review(&mut self, now: Stamp) {
        if self.faults.active().is_empty() {
            return;
        }
        let manual = self.operation.mode == OperatingMode::Manual;
        let mut faults = self.faults;
        faults.review(|fault| match fault {
            // What is too near, or touched, is led away by hand.
            Fault::Clearance(_) | Fault::Workspace(_) => !manual && self.too_near().is_some(),
            Fault::Collision(_) => !manual && self.measured.touches(),
            Fault::Warm(_) => {
                let cool_degc = self.setup.warm_degc - self.config.winding_hysteresis_degc;
                self.measured.overheated(cool_degc).is_some()
            }
            Fault::EnablingReleased | Fault::EnablingSilent(_) => self
                .operation
                .forbids(now, self.config.enabling_timeout)
                .is_some(),
            other => self.measured.shows(now, &self.config, other),
        });
        self.faults = faults;
    }

    pub(super) fn update_resettable(&mut self, now: Stamp) {
        self.review(now);
        let closed = !self.open() && self.phase != Phase::Unheard;
        self.resettable = closed && self.obstacle(now).is_none();
    }
}
