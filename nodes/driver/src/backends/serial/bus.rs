//! One bus of servos, as a [`Link`]: what it holds, and which of its phases hears what.
//!
//! It [opens](super::opening) its servos, then it [cycles](super::cycling), and opens anew the one that was started anew, has a fault to be
//! cleared, or fell silent.

use super::member;
use super::phase::Phase;
use super::protocol::Protocol;
use crate::backends::outbox::Outbox;
use crate::backends::pace::Pace;
use crate::backends::unanswered::Unanswered;
use crate::bus::{DriveCommand, DriveStatus};
use crate::link::{Action, Link};
use servomesh_types::Stamp;

/// A group of servos on a serial bus.
#[derive(Debug)]
pub struct Bus<P: Protocol> {
    /// What only a bus of these servos holds.
    pub(in crate::backends) own: P,
    /// Bits per second.
    pub(super) baud: u32,
    pub(in crate::backends) pace: Pace,
    pub(in crate::backends) servos: Vec<P::Servo>,
    pub(in crate::backends) stream: P::Stream,
    pub(super) phase: Phase<P::Read>,
    /// Reads whose answers may still come.
    pub(in crate::backends) pending: Unanswered,
    /// When the goals that were sent last have gone out.
    pub(super) clear_at: Stamp,
    /// The newest answer of the core that was not sent yet.
    pub(super) command: Option<DriveCommand>,
    /// What the core wants of the torque.
    pub(in crate::backends) enable: bool,
    /// Watchdogs may have tripped while the bus was silent: they are armed anew before it cycles.
    pub(super) rearm: bool,
    /// Reads since the bus began to cycle.
    pub(in crate::backends) reads: u64,
    pub(super) status: DriveStatus,
    pub(in crate::backends) outbox: Outbox<ROOM>,
    pub(in crate::backends) stats: Stats,
}

/// What a bus has seen since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Cycles in which servos were read.
    pub cycles: u64,
    /// Replies of single servos that did not come, or not as they were sent.
    pub missing_replies: u64,
    /// Answers that came when their time was over.
    pub stale: u64,
    /// Times at which servos had to be opened anew.
    pub reopened: u64,
}

impl<P: Protocol> Bus<P> {
    /// A bus whose servos are opened from the first call on.
    pub(in crate::backends) fn of(baud: u32, pace: Pace, servos: Vec<P::Servo>, own: P) -> Self {
        Self {
            own,
            baud,
            pace,
            servos,
            stream: P::Stream::default(),
            phase: Phase::opening_at(Stamp::ZERO),
            pending: Unanswered::default(),
            clear_at: Stamp::ZERO,
            command: None,
            enable: false,
            rearm: false,
            reads: 0,
            status: DriveStatus::default(),
            outbox: Outbox::new(),
            stats: Stats::default(),
        }
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
    pub(in crate::backends) fn send(
        &mut self,
        write: impl FnOnce(&[P::Servo], &mut [u8]) -> Result<usize, P::Error>,
    ) -> usize {
        let servos = &self.servos;
        self.outbox.send(|buffer| write(servos, buffer))
    }

    /// When what is sent now begins: late goals may still be going out.
    pub(in crate::backends) fn begins(&self, now: Stamp) -> Stamp {
        now.max(self.clear_at)
    }
}

impl<P: Protocol> Link for Bus<P>
where
    Self: Send,
{
    fn receive(&mut self, now: Stamp, bytes: &[u8]) {
        let mut bytes = bytes;
        // What one packet says may be that the bus opens or cycles from there on.
        while match self.phase {
            Phase::Unplugged => false,
            Phase::Opening { asking, .. } => P::hear_opening(self, now, asking, &mut bytes),
            Phase::Cycling(cycling) => P::hear_cycling(self, now, cycling.read, &mut bytes),
        } {}
    }

    fn plugged(&mut self, now: Stamp, there: bool) {
        P::clear(&mut self.stream);
        self.command = None;
        if there {
            self.rearm = true;
            member::restart_all(&mut self.servos, now);
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

/// Bytes that wait to be sent at most: several times what sixteen servos need, with goals in as many instructions as there are modes, switches of the
/// torque, and an instruction to each.
const ROOM: usize = 4096;
