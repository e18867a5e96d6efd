//! What a stop on the path would take, known at every tick before anyone asks for it.
//!
//! A stop from a place a little ahead is always ready: go on at the present rate to there, then come to rest. It can be
//! carried out until that place is passed, so its time and its way are bounds that a stop asked for meanwhile keeps. The
//! next one is sought meanwhile, some stretches at each tick, and takes its place in time.
//!
//! **Invariant:** while the rate is constant, or going to be, there is a stop that is ready, if any was found at all.

use servomesh_types::Stopping;

use super::law::Law;
use super::stretch::{Room, View};
use super::transition::{NODES, Node, Transition};
use super::way::{PLACES, Way};
use crate::path_time::PathTime;

/// The stop that is ready, and the next.
#[derive(Clone, Debug)]
pub(crate) struct Stops {
    ready: Stop,
    next: Stop,
    search: Transition,
    work: Work,
    /// Stretches the last search took.
    effort: u32,
    taken: u32,
    /// How far ahead the next stop begins, so that it is found in time, in s.
    lead: f64,
}

/// One stop.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    /// When it leaves the present law at the latest, in s.
    pub(crate) from: f64,
    /// When it is at rest, in s.
    pub(crate) until: f64,
    /// Where it is at rest.
    pub(crate) end: PathTime,
    /// How it leaves it; times count from `from`. Empty if the law itself comes to rest.
    pub(crate) nodes: Vec<Node>,
    way: Way,
    found: bool,
    /// Nothing sooner is looked for: the law itself comes to rest.
    last: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Work {
    Idle,
    Seek,
    /// Looks how far the joints go, at one place after the other.
    Measure {
        start: f64,
        place: u32,
    },
}

impl Stops {
    pub(crate) fn new() -> Self {
        Self {
            ready: Stop::none(),
            next: Stop::none(),
            search: Transition::new(),
            work: Work::Idle,
            effort: 60,
            taken: 0,
            lead: FIRST_LEAD_S,
        }
    }

    /// The stop that could be carried out from `u` on, if there is one.
    pub(crate) fn ready(&self, u: f64) -> Option<&Stop> {
        (self.ready.found && u <= self.ready.from).then_some(&self.ready)
    }

    /// Finds the stop that is ready under a new law, at once.
    pub(crate) fn renew(&mut self, law: &Law, view: &View<'_>, room: &Room, u: f64) {
        let (settled, _) = law.settled();
        self.begin(law, view, room, u, settled.max(u + self.lead));
        self.complete(law, view, room, u);
        self.take_next();
    }

    /// The same under a law that is new from `from` on: a stop that leaves it before stays ready, and ticks find the next.
    pub(crate) fn renew_from(&mut self, law: &Law, view: &View<'_>, room: &Room, [u, from]: [f64; 2]) {
        let (_, rest) = law.settled();
        let stays = self.ready(u).is_some_and(|ready| ready.from <= from);
        if stays && rest.rate > 0.0 {
            self.next.found = false;
            self.work = Work::Idle;
        } else {
            self.renew(law, view, room, u);
        }
    }

    /// Goes on with the next stop by `stretches` at most, as long as the ready one lasts; `step` is from tick to tick, in s.
    pub(crate) fn tick(
        &mut self,
        law: &Law,
        view: &View<'_>,
        room: &Room,
        u: f64,
        step: f64,
        stretches: u32,
    ) {
        if self.ready.found && self.ready.last {
            return;
        }
        let ticks = (1.15 * f64::from(self.effort) / f64::from(stretches.max(1))).ceil() + 2.0;
        let lead = (ticks * step).clamp(step, LONGEST_LEAD_S);
        self.lead = lead;
        if self.ready.found && u + step > self.ready.from {
            // It is passed before the next tick.
            self.settle(law, view, room, u);
            if !self.next.found || u + step > self.next.from {
                self.begin(law, view, room, u, u + lead);
                self.complete(law, view, room, u);
            }
            self.take_next();
        } else if self.next.found && (!self.ready.found || self.next.until <= self.ready.until) {
            self.take_next();
        }
        if self.work == Work::Idle && !self.next.found {
            // The end of the path can be stopped at whenever another stop is found.
            let expires = self.ready.found && self.ready.from < f64::INFINITY;
            let from = if expires { self.ready.from.max(u) } else { u };
            self.begin(law, view, room, u, from + lead);
        }
        let ends = |ticks: f64| self.ready.found && u + ticks * step > self.ready.from;
        if ends(SETTLING_TICKS) && self.work == Work::Seek && self.search.has_found() {
            self.search.settle();
            // The next one has more time.
            self.taken += self.taken / 2;
        }
        let hurries = ends(HURRIED_TICKS);
        for _ in 0..if hurries { HURRY * stretches } else { stretches } {
            if self.work == Work::Idle {
                break;
            }
            self.work(law, view, room, u);
        }
    }

    /// What the stop that is ready takes from `u` on, if there is one.
    pub(crate) fn stopping(&self, law: &Law, backwards: bool, u: f64) -> Option<Stopping> {
        let stop = self.ready(u)?;
        let s = law.at(u).s;
        Some(Stopping {
            time_s: (stop.until - u).max(0.0),
            distance: stop.way.left(if backwards { -s } else { s }),
        })
    }

    fn begin(&mut self, law: &Law, view: &View<'_>, room: &Room, u: f64, from: f64) {
        let next = &mut self.next;
        next.nodes.clear();
        (next.found, next.last) = (false, false);
        next.from = from;
        self.taken = 0;
        let (settled, rest) = law.settled();
        let start = view.along(law.at(from));
        let end = view.end().unwrap_or(f64::INFINITY);
        self.work = if rest.rate == 0.0 {
            // The law is a stop already.
            (next.from, next.until, next.end) = (f64::INFINITY, settled.max(u), rest);
            next.last = true;
            Work::Measure {
                start: view.along(law.at(u)).s,
                place: 0,
            }
        } else if start.s >= end {
            let until = law.when_at(end).unwrap_or(settled);
            (next.from, next.until, next.end) = (f64::INFINITY, until.max(u), PathTime::steady(end, 0.0));
            next.last = true;
            Work::Measure {
                start: view.along(law.at(u)).s,
                place: 0,
            }
        } else {
            self.search.begin(view, start, 0.0, room, STRETCHES);
            Work::Seek
        };
    }

    /// Makes the next stop ready.
    fn take_next(&mut self) {
        std::mem::swap(&mut self.ready, &mut self.next);
        self.next.found = false;
    }

    /// Ends the search with the best there is by now; without any, with the end of the path if it has one.
    fn settle(&mut self, law: &Law, view: &View<'_>, room: &Room, u: f64) {
        if self.work == Work::Seek && view.end().is_some() {
            self.search.settle();
        }
        self.complete(law, view, room, u);
    }

    fn complete(&mut self, law: &Law, view: &View<'_>, room: &Room, u: f64) {
        while self.work != Work::Idle {
            self.work(law, view, room, u);
        }
    }

    fn work(&mut self, law: &Law, view: &View<'_>, room: &Room, u: f64) {
        self.taken += 1;
        match self.work {
            Work::Idle => {}
            Work::Seek if self.search.is_searching() => self.search.step(view, room),
            Work::Seek => {
                self.work = Work::Idle;
                self.take(law, view, u);
            }
            Work::Measure { start, place } => {
                let next = &mut self.next;
                let (middle, end) = (
                    view.along(law.at(next.from.min(next.until))).s,
                    view.along(next.end).s,
                );
                // A stretch costs as much as two places.
                let places = place..(place + 2).min(PLACES as u32);
                self.work = Work::Measure {
                    start,
                    place: places.end,
                };
                for place in places.clone() {
                    next.way.measure(view, room, place, [start, middle, end]);
                }
                if places.end as usize == PLACES {
                    self.effort = self.taken.max(self.effort - self.effort / EASING);
                    next.found = true;
                    self.work = Work::Idle;
                }
            }
        }
    }

    /// Takes what the search found, or the end of the path if that comes first.
    fn take(&mut self, law: &Law, view: &View<'_>, u: f64) {
        let next = &mut self.next;
        let end = view
            .end()
            .and_then(|end| Some((law.when_at(end)?, PathTime::steady(end, 0.0))));
        let found = self.search.found();
        let last = found
            .last()
            .map(|node| (next.from + node.u, view.along(node.time)));
        let best = match (last, end) {
            (Some(last), Some(end)) if end.0 < last.0 => Some(end),
            (None, end) => end,
            (last, _) => last,
        };
        let Some((until, rest)) = best else {
            self.effort = self.effort.max(self.taken);
            return;
        };
        (next.until, next.end) = (until, rest);
        if last.is_some_and(|last| last.0 <= until) {
            next.nodes.extend_from_slice(found);
        } else {
            next.from = f64::INFINITY;
        }
        self.work = Work::Measure {
            start: view.along(law.at(u)).s,
            place: 0,
        };
    }
}

impl Stop {
    fn none() -> Self {
        Self {
            from: 0.0,
            until: 0.0,
            end: PathTime::default(),
            nodes: Vec::with_capacity(NODES),
            way: Way::none(),
            found: false,
            last: false,
        }
    }
}

/// How finely the stop that is ready is sought: see [`Transition::begin`].
const STRETCHES: f64 = 20.0;

/// The lead follows what searches take: at once up, and down by such a part of it with each.
const EASING: u32 = 4;

/// The last ticks before the ready stop expires do more each, rather than one of them all that is left.
const HURRIED_TICKS: f64 = 24.0;
const HURRY: u32 = 2;

/// So many ticks before, what was found must do: how far the joints go on it has still to be looked at.
const SETTLING_TICKS: f64 = 8.0;

/// Before ticks say how long they take to find the next one, in s.
const FIRST_LEAD_S: f64 = 0.08;

/// A stop that is ready is at most that far ahead, in s.
const LONGEST_LEAD_S: f64 = 0.5;
