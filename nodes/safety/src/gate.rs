//! One group's gate: what passes, what stops it, and what it sends by itself.
//!
//! Positions in rad (m). A setpoint is answered at once; `Gate::tick` only watches for silence, fills in for missing
//! setpoints, and streams the gate's own stop.
//!
//! ```text
//!            first servo state          first setpoint          a fault that stops
//!  Unheard ───────────────────► Idle ───────────────► Tracking ───────► Stopping ──┬──────────► Stopped (stop 2, watched)
//!     │                          ▲ │ fault                               │         ├► Retreating ──┘
//!     │ had been commanded       │ └──────► Stopped                      │ stop 0  └──────────► Off     (stop 1)
//!     └──────► Stopped           │                                       └────────────────────► Off
//!                                └──────────────── reset: a new epoch ─────────────────────────────┘
//! ```
//!
//! A setpoint that is at rest and releases the group leads from Idle and Tracking to Off at once.
//!
//! **Invariant:** outside Idle and Tracking no setpoint passes; only a reset leads back, with a new epoch.
//! **Invariant:** what the gate does is never less severe than what the most severe active fault calls for.

mod admission;
mod closing;
mod counts;
mod digest;
mod opening;
mod speeding;
mod stream;
mod view;
mod watch;

pub use counts::Counts;

use crate::checks::JointRules;
use crate::config::Config;
use crate::drift::Drift;
use crate::lattice::Faults;
use crate::measured::Measured;
use crate::operation::Operation;
use crate::retreat::{Retreat, Trail};
use crate::safety::Output;
use crate::setup::GroupSetup;
use crate::speed::Speed;
use crate::stop::{Reference, Stop};
use servomesh_types::*;
use std::collections::VecDeque;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// No servo state yet: not known whether somebody else had commanded the group.
    Unheard,
    /// Open, without a setpoint in this epoch. After a reset under power it goes on holding the position.
    Idle { hold: bool },
    /// Open, setpoints flow.
    Tracking,
    /// Closed, the gate's own stop flows.
    Stopping,
    /// Closed, on the way back from what was hit.
    Retreating,
    /// Closed at a standstill. Holds the position if the group was under command.
    Stopped { hold: bool },
    /// Closed, torque off.
    Off,
}

/// The gate of one group.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    config: Config,
    setup: GroupSetup,
    group: GroupDescription,
    /// What the joints may do.
    rules: Vec<JointRules>,
    /// What they may do in the mode there is.
    narrowed: Vec<JointRules>,
    phase: Phase,
    epoch: Epoch,
    faults: Faults,
    resettable: bool,
    measured: Measured,
    operation: Operation,
    /// Since when reduced limits are asked for.
    reduced: Option<Stamp>,
    /// Whether they are enforced.
    reduced_in_force: bool,
    speed: Speed,
    /// The newest setpoint of this epoch and its number.
    setpoint: Option<(Reference, u64)>,
    /// How far the setpoints of this epoch have drifted from what they say of themselves.
    drift: Drift,
    /// The newest command, whoever made it.
    sent: Option<Reference>,
    effort: JointVec,
    effort_limit: JointVec,
    seq: u64,
    /// Whether the newest setpoint asked for torque off in mid-motion, so that this is told once.
    released_early: bool,
    /// When the first command of this epoch was sent.
    since: Stamp,
    /// Whether a command was sent in this epoch.
    commanded: bool,
    /// Whether the driver was seen to follow this epoch.
    engaged: bool,
    stop: Stop,
    trail: Trail,
    retreat: Option<Retreat>,
    /// When the standstill began.
    resting: Stamp,
    next: Stamp,
    counts: Counts,
}

impl Gate {
    pub(crate) fn new(
        config: &Config,
        setup: GroupSetup,
        group: GroupDescription,
        speed_scale: f64,
        operation: Operation,
    ) -> Self {
        let rules: Vec<_> = group
            .joints
            .iter()
            .map(|joint| JointRules::new(config, joint))
            .collect();
        let mut gate = Self {
            config: *config,
            narrowed: rules.clone(),
            rules,
            group,
            phase: Phase::Unheard,
            epoch: Epoch::NONE,
            faults: Faults::new(setup.policy),
            resettable: false,
            measured: Measured::default(),
            operation,
            reduced: None,
            reduced_in_force: false,
            speed: Speed::new(speed_scale),
            setpoint: None,
            drift: Drift::default(),
            sent: None,
            effort: JointVec::EMPTY,
            effort_limit: JointVec::EMPTY,
            seq: 0,
            released_early: false,
            since: Stamp::ZERO,
            commanded: false,
            engaged: false,
            stop: Stop::default(),
            trail: Trail::new(setup.retreat),
            retreat: None,
            resting: Stamp::ZERO,
            next: Stamp::ZERO,
            counts: Counts::default(),
            setup,
        };
        gate.narrow_rules();
        gate.operate(Stamp::ZERO, operation, &mut VecDeque::new());
        gate
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
                Phase::Retreating => self.go_on_retreating(now, out),
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
            Phase::Stopping | Phase::Retreating | Phase::Stopped { .. } | Phase::Off => Some(self.next),
        }
    }

    fn open(&self) -> bool {
        matches!(self.phase, Phase::Idle { .. } | Phase::Tracking)
    }

    /// Whether the gate's commands are what the group follows.
    fn commanding(&self) -> bool {
        match self.phase {
            Phase::Tracking | Phase::Stopping | Phase::Retreating => true,
            Phase::Idle { hold } | Phase::Stopped { hold } => hold,
            Phase::Unheard | Phase::Off => false,
        }
    }
}

/// Commands and measurements further apart than this [s] belong to different motions; to extrapolate over more would
/// compare with a guess.
const MAX_SKEW_S: f64 = 0.05;
