//! The frame on the wire: `FF FF | id | length | code | parameters | checksum`.
//!
//! Instructions and answers have the same form; the code is an instruction's number in the one and the servo's status in the
//! other. The length counts parameters, code and checksum; the checksum is the inverted low byte of the sum of all from id on.
//!
//! **Invariant:** [`scan`] reports a packet only if its checksum is right, and tells with each answer how many bytes are done with.

use super::{BROADCAST, Error, MAX_PACKET};

/// Bytes of a packet without parameters.
pub const OVERHEAD: usize = 6;

/// The most bytes of parameters in a packet.
pub const MAX_PARAMETERS: usize = MAX_PACKET - OVERHEAD;

const HEADER: u8 = 0xFF;

/// One packet, borrowed from where it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Whom it is for, or whom it is from.
    pub id: u8,
    /// The instruction's number, or the status of an answer.
    pub code: u8,
    /// What follows.
    pub parameters: &'a [u8],
}

impl Packet<'_> {
    /// Writes the packet and returns its bytes.
    ///
    /// # Errors
    /// [`Error::Id`], [`Error::TooLong`], [`Error::Room`].
    pub fn encode<'b>(&self, into: &'b mut [u8]) -> Result<&'b [u8], Error> {
        let body = open(into, self.id, self.code, self.parameters.len())?;
        body.copy_from_slice(self.parameters);
        Ok(seal(into, self.parameters.len()))
    }

    /// Its length on the wire \[bytes\].
    pub const fn wire_len(&self) -> usize {
        OVERHEAD + self.parameters.len()
    }
}

/// What stands at the beginning of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan<'a> {
    /// A packet with a right checksum, after `skip` bytes that belong to none.
    Found {
        /// Bytes before it that belong to no packet.
        skip: usize,
        /// How many of those began packets whose checksum was wrong.
        broken: usize,
        /// The packet, [`Packet::wire_len`] bytes from there.
        packet: Packet<'a>,
    },
    /// No packet yet: the first `skip` bytes belong to none, the rest may be the beginning of one.
    More {
        /// Bytes that belong to no packet.
        skip: usize,
        /// How many of those began packets whose checksum was wrong.
        broken: usize,
    },
}

/// Looks for the first packet in some bytes.
pub fn scan(bytes: &[u8]) -> Scan<'_> {
    let mut broken = 0;
    for skip in 0..bytes.len() {
        match at(&bytes[skip..]) {
            Start::Packet(packet) => return Scan::Found { skip, broken, packet },
            Start::Incomplete => return Scan::More { skip, broken },
            Start::Broken => broken += 1,
            Start::Nothing => {}
        }
    }
    Scan::More {
        skip: bytes.len(),
        broken,
    }
}

/// What the first byte of some bytes begins.
enum Start<'a> {
    Packet(Packet<'a>),
    Incomplete,
    Broken,
    Nothing,
}

fn at(bytes: &[u8]) -> Start<'_> {
    let starts = |place: usize, possible: fn(u8) -> bool| bytes.get(place).is_none_or(|&byte| possible(byte));
    let possible = starts(0, |byte| byte == HEADER)
        && starts(1, |byte| byte == HEADER)
        && starts(2, |byte| byte <= BROADCAST)
        && starts(3, |byte| (2..=MAX_PACKET - 4).contains(&usize::from(byte)));
    if !possible {
        return Start::Nothing;
    }
    let [_, _, id, length, ..] = *bytes else {
        return Start::Incomplete;
    };
    let Some(body) = bytes.get(4..4 + usize::from(length)) else {
        return Start::Incomplete;
    };
    match *body {
        [code, ref parameters @ .., sum] if sum == checksum(&bytes[2..3 + usize::from(length)]) => {
            Start::Packet(Packet { id, code, parameters })
        }
        _ => Start::Broken,
    }
}

/// Writes the head of a packet and returns the place of its parameters, to be [`seal`]ed when they are in.
pub(super) fn open(into: &mut [u8], id: u8, code: u8, parameters: usize) -> Result<&mut [u8], Error> {
    if id > BROADCAST {
        return Err(Error::Id { id, most: BROADCAST });
    }
    let (needed, room) = (OVERHEAD + parameters, into.len());
    if needed > MAX_PACKET {
        return Err(Error::TooLong { bytes: needed });
    }
    let length = u8::try_from(parameters + 2).map_err(|_| Error::TooLong { bytes: needed })?;
    let Some(([first, second, whom, count, what], rest)) = into.split_first_chunk_mut::<5>() else {
        return Err(Error::Room { needed, room });
    };
    let Some((body, [_, ..])) = rest.split_at_mut_checked(parameters) else {
        return Err(Error::Room { needed, room });
    };
    (*first, *second, *whom, *count, *what) = (HEADER, HEADER, id, length, code);
    Ok(body)
}

/// Adds the checksum of a packet that [`open`] began, with as many parameters, and returns its bytes.
pub(super) fn seal(into: &mut [u8], parameters: usize) -> &[u8] {
    let last = OVERHEAD + parameters - 1;
    into[last] = checksum(&into[2..last]);
    &into[..=last]
}

fn checksum(bytes: &[u8]) -> u8 {
    !bytes.iter().fold(0_u8, |sum, &byte| sum.wrapping_add(byte))
}
