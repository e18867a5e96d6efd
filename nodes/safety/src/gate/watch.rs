//! The watchdogs of one group's gate: silence, a driver that no longer follows, a machine that strays or gets hot.
//!
//! Ages in ROS time, positions in rad (m). **Invariant:** nothing is watched unless the group moves at this gate's command,
//! so that what is switched off is no fault.

use super::{Gate, MAX_SKEW_S, Phase};
use crate::checks;
use crate::safety::Output;
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
        if !self.open() || !self.commanding() {
            return;
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
            .or_else(refused);
        if let Some(fault) = fault {
            self.fail(now, fault, out);
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
                if let Some(fault) = strayed {
                    let text = format!("at a standstill, {}", fault.describe(&self.group));
                    self.switch_off(now, &text, out);
                }
            }
            Phase::Idle { .. } | Phase::Tracking => {
                let driver = servo.fault.filter(|_| self.engaged);
                let fault = driver
                    .or_else(|| self.measured.overheated(self.config.winding_degc))
                    .or(strayed);
                if let Some(fault) = fault {
                    self.fail(now, fault, out);
                }
            }
            Phase::Unheard | Phase::Stopping | Phase::Off => {}
        }
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
        let commanded = JointVec::from_fn(sent.position.len(), |i| sent.position[i] + dt * sent.velocity[i]);
        checks::following(&self.rules, &commanded, &self.effort_limit, &servo.position)
    }
}
