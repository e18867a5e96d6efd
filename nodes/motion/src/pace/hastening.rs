//! A transition that takes long is left for a quicker one: what blocked it where it was found lies behind it soon.
//!
//! **Invariant:** the law only ever comes to the same rate sooner, and to rest no farther along the path. Once a stop is
//! made, where it ends is final: others plan from there.

use super::law::same_rate;
use super::transition::append;
use super::{FINE, Pace};
use crate::timed_path::TimedPath;

impl Pace {
    /// Looks for quicker ways right now, and has ticks go on with that, unless it is for a stop.
    pub(super) fn hasten(&mut self, path: &TimedPath, u: f64) {
        self.hasten_at = None;
        let mut hastened = false;
        for lead in LEADS_S {
            let from = u + lead;
            if !self.can_hasten(from) {
                break;
            }
            self.begin_hastening(path, u, from);
            let view = self.view(path, u);
            self.search.search(&view, &self.room);
            hastened |= self.take_if_quicker(path, u, from);
        }
        if hastened {
            self.renew(path, u);
        }
        self.hasten_at = Some(u);
    }

    /// Does what a tick may spend on it.
    pub(super) fn hasten_a_little(&mut self, path: &TimedPath, u: f64, steps: u32) {
        let Some(from) = self.hastening else {
            if self.hasten_at.is_some_and(|due| u >= due) && !self.wish.stopped {
                self.hasten_at = None;
                let from = u + AHEAD_S;
                if self.can_hasten(from) {
                    self.begin_hastening(path, u, from);
                    self.search.limit(STEPS);
                    self.hastening = Some(from);
                }
            }
            return;
        };
        let view = self.view(path, u);
        for _ in 0..steps {
            if self.search.is_searching() {
                self.search.step(&view, &self.room);
            }
        }
        if u > from || !self.search.is_searching() {
            self.hastening = None;
            self.hasten_at = Some(u + AGAIN_S);
            if u <= from && self.take_if_quicker(path, u, from) {
                self.renew_from(path, u, from);
            }
        }
    }

    /// Whether enough of a transition is left from `from` on.
    fn can_hasten(&self, from: f64) -> bool {
        let (settled, _) = self.law.settled();
        self.returning.is_none() && settled - from > WORTH_S && self.law.has_room()
    }

    fn begin_hastening(&mut self, path: &TimedPath, u: f64, from: f64) {
        let view = self.view(path, u);
        let (_, rest) = self.law.settled();
        self.search
            .begin(&view, self.law.at(from), rest.rate, &self.room, FINE);
    }

    /// Goes on with what was found from `from` on, if that is quicker.
    fn take_if_quicker(&mut self, path: &TimedPath, u: f64, from: f64) -> bool {
        let (settled, rest) = self.law.settled();
        let quicker = self.search.found().last().is_some_and(|last| {
            let no_farther = rest.rate > 0.0 || last.time.s <= rest.s;
            from + last.u < settled - LEAST_GAIN_S && same_rate(last.time.rate, rest.rate) && no_farther
        });
        if quicker {
            let view = self.view(path, u);
            self.law.cut_ahead(u, from);
            append(&mut self.law, from, &view, self.search.found());
        }
        quicker
    }
}

/// How far ahead is looked at once, in s: dense where most of what blocks a transition has passed.
const LEADS_S: [f64; 6] = [0.01, 0.03, 0.06, 0.12, 0.25, 0.5];

/// How far ahead ticks look for a quicker way, in s.
const AHEAD_S: f64 = 0.15;

/// What such a search may take, in steps: as many as ticks do in that time.
const STEPS: u32 = 300;

/// After that, another is tried, in s.
const AGAIN_S: f64 = 0.02;

/// What is left of a transition that is not worth it, in s.
const WORTH_S: f64 = 0.1;

/// A way that is sooner by less is not worth a change, in s.
const LEAST_GAIN_S: f64 = 5e-3;
