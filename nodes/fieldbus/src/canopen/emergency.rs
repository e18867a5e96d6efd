//! What a node says when something is wrong, and when it is right again.

use crate::cia402::error_name;

/// An emergency message. Code 0 says that one error, or all, are gone: the register says which are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emergency {
    /// What is wrong: see [`error_name`].
    pub code: u16,
    /// Object 1001h.
    pub register: ErrorRegister,
    /// The manufacturer's own.
    pub detail: [u8; 5],
}

impl Emergency {
    /// A frame's data.
    pub const fn encode(self) -> [u8; 8] {
        let [low, high] = self.code.to_le_bytes();
        let [a, b, c, d, e] = self.detail;
        [low, high, self.register.0, a, b, c, d, e]
    }

    /// Reads a frame's data; `None` if it has not 8 bytes.
    pub const fn decode(data: &[u8]) -> Option<Self> {
        let &[low, high, register, a, b, c, d, e] = data else {
            return None;
        };
        Some(Self {
            code: u16::from_le_bytes([low, high]),
            register: ErrorRegister(register),
            detail: [a, b, c, d, e],
        })
    }

    /// Whether it says that an error is gone.
    pub const fn is_reset(self) -> bool {
        self.code >> 8 == 0
    }

    /// What its code means; `None` if the standard has no such group.
    pub fn name(self) -> Option<&'static str> {
        error_name(self.code)
    }
}

/// Object 1001h: which kinds of error there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErrorRegister(pub u8);

impl ErrorRegister {
    /// Any error.
    pub const GENERIC: Self = Self(1 << 0);
    /// Current.
    pub const CURRENT: Self = Self(1 << 1);
    /// Voltage.
    pub const VOLTAGE: Self = Self(1 << 2);
    /// Temperature.
    pub const TEMPERATURE: Self = Self(1 << 3);
    /// Communication.
    pub const COMMUNICATION: Self = Self(1 << 4);
    /// What the device profile names.
    pub const PROFILE: Self = Self(1 << 5);
    /// The manufacturer's own.
    pub const MANUFACTURER: Self = Self(1 << 7);

    /// The bits that go with an error code, the generic one with each but 0.
    pub const fn of(code: u16) -> Self {
        let kind = match code >> 12 {
            _ if code >> 8 == 0 => return Self(0),
            0x2 => Self::CURRENT.0,
            0x3 => Self::VOLTAGE.0,
            0x4 => Self::TEMPERATURE.0,
            0x8 if code >> 8 <= 0x82 => Self::COMMUNICATION.0,
            0x7 | 0x8 => Self::PROFILE.0,
            0xF => Self::MANUFACTURER.0,
            _ => 0,
        };
        Self(Self::GENERIC.0 | kind)
    }
}
