//! FEETECH's serial bus servos: what master and servo say to each other, and the registers they say it about.
//!
//! | file | what it holds |
//! |---|---|
//! | [`packet`] | the frame on the wire: header, id, length, code, parameters, checksum |
//! | [`instruction`] | what a master asks |
//! | [`sync`] | many servos in one packet: blocks of a sync write |
//! | [`status`] | what a servo answers, its alarms by name |
//! | [`stream`] | packets out of a stream of bytes, whatever else is in it |
//! | [`number`] | byte order and signs of register values |
//! | [`table`] | what a register is: address, size, access, memory, range, unit |
//! | [`sts3215`], [`scs0009`] | the registers of two models |
//!
//! Half duplex, 8N1, ten bit times a byte. There is no byte stuffing and the checksum is an eight-bit sum: a wrong packet
//! passes it once in 256, so what a packet says is to be held against the registers' ranges.
//!
//! Sources: FEETECH's `ftservo-python-sdk` 2.0.1 (`protocol_packet_handler.py`, `sms_sts.py`, `scscl.py`); FEETECH's "SCS
//! communication protocol" manual and the memory tables of the STS and SCSCL series.
//!
//! ```
//! use servomesh_fieldbus::feetech::{instruction::Instruction, stream::Stream};
//!
//! let mut buffer = [0; 16];
//! let bytes = Instruction::Read { address: 56, length: 2 }.encode(1, &mut buffer)?;
//! assert_eq!(bytes, [0xFF, 0xFF, 0x01, 0x04, 0x02, 0x38, 0x02, 0xBE]);
//!
//! let (mut stream, mut rest) = (Stream::default(), bytes);
//! let packet = stream.next(&mut rest).expect("a whole packet");
//! assert_eq!(Instruction::decode(&packet)?, Instruction::Read { address: 56, length: 2 });
//! # Ok::<(), servomesh_fieldbus::feetech::Error>(())
//! ```

pub mod instruction;
pub mod number;
pub mod packet;
pub mod scs0009;
pub mod status;
pub mod stream;
pub mod sts3215;
pub mod sync;
pub mod table;

/// The id that all servos listen to.
pub const BROADCAST: u8 = 0xFE;

/// The highest id a servo can have.
pub const MAX_ID: u8 = 0xFD;

/// The longest packet \[bytes\], as the vendor's SDK sends them.
pub const MAX_PACKET: usize = 250;

/// The models whose registers are known here.
pub const MODELS: [&table::Model; 2] = [&sts3215::MODEL, &scs0009::MODEL];

/// Why something can't be said to a servo, or what one said can't be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// 0xFF would look like a header; a single servo has at most [`MAX_ID`].
    #[error("id {id} is above {most}")]
    Id {
        /// The id asked for.
        id: u8,
        /// The highest that is possible here.
        most: u8,
    },
    /// A packet would be longer than [`MAX_PACKET`], or its answer would.
    #[error("a packet of {bytes} bytes is longer than the {MAX_PACKET} that servos take")]
    TooLong {
        /// The length of that packet.
        bytes: usize,
    },
    /// The buffer to write to is too short.
    #[error("{needed} bytes don't fit in a buffer of {room}")]
    Room {
        /// Bytes to be written.
        needed: usize,
        /// Bytes there are.
        room: usize,
    },
    /// A code that is no instruction.
    #[error("instruction {0:#04x} is unknown")]
    Unknown(u8),
    /// Parameters that don't suit the instruction.
    #[error("instruction {code:#04x} can't have {bytes} bytes of parameters")]
    Parameters {
        /// The instruction's code.
        code: u8,
        /// How many bytes of parameters it came with.
        bytes: usize,
    },
    /// The status byte has bit 7 set, which no servo does.
    #[error("status {0:#04x} is none of a servo")]
    Status(u8),
    /// A value the register can't take.
    #[error("{register}: {value} is outside {min} to {max}")]
    Range {
        /// The register's name.
        register: &'static str,
        /// The value asked for \[counts\].
        value: i32,
        /// The lowest it takes \[counts\].
        min: i32,
        /// The highest it takes \[counts\].
        max: i32,
    },
    /// The bytes at hand are not as many as the register has.
    #[error("{register} has {size} bytes, not {bytes}")]
    Size {
        /// The register's name.
        register: &'static str,
        /// Its size \[bytes\].
        size: u8,
        /// Bytes at hand.
        bytes: usize,
    },
}
