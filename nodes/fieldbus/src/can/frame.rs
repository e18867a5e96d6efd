//! A CAN 2.0 frame.
//!
//! **Invariant:** an [`Id`] fits its 11 or 29 bits, a [`Frame`] has at most 8 data bytes, a remote frame none.
//!
//! Source: ISO 11898-1 (Bosch's CAN specification 2.0, part B).

use std::cmp::Ordering;

/// An identifier; the lower its number, the more urgent the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Id {
    number: u32,
    extended: bool,
}

impl Id {
    /// One of 11 bits; `None` if the number needs more.
    pub const fn standard(number: u16) -> Option<Self> {
        if number < 1 << 11 {
            Some(Self {
                number: number as u32,
                extended: false,
            })
        } else {
            None
        }
    }

    /// One of 29 bits; `None` if the number needs more.
    pub const fn extended(number: u32) -> Option<Self> {
        if number < 1 << 29 {
            Some(Self {
                number,
                extended: true,
            })
        } else {
            None
        }
    }

    /// Its number.
    pub const fn number(self) -> u32 {
        self.number
    }

    /// Whether it has 29 bits.
    pub const fn is_extended(self) -> bool {
        self.extended
    }
}

/// What goes over the bus at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    id: Id,
    remote: bool,
    length: u8,
    bytes: [u8; 8],
}

impl Frame {
    /// A frame with data; `None` if they are more than 8 bytes.
    pub fn data(id: Id, data: &[u8]) -> Option<Self> {
        let mut bytes = [0; 8];
        bytes.get_mut(..data.len())?.copy_from_slice(data);
        Some(Self {
            id,
            remote: false,
            length: u8::try_from(data.len()).ok()?,
            bytes,
        })
    }

    /// A frame that asks for one with this id and so many bytes of data; `None` if they are more than 8.
    pub const fn remote(id: Id, length: u8) -> Option<Self> {
        if length > 8 {
            return None;
        }
        Some(Self {
            id,
            remote: true,
            length,
            bytes: [0; 8],
        })
    }

    /// Its identifier.
    pub const fn id(&self) -> Id {
        self.id
    }

    /// Whether it asks instead of telling.
    pub const fn is_remote(&self) -> bool {
        self.remote
    }

    /// Its data length code, 0 to 8: of a remote frame what it asks for.
    pub const fn length(&self) -> u8 {
        self.length
    }

    /// Its data; empty for a remote frame.
    pub fn bytes(&self) -> &[u8] {
        let length = if self.remote { 0 } else { usize::from(self.length) };
        &self.bytes[..length]
    }

    /// Which of two frames that begin at once wins the bus: `Less` is the winner. `Equal` are frames that would collide further on.
    pub fn arbitration(&self, other: &Self) -> Ordering {
        self.arbitration_field().cmp(&other.arbitration_field())
    }

    /// The bits of the arbitration, the first sent uppermost: base identifier, RTR or SRR, IDE, the other 18 bits, RTR. After the IDE bit
    /// of a standard frame the winner is known, so that the zeros below it say nothing.
    pub(super) const fn arbitration_field(&self) -> u32 {
        let (number, remote) = (self.id.number, self.remote as u32);
        if self.id.extended {
            (number >> 18) << 21 | 0b11 << 19 | (number & 0x3_FFFF) << 1 | remote
        } else {
            number << 21 | remote << 20
        }
    }
}
