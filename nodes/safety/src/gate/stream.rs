//! What one group's gate sends: commands for setpoints, in their place, for a stop, for a standstill, for torque off.
//!
//! Positions in rad (m). **Invariant:** the stamps of a group's commands only ever increase, whoever made them.

use super::{Gate, Phase};
use crate::checks;
use crate::safety::Output;
use crate::stop::Reference;
use servomesh_types::*;
use std::collections::VecDeque;

impl Gate {
    /// Efforts are capped rather than refused: too much of a feed-forward is no reason to stop, but never passes. Where a model says what each way
    /// stays clear of, the machine has to follow its commands: little is added to what its driver's own model says, and no joint is let go limp.
    pub(super) fn take_efforts(&mut self, setpoint: &Setpoint) {
        if self.has_to_follow() {
            self.ease_efforts(&setpoint.effort, setpoint.tag.stamp);
            self.effort_limit = JointVec::EMPTY;
        } else {
            self.effort = self.capped(&setpoint.effort, |effort, most| effort.clamp(-most, most));
            self.effort_limit = self.capped(&setpoint.effort_limit, |limit, most| limit.clamp(0.0, most));
        }
    }

    /// Whether the machine has to be where its commands are.
    pub(super) fn has_to_follow(&self) -> bool {
        self.setup.machine.is_some() && !self.group.capabilities.gripper
    }

    /// What is added to efforts goes to what is `wanted`, nothing for joints that it leaves out. A step would push the machine off its way until its
    /// driver's loops have caught it.
    fn ease_efforts(&mut self, wanted: &JointVec, stamp: Stamp) {
        let of = |vec: &JointVec, joint: usize| vec.get(joint).copied().unwrap_or(0.0);
        let elapsed_s = self.sent.map_or(0.0, |sent| stamp.seconds_from(sent.stamp));
        let share = (elapsed_s / EASING_S).clamp(0.0, 1.0);
        let (before, rules) = (self.effort, &self.rules);
        let eased = JointVec::from_fn(rules.len(), |joint| {
            let most = ADDED_EFFORT * rules[joint].effort;
            let (from, to) = (of(&before, joint), of(wanted, joint).clamp(-most, most));
            from + (to - from).clamp(-share * most, share * most)
        });
        let nothing = wanted.is_empty() && eased.max_abs() <= 0.0;
        self.effort = if nothing { JointVec::EMPTY } else { eased };
    }

    fn capped(&self, efforts: &JointVec, cap: impl Fn(f64, f64) -> f64) -> JointVec {
        JointVec::from_fn(efforts.len(), |i| cap(efforts[i], self.rules[i].effort))
    }

    /// Fills in for a missing setpoint, as long as that leads nowhere it could not stop.
    pub(super) fn extrapolate(&mut self, now: Stamp, out: &mut VecDeque<Output>) {
        let (Some((last, _)), Some(sent)) = (self.setpoint, self.sent) else {
            return;
        };
        self.keep_pace(now);
        let to = last.extrapolated(now);
        let safe = checks::limits(&self.narrowed, &sent.position, &to);
        if safe.and_then(|()| self.check_model(&sent.position, &to)).is_err() {
            return self.raise(now, Fault::SetpointSilent(now.since(last.told)), out);
        }
        self.next = now + self.config.period();
        if to.stamp > sent.stamp {
            self.counts.extrapolated += 1;
            self.send_own(to, out);
        }
    }

    pub(super) fn go_on_stopping(&mut self, now: Stamp, out: &mut VecDeque<Output>) {
        let (to, ended) = self.stop.at(now);
        if self.sent.is_none_or(|sent| to.stamp > sent.stamp) {
            self.counts.own += 1;
            self.send_own(to, out);
        }
        if ended {
            self.end_stop(now, out);
        }
    }

    pub(super) fn go_on_retreating(&mut self, now: Stamp, out: &mut VecDeque<Output>) {
        let Some((to, ended)) = self.retreat.map(|retreat| retreat.at(now)) else {
            return self.come_to_rest(now, true, out);
        };
        if self.sent.is_none_or(|sent| to.stamp > sent.stamp) {
            self.counts.own += 1;
            self.send_own(to, out);
        }
        if ended {
            self.retreat = None;
            self.come_to_rest(now, true, out);
        }
    }

    /// Holds the position. A standstill that nobody watches is not held: without measurements it ends in torque off.
    pub(super) fn hold(&mut self, now: Stamp, out: &mut VecDeque<Output>) {
        let silent = self
            .measured
            .servo_silent(now, self.config.servo_state_timeout)
            .is_some();
        if silent && self.phase == (Phase::Stopped { hold: true }) {
            return self.switch_off(now, "its standstill can't be watched without servo states", out);
        }
        if let Some(sent) = self.sent {
            let zero = JointVec::zeros(sent.position.len());
            let still = Reference {
                velocity: zero,
                acceleration: zero,
                ..sent
            }
            .extrapolated(now);
            if still.stamp > sent.stamp {
                self.counts.own += 1;
                self.send_own(still, out);
            }
        }
    }

    /// Begins an epoch under power at the measured position, since the first setpoint will begin there too. A joint that
    /// presses on something goes on pressing.
    pub(super) fn hold_where_it_is(&mut self, now: Stamp) {
        let (Some(servo), Some(sent)) = (self.measured.servo(), &mut self.sent) else {
            return;
        };
        *sent = Reference {
            stamp: sent.stamp + now.since(sent.told),
            told: now,
            ..*sent
        };
        for (joint, rule) in self.rules.iter().enumerate() {
            if !checks::yields(rule, joint, &self.effort_limit) {
                sent.position[joint] = servo.position[joint];
            }
        }
    }

    /// Repeats that torque is to be off until the driver says that it is.
    pub(super) fn keep_off(&mut self, now: Stamp, out: &mut VecDeque<Output>) {
        let silent = self
            .measured
            .servo_silent(now, self.config.servo_state_timeout)
            .is_some();
        // A driver on its own ramp switches off by itself at its end; sooner would drop the load. One that was off before the
        // first command may be about to follow it.
        let told = self.sent.map(|sent| sent.told);
        let heard = self.measured.servo().is_some_and(|servo| match servo.mode {
            DriveMode::Enabled => false,
            DriveMode::Disabled | DriveMode::Faulted => {
                self.engaged || told.is_none_or(|told| servo.tag.stamp > told)
            }
            DriveMode::Stopping => true,
        });
        if !self.commanded || (heard && !silent) {
            return;
        }
        self.counts.own += 1;
        let tag = self.own_tag(now);
        self.seq += 1;
        let command = Command {
            mode: CommandMode::Off,
            setpoint: Setpoint {
                tag,
                ..Setpoint::default()
            },
        };
        out.push_back(Output::Command {
            group: self.group.name,
            command,
        });
    }

    pub(super) fn send_own(&mut self, to: Reference, out: &mut VecDeque<Output>) {
        // What was added to a motion is nothing to add to its stop.
        if self.phase != Phase::Tracking && self.has_to_follow() {
            self.ease_efforts(&JointVec::EMPTY, to.stamp);
        }
        self.send(self.own_tag(to.stamp), to, out);
    }

    pub(super) fn send(&mut self, tag: StreamTag, to: Reference, out: &mut VecDeque<Output>) {
        let setpoint = Setpoint {
            tag,
            position: to.position,
            velocity: to.velocity,
            acceleration: to.acceleration,
            effort: self.effort,
            effort_limit: self.effort_limit,
            release: false,
            stopping: None,
        };
        self.sent = Some(to);
        self.trail.note(&to.position);
        self.seq += 1;
        self.commanded = true;
        let command = Command {
            mode: CommandMode::Track,
            setpoint,
        };
        out.push_back(Output::Command {
            group: self.group.name,
            command,
        });
    }

    pub(super) fn own_tag(&self, stamp: Stamp) -> StreamTag {
        let (epoch, seq, valid_for) = (self.epoch, self.seq, self.config.valid_for);
        StreamTag {
            stamp,
            epoch,
            seq,
            valid_for,
            ..StreamTag::default()
        }
    }
}

/// What a setpoint may add to a joint's effort where the machine has to follow, as a share of what the joint can give: an unknown load or friction.
const ADDED_EFFORT: f64 = 0.05;
/// In what time that may come, and go \[s\]: some five times what a velocity loop of 15 Hz takes to catch a step.
const EASING_S: f64 = 0.05;
