//! How a planned path q(s) is run in real time: override, pause, resume, steps back and stops, all by time scaling.
//!
//! ```text
//!            wish: a rate, a pause …                    a stop
//!                     │                                   │
//!   entry ──► law s(u) ◄── seeking ◄── transition      halting ◄── stopping (ready before anyone asks)
//!                     ▲                    │               │
//!                     └── stepping_back ◄──┴── stretch ────┘
//! ```
//!
//! | room | what it decides |
//! |---|---|
//! | `law` | s(u): where on its own time the path is at the real time u |
//! | [`entry`] | at which rate a path begins that takes over from another |
//! | `stretch` | how hard the rate ṡ may change on a short stretch, so that no joint breaks a limit |
//! | `transition` | from one rate to another as fast as the limits allow |
//! | `seeking` | when a wish is taken on, and what is tried where it can't be |
//! | `hastening` | whether there is a quicker way than the one that is under way |
//! | `stepping_back` | the way back from rest, and off it |
//! | `stopping` | what a stop would take, known before anyone asks |
//! | `way` | how far joints go at most between places of a path |
//! | `halting` | which stop is made |
//!
//! A wish (a rate, a pause, …) is taken on once its transition is found and checked to its end; until then the present law
//! goes on. A constant rate up to 1 needs no check: there the joints do less than what was planned.
//!
//! **Invariant:** at every moment there is a law whose transition was checked to its end, and whose rate is constant from
//! there on.

pub mod entry;
mod halting;
mod hastening;
pub(crate) mod law;
mod seeking;
mod stepping_back;
pub(crate) mod stopping;
pub(crate) mod stretch;
pub(crate) mod transition;
mod way;

use servomesh_types::Stopping;

use crate::bounds::Bounds;
use crate::path_time::PathTime;
use crate::timed_path::TimedPath;
use law::Law;
use stopping::Stops;
use stretch::{Room, View};
use transition::{Transition, append};

pub use entry::Entry;
pub use halting::stopping_beside;

/// How one path is run. Times u are in s from the moment the path was started.
#[derive(Clone, Debug)]
pub struct Pace {
    room: Room,
    law: Law,
    /// Until when the law leads backwards.
    returning: Option<f64>,
    wish: Wish,
    /// When what could not be found is tried again.
    retry: Option<f64>,
    attempt: Option<Attempt>,
    /// From when on a quicker way is looked for, and from where on such a search under way would take over, in s.
    hasten_at: Option<f64>,
    hastening: Option<f64>,
    /// The law on its way to rest that a wish replaced, and when: what was announced then.
    replaced: Option<(f64, Law)>,
    stops: Stops,
    search: Transition,
    ticked: Option<f64>,
}

/// What was asked for.
#[derive(Clone, Copy, Debug)]
struct Wish {
    /// 0 … 1.
    rate: f64,
    paused: bool,
    /// Rest on the path is the end of it.
    stopped: bool,
    /// How far back to go while paused, in s of the path.
    back: f64,
}

/// A search for a way to the wish, on which ticks spend a little each.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    /// When it would leave the present law, in s; from rest, at any later moment too.
    from: f64,
    /// Index of the share of the wish that it is to reach.
    share: usize,
}

/// A step back is possible only while a motion is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the motion is not paused: it can step back only while it is")]
pub struct NotPaused;

impl Pace {
    /// Runs `path`, which keeps `bounds`, as it was planned.
    pub fn new(path: &TimedPath, bounds: &Bounds) -> Self {
        Self::at_rate(path, bounds, 1.0, 1.0)
    }

    /// Runs it at `rate` from its start, and goes to the rate `wished` from there; both 0 … 1.
    pub fn at_rate(path: &TimedPath, bounds: &Bounds, rate: f64, wished: f64) -> Self {
        let mut pace = Self::begun(bounds, rate, wished);
        pace.renew(path, 0.0);
        pace.pursue(path, 0.0);
        pace
    }

    /// The same from a rate that is changing; `None` if no way to the rate `wished` is found at once.
    pub(crate) fn changing(path: &TimedPath, bounds: &Bounds, time: PathTime, wished: f64) -> Option<Self> {
        if time.acceleration == 0.0 {
            return Some(Self::at_rate(path, bounds, time.rate, wished));
        }
        let mut pace = Self::begun(bounds, time.rate, wished);
        let view = pace.view(path, 0.0);
        let start = PathTime {
            s: 0.0,
            jerk: 0.0,
            ..time
        };
        pace.search.begin(&view, start, wished, &pace.room, FINE);
        pace.search.search(&view, &pace.room);
        if pace.search.found().is_empty() {
            return None;
        }
        pace.law.cut(0.0);
        append(&mut pace.law, 0.0, &view, pace.search.found());
        pace.hasten(path, 0.0);
        pace.renew(path, 0.0);
        Some(pace)
    }

    /// Before its first stop is found.
    fn begun(bounds: &Bounds, rate: f64, wished: f64) -> Self {
        Self {
            room: Room {
                acceleration: bounds.acceleration,
                jerk: bounds.jerk,
            },
            law: Law::steady(rate),
            returning: None,
            wish: Wish {
                rate: wished,
                paused: false,
                stopped: false,
                back: 0.0,
            },
            retry: None,
            attempt: None,
            hasten_at: None,
            hastening: None,
            replaced: None,
            stops: Stops::new(),
            search: Transition::new(),
            ticked: None,
        }
    }

    /// The path's time at `u`.
    pub fn at(&self, u: f64) -> PathTime {
        self.law.at(u)
    }

    /// Asks for a rate, 0 … 1; what is beyond is taken as the nearer of them.
    pub fn set_rate(&mut self, path: &TimedPath, u: f64, rate: f64) {
        if rate.is_finite() {
            self.wish.rate = rate.clamp(0.0, 1.0);
            self.pursue(path, u);
        }
    }

    /// Asks to come to rest, and to stay on the path.
    pub fn pause(&mut self, path: &TimedPath, u: f64) {
        self.wish.paused = true;
        self.pursue(path, u);
    }

    /// Asks to go on.
    pub fn resume(&mut self, path: &TimedPath, u: f64) {
        self.wish.paused = false;
        self.wish.back = 0.0;
        self.pursue(path, u);
    }

    /// Asks to go back by some seconds of the path, once it stands.
    ///
    /// # Errors
    /// [`NotPaused`].
    pub fn step_back(&mut self, path: &TimedPath, u: f64, seconds: f64) -> Result<(), NotPaused> {
        if !self.wish.paused || self.wish.stopped {
            return Err(NotPaused);
        }
        if seconds.is_finite() {
            self.wish.back += seconds.max(0.0);
            self.pursue(path, u);
        }
        Ok(())
    }

    /// Does what a tick has to do, once for each `u`: what could not be done at once, and the stop to have ready.
    pub fn tick(&mut self, path: &TimedPath, u: f64, stretches: u32) {
        let step = match self.ticked {
            Some(before) if u <= before => return,
            Some(before) => (u - before).clamp(SHORTEST_TICK_S, LONGEST_TICK_S),
            None => LONGEST_TICK_S,
        };
        self.ticked = Some(u);
        if self.attempt.is_some() {
            self.attempt(path, u, stretches);
        } else if self.retry.is_some_and(|retry| u >= retry) {
            self.try_again(path, u);
        } else {
            self.hasten_a_little(path, u.max(0.0), stretches * SEARCH_SHARE);
        }
        let view = self.view(path, u);
        self.stops
            .tick(&self.law, &view, &self.room, u.max(0.0), step, stretches);
    }

    /// What a stop asked for now would take, if one on the path is known.
    pub fn stopping(&self, u: f64) -> Option<Stopping> {
        let backwards = self.returning.is_some_and(|until| u < until);
        self.stops.stopping(&self.law, backwards, u.max(0.0))
    }

    /// The rate asked for.
    pub fn wished_rate(&self) -> f64 {
        self.wish.rate
    }

    /// Whether a pause was asked for, and no resumption since.
    pub fn is_paused(&self) -> bool {
        self.wish.paused
    }

    /// Whether it comes to rest for good.
    pub fn is_stopped(&self) -> bool {
        self.wish.stopped
    }

    /// When it comes to the path's end at the rate it has or goes to, or to rest for good, in s.
    pub fn end(&self, path: &TimedPath) -> Option<f64> {
        let (settled, rest) = self.law.settled();
        if self.wish.stopped {
            return Some(settled);
        }
        if self.returning.is_some() {
            return None;
        }
        let end = path.duration();
        if rest.rate == 0.0 && rest.s < end {
            return None;
        }
        self.law.when_at(end)
    }

    /// Where it is at rest for good, or the path's end, in s of the path.
    pub fn last_s(&self, path: &TimedPath) -> f64 {
        if self.wish.stopped {
            self.law.settled().1.s
        } else {
            path.duration()
        }
    }

    fn renew(&mut self, path: &TimedPath, u: f64) {
        let view = self.view(path, u);
        self.stops.renew(&self.law, &view, &self.room, u);
    }

    /// The same for a law that is new from `from` on.
    fn renew_from(&mut self, path: &TimedPath, u: f64, from: f64) {
        let view = self.view(path, u);
        self.stops.renew_from(&self.law, &view, &self.room, [u, from]);
    }

    fn view<'a>(&self, path: &'a TimedPath, u: f64) -> View<'a> {
        let backwards = self.returning.is_some_and(|until| u < until);
        View { path, backwards }
    }
}

/// How finely a transition is sought that was asked for: see [`Transition::begin`].
const FINE: f64 = 40.0;

/// What is taken as the step from tick to tick, in s.
const SHORTEST_TICK_S: f64 = 1e-4;
const LONGEST_TICK_S: f64 = 0.02;

/// Steps of a search for a transition to each stretch of a tick's budget.
const SEARCH_SHARE: u32 = 2;
