//! How a planned path q(s) is run in real time: override, pause, resume, steps back and stops, all by time scaling.
//!
//! | room | what it decides |
//! |---|---|
//! | `law` | s(u): where on its own time the path is at the real time u |
//! | `stretch` | how hard the rate ṡ may change on a short stretch, so that no joint breaks a limit |
//! | `transition` | from one rate to another as fast as the limits allow |
//! | `stopping` | what a stop would take, known before anyone asks |
//!
//! A wish (a rate, a pause, …) is taken on once its transition is found and checked to its end; until then the present law
//! goes on. A constant rate up to 1 needs no check: there the joints do less than what was planned.
//!
//! **Invariant:** at every moment there is a law whose transition was checked to its end, and whose rate is constant from
//! there on.

pub(crate) mod law;
pub(crate) mod stopping;
pub(crate) mod stretch;
pub(crate) mod transition;

use servomesh_types::{JointVec, Stopping};

use crate::bounds::Bounds;
use crate::path_time::PathTime;
use crate::state::State;
use crate::timed_path::TimedPath;
use law::{Law, same_rate};
use stopping::{Stops, way_between};
use stretch::{Room, View};
use transition::{Node, Transition, append};

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
        let mut pace = Self {
            room: Room {
                acceleration: bounds.acceleration,
                jerk: bounds.jerk,
            },
            law: Law::steady(1.0),
            returning: None,
            wish: Wish {
                rate: 1.0,
                paused: false,
                stopped: false,
                back: 0.0,
            },
            retry: None,
            attempt: None,
            replaced: None,
            stops: Stops::new(),
            search: Transition::new(),
            ticked: None,
        };
        pace.renew(path, 0.0);
        pace
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

    /// Comes to rest within `longest`, in s, for good; tells whether there is such a stop on the path.
    pub fn stop(&mut self, path: &TimedPath, u: f64, longest: f64) -> bool {
        self.stop_as_announced(path, u, longest, None)
    }

    /// The same; where no stop is ready, it takes no more than `announced` either.
    pub(crate) fn stop_as_announced(
        &mut self,
        path: &TimedPath,
        u: f64,
        longest: f64,
        announced: Option<&Stopping>,
    ) -> bool {
        if self.wish.stopped {
            return true;
        }
        self.attempt = None;
        let u = u.max(0.0);
        if let Some((when, law)) = self.replaced.take()
            && when >= u
        {
            self.law = law;
            self.renew(path, u);
        }
        let (_, rest) = self.law.settled();
        let view = self.view(path, u);
        if rest.rate == 0.0 {
            // Under way to a rest, or there; a way back may be left sooner.
            let _ = self.returning.is_some_and(|until| u < until) && self.leave_the_way_back(path, u);
            let (settled, _) = self.law.settled();
            self.wish.stopped = settled - u <= longest;
            return self.wish.stopped;
        }
        let now = self.law.at(u);
        self.search.begin(&view, now, 0.0, &self.room, FINE);
        self.search.search(&view, &self.room);
        let ready = self.stops.ready(u);
        let keeps = |until: f64, s: f64| match (ready, announced) {
            // On the same path, what ends sooner leads no farther.
            (Some(ready), _) => until <= ready.until && s <= ready.end.s,
            (None, Some(announced)) => {
                let way = way_between(&view, &self.room, now.s, s);
                until - u <= announced.time_s
                    && way.iter().zip(announced.distance.iter()).all(|(w, d)| w <= d)
            }
            (None, None) => true,
        };
        // A path that runs on has an end, but no rest there.
        let end = self.end(path).filter(|_| path.ends_at_rest());
        let sooner = self
            .search
            .found()
            .last()
            .map(|node| (u + node.u, node.time.s))
            .filter(|(until, s)| keeps(*until, *s) && end.is_none_or(|end| *until <= end));
        let (until, from) = match (sooner, ready) {
            (Some((until, _)), _) => (until, Some(u)),
            (None, Some(ready)) => (ready.until, Some(ready.from).filter(|from| from.is_finite())),
            (None, None) => {
                let end = end.filter(|end| keeps(*end, path.duration()));
                (end.unwrap_or(f64::INFINITY), None)
            }
        };
        if until - u > longest {
            return false;
        }
        match (from, sooner.is_some(), ready) {
            (Some(_), true, _) => {
                self.law.cut(u);
                append(&mut self.law, u, &view, self.search.found());
            }
            (Some(from), false, Some(ready)) => {
                self.law.cut_ahead(u, from);
                append(&mut self.law, from, &view, &ready.nodes);
            }
            _ => {
                // The end of the path comes first.
                self.stop_at_the_end(path, u);
            }
        }
        self.wish.stopped = true;
        self.retry = None;
        self.renew(path, u);
        true
    }

    /// Runs to the path's end, which is at rest, for good.
    pub(crate) fn stop_at_the_end(&mut self, path: &TimedPath, u: f64) {
        let end = path.duration();
        if let Some(until) = self.law.when_at(end) {
            self.law.cut(until);
            self.law.push(until, PathTime::steady(end, 0.0));
            self.wish.stopped = true;
            self.renew(path, u);
        }
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

    /// Turns the present law towards what was asked for, at once if that is found soon; else ticks go on looking.
    fn pursue(&mut self, path: &TimedPath, u: f64) {
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
                return self.take_found(path, u, *from, 0);
            }
        }
        // At rest, later is no different.
        self.begin_attempt(path, u, usize::from(rest.rate == 0.0));
    }

    /// The rate to turn to, unless the present law leads to what was asked for, or will be turned to it later.
    fn missing(&mut self, path: &TimedPath, u: f64) -> Option<f64> {
        (self.retry, self.attempt) = (None, None);
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
    fn try_again(&mut self, path: &TimedPath, u: f64) {
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
    fn attempt(&mut self, path: &TimedPath, u: f64, stretches: u32) {
        let Some(Attempt { from, share }) = self.attempt else {
            return;
        };
        let (_, rest) = self.law.settled();
        let at_rest = rest.rate == 0.0;
        let view = self.view(path, u);
        for _ in 0..stretches * ATTEMPT_SHARE {
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
        self.attempt = None;
        self.retry = (self.wish.back > 0.0 || share > 0).then_some(self.law.settled().0);
        self.renew(path, u);
    }

    /// Comes to rest on the way back before its end; tells whether that is sooner.
    fn leave_the_way_back(&mut self, path: &TimedPath, u: f64) -> bool {
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
    ///
    /// Speeding up backwards is a transition on the path as seen backwards; coming to rest is one that speeds up
    /// forwards, run back in time.
    fn go_back(&mut self, path: &TimedPath, u: f64) -> bool {
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

    fn renew(&mut self, path: &TimedPath, u: f64) {
        let view = self.view(path, u);
        self.stops.renew(&self.law, &view, &self.room, u);
    }

    fn view<'a>(&self, path: &'a TimedPath, u: f64) -> View<'a> {
        let backwards = self.returning.is_some_and(|until| u < until);
        View { path, backwards }
    }
}

/// What a stop beside the path takes at most: each joint lets its acceleration go, then brakes.
pub fn stopping_beside(state: &State, bounds: &Bounds) -> Stopping {
    let n = state.velocity.len();
    let mut stopping = Stopping {
        time_s: 0.0,
        distance: JointVec::zeros(n),
    };
    for i in 0..n {
        let (v, a) = (state.velocity[i].abs(), state.acceleration[i].abs());
        let (most, jerk) = (bounds.acceleration[i], bounds.jerk[i]);
        let settle = a / jerk;
        let speed = v + 0.5 * a * settle;
        let braking = if speed * jerk > most * most {
            speed / most + most / jerk
        } else {
            2.0 * (speed / jerk).sqrt()
        };
        stopping.time_s = stopping.time_s.max(settle + braking);
        stopping.distance[i] = speed * (settle + 0.5 * braking);
    }
    stopping
}

/// How finely a transition is sought that was asked for: see [`Transition::begin`].
const FINE: f64 = 40.0;

/// After that, what could not be found is tried again, in s.
const RETRY_S: f64 = 0.05;

/// Shares of the way up to the rate asked for that are tried one after the other. Limits leave room for any low enough
/// rate: what a path does at the rate ṡ falls with ṡ, ṡ² and ṡ³.
const SHARES: [f64; 6] = [1.0, 0.5, 0.2, 0.05, 1e-2, 1e-3];

/// How far ahead ticks look for a way to leave a steady rate, in s.
const ATTEMPT_S: f64 = 0.15;

/// What such a search may take, in steps; most take a third of it.
const ATTEMPT_STEPS: u32 = 300;

/// Steps of that search to each stretch of the budget.
const ATTEMPT_SHARE: u32 = 2;

/// A way back that is not worth going, in s of the path.
const SHORTEST_WAY_S: f64 = 1e-6;

const GO_BACK_TRIES: u32 = 16;

/// What is taken as the step from tick to tick, in s.
const SHORTEST_TICK_S: f64 = 1e-4;
const LONGEST_TICK_S: f64 = 0.02;
