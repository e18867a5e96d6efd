//! Packets out of a stream of bytes, whatever else is in it.
//!
//! **Invariant:** memory is bounded; every byte is part of a packet, still undecided, or counted as skipped. However the stream is
//! cut into pieces, the same packets come out. A good packet is found after any garbage, at the latest when the line falls silent.

use super::MAX_PACKET;
use super::packet::{Packet, Scan, scan};

/// What begins a packet can hold up [`MAX_PACKET`] bytes; as many again spare copying at every read.
const CAPACITY: usize = 2 * MAX_PACKET;

/// Bytes that are no packet yet, and counts of those that never were.
#[derive(Clone, Debug)]
pub struct Stream {
    buffer: [u8; CAPACITY],
    start: usize,
    end: usize,
    skipped: u64,
    broken: u64,
}

impl Default for Stream {
    fn default() -> Self {
        Self {
            buffer: [0; CAPACITY],
            start: 0,
            end: 0,
            skipped: 0,
            broken: 0,
        }
    }
}

impl Stream {
    /// Takes bytes off the front of `input` until a packet is complete; `None` once all are taken and no further packet is complete.
    pub fn next(&mut self, input: &mut &[u8]) -> Option<Packet<'_>> {
        // In a loop the borrow of a packet found would outlast it, so the place is found first and the packet made after.
        while !self.settle() {
            if input.is_empty() {
                return None;
            }
            self.fill(input);
        }
        self.take()
    }

    /// Gives the packets behind one that was begun and never ended: to be asked, until `None`, when the line has been silent for
    /// longer than a sender may pause. Nothing is undecided afterwards.
    pub fn flush(&mut self) -> Option<Packet<'_>> {
        while !self.settle() {
            if self.start == self.end {
                return None;
            }
            self.start += 1;
            self.skipped += 1;
        }
        self.take()
    }

    /// Bytes so far that belonged to no packet.
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Packets so far whose checksum was wrong, or what looked like them.
    pub const fn broken(&self) -> u64 {
        self.broken
    }

    /// Bytes taken that may yet become a packet.
    pub const fn undecided(&self) -> usize {
        self.end - self.start
    }

    /// Skips what belongs to no packet; whether a whole packet then stands at the start.
    fn settle(&mut self) -> bool {
        let (skip, broken, found) = match scan(&self.buffer[self.start..self.end]) {
            Scan::Found { skip, broken, .. } => (skip, broken, true),
            Scan::More { skip, broken } => (skip, broken, false),
        };
        self.start += skip;
        self.skipped += skip as u64;
        self.broken += broken as u64;
        found
    }

    fn take(&mut self) -> Option<Packet<'_>> {
        match scan(&self.buffer[self.start..self.end]) {
            Scan::Found { skip, packet, .. } => {
                self.start += skip + packet.wire_len();
                Some(packet)
            }
            Scan::More { .. } => None,
        }
    }

    fn fill(&mut self, input: &mut &[u8]) {
        if self.start == self.end || self.end == CAPACITY {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let count = input.len().min(CAPACITY - self.end);
        let (taken, rest) = input.split_at(count);
        self.buffer[self.end..self.end + count].copy_from_slice(taken);
        self.end += count;
        *input = rest;
    }
}
