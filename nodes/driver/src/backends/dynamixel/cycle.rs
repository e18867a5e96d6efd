//! The packets of a cycle, and what their answers say.

use super::layout::Stretch;
use super::servo::{Goal, Servo};
use super::setup::AROUND_STATUS;
use crate::backends::serial::Asked;
use crate::backends::unanswered::Heard;
use servomesh_fieldbus::dynamixel::{
    EncodeError, FastReply, Field, Id, Replies, Status, StatusError, fast, group,
};
use servomesh_types::Stamp;

/// A read of all servos that waits for its answers.
#[derive(Clone, Copy, Debug)]
pub struct Read {
    pub(super) stretch: Stretch,
    pub(super) replies: Replies,
    /// When the servos sampled themselves.
    pub(super) sampled: Stamp,
    /// Before this an answer is one to an earlier read.
    pub(super) earliest: Stamp,
    /// From then on what has not come is missing.
    pub(super) missing: Stamp,
    /// One bit for each servo that has answered.
    pub(super) heard: u32,
    /// One bit for each servo that has lost its set-up.
    pub(super) lost: u32,
    /// Whether one said that it has a hardware error.
    pub(super) alert: bool,
}

impl Asked for Read {
    fn missing(&self) -> Stamp {
        self.missing
    }

    fn length(&self) -> u16 {
        self.stretch.length()
    }

    /// A joined answer comes as a whole or is torn, and what is left of it has no header.
    fn heard_by(&self, servos: usize) -> Heard {
        match self.heard {
            0 => Heard::Nobody,
            _ if self.replies == Replies::Joined || self.is_complete(servos) => Heard::All,
            _ => Heard::Some,
        }
    }

    fn missing_replies(&self, servos: usize) -> usize {
        servos - self.heard.count_ones() as usize
    }
}

impl Read {
    /// Whether all have answered.
    pub(super) fn is_complete(&self, servos: usize) -> bool {
        self.heard.count_ones() as usize == servos
    }

    /// Takes a joined answer, or as much of it as came; `false`: it is one to another read.
    pub(super) fn take_joined(&mut self, servos: &mut [Servo], reply: &FastReply<'_>, armed: u8) -> bool {
        let stretch = self.stretch;
        let ids: arrayvec::ArrayVec<Id, { servomesh_types::MAX_JOINTS }> =
            servos.iter().map(|servo| servo.id).collect();
        let lengths = |id: Id| ids.contains(&id).then_some(stretch.length());
        let mut taken = false;
        for block in reply.blocks(lengths) {
            if let Some(i) = ids.iter().position(|id| *id == block.id) {
                taken |= self.take(servos, i, block.error, block.data, armed);
            }
        }
        taken
    }

    /// Takes the answer of one servo; `false`: it is one to another read.
    pub(super) fn take_separate(&mut self, servos: &mut [Servo], status: &Status<'_>, armed: u8) -> bool {
        let asked = servos.iter().position(|servo| servo.id == status.id);
        asked.is_some_and(|i| self.take(servos, i, status.error, status.parameters, armed))
    }

    fn take(&mut self, servos: &mut [Servo], i: usize, error: StatusError, data: &[u8], armed: u8) -> bool {
        self.alert |= error.alert;
        if error.number.is_some() {
            return true;
        }
        let Some(reading) = self.stretch.read(data) else {
            return false;
        };
        self.heard |= 1 << i;
        if !servos[i].take(self.sampled, &reading, armed) {
            self.lost |= 1 << i;
        }
        true
    }
}

/// Writes the read of a stretch to the front of the buffer: how many bytes it has, and its answers.
///
/// # Errors
/// It is longer than the buffer or a packet.
pub(super) fn encode_read(
    servos: &[Servo],
    stretch: Stretch,
    replies: Replies,
    buffer: &mut [u8],
) -> Result<(usize, usize), EncodeError> {
    let length = stretch.length();
    let address = |servo: &Servo| servo.row() + stretch.offset();
    let one_address = servos.windows(2).all(|pair| pair[0].row() == pair[1].row());
    let sent = match servos.first() {
        Some(first) if one_address => group::sync_read(
            buffer,
            replies,
            address(first),
            length,
            servos.iter().map(|servo| servo.id),
        )?,
        _ => group::bulk_read(
            buffer,
            replies,
            servos.iter().map(|servo| group::Item {
                id: servo.id,
                address: address(servo),
                length,
            }),
        )?,
    };
    let answer = match replies {
        Replies::Joined => BEFORE_LENGTH + usize::from(joined_length(servos, stretch).unwrap_or(0)),
        Replies::Separate => servos.len() * (AROUND_STATUS + usize::from(length)),
    };
    Ok((sent, answer))
}

/// What the length field of the joined answer holds.
pub(super) fn joined_length(servos: &[Servo], stretch: Stretch) -> Option<u16> {
    fast::length(servos.iter().map(|_| stretch.length()))
}

/// Writes the goals of all servos to the front of the buffer: a sync write for each kind of goal.
///
/// # Errors
/// They are longer than the buffer or a packet.
pub(super) fn encode_goals(
    servos: &[Servo],
    goals: Goal<'_>,
    buffer: &mut [u8],
) -> Result<usize, EncodeError> {
    let mut sent = 0;
    for (first, servo) in servos.iter().enumerate() {
        let registers = servo.goal_registers();
        let is_one = |other: &Servo| other.goal_registers() == registers;
        if servos[..first].iter().any(is_one) {
            continue;
        }
        let blocks = servos
            .iter()
            .enumerate()
            .filter(|(_, other)| is_one(other))
            .filter_map(|(joint, other)| Some((other.id, other.goal(goals, joint)?)));
        sent += group::sync_write(&mut buffer[sent..], registers.0, registers.1, blocks)?;
    }
    Ok(sent)
}

/// Writes an instruction that switches the torque of all servos to the front of the buffer.
///
/// # Errors
/// It is longer than the buffer.
pub(super) fn encode_torque(servos: &[Servo], on: bool, buffer: &mut [u8]) -> Result<usize, EncodeError> {
    let blocks = servos.iter().map(|servo| (servo.id, [u8::from(on)]));
    let field = Field::TorqueEnable;
    group::sync_write(buffer, field.address(), field.size(), blocks)
}

/// Bytes of an answer up to its length field.
const BEFORE_LENGTH: usize = 7;
