//! The packets of a cycle, and what their answers say.

use super::layout::Stretch;
use super::servo::{Belief, Said, Servo, goal_length};
use super::settings::ServoSettings;
use crate::backends::pace::Pace;
use crate::backends::serial::Asked;
use crate::backends::unanswered::Heard;
use crate::bus::DriveCommand;
use arrayvec::ArrayVec;
use servomesh_fieldbus::feetech::instruction::Instruction;
use servomesh_fieldbus::feetech::packet::OVERHEAD;
use servomesh_fieldbus::feetech::status::Status;
use servomesh_fieldbus::feetech::sts3215::TORQUE_ENABLE;
use servomesh_fieldbus::feetech::sync::SyncWriter;
use servomesh_fieldbus::feetech::{BROADCAST, Error};
use servomesh_types::{MAX_JOINTS, Stamp};
use std::time::Duration;

/// A read of all servos that waits for their answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Read {
    pub(super) stretch: Stretch,
    /// When the read has come to its end, and the first servo answers.
    pub(super) asked: Stamp,
    /// From then on what has not come is missing.
    pub(super) missing: Stamp,
    /// One bit for each servo that has answered.
    pub(super) answered: u32,
    /// One bit for each servo that was started anew.
    pub(super) started: u32,
}

impl Asked for Read {
    fn missing(&self) -> Stamp {
        self.missing
    }
}

impl Read {
    /// Whether all have answered.
    pub(super) fn is_complete(&self, servos: usize) -> bool {
        self.answered.count_ones() as usize == servos
    }

    /// Who has answered it.
    pub(super) fn heard_by(&self, servos: usize) -> Heard {
        match self.answered {
            0 => Heard::Nobody,
            _ if self.is_complete(servos) => Heard::All,
            _ => Heard::Some,
        }
    }

    /// When the servo at a place of the list samples itself: when it answers, if all before it do.
    pub(super) fn sampled(&self, pace: &Pace, place: usize) -> Stamp {
        self.asked + pace.wire(place * reply_bytes(self.stretch))
    }

    /// Takes the answer of one servo that came at `now`; `told_on` is whether servos were told to have torque. Says whether it is one to this read.
    pub(super) fn take(
        &mut self,
        now: Stamp,
        pace: &Pace,
        servos: &mut [Servo],
        status: &Status<'_>,
        told_on: bool,
    ) -> bool {
        let Some(place) = servos.iter().position(|servo| servo.settings.id == status.id) else {
            return false;
        };
        let bit = 1 << place;
        let Some(reading) = self
            .stretch
            .read(status.data)
            .filter(|_| self.answered & bit == 0)
        else {
            return false;
        };
        if now < pace.earliest(self.asked, 0, (place + 1) * reply_bytes(self.stretch)) {
            return false;
        }
        let in_turn = self.answered & (bit - 1) == bit - 1;
        self.answered |= bit;
        let mut sampled = self.sampled(pace, place);
        if !in_turn {
            // One before it is missing, and has been waited for.
            sampled = sampled.max(now - pace.wire(reply_bytes(self.stretch)) - pace.latency());
        }
        let said = Said {
            sampled,
            reading,
            alarms: status.alarms,
            in_turn,
        };
        let belief = servos[place].take(&said, told_on);
        if belief == Belief::StartedAnew {
            self.started |= bit;
        }
        true
    }
}

/// Writes the read of a stretch to the front of the buffer; gives its length.
///
/// # Errors
/// It is longer than the buffer.
pub(super) fn encode_read(servos: &[Servo], stretch: Stretch, buffer: &mut [u8]) -> Result<usize, Error> {
    let ids: ArrayVec<u8, MAX_JOINTS> = servos.iter().map(|servo| servo.settings.id).collect();
    let read = Instruction::SyncRead {
        address: stretch.address(),
        length: stretch.length(),
        ids: &ids,
    };
    Ok(read.encode(BROADCAST, buffer)?.len())
}

/// Writes the goals of all servos but the suspect ones to the front of the buffer: a sync write for each mode. `ahead` is how long the driver may be
/// silent before the next.
///
/// # Errors
/// They are longer than the buffer.
pub(super) fn encode_goals(
    servos: &[Servo],
    command: &DriveCommand,
    ahead: Duration,
    buffer: &mut [u8],
) -> Result<usize, Error> {
    let mut sent = 0;
    for (first, servo) in servos.iter().enumerate() {
        let address = servo.goal_address();
        let is_one = |other: &Servo| other.goal_address() == address;
        if servos[..first].iter().any(is_one) {
            continue;
        }
        let told = || {
            let members = servos.iter().enumerate();
            members.filter(|(_, other)| is_one(other) && !other.suspect)
        };
        if told().next().is_none() {
            continue;
        }
        let mut writer = SyncWriter::new(&mut buffer[sent..], address, servo.goal_length())?;
        for (joint, other) in told() {
            if let Some(goals) = other.goals(command, joint, ahead.as_secs_f64()) {
                writer.block(other.settings.id)?.copy_from_slice(&goals);
            }
        }
        sent += writer.finish()?.len();
    }
    Ok(sent)
}

/// Writes an instruction that switches the torque of the servos that `which` takes to the front of the buffer.
///
/// # Errors
/// It is longer than the buffer, or there is none.
pub(super) fn encode_torque(
    servos: &[Servo],
    on: bool,
    which: impl Fn(&Servo) -> bool,
    buffer: &mut [u8],
) -> Result<usize, Error> {
    let mut writer = SyncWriter::new(buffer, TORQUE_ENABLE.address, TORQUE_ENABLE.size)?;
    for servo in servos.iter().filter(|servo| which(servo)) {
        writer.block(servo.settings.id)?.fill(u8::from(on));
    }
    Ok(writer.finish()?.len())
}

/// Bytes of a read of so many servos.
pub(super) const fn read_bytes(servos: usize) -> usize {
    OVERHEAD + 2 + servos
}

/// Bytes of the answer of one servo.
pub(super) const fn reply_bytes(stretch: Stretch) -> usize {
    OVERHEAD + stretch.length() as usize
}

/// Bytes of the goals of these servos, if all are told.
pub(super) fn goal_bytes<'a>(servos: impl IntoIterator<Item = &'a ServoSettings>) -> usize {
    let mut instructions = ArrayVec::<u8, 3>::new();
    let mut bytes = 0;
    for servo in servos {
        let length = goal_length(servo.mode);
        if !instructions.contains(&length) {
            instructions.push(length);
            bytes += OVERHEAD + 2;
        }
        bytes += 1 + usize::from(length);
    }
    bytes
}
