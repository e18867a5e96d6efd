//! Seven bytes a frame, up to 127 frames without a confirmation: the end that sends blocks, and the one that takes them.
//!
//! What was lost of a block is sent again from the first gap on, at the beginning of the next one.

use super::Abort;
use super::message::{SEGMENT, Segment};

/// The most segments in a block.
pub const MAX_SIZE: u8 = 127;

/// The checksum over the data of a transfer in blocks: CRC-16 of polynomial 1021h, beginning with 0.
pub fn checksum(data: &[u8]) -> u16 {
    data.iter().fold(0, |crc: u16, &byte| {
        crc << 8 ^ TABLE[usize::from((crc >> 8) as u8 ^ byte)]
    })
}

const TABLE: [u16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut crc, mut bit) = ((byte as u16) << 8, 0);
        while bit < 8 {
            crc = crc << 1 ^ if crc & 0x8000 != 0 { 0x1021 } else { 0 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

/// Sends data in blocks.
#[derive(Clone, Copy, Debug)]
pub struct Sender {
    length: usize,
    confirmed: usize,
    sent: u8,
    size: u8,
}

/// What follows a confirmed block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another block.
    Block,
    /// The end: so many bytes of the last segment are none of the data's.
    End {
        /// 0 to 7.
        unused: u8,
    },
}

impl Sender {
    /// One for so many bytes.
    ///
    /// # Errors
    /// A block has 1 to 127 segments.
    pub const fn new(length: usize, size: u8) -> Result<Self, Abort> {
        if size == 0 || size > MAX_SIZE {
            return Err(Abort::BlockSize);
        }
        Ok(Self {
            length,
            confirmed: 0,
            sent: 0,
            size,
        })
    }

    /// The next segment of the data; `None`: a confirmation has to come first.
    pub fn next(&mut self, data: &[u8]) -> Option<Segment> {
        let place = self.confirmed + usize::from(self.sent);
        if self.sent == self.size || place == self.segments() {
            return None;
        }
        self.sent += 1;
        let from = (place * SEGMENT).min(data.len());
        let piece = &data[from..(from + SEGMENT).min(data.len())];
        let mut bytes = [0; SEGMENT];
        bytes[..piece.len()].copy_from_slice(piece);
        Some(Segment {
            sequence: self.sent,
            last: place + 1 == self.segments(),
            bytes,
        })
    }

    /// The other end has these segments of the block, and wants the next to have that size.
    ///
    /// # Errors
    /// It can't have more than were sent, and a block has 1 to 127 segments.
    pub const fn acknowledge(&mut self, sequence: u8, size: u8) -> Result<Next, Abort> {
        if sequence > self.sent {
            return Err(Abort::Sequence);
        }
        self.confirmed += sequence as usize;
        self.sent = 0;
        if self.confirmed == self.segments() {
            let unused = (self.segments() * SEGMENT - self.length) as u8;
            return Ok(Next::End { unused });
        }
        if size == 0 || size > MAX_SIZE {
            return Err(Abort::BlockSize);
        }
        self.size = size;
        Ok(Next::Block)
    }

    /// No data is one segment too, of which nothing is used.
    const fn segments(&self) -> usize {
        if self.length == 0 {
            1
        } else {
            self.length.div_ceil(SEGMENT)
        }
    }
}

/// Takes data in blocks.
#[derive(Clone, Copy, Debug)]
pub struct Receiver {
    got: usize,
    sequence: u8,
    size: u8,
    finished: bool,
}

impl Receiver {
    /// One that wants blocks of so many segments, 1 to 127.
    pub const fn new(size: u8) -> Self {
        Self {
            got: 0,
            sequence: 0,
            size,
            finished: false,
        }
    }

    /// Takes a segment; which one to confirm, if the block is at its end.
    ///
    /// # Errors
    /// The buffer is full.
    pub fn take(&mut self, segment: &Segment, buffer: &mut [u8]) -> Result<Option<u8>, Abort> {
        if self.finished {
            return Ok(None);
        }
        if segment.sequence == self.sequence + 1 {
            // The last segment may reach over the end: how much of it counts is said later.
            let room = buffer.get_mut(self.got..).unwrap_or_default();
            let fits = room.len().min(SEGMENT);
            if fits < SEGMENT && !segment.last {
                return Err(Abort::Memory);
            }
            room[..fits].copy_from_slice(&segment.bytes[..fits]);
            self.got += SEGMENT;
            self.sequence += 1;
            self.finished = segment.last;
        }
        if segment.sequence < self.size && !segment.last {
            return Ok(None);
        }
        Ok(Some(std::mem::take(&mut self.sequence)))
    }

    /// Whether the last segment has come.
    pub const fn is_finished(&self) -> bool {
        self.finished
    }

    /// The data, once it is known how many bytes of the last segment are none, and with which checksum.
    ///
    /// # Errors
    /// It is not all there, has not the length that was announced, or another checksum.
    pub fn finish<'b>(
        &self,
        buffer: &'b [u8],
        unused: u8,
        announced: Option<u32>,
        expected: Option<u16>,
    ) -> Result<&'b [u8], Abort> {
        if !self.finished {
            return Err(Abort::Command);
        }
        let data = self.got.checked_sub(usize::from(unused)).ok_or(Abort::Length)?;
        let data = buffer.get(..data).ok_or(Abort::Memory)?;
        if announced.is_some_and(|length| length as usize != data.len()) {
            return Err(Abort::Length);
        }
        if expected.is_some_and(|expected| expected != checksum(data)) {
            return Err(Abort::Checksum);
        }
        Ok(data)
    }
}

#[cfg(test)]
mod tests {
    /// CRC-16/XMODEM of "123456789" in the catalogue of parametrised CRC algorithms; CiA 301 gives the same value for it.
    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(super::checksum(b"123456789"), 0x31C3);
    }
}
