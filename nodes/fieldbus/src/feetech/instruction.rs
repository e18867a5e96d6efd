//! What a master asks of a servo.
//!
//! **Invariant:** what [`Instruction::encode`] writes, [`Instruction::decode`] reads back as it was.

use super::packet::{self, MAX_PARAMETERS, OVERHEAD, Packet};
use super::sync::Blocks;
use super::{BROADCAST, Error, MAX_ID, MAX_PACKET};

/// An instruction with its parameters; register addresses and lengths are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instruction<'a> {
    /// Asks for a status and nothing else; STS servos answer a broadcast one after the other, SCS servos don't answer it.
    Ping,
    /// Asks for the bytes of registers.
    Read {
        /// The first register's address.
        address: u8,
        /// How many bytes.
        length: u8,
    },
    /// Writes registers.
    Write {
        /// The first register's address.
        address: u8,
        /// The bytes from there on.
        data: &'a [u8],
    },
    /// Writes registers when [`Instruction::Action`] comes.
    RegWrite {
        /// The first register's address.
        address: u8,
        /// The bytes from there on.
        data: &'a [u8],
    },
    /// Does what the last [`Instruction::RegWrite`] said.
    Action,
    /// Restores the registers from what [`Instruction::Backup`] kept, or from the factory's values; the id stays.
    Recovery,
    /// Starts the servo anew; on some firmware its boot loader.
    Reboot,
    /// Keeps the registers for [`Instruction::Recovery`].
    Backup,
    /// Forgets the state that is no register, such as the count of turns.
    Reset,
    /// Makes the present position read as this \[counts\], without one as half a turn; STS from firmware 3.10 on.
    Calibrate {
        /// What the present position is to read as.
        position: Option<u16>,
    },
    /// Asks many servos for the bytes of the same registers; each answers in its turn. SCS servos don't know it.
    SyncRead {
        /// The first register's address.
        address: u8,
        /// How many bytes each.
        length: u8,
        /// Whom, in the order of their answers.
        ids: &'a [u8],
    },
    /// Writes the same registers of many servos; nobody answers. [`super::sync::SyncWriter`] fills one in place.
    SyncWrite {
        /// The first register's address.
        address: u8,
        /// What for whom.
        blocks: Blocks<'a>,
    },
}

/// Which instructions a servo answers: its register 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseLevel {
    /// Only those that ask for something: ping, read and sync read.
    Reads,
    /// All that are for one servo.
    All,
}

impl<'a> Instruction<'a> {
    /// Its number on the wire.
    pub const fn code(&self) -> u8 {
        match self {
            Self::Ping => code::PING,
            Self::Read { .. } => code::READ,
            Self::Write { .. } => code::WRITE,
            Self::RegWrite { .. } => code::REG_WRITE,
            Self::Action => code::ACTION,
            Self::Recovery => code::RECOVERY,
            Self::Reboot => code::REBOOT,
            Self::Backup => code::BACKUP,
            Self::Reset => code::RESET,
            Self::Calibrate { .. } => code::CALIBRATE,
            Self::SyncRead { .. } => code::SYNC_READ,
            Self::SyncWrite { .. } => code::SYNC_WRITE,
        }
    }

    /// Writes the packet for a servo, or for [`BROADCAST`], and returns its bytes.
    ///
    /// # Errors
    /// [`Error::Id`]: no such id, sync instructions for one servo alone, a read for all; [`Error::TooLong`]: the packet, or the answer to a
    /// read; [`Error::Room`]: the buffer is too short; [`Error::Parameters`]: nothing to write, or nobody named.
    pub fn encode<'b>(&self, id: u8, into: &'b mut [u8]) -> Result<&'b [u8], Error> {
        self.check(id)?;
        let (head, tail): (&[u8], &[u8]) = match self {
            Self::Ping | Self::Action | Self::Recovery | Self::Reboot | Self::Backup | Self::Reset => {
                (&[], &[])
            }
            Self::Read { address, length } => (&[*address, *length], &[]),
            Self::Write { address, data } | Self::RegWrite { address, data } => (&[*address], data),
            Self::Calibrate { position: None } => (&[], &[]),
            Self::Calibrate {
                position: Some(position),
            } => (&position.to_le_bytes(), &[]),
            Self::SyncRead { address, length, ids } => (&[*address, *length], ids),
            Self::SyncWrite { address, blocks } => (&[*address, blocks.length()], blocks.bytes()),
        };
        let count = head.len() + tail.len();
        let body = packet::open(into, id, self.code(), count)?;
        let (first, second) = body.split_at_mut(head.len());
        first.copy_from_slice(head);
        second.copy_from_slice(tail);
        Ok(packet::seal(into, count))
    }

    fn check(&self, id: u8) -> Result<(), Error> {
        let code = self.code();
        match self {
            Self::Read { length, .. } | Self::SyncRead { length, .. }
                if usize::from(*length) > MAX_PARAMETERS =>
            {
                return Err(Error::TooLong {
                    bytes: OVERHEAD + usize::from(*length),
                });
            }
            Self::Read { .. } if id > MAX_ID => return Err(Error::Id { id, most: MAX_ID }),
            Self::SyncRead { .. } | Self::SyncWrite { .. } if id != BROADCAST => {
                return Err(Error::Id { id, most: MAX_ID });
            }
            Self::Write { data: [], .. } | Self::RegWrite { data: [], .. } => {
                return Err(Error::Parameters { code, bytes: 1 });
            }
            Self::SyncRead { ids: [], .. } => return Err(Error::Parameters { code, bytes: 2 }),
            Self::SyncRead { ids, .. } => {
                if let Some(&id) = ids.iter().find(|&&id| id > MAX_ID) {
                    return Err(Error::Id { id, most: MAX_ID });
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Reads what a packet asks; whom it asks is [`Packet::id`].
    ///
    /// # Errors
    /// [`Error::Unknown`]: no instruction has this code; [`Error::Parameters`]: their number does not suit it.
    pub fn decode(packet: &Packet<'a>) -> Result<Self, Error> {
        let plain = |instruction| match packet.parameters {
            [] => Some(instruction),
            _ => None,
        };
        let read = match (packet.code, packet.parameters) {
            (code::PING, _) => plain(Self::Ping),
            (code::READ, &[address, length]) => Some(Self::Read { address, length }),
            (code::WRITE, &[address, ref data @ ..]) if !data.is_empty() => {
                Some(Self::Write { address, data })
            }
            (code::REG_WRITE, &[address, ref data @ ..]) if !data.is_empty() => {
                Some(Self::RegWrite { address, data })
            }
            (code::ACTION, _) => plain(Self::Action),
            (code::RECOVERY, _) => plain(Self::Recovery),
            (code::REBOOT, _) => plain(Self::Reboot),
            (code::BACKUP, _) => plain(Self::Backup),
            (code::RESET, _) => plain(Self::Reset),
            (code::CALIBRATE, []) => Some(Self::Calibrate { position: None }),
            (code::CALIBRATE, &[low, high]) => Some(Self::Calibrate {
                position: Some(u16::from_le_bytes([low, high])),
            }),
            (code::SYNC_READ, &[address, length, ref ids @ ..]) if !ids.is_empty() => {
                Some(Self::SyncRead { address, length, ids })
            }
            (code::SYNC_WRITE, &[address, length, ref blocks @ ..]) => {
                Blocks::new(length, blocks).map(|blocks| Self::SyncWrite { address, blocks })
            }
            (
                code::READ
                | code::WRITE
                | code::REG_WRITE
                | code::CALIBRATE
                | code::SYNC_READ
                | code::SYNC_WRITE,
                _,
            ) => None,
            (code, _) => return Err(Error::Unknown(code)),
        };
        read.ok_or(Error::Parameters {
            code: packet.code,
            bytes: packet.parameters.len(),
        })
    }

    /// How many bytes of answers the instruction brings about \[bytes\]; none for a broadcast ping, since the servos are not known.
    pub fn reply_len(&self, id: u8, level: ResponseLevel) -> usize {
        match self {
            Self::SyncRead { length, ids, .. } => (OVERHEAD + usize::from(*length)) * ids.len(),
            _ if id == BROADCAST => 0,
            Self::Ping => OVERHEAD,
            Self::Read { length, .. } => OVERHEAD + usize::from(*length),
            Self::Reboot | Self::SyncWrite { .. } => 0,
            _ if level == ResponseLevel::All => OVERHEAD,
            _ => 0,
        }
    }
}

/// The instructions' numbers on the wire.
pub(super) mod code {
    pub(in crate::feetech) const PING: u8 = 0x01;
    pub(in crate::feetech) const READ: u8 = 0x02;
    pub(in crate::feetech) const WRITE: u8 = 0x03;
    pub(in crate::feetech) const REG_WRITE: u8 = 0x04;
    pub(in crate::feetech) const ACTION: u8 = 0x05;
    pub(in crate::feetech) const RECOVERY: u8 = 0x06;
    pub(in crate::feetech) const REBOOT: u8 = 0x08;
    pub(in crate::feetech) const BACKUP: u8 = 0x09;
    pub(in crate::feetech) const RESET: u8 = 0x0A;
    pub(in crate::feetech) const CALIBRATE: u8 = 0x0B;
    pub(in crate::feetech) const SYNC_READ: u8 = 0x82;
    pub(in crate::feetech) const SYNC_WRITE: u8 = 0x83;
}

// A packet whose parameters are full still has a length that fits its byte.
const _: () = assert!(MAX_PACKET - 4 <= 0xFF);
