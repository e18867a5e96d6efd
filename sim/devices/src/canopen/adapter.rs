//! What a master reaches a CAN bus by: an adapter that speaks slcan on a serial line, or a CAN interface of its kernel (SocketCAN).
//!
//! An adapter is closed until it is told to open, at the bit rate that it was told; an interface takes part in the bus from the beginning, at the bus's own. Bytes are
//! lines of text with the one, records of the kernel with the other.

use servomesh_fieldbus::can::frame::Frame;
use servomesh_fieldbus::can::slcan::{Answer, BIT_RATES, Line, Lines, MAX_LINE, Request};
use servomesh_fieldbus::can::socketcan::{Condition, RECORD, Record};
use servomesh_types::Stamp;

/// An adapter, or an interface.
pub(super) struct Adapter {
    bit_rate: u32,
    open: bool,
    speaks: Speaks,
}

enum Speaks {
    Lines {
        lines: Lines,
        listens_only: bool,
        times: bool,
    },
    Records {
        record: [u8; RECORD],
        used: usize,
    },
}

/// What becomes of what a master wrote.
pub(super) struct Obeyed {
    /// What the master is told at once; may be nothing.
    pub(super) answer: Vec<u8>,
    /// What is to be sent.
    pub(super) frame: Option<Frame>,
    /// It leaves the bus: what waits is not sent any more.
    pub(super) leaves: bool,
}

impl Adapter {
    /// An adapter that speaks slcan: closed, and at `bit_rate` until told another.
    pub(super) fn slcan(bit_rate: u32) -> Self {
        let speaks = Speaks::Lines {
            lines: Lines::default(),
            listens_only: false,
            times: false,
        };
        Self {
            bit_rate,
            open: false,
            speaks,
        }
    }

    /// An interface of the kernel on a bus with that bit rate.
    pub(super) fn interface(bit_rate: u32) -> Self {
        let speaks = Speaks::Records {
            record: [0; RECORD],
            used: 0,
        };
        Self {
            bit_rate,
            open: true,
            speaks,
        }
    }

    /// The bit rate at which it takes part in the bus; `None`: it does not.
    pub(super) fn bit_rate(&self) -> Option<u32> {
        self.open.then_some(self.bit_rate)
    }

    /// Whether a frame that is spoilt on its way between master and adapter is not heard at all: what an interface carries is checked.
    pub(super) fn drops_what_is_spoilt(&self) -> bool {
        matches!(self.speaks, Speaks::Records { .. })
    }

    /// Takes bytes off the front of what a master wrote until they are something. `full`: no more frames can wait for the bus.
    pub(super) fn take(&mut self, input: &mut &[u8], full: bool) -> Option<Obeyed> {
        let request = match &mut self.speaks {
            Speaks::Records { record, used } => {
                let (taken, rest) = input.split_at(input.len().min(RECORD - *used));
                record[*used..*used + taken.len()].copy_from_slice(taken);
                (*used, *input) = (*used + taken.len(), rest);
                if *used < RECORD {
                    return None;
                }
                *used = 0;
                return Some(of_record(record, full));
            }
            Speaks::Lines { lines, .. } => match lines.next(input)? {
                Line::Text(text) => Request::decode(text),
                Line::Bell => None,
            },
        };
        let (answer, frame) = self.obey(request, full);
        Some(Obeyed {
            answer: encoded(answer),
            frame,
            leaves: matches!(request, Some(Request::Close)),
        })
    }

    /// What the master hears of a frame that was on the bus until `at`.
    pub(super) fn tell(&self, at: Stamp, frame: &Frame) -> Vec<u8> {
        match &self.speaks {
            Speaks::Records { .. } => Record::Frame(*frame).encode().to_vec(),
            Speaks::Lines { times, .. } => {
                let minute_ms = at.as_nanos().div_euclid(1_000_000).rem_euclid(60_000);
                encoded(Answer::Received(*frame, times.then_some(minute_ms as u16)))
            }
        }
    }

    /// Does what a line asks for: what it answers, and what it sends.
    fn obey(&mut self, request: Option<Request>, full: bool) -> (Answer, Option<Frame>) {
        let Speaks::Lines {
            listens_only, times, ..
        } = &mut self.speaks
        else {
            return (Answer::Refused, None);
        };
        let answer = match request {
            Some(Request::BitRate(index)) if !self.open => match BIT_RATES.get(usize::from(index)) {
                Some(bit_rate) => {
                    self.bit_rate = *bit_rate;
                    Answer::Done
                }
                None => Answer::Refused,
            },
            Some(request @ (Request::Open | Request::Listen)) if !self.open => {
                (self.open, *listens_only) = (true, request == Request::Listen);
                Answer::Done
            }
            Some(Request::Close) => {
                self.open = false;
                Answer::Done
            }
            Some(Request::Send(frame)) if self.open && !*listens_only && !full => {
                let extended = frame.id().is_extended();
                return (Answer::Sent { extended }, Some(frame));
            }
            Some(Request::Flags) => Answer::Flags(0),
            Some(Request::Version) => Answer::Version(*b"1013"),
            Some(Request::Serial) => Answer::Serial(*b"SMSH"),
            Some(Request::Times(on)) => {
                *times = on;
                Answer::Done
            }
            Some(Request::Nothing) => Answer::Done,
            // Neither its own bit timing nor a filter: it takes the standard's rates and hears everything.
            _ => Answer::Refused,
        };
        (answer, None)
    }
}

fn of_record(record: &[u8; RECORD], full: bool) -> Obeyed {
    let frame = match Record::decode(record) {
        Some(Record::Frame(frame)) => Some(frame),
        // What a kernel tells its programs is nothing that a program sends.
        Some(Record::Condition(_)) | None => None,
    };
    let lost = frame.is_some() && full;
    Obeyed {
        answer: if lost {
            Record::Condition(Condition::Overrun).encode().to_vec()
        } else {
            Vec::new()
        },
        frame: frame.filter(|_| !full),
        leaves: false,
    }
}

fn encoded(answer: Answer) -> Vec<u8> {
    let mut buffer = [0; MAX_LINE];
    let line = answer.encode(&mut buffer);
    line.expect("the buffer has room for every answer").to_vec()
}
