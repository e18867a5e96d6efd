//! How CAN frames travel between this program and the bus.
//!
//! Over a serial port they are lines of text (slcan). Over a CAN interface of the kernel they are its records of 16 bytes (SocketCAN).
//!
//! **Invariant:** memory is bounded, and whatever bytes come, what follows is read right again.

use servomesh_fieldbus::can::frame::Frame;
use servomesh_fieldbus::can::slcan::{Answer, Lines, Request};
use servomesh_fieldbus::can::socketcan::{Condition, RECORD, Record};
use std::path::Path;

/// What carries frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carrier {
    /// An adapter that speaks slcan on a serial port.
    #[default]
    Slcan,
    /// A CAN interface of the kernel.
    Socket,
}

/// What came from the bus, or from what carries its frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A frame.
    Frame(Frame),
    /// The adapter did as it was told.
    Done,
    /// It did not.
    Refused,
    /// Frames don't get through.
    Trouble(Trouble),
    /// The controller counts few errors again, or takes part in the bus again.
    Well,
}

/// Why frames don't get through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// Frames were lost, since there was no room for them.
    Overrun,
    /// Nobody acknowledges, or frames are destroyed on the way.
    Errors,
    /// So many errors that the controller has left the bus.
    Off,
}

/// Reads what a carrier brings.
#[derive(Debug)]
pub(super) enum Reader {
    Lines(Box<Lines>),
    Records { record: [u8; RECORD], used: usize },
}

impl Carrier {
    /// What carries frames at a port: a name without folders, such as `can0`, is an interface of the kernel, everything else a serial port.
    pub fn of(port: &Path) -> Self {
        if port.components().count() == 1 && !port.has_root() {
            Self::Socket
        } else {
            Self::Slcan
        }
    }

    /// Writes a frame to the front of the buffer: how many bytes that are; 0 if it has no room for them.
    pub fn encode(self, frame: &Frame, into: &mut [u8]) -> usize {
        match self {
            Self::Slcan => Request::Send(*frame).encode(into).map_or(0, <[u8]>::len),
            Self::Socket => {
                let Some((record, _)) = into.split_first_chunk_mut::<RECORD>() else {
                    return 0;
                };
                *record = Record::Frame(*frame).encode();
                RECORD
            }
        }
    }

    pub(super) fn reader(self) -> Reader {
        match self {
            Self::Slcan => Reader::Lines(Box::default()),
            Self::Socket => Reader::Records {
                record: [0; RECORD],
                used: 0,
            },
        }
    }
}

impl Reader {
    /// Takes bytes off the front of `input` until something is complete; `None` once all are taken.
    pub(super) fn next(&mut self, input: &mut &[u8]) -> Option<Heard> {
        loop {
            let heard = match self {
                Self::Lines(lines) => of_line(Answer::decode(lines.next(input)?)),
                Self::Records { record, used } => {
                    let take = (RECORD - *used).min(input.len());
                    let (taken, rest) = input.split_at(take);
                    record[*used..*used + take].copy_from_slice(taken);
                    (*used, *input) = (*used + take, rest);
                    if *used < RECORD {
                        return None;
                    }
                    *used = 0;
                    of_record(record)
                }
            };
            if heard.is_some() {
                return heard;
            }
        }
    }

    /// Forgets what was begun.
    pub(super) fn clear(&mut self) {
        match self {
            Self::Lines(lines) => **lines = Lines::default(),
            Self::Records { used, .. } => *used = 0,
        }
    }
}

fn of_line(answer: Option<Answer>) -> Option<Heard> {
    Some(match answer? {
        Answer::Received(frame, _) => Heard::Frame(frame),
        Answer::Done | Answer::Sent { .. } => Heard::Done,
        Answer::Refused => Heard::Refused,
        Answer::Flags(flags) => Heard::Trouble(trouble_of_flags(flags)?),
        Answer::Version(_) | Answer::Serial(_) => return None,
    })
}

/// Bit 0 input full, 1 output full, 3 data overrun; 2 error warning, 5 error passive, 7 bus error.
fn trouble_of_flags(flags: u8) -> Option<Trouble> {
    if flags & 0b1010_0100 != 0 {
        Some(Trouble::Errors)
    } else if flags & 0b1011 != 0 {
        Some(Trouble::Overrun)
    } else {
        None
    }
}

fn of_record(record: &[u8; RECORD]) -> Option<Heard> {
    Some(match Record::decode(record)? {
        Record::Frame(frame) => Heard::Frame(frame),
        Record::Condition(condition) => match condition {
            Condition::Off => Heard::Trouble(Trouble::Off),
            Condition::Overrun => Heard::Trouble(Trouble::Overrun),
            Condition::Warning | Condition::Passive | Condition::NoAcknowledgement | Condition::BusError => {
                Heard::Trouble(Trouble::Errors)
            }
            Condition::Active | Condition::Restarted => Heard::Well,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt as _, SeedableRng as _};
    use servomesh_fieldbus::can::frame::Id;

    fn random_frame(random: &mut rand_chacha::ChaCha8Rng) -> Frame {
        let id = if random.random() {
            Id::standard(random.random_range(0..1 << 11)).expect("11 bits")
        } else {
            Id::extended(random.random_range(0..1 << 29)).expect("29 bits")
        };
        let length = random.random_range(0..=8);
        if random.random_range(0..8) == 0 {
            return Frame::remote(id, length).expect("at most 8");
        }
        let data: [u8; 8] = random.random();
        Frame::data(id, &data[..usize::from(length)]).expect("at most 8")
    }

    #[test]
    fn frames_pass_both_carriers_unchanged_however_their_bytes_are_bunched() {
        let seed = 16;
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        for carrier in [Carrier::Slcan, Carrier::Socket] {
            let frames: Vec<Frame> = (0..500).map(|_| random_frame(&mut random)).collect();
            let mut bytes = Vec::new();
            for frame in &frames {
                let mut buffer = [0; 64];
                let used = carrier.encode(frame, &mut buffer);
                bytes.extend_from_slice(&buffer[..used]);
            }
            let (mut reader, mut read, mut rest) = (carrier.reader(), Vec::new(), &bytes[..]);
            while !rest.is_empty() {
                let (mut bunch, behind) = rest.split_at(random.random_range(1..=rest.len().min(40)));
                rest = behind;
                while let Some(heard) = reader.next(&mut bunch) {
                    read.push(heard);
                }
            }
            let expected: Vec<Heard> = frames.into_iter().map(Heard::Frame).collect();
            assert_eq!(read, expected, "{carrier:?}, seed {seed}");
        }
    }

    #[test]
    fn a_frame_without_room_is_not_begun() {
        let frame = Frame::data(Id::standard(0x80).expect("11 bits"), &[]).expect("empty");
        for carrier in [Carrier::Slcan, Carrier::Socket] {
            assert_eq!(carrier.encode(&frame, &mut [0; 4]), 0);
        }
    }

    #[test]
    fn conditions_that_the_kernel_tells_are_trouble_or_its_end() {
        for (condition, heard) in [
            (Condition::Off, Heard::Trouble(Trouble::Off)),
            (Condition::NoAcknowledgement, Heard::Trouble(Trouble::Errors)),
            (Condition::Passive, Heard::Trouble(Trouble::Errors)),
            (Condition::Overrun, Heard::Trouble(Trouble::Overrun)),
            (Condition::Restarted, Heard::Well),
            (Condition::Active, Heard::Well),
        ] {
            let record = Record::Condition(condition).encode();
            let mut reader = Carrier::Socket.reader();
            assert_eq!(reader.next(&mut &record[..]), Some(heard), "{condition:?}");
        }
    }

    #[test]
    fn a_port_without_folders_is_an_interface_of_the_kernel() {
        for (port, carrier) in [
            ("can0", Carrier::Socket),
            ("vcan1", Carrier::Socket),
            ("/dev/ttyACM0", Carrier::Slcan),
            ("ports/arm", Carrier::Slcan),
            ("./arm", Carrier::Slcan),
        ] {
            assert_eq!(Carrier::of(Path::new(port)), carrier, "{port}");
        }
    }
}
