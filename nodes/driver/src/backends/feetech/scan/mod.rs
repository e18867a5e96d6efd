//! Which FEETECH servos are on a bus: what [`Scan`] asks them.
//!
//! STS servos answer a ping of all, SCS servos don't: each id is asked. An answer to a ping says nothing of its servo; its registers do. The answers of two
//! servos with one id to a ping are the same bytes at the same time, so only their registers tell them apart.
//!
//! An answer has the form of an instruction. An adapter that gives back what it sends is known by the ping of all, which no servo says; from then on what
//! looks like a ping is one.

mod found;

pub use super::super::scan::{LATENCY, Order};
pub use found::{Found, Identity, Registers, State, Who};

use super::setup::TABLE;
use crate::backends::scan::{self, Language, Noise, Said};
use servomesh_fieldbus::feetech::instruction::Instruction;
use servomesh_fieldbus::feetech::packet::{OVERHEAD, Packet};
use servomesh_fieldbus::feetech::status::Status;
use servomesh_fieldbus::feetech::stream::Stream;
use servomesh_fieldbus::feetech::{BROADCAST, MAX_ID};

pub use servomesh_fieldbus::feetech::table::BAUD_RATES;

/// Looks for FEETECH servos.
pub type Scan = scan::Scan<Scs>;

/// FEETECH's protocol as a scan speaks it.
#[derive(Debug, Default)]
pub struct Scs {
    stream: Stream,
    /// The adapter gives back what it sends.
    echoes: bool,
}

impl Language for Scs {
    type Pong = ();
    type Identity = Identity;

    const MOST: u8 = MAX_ID;
    const PONG: usize = OVERHEAD;
    const TABLE: usize = OVERHEAD + TABLE;
    const SOME_HEAR_NO_BROADCAST: bool = true;

    fn ping(id: Option<u8>) -> Vec<u8> {
        bytes(id.unwrap_or(BROADCAST), &Instruction::Ping)
    }

    fn read(id: u8) -> Vec<u8> {
        let all = Instruction::Read {
            address: 0,
            length: TABLE as u8,
        };
        bytes(id, &all)
    }

    fn hear(&mut self, bytes: &mut &[u8]) -> Option<Said<'_, ()>> {
        let packet = self.stream.next(bytes)?;
        Some(said(&packet, &mut self.echoes))
    }

    fn silence(&mut self) -> Option<Said<'_, ()>> {
        let packet = self.stream.flush()?;
        Some(said(&packet, &mut self.echoes))
    }

    fn noise(&self) -> Noise {
        Noise {
            stray: self.stream.skipped(),
            spoilt: self.stream.broken(),
        }
    }

    fn identity((): (), registers: scan::Registers<&[u8]>) -> Identity {
        Identity::of(registers)
    }
}

fn said<'a>(packet: &Packet<'a>, echoes: &mut bool) -> Said<'a, ()> {
    let is_ping = packet.code == Instruction::Ping.code() && packet.parameters.is_empty();
    *echoes |= is_ping && packet.id == BROADCAST;
    match Status::decode(packet) {
        Ok(_) if is_ping && *echoes => Said::Other,
        Ok(status) if status.data.is_empty() => Said::Pong(status.id, ()),
        Ok(status) if status.data.len() == TABLE => Said::Table(status.id, status.data),
        Ok(_) | Err(_) => Said::Other,
    }
}

pub(super) fn bytes(to: u8, instruction: &Instruction<'_>) -> Vec<u8> {
    let mut bytes = [0; LONGEST];
    let bytes = instruction.encode(to, &mut bytes);
    bytes
        .expect("a ping has 6 bytes, and 8 have a read and the write of a byte, for any id")
        .to_vec()
}

/// Bytes of a read, and of the write of a byte.
const LONGEST: usize = OVERHEAD + 2;
