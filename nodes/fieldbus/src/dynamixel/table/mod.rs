//! Control tables: what a register is, where it stands, what it holds.
//!
//! Values are counts as they stand on the wire, low byte first, negative ones in two's complement; [`Scale`] says what a count is in SI units.
//!
//! | file | what it holds |
//! |---|---|
//! | [`field`] | the registers of the X series by name |
//! | `x_series` | what they are: address, size, access, reset value, range, unit, in which models |
//! | [`indirect`] | registers that stand for bytes of others |
//! | [`bits`] | the bits of modes, alarms and motion states |
//!
//! **Invariant:** what [`Register::put`] writes is within the register's range, and [`Register::get`] reads it back as it was.

pub mod bits;
pub mod field;
pub mod indirect;
pub(super) mod x_series;

use thiserror::Error;

pub use crate::scale::Scale;
pub use bits::{Alarm, Alarms};
pub use field::Field;
pub use indirect::Indirect;

/// What a master may do with a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It can be read.
    Read,
    /// It can be read and written.
    ReadWrite,
}

/// Where a register lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Kept without power; can be written only while the torque is off.
    Eeprom,
    /// Begins anew at each start.
    Ram,
}

/// How many bytes a register has and whether its numbers have a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the number type of its name")]
pub enum Kind {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
}

impl Kind {
    /// Its bytes.
    #[must_use]
    pub const fn size(self) -> u16 {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 => 4,
        }
    }

    /// The number in these bytes, `None` if they are not as many as it has. Of a [`Kind::U32`] what is above 2³¹ − 1 reads as negative: no
    /// register of that kind takes so much.
    #[must_use]
    pub fn get(self, bytes: &[u8]) -> Option<i32> {
        Some(match (self, bytes) {
            (Self::U8, &[byte]) => i32::from(byte),
            (Self::I8, &[byte]) => i32::from(byte.cast_signed()),
            (Self::U16, &[low, high]) => i32::from(u16::from_le_bytes([low, high])),
            (Self::I16, &[low, high]) => i32::from(i16::from_le_bytes([low, high])),
            (Self::U32 | Self::I32, &[a, b, c, d]) => i32::from_le_bytes([a, b, c, d]),
            _ => return None,
        })
    }

    /// Puts the low bytes of a number into bytes that are as many as it has; others are left alone.
    pub fn put(self, value: i32, bytes: &mut [u8]) {
        let size = usize::from(self.size());
        if bytes.len() == size {
            bytes.copy_from_slice(&value.to_le_bytes()[..size]);
        }
    }
}

/// One register of a model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Register {
    /// Which it is.
    pub field: Field,
    /// What the manual calls it.
    pub name: &'static str,
    /// Where it begins.
    pub address: u16,
    /// Its size and sign.
    pub kind: Kind,
    /// What a master may do with it.
    pub access: Access,
    /// Where it lives.
    pub memory: Memory,
    /// What it holds when it comes from the factory, or after the start \[counts\].
    pub reset: i32,
    /// The lowest value it takes \[counts\]; limits that stand in other registers may leave less.
    pub min: i32,
    /// The highest value it takes \[counts\]; likewise.
    pub max: i32,
    /// What a count is.
    pub scale: Scale,
}

impl Register {
    /// Its value \[counts\] in its bytes. Whatever they hold is a value: a servo's word is not judged here.
    ///
    /// # Errors
    /// [`TableError::Size`]: these are not as many bytes as it has.
    pub fn get(&self, bytes: &[u8]) -> Result<i32, TableError> {
        self.kind.get(bytes).ok_or(self.wrong_size(bytes.len()))
    }

    /// Writes a value \[counts\] into its bytes.
    ///
    /// # Errors
    /// [`TableError::Range`]: it does not take this value; [`TableError::Size`]: these are not as many bytes as it has.
    pub fn put(&self, value: i32, bytes: &mut [u8]) -> Result<(), TableError> {
        if !self.takes(value) {
            return Err(TableError::Range {
                register: self.name,
                value,
                min: self.min,
                max: self.max,
            });
        }
        if bytes.len() != usize::from(self.kind.size()) {
            return Err(self.wrong_size(bytes.len()));
        }
        self.kind.put(value, bytes);
        Ok(())
    }

    /// Whether a value \[counts\] is in its range.
    #[must_use]
    pub const fn takes(&self, value: i32) -> bool {
        self.min <= value && value <= self.max
    }

    /// Counts in the unit of its scale.
    #[must_use]
    pub fn to_si(&self, counts: i32) -> f64 {
        self.scale.to_si(counts)
    }

    /// The nearest counts to a quantity in the unit of its scale; `None` where that is no value it takes.
    #[must_use]
    pub fn from_si(&self, quantity: f64) -> Option<i32> {
        self.scale.from_si(quantity, self.min, self.max)
    }

    /// The address after its last byte.
    #[must_use]
    pub const fn end(&self) -> u16 {
        self.address + self.kind.size()
    }

    const fn wrong_size(&self, bytes: usize) -> TableError {
        TableError::Size {
            register: self.name,
            size: self.kind.size(),
            bytes,
        }
    }
}

/// Why a register or a table can't be read or written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TableError {
    /// A value is outside the register's range.
    #[error("{register} takes {min} to {max}, not {value}")]
    Range {
        /// Its name.
        register: &'static str,
        /// The value \[counts\].
        value: i32,
        /// The lowest it takes.
        min: i32,
        /// The highest it takes.
        max: i32,
    },
    /// The bytes are not as many as the register has.
    #[error("{register} has {size} bytes, not {bytes}")]
    Size {
        /// Its name.
        register: &'static str,
        /// Bytes it has.
        size: u16,
        /// Bytes there are.
        bytes: usize,
    },
    /// A memory is too short for a model's table.
    #[error("a control table of {needed} bytes does not fit into {room}")]
    Room {
        /// Bytes of the table.
        needed: u16,
        /// Bytes there are.
        room: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_comes_back_as_it_was_for_every_kind() {
        for (kind, values) in [
            (Kind::U8, &[0, 200, 255][..]),
            (Kind::I8, &[-128, -1, 127]),
            (Kind::U16, &[0, 40_000]),
            (Kind::I16, &[-885, 32_767]),
            (Kind::U32, &[0, i32::MAX]),
            (Kind::I32, &[i32::MIN, -1, 1_048_575]),
        ] {
            for value in values {
                let mut bytes = [0xA5; 4];
                let bytes = &mut bytes[..usize::from(kind.size())];
                kind.put(*value, bytes);
                assert_eq!(kind.get(bytes), Some(*value), "{kind:?}");
            }
            assert_eq!(kind.get(&[0; 3]), None);
        }
    }
}
