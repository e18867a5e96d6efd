//! What a bus of FEETECH servos reads and writes when, and what it makes of an answer, or of none.

use super::cycle;
use super::layout::Stretch;
use super::link::{Feetech, FeetechProtocol};
use super::read::Read;
use super::servo::Servo;
use crate::backends::serial::{Ask, Asking, Protocol, SILENT, STATE_EVERY};
use crate::bus::DriveCommand;
use servomesh_fieldbus::feetech::Error;
use servomesh_fieldbus::feetech::status::{Alarms, Status};
use servomesh_fieldbus::feetech::stream::Stream;
use servomesh_types::Stamp;
use std::ops::RangeInclusive;
use std::time::Duration;

impl Protocol for FeetechProtocol {
    type Servo = Servo;
    type Stream = Stream;
    type Read = Read;
    type Error = Error;

    fn clear(stream: &mut Stream) {
        *stream = Stream::default();
    }

    fn noise(stream: &Stream) -> u64 {
        stream.skipped() + stream.undecided() as u64
    }

    fn ask(&self, servo: &Servo, buffer: &mut [u8]) -> Result<Ask, Error> {
        servo.setup.ask(&servo.settings, buffer)
    }

    fn hear_opening(bus: &mut Feetech, now: Stamp, asking: Option<Asking>, bytes: &mut &[u8]) -> bool {
        let Some(packet) = bus.stream.next(bytes) else {
            return false;
        };
        if let (Ok(status), Some(asking)) = (Status::decode(&packet), asking)
            && let servo = &mut bus.servos[asking.servo]
            && status.id == servo.settings.id
        {
            let outcome = servo.setup.answer(&servo.settings, &mut servo.identity, &status);
            bus.on_setup(now, asking, outcome);
        }
        true
    }

    fn torque_off(servos: &[Servo], buffer: &mut [u8]) -> Result<usize, Error> {
        cycle::encode_torque(servos, false, |_| true, buffer)
    }

    fn reading(bus: &Feetech) -> Duration {
        bus.own.settings.reading(&bus.pace)
    }

    fn goals_take(bus: &Feetech) -> Duration {
        bus.pace.wire(cycle::goal_bytes(&bus.own.settings.servos))
    }

    fn wanted(bus: &Feetech) -> RangeInclusive<u16> {
        let series = bus.own.settings.series();
        let switching = |servo: &Servo| servo.known.torque != bus.enable || servo.suspect;
        let stretch = if bus.servos.iter().any(switching) || bus.reads.is_multiple_of(STATE_EVERY) {
            Stretch::state(series)
        } else {
            Stretch::data(series)
        };
        stretch.length().into()..=Stretch::longest(series).length().into()
    }

    fn read(bus: &mut Feetech, now: Stamp, length: u16, latest: Stamp) -> Read {
        let series = bus.own.settings.series();
        let stretch = Stretch::of(series, length as u8);
        if !series.is_read_at_once() {
            let mut read = Read::one_by_one(stretch, bus.pace.latest_answer(latest));
            ask_next(bus, now, &mut read, false);
            return read;
        }
        let sent = bus.send(|servos, buffer| cycle::encode_read(servos, stretch, buffer));
        let answers = bus.servos.len() * cycle::reply_bytes(stretch);
        let waits = GAP * bus.servos.len() as u32;
        let begins = bus.begins(now);
        let missing = bus.pace.missing(begins, sent, answers, waits);
        let asked = begins + bus.pace.wire(sent);
        Read::at_once(stretch, asked, bus.pace.give_up(missing, latest))
    }

    fn hear_cycling(bus: &mut Feetech, now: Stamp, read: Option<Read>, bytes: &mut &[u8]) -> bool {
        let Some(packet) = bus.stream.next(bytes) else {
            return false;
        };
        let Ok(status) = Status::decode(&packet) else {
            return true;
        };
        let Some(mut read) = read else {
            bus.stats.stale += 1; // nothing was asked: an answer that is too late
            return true;
        };
        if !read.take(now, &bus.pace, &mut bus.servos, &status, bus.enable) {
            bus.stats.stale += 1;
            return true;
        }
        go_on(bus, now, read, false);
        true
    }

    fn give_up(bus: &mut Feetech, now: Stamp, mut read: Read) {
        while let Some(packet) = bus.stream.flush() {
            if let Ok(status) = Status::decode(&packet)
                && !read.take(now, &bus.pace, &mut bus.servos, &status, bus.enable)
            {
                bus.stats.stale += 1;
            }
        }
        go_on(bus, now, read, true);
    }

    fn is_silent(_: &Feetech, servo: &Servo, at: Stamp) -> bool {
        let since = servo.silent_since;
        since.is_some_and(|since| at.since(since) > SILENT)
    }

    fn write(bus: &mut Feetech, _: Stamp, command: &DriveCommand) -> usize {
        let mut sent = 0;
        if command.enable {
            let ahead = 2 * bus.pace.period();
            sent += bus.send(|servos, buffer| cycle::encode_goals(servos, command, ahead, buffer));
        }
        let switched =
            |servo: &Servo| !(command.enable && servo.suspect) && servo.known.torque != command.enable;
        sent += bus.send(|servos, buffer| cycle::encode_torque(servos, command.enable, switched, buffer));
        if command.clear_faults && !command.enable {
            // Alarms that last are forgotten when the torque is taken off, also where it is off.
            let alarmed = |servo: &Servo| servo.alarms != Alarms::NONE;
            sent += bus.send(|servos, buffer| cycle::encode_torque(servos, false, alarmed, buffer));
        }
        sent
    }
}

/// Asks the next servo if it is its turn, waits for what is still missing unless that was `given_up`, or ends the read.
fn go_on(bus: &mut Feetech, now: Stamp, mut read: Read, given_up: bool) {
    if ask_next(bus, now, &mut read, given_up) || !(given_up || read.is_over(bus.servos.len())) {
        bus.wait_for(read);
        return;
    }
    for (i, servo) in bus.servos.iter_mut().enumerate() {
        if read.answered & (1 << i) == 0 {
            servo.miss(read.sampled(&bus.pace, i));
        }
    }
    // The newest sample of a whole answer.
    let sampled = read.sampled(&bus.pace, bus.servos.len() - 1);
    bus.conclude(now, &read, sampled, read.started);
}

/// Asks the next servo of a read that asks them one by one, if its turn has come; says whether it did.
fn ask_next(bus: &mut Feetech, now: Stamp, read: &mut Read, given_up: bool) -> bool {
    let begins = bus.begins(now);
    let answer = cycle::reply_bytes(read.stretch);
    let missing = bus
        .pace
        .missing(begins, cycle::READ_OF_ONE, answer, Duration::ZERO);
    let Some(place) = read.next(bus.servos.len(), given_up, missing) else {
        return false;
    };
    let stretch = read.stretch;
    let sent = bus.send(|servos, buffer| cycle::encode_read_of_one(&servos[place], stretch, buffer));
    read.ask(begins + bus.pace.wire(sent), missing);
    true
}

/// How much longer than its answer takes a servo is waited for, by the one whose turn is after it.
const GAP: Duration = Duration::from_micros(100);

#[cfg(test)]
mod tests;
