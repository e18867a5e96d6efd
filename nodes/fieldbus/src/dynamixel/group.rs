//! Several devices in one instruction: sync (the same registers of each) and bulk (each its own), reads and writes.
//!
//! A master encodes straight from iterators with [`sync_read`], [`sync_write`], [`bulk_read`] and [`bulk_write`]; a device finds its block
//! among those of the decoded instruction, and by its place among them when it is its turn to answer. To an ordinary read each device
//! answers with a status of its own; to a fast one all join into one ([`super::fast`]).

use super::instruction::{InstructionError, code, split_u16};
use super::packet::{EncodeError, Id, Packet, Writer};

/// How devices answer a read of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replies {
    /// Each with a status of its own, in the order of the list.
    Separate,
    /// All in one, to which each adds its block in the order of the list: the manual's *fast* reads.
    Joined,
}

/// Registers of one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// Whose they are.
    pub id: Id,
    /// The first one's address.
    pub address: u16,
    /// How many bytes.
    pub length: u16,
}

/// Read the same registers of several devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncRead<'a> {
    /// The first register's address.
    pub address: u16,
    /// How many bytes of each device.
    pub length: u16,
    /// How they answer.
    pub replies: Replies,
    ids: &'a [u8],
}

impl<'a> SyncRead<'a> {
    /// Whose registers, in the order in which they answer.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = Id> + use<'a> {
        self.ids.iter().map(|id| Id::known(*id))
    }

    pub(super) fn of(packet: &Packet<'a>, replies: Replies) -> Result<Self, InstructionError> {
        let (address, length, ids) = registers(packet)?;
        if ids.iter().any(|id| *id > Id::MAX) {
            return Err(InstructionError::Value { code: packet.code });
        }
        Ok(Self {
            address,
            length,
            replies,
            ids,
        })
    }

    pub(super) fn put(&self, writer: &mut Writer<'_>) {
        writer.put_u16(self.address);
        writer.put_u16(self.length);
        writer.put(self.ids);
    }
}

/// Write the same registers of several devices, each its own data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncWrite<'a> {
    /// The first register's address.
    pub address: u16,
    /// How many bytes of each device.
    pub length: u16,
    blocks: &'a [u8],
}

impl<'a> SyncWrite<'a> {
    /// What is for whom; all data are of the same length.
    pub fn blocks(&self) -> impl ExactSizeIterator<Item = (Id, &'a [u8])> + use<'a> {
        let size = 1 + usize::from(self.length);
        self.blocks
            .chunks_exact(size)
            .map(|block| (Id::known(block[0]), &block[1..]))
    }

    pub(super) fn of(packet: &Packet<'a>) -> Result<Self, InstructionError> {
        let (address, length, blocks) = registers(packet)?;
        let chunks = blocks.chunks_exact(1 + usize::from(length));
        if !chunks.remainder().is_empty() {
            return Err(InstructionError::Length {
                code: packet.code,
                bytes: packet.parameters.len(),
            });
        }
        if chunks.into_iter().any(|block| block[0] > Id::MAX) {
            return Err(InstructionError::Value { code: packet.code });
        }
        Ok(Self {
            address,
            length,
            blocks,
        })
    }

    pub(super) fn put(&self, writer: &mut Writer<'_>) {
        writer.put_u16(self.address);
        writer.put_u16(self.length);
        writer.put(self.blocks);
    }
}

/// Read registers of several devices, each its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BulkRead<'a> {
    /// How they answer.
    pub replies: Replies,
    items: &'a [[u8; 5]],
}

impl<'a> BulkRead<'a> {
    /// What is read of whom, in the order in which they answer.
    pub fn items(&self) -> impl ExactSizeIterator<Item = Item> + use<'a> {
        self.items.iter().map(|[id, a, b, c, d]| Item {
            id: Id::known(*id),
            address: u16::from_le_bytes([*a, *b]),
            length: u16::from_le_bytes([*c, *d]),
        })
    }

    pub(super) fn of(packet: &Packet<'a>, replies: Replies) -> Result<Self, InstructionError> {
        let (items, rest) = packet.parameters.as_chunks::<5>();
        if !rest.is_empty() {
            return Err(InstructionError::Length {
                code: packet.code,
                bytes: packet.parameters.len(),
            });
        }
        if items.iter().any(|[id, ..]| *id > Id::MAX) {
            return Err(InstructionError::Value { code: packet.code });
        }
        Ok(Self { replies, items })
    }

    pub(super) fn put(&self, writer: &mut Writer<'_>) {
        writer.put(self.items.as_flattened());
    }
}

/// Write registers of several devices, each its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BulkWrite<'a> {
    blocks: &'a [u8],
}

impl<'a> BulkWrite<'a> {
    /// What is for whom: id, the first register's address, data.
    pub fn blocks(&self) -> impl Iterator<Item = (Id, u16, &'a [u8])> + use<'a> {
        let mut rest = self.blocks;
        std::iter::from_fn(move || {
            let (id, address, data, after) = split_block(rest)?;
            rest = after;
            Some((Id::known(id), address, data))
        })
    }

    pub(super) fn of(packet: &Packet<'a>) -> Result<Self, InstructionError> {
        let mut rest = packet.parameters;
        while !rest.is_empty() {
            let (id, _, _, after) = split_block(rest).ok_or(InstructionError::Length {
                code: packet.code,
                bytes: packet.parameters.len(),
            })?;
            if id > Id::MAX {
                return Err(InstructionError::Value { code: packet.code });
            }
            rest = after;
        }
        Ok(Self {
            blocks: packet.parameters,
        })
    }

    pub(super) fn put(&self, writer: &mut Writer<'_>) {
        writer.put(self.blocks);
    }
}

/// Writes a sync read of `length` bytes from `address` on to the front of the buffer and returns how many bytes it has.
///
/// # Errors
/// The buffer has no room for it, it is longer than [`MAX_PACKET`](super::MAX_PACKET), or an id is no single device's.
pub fn sync_read(
    buffer: &mut [u8],
    replies: Replies,
    address: u16,
    length: u16,
    ids: impl IntoIterator<Item = Id>,
) -> Result<usize, EncodeError> {
    let mut writer = Writer::new(buffer, Id::BROADCAST, code::sync_read(replies));
    writer.put_u16(address);
    writer.put_u16(length);
    for id in ids {
        writer.put(&[single(id)?]);
    }
    writer.finish()
}

/// Writes a sync write of `length` bytes from `address` on to the front of the buffer and returns how many bytes it has.
///
/// # Errors
/// The buffer has no room for it, it is longer than [`MAX_PACKET`](super::MAX_PACKET), an id is no single device's, or a block is not
/// `length` bytes long.
pub fn sync_write<D: AsRef<[u8]>>(
    buffer: &mut [u8],
    address: u16,
    length: u16,
    blocks: impl IntoIterator<Item = (Id, D)>,
) -> Result<usize, EncodeError> {
    let mut writer = Writer::new(buffer, Id::BROADCAST, code::SYNC_WRITE);
    writer.put_u16(address);
    writer.put_u16(length);
    for (id, data) in blocks {
        let data = data.as_ref();
        if data.len() != usize::from(length) {
            let bytes = data.len();
            return Err(EncodeError::Block { id, bytes, length });
        }
        writer.put(&[single(id)?]);
        writer.put(data);
    }
    writer.finish()
}

/// Writes a bulk read to the front of the buffer and returns how many bytes it has. Each device may be named once.
///
/// # Errors
/// The buffer has no room for it, it is longer than [`MAX_PACKET`](super::MAX_PACKET), or an id is no single device's.
pub fn bulk_read(
    buffer: &mut [u8],
    replies: Replies,
    items: impl IntoIterator<Item = Item>,
) -> Result<usize, EncodeError> {
    let mut writer = Writer::new(buffer, Id::BROADCAST, code::bulk_read(replies));
    for item in items {
        writer.put(&[single(item.id)?]);
        writer.put_u16(item.address);
        writer.put_u16(item.length);
    }
    writer.finish()
}

/// Writes a bulk write to the front of the buffer and returns how many bytes it has: id, the first register's address, data. Each device
/// may be named once.
///
/// # Errors
/// The buffer has no room for it, it is longer than [`MAX_PACKET`](super::MAX_PACKET), or an id is no single device's.
pub fn bulk_write<D: AsRef<[u8]>>(
    buffer: &mut [u8],
    blocks: impl IntoIterator<Item = (Id, u16, D)>,
) -> Result<usize, EncodeError> {
    let mut writer = Writer::new(buffer, Id::BROADCAST, code::BULK_WRITE);
    for (id, address, data) in blocks {
        let data = data.as_ref();
        let bytes = data.len();
        let length = u16::try_from(bytes).map_err(|_| EncodeError::TooLong { bytes })?;
        writer.put(&[single(id)?]);
        writer.put_u16(address);
        writer.put_u16(length);
        writer.put(data);
    }
    writer.finish()
}

/// Whether the instruction of this code is for a group.
pub(super) fn is_group(code: u8) -> bool {
    use super::instruction::code::{
        BULK_READ, BULK_WRITE, FAST_BULK_READ, FAST_SYNC_READ, SYNC_READ, SYNC_WRITE,
    };
    matches!(
        code,
        SYNC_READ | SYNC_WRITE | FAST_SYNC_READ | BULK_READ | BULK_WRITE | FAST_BULK_READ
    )
}

fn single(id: Id) -> Result<u8, EncodeError> {
    if id.is_broadcast() {
        Err(EncodeError::Addressee { id })
    } else {
        Ok(id.number())
    }
}

/// What a sync instruction's parameters begin with: address and length; and the rest.
fn registers<'a>(packet: &Packet<'a>) -> Result<(u16, u16, &'a [u8]), InstructionError> {
    let split = |bytes| {
        let (address, rest) = split_u16(bytes)?;
        let (length, rest) = split_u16(rest)?;
        Some((address, length, rest))
    };
    split(packet.parameters).ok_or(InstructionError::Length {
        code: packet.code,
        bytes: packet.parameters.len(),
    })
}

/// Takes a block of a bulk write off the front: id, address, data.
fn split_block(bytes: &[u8]) -> Option<(u8, u16, &[u8], &[u8])> {
    let (id, rest) = bytes.split_first()?;
    let (address, rest) = split_u16(rest)?;
    let (length, rest) = split_u16(rest)?;
    let (data, rest) = rest.split_at_checked(usize::from(length))?;
    Some((*id, address, data, rest))
}
