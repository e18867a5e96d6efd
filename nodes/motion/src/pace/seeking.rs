//! When a wish is taken on: at once if a way to it is found soon, else as soon as ticks find one.
//!
//! **Invariant:** the present law goes on until what replaces it was found.

use super::law::same_rate;
use super::transition::append;
use super::{Attempt, FINE, Pace, SEARCH_SHARE};
use crate::path_time::PathTime;
use crate::timed_path::TimedPath;

impl Pace {
    /// Turns the present law towards what was asked for, at once if that is found soon; else ticks go on looking.
    pub(super) fn pursue(&mut self, path: &TimedPath, u: f64) {
        let u = u.max(0.0);
        let Some(target) = self.missing(path, u) else {
            return;
        };
        let view = self.view(path, u);
        let (settled, rest) = self.law.settled();
        let starts = [u, settled];
        for from in &starts[..if settled > u { 2 } else { 1 }] {
            let start = self.law.at(*from);
            self.search.begin(&view, start, target, &self.room, FINE);
            self.search.search(&view, &self.room);
            if !self.search.found().is_empty() {
                let comes_to_rest = settled > u && rest.rate == 0.0;
                self.replaced = comes_to_rest.then(|| (u, self.law.clone()));
                self.take_found(path, u, *from, 0);
                return self.hasten(path, u);
            }
        }
        // At rest, later is no different.
        self.begin_attempt(path, u, usize::from(rest.rate == 0.0));
    }

    /// The rate to turn to, unless the present law leads to what was asked for, or will be turned to it later.
    fn missing(&mut self, path: &TimedPath, u: f64) -> Option<f64> {
        (self.retry, self.attempt, self.hastening) = (None, None, None);
        if self.wish.stopped {
            return None;
        }
        if let Some(until) = self.returning {
            if u < until {
                // Back and forth meet at rest.
                let waits = self.wish.paused || !self.leave_the_way_back(path, u);
                let until = self.returning.filter(|_| waits).unwrap_or(self.law.settled().0);
                self.retry = Some(until);
                return None;
            }
            self.returning = None;
        }
        let (settled, rest) = self.law.settled();
        let target = if self.wish.paused { 0.0 } else { self.wish.rate };
        if same_rate(rest.rate, target) {
            if self.wish.back > 0.0 && target == 0.0 {
                if u < settled {
                    self.retry = Some(settled);
                } else if !self.go_back(path, u) {
                    self.retry = Some(u + RETRY_S);
                }
            }
            return None;
        }
        let now = self.law.at(u);
        if path.ends_at_rest() && now.s >= path.duration() {
            return None;
        }
        if now.s <= 0.0 && path.at(now.s).state.is_at_rest() {
            // Nothing moves yet: the rate may step.
            self.law.cut(u);
            self.law.push(u, PathTime::steady(now.s, target));
            self.renew(path, u);
            return None;
        }
        Some(target)
    }

    /// Looks again for what could not be found, a little at each tick.
    pub(super) fn try_again(&mut self, path: &TimedPath, u: f64) {
        let u = u.max(0.0);
        if self.missing(path, u).is_some() {
            self.begin_attempt(path, u, 0);
        }
    }

    /// Starts to look for a way to a share of the wish: the next one that makes sense, if any does.
    fn begin_attempt(&mut self, path: &TimedPath, u: f64, share: usize) {
        let (settled, rest) = self.law.settled();
        let from = if rest.rate == 0.0 {
            settled.max(u)
        } else {
            settled.max(u + ATTEMPT_S)
        };
        let target = if self.wish.paused { 0.0 } else { self.wish.rate };
        // A lower rate on the way up may be possible where the one asked for is not.
        if share >= if target > rest.rate { SHARES.len() } else { 1 } {
            self.attempt = None;
            self.retry = Some(u + RETRY_S);
            return;
        }
        let view = self.view(path, u);
        let goal = rest.rate + SHARES[share] * (target - rest.rate);
        self.search
            .begin(&view, self.law.at(from), goal, &self.room, FINE);
        self.search.limit(ATTEMPT_STEPS);
        self.attempt = Some(Attempt { from, share });
    }

    /// Goes on looking.
    pub(super) fn attempt(&mut self, path: &TimedPath, u: f64, stretches: u32) {
        let Some(Attempt { from, share }) = self.attempt else {
            return;
        };
        let (_, rest) = self.law.settled();
        let at_rest = rest.rate == 0.0;
        let view = self.view(path, u);
        for _ in 0..stretches * SEARCH_SHARE {
            if self.search.is_searching() {
                self.search.step(&view, &self.room);
            }
        }
        if u > from && !at_rest {
            return self.begin_attempt(path, u, share + 1);
        }
        if self.search.is_searching() {
            return;
        }
        if self.search.found().is_empty() {
            return self.begin_attempt(path, u, share + 1);
        }
        self.take_found(path, u, from.max(u), share);
    }

    /// Goes on with what was found, from `from` on.
    fn take_found(&mut self, path: &TimedPath, u: f64, from: f64, share: usize) {
        let view = self.view(path, u);
        self.law.cut_ahead(u, from);
        append(&mut self.law, from, &view, self.search.found());
        (self.attempt, self.hastening, self.hasten_at) = (None, None, Some(u));
        self.retry = (self.wish.back > 0.0 || share > 0).then_some(self.law.settled().0);
        self.renew_from(path, u, from);
    }
}

/// After that, what could not be found is tried again, in s.
const RETRY_S: f64 = 0.05;

/// Shares of the way up to the rate asked for that are tried one after the other. Limits leave room for any low enough
/// rate: what a path does at the rate ṡ falls with ṡ, ṡ² and ṡ³.
const SHARES: [f64; 6] = [1.0, 0.5, 0.2, 0.05, 1e-2, 1e-3];

/// How far ahead ticks look for a way to leave a steady rate, in s.
const ATTEMPT_S: f64 = 0.15;

/// What such a search may take, in steps; most take a third of it.
const ATTEMPT_STEPS: u32 = 300;
