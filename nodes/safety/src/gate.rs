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

mod admission;
mod closing;
mod counts;
mod opening;
mod stream;
mod watch;

pub use counts::Counts;

use crate::checks::JointRules;
use crate::config::Config;
use crate::measured::Measured;
use crate::safety::Output;
use crate::stop::{Reference, Stop};
use servomesh_types::*;
use std::collections::VecDeque;
use std::time::Duration;

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

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
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
}

/// Commands and measurements further apart than this [s] belong to different motions; to extrapolate over more would
/// compare with a guess.
const MAX_SKEW_S: f64 = 0.05;
