//! Why a transfer ends early.

use std::fmt;

/// The reason, as one end gives it to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abort {
    /// A segment came twice, or one is missing.
    Toggle,
    /// The other end was silent for too long.
    TimedOut,
    /// No such command, or not now.
    Command,
    /// A block of 0, or of more than 127 segments.
    BlockSize,
    /// A segment is confirmed that was not sent.
    Sequence,
    /// The data are not those that were sent.
    Checksum,
    /// More data than there is memory for.
    Memory,
    /// The object can't be used this way.
    Access,
    /// It can only be written.
    WriteOnly,
    /// It can only be read.
    ReadOnly,
    /// There is none of this index.
    NoSuchObject,
    /// It can't be in a PDO.
    NotMappable,
    /// The PDO would have more than 64 bits.
    PdoLength,
    /// Parameters don't fit each other.
    Incompatible,
    /// Something inside the device does not fit.
    Internal,
    /// The hardware failed.
    Hardware,
    /// It has another length.
    Length,
    /// It is shorter.
    TooLong,
    /// It is longer.
    TooShort,
    /// The object has no such part.
    NoSuchPart,
    /// It can't have this value.
    Value,
    /// The value is above its range.
    TooHigh,
    /// The value is below its range.
    TooLow,
    /// A lower limit would be above the upper one.
    MaximumBelowMinimum,
    /// There is no such channel.
    Resource,
    /// None of the others.
    General,
    /// The data can't be used or kept.
    NotStored,
    /// Not while the device is operated otherwise.
    LocalControl,
    /// Not in the device's state.
    DeviceState,
    /// There is no dictionary.
    NoDictionary,
    /// There are no data.
    NoData,
    /// A code the standard does not have.
    Other(u32),
}

impl Abort {
    /// All that have a name.
    pub const NAMED: [(Self, u32, &'static str); 31] = [
        (Self::Toggle, 0x0503_0000, "a segment came twice or is missing"),
        (Self::TimedOut, 0x0504_0000, "timed out"),
        (Self::Command, 0x0504_0001, "unknown or unexpected command"),
        (Self::BlockSize, 0x0504_0002, "invalid block size"),
        (Self::Sequence, 0x0504_0003, "invalid sequence number"),
        (Self::Checksum, 0x0504_0004, "wrong checksum"),
        (Self::Memory, 0x0504_0005, "out of memory"),
        (Self::Access, 0x0601_0000, "unsupported access"),
        (Self::WriteOnly, 0x0601_0001, "can only be written"),
        (Self::ReadOnly, 0x0601_0002, "can only be read"),
        (Self::NoSuchObject, 0x0602_0000, "no such object"),
        (Self::NotMappable, 0x0604_0041, "can't be in a PDO"),
        (Self::PdoLength, 0x0604_0042, "the PDO would be too long"),
        (Self::Incompatible, 0x0604_0043, "parameters don't fit each other"),
        (Self::Internal, 0x0604_0047, "incompatible within the device"),
        (Self::Hardware, 0x0606_0000, "hardware error"),
        (Self::Length, 0x0607_0010, "wrong length"),
        (Self::TooLong, 0x0607_0012, "too many bytes"),
        (Self::TooShort, 0x0607_0013, "too few bytes"),
        (Self::NoSuchPart, 0x0609_0011, "no such sub-index"),
        (Self::Value, 0x0609_0030, "invalid value"),
        (Self::TooHigh, 0x0609_0031, "value too high"),
        (Self::TooLow, 0x0609_0032, "value too low"),
        (Self::MaximumBelowMinimum, 0x0609_0036, "maximum below minimum"),
        (Self::Resource, 0x060A_0023, "resource not available"),
        (Self::General, 0x0800_0000, "general error"),
        (Self::NotStored, 0x0800_0020, "data can't be used or stored"),
        (Self::LocalControl, 0x0800_0021, "device is under local control"),
        (Self::DeviceState, 0x0800_0022, "not in the present device state"),
        (Self::NoDictionary, 0x0800_0023, "no object dictionary"),
        (Self::NoData, 0x0800_0024, "no data"),
    ];

    /// Its code.
    pub fn code(self) -> u32 {
        match self {
            Self::Other(code) => code,
            _ => Self::NAMED
                .iter()
                .find(|(abort, ..)| *abort == self)
                .map_or(0x0800_0000, |(_, code, _)| *code),
        }
    }

    /// The reason of a code.
    pub fn of(code: u32) -> Self {
        Self::NAMED
            .iter()
            .find(|(_, known, _)| *known == code)
            .map_or(Self::Other(code), |(abort, ..)| *abort)
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        Self::NAMED
            .iter()
            .find(|(abort, ..)| *abort == self)
            .map_or("unknown reason", |(.., name)| name)
    }
}

impl fmt::Display for Abort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:08X}h)", self.name(), self.code())
    }
}
