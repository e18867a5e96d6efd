//! A read of all servos that waits for their answers: who was asked when, who has answered, and what is one to it.
//!
//! STS servos are asked at once, and answer in turn. Each SCS servo is asked when the one before it has answered, or is missing: a read is then a row of
//! exchanges, and one that was answered late is still one to this read, sampled when its servo was asked.

use super::cycle::reply_bytes;
use super::layout::Stretch;
use super::servo::{Belief, Said, Servo};
use crate::backends::pace::Pace;
use crate::backends::serial::Asked;
use crate::backends::unanswered::Heard;
use servomesh_fieldbus::feetech::status::Status;
use servomesh_types::{MAX_JOINTS, Stamp};

/// A read of all servos that waits for their answers.
#[derive(Clone, Copy, Debug)]
pub struct Read {
    pub(super) stretch: Stretch,
    asking: Asking,
    /// From then on what has not come is missing.
    missing: Stamp,
    /// One bit for each servo that has answered.
    pub(super) answered: u32,
    /// One bit for each servo that was started anew.
    pub(super) started: u32,
}

/// How servos are asked.
#[derive(Clone, Copy, Debug)]
enum Asking {
    /// All at once: the read had come to its end then, and the first servo answers.
    AtOnce(Stamp),
    /// One after the other, as long as an answer is there before `latest`. What had been asked of the first `count` had come to its end `at` these times.
    OneByOne {
        at: [Stamp; MAX_JOINTS],
        count: usize,
        latest: Stamp,
    },
}

impl Asked for Read {
    fn missing(&self) -> Stamp {
        self.missing
    }

    fn length(&self) -> u16 {
        self.stretch.length().into()
    }

    fn heard_by(&self, servos: usize) -> Heard {
        match self.answered {
            0 => Heard::Nobody,
            _ if self.is_complete(servos) => Heard::All,
            _ => Heard::Some,
        }
    }

    fn missing_replies(&self, servos: usize) -> usize {
        let asked = match self.asking {
            Asking::AtOnce(_) => servos,
            Asking::OneByOne { count, .. } => count,
        };
        asked - self.answered.count_ones() as usize
    }
}

impl Read {
    /// All servos were asked at once, in a read that ends at `asked`.
    pub(super) fn at_once(stretch: Stretch, asked: Stamp, missing: Stamp) -> Self {
        Self {
            stretch,
            asking: Asking::AtOnce(asked),
            missing,
            answered: 0,
            started: 0,
        }
    }

    /// No servo was asked yet; answers have to be there by `latest`.
    pub(super) fn one_by_one(stretch: Stretch, latest: Stamp) -> Self {
        Self {
            stretch,
            asking: Asking::OneByOne {
                at: [Stamp::ZERO; MAX_JOINTS],
                count: 0,
                latest,
            },
            missing: latest,
            answered: 0,
            started: 0,
        }
    }

    /// The next servo was asked, in a read that ends at `asked`; its answer is missing from `missing` on.
    pub(super) fn ask(&mut self, asked: Stamp, missing: Stamp) {
        if let Asking::OneByOne { at, count, latest } = &mut self.asking
            && let Some(place) = at.get_mut(*count)
        {
            *place = asked;
            *count += 1;
            self.missing = missing.min(*latest);
        }
    }

    /// The place of the servo that is to be asked next, if its turn has come: the one before it has answered, or `given_up`. `missing` is when an answer to
    /// what is asked now is missing: later than it may be nobody is asked.
    pub(super) fn next(&self, servos: usize, given_up: bool, missing: Stamp) -> Option<usize> {
        let Asking::OneByOne { count, latest, .. } = self.asking else {
            return None;
        };
        let is_free = count == 0 || given_up || self.has_answered(count - 1);
        (is_free && count < servos && (count == 0 || missing <= latest)).then_some(count)
    }

    /// Whether nothing more is waited for: all have answered, or the last of those that are asked one by one has.
    pub(super) fn is_over(&self, servos: usize) -> bool {
        match self.asking {
            Asking::AtOnce(_) => self.is_complete(servos),
            Asking::OneByOne { count, .. } => count > 0 && self.has_answered(count - 1),
        }
    }

    /// When the servo at a place of the list samples itself: when it answers, if all before it do. One that was not asked would have been after the last
    /// that was.
    pub(super) fn sampled(&self, pace: &Pace, place: usize) -> Stamp {
        match self.asking {
            Asking::AtOnce(asked) => asked + pace.wire(place * reply_bytes(self.stretch)),
            Asking::OneByOne { at, count, .. } => at[place.min(count.saturating_sub(1))],
        }
    }

    /// Takes the answer of one servo that came at `now`; `told_on` is whether servos were told to have torque. Says whether it is one to this read.
    pub(super) fn take(
        &mut self,
        now: Stamp,
        pace: &Pace,
        servos: &mut [Servo],
        status: &Status<'_>,
        told_on: bool,
    ) -> bool {
        let Some(place) = servos.iter().position(|servo| servo.settings.id == status.id) else {
            return false;
        };
        let bit = 1 << place;
        let Some(reading) = self
            .stretch
            .read(status.data)
            .filter(|_| self.answered & bit == 0)
        else {
            return false;
        };
        if self.earliest(pace, place).is_none_or(|earliest| now < earliest) {
            return false;
        }
        let in_turn = self.answered & (bit - 1) == bit - 1;
        self.answered |= bit;
        let mut sampled = self.sampled(pace, place);
        if let (Asking::AtOnce(_), false) = (self.asking, in_turn) {
            // One before it is missing, and has been waited for.
            sampled = sampled.max(now - pace.wire(reply_bytes(self.stretch)) - pace.latency());
        }
        let said = Said {
            sampled,
            reading,
            alarms: status.alarms,
            in_turn,
        };
        let belief = servos[place].take(&said, told_on);
        if belief == Belief::StartedAnew {
            self.started |= bit;
        }
        true
    }

    /// Before then an answer of the servo at a place is none to this read; `None`: it was not asked.
    fn earliest(&self, pace: &Pace, place: usize) -> Option<Stamp> {
        let reply = reply_bytes(self.stretch);
        match self.asking {
            Asking::AtOnce(asked) => Some(pace.earliest(asked, 0, (place + 1) * reply)),
            Asking::OneByOne { at, count, .. } => (place < count).then(|| pace.earliest(at[place], 0, reply)),
        }
    }

    fn has_answered(&self, place: usize) -> bool {
        self.answered & (1 << place) != 0
    }

    fn is_complete(&self, servos: usize) -> bool {
        self.answered.count_ones() as usize == servos
    }
}
