//! One axis from any state to rest at a place, within its limits and its range: braking into the limits first where they
//! are exceeded, then the quickest motion or one that lasts as long as asked.
//!
//! Where that would leave the range, the axis first brakes as hard as it can for a while; braking until the velocity is zero
//! turns it around as early as anything could that keeps the velocity's limit on the way back. The shortest such braking
//! that helps is taken.
//!
//! **Invariant:** whatever a [`Journey`] hands out stays in its range; there is none where nothing found does.

use super::axis::{Ahead, Limits};
use super::braking;
use super::track::Track;
use super::transfer::Pace;

/// Where one axis goes, relative to its start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task {
    pub(super) v: f64,
    pub(super) a: f64,
    pub(super) distance: f64,
    pub(super) limits: Limits,
    /// Lowest and highest position.
    pub(super) range: (f64, f64),
}

/// The way there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Journey {
    ahead: Ahead,
    /// How long what comes before it takes: braking into the limits, or off an end stop.
    start_s: f64,
    /// How long it brakes hard off an end stop, and whether that is the upper or the lower one.
    hard: (f64, f64),
}

impl Journey {
    /// The quickest; if none stays in the range, the position farthest beyond it with its time.
    #[inline]
    pub(super) fn quickest(task: &Task) -> Result<Self, (f64, f64)> {
        let first = Self::braking(task, (0.0, 0.0));
        if task.distance < task.range.0 || task.distance > task.range.1 {
            return Err((first.duration(), task.distance));
        }
        if first.cannot_leave(task) {
            return Ok(first);
        }
        let mut track = Track::starting(0.0, task.v, task.a);
        first.write(task, None, &mut track);
        let Some(beyond) = task.leaves(&track) else {
            return Ok(first);
        };
        let sign = task.side(beyond.1);
        for hard in first.hard_brakings(task, sign) {
            let journey = Self::braking(task, (hard, sign));
            journey.write(task, None, &mut track);
            if task.leaves(&track).is_none() {
                return Ok(journey);
            }
        }
        Err(beyond)
    }

    /// Of the quickest, in s.
    pub(super) fn duration(&self) -> f64 {
        self.start_s + self.ahead.duration()
    }

    /// The quickest, or one that lasts as long.
    #[inline]
    pub(super) fn write(&self, task: &Task, lasting: Option<f64>, track: &mut Track) {
        track.restart(0.0, task.v, task.a);
        if self.start_s > 0.0 {
            start(task, self.hard, track);
        }
        let motion = match lasting {
            Some(duration) => self.ahead.lasting(duration - self.start_s),
            None => self.ahead.quickest(),
        };
        motion.append_to(track);
        track.end_at(task.distance, 0.0, 0.0);
    }

    /// One that lasts as long and stays in the range: at worst the quickest, which then waits at the target.
    pub(super) fn write_lasting(&self, task: &Task, duration: f64, track: &mut Track) {
        self.write(task, Some(duration), track);
        if self.cannot_leave(task) {
            return;
        }
        let Some((_, beyond)) = task.leaves(track) else {
            return;
        };
        let sign = task.side(beyond);
        // What has been braked already was forced, and against the same end.
        for hard in self.hard_brakings(task, sign) {
            let journey = Self::braking(task, (self.hard.0 + hard, sign));
            if journey.duration() <= duration {
                journey.write(task, Some(duration), track);
                if task.leaves(track).is_none() {
                    return;
                }
            }
        }
        self.write(task, None, track);
    }

    /// Whether it is plain that it stays in the range, which holds its ends, however long it lasts.
    fn cannot_leave(&self, task: &Task) -> bool {
        let (lower, upper) = task.range;
        (self.start_s == 0.0 && self.ahead.goes_straight())
            || (lower == f64::NEG_INFINITY && upper == f64::INFINITY)
    }

    #[inline]
    fn braking(task: &Task, hard: (f64, f64)) -> Self {
        let mut pace = Pace { v: task.v, a: task.a };
        let (mut start_s, mut way) = (0.0, 0.0);
        if hard.0 > 0.0 || !braking::is_within(pace, &task.limits) {
            let mut track = Track::starting(0.0, task.v, task.a);
            start(task, hard, &mut track);
            pace = braking::end_of(&track);
            (start_s, way) = (track.end().start_s, track.end().p);
        }
        Self {
            ahead: Ahead::new(pace, task.distance - way, &task.limits),
            start_s,
            hard,
        }
    }

    /// Durations of hard braking that are worth a try, rising to that at which the velocity is zero.
    fn hard_brakings(&self, task: &Task, sign: f64) -> impl Iterator<Item = f64> + use<> {
        let mut track = Track::starting(0.0, task.v, task.a);
        start(task, self.hard, &mut track);
        let longest = braking::hard_duration(braking::end_of(&track), &task.limits, sign);
        (1..=HARD_BRAKINGS).map(move |k| longest * f64::from(k) / f64::from(HARD_BRAKINGS))
    }
}

/// What is forced, at the start of a track.
fn start(task: &Task, (hard, sign): (f64, f64), track: &mut Track) {
    braking::into_limits(track, &task.limits);
    if hard > 0.0 {
        braking::hard(track, &task.limits, sign, hard);
    }
}

impl Task {
    /// Towards which end a position beyond the range lies.
    fn side(&self, position: f64) -> f64 {
        if position > self.range.1 { 1.0 } else { -1.0 }
    }

    /// The position farthest beyond the range, with its time.
    fn leaves(&self, track: &Track) -> Option<(f64, f64)> {
        let (lower, upper) = self.range;
        let mut worst = (0.0, 0.0, 0.0);
        let mut farthest = 0.0_f64;
        track.extreme_positions(|t, p| {
            farthest = farthest.max(p.abs());
            let beyond = (p - upper).max(lower - p);
            if beyond > worst.0 {
                worst = (beyond, t, p);
            }
        });
        (worst.0 > ROUNDING * farthest).then_some((worst.1, worst.2))
    }
}

/// Share of a distance that is rounding.
const ROUNDING: f64 = 1e-14;

/// How finely the duration of hard braking is searched.
const HARD_BRAKINGS: u32 = 32;
