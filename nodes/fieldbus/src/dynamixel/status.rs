//! What a device answers: an error byte and parameters.
//!
//! The error byte: bit 7 is the alert (the register Hardware Error Status is not 0), the others a number that says why the instruction was
//! not carried out. An alert alone is no refusal: the parameters hold what was asked for.

use super::packet::{EncodeError, Id, Packet, STATUS, Writer};

/// A device's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status<'a> {
    /// Who answers.
    pub id: Id,
    /// Its error byte.
    pub error: StatusError,
    /// What was asked for, if anything.
    pub parameters: &'a [u8],
}

impl<'a> Status<'a> {
    /// Writes the answer to the front of the buffer and returns how many bytes it has.
    ///
    /// # Errors
    /// The buffer has no room for it, or it is longer than [`MAX_PACKET`](super::MAX_PACKET).
    pub fn encode(&self, buffer: &mut [u8]) -> Result<usize, EncodeError> {
        let mut writer = Writer::new(buffer, self.id, STATUS);
        writer.put(&[self.error.byte()]);
        writer.put(self.parameters);
        writer.finish()
    }

    pub(super) fn of(packet: &Packet<'a>) -> Option<Self> {
        match packet.parameters.split_first() {
            Some((error, parameters)) if packet.code == STATUS => Some(Self {
                id: packet.id,
                error: StatusError::from_byte(*error),
                parameters,
            }),
            _ => None,
        }
    }

    /// What a device says of itself in answer to a ping, or `None` if it is none.
    #[must_use]
    pub fn pong(&self) -> Option<Pong> {
        match *self.parameters {
            [low, high, firmware] => Some(Pong {
                model: u16::from_le_bytes([low, high]),
                firmware,
            }),
            _ => None,
        }
    }
}

/// The answer to a ping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pong {
    /// The device's model number.
    pub model: u16,
    /// The version of its firmware.
    pub firmware: u8,
}

impl Pong {
    /// The parameters of its status.
    #[must_use]
    pub fn parameters(self) -> [u8; 3] {
        let [low, high] = self.model.to_le_bytes();
        [low, high, self.firmware]
    }
}

/// The error byte of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StatusError {
    /// Whether the device has a hardware error; the register Hardware Error Status says which.
    pub alert: bool,
    /// Why the instruction was not carried out, if it was not.
    pub number: Option<ErrorNumber>,
}

impl StatusError {
    /// No error.
    pub const NONE: Self = Self {
        alert: false,
        number: None,
    };

    /// What the byte says; every byte says something.
    #[must_use]
    pub fn from_byte(byte: u8) -> Self {
        Self {
            alert: byte & ALERT != 0,
            number: ErrorNumber::from_number(byte & !ALERT),
        }
    }

    /// Its byte.
    #[must_use]
    pub fn byte(self) -> u8 {
        let alert = if self.alert { ALERT } else { 0 };
        alert | self.number.map_or(0, ErrorNumber::number)
    }
}

/// Why a device did not carry an instruction out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorNumber {
    /// 1: it could not be done.
    ResultFail,
    /// 2: there is no such instruction, or nothing was registered that an Action could start.
    Instruction,
    /// 3: the checksum was wrong.
    Crc,
    /// 4: a value is outside the range of its register.
    DataRange,
    /// 5: there are fewer bytes than the register has.
    DataLength,
    /// 6: a value is beyond a limit that is set in another register.
    DataLimit,
    /// 7: the register can't be read, can't be written, can't be written now, or there is none.
    Access,
    /// A number that the manual does not name, 8 to 127.
    Other(u8),
}

impl ErrorNumber {
    /// The manual's number, 1 to 127.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::ResultFail => 1,
            Self::Instruction => 2,
            Self::Crc => 3,
            Self::DataRange => 4,
            Self::DataLength => 5,
            Self::DataLimit => 6,
            Self::Access => 7,
            Self::Other(number) => number & !ALERT,
        }
    }

    fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => return None,
            1 => Self::ResultFail,
            2 => Self::Instruction,
            3 => Self::Crc,
            4 => Self::DataRange,
            5 => Self::DataLength,
            6 => Self::DataLimit,
            7 => Self::Access,
            _ => Self::Other(number),
        })
    }
}

impl std::fmt::Display for ErrorNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ResultFail => "it could not be done",
            Self::Instruction => "no such instruction, or nothing registered for it",
            Self::Crc => "the checksum was wrong",
            Self::DataRange => "a value is out of its register's range",
            Self::DataLength => "too few bytes for a register",
            Self::DataLimit => "a value is beyond the limit set in the device",
            Self::Access => "the register can't be accessed so, or not now",
            Self::Other(number) => return write!(f, "error {number}, which has no name"),
        })
    }
}

const ALERT: u8 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_byte_comes_back() {
        for byte in 0..=255 {
            let error = StatusError::from_byte(byte);
            assert_eq!(error.byte(), byte);
            assert_eq!(error.alert, byte >= 128);
            assert_eq!(error.number.map_or(0, ErrorNumber::number), byte % 128);
            assert_eq!(
                matches!(error.number, Some(ErrorNumber::Other(_))),
                byte % 128 > 7
            );
        }
    }
}
