//! A bus that cycles: a read, a frame when its answers are complete or overdue, goals that end at a fixed phase of the period.

use super::cycle;
use super::layout::Stretch;
use super::link::Feetech;
use super::read::Read;
use super::servo::Servo;
use crate::backends::serial::{self, Cycling, Phase, SILENT};
use servomesh_fieldbus::feetech::status::{Alarms, Status};
use servomesh_fieldbus::feetech::stream::Stream;
use servomesh_types::Stamp;
use std::time::Duration;

impl Feetech {
    /// Reads one packet of a bus that cycles; `false` when none is left. `read` is what was asked and is not over yet.
    pub(super) fn receive_cycling(&mut self, now: Stamp, read: Option<Read>, bytes: &mut &[u8]) -> bool {
        let Some(packet) = self.stream.next(bytes) else {
            return false;
        };
        let Ok(status) = Status::decode(&packet) else {
            return true;
        };
        let Some(mut read) = read else {
            self.stats.stale += 1; // nothing was asked: an answer that is too late
            return true;
        };
        if !read.take(now, &self.pace, &mut self.servos, &status, self.enable) {
            self.stats.stale += 1;
            return true;
        }
        self.go_on(now, read, false);
        true
    }

    /// What is due in a cycle: answers that are missing, goals, the next read.
    pub(super) fn tick_cycling(&mut self, now: Stamp) {
        if self.give_up_answers(now) {
            return; // the core answers first
        }
        self.write_if_due(now);
        if let Some(begin) = self.phase.begins_to_cycle(now) {
            self.begin_cycle(now, begin);
        }
    }

    /// Ends a read whose time is over, with what came of it; says whether one was.
    fn give_up_answers(&mut self, now: Stamp) -> bool {
        let Some(mut read) = self.phase.give_up(now) else {
            return false;
        };
        while let Some(packet) = self.stream.flush() {
            if let Ok(status) = Status::decode(&packet)
                && !read.take(now, &self.pace, &mut self.servos, &status, self.enable)
            {
                self.stats.stale += 1;
            }
        }
        self.go_on(now, read, true);
        true
    }

    /// Asks the next servo if it is its turn, waits for what is still missing unless that was `given_up`, or ends the read.
    fn go_on(&mut self, now: Stamp, mut read: Read, given_up: bool) {
        if self.ask_next(now, &mut read, given_up) || !(given_up || read.is_over(self.servos.len())) {
            self.phase.wait_for(Some(read));
        } else {
            self.phase.wait_for(None);
            self.conclude(now, &read);
        }
    }

    /// Asks the next servo of a read that asks them one by one, if its turn has come; says whether it did.
    fn ask_next(&mut self, now: Stamp, read: &mut Read, given_up: bool) -> bool {
        // Late goals are still going out.
        let begins = now.max(self.clear_at);
        let answer = cycle::reply_bytes(read.stretch);
        let missing = self
            .pace
            .missing(begins, cycle::READ_OF_ONE, answer, Duration::ZERO);
        let Some(place) = read.next(self.servos.len(), given_up, missing) else {
            return false;
        };
        let stretch = read.stretch;
        let sent = self.send(|servos, buffer| cycle::encode_read_of_one(&servos[place], stretch, buffer));
        read.ask(begins + self.pace.wire(sent), missing);
        true
    }

    /// Sends the goals of this cycle once they are there and their time has come.
    pub(super) fn write_if_due(&mut self, now: Stamp) {
        if self.phase.begins_to_write(now, self.command.is_some()) {
            self.write(now);
        }
    }

    /// Begins a cycle: reads all servos, unless too many reads wait for their answers.
    fn begin_cycle(&mut self, now: Stamp, begin: Stamp) {
        self.status.cycle = self.pace.cycle(begin);
        let mut cycling = Cycling::begin(&self.pace, now, begin, self.goals_take());
        cycling.read = self.read(now, cycling.latest);
        self.phase = Phase::Cycling(cycling);
        if cycling.read.is_none() {
            self.hand_over(now, begin);
        }
    }

    /// Reads all servos; goals have to begin by `latest`. `None` while the answers to earlier reads are waited for.
    fn read(&mut self, now: Stamp, latest: Stamp) -> Option<Read> {
        let series = self.settings.series();
        let (wanted, longest) = (self.wanted().length(), Stretch::longest(series).length());
        let length = self.pending.begin(now, wanted.into(), longest.into())?;
        let stretch = Stretch::of(series, length as u8);
        self.reads += 1;
        self.stats.cycles += 1;
        self.stream = Stream::default();
        if !series.is_read_at_once() {
            let mut read = Read::one_by_one(stretch, self.pace.latest_answer(latest));
            self.ask_next(now, &mut read, false);
            return Some(read);
        }
        let sent = self.send(|servos, buffer| cycle::encode_read(servos, stretch, buffer));
        let answers = self.servos.len() * cycle::reply_bytes(stretch);
        let waits = GAP * self.servos.len() as u32;
        // Late goals are still going out.
        let begins = now.max(self.clear_at);
        let missing = self.pace.missing(begins, sent, answers, waits);
        let asked = begins + self.pace.wire(sent);
        Some(Read::at_once(stretch, asked, self.pace.give_up(missing, latest)))
    }

    /// Finds out how long a cycle is: the longest of its usual reads, and its goals.
    pub(super) fn lay_out(&mut self) {
        let reading = self.settings.reading(&self.pace);
        self.pace.lay_out(reading, self.goals_take());
    }

    /// How long the goals of all servos take on the wire.
    fn goals_take(&self) -> Duration {
        self.pace.wire(cycle::goal_bytes(&self.settings.servos))
    }

    /// What this cycle should read.
    fn wanted(&self) -> Stretch {
        let switching = |servo: &Servo| servo.known.torque != self.enable || servo.suspect;
        if self.servos.iter().any(switching) || self.reads.is_multiple_of(STATE_EVERY) {
            Stretch::state(self.settings.series())
        } else {
            Stretch::data(self.settings.series())
        }
    }

    /// The read is over: all have answered, or the time has come.
    fn conclude(&mut self, now: Stamp, read: &Read) {
        self.stats.missing_replies += read.missing_replies(self.servos.len()) as u64;
        let heard = read.heard_by(self.servos.len());
        self.pending.conclude(read.stretch.length().into(), heard);
        for (i, servo) in self.servos.iter_mut().enumerate() {
            if read.answered & (1 << i) == 0 {
                servo.miss(read.sampled(&self.pace, i));
            }
        }
        if read.started != 0 {
            for text in serial::lost(&self.servos, read.started) {
                self.outbox.complain(text);
            }
            self.reopen(now, read.started);
            return;
        }
        // The newest sample of a whole answer: no sample lies after it.
        self.hand_over(now, read.sampled(&self.pace, self.servos.len() - 1));
    }

    /// Gives the core what is known at a time, unless a servo has been silent for so long that it has to be opened anew.
    fn hand_over(&mut self, now: Stamp, at: Stamp) {
        let is_silent = |servo: &Servo| {
            let since = servo.silent_since;
            since.is_some_and(|since| at.since(since) > SILENT)
        };
        let silent = serial::those(&self.servos, is_silent);
        if silent != 0 {
            self.reopen(now, silent);
        } else if self.servos.iter().all(|servo| servo.known.sampled.is_some()) {
            let samples = self.servos.iter().filter_map(|servo| servo.known.sampled);
            serial::fill(&mut self.status, &self.servos, samples.fold(at, Stamp::max));
            self.status.acts = self.phase.goals_act(now, self.goals_take());
            self.outbox.frame();
        }
    }

    /// Sends what the core answered: goals, and torque where it is not as it should be.
    fn write(&mut self, now: Stamp) {
        let Some(command) = self.command.take() else {
            return;
        };
        let mut sent = 0;
        if command.enable {
            let ahead = 2 * self.pace.period();
            sent += self.send(|servos, buffer| cycle::encode_goals(servos, &command, ahead, buffer));
        }
        let switched =
            |servo: &Servo| !(command.enable && servo.suspect) && servo.known.torque != command.enable;
        sent += self.send(|servos, buffer| cycle::encode_torque(servos, command.enable, switched, buffer));
        if command.clear_faults && !command.enable {
            // Alarms that last are forgotten when the torque is taken off, also where it is off.
            let alarmed = |servo: &Servo| servo.alarms != Alarms::NONE;
            sent += self.send(|servos, buffer| cycle::encode_torque(servos, false, alarmed, buffer));
        }
        self.clear_at = now + self.pace.wire(sent);
    }
}

/// How much longer than its answer takes a servo is waited for, by the one whose turn is after it.
const GAP: Duration = Duration::from_micros(100);
/// Every so many reads the torque is read.
const STATE_EVERY: u64 = 8;

#[cfg(test)]
mod tests;
