//! Opening an slcan adapter: out of the bus, bit rate, onto the bus.
//!
//! Some adapters answer every line, some none: only a refusal keeps it closed. A CAN socket is always open: its bit rate is the system's to set.

use super::carrier::{Carrier, Heard};
use super::problem::Problem;
use servomesh_fieldbus::can::slcan::{BIT_RATES, Request};
use servomesh_types::Stamp;
use std::time::Duration;

/// How far an adapter is.
#[derive(Debug)]
pub(super) struct Adapter {
    stage: Stage,
    /// When to go on without an answer; `None`: the line of this stage was not said yet.
    due: Option<Stamp>,
    patience: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Before another attempt.
    Pause,
    Close,
    Rate,
    Open,
    Ready,
}

impl Adapter {
    /// One that is to be opened; `latency` is what its port adds to an answer's way.
    pub(super) fn new(carrier: Carrier, latency: Duration) -> Self {
        Self {
            stage: first(carrier),
            due: None,
            patience: latency + ANSWER,
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        self.stage == Stage::Ready
    }

    /// Opens it anew.
    pub(super) fn restart(&mut self, carrier: Carrier) {
        (self.stage, self.due) = (first(carrier), None);
    }

    /// The line that is due, in the front of the buffer: how many bytes it has.
    pub(super) fn say(&mut self, now: Stamp, bit_rate: u32, into: &mut [u8]) -> usize {
        if self.due.is_some() {
            return 0;
        }
        let request = match self.stage {
            Stage::Pause | Stage::Ready => return 0,
            Stage::Close => Request::Close,
            Stage::Rate => Request::BitRate(rate_index(bit_rate)),
            Stage::Open => Request::Open,
        };
        self.due = Some(now + self.patience);
        // The first end of line is that of whatever was begun before.
        let begun = if self.stage == Stage::Close {
            Request::Nothing.encode(into).map_or(0, <[u8]>::len)
        } else {
            0
        };
        let line = request.encode(&mut into[begun..]).map_or(0, <[u8]>::len);
        begun + line
    }

    /// Takes its answer.
    ///
    /// # Errors
    /// It refuses; it is tried again after a pause.
    pub(super) fn handle(&mut self, now: Stamp, heard: Heard, bit_rate: u32) -> Result<(), Problem> {
        match (self.stage, heard) {
            (Stage::Rate | Stage::Open, Heard::Refused) => {
                let problem = if self.stage == Stage::Rate {
                    Problem::AdapterRate { bit_rate }
                } else {
                    Problem::AdapterClosed
                };
                (self.stage, self.due) = (Stage::Pause, Some(now + RETRY));
                Err(problem)
            }
            (Stage::Rate | Stage::Open, Heard::Done) => {
                self.next();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// When to call [`tick`](Self::tick).
    pub(super) fn deadline(&self) -> Option<Stamp> {
        self.due
    }

    /// Goes on without an answer. An adapter that is told to leave the bus says yes or no, whichever it was: its time is waited for.
    pub(super) fn tick(&mut self, now: Stamp) {
        if self.due.is_some_and(|due| due <= now) {
            self.next();
        }
    }

    fn next(&mut self) {
        self.due = None;
        self.stage = match self.stage {
            Stage::Pause => Stage::Close,
            Stage::Close => Stage::Rate,
            Stage::Rate => Stage::Open,
            Stage::Open | Stage::Ready => Stage::Ready,
        };
    }
}

fn first(carrier: Carrier) -> Stage {
    match carrier {
        Carrier::Slcan => Stage::Close,
        Carrier::Socket => Stage::Ready,
    }
}

fn rate_index(bit_rate: u32) -> u8 {
    let index = BIT_RATES.iter().position(|rate| *rate == bit_rate);
    index.unwrap_or(BIT_RATES.len() - 1) as u8
}

/// How long an adapter takes to answer a line.
const ANSWER: Duration = Duration::from_millis(20);
/// How long until an adapter that refuses is tried again.
const RETRY: Duration = Duration::from_millis(500);
