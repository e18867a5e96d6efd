//! Byte order and signs of register values.
//!
//! STS and SMS servos have the low byte first, SCS servos the high byte. Signs are a bit of their own above the magnitude, at a
//! place that differs from register to register.

/// Which byte of a register comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrder {
    /// Low byte first: STS, SMS, HLS.
    Little,
    /// High byte first: SCS.
    Big,
}

impl ByteOrder {
    /// The number that two bytes are.
    pub const fn get(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    /// The two bytes of a number.
    pub const fn put(self, value: u16) -> [u8; 2] {
        match self {
            Self::Little => value.to_le_bytes(),
            Self::Big => value.to_be_bytes(),
        }
    }
}

/// The bit that says "negative"; the magnitude stands below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignBit(u8);

impl SignBit {
    /// The sign of a homing offset.
    pub const BIT_11: Self = Self(11);
    /// The sign of loads and of duty cycles.
    pub const BIT_10: Self = Self(10);
    /// The sign of positions, speeds and currents.
    pub const BIT_15: Self = Self(15);

    /// The largest magnitude.
    pub const fn max(self) -> i32 {
        (1 << self.0) - 1
    }

    /// The register's content for a number; `None` if its magnitude does not fit below the sign.
    pub fn encode(self, value: i32) -> Option<u16> {
        let magnitude = u16::try_from(value.unsigned_abs()).ok()?;
        let sign = u16::from(value < 0) << self.0;
        (i32::from(magnitude) <= self.max()).then_some(magnitude | sign)
    }

    /// The number that a register's content is. Bits above the sign stay, as in the vendor's SDK, so that what can't be is out of range.
    pub const fn decode(self, content: u16) -> i32 {
        let bit = 1_u16 << self.0;
        if content & bit == 0 {
            content as i32
        } else {
            -((content & !bit) as i32)
        }
    }
}
