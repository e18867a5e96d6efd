//! The way back along the path: from rest to rest, and off it before its end.
//!
//! Speeding up backwards is a transition on the path as seen backwards; coming to rest is one that speeds up forwards, run
//! back in time.
//!
//! **Invariant:** a way back begins and ends at rest, and never passes the path's start.

use super::law::same_rate;
use super::stretch::View;
use super::transition::{Node, Transition, append};
use super::{FINE, Pace};
use crate::path_time::PathTime;
use crate::timed_path::TimedPath;

impl Pace {
    /// Comes to rest on the way back before its end; tells whether that is sooner.
    pub(super) fn leave_the_way_back(&mut self, path: &TimedPath, u: f64) -> bool {
        let view = self.view(path, u);
        let (settled, rest) = self.law.settled();
        self.search
            .begin(&view, view.along(self.law.at(u)), 0.0, &self.room, FINE);
        self.search.search(&view, &self.room);
        let Some(last) = self.search.found().last() else {
            return false;
        };
        if u + last.u >= settled || -last.time.s < rest.s {
            return false;
        }
        self.law.cut(u);
        append(&mut self.law, u, &view, self.search.found());
        self.returning = Some(self.law.settled().0);
        self.renew(path, u);
        true
    }

    /// From rest back by what was asked for, to rest again; tells whether a way was found.
    pub(super) fn go_back(&mut self, path: &TimedPath, u: f64) -> bool {
        let from = self.law.at(u).s;
        let to = (from - self.wish.back).max(0.0);
        let way = from - to;
        let mut rate = self.wish.rate;
        // At its end a motion is over.
        if way < SHORTEST_WAY_S || path.ends_at_rest() && from >= path.duration() {
            self.wish.back = 0.0;
            return true;
        }
        let (forwards, backwards) = (
            View {
                path,
                backwards: false,
            },
            View {
                path,
                backwards: true,
            },
        );
        let mut last = Transition::new();
        for _ in 0..GO_BACK_TRIES {
            if rate <= 0.0 {
                return false;
            }
            let start = PathTime::steady(-from, 0.0);
            self.search.begin(&backwards, start, rate, &self.room, FINE);
            self.search.search(&backwards, &self.room);
            last.begin(&forwards, PathTime::steady(to, 0.0), rate, &self.room, FINE);
            last.search(&forwards, &self.room);
            let (Some(up), Some(down)) = (self.search.found().last(), last.found().last()) else {
                rate *= 0.5;
                continue;
            };
            let needs = (up.time.s + from) + (down.time.s - to);
            let same = same_rate(up.time.rate, rate) && same_rate(down.time.rate, rate);
            if needs > way || !same {
                rate *= (way / needs).sqrt().clamp(0.1, 0.95);
                continue;
            }
            self.law.cut(u);
            append(&mut self.law, u, &backwards, self.search.found());
            let (at_rate, time) = self.law.settled();
            let leave = at_rate + (time.s - down.time.s) / rate;
            self.append_reversed(leave, last.found());
            self.wish.back = 0.0;
            self.returning = Some(self.law.settled().0);
            self.retry = self.returning;
            self.renew(path, u);
            return true;
        }
        false
    }

    /// Appends a transition run back in time, from the rate it led to.
    fn append_reversed(&mut self, u: f64, nodes: &[Node]) {
        let whole = nodes.last().map_or(0.0, |node| node.u);
        for pair in nodes.windows(2).rev() {
            let (before, after) = (pair[0], pair[1]);
            let end = before.time.after(after.u - before.u);
            let time = PathTime {
                s: after.time.s,
                rate: -after.time.rate,
                acceleration: end.acceleration,
                jerk: -before.time.jerk,
            };
            self.law.push(u + whole - after.u, time);
        }
        if let Some(first) = nodes.first() {
            self.law.push(u + whole, PathTime::steady(first.time.s, 0.0));
        }
    }
}

/// A way back that is not worth going, in s of the path.
const SHORTEST_WAY_S: f64 = 1e-6;

const GO_BACK_TRIES: u32 = 16;
