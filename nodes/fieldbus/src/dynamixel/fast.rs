//! The joined answer to a fast sync or bulk read: one header for all, then a block of each device, each with a checksum of its own.
//!
//! ```text
//! FF FF FD 00 | FE | length | 55 | error, id, data …, CRC | error, id, data …, CRC | …
//! ```
//!
//! Not stuffed, so it is read by position. Each block's CRC is that of everything since the first `FF`, the CRCs before it too; so every block
//! before one that is missing or wrong is good, and none after it can be trusted. The length counts all devices that were asked, also those
//! that do not answer.

use super::crc;
use super::packet::{BODY, CRC, EncodeError, HEADER, Id, MAX_LENGTH, MAX_PACKET, STATUS};
use super::status::StatusError;

/// What a block has besides its data: error byte, id, CRC.
const AROUND: usize = 2 + CRC;

/// What the length field of the joined answer holds, for what is read of each device, in bytes; `None` if no answer can be that long.
///
/// ```
/// // Four bytes of each of three devices.
/// assert_eq!(servomesh_fieldbus::dynamixel::fast::length([4, 4, 4]), Some(0x19));
/// ```
pub fn length(of_each: impl IntoIterator<Item = u16>) -> Option<u16> {
    let blocks: usize = of_each
        .into_iter()
        .map(|length| usize::from(length) + AROUND)
        .sum();
    let length = 1 + blocks;
    (length <= MAX_LENGTH).then_some(length as u16)
}

/// A joined answer, whole or as much of it as came. Whatever bytes it holds, a block is given only with the right CRC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FastReply<'a> {
    bytes: &'a [u8],
}

impl<'a> FastReply<'a> {
    /// Of bytes that begin with the header of a joined answer; `None` if they do not.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        let (front, _) = bytes.split_first_chunk::<{ BODY + 1 }>()?;
        let [a, b, c, d, id, _, _, code] = *front;
        ([a, b, c, d] == HEADER && id == Id::BROADCAST.number() && code == STATUS).then_some(Self { bytes })
    }

    /// Of bytes whose header was looked at.
    pub(super) fn with_header(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The blocks that are good, in the order in which they came. `length_of` says how many bytes were asked of a device, `None` if it was
    /// not asked; whoever is not among the blocks did not answer.
    pub fn blocks<F: FnMut(Id) -> Option<u16>>(&self, length_of: F) -> FastBlocks<'a, F> {
        let (front, rest) = self.bytes.split_at((BODY + 1).min(self.bytes.len()));
        FastBlocks {
            rest,
            crc: crc::of(front),
            length_of,
        }
    }

    /// All its bytes, from the header on.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

/// One device's part of a joined answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FastBlock<'a> {
    /// Who answers.
    pub id: Id,
    /// Its error byte.
    pub error: StatusError,
    /// What was asked for; of no meaning if the error has a number.
    pub data: &'a [u8],
}

/// The good blocks of a joined answer; ends before the first that is missing, wrong, or of a device that was not asked.
#[derive(Debug)]
pub struct FastBlocks<'a, F> {
    rest: &'a [u8],
    crc: u16,
    length_of: F,
}

impl<'a, F: FnMut(Id) -> Option<u16>> Iterator for FastBlocks<'a, F> {
    type Item = FastBlock<'a>;

    fn next(&mut self) -> Option<FastBlock<'a>> {
        let block = self.block();
        if block.is_none() {
            self.rest = &[];
        }
        block
    }
}

impl<'a, F: FnMut(Id) -> Option<u16>> FastBlocks<'a, F> {
    fn block(&mut self) -> Option<FastBlock<'a>> {
        let [error, id, ..] = *self.rest else {
            return None;
        };
        let id = Id::device(id)?;
        let length = usize::from((self.length_of)(id)?);
        let (summed, rest) = self.rest.split_at_checked(2 + length)?;
        let (sent, rest) = rest.split_first_chunk::<CRC>()?;
        let crc = crc::update(self.crc, summed);
        if crc.to_le_bytes() != *sent {
            return None;
        }
        self.crc = crc::update(crc, sent);
        self.rest = rest;
        Some(FastBlock {
            id,
            error: StatusError::from_byte(error),
            data: &summed[2..],
        })
    }
}

/// Puts a joined answer together, as the devices do one after the other; stopped early, it is what is on the wire when the next device is
/// silent.
#[derive(Debug)]
pub struct FastWriter<'b> {
    buffer: &'b mut [u8],
    written: usize,
    crc: u16,
}

impl<'b> FastWriter<'b> {
    /// Writes the header to the front of the buffer, with the length field that [`length()`] gives for what was asked for.
    ///
    /// # Errors
    /// The buffer has no room for it, or no packet is that long.
    pub fn new(buffer: &'b mut [u8], length: u16) -> Result<Self, EncodeError> {
        let bytes = BODY + usize::from(length);
        if bytes > MAX_PACKET {
            return Err(EncodeError::TooLong { bytes });
        }
        let [a, b, c, d] = HEADER;
        let [low, high] = length.to_le_bytes();
        let mut writer = Self {
            buffer,
            written: 0,
            crc: 0,
        };
        writer.put(&[a, b, c, d, Id::BROADCAST.number(), low, high, STATUS])?;
        Ok(writer)
    }

    /// Adds a device's block.
    ///
    /// # Errors
    /// The buffer has no room for it; or all devices are said to answer at once.
    pub fn block(&mut self, block: FastBlock<'_>) -> Result<(), EncodeError> {
        if block.id.is_broadcast() {
            return Err(EncodeError::Addressee { id: block.id });
        }
        let needed = self.written + block.data.len() + AROUND;
        if needed > self.buffer.len() {
            let room = self.buffer.len();
            return Err(EncodeError::NoRoom { needed, room });
        }
        self.put(&[block.error.byte(), block.id.number()])?;
        self.put(block.data)?;
        self.put(&self.crc.to_le_bytes())
    }

    /// How many bytes there are so far.
    #[must_use]
    pub fn written(&self) -> usize {
        self.written
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        let (needed, room) = (self.written + bytes.len(), self.buffer.len());
        self.buffer
            .get_mut(self.written..needed)
            .ok_or(EncodeError::NoRoom { needed, room })?
            .copy_from_slice(bytes);
        self.written = needed;
        self.crc = crc::update(self.crc, bytes);
        Ok(())
    }
}
