//! Packets out of what a device hears, as leniently as real ones take them: by their length first.
//!
//! ROBOTIS' own SDK sends `FF FF FD` inside of packets without the stuffing that the manual wants. A packet is therefore as long as its length
//! field says, whatever stands in it, and is taken if its CRC is right; stuffing is taken out where there is some. Joined answers to fast
//! reads are not stuffed and lack the device's own block: it says what it adds, so that it stays in step.
//!
//! **Invariant:** a packet that is given has the right CRC, and no byte is kept longer than [`GAP`] after the last.

use std::time::Duration;

use servomesh_fieldbus::dynamixel::{Id, MAX_LENGTH, crc, stuffing};
use servomesh_types::Stamp;

/// A packet is given up when no byte has come for so long.
pub(super) const GAP: Duration = Duration::from_micros(1500);

/// The code of an answer.
pub(super) const STATUS: u8 = 0x55;

/// How a packet begins.
const HEADER: [u8; 4] = [0xFF, 0xFF, 0xFD, 0x00];

/// Header, id, length field.
const HEAD: usize = HEADER.len() + 3;

/// What was heard.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A packet: to or from whom, code, parameters without stuffing, and how many bytes have come after it.
    Packet {
        id: Id,
        code: u8,
        parameters: Vec<u8>,
        after: usize,
    },
    /// Something that would have been a packet but for its CRC.
    Damaged { id: Id, code: u8, after: usize },
}

/// What waits to become a packet.
#[derive(Clone, Debug, Default)]
pub(super) struct Hearing {
    bytes: Vec<u8>,
    /// How far an unfinished joined answer was searched for an instruction behind it.
    searched: usize,
    last: Option<Stamp>,
}

impl Hearing {
    /// Takes bytes, the last of which ended at `now`.
    pub(super) fn hear(&mut self, now: Stamp, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.last = Some(now);
    }

    /// When what waits is given up.
    pub(super) fn deadline(&self) -> Option<Stamp> {
        self.last
            .filter(|_| !self.bytes.is_empty())
            .map(|last| last + GAP)
    }

    /// Whether the line has been silent for too long for what waits to go on at `now`.
    pub(super) fn is_stale(&self, now: Stamp) -> bool {
        self.deadline().is_some_and(|deadline| now >= deadline)
    }

    /// The bytes that wait, which begin with what may be a packet.
    pub(super) fn waiting(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.searched = 0;
    }

    /// The next packet. Call it until it gives `None`.
    pub(super) fn next(&mut self) -> Option<Heard> {
        loop {
            self.drop_front(before_header(&self.bytes));
            let Some(head) = Head::read(&self.bytes)? else {
                self.drop_front(1);
                continue;
            };
            if self.bytes.len() < head.total {
                // An answer that nobody goes on with must not swallow the instruction that follows it.
                return if head.is_joined() { self.behind() } else { None };
            }
            let whole: Vec<u8> = self.bytes[..head.total].to_vec();
            if is_right(&whole) {
                self.drop_front(head.total);
                return Some(self.packet(head, &whole));
            }
            self.drop_front(1);
            return Some(Heard::Damaged {
                id: head.id,
                code: head.code,
                after: (self.bytes.len() + 1).saturating_sub(head.total),
            });
        }
    }

    /// The next packet behind an unfinished one that is given up; `None` when nothing waits any more. Call it until then.
    pub(super) fn give_up(&mut self) -> Option<Heard> {
        while !self.bytes.is_empty() {
            self.drop_front(1);
            if let Some(heard @ Heard::Packet { .. }) = self.next() {
                return Some(heard);
            }
        }
        None
    }

    /// The first instruction behind the front, once all of it is there.
    fn behind(&mut self) -> Option<Heard> {
        loop {
            let from = self.searched.max(1);
            let front = self.bytes.get(from..)?;
            if let Some(head) = Head::read(front)?.filter(|head| head.code != STATUS) {
                let whole = front.get(..head.total)?;
                if is_right(whole) {
                    let whole = whole.to_vec();
                    self.drop_front(from + head.total);
                    return Some(self.packet(head, &whole));
                }
            }
            self.searched = from + 1;
        }
    }

    fn packet(&self, head: Head, whole: &[u8]) -> Heard {
        let mut body = whole[HEAD..whole.len() - 2].to_vec();
        if !head.is_joined() {
            let length = stuffing::remove(&mut body);
            body.truncate(length);
        }
        body.remove(0);
        Heard::Packet {
            id: head.id,
            code: head.code,
            parameters: body,
            after: self.bytes.len(),
        }
    }

    fn drop_front(&mut self, count: usize) {
        if count > 0 {
            self.bytes.drain(..count);
            self.searched = 0;
        }
    }
}

/// What a packet's first bytes say.
#[derive(Clone, Copy, Debug)]
struct Head {
    id: Id,
    code: u8,
    total: usize,
}

impl Head {
    /// `None` if more has to come, `Some(None)` if it is none.
    fn read(bytes: &[u8]) -> Option<Option<Self>> {
        let [a, b, c, d, id, low, high, code, ..] = *bytes else {
            return None;
        };
        let length = usize::from(u16::from_le_bytes([low, high]));
        let fits = [a, b, c, d] == HEADER && (3..=MAX_LENGTH).contains(&length);
        Some(Id::new(id).filter(|_| fits).map(|id| Self {
            id,
            code,
            total: HEAD + length,
        }))
    }

    fn is_joined(self) -> bool {
        self.id.is_broadcast() && self.code == STATUS
    }
}

fn is_right(whole: &[u8]) -> bool {
    match whole.split_last_chunk::<2>() {
        Some((before, sent)) => crc::of(before) == u16::from_le_bytes(*sent),
        None => false,
    }
}

/// How many bytes stand before the first header, or before what may become one at the end.
fn before_header(bytes: &[u8]) -> usize {
    (0..bytes.len())
        .find(|from| {
            let front = &bytes[*from..];
            let length = front.len().min(HEADER.len());
            front[..length] == HEADER[..length]
        })
        .unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use servomesh_fieldbus::dynamixel::Instruction;

    use super::*;

    fn id(number: u8) -> Id {
        Id::device(number).unwrap()
    }

    fn packet(instruction: &Instruction<'_>) -> Vec<u8> {
        let mut buffer = [0; 64];
        let length = instruction.encode(id(1), &mut buffer).unwrap();
        buffer[..length].to_vec()
    }

    fn write(data: &[u8]) -> Vec<u8> {
        packet(&Instruction::Write { address: 116, data })
    }

    fn heard(bytes: &[u8]) -> Vec<Heard> {
        let mut hearing = Hearing::default();
        let mut all = Vec::new();
        for byte in bytes {
            hearing.hear(Stamp::ZERO, &[*byte]);
            all.extend(std::iter::from_fn(|| hearing.next()));
        }
        all.extend(std::iter::from_fn(|| hearing.give_up()));
        all
    }

    fn data(heard: &Heard) -> &[u8] {
        match heard {
            Heard::Packet { parameters, .. } => &parameters[2..],
            Heard::Damaged { .. } => panic!("{heard:?}"),
        }
    }

    #[test]
    fn a_header_inside_of_a_packet_is_taken_stuffed_and_unstuffed() {
        let content = [0xFF, 0xFF, 0xFD, 0x00];
        let stuffed = write(&content);
        assert_eq!(stuffed.len(), 17);
        assert_eq!(data(&heard(&stuffed)[0]), content);
        // As ROBOTIS' SDK sends it: no stuffing, length and CRC without it.
        let mut plain = vec![
            0xFF, 0xFF, 0xFD, 0x00, 1, 9, 0, 0x03, 116, 0, 0xFF, 0xFF, 0xFD, 0x00,
        ];
        plain.extend(crc::of(&plain).to_le_bytes());
        assert_eq!(data(&heard(&plain)[0]), content);
    }

    #[test]
    fn what_follows_noise_or_a_damaged_packet_is_heard() {
        let good = write(&[1, 2, 3, 4]);
        let mut damaged = good.clone();
        damaged[11] ^= 0x10;
        let line = [&[0xFF, 0x00, 0xFF][..], &damaged, &good].concat();
        let all = heard(&line);
        assert!(matches!(all[0], Heard::Damaged { code: 0x03, .. }), "{all:?}");
        assert_eq!(data(&all[1]), [1, 2, 3, 4]);
        assert_eq!(all.len(), 2);
    }

    #[test]
    fn a_packet_that_lost_bytes_hides_the_next_until_the_line_is_silent() {
        let good = write(&[1, 2, 3, 4]);
        let mut hearing = Hearing::default();
        hearing.hear(Stamp::ZERO, &[&good[..12], &write(&[5])[..2]].concat());
        assert_eq!(hearing.next(), None);
        assert_eq!(hearing.deadline(), Some(Stamp::ZERO + GAP));
        assert!(hearing.is_stale(Stamp::ZERO + GAP));
        assert_eq!(hearing.give_up(), None);
        assert_eq!(hearing.waiting(), []);
        assert_eq!(hearing.deadline(), None);
    }

    #[test]
    fn an_instruction_behind_an_unfinished_joined_answer_is_heard_at_once() {
        let mut line = vec![0xFF, 0xFF, 0xFD, 0x00, 0xFE, 200, 0, STATUS, 0, 1, 7];
        line.extend(write(&[1, 2, 3, 4]));
        let mut hearing = Hearing::default();
        hearing.hear(Stamp::ZERO, &line);
        assert_eq!(data(&hearing.next().unwrap()), [1, 2, 3, 4]);
    }
}
