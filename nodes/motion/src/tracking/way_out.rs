//! What leaving a frame takes at most, told before anyone asks for it and kept afterwards: how long, and how far each joint goes. SI; times in s.
//!
//! The joints come to rest along the frame, or, where that turns out to break a limit on the way, each by itself from there. A few looks ahead along the frame tell
//! what both take. On the way, each step has to leave every joint a way to rest within what was told; the step that would not is not taken.
//!
//! **Invariant:** whatever becomes of the way out, it ends within what was told before it began; what is told on the way is what is left of that.

use servomesh_types::{JointVec, Stopping};

use crate::bounds::Bounds;
use crate::pace::stopping_beside;
use crate::state::State;

/// A way to rest along a frame, as far as it was looked at.
pub(super) struct WayOut {
    start: JointVec,
    interval_s: f64,
    stopping: Stopping,
}

impl WayOut {
    /// From `state` on, to be at rest after `duration_s`, with `looks` at even intervals.
    pub(super) fn new(state: &State, duration_s: f64, looks: usize, bounds: &Bounds) -> Self {
        let mut way = Self {
            start: state.position,
            interval_s: duration_s / looks as f64,
            stopping: Stopping {
                time_s: duration_s,
                distance: JointVec::zeros(state.position.len()),
            },
        };
        way.add(state, 0.0, bounds);
        way
    }

    /// It leads to `then`, `time_s` after its start.
    pub(super) fn add(&mut self, then: &State, time_s: f64, bounds: &Bounds) {
        let from_there = stopping_beside(then, bounds);
        let least = if self.stopping.time_s > 0.0 { ROUNDING } else { 0.0 };
        let half_s = 0.5 * self.interval_s;
        self.stopping.time_s = self.stopping.time_s.max(time_s + SPARE * from_there.time_s);
        for joint in 0..self.start.len() {
            let way = (then.position[joint] - self.start[joint]).abs() + from_there.distance[joint];
            let farthest = &mut self.stopping.distance[joint];
            // Joints may turn round between two looks.
            let more = then.acceleration[joint].abs() * half_s * half_s;
            *farthest = farthest.max(SPARE * way + more + least);
        }
    }

    /// What it takes.
    pub(super) fn stopping(&self) -> Stopping {
        self.stopping
    }
}

/// Where the joints stay, and for how long they still move at most: what was told of a stop before it began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Promise {
    lower: JointVec,
    upper: JointVec,
    left_s: f64,
}

impl Promise {
    /// That of a stop from `position`.
    pub(super) fn new(position: &JointVec, stopping: &Stopping) -> Self {
        let n = position.len();
        Self {
            lower: JointVec::from_fn(n, |i| position[i] - stopping.distance[i]),
            upper: JointVec::from_fn(n, |i| position[i] + stopping.distance[i]),
            left_s: stopping.time_s,
        }
    }

    /// The same `dt` seconds later.
    pub(super) fn after(mut self, dt: f64) -> Self {
        self.left_s = (self.left_s - dt).max(0.0);
        self
    }

    /// Whether each joint can come to rest from `state` by itself and keep it.
    pub(super) fn allows(&self, state: &State, bounds: &Bounds) -> bool {
        let stop = stopping_beside(state, bounds);
        let in_time = stop.time_s <= self.left_s + ROUNDING_S || state.is_at_rest();
        in_time
            && (0..self.lower.len()).all(|i| {
                let (p, way) = (state.position[i], stop.distance[i]);
                p - way >= self.lower[i] && p + way <= self.upper[i]
            })
    }

    /// What is left of it at `position`.
    pub(super) fn told(&self, position: &JointVec) -> Stopping {
        Stopping {
            time_s: self.left_s,
            distance: JointVec::from_fn(position.len(), |i| {
                (self.upper[i] - position[i]).max(position[i] - self.lower[i])
            }),
        }
    }
}

/// For what lies between two looks.
const SPARE: f64 = 1.15;

/// What inverse kinematics may be off, with room, in rad or m.
const ROUNDING: f64 = 1e-9;

/// What sums of ticks may be off, in s: nothing moves noticeably for so long.
const ROUNDING_S: f64 = 1e-6;
