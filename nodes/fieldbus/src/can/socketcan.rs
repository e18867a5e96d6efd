//! Frames as CAN sockets of the kernel (SocketCAN) carry them: records of 16 bytes, and records that tell what is wrong on the bus.
//!
//! A record is identifier with flags, length, three bytes of nothing, data; numbers are in the machine's byte order. Some records are no frame of the bus: they
//! tell what the interface sees.
//!
//! **Invariant:** a frame that was encoded is decoded to itself, and any 16 bytes are survived.
//!
//! Sources: `linux/can.h` (`struct can_frame`), `linux/can/error.h`.

use super::frame::{Frame, Id};

/// Bytes of a record.
pub const RECORD: usize = 16;

/// What a record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// A frame.
    Frame(Frame),
    /// The interface tells of its bus.
    Condition(Condition),
}

/// What an interface sees on its bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// It counts few errors again.
    Active,
    /// It takes part in the bus again, which it had left.
    Restarted,
    /// A frame was lost, since there was no room for it.
    Overrun,
    /// It counts many errors: 96 and more.
    Warning,
    /// It counts so many that it no longer destroys the frames of others: 128 and more.
    Passive,
    /// Nobody acknowledges what it sends.
    NoAcknowledgement,
    /// Frames are destroyed on their way.
    BusError,
    /// It has left the bus after too many errors: 256.
    Off,
}

impl Record {
    /// As the kernel has it.
    pub fn encode(&self) -> [u8; RECORD] {
        let mut record = [0; RECORD];
        let id = match self {
            Self::Frame(frame) => {
                record[4] = frame.length();
                record[8..8 + frame.bytes().len()].copy_from_slice(frame.bytes());
                let flags = [(frame.id().is_extended(), EXTENDED), (frame.is_remote(), REMOTE)];
                flags
                    .iter()
                    .filter(|(set, _)| *set)
                    .fold(frame.id().number(), |id, (_, flag)| id | flag)
            }
            Self::Condition(condition) => {
                let (class, detail) = condition.code();
                record[4] = 8;
                record[9] = detail;
                ERROR | class
            }
        };
        record[..4].copy_from_slice(&id.to_ne_bytes());
        record
    }

    /// What a record says; `None` if that is nothing that is known here. Of several conditions in one the gravest.
    pub fn decode(record: &[u8; RECORD]) -> Option<Self> {
        let &[a, b, c, d, length, _, _, _, ref data @ ..] = record;
        let id = u32::from_ne_bytes([a, b, c, d]);
        if id & ERROR != 0 {
            return Condition::of(id, data[1]).map(Self::Condition);
        }
        let number = id & !(EXTENDED | REMOTE);
        let own = if id & EXTENDED != 0 {
            Id::extended(number)?
        } else {
            Id::standard(u16::try_from(number).ok()?)?
        };
        Some(Self::Frame(if id & REMOTE != 0 {
            Frame::remote(own, length)?
        } else {
            Frame::data(own, data.get(..usize::from(length))?)?
        }))
    }
}

impl Condition {
    /// All there are, the gravest last.
    pub const ALL: [Self; 8] = [
        Self::Active,
        Self::Restarted,
        Self::Overrun,
        Self::Warning,
        Self::Passive,
        Self::NoAcknowledgement,
        Self::BusError,
        Self::Off,
    ];

    /// The classes of all conditions: what a socket is to ask for.
    pub const CLASSES: u32 = CONTROLLER | NO_ACKNOWLEDGEMENT | BUS_OFF | BUS_ERROR | RESTARTED;

    /// Its class, and what byte 1 says of the controller.
    const fn code(self) -> (u32, u8) {
        match self {
            Self::Active => (CONTROLLER, 0x40),
            Self::Restarted => (RESTARTED, 0),
            Self::Overrun => (CONTROLLER, 0x02),
            Self::Warning => (CONTROLLER, 0x08),
            Self::Passive => (CONTROLLER, 0x20),
            Self::NoAcknowledgement => (NO_ACKNOWLEDGEMENT, 0),
            Self::BusError => (BUS_ERROR, 0),
            Self::Off => (BUS_OFF, 0),
        }
    }

    fn of(id: u32, controller: u8) -> Option<Self> {
        let holds = |condition: &Self| match condition {
            Self::Overrun => controller & 0x03 != 0,
            Self::Warning => controller & 0x0C != 0,
            Self::Passive => controller & 0x30 != 0,
            Self::Active => controller & 0x40 != 0,
            _ => true,
        };
        let told = |condition: &Self| id & condition.code().0 != 0 && holds(condition);
        Self::ALL.into_iter().rev().find(told)
    }
}

/// Of an identifier: it has 29 bits; a remote frame; no frame, but a condition.
const EXTENDED: u32 = 1 << 31;
const REMOTE: u32 = 1 << 30;
const ERROR: u32 = 1 << 29;

/// Classes of conditions: the controller's state, by byte 1 of the data; nobody acknowledges; bus off; bus error; restarted.
const CONTROLLER: u32 = 0x004;
const NO_ACKNOWLEDGEMENT: u32 = 0x020;
const BUS_OFF: u32 = 0x040;
const BUS_ERROR: u32 = 0x080;
const RESTARTED: u32 = 0x100;
