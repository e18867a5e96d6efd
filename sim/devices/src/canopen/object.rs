//! One object of a drive's dictionary: what kind of value it has, who may change it, where it may be mapped, and over what it is kept.

use servomesh_fieldbus::canopen::sdo::Address;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    I8,
    I16,
    I32,
    U8,
    U16,
    U32,
    /// A text that never changes.
    Text(&'static str),
    /// The electronic data sheet.
    DataSheet,
    /// Bytes that somebody keeps here.
    Bytes,
}

impl Kind {
    /// Bytes of a value; `None` if it may have any.
    pub(crate) const fn size(self) -> Option<usize> {
        match self {
            Self::I8 | Self::U8 => Some(1),
            Self::I16 | Self::U16 => Some(2),
            Self::I32 | Self::U32 => Some(4),
            Self::Text(_) | Self::DataSheet | Self::Bytes => None,
        }
    }

    /// The standard's number for it.
    pub(crate) const fn data_type(self) -> u16 {
        match self {
            Self::I8 => 0x02,
            Self::I16 => 0x03,
            Self::I32 => 0x04,
            Self::U8 => 0x05,
            Self::U16 => 0x06,
            Self::U32 => 0x07,
            Self::Text(_) => 0x09,
            Self::DataSheet | Self::Bytes => 0x0F,
        }
    }

    const fn range(self) -> (i64, i64) {
        match self {
            Self::I8 => (i8::MIN as i64, i8::MAX as i64),
            Self::I16 => (i16::MIN as i64, i16::MAX as i64),
            Self::I32 => (i32::MIN as i64, i32::MAX as i64),
            Self::U8 => (0, u8::MAX as i64),
            Self::U16 => (0, u16::MAX as i64),
            Self::U32 | Self::Text(_) | Self::DataSheet | Self::Bytes => (0, u32::MAX as i64),
        }
    }

    /// A value out of the lowest bits of some.
    pub(crate) const fn value(self, bits: u64) -> i64 {
        match self {
            Self::I8 => bits as i8 as i64,
            Self::I16 => bits as i16 as i64,
            Self::I32 => bits as i32 as i64,
            Self::U8 => bits as u8 as i64,
            Self::U16 => bits as u16 as i64,
            Self::U32 | Self::Text(_) | Self::DataSheet | Self::Bytes => bits as u32 as i64,
        }
    }
}

/// Who may change a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nobody.
    Constant,
    /// The drive.
    ReadOnly,
    /// The master too.
    ReadWrite,
}

/// In which process data it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Map {
    None,
    /// What the drive sends.
    Transmit,
    /// What the drive receives, and sends.
    Both,
}

/// What a master that stores or restores has to name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// It is never kept.
    No,
    /// Communication parameters.
    Communication,
    /// Parameters of the application.
    Application,
}

/// An object or its part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Object {
    pub(crate) address: Address,
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) access: Access,
    pub(crate) map: Map,
    pub(crate) keep: Keep,
    /// What it is before anybody changes it.
    pub(crate) default: i64,
    /// Whether the node id is added to that.
    pub(crate) plus_node: bool,
    pub(crate) low: i64,
    pub(crate) high: i64,
}

impl Object {
    const fn new(index: u16, sub: u8, name: &'static str, kind: Kind, access: Access) -> Self {
        let (low, high) = kind.range();
        Self {
            address: Address::new(index, sub),
            name,
            kind,
            access,
            map: Map::None,
            keep: Keep::No,
            default: 0,
            plus_node: false,
            low,
            high,
        }
    }

    /// One that never changes.
    pub(crate) const fn constant(index: u16, sub: u8, name: &'static str, kind: Kind, value: i64) -> Self {
        Self {
            default: value,
            ..Self::new(index, sub, name, kind, Access::Constant)
        }
    }

    /// One that the drive changes.
    pub(crate) const fn read(index: u16, sub: u8, name: &'static str, kind: Kind) -> Self {
        Self::new(index, sub, name, kind, Access::ReadOnly)
    }

    /// One that the master may change; kept when the master stores parameters, those of communication below 2000h.
    pub(crate) const fn parameter(index: u16, sub: u8, name: &'static str, kind: Kind, default: i64) -> Self {
        Self {
            default,
            keep: if index < 0x2000 {
                Keep::Communication
            } else {
                Keep::Application
            },
            ..Self::new(index, sub, name, kind, Access::ReadWrite)
        }
    }

    /// One that the master changes from moment to moment; never kept.
    pub(crate) const fn command(index: u16, sub: u8, name: &'static str, kind: Kind) -> Self {
        Self {
            map: Map::Both,
            ..Self::new(index, sub, name, kind, Access::ReadWrite)
        }
    }

    /// It may be in what the drive sends.
    pub(crate) const fn sent(self) -> Self {
        Self {
            map: Map::Transmit,
            ..self
        }
    }

    /// It may be in what the drive receives too.
    pub(crate) const fn received(self) -> Self {
        Self {
            map: Map::Both,
            ..self
        }
    }

    /// Values that it may have.
    pub(crate) const fn within(self, low: i64, high: i64) -> Self {
        Self { low, high, ..self }
    }

    /// The node id is added to its default.
    pub(crate) const fn plus_node(self) -> Self {
        Self {
            plus_node: true,
            ..self
        }
    }

    /// It is lost when power is.
    pub(crate) const fn forgotten(self) -> Self {
        Self {
            keep: Keep::No,
            ..self
        }
    }
}
