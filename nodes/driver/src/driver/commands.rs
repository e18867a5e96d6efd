//! What a command changes: an epoch begins, a setpoint is followed, the group is switched off, or the command is refused.

use super::{Activity, Driver};
use crate::admission::{Refusal, Tenure, admit};
use crate::homing::Search;
use crate::reference::{Motion, Tracker};
use servomesh_types::{Command, CommandMode, EventKind, JointSet, JointVec, Setpoint, Stamp};
use std::time::Duration;

impl Driver {
    pub(super) fn on_command(&mut self, now: Stamp, command: &Command) {
        let in_use = match &self.activity {
            Activity::Tracking(tracker) => Some(tracker.setpoint()),
            Activity::Homing { last, .. } => Some(last),
            _ => None,
        };
        if let Err(refusal) = admit(
            &self.config,
            now,
            command,
            self.tenure,
            in_use,
            self.measured.as_ref(),
            self.unhomed(now),
        ) {
            self.refuse(now, refusal);
            return;
        }
        let epoch = command.setpoint.tag.epoch;
        let newer_epoch = epoch > self.tenure.epoch;
        if newer_epoch {
            self.tenure = Tenure {
                epoch,
                used_up: false,
            };
        }
        match command.mode {
            CommandMode::Off => self.switch_off(now, "switched off by command: torque off, brakes on"),
            CommandMode::Track => self.track(now, command.setpoint, newer_epoch),
        }
    }

    fn track(&mut self, now: Stamp, setpoint: Setpoint, newer_epoch: bool) {
        // Admission refuses first commands before the first measurement.
        let Some(measured) = &self.measured else { return };
        match &mut self.activity {
            Activity::Faulted { clearing_until, .. } => {
                clearing_until.get_or_insert(now + CLEARING);
                return;
            }
            Activity::Tracking(tracker) if !newer_epoch => {
                tracker.follow(&self.config, setpoint, measured.stamp);
            }
            Activity::Tracking(_) | Activity::Stopping { .. } => {
                let tracker = Tracker::start(&self.config, setpoint, &self.reference, measured.stamp);
                self.activity = Activity::Tracking(tracker);
            }
            Activity::Homing { last, .. } => *last = setpoint,
            Activity::Disabled => {
                self.reference = Motion {
                    position: measured.position,
                    velocity: measured.speed,
                    acceleration: JointVec::zeros(measured.position.len()),
                };
                self.controller.reset(&measured.speed);
                let unhomed = self.counts.unhomed(&self.config);
                if let Some(search) = Search::first(&self.config, unhomed, measured) {
                    self.activity = Activity::Homing {
                        search,
                        last: setpoint,
                    };
                    return;
                }
                let tracker = Tracker::start(&self.config, setpoint, &self.reference, measured.stamp);
                self.activity = Activity::Tracking(tracker);
            }
        }
        self.hops = setpoint.tag.hops;
    }

    pub(super) fn switch_off(&mut self, now: Stamp, text: &str) {
        if self.is_driven() {
            self.activity = Activity::Disabled;
            self.tenure.used_up = true;
            self.tell(now, EventKind::Stopped, text.to_owned());
        }
    }

    fn refuse(&mut self, now: Stamp, refusal: Refusal) {
        self.refused += 1;
        let lately = self
            .last_complaint
            .is_some_and(|last| now.since(last) < COMPLAINT_PERIOD);
        if refusal.is_notable() && !lately {
            self.last_complaint = Some(now);
            let text = match refusal.joint() {
                Some(joint) => {
                    format!(
                        "command refused: joint {}: {refusal}",
                        self.config.group().joint_name(joint)
                    )
                }
                None => format!("command refused: {refusal}"),
            };
            self.tell(now, EventKind::Fault, text);
        }
    }

    /// Joints that no command may move before they are homed; none while a command may home them. One that comes to a stop is in motion, and homing begins
    /// at rest.
    pub(super) fn unhomed(&self, now: Stamp) -> JointSet {
        let stops = matches!(self.activity, Activity::Stopping { .. });
        if !stops && self.homing_until.is_some_and(|until| now <= until) {
            return JointSet::EMPTY;
        }
        self.counts.unhomed(&self.config)
    }
}

/// A drive clears its faults within a few frames; one that still has its fault after this has it for a reason.
const CLEARING: Duration = Duration::from_millis(100);
/// People need to hear once that commands are refused.
const COMPLAINT_PERIOD: Duration = Duration::from_secs(1);
