//! What a group is doing, as a function of time alone: evaluating it late or twice changes nothing.
//!
//! **Invariant:** a motion's state at the moment it was made is the state of the motion it replaces.

use servomesh_types::{JointVec, Stamp};
use std::time::Duration;

use crate::bounds::Bounds;
use crate::profile::{NoProfile, PointToPoint, Profile};
use crate::slowdown::{self, Slowdown, Stop};
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
        /// How it comes to rest before the path's end.
        slowing: Option<Slowing>,
    },
}

/// From when on the path's time slows down.
#[derive(Clone, Copy, Debug)]
pub struct Slowing {
    from: Stamp,
    slowdown: Slowdown,
}

impl Motion {
    /// A path from its start on.
    pub fn along(path: TimedPath, start: Stamp) -> Self {
        Self::Along {
            path,
            start,
            slowing: None,
        }
    }

    /// Where the group should be at `stamp`, and how it should be moving.
    pub fn at(&self, stamp: Stamp) -> State {
        match self {
            Self::Hold(position) => State::at_rest(*position),
            Self::Along { path, start, slowing } => match slowing {
                Some(Slowing { from, slowdown }) if stamp > *from => {
                    let mut time = slowdown.at(stamp.seconds_from(*from));
                    time.s += from.seconds_from(*start);
                    time.apply(&path.at(time.s)).state
                }
                _ => path.at(stamp.seconds_from(*start)).state,
            },
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

    /// When its path ends or comes to rest; `None` for a hold.
    pub fn end(&self) -> Option<Stamp> {
        let Self::Along { path, start, slowing } = self else {
            return None;
        };
        Some(match slowing {
            Some(Slowing { from, slowdown }) => *from + seconds(slowdown.duration),
            None => *start + seconds(path.duration()),
        })
    }

    /// Whether it stands still from its end on.
    pub fn ends_at_rest(&self) -> bool {
        match self {
            Self::Hold(_) => true,
            Self::Along { path, slowing, .. } => slowing.is_some() || path.ends_at_rest(),
        }
    }

    /// Whether it stands still at `now` and ever after.
    pub fn is_over(&self, now: Stamp) -> bool {
        self.ends_at_rest() && self.end().is_none_or(|end| now >= end)
    }

    /// Where it stands still in the end; where it ends, for one that runs on.
    pub fn last_position(&self) -> JointVec {
        match (self, self.end()) {
            (Self::Hold(position), _) => *position,
            (_, Some(end)) => self.at(end + ROUNDING).position,
            (_, None) => JointVec::EMPTY,
        }
    }

    /// Comes to rest from here, on the path if it can within `longest` seconds.
    ///
    /// `path_bounds` are those a trajectory was checked against; all else keeps `bounds`.
    ///
    /// # Errors
    /// [`NoProfile`] if there is no such motion, which a state within the limits always has; nothing changes then.
    pub fn stop(
        &mut self,
        now: Stamp,
        bounds: &Bounds,
        path_bounds: &Bounds,
        longest: f64,
        point_to_point: &mut PointToPoint,
    ) -> Result<(), NoProfile> {
        let Self::Along { path, start, slowing } = self else {
            return Ok(());
        };
        let s = now.seconds_from(*start);
        if slowing.is_some() || path.ends_at_rest() && s >= path.duration() {
            return Ok(());
        }
        let present = path.at(s).state;
        let path_bounds = match path {
            TimedPath::Spline(_) => path_bounds,
            TimedPath::Timed(_) => bounds,
            TimedPath::Profile(profile) => {
                // The quickest stop of all, where it leads along the line the move is on.
                let stop =
                    point_to_point.velocity(&present, &JointVec::zeros(present.velocity.len()), bounds);
                let target = profile.at(profile.duration()).state.position;
                if let Ok(stop) = stop
                    && is_straight(&present.position, &target, &stop)
                {
                    *self = Self::along(TimedPath::Profile(stop), now);
                    return Ok(());
                }
                bounds
            }
        };
        match slowdown::plan(path, s, path_bounds, longest) {
            Some(Stop::AtTheEnd) => {}
            Some(Stop::Slow { delay, slowdown }) => {
                *slowing = Some(Slowing {
                    from: now + seconds(delay),
                    slowdown,
                });
            }
            None => {
                let stop = point_to_point.rest(&present, bounds)?;
                *self = Self::along(TimedPath::Profile(stop), now);
            }
        }
        Ok(())
    }
}

/// Whether `stop` stays on the straight line from `present` to `target`.
fn is_straight(present: &JointVec, target: &JointVec, stop: &Profile) -> bool {
    let n = present.len();
    let line = JointVec::from_fn(n, |i| target[i] - present[i]);
    let square: f64 = line.iter().map(|d| d * d).sum();
    (1..=STRAIGHT_SAMPLES).all(|k| {
        let sample = stop
            .at(stop.duration() * f64::from(k) / f64::from(STRAIGHT_SAMPLES))
            .state
            .position;
        let way = JointVec::from_fn(n, |i| sample[i] - present[i]);
        let share = if square > 0.0 {
            way.iter().zip(line.iter()).map(|(w, d)| w * d).sum::<f64>() / square
        } else {
            0.0
        };
        (-STRAIGHT..=1.0 + STRAIGHT).contains(&share)
            && (0..n).all(|i| (way[i] - share * line[i]).abs() < STRAIGHT)
    })
}

/// Seconds as a duration; the paths here are finite, and no longer than a hundred years.
pub fn seconds(s: f64) -> Duration {
    Duration::from_secs_f64(s.clamp(0.0, LONGEST_S))
}

/// Measurements are younger, so the velocity before a motion's start was that of its start, in s.
const LONGEST_LATENCY_S: f64 = 0.1;

/// An end in whole nanoseconds may lie that much before the path's own.
const ROUNDING: Duration = Duration::from_nanos(10);

const STRAIGHT_SAMPLES: u32 = 8;

/// How far a stop may be from a straight line and still be on it, in rad or m.
const STRAIGHT: f64 = 1e-4;

/// A path's duration is bounded so that its arithmetic can't overflow: a hundred years, in s.
const LONGEST_S: f64 = 3.2e9;
