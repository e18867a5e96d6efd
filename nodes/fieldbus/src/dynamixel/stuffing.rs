//! Byte stuffing: an `FD` after every `FF FF FD` of a packet's code and parameters, so that a header (`FF FF FD 00`) stands only where a
//! packet begins.
//!
//! Works in place. Looks for `FD` first, which most packets do not have.

/// How many bytes stuffing adds to these.
#[must_use]
pub fn count(bytes: &[u8]) -> usize {
    let mut from = 0;
    let mut count = 0;
    while let Some(at) = find(bytes, from) {
        count += 1;
        from = at + 1;
    }
    count
}

/// Stuffs the first `length` bytes of the buffer in place and returns how many they are then; `None` if the buffer is too small, with the
/// bytes as they were.
#[must_use]
pub fn insert(buffer: &mut [u8], length: usize) -> Option<usize> {
    let stuffed = length + count(buffer.get(..length)?);
    if stuffed > buffer.len() {
        return None;
    }
    // From the end, so that nothing is overwritten that is still to be read.
    let (mut read, mut write) = (length, stuffed);
    while write > read {
        read -= 1;
        if ends_header(buffer, read) {
            write -= 1;
            buffer[write] = STUFFING;
        }
        write -= 1;
        buffer[write] = buffer[read];
    }
    Some(stuffed)
}

/// Takes the stuffing out in place and returns how many bytes are left; what is not stuffed as it should be stays as it is.
pub fn remove(bytes: &mut [u8]) -> usize {
    let Some(first) = find(bytes, 0) else {
        return bytes.len();
    };
    // What has come so far decides, not what is left in place: the bytes before a place are overwritten by then.
    let (mut write, mut state) = (first + 1, State::Header);
    for read in first + 1..bytes.len() {
        let byte = bytes[read];
        let stuffing = state == State::Header && byte == STUFFING;
        if !stuffing {
            bytes[write] = byte;
            write += 1;
        }
        state = match (state, byte) {
            _ if stuffing => State::Other,
            (State::Other | State::Header, 0xFF) => State::One,
            (State::One | State::Two, 0xFF) => State::Two,
            (State::Two, 0xFD) => State::Header,
            _ => State::Other,
        };
    }
    write
}

/// Whether bytes are stuffed as they should be, as far as they have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// So far they are; look again from this place when more have come.
    Good(usize),
    /// An `FF FF FD` has no `FD` after it: a sender that keeps the rules began another packet there, or bytes are lost or wrong.
    Broken,
}

/// Looks from a place that an earlier look gave, or 0; `whole` says that no more bytes will come.
#[must_use]
pub fn check(bytes: &[u8], from: usize, whole: bool) -> Check {
    let mut from = from;
    while let Some(at) = find(bytes, from) {
        match bytes.get(at + 1) {
            Some(&STUFFING) => from = at + 2,
            None if !whole => return Check::Good(at),
            _ => return Check::Broken,
        }
    }
    Check::Good(bytes.len())
}

/// The first place from `from` on where the last byte of `FF FF FD` stands.
fn find(bytes: &[u8], from: usize) -> Option<usize> {
    let mut from = from;
    loop {
        let at = from + bytes.get(from..)?.iter().position(|byte| *byte == STUFFING)?;
        if ends_header(bytes, at) {
            return Some(at);
        }
        from = at + 1;
    }
}

fn ends_header(bytes: &[u8], at: usize) -> bool {
    at >= 2 && bytes[at - 2..=at] == [0xFF, 0xFF, 0xFD]
}

/// How much of `FF FF FD` the bytes just read are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Other,
    One,
    Two,
    Header,
}

/// What is put in.
const STUFFING: u8 = 0xFD;

#[cfg(test)]
mod tests {
    use super::*;

    /// Every text of these bytes up to eight long, which has every neighbourhood that matters.
    fn texts() -> impl Iterator<Item = Vec<u8>> {
        const LETTERS: [u8; 3] = [0xFF, 0xFD, 0x00];
        (0..=8_u32).flat_map(|length| {
            (0..3_usize.pow(length)).map(move |k| {
                (0..length)
                    .map(|place| LETTERS[k / 3_usize.pow(place) % 3])
                    .collect()
            })
        })
    }

    #[test]
    fn what_is_stuffed_has_no_header_and_comes_back() {
        for text in texts() {
            let mut buffer = [0xAA; 16];
            buffer[..text.len()].copy_from_slice(&text);
            let stuffed = insert(&mut buffer, text.len()).unwrap();
            assert_eq!(stuffed, text.len() + count(&text), "{text:02X?}");
            let bytes = &mut buffer[..stuffed];
            assert!(
                !bytes
                    .windows(4)
                    .any(|w| w[..3] == [0xFF, 0xFF, 0xFD] && w[3] != 0xFD)
            );
            assert_eq!(check(bytes, 0, true), Check::Good(stuffed), "{text:02X?}");
            let left = remove(bytes);
            assert_eq!(bytes[..left], text, "{text:02X?}");
        }
    }

    #[test]
    fn too_small_a_buffer_is_told_and_left_alone() {
        let mut buffer = [0xFF, 0xFF, 0xFD];
        assert_eq!(insert(&mut buffer, 3), None);
        assert_eq!(buffer, [0xFF, 0xFF, 0xFD]);
        assert_eq!(insert(&mut buffer, 4), None);
    }

    #[test]
    fn looking_again_where_one_left_off_is_looking_once() {
        for text in texts() {
            let whole = check(&text, 0, true);
            let mut from = 0;
            let pieces =
                (0..=text.len()).find_map(|come| match check(&text[..come], from, come == text.len()) {
                    Check::Good(next) => {
                        from = next;
                        None
                    }
                    Check::Broken => Some(Check::Broken),
                });
            assert_eq!(pieces.unwrap_or(Check::Good(text.len())), whole, "{text:02X?}");
        }
    }

    #[test]
    fn another_packets_header_inside_is_seen() {
        let text = [0x03, 0x74, 0xFF, 0xFF, 0xFD, 0x00, 0x01];
        assert_eq!(check(&text[..5], 0, false), Check::Good(4));
        assert_eq!(check(&text[..6], 4, false), Check::Broken);
        assert_eq!(check(&text[..5], 0, true), Check::Broken);
    }
}
