//! Which answers may still come, where an answer does not say to which read it is one.
//!
//! A read is known by its length: how many bytes it asks of each servo. While answers are missing, each read asks for another length than those whose
//! answers may still come, so that an answer that was held up is never taken for one to a newer read.
//!
//! A line hands bytes over in their order. So nothing older than a read comes once all have answered it. Where some answer and others do not, the line is
//! not what holds answers up, and what is older than [`IN_FLIGHT`] such reads does not come any more. Where nobody answers, reads wait for a while after so many.

use arrayvec::ArrayVec;
use servomesh_types::Stamp;
use std::time::Duration;

/// The reads whose answers may still come.
#[derive(Clone, Debug, Default)]
pub(super) struct Unanswered {
    /// Their lengths, the oldest first.
    lengths: ArrayVec<u16, MOST>,
    /// Whether anybody answered the last read.
    flows: bool,
    /// When another may be added to too many of them.
    ask_at: Stamp,
}

/// Who has answered a read when its time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// All of whom answers can come.
    All,
    /// Some.
    Some,
    Nobody,
}

impl Unanswered {
    /// Nothing can come any more: what was late came before something else was answered.
    pub(super) fn forget(&mut self) {
        self.lengths.clear();
    }

    /// A read of that length is over.
    pub(super) fn conclude(&mut self, length: u16, heard: Heard) {
        self.flows = heard != Heard::Nobody;
        if heard == Heard::All {
            self.lengths.clear();
            return;
        }
        while heard == Heard::Some && self.lengths.len() >= IN_FLIGHT {
            self.lengths.remove(0);
        }
        // A read has a length that is not among them, and there are no more lengths than have room.
        let _ = self.lengths.try_push(length);
    }

    /// The length of a read that begins now: the shortest that has all of what is `wanted`, is not above `longest`, and that no answer has that may still
    /// come. `None` while too many are waited for.
    pub(super) fn begin(&mut self, now: Stamp, wanted: u16, longest: u16) -> Option<u16> {
        if !self.flows && self.lengths.len() >= IN_FLIGHT && now < self.ask_at {
            return None;
        }
        self.ask_at = now + DRAIN;
        self.unlike(wanted, longest)
    }

    fn unlike(&self, wanted: u16, longest: u16) -> Option<u16> {
        (wanted..=longest).find(|length| !self.lengths.contains(length))
    }
}

/// Reads whose answers may still come, until no more are sent for a while.
pub(super) const IN_FLIGHT: usize = 5;
/// How long reads wait once so many are not answered: longer than adapters and operating systems hold bytes up.
const DRAIN: Duration = Duration::from_millis(20);
/// More lengths than any bus uses.
const MOST: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: u16 = 7;
    const LONGEST: u16 = 20;

    #[test]
    fn no_read_is_like_one_whose_answer_may_still_come() {
        let mut unanswered = Unanswered::default();
        let (mut asked, mut now) = (Vec::new(), Stamp::ZERO);
        while let Some(length) = unanswered.begin(now, WANTED, LONGEST) {
            assert!(!asked.contains(&length));
            asked.push(length);
            unanswered.conclude(length, Heard::Nobody);
            now = now + DRAIN;
        }
        assert_eq!(asked, (WANTED..=LONGEST).collect::<Vec<_>>());
        unanswered.forget();
        assert_eq!(unanswered.begin(now, WANTED, LONGEST), Some(WANTED));
    }

    #[test]
    fn reads_that_nobody_answers_become_few_and_one_that_all_answer_ends_that() {
        let mut unanswered = Unanswered::default();
        let mut begun = 0;
        for millisecond in 0..100 {
            let now = Stamp::from_millis(millisecond);
            if let Some(length) = unanswered.begin(now, WANTED, LONGEST) {
                begun += 1;
                unanswered.conclude(length, Heard::Nobody);
            }
        }
        assert_eq!(begun, 5 + 4);
        unanswered.conclude(LONGEST, Heard::All);
        let now = Stamp::from_millis(100);
        assert_eq!(unanswered.begin(now, WANTED, LONGEST), Some(WANTED));
    }

    #[test]
    fn one_who_stays_silent_while_others_answer_does_not_hold_reads_up() {
        let mut unanswered = Unanswered::default();
        let mut last = Vec::new();
        for millisecond in 0..1000 {
            let length = unanswered.begin(Stamp::from_millis(millisecond), WANTED, LONGEST);
            let length = length.expect("others answer");
            assert!(!last.contains(&length), "{length} again after {last:?}");
            assert!(length <= WANTED + 5);
            last.push(length);
            if last.len() > IN_FLIGHT {
                last.remove(0);
            }
            unanswered.conclude(length, Heard::Some);
        }
    }
}
