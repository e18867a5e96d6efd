//! The watchdogs of one group's gate: silence, a driver that no longer follows, a machine that strays or gets hot.
//!
//! Ages in ROS time, positions in rad (m). **Invariant:** nothing is watched unless the group moves at this gate's command,
//! so that what is switched off is no fault.

use super::{Gate, MAX_SKEW_S, Phase};
use crate::checks;
use crate::safety::Output;
use servomesh_types::fault::Exceeded;
use servomesh_types::*;
use std::collections::VecDeque;
use std::time::Duration;

impl Gate {
    /// How long setpoints may be silent. The last one that is filled in for is noticed half a period late.
    pub(super) fn patience(&self) -> Duration {
        self.config
            .period()
            .mul_f64(f64::from(self.config.extrapolate) + 1.5)
    }

    /// Watches for silence while commands flow.
    pub(super) fn watch(&mut self, now: Stamp, out: &mut VecDeque<Output>) {
        if !self.commanding() {
            return;
        }
        if !self.open() {
            return self.watch_closed(now, out);
        }
        let config = self.config;
        let setpoints = self.setpoint.and_then(|(last, _)| {
            let age = now.since(last.told);
            (age >= self.patience()).then_some(Fault::SetpointSilent(age))
        });
        let waited = now.since(self.since);
        let refused = || {
            let own = self.measured.servo().and_then(|servo| servo.fault);
            (!self.engaged && waited >= config.engage_timeout)
                .then_some(own.unwrap_or(Fault::CommandSilent(waited)))
        };
        let fault = setpoints
            .or_else(|| self.measured.servo_silent(now, config.servo_state_timeout))
            .or_else(|| {
                self.measured
                    .motion_silent(now, self.since, config.motion_state_timeout)
            })
            .or_else(refused)
            .or_else(|| self.operation.forbids(now, config.enabling_timeout));
        if let Some(fault) = fault {
            self.raise(now, fault, out);
        }
    }

    /// Watches what must not fail while a stop runs or a standstill is held.
    fn watch_closed(&mut self, now: Stamp, out: &mut VecDeque<Output>) {
        let config = self.config;
        let silent = [
            self.measured.servo_silent(now, config.servo_state_timeout),
            self.measured
                .motion_silent(now, self.since, config.motion_state_timeout),
        ];
        // Each bars a reset, so that both are told at once.
        for fault in silent.into_iter().flatten() {
            self.raise(now, fault, out);
        }
    }

    /// Watches what a new motion state says. The estimator keeps collisions and encoders' faults until a new epoch, so that only what
    /// was not said `before` is new.
    pub(super) fn watch_motion(
        &mut self,
        now: Stamp,
        before: (JointSet, Option<Fault>),
        out: &mut VecDeque<Output>,
    ) {
        if !self.commanding() {
            return;
        }
        let hit = self.measured.hit();
        let new = hit.iter().find(|joint| !before.0.contains(*joint));
        if let Some(joint) = new {
            let fault = self.measured.collision(joint);
            if self.phase == Phase::Retreating {
                self.stop_retreating(now, out);
            }
            self.raise(now, fault, out);
        }
        if let Some(fault) = self.measured.encoder_fault().filter(|_| before.1.is_none()) {
            self.raise(now, fault, out);
        }
        self.watch_speed(now, out);
    }

    /// Watches that the machine itself keeps to the speed of its tool. A real tool may be a little quicker than a commanded one.
    fn watch_speed(&mut self, now: Stamp, out: &mut VecDeque<Output>) {
        let limit = self.envelope().tool_speed + self.config.tool_speed_tolerance;
        if !limit.is_finite() || !self.open() {
            return;
        }
        let Some((position, velocity)) = self
            .measured
            .motion()
            .map(|motion| (motion.position, motion.velocity))
        else {
            return;
        };
        let speed = self
            .setup
            .machine
            .as_mut()
            .and_then(|machine| machine.tool_speed(&position, &velocity));
        if let Some(value) = speed.filter(|speed| *speed > limit) {
            self.raise(now, Fault::ToolSpeed { value, limit }, out);
        }
    }

    /// Watches what a new servo state says, `before` being when the one before was taken.
    pub(super) fn watch_driver(&mut self, now: Stamp, before: Stamp, out: &mut VecDeque<Output>) {
        let Some(servo) = self.measured.servo().copied().filter(|_| self.commanding()) else {
            return;
        };
        if self.measured.follows(self.epoch) {
            self.engaged = true;
        } else if self.engaged {
            let told = self.sent.map_or(now, |sent| sent.told);
            let fault = servo.fault.unwrap_or(if servo.tag.epoch == self.epoch {
                Fault::CommandSilent(now.since(told))
            } else {
                Fault::ServoStateSilent(servo.tag.stamp.since(before))
            });
            return self.lose_driver(now, fault, out);
        }
        let strayed = self.following(&servo).err();
        match self.phase {
            Phase::Stopped { .. } => {
                let strayed = strayed.map(|fault| match fault {
                    Fault::Following(way) => Fault::Standstill(way),
                    other => other,
                });
                let standstill = strayed.or_else(|| self.leaves_standstill(now, &servo));
                if let Some(fault) = standstill {
                    self.raise(now, fault, out);
                }
            }
            Phase::Idle { .. } | Phase::Tracking => {
                let driver = servo.fault.filter(|_| self.engaged);
                let fault = driver
                    .or_else(|| self.measured.overheated(self.config.winding_degc))
                    .or(strayed);
                if let Some(fault) = fault {
                    self.raise(now, fault, out);
                }
            }
            Phase::Unheard | Phase::Stopping | Phase::Retreating | Phase::Off => {}
        }
    }

    /// SOS, and the time monitor of SS1 and SS2: once there was time to come to rest, the machine stands where it was told to.
    fn leaves_standstill(&self, now: Stamp, servo: &ServoState) -> Option<Fault> {
        let over = now.since(self.resting);
        if over < self.config.ramp {
            return None;
        }
        let sent = self.sent.as_ref()?;
        for (joint, rule) in self.rules.iter().enumerate() {
            if checks::yields(rule, joint, &self.effort_limit) || servo.unhomed.contains(joint) {
                continue;
            }
            let value = (servo.position[joint] - sent.position[joint]).abs();
            if value > rule.hold {
                let (joint, limit) = (joint as u8, rule.hold);
                return Some(Fault::Standstill(Exceeded { joint, value, limit }));
            }
            let velocity = self.measured.velocity(now, self.config.motion_state_timeout)?;
            if velocity[joint].abs() > MOVES * rule.standstill {
                return Some(Fault::RampTime(over));
            }
        }
        None
    }

    /// Compares the measurement with the command at the time it was taken.
    pub(super) fn following(&self, servo: &ServoState) -> Result<(), Fault> {
        let Some(sent) = &self.sent else {
            return Ok(());
        };
        let dt = servo
            .tag
            .stamp
            .seconds_from(sent.stamp)
            .clamp(-MAX_SKEW_S, MAX_SKEW_S);
        let (q, v, a) = (&sent.position, &sent.velocity, &sent.acceleration);
        let commanded = JointVec::from_fn(q.len(), |i| q[i] + dt * (v[i] + dt * a[i] / 2.0));
        checks::following(
            &self.rules,
            &commanded,
            &self.effort_limit,
            servo.unhomed,
            &servo.position,
        )
    }
}

/// How many times its standstill's speed a joint has to be to be moving, for what follows cuts the torque.
const MOVES: f64 = 5.0;
