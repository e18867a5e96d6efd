//! Process data: which objects stand where in a frame, and when the frame goes out.
//!
//! **Invariant:** a [`Mapping`] never has more than 64 bits; unpacking what was packed gives what it was.

use crate::can::frame::Id;

use super::sdo::Address;

/// The most bits a PDO has.
pub const MAX_BITS: u32 = 64;

/// The most objects a PDO has.
pub const MAX_ENTRIES: usize = 64;

/// An object in a PDO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which object.
    pub address: Address,
    /// How many bits of it, 1 to 64.
    pub bits: u8,
}

impl Entry {
    /// What a mapping object (1600h and up, 1A00h and up) holds for it.
    pub const fn encode(self) -> u32 {
        (self.address.index as u32) << 16 | (self.address.sub as u32) << 8 | self.bits as u32
    }

    /// What a mapping object says.
    pub const fn decode(content: u32) -> Self {
        Self {
            address: Address::new((content >> 16) as u16, (content >> 8) as u8),
            bits: content as u8,
        }
    }

    /// Its bits within a value's.
    const fn mask(self) -> u64 {
        u64::MAX >> (64 - self.bits as u32)
    }
}

/// Why an object can't be mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// No such length.
    #[error("object {0}: {1} bits can't be mapped, 1 to 64 can")]
    Length(Address, u8),
    /// No room left.
    #[error("object {0}: its {1} bits are more than the {2} left of the PDO's 64")]
    Full(Address, u8, u32),
}

/// What stands in a PDO, from the lowest bit of its first byte on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping {
    entries: [Entry; MAX_ENTRIES],
    count: usize,
    bits: u32,
}

impl Default for Mapping {
    fn default() -> Self {
        Self::new()
    }
}

impl Mapping {
    /// An empty one.
    pub const fn new() -> Self {
        Self {
            entries: [Entry::decode(0); MAX_ENTRIES],
            count: 0,
            bits: 0,
        }
    }

    /// One of these objects.
    ///
    /// # Errors
    /// Says which object has no room, or no length.
    pub fn of(entries: impl IntoIterator<Item = Entry>) -> Result<Self, MappingError> {
        let mut mapping = Self::new();
        for entry in entries {
            mapping.push(entry)?;
        }
        Ok(mapping)
    }

    /// Puts an object behind the others.
    ///
    /// # Errors
    /// Says that it has no room, or no length; the mapping is as it was.
    pub fn push(&mut self, entry: Entry) -> Result<(), MappingError> {
        let bits = u32::from(entry.bits);
        if !(1..=MAX_BITS).contains(&bits) {
            return Err(MappingError::Length(entry.address, entry.bits));
        }
        let left = MAX_BITS - self.bits;
        if bits > left {
            return Err(MappingError::Full(entry.address, entry.bits, left));
        }
        self.entries[self.count] = entry;
        self.count += 1;
        self.bits += bits;
        Ok(())
    }

    /// Its objects.
    pub fn entries(&self) -> &[Entry] {
        &self.entries[..self.count]
    }

    /// Bytes of its frame, 0 to 8.
    pub const fn len(&self) -> usize {
        self.bits.div_ceil(8) as usize
    }

    /// Whether it has no objects.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Its frame's data, in the first [`Mapping::len`] bytes; of each value, the lowest bits.
    pub fn pack(&self, mut value: impl FnMut(Entry) -> u64) -> [u8; 8] {
        let (mut packed, mut place) = (0, 0);
        for &entry in self.entries() {
            packed |= (value(entry) & entry.mask()) << place;
            place += u32::from(entry.bits);
        }
        packed.to_le_bytes()
    }

    /// The values in a frame's data, without sign; `None` if the frame is too short. Bytes behind the last object are let be, as the
    /// standard has it.
    pub fn unpack(&self, data: &[u8]) -> Option<impl Iterator<Item = (Entry, u64)>> {
        let mut bytes = [0; 8];
        let length = self.len();
        bytes[..length].copy_from_slice(data.get(..length)?);
        let (packed, mut place) = (u64::from_le_bytes(bytes), 0);
        Some(self.entries().iter().map(move |&entry| {
            let value = packed >> place & entry.mask();
            place += u32::from(entry.bits);
            (entry, value)
        }))
    }
}

/// A PDO's identifier, sub-index 1 of the objects 1400h and up, 1800h and up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CobId {
    /// Whether the PDO is used.
    pub valid: bool,
    /// Whether it may be asked for by a remote frame.
    pub remote: bool,
    /// The frame's identifier.
    pub id: Id,
}

impl CobId {
    /// One that is used, and not asked for.
    pub const fn of(id: Id) -> Self {
        Self {
            valid: true,
            remote: false,
            id,
        }
    }

    /// What the object holds.
    pub const fn encode(self) -> u32 {
        (!self.valid as u32) << 31
            | (!self.remote as u32) << 30
            | (self.id.is_extended() as u32) << 29
            | self.id.number()
    }

    /// What an object says; `None` if an identifier of 11 bits has more.
    pub fn decode(content: u32) -> Option<Self> {
        let number = content & 0x1FFF_FFFF;
        let id = if content >> 29 & 1 == 1 {
            Id::extended(number)?
        } else {
            Id::standard(u16::try_from(number).ok()?)?
        };
        Some(Self {
            valid: content >> 31 == 0,
            remote: content >> 30 & 1 == 0,
            id,
        })
    }
}

/// When a PDO goes out, or is obeyed: sub-index 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transmission {
    /// At the SYNC after something has changed.
    SyncAcyclic,
    /// At each SYNC of so many, 1 to 240. A PDO for a node is obeyed at the next SYNC, whatever the number.
    Sync(u8),
    /// When asked for, as it was at the last SYNC.
    SyncRemote,
    /// When asked for, as it is.
    Remote,
    /// When the manufacturer wants, or the event timer says. A PDO for a node is obeyed at once.
    Event,
    /// When the device profile wants, or the event timer says. A PDO for a node is obeyed at once.
    ProfileEvent,
}

impl Transmission {
    /// Its code.
    pub const fn code(self) -> u8 {
        match self {
            Self::SyncAcyclic => 0,
            Self::Sync(each) => each,
            Self::SyncRemote => 252,
            Self::Remote => 253,
            Self::Event => 254,
            Self::ProfileEvent => 255,
        }
    }

    /// What a code says; `None` for the reserved ones.
    pub const fn of(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::SyncAcyclic,
            1..=240 => Self::Sync(code),
            252 => Self::SyncRemote,
            253 => Self::Remote,
            254 => Self::Event,
            255 => Self::ProfileEvent,
            241..=251 => return None,
        })
    }

    /// Whether a SYNC has a part in it.
    pub const fn is_synchronous(self) -> bool {
        matches!(self, Self::SyncAcyclic | Self::Sync(_) | Self::SyncRemote)
    }
}
