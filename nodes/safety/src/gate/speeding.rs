//! How fast one group may run: speed scale, mode, reduced limits, derating.
//!
//! Shares 0 … 1, temperatures in °C. **Invariant:** limits that become narrower are enforced only once there was time to slow down; limits in
//! a mode that was chosen at a standstill at once.

use super::Gate;
use crate::functions::Envelope;
use crate::operation::Operation;
use crate::safety::Output;
use servomesh_types::*;
use std::collections::VecDeque;

impl Gate {
    /// How fast the group may run from now on, 0 … 1 of what is planned; a reset does not change it.
    pub(crate) fn set_speed_scale(&mut self, now: Stamp, scale: f64) {
        self.speed.ask(now, scale);
    }

    /// Asks for reduced limits, or for them no longer.
    pub(crate) fn set_reduced(&mut self, now: Stamp, reduced: bool) {
        if reduced != self.reduced.is_some() {
            self.reduced = reduced.then_some(now);
            self.slow_down(now);
            self.narrow(now);
        }
    }

    /// What mode selector and enabling device say now. Whoever turns the selector stops the group: it moves on in another mode
    /// only once that was asked for.
    pub(crate) fn operate(&mut self, now: Stamp, operation: Operation, out: &mut VecDeque<Output>) {
        let turned = operation.mode != self.operation.mode;
        self.operation = operation;
        if turned {
            if self.open() && self.commanding() {
                self.raise(now, Fault::ModeChanged, out);
            }
            self.slow_down(now);
            // What moved is stopping by now, and what is still to move may go no faster from the start.
            self.speed.settle();
            self.narrow(now);
        }
        self.watch(now, out);
        self.update_resettable(now);
    }

    pub(super) fn in_reduced_mode(&self) -> bool {
        self.reduced.is_some() || self.operation.mode == OperatingMode::Manual
    }

    /// Whether reduced limits are enforced by now.
    fn reduced_by(&self, now: Stamp) -> bool {
        let asked = self
            .reduced
            .is_some_and(|since| now >= since + self.config.settle);
        asked || self.operation.mode == OperatingMode::Manual
    }

    /// The limits in force.
    pub(super) fn envelope(&self) -> &Envelope {
        match self.reduced_in_force {
            true => &self.setup.reduced,
            false => &self.setup.normal,
        }
    }

    /// Says how fast the mode there is lets the group run.
    fn slow_down(&mut self, now: Stamp) {
        let part = match self.in_reduced_mode() {
            true => self.setup.reduced.velocity,
            false => self.setup.normal.velocity,
        };
        self.speed.allow(now, part);
    }

    /// Takes the limits that are in force by now.
    pub(super) fn narrow(&mut self, now: Stamp) {
        let reduced = self.reduced_by(now);
        if reduced != self.reduced_in_force {
            self.reduced_in_force = reduced;
            self.narrow_rules();
        }
    }

    /// Takes how fast a stop from now on may come to be, either way: an acceleration that would lead beyond is given up at once.
    pub(super) fn keep_pace(&mut self, now: Stamp) {
        let share = self.speed.enforced(now, self.config.settle);
        let direction = self.envelope().direction;
        for (joint, rule) in self.rules.iter_mut().enumerate() {
            let least = rule.standstill.min(rule.velocity);
            let most = (share * rule.velocity).max(least);
            let side = direction.get(joint).copied().unwrap_or(0.0);
            rule.forward = if side < 0.0 { least } else { most };
            rule.backward = if side > 0.0 { least } else { most };
            let narrowed = &mut self.narrowed[joint];
            (narrowed.forward, narrowed.backward) = (rule.forward, rule.backward);
        }
    }

    pub(super) fn narrow_rules(&mut self) {
        let envelope = *self.envelope();
        for (joint, rule) in self.rules.iter().enumerate() {
            self.narrowed[joint] = envelope.narrow(joint, rule);
        }
    }

    /// Watches the windings: between a warning and the trip the group runs ever more slowly.
    pub(super) fn derate(&mut self, now: Stamp, out: &mut VecDeque<Output>) {
        let warm = self.measured.overheated(self.setup.warm_degc);
        let left = match warm {
            None => 1.0,
            Some(Fault::Overheated(hottest)) => {
                self.raise(now, Fault::Warm(hottest), out);
                let room_k = self.config.winding_degc - self.setup.warm_degc;
                let left = (self.config.winding_degc - hottest.value) / room_k;
                // In steps, so that a temperature that creeps is not said anew all the time.
                (left.clamp(LEAST_LEFT, 1.0) * STEPS).floor() / STEPS
            }
            Some(_) => 1.0,
        };
        // Also while the group is stopped for another reason: a reset must not let it run faster.
        let slows = self.faults.active().iter().map(|active| active.severity);
        let left = match slows.filter(|severity| !severity.stops()).max() {
            Some(Severity::Hold) => 0.0,
            Some(Severity::Derate) => left,
            _ => 1.0,
        };
        self.speed.leave(now, left);
    }
}

/// What is left of the speed where a winding is about to trip.
const LEAST_LEFT: f64 = 0.2;
/// Into how many steps the speed is divided.
const STEPS: f64 = 10.0;
