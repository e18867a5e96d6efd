//! The packets of a cycle.

use super::layout::Stretch;
use super::servo::{Servo, goal_length};
use super::settings::ServoSettings;
use crate::bus::DriveCommand;
use arrayvec::ArrayVec;
use servomesh_fieldbus::feetech::instruction::Instruction;
use servomesh_fieldbus::feetech::packet::OVERHEAD;
use servomesh_fieldbus::feetech::sts3215::TORQUE_ENABLE;
use servomesh_fieldbus::feetech::sync::SyncWriter;
use servomesh_fieldbus::feetech::{BROADCAST, Error};
use servomesh_types::MAX_JOINTS;
use std::time::Duration;

/// Writes the read of a stretch of one servo to the front of the buffer; gives its length.
///
/// # Errors
/// It is longer than the buffer.
pub(super) fn encode_read_of_one(servo: &Servo, stretch: Stretch, buffer: &mut [u8]) -> Result<usize, Error> {
    let read = Instruction::Read {
        address: stretch.address(),
        length: stretch.length(),
    };
    Ok(read.encode(servo.settings.id, buffer)?.len())
}

/// Writes the read of a stretch of all servos to the front of the buffer; gives its length.
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

/// Bytes of a read of one servo.
pub(super) const READ_OF_ONE: usize = OVERHEAD + 2;

/// Bytes of a read of so many servos at once.
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
        let length = goal_length(servo);
        if !instructions.contains(&length) {
            instructions.push(length);
            bytes += OVERHEAD + 2;
        }
        bytes += 1 + usize::from(length);
    }
    bytes
}
