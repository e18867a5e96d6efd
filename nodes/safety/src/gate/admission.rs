//! Which setpoints of one group become commands.
//!
//! Positions in rad (m). **Invariant:** a setpoint that broke a rule is the cause of a stop; one that is only late, early or
//! of another epoch is dropped and counted.

use super::{Gate, MAX_SKEW_S, Phase};
use crate::checks;
use crate::drift::Drift;
use crate::safety::Output;
use crate::stop::{Reference, Stop};
use servomesh_types::*;
use std::collections::VecDeque;

impl Gate {
    pub(crate) fn setpoint(&mut self, now: Stamp, setpoint: &Setpoint, out: &mut VecDeque<Output>) {
        self.watch(now, out);
        if !self.open() {
            self.counts.closed += 1;
            return;
        }
        let tag = &setpoint.tag;
        if tag.epoch != self.epoch {
            self.counts.stale_epoch += 1;
            return;
        }
        if self
            .setpoint
            .is_some_and(|(last, seq)| tag.seq <= seq || tag.stamp <= last.stamp)
        {
            self.counts.out_of_order += 1;
            return;
        }
        if now > tag.stamp + tag.valid_for || tag.stamp > now + self.config.lead {
            self.counts.untimely += 1;
            return;
        }
        match self.check(now, setpoint) {
            Ok(reference) if setpoint.release => self.release(now, setpoint, reference, out),
            Ok(reference) => {
                self.released_early = false;
                self.pass(now, setpoint, reference, out);
            }
            Err(fault) => {
                self.counts.unsafe_setpoints += 1;
                self.raise(now, fault, out);
            }
        }
    }

    /// Whether a setpoint is safe, and where it leads.
    fn check(&mut self, now: Stamp, setpoint: &Setpoint) -> Result<Reference, Fault> {
        checks::shape(setpoint, self.rules.len())?;
        self.narrow(now);
        self.keep_pace(now);
        let to = Reference {
            told: now,
            stamp: setpoint.tag.stamp,
            position: setpoint.position,
            velocity: setpoint.velocity,
            acceleration: setpoint.acceleration,
        };
        let (from, drift) = match &self.setpoint {
            Some((from, _)) => {
                checks::limits(&self.narrowed, &from.position, &to)?;
                checks::reachable(&self.narrowed, from, &to)?;
                let drift = self.drift.gone_on(&self.narrowed, from, &to)?;
                (from.position, drift)
            }
            None => (self.check_first(now, &to)?, Drift::default()),
        };
        checks::speed(&self.rules, self.speed.enforced(now, self.config.settle), &to)?;
        checks::direction(&self.rules, &self.envelope().direction, &to)?;
        self.check_model(&from, &to)?;
        self.drift = drift;
        Ok(to)
    }

    /// An epoch begins where the machine really is, and only if nothing is wrong with it. Says where that is.
    fn check_first(&self, now: Stamp, to: &Reference) -> Result<JointVec, Fault> {
        let silent = self.measured.servo_silent(now, self.config.servo_state_timeout);
        let wrong = silent.or_else(|| self.measured.overheated(self.config.winding_degc));
        if let Some(fault) = wrong {
            return Err(fault);
        }
        let (Some(servo), Some(velocity)) = (
            self.measured.servo(),
            self.measured.velocity(now, self.config.motion_state_timeout),
        ) else {
            return Err(Fault::ServoStateSilent(now.since(self.measured.servo_at())));
        };
        let ahead_s = to
            .stamp
            .seconds_from(servo.tag.stamp)
            .clamp(-MAX_SKEW_S, MAX_SKEW_S);
        checks::near(&self.rules, &servo.position, velocity, ahead_s, to)?;
        checks::limits(&self.narrowed, &servo.position, to)?;
        // As many setpoints may be lost before the first that comes as between others.
        checks::gentle(&self.narrowed, self.patience().as_secs_f64(), to)?;
        Ok(servo.position)
    }

    /// What only the model knows: efforts, the tool's speed, and what a stop from there would sweep.
    pub(super) fn check_model(&mut self, from: &JointVec, to: &Reference) -> Result<(), Fault> {
        let envelope = *self.envelope();
        let manual = self.operation.mode == OperatingMode::Manual;
        let Some(machine) = &mut self.setup.machine else {
            return Ok(());
        };
        if envelope.effort.is_finite() {
            machine.efforts(&self.rules, envelope.effort, to)?;
        }
        let stop = Stop::plan(to, &self.rules);
        if envelope.tool_speed.is_finite() {
            let limit = envelope.tool_speed * (1.0 + self.config.limit_tolerance);
            // Joints that held each other's tool back come to rest at different times: a slow tool can become quick in a stop.
            for place in 0..STOP_PLACES {
                let at_s = stop.duration_s() * f64::from(place) / f64::from(STOP_PLACES);
                let (position, velocity) = stop.state_at(at_s);
                let value = machine.tool_speed(&position, &velocity).unwrap_or(0.0);
                if value.is_nan() || value > limit {
                    return Err(Fault::ToolSpeed { value, limit });
                }
            }
        }
        let Some(surroundings) = machine.surroundings() else {
            return Ok(());
        };
        surroundings.check(&self.rules, from, &stop).or_else(|fault| {
            // What is too near already is led away by hand, never nearer.
            let before = surroundings.room(from);
            let leads_away = manual && before < 0.0 && surroundings.room(&to.position) >= before - ROUNDING_M;
            if leads_away { Ok(()) } else { Err(fault) }
        })
    }

    pub(super) fn pass(
        &mut self,
        now: Stamp,
        setpoint: &Setpoint,
        to: Reference,
        out: &mut VecDeque<Output>,
    ) {
        if self.phase == (Phase::Idle { hold: false }) {
            self.since = now;
        }
        self.phase = Phase::Tracking;
        self.setpoint = Some((to, setpoint.tag.seq));
        self.take_efforts(setpoint);
        // Half a period of patience: clocks that step and threads that wake late are no loss.
        self.next = now + self.config.period().mul_f64(1.5);
        // One that came after its place was filled is a base to go on from, but time does not run back.
        if self.sent.is_none_or(|sent| to.stamp > sent.stamp) {
            self.counts.passed += 1;
            let tag = StreamTag {
                epoch: self.epoch,
                seq: self.seq,
                ..setpoint.tag
            };
            self.send(tag, to, out);
        }
    }

    /// A stop of category 1 on the path has come to its end: torque off. In mid-motion brakes are no way to stop, so
    /// there the motion goes on; what still moves is `trajectory`'s.
    pub(super) fn release(
        &mut self,
        now: Stamp,
        setpoint: &Setpoint,
        to: Reference,
        out: &mut VecDeque<Output>,
    ) {
        if checks::at_rest(&self.rules, &to) {
            // To follow it would switch on what is off.
            if self.phase != (Phase::Idle { hold: false }) {
                self.pass(now, setpoint, to, out);
            }
            self.faults.raise(now, Fault::StopRequested);
            return self.switch_off(now, "released at standstill", out);
        }
        self.counts.early_releases += 1;
        if !std::mem::replace(&mut self.released_early, true) {
            let text = format!(
                "{}: asked for torque off in mid-motion; it moves on",
                self.group.name
            );
            self.say(now, EventKind::Fault, text, out);
        }
        self.pass(now, setpoint, to, out);
    }
}

/// At how many places of a stop the tool's speed is looked at: with the usual limits they are some hundredths of a second apart.
const STOP_PLACES: u32 = 12;
/// What a distance may be off by \[m\].
const ROUNDING_M: f64 = 1e-9;
