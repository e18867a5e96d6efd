//! All joints along one straight line in joint space: the axis along the line is planned, and each joint takes its share.
//!
//! A start that is off the line by rounding is taken to be on it: what little a velocity or an acceleration is off would
//! lead far away in a stretch that takes hours.
//!
//! **Invariant:** each joint starts and ends exactly at its place.

use servomesh_types::JointVec;

use super::journey::{Journey, Task};
use super::line::Line;
use super::planned::Profile;
use super::question::{NoProfile, range};
use super::run::Run;
use super::track::Track;
use super::transfer::Pace;
use crate::bounds::{Bounds, Excess, Quantity};
use crate::state::State;

/// A line to a place.
pub(super) struct StraightWay {
    line: Line,
    task: Task,
    journey: Journey,
}

/// A line of velocities.
pub(super) struct StraightRun {
    line: Line,
    run: Run,
}

impl StraightWay {
    /// The quickest to rest at `target`.
    #[inline]
    pub(super) fn to(from: &State, target: &JointVec, bounds: &Bounds) -> Result<Self, NoProfile> {
        let way = JointVec::from_fn(target.len(), |i| target[i] - from.position[i]);
        let line = Line::through(&way, &from.velocity, from, bounds)?;
        let of = |i: usize| range(from, target, bounds, i);
        let task = Task {
            v: line.v,
            a: line.a,
            distance: line.distance,
            limits: line.limits,
            range: line.range(|i| of(i).0 - from.position[i], |i| of(i).1 - from.position[i]),
        };
        match Journey::quickest(&task) {
            Ok(journey) => Ok(Self { line, task, journey }),
            Err((time_s, way)) => {
                // The joint that is the first to leave its range there.
                let value = |i: usize| from.position[i] + line.direction[i] * way;
                let beyond = |i: usize| (value(i) - of(i).1).max(of(i).0 - value(i));
                let joint = (0..target.len())
                    .max_by(|a, b| beyond(*a).total_cmp(&beyond(*b)))
                    .unwrap_or(0);
                Err(NoProfile::Beyond(Excess {
                    joint,
                    quantity: Quantity::Position,
                    time_s,
                    value: value(joint),
                    limit: bounds.limit(joint, Quantity::Position, value(joint)),
                }))
            }
        }
    }

    /// In s.
    pub(super) fn duration(&self) -> f64 {
        self.journey.duration()
    }

    pub(super) fn profile(&self, from: &State, target: &JointVec) -> Profile {
        let mut profile = Profile::new(target.len());
        let mut track = Track::starting(0.0, 0.0, 0.0);
        self.journey.write(&self.task, None, &mut track);
        for i in 0..target.len() {
            let own = profile.track_mut(i);
            own.clone_from(&track);
            own.scale(self.line.direction[i]);
            own.shift(from.position[i]);
            own.end_at(target[i], 0.0, 0.0);
        }
        profile.close(self.duration(), true);
        profile
    }
}

impl StraightRun {
    /// The quickest to velocities `target`, wherever that leads.
    pub(super) fn to(from: &State, target: &JointVec, bounds: &Bounds) -> Result<Self, NoProfile> {
        let n = target.len();
        let change = JointVec::from_fn(n, |i| target[i] - from.velocity[i]);
        // Velocities are to this line what positions are to others.
        let line = Line::through(&JointVec::zeros(n), &change, from, bounds)?;
        let run = Run::new(0.0, Pace { v: 0.0, a: line.a }, line.v, &line.limits);
        Ok(Self { line, run })
    }

    /// In s.
    pub(super) fn duration(&self) -> f64 {
        self.run.duration()
    }

    pub(super) fn profile(&self, from: &State, target: &JointVec) -> Profile {
        let mut profile = Profile::new(target.len());
        let mut track = Track::starting(0.0, 0.0, 0.0);
        self.run.write(None, &mut track);
        for i in 0..target.len() {
            let own = profile.track_mut(i);
            own.clone_from(&track);
            own.scale(self.line.direction[i]);
            own.carry(from.velocity[i]);
            own.shift(from.position[i]);
            own.end_at(own.end().p, target[i], 0.0);
        }
        profile.close(self.duration(), target.max_abs() == 0.0);
        profile
    }
}
