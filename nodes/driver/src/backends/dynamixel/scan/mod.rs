//! Which DYNAMIXEL servos are on a bus: what [`Scan`] asks them in Protocol 2.0.

mod found;

pub use super::super::scan::{LATENCY, Order};
pub use found::{Found, Identity, Registers, State, Who};

use super::setup::{AROUND_STATUS, TABLE};
use crate::backends::scan::{self, Language, Noise, Said};
use servomesh_fieldbus::dynamixel::{Id, Instruction, Packet, Pong, Received, Stream};

/// Looks for DYNAMIXEL servos.
pub type Scan = scan::Scan<Protocol2>;

/// The speeds that servos are looked for at unless others are named \[bit/s\]: what X servos can be set to, but for 9600, which none comes with, and
/// 4.5 M, which few adapters can.
pub const BAUD_RATES: [u32; 6] = [57_600, 115_200, 1_000_000, 2_000_000, 3_000_000, 4_000_000];

/// Protocol 2.0 as a scan speaks it.
#[derive(Debug, Default)]
pub struct Protocol2 {
    stream: Stream,
}

impl Language for Protocol2 {
    type Pong = Pong;
    type Identity = Identity;

    const MOST: u8 = Id::MAX;
    const PONG: usize = AROUND_STATUS + 3;
    const TABLE: usize = AROUND_STATUS + TABLE;
    const SOME_HEAR_NO_BROADCAST: bool = false;

    fn ping(id: Option<u8>) -> Vec<u8> {
        bytes(
            id.and_then(Id::device).unwrap_or(Id::BROADCAST),
            &Instruction::Ping,
        )
    }

    fn read(id: u8) -> Vec<u8> {
        let all = Instruction::Read {
            address: 0,
            length: TABLE as u16,
        };
        bytes(Id::device(id).unwrap_or(Id::BROADCAST), &all)
    }

    fn hear(&mut self, bytes: &mut &[u8]) -> Option<Said<'_, Pong>> {
        self.stream.read(bytes).map(said)
    }

    fn silence(&mut self) -> Option<Said<'_, Pong>> {
        self.stream.silence().map(said)
    }

    fn noise(&self) -> Noise {
        let skipped = self.stream.skipped();
        Noise {
            stray: skipped.stray,
            spoilt: skipped.bytes - skipped.stray,
        }
    }

    fn identity(pong: Pong, registers: scan::Registers<&[u8]>) -> Identity {
        Identity::of(pong, registers)
    }
}

/// What was received. An adapter that echoes what it sends gives instructions back: they are no status.
fn said<'a>(received: Received<'a>) -> Said<'a, Pong> {
    let Received::Packet(packet) = received else {
        return Said::Other;
    };
    let packet: Packet<'a> = packet;
    let Some(status) = packet.status() else {
        return Said::Other;
    };
    let id = status.id.number();
    match status.pong() {
        Some(pong) => Said::Pong(id, pong),
        None if status.error.number.is_some() => Said::Refused(id),
        None if status.parameters.len() == TABLE => Said::Table(id, status.parameters),
        None => Said::Other,
    }
}

pub(super) fn bytes(to: Id, instruction: &Instruction<'_>) -> Vec<u8> {
    let mut bytes = vec![0; LONGEST];
    let length = instruction
        .encode(to, &mut bytes)
        .expect("a ping has 10 bytes, the write of a byte 13, a read 14, for any id");
    bytes.truncate(length);
    bytes
}

/// Bytes of a ping, a read or the write of a byte, with room for stuffing.
const LONGEST: usize = 32;
