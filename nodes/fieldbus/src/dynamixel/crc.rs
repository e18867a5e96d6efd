//! The checksum of Protocol 2.0: CRC-16 with polynomial 0x8005, most significant bit first, from 0, nothing inverted (CRC-16/UMTS).
//!
//! Eight bytes at a time by eight tables, which are 4 KiB made at compile time: a loop over single bytes waits for the table after each.

/// The CRC of the bytes.
///
/// ```
/// assert_eq!(servomesh_fieldbus::dynamixel::crc::of(b"123456789"), 0xFEE8);
/// ```
#[must_use]
pub fn of(bytes: &[u8]) -> u16 {
    update(0, bytes)
}

/// The CRC of what gave `crc` with `bytes` after it: the checksum of a joined answer runs on from block to block.
#[must_use]
pub fn update(crc: u16, bytes: &[u8]) -> u16 {
    let (eights, rest) = bytes.as_chunks::<8>();
    let crc = eights.iter().fold(crc, |crc, bytes| {
        let [high, low] = crc.to_be_bytes();
        let [a, b, c, d, e, f, g, h] = *bytes;
        let first = entry(7, a ^ high) ^ entry(6, b ^ low) ^ entry(5, c) ^ entry(4, d);
        first ^ entry(3, e) ^ entry(2, f) ^ entry(1, g) ^ entry(0, h)
    });
    rest.iter().fold(crc, |crc, byte| {
        let [high, _] = crc.to_be_bytes();
        (crc << 8) ^ entry(0, byte ^ high)
    })
}

fn entry(zeros: usize, byte: u8) -> u16 {
    TABLES[zeros][usize::from(byte)]
}

const POLYNOMIAL: u16 = 0x8005;

/// `[zeros][byte]`: the CRC of the byte with so many zero bytes after it.
static TABLES: [[u16; 256]; 8] = {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 == 0 {
                crc << 1
            } else {
                (crc << 1) ^ POLYNOMIAL
            };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut zeros = 1;
    while zeros < 8 {
        let mut byte = 0;
        while byte < 256 {
            let before: u16 = tables[zeros - 1][byte];
            tables[zeros][byte] = (before << 8) ^ tables[0][(before >> 8) as usize];
            byte += 1;
        }
        zeros += 1;
    }
    tables
};

#[cfg(test)]
mod tests {
    use super::*;

    /// Bit by bit, as the polynomial says.
    fn by_bits(bytes: &[u8]) -> u16 {
        bytes.iter().fold(0, |crc: u16, byte| {
            (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| {
                crc << 1 ^ if crc >> 15 == 1 { POLYNOMIAL } else { 0 }
            })
        })
    }

    #[test]
    fn of_any_length_it_is_the_polynomials_remainder() {
        let bytes: Vec<u8> = (0..100_u32).map(|k| (k * k * 37 + k) as u8).collect();
        for from in 0..10 {
            for to in from..bytes.len() {
                assert_eq!(of(&bytes[from..to]), by_bits(&bytes[from..to]), "{from}..{to}");
            }
        }
    }

    #[test]
    fn it_runs_on_from_any_place() {
        let bytes: Vec<u8> = (0..50).map(|k| k ^ 0xA5).collect();
        for cut in 0..bytes.len() {
            assert_eq!(update(of(&bytes[..cut]), &bytes[cut..]), of(&bytes));
        }
    }

    #[test]
    fn the_table_begins_as_the_manuals() {
        assert_eq!(TABLES[0][..5], [0x0000, 0x8005, 0x800F, 0x000A, 0x801B]);
        assert_eq!(TABLES[0][255], 0x0202);
    }
}
