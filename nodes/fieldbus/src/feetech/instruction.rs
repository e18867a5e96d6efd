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
            Self::Ping => 0x01,
            Self::Read { .. } => 0x02,
            Self::Write { .. } => 0x03,
            Self::RegWrite { .. } => 0x04,
            Self::Action => 0x05,
            Self::Recovery => 0x06,
            Self::Reboot => 0x08,
            Self::Backup => 0x09,
            Self::Reset => 0x0A,
            Self::Calibrate { .. } => 0x0B,
            Self::SyncRead { .. } => 0x82,
            Self::SyncWrite { .. } => 0x83,
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
            (0x01, _) => plain(Self::Ping),
            (0x02, &[address, length]) => Some(Self::Read { address, length }),
            (0x03, &[address, ref data @ ..]) if !data.is_empty() => Some(Self::Write { address, data }),
            (0x04, &[address, ref data @ ..]) if !data.is_empty() => Some(Self::RegWrite { address, data }),
            (0x05, _) => plain(Self::Action),
            (0x06, _) => plain(Self::Recovery),
            (0x08, _) => plain(Self::Reboot),
            (0x09, _) => plain(Self::Backup),
            (0x0A, _) => plain(Self::Reset),
            (0x0B, []) => Some(Self::Calibrate { position: None }),
            (0x0B, &[low, high]) => Some(Self::Calibrate {
                position: Some(u16::from_le_bytes([low, high])),
            }),
            (0x82, &[address, length, ref ids @ ..]) if !ids.is_empty() => {
                Some(Self::SyncRead { address, length, ids })
            }
            (0x83, &[address, length, ref blocks @ ..]) => {
                Blocks::new(length, blocks).map(|blocks| Self::SyncWrite { address, blocks })
            }
            (0x02..=0x04 | 0x0B | 0x82 | 0x83, _) => None,
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

// A packet whose parameters are full still has a length that fits its byte.
const _: () = assert!(MAX_PACKET - 4 <= 0xFF);
