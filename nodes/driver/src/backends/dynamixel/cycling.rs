//! A bus that cycles: a read, a frame when its answers are complete or overdue, goals that end at a fixed phase of the period.

use super::cycle::{self, Read, Taken};
use super::layout::{LONGEST, Stretch};
use super::link::Dynamixel;
use super::servo::{Goal, Servo, TRIPPED};
use crate::backends::serial::{self, Cycling, Phase, SILENT};
use servomesh_fieldbus::dynamixel::{Instruction, MAX_PACKET, Received, Replies};
use servomesh_types::{EventKind, Stamp};
use std::time::Duration;

impl Dynamixel {
    /// Reads one packet of a bus that cycles; `false` when none is left. `read` is what was asked and is not over yet.
    pub(super) fn receive_cycling(&mut self, now: Stamp, read: Option<Read>, bytes: &mut &[u8]) -> bool {
        let Some(received) = self.stream.read(bytes) else {
            return false;
        };
        let Some(mut read) = read else {
            self.stats.stale += 1; // nothing was asked: an answer that is too late
            return true;
        };
        let joined = read.replies == Replies::Joined;
        if joined && now < read.earliest {
            self.stats.stale += 1;
            return true;
        }
        let servos = &mut self.servos[..];
        let taken = match received {
            Received::Fast(reply) => read.take_joined(servos, &reply, self.armed),
            Received::Packet(packet) => match packet.status() {
                Some(status) => read.take_separate(servos, &status, self.armed),
                None => return true,
            },
        };
        if taken == Taken::default() {
            self.stats.stale += 1; // an answer to another read
        }
        let is_over = joined && read.heard != 0 || read.is_complete(self.servos.len()) || taken.lost != 0;
        self.phase.wait_for((!is_over).then_some(read));
        if is_over {
            self.conclude(now, &read, taken);
        }
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
        let mut taken = Taken::default();
        while let Some(received) = self.stream.silence() {
            if let Received::Fast(reply) = received {
                taken = read.take_joined(&mut self.servos, &reply, self.armed);
            }
        }
        self.conclude(now, &read, taken);
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

    /// Reads all servos; `None` while the answers to earlier reads are waited for.
    fn read(&mut self, now: Stamp, latest: Stamp) -> Option<Read> {
        let wanted = self.wanted().length();
        let stretch = Stretch::of(self.pending.begin(now, wanted, LONGEST)?);
        self.reads += 1;
        self.stats.cycles += 1;
        self.stream.clear();
        let (replies, mut answer) = (self.replies, 0);
        let sent = self.send(|servos, buffer| {
            let (sent, expected) = cycle::encode_read(servos, stretch, replies, buffer)?;
            answer = expected;
            Ok(sent)
        });
        self.stream.expect(match self.replies {
            Replies::Joined => cycle::joined_length(&self.servos, stretch),
            Replies::Separate => None,
        });
        // Late goals are still going out.
        let begins = now.max(self.clear_at);
        let missing = self.pace.missing(begins, sent, answer, Duration::ZERO);
        Some(Read {
            stretch,
            replies,
            sampled: begins + self.pace.wire(sent),
            earliest: self.pace.earliest(begins, sent, answer),
            missing: self.pace.give_up(missing, latest),
            heard: 0,
        })
    }

    /// Finds out how long a cycle is on the wire: the longest of its usual reads, and its goals.
    pub(super) fn lay_out(&mut self) {
        let mut packet = [0; MAX_PACKET];
        let reading = cycle::encode_read(&self.servos, Stretch::SLOW, self.replies, &mut packet);
        // What is longer than a packet is never sent either.
        let (sent, answer) = reading.unwrap_or_default();
        let reading = self.pace.wire(sent + answer);
        self.pace.lay_out(reading, self.goals_take());
    }

    /// How long the goals of all servos take on the wire.
    fn goals_take(&self) -> Duration {
        let goals = self
            .servos
            .iter()
            .map(|servo| 1 + usize::from(servo.goal_registers().1));
        self.pace.wire(AROUND_WRITE + goals.sum::<usize>())
    }

    /// What this cycle should read.
    fn wanted(&self) -> Stretch {
        let switching = self.servos.iter().any(|servo| servo.known.torque != self.enable);
        if self.reads.is_multiple_of(SLOW_EVERY) {
            Stretch::SLOW
        } else if switching || self.alert || self.reads.is_multiple_of(STATE_EVERY) {
            Stretch::STATE
        } else {
            Stretch::FAST
        }
    }

    /// The read is over: all have answered, or the time has.
    fn conclude(&mut self, now: Stamp, read: &Read, taken: Taken) {
        let missing = self.servos.len() - read.heard.count_ones() as usize;
        self.stats.missing_replies += missing as u64;
        self.alert = taken.alert;
        let heard = read.heard_by(self.servos.len());
        self.pending.conclude(read.stretch.length(), heard);
        if taken.lost != 0 {
            for text in serial::lost(&self.servos, taken.lost) {
                self.outbox.complain(text);
            }
            self.reopen(now, taken.lost);
            return;
        }
        self.judge_fast_reads(read);
        self.hand_over(now, read.sampled);
    }

    /// Reads servos one by one where none has ever answered a fast read.
    fn judge_fast_reads(&mut self, read: &Read) {
        if read.heard != 0 {
            self.fast_tries = u32::MAX; // fast reads are known to work, or not to be used
        } else if read.replies == Replies::Joined && self.fast_tries < u32::MAX {
            self.fast_tries += 1;
            if self.fast_tries == NO_FAST_READS {
                self.replies = Replies::Separate;
                self.lay_out();
                self.pending.forget();
                self.outbox.tell(
                    EventKind::Recovered,
                    "no servo answers a fast read: reading them one by one".to_owned(),
                );
            }
        }
    }

    /// Gives the core what is known, unless a servo has been silent for so long that it has to be opened anew.
    fn hand_over(&mut self, now: Stamp, sampled: Stamp) {
        let is_silent = |servo: &Servo| {
            let last = servo.known.sampled;
            last.is_none_or(|last| sampled.since(last) > SILENT)
        };
        let silent = serial::those(&self.servos, is_silent);
        if silent != 0 && self.reads > STATE_EVERY {
            self.reopen(now, silent);
        } else if self.servos.iter().all(|servo| servo.known.sampled.is_some()) {
            serial::fill(&mut self.status, &self.servos, sampled);
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
            let goals = Goal {
                current_a: &command.current_a,
                velocity_ticks_per_s: &command.velocity_ticks_per_s,
                position_ticks: &command.position_ticks,
            };
            sent += self.send(|servos, buffer| cycle::encode_goals(servos, goals, buffer));
        }
        if self
            .servos
            .iter()
            .any(|servo| servo.known.torque != command.enable)
        {
            sent += self.send(|servos, buffer| cycle::encode_torque(servos, command.enable, buffer));
        }
        self.clear_at = now + self.pace.wire(sent);
        if command.clear_faults {
            self.clear_faults(now);
        }
    }

    /// Reboots servos that shut down, and arms watchdogs that tripped.
    fn clear_faults(&mut self, now: Stamp) {
        let mut rebooted = 0;
        let tripped = self.servos.iter().any(|servo| servo.watchdog == TRIPPED);
        for i in 0..self.servos.len() {
            if self.servos[i].hardware_error != 0 {
                self.send(|servos, buffer| Instruction::Reboot.encode(servos[i].id, buffer));
                let servo = &mut self.servos[i];
                servo.standing.retry_at = now + REBOOT;
                servo.hardware_error = 0;
                rebooted |= 1 << i;
            }
        }
        if rebooted != 0 || tripped {
            self.reopen(now, rebooted);
        }
    }
}

/// Header, id, length, code, address, length and CRC of a sync write.
const AROUND_WRITE: usize = 14;
/// Every so many reads torque and faults are read too.
const STATE_EVERY: u64 = 8;
/// Every so many reads temperatures and voltages are read too.
const SLOW_EVERY: u64 = 64;
/// How long a servo takes to start.
const REBOOT: Duration = Duration::from_millis(400);
/// Reads that nobody answers until they are taken for an instruction that nobody knows.
const NO_FAST_READS: u32 = 20;
