//! Packets out of bytes as they come: in any cut, with anything between them.
//!
//! A header whose packet turns out to be none (an id that nobody has, a wrong length or CRC, another header inside) is skipped by one byte
//! and the search goes on in what has come, so no good packet behind it is lost. Since stuffed packets have no header inside, a packet that
//! lost bytes is given up as soon as the next one begins. Only a joined answer has to be waited for, byte by byte: it is not stuffed.
//!
//! Without a clock: whoever has one tells of the line's [silence](Stream::silence). By the manual a device gives up a packet after 1.5 ms
//! without a byte; a master does when the time for the answer is over.
//!
//! **Invariant:** every byte is in exactly one packet, or counted as skipped, or waits (at most [`MAX_PACKET`] bytes do).

use super::fast::FastReply;
use super::packet::{BODY, CRC, DecodeError, HEADER, Head, MAX_PACKET, Packet, checksums};
use super::stuffing::{self, Check};

/// What has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received<'a> {
    /// A packet with the right CRC.
    Packet(Packet<'a>),
    /// A joined answer: one whose CRC is right; or the one that is [expected](Stream::expect), as much of it as came, whose blocks tell
    /// which of them are good.
    Fast(FastReply<'a>),
}

/// What was skipped, and why, since the stream was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Skipped {
    /// All bytes that are in no packet.
    pub bytes: u64,
    /// Of these, bytes that no header began with.
    pub stray: u64,
    /// Headers with an id that nobody has, or a length that no packet has.
    pub heads: u64,
    /// Headers with a length above [`MAX_LENGTH`](super::MAX_LENGTH).
    pub too_long: u64,
    /// Packets with another header inside: bytes of them are lost.
    pub cut: u64,
    /// Packets with a wrong CRC.
    pub crc: u64,
    /// Packets that the line fell silent in.
    pub unfinished: u64,
}

/// Finds packets in a stream of bytes; of a fixed size, about 1 KiB.
#[derive(Debug, Clone)]
pub struct Stream {
    buffer: [u8; MAX_PACKET],
    /// Where what waits begins and ends.
    start: usize,
    end: usize,
    /// How much of the body of the packet at `start` is known to be stuffed as it should be.
    checked: usize,
    expected: Option<u16>,
    skipped: Skipped,
}

impl Default for Stream {
    fn default() -> Self {
        Self::new()
    }
}

impl Stream {
    /// Nothing has come yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            buffer: [0; MAX_PACKET],
            start: 0,
            end: 0,
            checked: 0,
            expected: None,
            skipped: Skipped::default(),
        }
    }

    /// Says that a joined answer with this [length](super::fast::length) is the next that should come, or none.
    ///
    /// Only such an answer is given when it is incomplete or its CRC is wrong, for the sake of its good blocks. Given or not, it is expected
    /// until something else is said.
    pub fn expect(&mut self, length: Option<u16>) {
        self.expected = length;
    }

    /// Takes bytes off the front until there is a packet, or none are left. Call it until it gives `None`.
    ///
    /// ```
    /// use servomesh_fieldbus::dynamixel::{Received, Stream};
    ///
    /// let mut line: &[u8] = &[0x7F, 0xFF, 0xFF, 0xFD, 0x00, 0x01, 0x03, 0x00, 0x01, 0x19, 0x4E];
    /// let mut stream = Stream::new();
    /// while let Some(received) = stream.read(&mut line) {
    ///     let Received::Packet(packet) = received else { panic!("a ping is no answer") };
    ///     assert_eq!((packet.id.number(), packet.code), (1, 0x01));
    /// }
    /// assert_eq!(stream.skipped().stray, 1);
    /// ```
    pub fn read(&mut self, bytes: &mut &[u8]) -> Option<Received<'_>> {
        let found = loop {
            match self.find() {
                Some(found) => break found,
                None if bytes.is_empty() => return None,
                None => self.fill(bytes),
            }
        };
        Some(self.take(found))
    }

    /// Gives up the packet that has not come to its end, because nothing more will come; gives what is behind its header, if that has
    /// packets. Call it until it gives `None`: then nothing waits any more.
    pub fn silence(&mut self) -> Option<Received<'_>> {
        let found = loop {
            if let Some(found) = self.find() {
                break found;
            }
            let waiting = self.waiting();
            if waiting == 0 {
                return None;
            }
            match Head::read(&self.buffer[self.start..self.end]) {
                Some(Ok(head)) if self.expects(head) => {
                    break Found { head, bytes: waiting };
                }
                _ => {
                    if waiting >= HEADER.len() {
                        self.skipped.unfinished += 1;
                    } else {
                        self.skipped.stray += 1;
                    }
                    self.skip(1);
                }
            }
        };
        Some(self.take(found))
    }

    /// Forgets what waits, counted as skipped.
    pub fn clear(&mut self) {
        self.skip(self.waiting());
    }

    /// How many bytes wait for the rest of their packet.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.end - self.start
    }

    /// What was skipped so far.
    #[must_use]
    pub fn skipped(&self) -> Skipped {
        self.skipped
    }

    /// The packet that what waits begins with, after skipping what is none; `None` if more has to come.
    fn find(&mut self) -> Option<Found> {
        loop {
            let stray = before_header(&self.buffer[self.start..self.end]);
            if stray > 0 {
                self.skipped.stray += stray as u64;
                self.skip(stray);
            }
            let bytes = &self.buffer[self.start..self.end];
            let reason = match Head::read(bytes)? {
                Ok(head) if head.is_fast() => {
                    let whole = bytes.get(..head.total())?;
                    if self.expects(head) || is_right(whole) {
                        let bytes = whole.len();
                        return Some(Found { head, bytes });
                    }
                    &mut self.skipped.crc
                }
                Ok(head) => {
                    let body_end = head.total() - CRC;
                    let body = &bytes[BODY..body_end.min(bytes.len())];
                    match stuffing::check(body, self.checked, bytes.len() >= body_end) {
                        Check::Broken => &mut self.skipped.cut,
                        Check::Good(checked) => {
                            self.checked = checked;
                            let whole = bytes.get(..head.total())?;
                            if is_right(whole) {
                                let bytes = whole.len();
                                return Some(Found { head, bytes });
                            }
                            &mut self.skipped.crc
                        }
                    }
                }
                Err(DecodeError::TooLong { .. }) => &mut self.skipped.too_long,
                Err(_) => &mut self.skipped.heads,
            };
            *reason += 1;
            self.skip(1);
        }
    }

    fn expects(&self, head: Head) -> bool {
        head.is_fast() && self.expected.map(usize::from) == Some(head.length)
    }

    fn take(&mut self, found: Found) -> Received<'_> {
        let Found { head, bytes } = found;
        let from = self.start;
        self.start += bytes;
        self.checked = 0;
        let bytes = &mut self.buffer[from..from + bytes];
        if head.is_fast() {
            Received::Fast(FastReply::with_header(bytes))
        } else {
            Received::Packet(Packet::take(head, bytes))
        }
    }

    fn skip(&mut self, count: usize) {
        self.skipped.bytes += count as u64;
        self.start += count;
        self.checked = 0;
    }

    /// Takes as many bytes as there is room for. There is room for some: a packet that waits for more is shorter than the buffer.
    fn fill(&mut self, bytes: &mut &[u8]) {
        if self.start == self.end || self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let room = &mut self.buffer[self.end..];
        let (taken, rest) = bytes.split_at(room.len().min(bytes.len()));
        room[..taken.len()].copy_from_slice(taken);
        self.end += taken.len();
        *bytes = rest;
    }
}

/// A packet at the front of what waits.
#[derive(Clone, Copy)]
struct Found {
    head: Head,
    bytes: usize,
}

fn is_right(whole: &[u8]) -> bool {
    let (computed, sent) = checksums(whole);
    computed == sent
}

/// How many bytes stand before the first header, or before what may become one at the end.
fn before_header(bytes: &[u8]) -> usize {
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == HEADER[0]) {
        let front = &bytes[from + at..];
        let length = front.len().min(HEADER.len());
        if front[..length] == HEADER[..length] {
            return from + at;
        }
        from += at + 1;
    }
    bytes.len()
}
