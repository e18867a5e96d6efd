//! Instructions as the tests say them.

use crate::master::{Answer, id};
use servomesh_fieldbus::dynamixel::{Field, Instruction, MAX_PACKET, Replies, group};

pub(crate) const PING: Instruction<'_> = Instruction::Ping;

pub(crate) fn read(field: Field) -> Instruction<'static> {
    Instruction::Read {
        address: field.address(),
        length: field.size(),
    }
}

pub(crate) fn packet(encode: impl FnOnce(&mut [u8]) -> usize) -> Vec<u8> {
    let mut buffer = [0; MAX_PACKET];
    let length = encode(&mut buffer);
    buffer[..length].to_vec()
}

pub(crate) fn sync_read(replies: Replies, address: u16, length: u16, ids: &[u8]) -> Vec<u8> {
    let ids = ids.iter().map(|number| id(*number));
    packet(|buffer| group::sync_read(buffer, replies, address, length, ids).unwrap())
}

pub(crate) fn from(answers: &[Answer]) -> Vec<u8> {
    answers.iter().map(|answer| answer.id).collect()
}
