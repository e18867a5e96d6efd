//! One axis from any state to rest at a place, within its limits and its range: braking into the limits first where they
//! are exceeded, then the quickest motion or one that lasts as long as asked.
//!
//! Where that would leave the range, the axis first brakes as hard as it can for a while; braking until the velocity is zero
//! turns it around as early as anything could. The shortest such braking that helps is taken.
//!
//! **Invariant:** whatever a [`Journey`] hands out stays in its range; there is none where nothing found does.

use super::axis::{Ahead, Limits};
use super::braking;
use super::track::Track;

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
    /// What is forced: braking into the limits, or off an end stop.
    start: Track,
    ahead: Ahead,
    hard: f64,
}

impl Journey {
    /// The quickest; if none stays in the range, the position farthest beyond it with its time.
    pub(super) fn quickest(task: &Task) -> Result<Self, (f64, f64)> {
        let first = Self::braking(task, 1.0, 0.0);
        if task.distance < task.range.0 || task.distance > task.range.1 {
            return Err((first.duration(), task.distance));
        }
        let Some(beyond) = task.leaves(&first.track(task, None)) else {
            return Ok(first);
        };
        let sign = task.side(beyond.1);
        for hard in first.hard_brakings(task, sign) {
            let journey = Self::braking(task, sign, hard);
            if task.leaves(&journey.track(task, None)).is_none() {
                return Ok(journey);
            }
        }
        Err(beyond)
    }

    /// Of the quickest, in s.
    pub(super) fn duration(&self) -> f64 {
        self.start.end().start_s + self.ahead.duration()
    }

    /// The quickest, or one that lasts as long.
    pub(super) fn track(&self, task: &Task, lasting: Option<f64>) -> Track {
        let mut track = self.start;
        let motion = match lasting {
            Some(duration) => self.ahead.lasting(duration - track.end().start_s),
            None => self.ahead.quickest(),
        };
        motion.append_to(&mut track);
        track.end_at(task.distance, 0.0, 0.0);
        track
    }

    /// One that lasts as long and stays in the range: at worst the quickest, which then waits at the target.
    pub(super) fn lasting(&self, task: &Task, duration: f64) -> Track {
        let track = self.track(task, Some(duration));
        let Some((_, beyond)) = task.leaves(&track) else {
            return track;
        };
        let sign = task.side(beyond);
        // What has been braked already was forced, and against the same end.
        for hard in self.hard_brakings(task, sign) {
            let journey = Self::braking(task, sign, self.hard + hard);
            if journey.duration() <= duration {
                let track = journey.track(task, Some(duration));
                if task.leaves(&track).is_none() {
                    return track;
                }
            }
        }
        self.track(task, None)
    }

    fn braking(task: &Task, sign: f64, hard: f64) -> Self {
        let mut start = Track::starting(0.0, task.v, task.a);
        braking::into_limits(&mut start, &task.limits);
        if hard > 0.0 {
            braking::hard(&mut start, &task.limits, sign, hard);
        }
        let ahead = Ahead::new(
            braking::end_of(&start),
            task.distance - start.end().p,
            &task.limits,
        );
        Self { start, ahead, hard }
    }

    /// Durations of hard braking that are worth a try, rising to that at which the velocity is zero.
    fn hard_brakings(&self, task: &Task, sign: f64) -> impl Iterator<Item = f64> + use<> {
        let longest = braking::hard_duration(braking::end_of(&self.start), &task.limits, sign);
        (1..=HARD_BRAKINGS).map(move |k| longest * f64::from(k) / f64::from(HARD_BRAKINGS))
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
        if lower == f64::NEG_INFINITY && upper == f64::INFINITY {
            return None;
        }
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
