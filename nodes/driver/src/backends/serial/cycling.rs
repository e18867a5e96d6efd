//! A bus that cycles: a read, a frame when its answers are complete or overdue, goals that end at a fixed phase of the period.

use super::bus::Bus;
use super::member::{self, Member as _};
use super::phase::{Asked as _, Cycling, Phase};
use super::protocol::Protocol;
use servomesh_types::Stamp;

impl<P: Protocol> Bus<P> {
    /// What is due in a cycle: answers that are missing, goals, the next read.
    pub(super) fn tick_cycling(&mut self, now: Stamp) {
        if let Some(read) = self.phase.give_up(now) {
            P::give_up(self, now, read);
            return; // the core answers first
        }
        self.write_if_due(now);
        if let Some(begin) = self.phase.begins_to_cycle(now) {
            self.begin_cycle(now, begin);
        }
    }

    /// Sends the goals of this cycle once they are there and their time has come.
    pub(super) fn write_if_due(&mut self, now: Stamp) {
        if self.phase.begins_to_write(now, self.command.is_some())
            && let Some(command) = self.command.take()
        {
            let sent = P::write(self, now, &command);
            self.clear_at = now + self.pace.wire(sent);
        }
    }

    /// Begins a cycle: reads all servos, unless too many reads wait for their answers.
    fn begin_cycle(&mut self, now: Stamp, begin: Stamp) {
        self.status.cycle = self.pace.cycle(begin);
        let mut cycling = Cycling::begin(&self.pace, now, begin, P::goals_take(self));
        cycling.read = self.read(now, cycling.latest);
        self.phase = Phase::Cycling(cycling);
        if cycling.read.is_none() {
            self.hand_over(now, begin);
        }
    }

    /// Reads all servos; goals have to begin by `latest`. `None` while the answers to earlier reads are waited for.
    fn read(&mut self, now: Stamp, latest: Stamp) -> Option<P::Read> {
        let wanted = P::wanted(self);
        let length = self.pending.begin(now, *wanted.start(), *wanted.end())?;
        self.reads += 1;
        self.stats.cycles += 1;
        P::clear(&mut self.stream);
        Some(P::read(self, now, length, latest))
    }

    /// Finds out how long a cycle is: the longest of its usual reads, and its goals.
    pub(in crate::backends) fn lay_out(&mut self) {
        let (reading, goals) = (P::reading(self), P::goals_take(self));
        self.pace.lay_out(reading, goals);
    }

    /// The read of this cycle is not over yet.
    pub(in crate::backends) fn wait_for(&mut self, read: P::Read) {
        self.phase.wait_for(Some(read));
    }

    /// The read is over: all have answered, or the time has come. `sampled` is when the last of them was; `lost` are those that have lost their
    /// set-up, one bit each.
    pub(in crate::backends) fn conclude(&mut self, now: Stamp, read: &P::Read, sampled: Stamp, lost: u32) {
        let servos = self.servos.len();
        self.phase.wait_for(None);
        self.stats.missing_replies += read.missing_replies(servos) as u64;
        self.pending.conclude(read.length(), read.heard_by(servos));
        if lost != 0 {
            for text in member::lost(&self.servos, lost) {
                self.outbox.complain(text);
            }
            self.reopen(now, lost);
            return;
        }
        P::judge(self, read);
        self.hand_over(now, sampled);
    }

    /// Gives the core what is known at a time, unless a servo has been silent for so long that it has to be opened anew.
    fn hand_over(&mut self, now: Stamp, at: Stamp) {
        let silent = member::those(&self.servos, |servo| P::is_silent(self, servo, at));
        if silent != 0 {
            self.reopen(now, silent);
        } else if self.servos.iter().all(|servo| servo.known().sampled.is_some()) {
            // No sample lies after its frame.
            let samples = self.servos.iter().filter_map(|servo| servo.known().sampled);
            member::fill(&mut self.status, &self.servos, samples.fold(at, Stamp::max));
            self.status.acts = self.phase.goals_act(now, P::goals_take(self));
            self.outbox.frame();
        }
    }
}
