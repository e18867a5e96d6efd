//! What a bus of DYNAMIXEL servos reads and writes when, and what it makes of an answer, or of none.

use super::cycle::{self, Read};
use super::layout::{LONGEST, Stretch};
use super::link::{Dynamixel, DynamixelProtocol};
use super::servo::{Goal, Servo, TRIPPED};
use super::setup::AROUND_STATUS;
use crate::backends::serial::{Ask, Asking, Protocol, SILENT, STATE_EVERY};
use crate::bus::DriveCommand;
use servomesh_fieldbus::dynamixel::{EncodeError, Instruction, MAX_PACKET, Received, Replies, Stream};
use servomesh_types::{EventKind, Stamp};
use std::ops::RangeInclusive;
use std::time::Duration;

impl Protocol for DynamixelProtocol {
    type Servo = Servo;
    type Stream = Stream;
    type Read = Read;
    type Error = EncodeError;

    fn clear(stream: &mut Stream) {
        stream.clear();
        stream.expect(None);
    }

    fn noise(stream: &Stream) -> u64 {
        stream.skipped().bytes + stream.waiting() as u64
    }

    fn ask(&self, servo: &Servo, buffer: &mut [u8]) -> Result<Ask, EncodeError> {
        servo.setup.ask(servo, self.armed, buffer)
    }

    fn hear_opening(bus: &mut Dynamixel, now: Stamp, asking: Option<Asking>, bytes: &mut &[u8]) -> bool {
        let Some(received) = bus.stream.read(bytes) else {
            return false;
        };
        if let (Received::Packet(packet), Some(asking)) = (received, asking)
            && let Some(status) = packet.status()
            && let servo = &mut bus.servos[asking.servo]
            && status.id == servo.id
            && (status.error.number.is_some() || AROUND_STATUS + status.parameters.len() == asking.answer)
        {
            let (settings, model) = (&servo.settings, &mut servo.model);
            let outcome = servo.setup.answer(settings, model, &status, bus.own.armed);
            bus.on_setup(now, asking, outcome);
        }
        true
    }

    fn torque_off(servos: &[Servo], buffer: &mut [u8]) -> Result<usize, EncodeError> {
        cycle::encode_torque(servos, false, buffer)
    }

    fn reading(bus: &Dynamixel) -> Duration {
        let mut packet = [0; MAX_PACKET];
        let reading = cycle::encode_read(&bus.servos, Stretch::SLOW, bus.own.replies, &mut packet);
        // What is longer than a packet is never sent either.
        let (sent, answer) = reading.unwrap_or_default();
        bus.pace.wire(sent + answer)
    }

    fn goals_take(bus: &Dynamixel) -> Duration {
        let goals = bus
            .servos
            .iter()
            .map(|servo| 1 + usize::from(servo.goal_registers().1));
        bus.pace.wire(AROUND_WRITE + goals.sum::<usize>())
    }

    fn wanted(bus: &Dynamixel) -> RangeInclusive<u16> {
        let switching = bus.servos.iter().any(|servo| servo.known.torque != bus.enable);
        let stretch = if bus.reads.is_multiple_of(SLOW_EVERY) {
            Stretch::SLOW
        } else if switching || bus.own.alert || bus.reads.is_multiple_of(STATE_EVERY) {
            Stretch::STATE
        } else {
            Stretch::FAST
        };
        stretch.length()..=LONGEST
    }

    fn read(bus: &mut Dynamixel, now: Stamp, length: u16, latest: Stamp) -> Read {
        let stretch = Stretch::of(length);
        let (replies, mut answer) = (bus.own.replies, 0);
        let sent = bus.send(|servos, buffer| {
            let (sent, expected) = cycle::encode_read(servos, stretch, replies, buffer)?;
            answer = expected;
            Ok(sent)
        });
        bus.stream.expect(match replies {
            Replies::Joined => cycle::joined_length(&bus.servos, stretch),
            Replies::Separate => None,
        });
        let begins = bus.begins(now);
        let missing = bus.pace.missing(begins, sent, answer, Duration::ZERO);
        Read {
            stretch,
            replies,
            sampled: begins + bus.pace.wire(sent),
            earliest: bus.pace.earliest(begins, sent, answer),
            missing: bus.pace.give_up(missing, latest),
            heard: 0,
            lost: 0,
            alert: false,
        }
    }

    fn hear_cycling(bus: &mut Dynamixel, now: Stamp, read: Option<Read>, bytes: &mut &[u8]) -> bool {
        let Some(received) = bus.stream.read(bytes) else {
            return false;
        };
        let Some(mut read) = read else {
            bus.stats.stale += 1; // nothing was asked: an answer that is too late
            return true;
        };
        let joined = read.replies == Replies::Joined;
        if joined && now < read.earliest {
            bus.stats.stale += 1;
            return true;
        }
        let (servos, armed) = (&mut bus.servos[..], bus.own.armed);
        let taken = match received {
            Received::Fast(reply) => read.take_joined(servos, &reply, armed),
            Received::Packet(packet) => match packet.status() {
                Some(status) => read.take_separate(servos, &status, armed),
                None => return true,
            },
        };
        if !taken {
            bus.stats.stale += 1; // an answer to another read
        }
        if joined && read.heard != 0 || read.is_complete(bus.servos.len()) || read.lost != 0 {
            conclude(bus, now, &read);
        } else {
            bus.wait_for(read);
        }
        true
    }

    fn give_up(bus: &mut Dynamixel, now: Stamp, mut read: Read) {
        while let Some(received) = bus.stream.silence() {
            if let Received::Fast(reply) = received {
                read.take_joined(&mut bus.servos, &reply, bus.own.armed);
            }
        }
        conclude(bus, now, &read);
    }

    /// Reads servos one by one where none has ever answered a fast read.
    fn judge(bus: &mut Dynamixel, read: &Read) {
        if read.heard != 0 {
            bus.own.fast_tries = u32::MAX; // fast reads are known to work, or not to be used
        } else if read.replies == Replies::Joined && bus.own.fast_tries < u32::MAX {
            bus.own.fast_tries += 1;
            if bus.own.fast_tries == NO_FAST_READS {
                bus.own.replies = Replies::Separate;
                bus.lay_out();
                bus.pending.forget();
                bus.outbox.tell(
                    EventKind::Recovered,
                    "no servo answers a fast read: reading them one by one".to_owned(),
                );
            }
        }
    }

    fn is_silent(bus: &Dynamixel, servo: &Servo, at: Stamp) -> bool {
        let last = servo.known.sampled;
        bus.reads > STATE_EVERY && last.is_none_or(|last| at.since(last) > SILENT)
    }

    fn write(bus: &mut Dynamixel, now: Stamp, command: &DriveCommand) -> usize {
        let mut sent = 0;
        if command.enable {
            let goals = Goal {
                current_a: &command.current_a,
                velocity_ticks_per_s: &command.velocity_ticks_per_s,
                position_ticks: &command.position_ticks,
            };
            sent += bus.send(|servos, buffer| cycle::encode_goals(servos, goals, buffer));
        }
        let mut torques = bus.servos.iter().map(|servo| servo.known.torque);
        if torques.any(|torque| torque != command.enable) {
            sent += bus.send(|servos, buffer| cycle::encode_torque(servos, command.enable, buffer));
        }
        if command.clear_faults {
            clear_faults(bus, now);
        }
        sent
    }
}

/// The read is over.
fn conclude(bus: &mut Dynamixel, now: Stamp, read: &Read) {
    bus.own.alert = read.alert;
    bus.conclude(now, read, read.sampled, read.lost);
}

/// Reboots servos that shut down, and arms watchdogs that tripped.
fn clear_faults(bus: &mut Dynamixel, now: Stamp) {
    let mut rebooted = 0;
    let tripped = bus.servos.iter().any(|servo| servo.watchdog == TRIPPED);
    for i in 0..bus.servos.len() {
        if bus.servos[i].hardware_error != 0 {
            bus.send(|servos, buffer| Instruction::Reboot.encode(servos[i].id, buffer));
            let servo = &mut bus.servos[i];
            servo.known.standing.retry_at = now + REBOOT;
            servo.hardware_error = 0;
            rebooted |= 1 << i;
        }
    }
    if rebooted != 0 || tripped {
        bus.reopen(now, rebooted);
    }
}

/// Header, id, length, code, address, length and CRC of a sync write.
const AROUND_WRITE: usize = 14;
/// Every so many reads temperatures and voltages are read too.
const SLOW_EVERY: u64 = 64;
/// How long a servo takes to start.
const REBOOT: Duration = Duration::from_millis(400);
/// Reads that nobody answers until they are taken for an instruction that nobody knows.
const NO_FAST_READS: u32 = 20;
