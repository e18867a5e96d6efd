//! What a stop on the path would take, known at every tick before anyone asks for it.
//!
//! A stop from a place a little ahead is always ready: go on at the present rate to there, then come to rest. It can be
//! carried out until that place is passed, so its time and its way are bounds that a stop asked for meanwhile keeps. The
//! next one is sought meanwhile, some stretches at each tick, and takes its place in time.
//!
//! **Invariant:** while the rate is constant, or going to be, there is a stop that is ready, if any was found at all.

use servomesh_types::{JointVec, Stopping};

use super::law::{Law, PathTime};
use super::stretch::{Room, View};
use super::transition::{NODES, Node, Transition};
use crate::state::State;

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
}

/// How far each joint goes from some places to the end: never less than it does.
#[derive(Clone, Debug)]
struct Way {
    /// Where on the path they are, in the direction it is passed in, with what is left from there on.
    places: [(f64, JointVec); PLACES],
    /// The path at the place looked at last.
    before: State,
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
        }
    }

    /// The stop that could be carried out from `u` on, if there is one.
    pub(crate) fn ready(&self, u: f64) -> Option<&Stop> {
        (self.ready.found && u <= self.ready.from).then_some(&self.ready)
    }

    /// Finds the stop that is ready under a new law, at once.
    pub(crate) fn renew(&mut self, law: &Law, view: &View<'_>, room: &Room, u: f64) {
        let (settled, _) = law.settled();
        self.begin(law, view, room, u, settled.max(u));
        self.complete(law, view, room, u);
        std::mem::swap(&mut self.ready, &mut self.next);
        self.next.found = false;
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
        if self.ready.found && self.ready.from == f64::INFINITY {
            return;
        }
        let lead = {
            let ticks = (1.3 * f64::from(self.effort) / f64::from(stretches.max(1))).ceil() + 2.0;
            (ticks * step).clamp(step, LONGEST_LEAD_S)
        };
        if self.ready.found && u + step > self.ready.from {
            // It is passed before the next tick.
            self.complete(law, view, room, u);
            if !self.next.found || u + step > self.next.from {
                self.begin(law, view, room, u, u + lead);
                self.complete(law, view, room, u);
            }
            std::mem::swap(&mut self.ready, &mut self.next);
            self.next.found = false;
        } else if !self.ready.found && self.next.found {
            std::mem::swap(&mut self.ready, &mut self.next);
        }
        if self.work == Work::Idle && !self.next.found {
            let from = if self.ready.found {
                self.ready.from.max(u)
            } else {
                u
            };
            if from < f64::INFINITY {
                self.begin(law, view, room, u, from + lead);
            }
        }
        for _ in 0..stretches {
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
        next.found = false;
        next.from = from;
        self.taken = 0;
        let (settled, rest) = law.settled();
        let start = view.along(law.at(from));
        let end = view.end().unwrap_or(f64::INFINITY);
        self.work = if rest.rate == 0.0 {
            // The law is a stop already.
            (next.from, next.until, next.end) = (f64::INFINITY, settled.max(u), rest);
            Work::Measure {
                start: view.along(law.at(u)).s,
                place: 0,
            }
        } else if start.s >= end {
            let until = law.when_at(end).unwrap_or(settled);
            (next.from, next.until, next.end) = (f64::INFINITY, until.max(u), PathTime::steady(end, 0.0));
            Work::Measure {
                start: view.along(law.at(u)).s,
                place: 0,
            }
        } else {
            self.search.begin(view, start, 0.0, room, STRETCHES);
            Work::Seek
        };
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
                next.way.measure(view, place, [start, middle, end]);
                self.work = Work::Measure {
                    start,
                    place: place + 1,
                };
                if place as usize + 1 == PLACES {
                    self.effort = self.taken;
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
            self.effort = self.taken;
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
            way: Way {
                places: [(0.0, JointVec::EMPTY); PLACES],
                before: State::default(),
            },
            found: false,
        }
    }
}

impl Way {
    /// What is left from σ on.
    fn left(&self, sigma: f64) -> JointVec {
        let k = self
            .places
            .partition_point(|place| place.0 <= sigma)
            .saturating_sub(1);
        self.places[k].1
    }

    /// Looks at place number `place` between start, middle and end; half of the places lie before the middle.
    fn measure(&mut self, view: &View<'_>, place: u32, [start, middle, end]: [f64; 3]) {
        let half = (PLACES / 2) as u32;
        let at = |k: u32| {
            if k < half {
                start + (middle - start) * f64::from(k) / f64::from(half)
            } else {
                middle + (end - middle) * f64::from(k - half) / f64::from(half - 1)
            }
        };
        let (index, to) = (place as usize, at(place));
        let here = view.at(to).state;
        let n = here.position.len();
        self.places[index] = (to, JointVec::zeros(n));
        if place == 0 {
            self.before = here;
            return;
        }
        let ds = to - at(place - 1);
        let step = JointVec::from_fn(n, |i| {
            let (v0, v1) = (self.before.velocity[i], here.velocity[i]);
            let net = (here.position[i] - self.before.position[i]).abs();
            // A joint that turns in between goes farther than from end to end.
            let (a0, a1) = (self.before.acceleration[i], here.acceleration[i]);
            let (slow, bend) = (v0.abs().min(v1.abs()), a0.abs().max(a1.abs()) * ds);
            let turning = if v0 * v1 < 0.0 {
                2.0 * slow * ds
            } else if a0 * a1 < 0.0 && slow < bend {
                0.5 * bend * ds
            } else {
                0.0
            };
            (net + turning) * (1.0 + ROUNDING)
        });
        for before in &mut self.places[..index] {
            for i in 0..n {
                before.1[i] += step[i];
            }
        }
        self.before = here;
    }
}

/// How finely the stop that is ready is sought: see [`Transition::begin`].
const STRETCHES: f64 = 20.0;

/// Where the way is measured; half of them before the stop leaves the present law.
const PLACES: usize = 24;

/// Share of the way for rounding, and for what the places miss.
const ROUNDING: f64 = 1e-6;

/// A stop that is ready is at most that far ahead, in s.
const LONGEST_LEAD_S: f64 = 0.5;
