//! A half-duplex line that master and devices share: who talks when, and what becomes of bytes when two talk at once.
//!
//! Decides the time of each byte: ten bits at the talker's speed, one byte right after the other; who goes on talking talks after what it said
//! before. Of bytes that overlap one after the other, the first is heard with the zeros of the second too (a driver that pulls low wins); the
//! others are not heard, as a receiver does not find their start bits.
//!
//! **Invariant:** bytes are heard in the order in which they end, each once.

use servomesh_types::Stamp;

use crate::uart::byte_at;

/// Who talks or listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Master,
    Device(usize),
}

/// A byte that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    /// Who said it.
    pub(crate) who: End,
    /// At which speed.
    pub(crate) baud: u32,
    pub(crate) begin: Stamp,
    pub(crate) end: Stamp,
    /// What is heard, if anything.
    pub(crate) byte: Option<u8>,
    /// Whether it overlaps with what another said, who did not hear it then.
    pub(crate) clashed: bool,
    /// Whether the talker says no more for now.
    pub(crate) last: bool,
}

/// The line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    talks: Vec<Talk>,
    /// From when to when each talker talked last.
    talked: Vec<(End, Stamp, Stamp)>,
}

#[derive(Clone, Debug)]
struct Talk {
    who: End,
    baud: u32,
    begin: Stamp,
    bytes: Vec<Byte>,
    /// How many of the bytes have been heard.
    heard: usize,
}

#[derive(Clone, Copy, Debug)]
struct Byte {
    /// What is heard, if anything.
    level: Option<u8>,
    clashed: bool,
}

impl Line {
    /// Says bytes from `begin` on, or as soon as what the talker said before is out. `begin` does not lie before what was heard last.
    pub(crate) fn say(&mut self, who: End, baud: u32, begin: Stamp, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let begin = match self.talked.iter().find(|(other, ..)| *other == who) {
            Some((_, _, end)) => begin.max(*end),
            None => begin,
        };
        let clean = |byte: &u8| Byte {
            level: Some(*byte),
            clashed: false,
        };
        let mut talk = Talk {
            who,
            baud,
            begin,
            bytes: bytes.iter().map(clean).collect(),
            heard: 0,
        };
        for other in &mut self.talks {
            talk.clash(other);
        }
        self.remember(&talk);
        self.talks.push(talk);
    }

    fn remember(&mut self, talk: &Talk) {
        let end = talk.end();
        match self.talked.iter_mut().find(|(who, ..)| *who == talk.who) {
            Some((_, _, last)) if *last == talk.begin => *last = end,
            Some(entry) => *entry = (talk.who, talk.begin, end),
            None => self.talked.push((talk.who, talk.begin, end)),
        }
    }

    /// When the first of those who talk has said all.
    pub(crate) fn next_end(&self) -> Option<Stamp> {
        self.talks.iter().map(Talk::end).min()
    }

    /// The byte that ends next, if it does by `until`.
    pub(crate) fn hear(&mut self, until: Stamp) -> Option<Heard> {
        let first = (0..self.talks.len()).min_by_key(|index| self.talks[*index].next_byte())?;
        let talk = &mut self.talks[first];
        let (begin, end) = talk.span(talk.heard);
        if end > until {
            return None;
        }
        let Byte { level, clashed } = talk.bytes[talk.heard];
        talk.heard += 1;
        let heard = Heard {
            who: talk.who,
            baud: talk.baud,
            begin,
            end,
            byte: level,
            clashed,
            last: talk.heard == talk.bytes.len(),
        };
        if heard.last {
            self.talks.remove(first);
        }
        Some(heard)
    }

    /// Whether `who` talked at some time between `begin` and `end`.
    pub(crate) fn talked(&self, who: End, begin: Stamp, end: Stamp) -> bool {
        let mut talked = self.talked.iter();
        talked.any(|(other, from, to)| *other == who && *from < end && begin < *to)
    }

    /// Drops what one of those on it has not said yet.
    pub(crate) fn silence(&mut self, who: End) {
        self.talks.retain(|talk| talk.who != who);
        self.talked.retain(|(other, ..)| *other != who);
    }
}

impl Talk {
    fn next_byte(&self) -> Stamp {
        byte_at(self.begin, self.heard + 1, self.baud)
    }

    fn end(&self) -> Stamp {
        byte_at(self.begin, self.bytes.len(), self.baud)
    }

    fn span(&self, index: usize) -> (Stamp, Stamp) {
        (
            byte_at(self.begin, index, self.baud),
            byte_at(self.begin, index + 1, self.baud),
        )
    }

    /// Lets two talks spoil each other where they overlap; `self` came later into being.
    fn clash(&mut self, other: &mut Self) {
        if self.end() <= other.begin || other.end() <= self.begin {
            return;
        }
        for index in 0..self.bytes.len() {
            let (begin, end) = self.span(index);
            for theirs in other.heard..other.bytes.len() {
                let (from, to) = other.span(theirs);
                if to <= begin || end <= from {
                    continue;
                }
                let (mine, their) = (&mut self.bytes[index], &mut other.bytes[theirs]);
                let (first, second) = if begin < from {
                    (mine, their)
                } else {
                    (their, mine)
                };
                if let (Some(a), Some(b)) = (first.level, second.level) {
                    first.level = Some(a & b);
                }
                second.level = None;
                (first.clashed, second.clashed) = (true, true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn us(micros: i64) -> Stamp {
        Stamp::from_nanos(micros * 1000)
    }

    #[test]
    fn bytes_take_ten_bits_each_and_follow_what_was_said_before() {
        let mut line = Line::default();
        line.say(End::Master, 1_000_000, us(100), &[1, 2, 3]);
        line.say(End::Master, 1_000_000, us(110), &[4]);
        assert_eq!(line.hear(us(109)), None);
        let heard = std::iter::from_fn(|| line.hear(us(140)));
        let heard: Vec<_> = heard.map(|heard| (heard.end, heard.byte, heard.last)).collect();
        assert_eq!(
            heard,
            [
                (us(110), Some(1), false),
                (us(120), Some(2), false),
                (us(130), Some(3), true),
                (us(140), Some(4), true)
            ]
        );
    }

    #[test]
    fn two_that_talk_at_once_spoil_each_other_where_they_overlap() {
        let mut line = Line::default();
        line.say(End::Device(0), 1_000_000, us(0), &[0xF0, 0xF1, 0xF2]);
        line.say(End::Device(1), 1_000_000, us(15), &[0x33, 0x44]);
        let heard = std::iter::from_fn(|| line.hear(us(100)));
        let heard: Vec<_> = heard
            .map(|heard| (heard.who, heard.byte, heard.clashed))
            .collect();
        let (one, two) = (End::Device(0), End::Device(1));
        assert_eq!(
            heard,
            [
                (one, Some(0xF0), false),
                (one, Some(0xF1 & 0x33), true),
                (two, None, true),
                (one, None, true),
                (two, None, true)
            ]
        );
        assert!(line.talked(two, us(20), us(30)) && !line.talked(two, us(0), us(15)));
    }

    #[test]
    fn the_order_is_that_of_the_ends() {
        let mut line = Line::default();
        line.say(End::Device(0), 1_000_000, us(50), &[5]);
        line.say(End::Device(1), 1_000_000, us(0), &[1, 2]);
        assert_eq!(line.next_end(), Some(us(20)));
        let heard = std::iter::from_fn(|| line.hear(us(100)));
        assert_eq!(
            heard.filter_map(|heard| heard.byte).collect::<Vec<_>>(),
            [1, 2, 5]
        );
    }
}
