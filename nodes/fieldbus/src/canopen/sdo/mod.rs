//! Single objects, of any length: a client that asks, a server that answers about a [`Dictionary`].
//!
//! | room | what it holds |
//! |---|---|
//! | [`abort`] | why a transfer ends early, by code and name |
//! | [`message`] | the frames that begin, confirm and end transfers, to bytes and back |
//! | [`block`] | seven bytes a frame, up to 127 frames without a confirmation; with a checksum |
//! | [`client`] | the end that asks |
//! | [`server`] | the end that answers |
//!
//! Up to four bytes travel in the frames that begin a transfer (expedited); more of them seven at a time, each confirmed (segments) or not
//! (blocks). Both ends are driven by frames: `handle` what came, then `poll` until it gives nothing more. Neither has a clock: whoever has
//! calls `expire` when the other end has been silent for too long.
//!
//! **Invariant:** data are given only whole: all of it came, in order, with the announced length and, in blocks, the announced checksum.
//! **Invariant:** memory is bounded: a transfer of more than an end's buffer is aborted.

pub mod abort;
pub mod block;
pub mod client;
pub mod message;
pub mod server;

use std::fmt;

pub use abort::Abort;
pub use client::{Client, SdoError, StartError, Way};
pub use server::{Dictionary, Server};

/// An object, or one of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The object.
    pub index: u16,
    /// The part; 0 for an object without.
    pub sub: u8,
}

impl Address {
    /// The part of an object.
    pub const fn new(index: u16, sub: u8) -> Self {
        Self { index, sub }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}h:{:02X}", self.index, self.sub)
    }
}

/// Adds data to the `length` bytes of a transfer that have come.
fn append(buffer: &mut [u8], length: &mut usize, data: &[u8]) -> Result<(), Abort> {
    let end = *length + data.len();
    let room = buffer.get_mut(*length..end).ok_or(Abort::Memory)?;
    room.copy_from_slice(data);
    *length = end;
    Ok(())
}
