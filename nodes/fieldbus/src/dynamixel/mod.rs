//! DYNAMIXEL Protocol 2.0: what a master and a servo say to each other, byte for byte.
//!
//! Source of every format, code and rule: ROBOTIS e-Manual, "DYNAMIXEL Protocol 2.0". A packet on the wire:
//!
//! ```text
//! FF FF FD 00 | id | length, low byte first | code | parameters … | CRC, low byte first
//! ```
//!
//! The length counts all that follows it. Within code and parameters, an `FD` is put in after every `FF FF FD` (byte stuffing), so that a
//! header never stands inside a packet; the length and the CRC are those of the stuffed bytes. All numbers are little endian.
//!
//! | room | what it holds |
//! |---|---|
//! | [`crc`] | the checksum |
//! | [`stuffing`] | keeping headers out of packets |
//! | [`packet`] | one packet: its id, code and parameters, to bytes and back |
//! | [`instruction`] | what a master asks: every instruction, to a packet and back |
//! | [`status`] | what a device answers: error number, alert, parameters |
//! | [`group`] | sync and bulk reads and writes: several devices in one instruction |
//! | [`fast`] | the joined answer to a fast read: unstuffed, a checksum after each device's block |
//! | [`stream`] | packets out of bytes as they come, whatever else there is between them |
//! | [`model`], [`models`] | the models of the X series: control table, modes, units, motor |
//! | [`table`] | what a control table is: registers, indirect ones, bits |
//!
//! **Invariant:** a packet that is given has the right CRC; of a joined answer, each block that is given has.
//! **Invariant:** nothing here panics, whatever the bytes, and nothing allocates.

pub mod crc;
pub mod fast;
pub mod group;
pub mod instruction;
pub mod model;
pub mod models;
pub mod packet;
pub mod status;
pub mod stream;
pub mod stuffing;
pub mod table;

pub use fast::{FastBlock, FastReply, FastWriter};
pub use group::{BulkRead, BulkWrite, Item, Replies, SyncRead, SyncWrite};
pub use instruction::{Backup, Instruction, InstructionError, ResetScope};
pub use model::{Mode, Model, Motor, Place};
pub use models::MODELS;
pub use packet::{DecodeError, EncodeError, Id, MAX_LENGTH, MAX_PACKET, Packet};
pub use status::{ErrorNumber, Pong, Status, StatusError};
pub use stream::{Received, Skipped, Stream};
pub use table::{Access, Alarm, Alarms, Field, Indirect, Kind, Memory, Register, Scale, TableError};
