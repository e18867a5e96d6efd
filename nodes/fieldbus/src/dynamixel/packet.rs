//! One packet: an id, a code and parameters, to bytes and back.
//!
//! Encoding writes into a caller's buffer; decoding takes the stuffing out in place and borrows from the buffer.

use thiserror::Error;

use super::stuffing::{self, Check};
use super::{Instruction, InstructionError, Status, crc};

/// The largest number a length field may hold: all that follows it. The manual names none; ROBOTIS' SDK takes none longer.
pub const MAX_LENGTH: usize = 1024;

/// The longest packet in bytes: up to its length field, and what that counts.
pub const MAX_PACKET: usize = BODY + MAX_LENGTH;

/// How a packet begins.
pub(super) const HEADER: [u8; 4] = [0xFF, 0xFF, 0xFD, 0x00];

/// Where the code stands: after header, id and length field.
pub(super) const BODY: usize = HEADER.len() + 3;

/// The bytes of a checksum.
pub(super) const CRC: usize = 2;

/// The code of an answer; all others are instructions.
pub(super) const STATUS: u8 = 0x55;

/// Whom a packet is for, or from whom it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(u8);

impl Id {
    /// All devices on the bus.
    pub const BROADCAST: Self = Self(254);

    /// The largest number a device can have.
    pub const MAX: u8 = 252;

    /// A device's id, 0 to 252, or 254 for all; `None` for 253 and 255, which no packet has.
    #[must_use]
    pub fn new(number: u8) -> Option<Self> {
        (number <= Self::MAX || number == Self::BROADCAST.0).then_some(Self(number))
    }

    /// A device's id, 0 to 252.
    #[must_use]
    pub fn device(number: u8) -> Option<Self> {
        (number <= Self::MAX).then_some(Self(number))
    }

    /// Its number on the wire.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }

    /// Whether it stands for all devices.
    #[must_use]
    pub fn is_broadcast(self) -> bool {
        self == Self::BROADCAST
    }

    /// Of a byte that is known to be a device's id.
    pub(super) fn known(number: u8) -> Self {
        Self(number)
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A packet as it is without header, stuffing and checksum; it borrows from the bytes that it was decoded from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Whom an instruction is for; who answers with a status.
    pub id: Id,
    /// Which instruction it is; 0x55 for an answer.
    pub code: u8,
    /// What follows the code, without stuffing; an answer's begin with its error byte.
    pub parameters: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Writes the packet to the front of the buffer and returns how many bytes it has.
    ///
    /// # Errors
    /// The buffer has no room for it, or it is longer than [`MAX_PACKET`].
    pub fn encode(&self, buffer: &mut [u8]) -> Result<usize, EncodeError> {
        let mut writer = Writer::new(buffer, self.id, self.code);
        writer.put(self.parameters);
        writer.finish()
    }

    /// Reads bytes that are one packet, the whole of it and nothing else, and takes its stuffing out in place. A joined answer is read by
    /// [`FastReply`](super::FastReply): it is not stuffed.
    ///
    /// # Errors
    /// They are not; the bytes are as they were.
    pub fn decode(bytes: &'a mut [u8]) -> Result<Self, DecodeError> {
        let head = Head::read(bytes).ok_or(DecodeError::Short { bytes: bytes.len() })??;
        if head.total() != bytes.len() {
            return Err(DecodeError::Length {
                length: head.length,
                bytes: bytes.len(),
            });
        }
        if stuffing::check(&bytes[BODY..bytes.len() - CRC], 0, true) == Check::Broken {
            return Err(DecodeError::Stuffing);
        }
        let (computed, sent) = checksums(bytes);
        if computed != sent {
            return Err(DecodeError::Crc { computed, sent });
        }
        Ok(Self::take(head, bytes))
    }

    /// Of bytes that were found to be a packet.
    pub(super) fn take(head: Head, bytes: &'a mut [u8]) -> Self {
        let end = bytes.len() - CRC;
        let body = &mut bytes[BODY..end];
        let length = stuffing::remove(body);
        Self {
            id: head.id,
            code: head.code,
            parameters: &body[1..length],
        }
    }

    /// The answer that it is, or `None` if it is an instruction, or an answer without an error byte.
    #[must_use]
    pub fn status(&self) -> Option<Status<'a>> {
        Status::of(self)
    }

    /// The instruction that it is.
    ///
    /// # Errors
    /// It is an answer, or none that the manual names, or its parameters are not those of its instruction.
    pub fn instruction(&self) -> Result<Instruction<'a>, InstructionError> {
        Instruction::of(self)
    }
}

/// What a packet says before its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) id: Id,
    pub(super) length: usize,
    pub(super) code: u8,
}

impl Head {
    /// `None` if not all of it has come yet.
    pub(super) fn read(bytes: &[u8]) -> Option<Result<Self, DecodeError>> {
        let (header, rest) = bytes.split_first_chunk::<4>()?;
        let [id, low, high, code] = *rest.first_chunk()?;
        let length = usize::from(u16::from_le_bytes([low, high]));
        Some(if *header != HEADER {
            Err(DecodeError::NoHeader)
        } else if length > MAX_LENGTH {
            Err(DecodeError::TooLong { length })
        } else if length < 1 + CRC {
            Err(DecodeError::Length {
                length,
                bytes: bytes.len(),
            })
        } else {
            Id::new(id)
                .map(|id| Self { id, length, code })
                .ok_or(DecodeError::NoId { number: id })
        })
    }

    /// How many bytes the packet has.
    pub(super) fn total(self) -> usize {
        BODY + self.length
    }

    /// Whether it is the joined answer of several devices, which is not stuffed.
    pub(super) fn is_fast(self) -> bool {
        self.id.is_broadcast() && self.code == STATUS
    }
}

/// What the checksum of a whole packet should be, and what it is.
pub(super) fn checksums(bytes: &[u8]) -> (u16, u16) {
    match bytes.split_last_chunk::<CRC>() {
        Some((before, sent)) => (crc::of(before), u16::from_le_bytes(*sent)),
        None => (0, 1),
    }
}

/// Puts a packet into a buffer, piece by piece; that one did not fit is told at the end.
pub(super) struct Writer<'b> {
    buffer: &'b mut [u8],
    /// Bytes so far, also those that did not fit.
    length: usize,
}

impl<'b> Writer<'b> {
    pub(super) fn new(buffer: &'b mut [u8], id: Id, code: u8) -> Self {
        let [a, b, c, d] = HEADER;
        let mut writer = Self { buffer, length: 0 };
        writer.put(&[a, b, c, d, id.0, 0, 0, code]);
        writer
    }

    pub(super) fn put(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        if let Some(room) = self.buffer.get_mut(self.length..end) {
            room.copy_from_slice(bytes);
        }
        self.length = end;
    }

    pub(super) fn put_u16(&mut self, value: u16) {
        self.put(&value.to_le_bytes());
    }

    pub(super) fn finish(self) -> Result<usize, EncodeError> {
        let room = self.buffer.len();
        let too_small = |needed| EncodeError::NoRoom { needed, room };
        let raw = self.buffer.get(BODY..self.length);
        let stuffed = self.length + raw.map_or(0, stuffing::count);
        let total = stuffed + CRC;
        if total > MAX_PACKET {
            return Err(EncodeError::TooLong { bytes: total });
        }
        if total > room {
            return Err(too_small(total));
        }
        stuffing::insert(&mut self.buffer[BODY..], self.length - BODY).ok_or(too_small(total))?;
        let length = (total - BODY) as u16;
        self.buffer[BODY - 2..BODY].copy_from_slice(&length.to_le_bytes());
        let crc = crc::of(&self.buffer[..stuffed]);
        self.buffer[stuffed..total].copy_from_slice(&crc.to_le_bytes());
        Ok(total)
    }
}

/// Why a packet can't be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// The buffer is too small; what it holds is of no use.
    #[error("a packet of at least {needed} bytes does not fit into {room}")]
    NoRoom {
        /// Bytes that the packet has, without stuffing where not even that fits.
        needed: usize,
        /// Bytes that the buffer has.
        room: usize,
    },
    /// No receiver has to take one that long.
    #[error("a packet of {bytes} bytes is longer than {MAX_PACKET}")]
    TooLong {
        /// Bytes that it would have.
        bytes: usize,
    },
    /// What a block of a group holds is not as long as all of them are said to be.
    #[error("the block of device {id} has {bytes} bytes instead of {length}")]
    Block {
        /// Whose block it is.
        id: Id,
        /// Bytes that it has.
        bytes: usize,
        /// Bytes that it should have.
        length: u16,
    },
    /// An instruction for a group goes to all devices, and its blocks name one device each.
    #[error("an instruction for a group is sent to {id}; it goes to 254, its blocks to single devices")]
    Addressee {
        /// Whom it was to go to.
        id: Id,
    },
}

/// Why bytes are not a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// Less than a header, an id, a length and a code.
    #[error("{bytes} bytes are too few for a packet")]
    Short {
        /// Bytes that there are.
        bytes: usize,
    },
    /// They do not begin with `FF FF FD 00`.
    #[error("no packet begins here")]
    NoHeader,
    /// Numbers 253 and 255 are nobody's.
    #[error("{number} is no id")]
    NoId {
        /// The byte in the id's place.
        number: u8,
    },
    /// The length field holds what no packet has, or not what this one has.
    #[error("a length field of {length} does not go with {bytes} bytes")]
    Length {
        /// What the field holds.
        length: usize,
        /// Bytes that there are.
        bytes: usize,
    },
    /// The length field holds more than [`MAX_LENGTH`].
    #[error("a length field of {length} is above {MAX_LENGTH}")]
    TooLong {
        /// What the field holds.
        length: usize,
    },
    /// `FF FF FD` stands in the packet without an `FD` after it.
    #[error("a header stands inside the packet")]
    Stuffing,
    /// The checksum is wrong.
    #[error("the checksum is {sent:#06x} instead of {computed:#06x}")]
    Crc {
        /// What the bytes give.
        computed: u16,
        /// What stands there.
        sent: u16,
    },
}
