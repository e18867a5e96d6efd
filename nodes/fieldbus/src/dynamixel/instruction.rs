//! What a master asks: every instruction of the manual, to a packet and back.
//!
//! A master encodes, a device decodes. What can't be decoded says with which error number a device answers it; where the manual is silent on
//! that, the number is our reading of its words for the numbers.

use thiserror::Error;

use super::group::{self, BulkRead, BulkWrite, Replies, SyncRead, SyncWrite};
use super::packet::{EncodeError, Id, Packet, Writer};
use super::status::ErrorNumber;

/// An instruction with its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instruction<'a> {
    /// Say your model and firmware.
    Ping,
    /// Give so many bytes of the control table from an address on.
    Read {
        /// The first register's address.
        address: u16,
        /// How many bytes.
        length: u16,
    },
    /// Put bytes into the control table from an address on.
    Write {
        /// The first register's address.
        address: u16,
        /// The bytes.
        data: &'a [u8],
    },
    /// Keep a write until an Action.
    RegWrite {
        /// The first register's address.
        address: u16,
        /// The bytes.
        data: &'a [u8],
    },
    /// Do what is kept.
    Action,
    /// Put the registers back to what they were when new, then reboot.
    FactoryReset(ResetScope),
    /// Start anew, as with power off and on.
    Reboot,
    /// Forget the turns: the position becomes one within a turn.
    ClearMultiTurn,
    /// Store the control table, or put it back.
    Backup(Backup),
    /// The same registers of several devices.
    SyncRead(SyncRead<'a>),
    /// The same registers of several devices.
    SyncWrite(SyncWrite<'a>),
    /// Registers of several devices.
    BulkRead(BulkRead<'a>),
    /// Registers of several devices.
    BulkWrite(BulkWrite<'a>),
}

/// What a factory reset puts back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetScope {
    /// Everything, id and baud rate too; devices do not do it when it is sent to all.
    All,
    /// All but the id.
    AllButId,
    /// All but the id and the baud rate.
    AllButIdAndBaudRate,
}

/// What a control table backup does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backup {
    /// Stores the table.
    Store,
    /// Puts it back, then reboots.
    Restore,
}

impl<'a> Instruction<'a> {
    /// Its code on the wire.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Ping => code::PING,
            Self::Read { .. } => code::READ,
            Self::Write { .. } => code::WRITE,
            Self::RegWrite { .. } => code::REG_WRITE,
            Self::Action => code::ACTION,
            Self::FactoryReset(_) => code::FACTORY_RESET,
            Self::Reboot => code::REBOOT,
            Self::ClearMultiTurn => code::CLEAR,
            Self::Backup(_) => code::BACKUP,
            Self::SyncRead(read) => code::sync_read(read.replies),
            Self::SyncWrite(_) => code::SYNC_WRITE,
            Self::BulkRead(read) => code::bulk_read(read.replies),
            Self::BulkWrite(_) => code::BULK_WRITE,
        }
    }

    /// Writes the packet to the front of the buffer and returns how many bytes it has. A group's master need not collect its parameters
    /// first: [`group`] encodes from iterators.
    ///
    /// # Errors
    /// The buffer has no room for it, it is longer than [`MAX_PACKET`](super::MAX_PACKET), or it is for a group and not for all.
    pub fn encode(&self, to: Id, buffer: &mut [u8]) -> Result<usize, EncodeError> {
        if group::is_group(self.code()) && !to.is_broadcast() {
            return Err(EncodeError::Addressee { id: to });
        }
        let mut writer = Writer::new(buffer, to, self.code());
        match *self {
            Self::Ping | Self::Action | Self::Reboot => {}
            Self::Read { address, length } => {
                writer.put_u16(address);
                writer.put_u16(length);
            }
            Self::Write { address, data } | Self::RegWrite { address, data } => {
                writer.put_u16(address);
                writer.put(data);
            }
            Self::FactoryReset(scope) => writer.put(&[scope.byte()]),
            Self::ClearMultiTurn => writer.put(&CLEAR_MULTI_TURN),
            Self::Backup(backup) => writer.put(&backup.bytes()),
            Self::SyncRead(read) => read.put(&mut writer),
            Self::SyncWrite(write) => write.put(&mut writer),
            Self::BulkRead(read) => read.put(&mut writer),
            Self::BulkWrite(write) => write.put(&mut writer),
        }
        writer.finish()
    }

    pub(super) fn of(packet: &Packet<'a>) -> Result<Self, InstructionError> {
        let (code, parameters) = (packet.code, packet.parameters);
        let wrong_length = InstructionError::Length {
            code,
            bytes: parameters.len(),
        };
        let wrong_value = InstructionError::Value { code };
        let none = |instruction| {
            if parameters.is_empty() {
                Ok(instruction)
            } else {
                Err(wrong_length)
            }
        };
        let instruction = match code {
            code::PING => none(Self::Ping)?,
            code::ACTION => none(Self::Action)?,
            code::REBOOT => none(Self::Reboot)?,
            code::READ => {
                let (address, rest) = split_u16(parameters).ok_or(wrong_length)?;
                match split_u16(rest) {
                    Some((length, [])) => Self::Read { address, length },
                    _ => return Err(wrong_length),
                }
            }
            code::WRITE | code::REG_WRITE => match split_u16(parameters) {
                Some((address, data)) if code == code::WRITE => Self::Write { address, data },
                Some((address, data)) => Self::RegWrite { address, data },
                None => return Err(wrong_length),
            },
            code::FACTORY_RESET => match *parameters {
                [byte] => Self::FactoryReset(ResetScope::of(byte).ok_or(wrong_value)?),
                _ => return Err(wrong_length),
            },
            code::CLEAR if parameters.len() != CLEAR_MULTI_TURN.len() => return Err(wrong_length),
            code::CLEAR if *parameters == CLEAR_MULTI_TURN => Self::ClearMultiTurn,
            code::CLEAR => return Err(wrong_value),
            code::BACKUP if parameters.len() != Backup::Store.bytes().len() => return Err(wrong_length),
            code::BACKUP => Self::Backup(Backup::of(parameters).ok_or(wrong_value)?),
            code::SYNC_READ => Self::SyncRead(SyncRead::of(packet, Replies::Separate)?),
            code::FAST_SYNC_READ => Self::SyncRead(SyncRead::of(packet, Replies::Joined)?),
            code::SYNC_WRITE => Self::SyncWrite(SyncWrite::of(packet)?),
            code::BULK_READ => Self::BulkRead(BulkRead::of(packet, Replies::Separate)?),
            code::FAST_BULK_READ => Self::BulkRead(BulkRead::of(packet, Replies::Joined)?),
            code::BULK_WRITE => Self::BulkWrite(BulkWrite::of(packet)?),
            code => return Err(InstructionError::Unknown { code }),
        };
        if group::is_group(code) && !packet.id.is_broadcast() {
            return Err(InstructionError::Addressee { code, id: packet.id });
        }
        Ok(instruction)
    }
}

impl ResetScope {
    fn byte(self) -> u8 {
        match self {
            Self::All => 0xFF,
            Self::AllButId => 0x01,
            Self::AllButIdAndBaudRate => 0x02,
        }
    }

    fn of(byte: u8) -> Option<Self> {
        [Self::All, Self::AllButId, Self::AllButIdAndBaudRate]
            .into_iter()
            .find(|scope| scope.byte() == byte)
    }
}

impl Backup {
    fn bytes(self) -> [u8; 5] {
        let [c, t, r, l] = *b"CTRL";
        [if self == Self::Store { 1 } else { 2 }, c, t, r, l]
    }

    fn of(bytes: &[u8]) -> Option<Self> {
        [Self::Store, Self::Restore]
            .into_iter()
            .find(|backup| backup.bytes() == *bytes)
    }
}

/// Takes a number of two bytes off the front.
pub(super) fn split_u16(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u16::from_le_bytes(*number), rest))
}

/// Why a packet is no instruction that a device can carry out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InstructionError {
    /// There is no instruction of this code.
    #[error("there is no instruction {code:#04x}")]
    Unknown {
        /// The code.
        code: u8,
    },
    /// Its parameters are too few, too many, or do not come out even.
    #[error("instruction {code:#04x} does not have {bytes} bytes of parameters")]
    Length {
        /// The instruction's code.
        code: u8,
        /// Bytes of parameters.
        bytes: usize,
    },
    /// A parameter has a value that it can't have: no such option, a wrong key, a device's id above 252.
    #[error("a parameter of instruction {code:#04x} has a value that it can't have")]
    Value {
        /// The instruction's code.
        code: u8,
    },
    /// An instruction for a group goes to all devices.
    #[error("instruction {code:#04x} goes to 254, not to {id}")]
    Addressee {
        /// The instruction's code.
        code: u8,
        /// Whom it went to.
        id: Id,
    },
}

impl InstructionError {
    /// With which number a device answers; `None` if it does not, as to any instruction for a group.
    #[must_use]
    pub fn number(&self) -> Option<ErrorNumber> {
        match self {
            Self::Unknown { .. } => Some(ErrorNumber::Instruction),
            Self::Length { code, .. } | Self::Value { code } if group::is_group(*code) => None,
            Self::Length { .. } => Some(ErrorNumber::DataLength),
            Self::Value { .. } => Some(ErrorNumber::DataRange),
            Self::Addressee { .. } => None,
        }
    }
}

/// The manual's codes.
pub(super) mod code {
    use crate::dynamixel::Replies;

    pub(in crate::dynamixel) const PING: u8 = 0x01;
    pub(in crate::dynamixel) const READ: u8 = 0x02;
    pub(in crate::dynamixel) const WRITE: u8 = 0x03;
    pub(in crate::dynamixel) const REG_WRITE: u8 = 0x04;
    pub(in crate::dynamixel) const ACTION: u8 = 0x05;
    pub(in crate::dynamixel) const FACTORY_RESET: u8 = 0x06;
    pub(in crate::dynamixel) const REBOOT: u8 = 0x08;
    pub(in crate::dynamixel) const CLEAR: u8 = 0x10;
    pub(in crate::dynamixel) const BACKUP: u8 = 0x20;
    pub(in crate::dynamixel) const SYNC_READ: u8 = 0x82;
    pub(in crate::dynamixel) const SYNC_WRITE: u8 = 0x83;
    pub(in crate::dynamixel) const FAST_SYNC_READ: u8 = 0x8A;
    pub(in crate::dynamixel) const BULK_READ: u8 = 0x92;
    pub(in crate::dynamixel) const BULK_WRITE: u8 = 0x93;
    pub(in crate::dynamixel) const FAST_BULK_READ: u8 = 0x9A;

    pub(in crate::dynamixel) fn sync_read(replies: Replies) -> u8 {
        match replies {
            Replies::Separate => SYNC_READ,
            Replies::Joined => FAST_SYNC_READ,
        }
    }

    pub(in crate::dynamixel) fn bulk_read(replies: Replies) -> u8 {
        match replies {
            Replies::Separate => BULK_READ,
            Replies::Joined => FAST_BULK_READ,
        }
    }
}

/// Clear's parameters: what to clear, and a key against doing it by mistake.
const CLEAR_MULTI_TURN: [u8; 5] = [0x01, 0x44, 0x58, 0x4C, 0x22];
