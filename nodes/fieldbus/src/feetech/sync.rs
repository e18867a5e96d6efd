//! Many servos in one packet: the blocks of a sync write, `id | data` each.
//!
//! **Invariant:** [`Blocks`] holds whole blocks only, at least one, and no id above [`MAX_ID`].

use super::instruction::code::SYNC_WRITE;
use super::packet::{self, MAX_PARAMETERS, OVERHEAD};
use super::{BROADCAST, Error, MAX_ID};

/// Address and length come before the blocks.
const HEAD: usize = 2;

/// Blocks of the same length for different servos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks<'a> {
    length: u8,
    bytes: &'a [u8],
}

impl<'a> Blocks<'a> {
    /// Takes blocks of `length` data bytes with their ids before them; `None` if they are not whole, are none or name an impossible id.
    pub fn new(length: u8, bytes: &'a [u8]) -> Option<Self> {
        let blocks = Self { length, bytes };
        let whole = length > 0 && !bytes.is_empty() && bytes.len().is_multiple_of(blocks.size());
        (whole && blocks.iter().all(|(id, _)| id <= MAX_ID)).then_some(blocks)
    }

    /// Data bytes for each servo.
    pub const fn length(&self) -> u8 {
        self.length
    }

    /// The blocks as they stand on the wire.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Who is to have what, in the order on the wire.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &'a [u8])> + use<'a> {
        self.bytes
            .chunks_exact(self.size())
            .filter_map(|block| block.split_first())
            .map(|(&id, data)| (id, data))
    }

    /// What is for this servo; the last block counts, where several are.
    pub fn of(&self, id: u8) -> Option<&'a [u8]> {
        self.iter()
            .filter(|block| block.0 == id)
            .map(|block| block.1)
            .last()
    }

    const fn size(&self) -> usize {
        self.length as usize + 1
    }
}

/// Fills the packet of a sync write in place, block by block.
#[derive(Debug)]
pub struct SyncWriter<'b> {
    into: &'b mut [u8],
    length: u8,
    used: usize,
}

impl<'b> SyncWriter<'b> {
    /// Begins a packet that writes `length` bytes from `address` on.
    ///
    /// # Errors
    /// [`Error::Room`]: the buffer does not even hold the head; [`Error::Parameters`]: a length of 0.
    pub fn new(into: &'b mut [u8], address: u8, length: u8) -> Result<Self, Error> {
        if length == 0 {
            return Err(Error::Parameters {
                code: SYNC_WRITE,
                bytes: HEAD,
            });
        }
        packet::open(into, BROADCAST, SYNC_WRITE, HEAD)?.copy_from_slice(&[address, length]);
        Ok(Self {
            into,
            length,
            used: HEAD,
        })
    }

    /// Adds a servo and returns the place of its data, which is zero until it is written.
    ///
    /// # Errors
    /// [`Error::Id`], [`Error::TooLong`], [`Error::Room`]; the packet then stays as it was.
    pub fn block(&mut self, id: u8) -> Result<&mut [u8], Error> {
        if id > MAX_ID {
            return Err(Error::Id { id, most: MAX_ID });
        }
        let used = self.used + 1 + usize::from(self.length);
        let (needed, room) = (OVERHEAD + used, self.into.len());
        if used > MAX_PARAMETERS {
            return Err(Error::TooLong { bytes: needed });
        }
        if needed > room {
            return Err(Error::Room { needed, room });
        }
        // Parameters begin one byte before the overhead ends: the checksum comes last.
        let block = &mut self.into[OVERHEAD - 1 + self.used..OVERHEAD - 1 + used];
        self.used = used;
        block.fill(0);
        block[0] = id;
        Ok(&mut block[1..])
    }

    /// Ends the packet and returns its bytes.
    ///
    /// # Errors
    /// [`Error::Parameters`]: no block was added.
    pub fn finish(self) -> Result<&'b [u8], Error> {
        if self.used == HEAD {
            return Err(Error::Parameters {
                code: SYNC_WRITE,
                bytes: HEAD,
            });
        }
        packet::open(self.into, BROADCAST, SYNC_WRITE, self.used)?;
        Ok(packet::seal(self.into, self.used))
    }
}
