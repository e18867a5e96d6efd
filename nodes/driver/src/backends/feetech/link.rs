//! One bus of FEETECH servos, as a [`Link`]: what it holds, and which of its phases hears what.
//!
//! It [opens](super::opening) its servos, then it [cycles](super::cycling), and opens anew the one that was started anew or fell silent.

use super::read::Read;
use super::servo::Servo;
use super::settings::Settings;
use crate::backends::outbox::Outbox;
use crate::backends::pace::Pace;
use crate::backends::serial::{self, Asked, Phase, Stats};
use crate::backends::settings::SettingsError;
use crate::backends::unanswered::Unanswered;
use crate::bus::{DriveCommand, DriveStatus};
use crate::link::{Action, Link};
use servomesh_fieldbus::feetech::Error;
use servomesh_fieldbus::feetech::stream::Stream;
use servomesh_types::Stamp;

/// FEETECH STS or SCS servos on a serial bus.
#[derive(Debug)]
pub struct Feetech {
    pub(super) settings: Settings,
    pub(super) pace: Pace,
    pub(super) servos: Vec<Servo>,
    pub(super) stream: Stream,
    pub(super) phase: Phase<Asking, Read>,
    /// Reads whose answers may still come.
    pub(super) pending: Unanswered,
    /// When the goals that were sent last have gone out.
    pub(super) clear_at: Stamp,
    /// The newest answer of the core that was not sent yet.
    pub(super) command: Option<DriveCommand>,
    /// What the core wants of the torque.
    pub(super) enable: bool,
    /// Reads since the bus began to cycle.
    pub(super) reads: u64,
    pub(super) status: DriveStatus,
    pub(super) outbox: Outbox<ROOM>,
    pub(super) stats: Stats,
}

/// What one servo was asked while it is set up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking {
    pub(super) servo: usize,
    pub(super) missing: Stamp,
}

impl Asked for Asking {
    fn missing(&self) -> Stamp {
        self.missing
    }
}

impl Feetech {
    /// A bus whose servos are opened from the first call on.
    ///
    /// # Errors
    /// [`SettingsError`]: what can't be.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        Ok(Self {
            pace: Pace::new(settings.baud, settings.period, settings.latency),
            servos: settings.servos.iter().cloned().map(Servo::new).collect(),
            stream: Stream::default(),
            phase: Phase::opening_at(Stamp::ZERO),
            pending: Unanswered::default(),
            clear_at: Stamp::ZERO,
            command: None,
            enable: false,
            reads: 0,
            status: DriveStatus::default(),
            outbox: Outbox::new(),
            stats: Stats::default(),
            settings,
        })
    }

    /// What the bus has seen.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Whether all servos are set up and read in cycles.
    pub fn is_cycling(&self) -> bool {
        self.phase.is_cycling()
    }

    /// Adds what `write` makes of the servos to what waits to be sent; gives its length.
    pub(super) fn send(&mut self, write: impl FnOnce(&[Servo], &mut [u8]) -> Result<usize, Error>) -> usize {
        let servos = &self.servos;
        self.outbox.send(|buffer| write(servos, buffer))
    }
}

impl Link for Feetech {
    fn receive(&mut self, now: Stamp, bytes: &[u8]) {
        let mut bytes = bytes;
        // What one packet says may be that the bus opens or cycles from there on.
        while match self.phase {
            Phase::Unplugged => false,
            Phase::Opening { asking, .. } => self.receive_opening(now, asking, &mut bytes),
            Phase::Cycling(cycling) => self.receive_cycling(now, cycling.read, &mut bytes),
        } {}
    }

    fn plugged(&mut self, now: Stamp, there: bool) {
        self.stream = Stream::default();
        self.command = None;
        if there {
            serial::restart_all(&mut self.servos, now);
            self.phase = Phase::opening_at(now);
        } else {
            self.outbox.expect_recovery();
            self.phase = Phase::Unplugged;
        }
    }

    fn tick(&mut self, now: Stamp) {
        match self.phase {
            Phase::Unplugged => {}
            Phase::Opening { asking, due } => self.tick_opening(now, asking, due),
            Phase::Cycling(_) => self.tick_cycling(now),
        }
    }

    fn command(&mut self, now: Stamp, command: &DriveCommand) {
        self.enable = command.enable;
        self.command = Some(*command);
        self.write_if_due(now);
    }

    fn poll(&mut self) -> Option<Action<'_>> {
        self.outbox.poll(&self.status)
    }

    fn deadline(&self) -> Option<Stamp> {
        self.phase.deadline(self.command.is_some())
    }
}

/// Bytes that wait to be sent at most: goals in three modes and two switches of the torque, for sixteen servos.
pub(super) const ROOM: usize = 1024;
