//! One group's gate: what passes, what stops it, and what it sends by itself.
//!
//! Positions in rad (m). A setpoint is answered at once; `Gate::tick` only watches for silence, fills in for missing
//! setpoints, and streams the gate's own stop.
//!
//! ```text
//!            first servo state          first setpoint          fault
//!  Unheard ───────────────────► Idle ───────────────► Tracking ───────► Stopping ──┬─► Stopped (category 2, watched)
//!     │                          ▲ │ fault                                         └─► Off     (category 1)
//!     │ had been commanded       │ └──────► Stopped                                      │
//!     └──────► Stopped           └──────────────── reset: a new epoch ───────────────────┘
//! ```
//!
//! A setpoint that is at rest and releases the group leads from Idle and Tracking to Off at once.
//!
//! **Invariant:** outside Idle and Tracking no setpoint passes; only a reset leads back, with a new epoch.
//! **Invariant:** the first cause since the last reset is kept; what follows from it does not hide it.

mod stream;
mod watch;

use crate::checks::{self, JointRules};
use crate::config::{Config, StopCategory};
use crate::measured::{Measured, Obstacle};
use crate::safety::Output;
use crate::stop::{Reference, Stop};
use servomesh_types::*;
use std::collections::VecDeque;
use std::time::Duration;

/// How many values went which way since the group became known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Setpoints that became commands.
    pub passed: u64,
    /// Commands extrapolated for a missing setpoint.
    pub extrapolated: u64,
    /// Commands of the gate's own stops and standstills.
    pub own: u64,
    /// Setpoints of another epoch.
    pub stale_epoch: u64,
    /// Setpoints that came twice or after a newer one.
    pub out_of_order: u64,
    /// Setpoints past their validity, or too far ahead.
    pub untimely: u64,
    /// Setpoints while the gate was closed.
    pub closed: u64,
    /// Setpoints that broke a rule, each the cause of a stop.
    pub unsafe_setpoints: u64,
    /// Setpoints that asked for torque off in mid-motion; they passed as any other.
    pub early_releases: u64,
    /// Servo and motion states that were not kept: reordered, of the wrong size, or not finite.
    pub bad_states: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// No servo state yet: not known whether somebody else had commanded the group.
    Unheard,
    /// Open, without a setpoint in this epoch. After a reset under power it goes on holding the position.
    Idle { hold: bool },
    /// Open, setpoints flow.
    Tracking,
    /// Closed, the gate's own stop flows.
    Stopping,
    /// Closed at a standstill. Holds the position if the group was under command.
    Stopped { hold: bool },
    /// Closed, torque off.
    Off,
}

/// The gate of one group.
#[derive(Debug)]
pub(crate) struct Gate {
    config: Config,
    group: GroupDescription,
    rules: Vec<JointRules>,
    phase: Phase,
    epoch: Epoch,
    fault: Option<Fault>,
    resettable: bool,
    measured: Measured,
    /// The newest setpoint of this epoch and its number.
    setpoint: Option<(Reference, u64)>,
    /// The newest command, whoever made it.
    sent: Option<Reference>,
    effort: JointVec,
    effort_limit: JointVec,
    seq: u64,
    /// How fast the group may run, of what is planned. Said to others, who obey it; no check of the gate knows it.
    speed_scale: f64,
    /// Whether the newest setpoint asked for torque off in mid-motion, so that this is told once.
    released_early: bool,
    /// When the first command of this epoch was sent.
    since: Stamp,
    /// Whether a command was sent in this epoch.
    commanded: bool,
    /// Whether the driver was seen to follow this epoch.
    engaged: bool,
    stop: Stop,
    next: Stamp,
    counts: Counts,
}

impl Gate {
    pub(crate) fn new(config: &Config, group: GroupDescription, speed_scale: f64) -> Self {
        let joints = group.joints.len();
        Self {
            config: *config,
            rules: group
                .joints
                .iter()
                .map(|joint| JointRules::new(config, joint))
                .collect(),
            group,
            phase: Phase::Unheard,
            epoch: Epoch::NONE,
            fault: None,
            resettable: false,
            measured: Measured::default(),
            setpoint: None,
            sent: None,
            effort: JointVec::EMPTY,
            effort_limit: JointVec::EMPTY,
            seq: 0,
            speed_scale,
            released_early: false,
            since: Stamp::ZERO,
            commanded: false,
            engaged: false,
            stop: Stop::new(joints),
            next: Stamp::ZERO,
            counts: Counts::default(),
        }
    }

    /// What the gate says of itself; nothing until the group's servo state was heard.
    pub(crate) fn view(&self) -> Option<GroupSafety> {
        let mode = match self.phase {
            Phase::Unheard => return None,
            Phase::Idle { .. } | Phase::Tracking => SafetyMode::Normal,
            Phase::Stopping => SafetyMode::Stopping,
            Phase::Stopped { .. } => SafetyMode::Stopped,
            Phase::Off => SafetyMode::Off,
        };
        let (group, epoch, fault) = (self.group.name, self.epoch, self.fault);
        Some(GroupSafety {
            group,
            mode,
            epoch,
            fault,
            resettable: self.resettable,
            speed_scale: self.speed_scale,
        })
    }

    /// What is in the way of a reset, as a sentence.
    pub(crate) fn explain(&self, obstacle: &Obstacle) -> String {
        match obstacle {
            Obstacle::Fault(fault) => format!("{}: {}", self.group.name, fault.describe(&self.group)),
            other => format!("{}: {other}", self.group.name),
        }
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

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
                self.fail(now, fault, out);
            }
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

    /// Stops the group on request. Says whether that changed anything.
    pub(crate) fn stop(&mut self, now: Stamp, out: &mut VecDeque<Output>) -> bool {
        if self.phase == Phase::Unheard {
            self.fault.get_or_insert(Fault::StopRequested);
            return true;
        }
        let open = self.open();
        self.fail(now, Fault::StopRequested, out);
        open
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

    pub(crate) fn tick(&mut self, now: Stamp, out: &mut VecDeque<Output>) {
        self.watch(now, out);
        if now >= self.next {
            match self.phase {
                Phase::Tracking => self.extrapolate(now, out),
                Phase::Stopping => self.go_on_stopping(now, out),
                Phase::Idle { hold: true } | Phase::Stopped { hold: true } => self.hold(now, out),
                Phase::Off => self.keep_off(now, out),
                Phase::Unheard | Phase::Idle { hold: false } | Phase::Stopped { hold: false } => {}
            }
            if self.phase != Phase::Tracking {
                self.next = now.next_multiple(self.config.period(), Duration::ZERO);
            }
        }
        self.update_resettable(now);
    }

    pub(crate) fn deadline(&self) -> Option<Stamp> {
        match self.phase {
            Phase::Unheard | Phase::Idle { hold: false } => None,
            Phase::Idle { hold: true } | Phase::Tracking => {
                let servo = self.measured.servo_at() + self.config.servo_state_timeout;
                let motion = self.measured.motion_at(self.since) + self.config.motion_state_timeout;
                let setpoint = self.setpoint.map(|(last, _)| last.told + self.patience());
                let first = self.next.min(servo).min(motion);
                Some(setpoint.map_or(first, |setpoint| first.min(setpoint)))
            }
            Phase::Stopping | Phase::Stopped { .. } | Phase::Off => Some(self.next),
        }
    }

    fn open(&self) -> bool {
        matches!(self.phase, Phase::Idle { .. } | Phase::Tracking)
    }

    /// Whether the gate's commands are what the group follows.
    fn commanding(&self) -> bool {
        match self.phase {
            Phase::Tracking | Phase::Stopping => true,
            Phase::Idle { hold } | Phase::Stopped { hold } => hold,
            Phase::Unheard | Phase::Off => false,
        }
    }

    /// The first servo state decides whether the group may move: one that had been commanded before is not this gate's.
    fn begin(&mut self, now: Stamp, state: &ServoState, out: &mut VecDeque<Output>) {
        let before = self.epoch.max(state.tag.epoch);
        self.epoch = before.next(now);
        self.since = now;
        let restarted = (state.tag.epoch != Epoch::NONE).then_some(Fault::SafetyRestarted);
        self.phase = Phase::Idle { hold: false };
        if let Some(fault) = self.fault.or(restarted) {
            self.fail(now, fault, out);
        }
    }

    fn check(&self, now: Stamp, setpoint: &Setpoint) -> Result<Reference, Fault> {
        checks::shape(setpoint, self.rules.len())?;
        let to = Reference {
            told: now,
            stamp: setpoint.tag.stamp,
            position: setpoint.position,
            velocity: setpoint.velocity,
            acceleration: setpoint.acceleration,
        };
        match &self.setpoint {
            Some((from, _)) => {
                checks::limits(&self.rules, &from.position, &to)?;
                checks::reachable(&self.rules, from, &to)?;
            }
            None => self.check_first(now, &to)?,
        }
        Ok(to)
    }

    /// An epoch begins where the machine really is, and only if nothing is wrong with it.
    fn check_first(&self, now: Stamp, to: &Reference) -> Result<(), Fault> {
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
        checks::limits(&self.rules, &servo.position, to)
    }

    fn pass(&mut self, now: Stamp, setpoint: &Setpoint, to: Reference, out: &mut VecDeque<Output>) {
        if self.phase == (Phase::Idle { hold: false }) {
            self.since = now;
        }
        self.phase = Phase::Tracking;
        self.setpoint = Some((to, setpoint.tag.seq));
        self.effort = self.capped(&setpoint.effort, |effort, most| effort.clamp(-most, most));
        self.effort_limit = self.capped(&setpoint.effort_limit, |limit, most| limit.clamp(0.0, most));
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
    fn release(&mut self, now: Stamp, setpoint: &Setpoint, to: Reference, out: &mut VecDeque<Output>) {
        if checks::at_rest(&self.rules, &to) {
            // To follow it would switch on what is off.
            if self.phase != (Phase::Idle { hold: false }) {
                self.pass(now, setpoint, to, out);
            }
            self.latch(now, Fault::StopRequested, out);
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

    /// Latches the first cause and begins the stop.
    fn fail(&mut self, now: Stamp, fault: Fault, out: &mut VecDeque<Output>) {
        if !self.open() {
            return;
        }
        let commanding = self.commanding();
        self.latch(now, fault, out);
        let Some(sent) = self.sent.filter(|_| commanding) else {
            return self.come_to_rest(now, false, out);
        };
        if !self.stop.plan(&sent, &self.rules) {
            return self.switch_off(now, "no stop could be planned", out);
        }
        self.phase = Phase::Stopping;
        self.next = now;
        self.go_on_stopping(now, out);
        self.next = now.next_multiple(self.config.period(), Duration::ZERO);
    }

    fn latch(&mut self, now: Stamp, fault: Fault, out: &mut VecDeque<Output>) {
        if self.fault.is_none() {
            self.fault = Some(fault);
            if fault != Fault::StopRequested {
                let text = format!("{}: {}", self.group.name, fault.describe(&self.group));
                self.say(now, EventKind::Fault, text, out);
            }
        }
    }

    /// The driver no longer follows: what the gate sends has no meaning, and must not enable it again.
    fn lose_driver(&mut self, now: Stamp, fault: Fault, out: &mut VecDeque<Output>) {
        self.latch(now, fault, out);
        self.switch_off(now, "its driver no longer follows", out);
    }

    fn switch_off(&mut self, now: Stamp, why: &str, out: &mut VecDeque<Output>) {
        self.phase = Phase::Off;
        self.next = now.next_multiple(self.config.period(), Duration::ZERO);
        let text = format!("{}: torque off: {why}", self.group.name);
        self.say(now, EventKind::Stopped, text, out);
        self.update_resettable(now);
    }

    /// The end of a stop.
    fn come_to_rest(&mut self, now: Stamp, hold: bool, out: &mut VecDeque<Output>) {
        let cause = self
            .fault
            .map_or_else(String::new, |fault| fault.describe(&self.group));
        if self.config.stop_category == StopCategory::One {
            return self.switch_off(now, &format!("stands still: {cause}"), out);
        }
        self.next = now.next_multiple(self.config.period(), Duration::ZERO);
        self.phase = Phase::Stopped { hold };
        self.say(
            now,
            EventKind::Stopped,
            format!("{}: stands still: {cause}", self.group.name),
            out,
        );
        self.update_resettable(now);
    }

    fn say(&self, stamp: Stamp, kind: EventKind, text: String, out: &mut VecDeque<Output>) {
        out.push_back(Output::Event(Event {
            stamp,
            kind,
            group: Some(self.group.name),
            text,
        }));
    }

    fn obstacle(&self, now: Stamp) -> Option<Obstacle> {
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

    fn update_resettable(&mut self, now: Stamp) {
        let closed = !self.open() && self.phase != Phase::Unheard;
        self.resettable = closed && self.obstacle(now).is_none();
    }
}

/// Commands and measurements further apart than this [s] belong to different motions; to extrapolate over more would
/// compare with a guess.
const MAX_SKEW_S: f64 = 0.05;
