//! How long a frame takes: the bits of the real frame, stuffed as on the wire.
//!
//! After five equal bits from the start of frame to the end of the checksum the sender puts one of the other kind; it counts as the
//! first of the next run.
//!
//! Source: ISO 11898-1 (Bosch's CAN specification 2.0, part B).

use super::frame::Frame;

/// Bits from the checksum's delimiter to the end: delimiter, acknowledgement and its delimiter, seven of the end of frame.
const TAIL: u32 = 10;

/// Bits of silence before the next frame may begin.
const INTERMISSION: u32 = 3;

const POLYNOMIAL: u16 = 0x4599;

/// Bits of a frame on the wire, stuff bits and the three of silence after it included.
pub fn wire_bits(frame: &Frame) -> u32 {
    let mut wire = Wire::default();
    wire.send(0, 1); // start of frame
    let field = u64::from(frame.arbitration_field());
    if frame.id().is_extended() {
        wire.send(field, 32);
        wire.send(0, 2); // reserved
    } else {
        wire.send(field >> 19, 13);
        wire.send(0, 1); // reserved
    }
    wire.send(u64::from(frame.length()), 4);
    for &byte in frame.bytes() {
        wire.send(u64::from(byte), 8);
    }
    wire.send(u64::from(wire.checksum), 15);
    wire.bits + TAIL + INTERMISSION
}

/// The most [`wire_bits`] a data frame of this kind and length can have, whatever its id and data.
pub const fn most_wire_bits(extended: bool, length: u8) -> u32 {
    let stuffed = if extended { 54 } else { 34 } + 8 * length as u32;
    stuffed + (stuffed - 1) / 4 + TAIL + INTERMISSION
}

/// What a sender keeps while it sends.
#[derive(Default)]
struct Wire {
    bits: u32,
    checksum: u16,
    last: bool,
    run: u32,
}

impl Wire {
    /// Sends the lowest `count` bits of some, the uppermost of them first.
    fn send(&mut self, bits: u64, count: u32) {
        for place in (0..count).rev() {
            self.bit(bits >> place & 1 == 1);
        }
    }

    fn bit(&mut self, bit: bool) {
        let carry = (self.checksum >> 14 & 1 == 1) != bit;
        self.checksum = self.checksum << 1 & 0x7FFF;
        if carry {
            self.checksum ^= POLYNOMIAL;
        }
        self.bits += 1;
        self.run = if self.run > 0 && bit == self.last {
            self.run + 1
        } else {
            1
        };
        self.last = bit;
        if self.run == 5 {
            self.bits += 1;
            (self.run, self.last) = (1, !bit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Wire;

    /// CRC-15/CAN of "123456789" in the catalogue of parametrised CRC algorithms.
    #[test]
    fn the_checksum_is_that_of_the_catalogue() {
        let mut wire = Wire::default();
        for byte in *b"123456789" {
            wire.send(u64::from(byte), 8);
        }
        assert_eq!(wire.checksum, 0x059E);
    }
}
