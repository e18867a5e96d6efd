//! What a group is doing, as a function of time alone: between wishes, evaluating it late or twice changes nothing.
//!
//! **Invariant:** a motion's state at the moment it was made is the state of the motion it replaces. Rates, pauses, steps
//! back and stops keep it on its path and within the bounds it was made with; see [`mod@pace`].

use servomesh_types::{JointVec, Stamp, Stopping};
use std::time::Duration;

use crate::bounds::Bounds;
use crate::pace::{self, Entry, NotPaused, Pace};
use crate::profile::{NoProfile, PointToPoint, Profile};
use crate::state::State;
use crate::timed_path::TimedPath;

/// What a group is doing.
#[derive(Clone, Debug)]
pub enum Motion {
    /// Standing still.
    Hold(JointVec),
    /// Under way.
    Along {
        /// The path it is on.
        path: TimedPath,
        /// When the path's time is 0.
        start: Stamp,
        /// How the path is run.
        pace: Box<Pace>,
    },
}

impl Motion {
    /// A path from its start on, as it was planned within `bounds`.
    pub fn along(path: TimedPath, start: Stamp, bounds: &Bounds) -> Self {
        let pace = Box::new(Pace::new(&path, bounds));
        Self::Along { path, start, pace }
    }

    /// The same from `entry` on, which it was planned from, on to the rate `wished`, 0 … 1; `None` if the entry's rate
    /// changes and no way on from there is found.
    pub fn entering(
        path: TimedPath,
        start: Stamp,
        bounds: &Bounds,
        entry: &Entry,
        wished: f64,
    ) -> Option<Self> {
        let pace = Box::new(Pace::changing(&path, bounds, entry.time, wished)?);
        Some(Self::Along { path, start, pace })
    }

    /// The same from `rate` on, which does not change at first.
    pub fn at_rate(path: TimedPath, start: Stamp, bounds: &Bounds, rate: f64, wished: f64) -> Self {
        let pace = Box::new(Pace::at_rate(&path, bounds, rate, wished));
        Self::Along { path, start, pace }
    }

    /// A motion to rest, for good: no wish slows it down.
    pub fn to_rest(stop: Profile, start: Stamp, bounds: &Bounds) -> Self {
        let mut motion = Self::along(TimedPath::Profile(stop), start, bounds);
        if let Self::Along { path, pace, .. } = &mut motion {
            pace.stop_at_the_end(path, 0.0);
        }
        motion
    }

    /// Where the group should be at `stamp`, and how it should be moving.
    pub fn at(&self, stamp: Stamp) -> State {
        match self {
            Self::Hold(position) => State::at_rest(*position),
            Self::Along { path, start, pace } => {
                let time = pace.at(stamp.seconds_from(*start));
                time.apply(&path.at(time.s)).state
            }
        }
    }

    /// The same for the time of a measurement, which may lie shortly before the motion's start.
    pub fn when_measured(&self, stamp: Stamp) -> State {
        match self.start() {
            Some(start) if stamp < start => {
                let mut state = self.at(start);
                let before_s = start.seconds_from(stamp).min(LONGEST_LATENCY_S);
                for i in 0..state.position.len() {
                    state.position[i] -= state.velocity[i] * before_s;
                }
                state
            }
            _ => self.at(stamp),
        }
    }

    /// When it starts; `None` if it has stood still all along.
    pub fn start(&self) -> Option<Stamp> {
        match self {
            Self::Hold(_) => None,
            Self::Along { start, .. } => Some(*start),
        }
    }

    /// When its path ends at the rate it has or goes to, or comes to rest for good; `None` for a hold, and while it is
    /// paused.
    pub fn end(&self) -> Option<Stamp> {
        match self {
            Self::Hold(_) => None,
            Self::Along { path, start, pace } => pace.end(path).map(|u| *start + seconds(u)),
        }
    }

    /// How long it takes to its end at the rate it has or goes to; `None` while it is paused.
    pub fn remaining(&self, now: Stamp) -> Option<Duration> {
        match self {
            Self::Hold(_) => Some(Duration::ZERO),
            Self::Along { .. } => self.end().map(|end| end.since(now)),
        }
    }

    /// Whether it stands still from its end on.
    pub fn ends_at_rest(&self) -> bool {
        match self {
            Self::Hold(_) => true,
            Self::Along { path, pace, .. } => pace.is_stopped() || path.ends_at_rest(),
        }
    }

    /// Whether it stands still at `now` and ever after.
    pub fn is_over(&self, now: Stamp) -> bool {
        match self {
            Self::Hold(_) => true,
            Self::Along { .. } => self.ends_at_rest() && self.end().is_some_and(|end| now >= end),
        }
    }

    /// Where it stands still in the end; where its path ends, for one that runs on or is paused.
    pub fn last_position(&self) -> JointVec {
        match self {
            Self::Hold(position) => *position,
            Self::Along { path, pace, .. } => path.at(pace.last_s(path)).state.position,
        }
    }

    /// How far it is on its path, in s of the path, and how fast that goes on.
    pub fn path_time(&self, now: Stamp) -> Option<(f64, f64)> {
        match self {
            Self::Hold(_) => None,
            Self::Along { path, start, pace } => {
                let time = pace.at(now.seconds_from(*start));
                let most = if path.ends_at_rest() {
                    path.duration()
                } else {
                    f64::INFINITY
                };
                Some((time.s.clamp(0.0, most), time.rate))
            }
        }
    }

    /// The rate of its path's time: 1 as planned, 0 at rest, negative on a step back.
    pub fn rate(&self, now: Stamp) -> f64 {
        self.path_time(now).map_or(0.0, |(_, rate)| rate)
    }

    /// Share of its path that lies behind it.
    pub fn progress(&self, now: Stamp) -> f64 {
        match (self, self.path_time(now)) {
            (Self::Along { path, .. }, Some((s, _))) if s < path.duration() => s / path.duration(),
            _ => 1.0,
        }
    }

    /// Whether a pause was asked for, and no resumption since.
    pub fn is_paused(&self) -> bool {
        matches!(self, Self::Along { pace, .. } if pace.is_paused())
    }

    /// Asks for a rate of the path's time, 0 … 1; what is beyond is taken as the nearer of them.
    pub fn set_rate(&mut self, now: Stamp, rate: f64) {
        if let Self::Along { path, start, pace } = self {
            pace.set_rate(path, now.seconds_from(*start), rate);
        }
    }

    /// Asks to come to rest on the path, and to stay there.
    pub fn pause(&mut self, now: Stamp) {
        if let Self::Along { path, start, pace } = self {
            pace.pause(path, now.seconds_from(*start));
        }
    }

    /// Asks to go on after a pause.
    pub fn resume(&mut self, now: Stamp) {
        if let Self::Along { path, start, pace } = self {
            pace.resume(path, now.seconds_from(*start));
        }
    }

    /// Asks to go back along the path by `back` of its time, to its start at most, once a pause has come to rest.
    ///
    /// # Errors
    /// [`NotPaused`]; nothing changes then.
    pub fn step_back(&mut self, now: Stamp, back: Duration) -> Result<(), NotPaused> {
        match self {
            Self::Hold(_) => Err(NotPaused),
            Self::Along { path, start, pace } => {
                pace.step_back(path, now.seconds_from(*start), back.as_secs_f64())
            }
        }
    }

    /// Does what each tick has to do, once for each `now`: wishes that could not be taken on yet, and the stop that has
    /// to be ready. `stretches` says how much of that is done at most: each costs about as much as two evaluations.
    pub fn tick(&mut self, now: Stamp, stretches: u32) {
        if let Self::Along { path, start, pace } = self {
            pace.tick(path, now.seconds_from(*start), stretches);
        }
    }

    /// What a stop asked for at `now` would take at most, on the path, or beside it if none on it is known.
    pub fn stopping(&self, now: Stamp, bounds: &Bounds) -> Stopping {
        match self {
            Self::Hold(position) => Stopping {
                time_s: 0.0,
                distance: JointVec::zeros(position.len()),
            },
            Self::Along { start, pace, .. } => pace
                .stopping(now.seconds_from(*start))
                .unwrap_or_else(|| pace::stopping_beside(&self.at(now), bounds)),
        }
    }

    /// Comes to rest from here for good, on the path if it can within `longest` seconds.
    ///
    /// # Errors
    /// [`NoProfile`] if there is no such motion, which a state within the limits always has; nothing changes then.
    pub fn stop(
        &mut self,
        now: Stamp,
        bounds: &Bounds,
        longest: f64,
        point_to_point: &mut PointToPoint,
    ) -> Result<(), NoProfile> {
        if self.is_over(now) {
            return Ok(());
        }
        let present = self.at(now);
        let announced = self.stopping(now, bounds);
        let Self::Along { path, start, pace } = self else {
            return Ok(());
        };
        if pace.is_stopped() {
            return Ok(());
        }
        if present.is_at_rest() {
            // What has not begun to move need not.
            *self = Self::Hold(present.position);
            return Ok(());
        }
        if let TimedPath::Profile(_) = path {
            // The quickest stop of all, where it leads along the line the move is on.
            let still = JointVec::zeros(present.velocity.len());
            if let Ok(stop) = point_to_point.velocity(&present, &still, bounds)
                && stop.duration() <= announced.time_s
                && continues(&stop, &present)
                && is_along(
                    path,
                    pace.at(now.seconds_from(*start)).s,
                    &present.position,
                    &stop,
                )
                && leads_no_farther(&stop, &announced)
            {
                *self = Self::to_rest(stop, now, bounds);
                return Ok(());
            }
        }
        if !pace.stop_as_announced(path, now.seconds_from(*start), longest, Some(&announced)) {
            let stop = point_to_point.rest(&present, bounds)?;
            *self = Self::to_rest(stop, now, bounds);
        }
        Ok(())
    }
}

/// Whether `stop` starts where the present state is, but for rounding.
fn continues(stop: &Profile, present: &State) -> bool {
    let start = stop.at(0.0).state;
    (0..present.position.len()).all(|i| {
        (start.position[i] - present.position[i]).abs() < 1e-12
            && (start.velocity[i] - present.velocity[i]).abs() < 1e-9
            && (start.acceleration[i] - present.acceleration[i]).abs() < 1e-7
    })
}

/// Whether no joint goes farther along `stop`, which is a straight line, than was announced.
fn leads_no_farther(stop: &Profile, announced: &Stopping) -> bool {
    let (from, to) = (
        stop.at(0.0).state.position,
        stop.at(stop.duration()).state.position,
    );
    (0..to.len()).all(|i| (to[i] - from[i]).abs() <= announced.distance[i])
}

/// Whether `stop` stays on the straight line that `path` is from `s` on.
fn is_along(path: &TimedPath, s: f64, present: &JointVec, stop: &Profile) -> bool {
    let n = present.len();
    let end = stop.at(stop.duration()).state.position;
    let line = JointVec::from_fn(n, |i| end[i] - present[i]);
    let square: f64 = line.iter().map(|d| d * d).sum();
    let on_line = |position: &JointVec| {
        let way = JointVec::from_fn(n, |i| position[i] - present[i]);
        let share = if square > 0.0 {
            way.iter().zip(line.iter()).map(|(w, d)| w * d).sum::<f64>() / square
        } else {
            0.0
        };
        (0..n)
            .all(|i| (way[i] - share * line[i]).abs() < STRAIGHT)
            .then_some(share)
    };
    let sample = |k: u32, whole: f64| whole * f64::from(k) / f64::from(STRAIGHT_SAMPLES);
    let stays = (1..=STRAIGHT_SAMPLES).all(|k| {
        let share = on_line(&stop.at(sample(k, stop.duration())).state.position);
        share.is_some_and(|share| (-STRAIGHT..=1.0 + STRAIGHT).contains(&share))
    });
    // The path must lead there, and on the same line.
    let ahead = (path.duration() - s).max(0.0) + if path.ends_at_rest() { 0.0 } else { stop.duration() };
    let mut reached = false;
    stays
        && (1..=STRAIGHT_SAMPLES).all(|k| {
            let share = on_line(&path.at(s + sample(k, ahead)).state.position);
            reached |= share.is_some_and(|share| share >= 1.0 - STRAIGHT);
            share.is_some()
        })
        && reached
}

/// Seconds as a duration; the paths here are finite, and no longer than a hundred years.
pub fn seconds(s: f64) -> Duration {
    // A whole number of nanoseconds that is not before it.
    Duration::from_nanos((s.clamp(0.0, LONGEST_S) * 1e9).ceil() as u64)
}

/// Measurements are younger, so the velocity before a motion's start was that of its start, in s.
const LONGEST_LATENCY_S: f64 = 0.1;

const STRAIGHT_SAMPLES: u32 = 16;

/// How far a stop may be from a straight line and still be on it, in rad or m.
const STRAIGHT: f64 = 1e-10;

/// A path's duration is bounded so that its arithmetic can't overflow: a hundred years, in s.
const LONGEST_S: f64 = 3.2e9;
