//! Time-optimal, jerk-limited motion of a group from any state to a position, a state or a velocity.
//!
//! | file | what it decides |
//! |---|---|
//! | `track` | what a joint's motion is made of: stretches of constant jerk |
//! | `transfer` | from one velocity to another in the least time |
//! | `axis` | one axis to rest at a distance: the quickest motion, and those of given duration |
//! | `braking` | back into limits that the start exceeds; turning around as early as possible |
//! | `journey` | one axis within its limits and its range |
//! | `line` | whether joints can move along a straight line |
//! | `straight` | joints along such a line |
//! | `run` | one axis to a velocity |
//! | `question` | what can be asked at all, and [`NoProfile`] |
//! | `root` | where a function changes its sign |
//! | `planned` | [`Profile`]: all joints' motion in time |
//!
//! This page decides how joints go together: [`Synchronization`].
//!
//! A start may be beyond the limits, as when one was lowered while moving. Then the acceleration falls to its limit first,
//! and the velocity falls to its own as quickly as that allows, without falling below; from there on all limits are kept.
//!
//! **Invariant:** velocity, acceleration and jerk are within their limits at every moment but those of that braking, and
//! positions within their range. Planning allocates nothing.

mod axis;
mod braking;
mod journey;
mod line;
mod planned;
mod question;
mod root;
mod run;
mod straight;
mod track;
mod transfer;

pub use planned::Profile;
pub use question::NoProfile;

use servomesh_types::JointVec;

use crate::bounds::{Bounds, Excess, Quantity};
use crate::state::State;
use journey::{Journey, Task};
use question::{allowed, check, limits, range};
use run::Run;
use straight::{StraightRun, StraightWay};
use transfer::Pace;

/// How the joints of a group go together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronization {
    /// All arrive together, along a straight line in joint space where that takes no longer.
    #[default]
    Phase,
    /// All arrive together.
    Time,
    /// Each as soon as it can.
    None,
    /// All along a straight line in joint space, however long that takes; refused where the start leads off it, or where
    /// the least jerk of all lets a joint's velocity rise beyond its limit.
    Straight,
}

/// One group's planner of such motions.
pub struct PointToPoint {
    /// Room to work in, one for each joint.
    journeys: Vec<(Task, Journey)>,
    runs: Vec<Run>,
}

impl PointToPoint {
    /// A planner for that many joints.
    pub fn new(joints: usize) -> Self {
        Self {
            journeys: Vec::with_capacity(joints),
            runs: Vec::with_capacity(joints),
        }
    }

    /// From `from` to rest at `target`, all joints arriving together.
    ///
    /// # Errors
    /// As [`PointToPoint::position_with`].
    pub fn position(
        &mut self,
        from: &State,
        target: &JointVec,
        bounds: &Bounds,
    ) -> Result<Profile, NoProfile> {
        self.position_with(from, target, bounds, Synchronization::default())
    }

    /// From `from` to rest at `target`. A joint that starts beyond its range may come back, and goes no farther.
    ///
    /// # Errors
    /// If a number is not finite or a limit not above zero; if every way leaves the range of positions; if the straight
    /// line that was asked for can't be kept.
    pub fn position_with(
        &mut self,
        from: &State,
        target: &JointVec,
        bounds: &Bounds,
        synchronization: Synchronization,
    ) -> Result<Profile, NoProfile> {
        check(from, target, bounds)?;
        if synchronization == Synchronization::Straight {
            return Ok(StraightWay::to(from, target, bounds)?.profile(from, target));
        }
        let duration = self.set_out(from, target, bounds)?;
        if synchronization == Synchronization::Phase
            && let Ok(way) = StraightWay::to(from, target, bounds)
            && way.duration() <= duration * (1.0 + NO_LONGER)
        {
            return Ok(way.profile(from, target));
        }
        // Written where it is handed out: it is too large to be moved for nothing.
        let mut answer = Ok(Profile::new(target.len()));
        if let Ok(profile) = &mut answer {
            self.write(from, target, duration, synchronization, profile);
        }
        answer
    }

    /// From `from` to the given velocities, wherever that leads: velocities change along a straight line where that takes
    /// no longer.
    ///
    /// # Errors
    /// If a number is not finite, a limit not above zero or a velocity beyond its own.
    pub fn velocity(
        &mut self,
        from: &State,
        target: &JointVec,
        bounds: &Bounds,
    ) -> Result<Profile, NoProfile> {
        self.velocity_with(from, target, bounds, Synchronization::default())
    }

    /// From `from` to rest, each joint as soon as it can.
    ///
    /// # Errors
    /// As [`PointToPoint::velocity`].
    pub fn rest(&mut self, from: &State, bounds: &Bounds) -> Result<Profile, NoProfile> {
        let target = JointVec::zeros(from.position.len());
        self.velocity_with(from, &target, bounds, Synchronization::None)
    }

    /// From `from` to the given velocities, wherever that leads.
    ///
    /// # Errors
    /// As [`PointToPoint::velocity`]; if the straight line that was asked for can't be kept.
    pub fn velocity_with(
        &mut self,
        from: &State,
        target: &JointVec,
        bounds: &Bounds,
        synchronization: Synchronization,
    ) -> Result<Profile, NoProfile> {
        check(from, target, bounds)?;
        allowed(target, bounds)?;
        if synchronization == Synchronization::Straight {
            return Ok(StraightRun::to(from, target, bounds)?.profile(from, target));
        }
        self.runs.clear();
        let mut duration = 0.0_f64;
        for i in 0..target.len() {
            let pace = Pace {
                v: from.velocity[i],
                a: from.acceleration[i],
            };
            let run = Run::new(from.position[i], pace, target[i], &limits(bounds, i));
            duration = duration.max(run.duration());
            self.runs.push(run);
        }
        if synchronization == Synchronization::Phase
            && let Ok(run) = StraightRun::to(from, target, bounds)
            && run.duration() <= duration * (1.0 + NO_LONGER)
        {
            return Ok(run.profile(from, target));
        }
        let mut profile = Profile::new(target.len());
        for (i, run) in self.runs.iter().enumerate() {
            let lasting = (synchronization != Synchronization::None).then_some(duration);
            run.write(lasting, profile.track_mut(i));
        }
        profile.close(duration, target.max_abs() == 0.0);
        Ok(profile)
    }

    /// What [`PointToPoint::set_out`] has found, with all joints arriving at `duration` where they shall.
    fn write(
        &self,
        from: &State,
        target: &JointVec,
        duration: f64,
        synchronization: Synchronization,
        profile: &mut Profile,
    ) {
        // Where a place is kept to the last digit, it may take a last digit of time more.
        let mut arrival = duration;
        for (joint, (task, journey)) in self.journeys.iter().enumerate() {
            let track = profile.track_mut(joint);
            if synchronization == Synchronization::None || journey.duration() >= duration {
                journey.write(task, None, track);
            } else {
                journey.write_lasting(task, duration, track);
            }
            track.shift(from.position[joint]);
            track.end_at(target[joint], 0.0, 0.0);
            arrival = arrival.max(track.end().start_s);
        }
        profile.close(arrival, true);
    }

    /// Finds each joint's quickest way; how long the slowest takes, in s.
    fn set_out(&mut self, from: &State, target: &JointVec, bounds: &Bounds) -> Result<f64, NoProfile> {
        self.journeys.clear();
        let mut duration = 0.0_f64;
        for i in 0..target.len() {
            let p = from.position[i];
            let (lower, upper) = range(from, target, bounds, i);
            let task = Task {
                v: from.velocity[i],
                a: from.acceleration[i],
                distance: target[i] - p,
                limits: limits(bounds, i),
                range: (lower - p, upper - p),
            };
            let journey = Journey::quickest(&task).map_err(|(time_s, way)| {
                let value = p + way;
                NoProfile::Beyond(Excess {
                    joint: i,
                    quantity: Quantity::Position,
                    time_s,
                    value,
                    limit: bounds.limit(i, Quantity::Position, value),
                })
            })?;
            duration = duration.max(journey.duration());
            self.journeys.push((task, journey));
        }
        Ok(duration)
    }
}

/// A straight line takes no longer if the difference is rounding.
const NO_LONGER: f64 = 1e-9;

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds() -> Bounds {
        Bounds {
            lower: JointVec::from([-1.0, -1.0]),
            upper: JointVec::from([1.0, 1.0]),
            velocity: JointVec::from([1.0, 2.0]),
            acceleration: JointVec::from([5.0, 5.0]),
            jerk: JointVec::from([50.0, 50.0]),
        }
    }

    #[test]
    fn from_rest_all_joints_run_along_a_straight_line() {
        let start = State::at_rest(JointVec::from([0.1, -0.1]));
        let target = JointVec::from([0.9, 0.3]);
        let profile = PointToPoint::new(2).position(&start, &target, &bounds()).unwrap();
        for i in 0..=20 {
            let sample = profile.at(profile.duration() * f64::from(i) / 20.0);
            let p = sample.state.position;
            assert!(((p[0] - 0.1) * 0.5 - (p[1] + 0.1)).abs() < 1e-9, "{p:?}");
            assert!(bounds().allows(&sample));
        }
        let end = profile.at(profile.duration() + 1.0).state;
        assert!(end.is_at_rest() && (end.position[0] - 0.9).abs() < 1e-9);
    }

    #[test]
    fn a_velocity_is_kept() {
        let start = State::at_rest(JointVec::from([1e6, 0.0]));
        let profile = PointToPoint::new(2)
            .velocity(&start, &JointVec::from([0.5, 0.0]), &bounds())
            .unwrap();
        assert!(!profile.ends_at_rest());
        let (a, b) = (profile.at(100.0).state, profile.at(101.0).state);
        assert!((b.position[0] - a.position[0] - 0.5).abs() < 1e-6 && (b.velocity[0] - 0.5).abs() < 1e-12);
    }
}
