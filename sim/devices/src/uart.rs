//! What a UART makes of a line that runs at another speed than it.
//!
//! Decides bytes from levels: after a falling edge it samples in the middle of its own bits, start bit, eight data bits with the lowest first, stop
//! bit. A start bit that is high again was none; a byte whose stop bit is low is dropped, as are bytes with a framing error in most servos.
//! The line is high while nobody talks.
//!
//! **Invariant:** at the talker's own speed the bytes are those that were said.

use servomesh_types::Stamp;

/// Bits of a byte on the line: start, eight of data, stop.
const BITS: i64 = 10;
const NANOS: i64 = 1_000_000_000;

/// When bit `bits` of a transmission that began at `begin` starts.
pub(crate) fn bit_at(begin: Stamp, bits: i64, baud: u32) -> Stamp {
    Stamp::from_nanos(begin.as_nanos() + bits * NANOS / i64::from(baud))
}

/// When byte `count` of a transmission that began at `begin` starts, which is when the one before it ends.
pub(crate) fn byte_at(begin: Stamp, count: usize, baud: u32) -> Stamp {
    bit_at(begin, BITS * count as i64, baud)
}

/// A receiver that listens at its own speed.
#[derive(Clone, Debug)]
pub(crate) struct Receiver {
    baud: u32,
    /// Up to where it has seen the line.
    seen: Stamp,
    high: bool,
    frame: Option<Frame>,
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    edge: Stamp,
    sampled: i64,
    data: u8,
}

impl Receiver {
    /// A receiver that sees a line at rest.
    pub(crate) fn new(baud: u32) -> Self {
        Self {
            baud,
            seen: Stamp::from_nanos(i64::MIN),
            high: true,
            frame: None,
        }
    }

    pub(crate) fn baud(&self) -> u32 {
        self.baud
    }

    /// Sees a byte that is said at `baud` from `begin` on, and adds what it makes of it to `heard`.
    pub(crate) fn see(&mut self, begin: Stamp, baud: u32, byte: u8, heard: &mut impl Extend<u8>) {
        self.level(begin, true, heard);
        let levels = u16::from(byte) << 1 | 1 << 9;
        for bit in 0..BITS {
            self.level(bit_at(begin, bit + 1, baud), levels >> bit & 1 == 1, heard);
        }
    }

    /// Sees that nobody talks for as long as a byte takes.
    pub(crate) fn rest(&mut self, heard: &mut impl Extend<u8>) {
        self.level(byte_at(self.seen, 1, self.baud), true, heard);
    }

    /// Sees the line at one level until `end`.
    fn level(&mut self, end: Stamp, high: bool, heard: &mut impl Extend<u8>) {
        if end <= self.seen {
            return;
        }
        if self.frame.is_none() && self.high && !high {
            self.frame = Some(Frame {
                edge: self.seen,
                sampled: 0,
                data: 0,
            });
        }
        while let Some(frame) = &mut self.frame {
            let middle = Stamp::from_nanos(
                frame.edge.as_nanos() + (2 * frame.sampled + 1) * NANOS / (2 * i64::from(self.baud)),
            );
            if middle >= end {
                break;
            }
            match frame.sampled {
                0 if high => self.frame = None,
                0 => frame.sampled = 1,
                1..=8 => {
                    frame.data |= u8::from(high) << (frame.sampled - 1);
                    frame.sampled += 1;
                }
                _ => {
                    heard.extend(high.then_some(frame.data));
                    self.frame = None;
                }
            }
        }
        (self.seen, self.high) = (end, high);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: [u8; 10] = [0xFF, 0xFF, 0xFD, 0x00, 0x01, 0x03, 0x00, 0x01, 0x19, 0x4E];

    fn heard(said_at: u32, listened_at: u32) -> Vec<u8> {
        let mut heard = Vec::new();
        let mut receiver = Receiver::new(listened_at);
        let begin = Stamp::from_nanos(1_700_000_000_000_000_123);
        for (count, byte) in SAID.iter().enumerate() {
            receiver.see(byte_at(begin, count, said_at), said_at, *byte, &mut heard);
        }
        receiver.rest(&mut heard);
        heard
    }

    #[test]
    fn at_the_same_speed_it_hears_what_is_said() {
        for baud in [9600, 57_600, 115_200, 1_000_000, 3_000_000, 4_500_000] {
            assert_eq!(heard(baud, baud), SAID, "{baud}");
        }
    }

    #[test]
    fn a_clock_that_is_off_by_three_percent_does_no_harm_and_one_by_seven_does() {
        assert_eq!(heard(1_000_000, 970_000), SAID);
        assert_eq!(heard(1_000_000, 1_030_000), SAID);
        assert_ne!(heard(1_000_000, 930_000), SAID);
        assert_ne!(heard(1_000_000, 1_070_000), SAID);
    }

    #[test]
    fn at_another_speed_it_hears_fewer_or_more_bytes_and_other_ones() {
        assert!(heard(1_000_000, 57_600).len() < 2);
        let twice = heard(500_000, 1_000_000);
        assert_ne!(twice, SAID);
        // 0x00 at half the speed: the stop bit falls into a low one.
        let mut bytes = Vec::new();
        Receiver::new(1_000_000).see(Stamp::ZERO, 500_000, 0x00, &mut bytes);
        assert!(bytes.is_empty());
        // 0xFF at half the speed is a start bit of two bits, and ones.
        Receiver::new(1_000_000).see(Stamp::ZERO, 500_000, 0xFF, &mut bytes);
        assert_eq!(bytes, [0xFE]);
    }
}
