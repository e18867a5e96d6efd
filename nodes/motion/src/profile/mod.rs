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
//! | `run` | one axis to a velocity |
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
mod root;
mod run;
mod track;
mod transfer;

pub use planned::Profile;

use servomesh_types::{GroupDescription, JointVec};

use crate::bounds::{Bounds, Excess, Quantity};
use crate::state::State;
use axis::Limits;
use journey::{Journey, Task};
use line::Line;
use run::Run;
use track::Track;
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

/// No motion within the limits does what was asked.
#[derive(Clone, Debug, PartialEq)]
pub enum NoProfile {
    /// The question makes no sense.
    Unsolved {
        /// What is wrong with it.
        reason: String,
    },
    /// What leads there goes beyond a limit on its way.
    Beyond(Excess),
    /// The straight line that was asked for can't be kept.
    NotStraight {
        /// A joint whose velocity or acceleration leads off the line, or beyond its limit there.
        joint: usize,
    },
}

impl NoProfile {
    /// The sentence that says why.
    pub fn describe(&self, group: &GroupDescription) -> String {
        match self {
            Self::Unsolved { reason } => format!("no motion within the limits leads there: {reason}"),
            Self::Beyond(excess) => format!("the way there: {}", excess.describe(group)),
            Self::NotStraight { joint } => format!(
                "no straight line in joint space leads there: joint {} is moving off it, or beyond its limit",
                group.joint_name(*joint)
            ),
        }
    }
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
        let straight = match synchronization {
            Synchronization::Phase | Synchronization::Straight => {
                let way = JointVec::from_fn(target.len(), |i| target[i] - from.position[i]);
                Line::through(&way, &from.velocity, &from.acceleration, bounds)
                    .and_then(|line| line.releases(from, bounds).map(|()| line))
                    .map_err(|joint| NoProfile::NotStraight { joint })
                    .and_then(|line| along(&line, from, target, bounds))
            }
            Synchronization::Time | Synchronization::None => Err(NoProfile::NotStraight { joint: 0 }),
        };
        if synchronization == Synchronization::Straight {
            let (line, task, journey) = straight?;
            return Ok(on_line(&line, &task, &journey, from, target));
        }
        let duration = self.set_out(from, target, bounds)?;
        if let Ok((line, task, journey)) = straight
            && journey.duration() <= duration * (1.0 + NO_LONGER)
        {
            return Ok(on_line(&line, &task, &journey, from, target));
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
        let n = target.len();
        for i in 0..n {
            if target[i].abs() > bounds.velocity[i] * (1.0 + crate::bounds::SLACK) {
                return Err(NoProfile::Beyond(Excess {
                    joint: i,
                    quantity: Quantity::Velocity,
                    time_s: 0.0,
                    value: target[i],
                    limit: bounds.velocity[i],
                }));
            }
        }
        self.runs.clear();
        let mut duration = 0.0_f64;
        for i in 0..n {
            let pace = Pace {
                v: from.velocity[i],
                a: from.acceleration[i],
            };
            let run = Run::new(from.position[i], pace, target[i], &limits(bounds, i));
            duration = duration.max(run.duration());
            self.runs.push(run);
        }
        let ends_at_rest = target.max_abs() == 0.0;
        let mut profile = Profile::new(n);
        if matches!(
            synchronization,
            Synchronization::Phase | Synchronization::Straight
        ) {
            let change = JointVec::from_fn(n, |i| target[i] - from.velocity[i]);
            // Velocities are to this line what positions are to others.
            let line = Line::through(&JointVec::zeros(n), &change, &from.acceleration, bounds);
            let line = line
                .and_then(|line| line.releases(from, bounds).map(|()| line))
                .map_err(|joint| NoProfile::NotStraight { joint });
            let straight = line.map(|line| {
                let run = Run::new(0.0, Pace { v: 0.0, a: line.a }, line.v, &line.limits);
                (line, run)
            });
            match straight {
                Ok((line, run))
                    if synchronization == Synchronization::Straight
                        || run.duration() <= duration * (1.0 + NO_LONGER) =>
                {
                    let mut track = Track::starting(0.0, 0.0, 0.0);
                    run.write(None, &mut track);
                    for i in 0..n {
                        let (p, v) = (from.position[i], from.velocity[i]);
                        let own = profile.track_mut(i);
                        own.clone_from(&track);
                        own.scale(line.direction[i]);
                        own.carry(v);
                        own.shift(p);
                        own.start_at(v, from.acceleration[i]);
                        own.end_at(own.end().p, target[i], 0.0);
                    }
                    profile.close(run.duration(), ends_at_rest);
                    return Ok(profile);
                }
                Err(error) if synchronization == Synchronization::Straight => return Err(error),
                _ => {}
            }
        }
        for (i, run) in self.runs.iter().enumerate() {
            let lasting = (synchronization != Synchronization::None).then_some(duration);
            run.write(lasting, profile.track_mut(i));
        }
        profile.close(duration, ends_at_rest);
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

/// The way along a line.
fn along(
    line: &Line,
    from: &State,
    target: &JointVec,
    bounds: &Bounds,
) -> Result<(Line, Task, Journey), NoProfile> {
    let of = |i: usize| range(from, target, bounds, i);
    let task = Task {
        v: line.v,
        a: line.a,
        distance: line.distance,
        limits: line.limits,
        range: line.range(|i| of(i).0 - from.position[i], |i| of(i).1 - from.position[i]),
    };
    match Journey::quickest(&task) {
        Ok(journey) => Ok((*line, task, journey)),
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

fn on_line(line: &Line, task: &Task, journey: &Journey, from: &State, target: &JointVec) -> Profile {
    let mut profile = Profile::new(target.len());
    let mut track = Track::starting(0.0, 0.0, 0.0);
    journey.write(task, None, &mut track);
    for i in 0..target.len() {
        let own = profile.track_mut(i);
        own.clone_from(&track);
        own.scale(line.direction[i]);
        own.shift(from.position[i]);
        own.start_at(from.velocity[i], from.acceleration[i]);
        own.end_at(target[i], 0.0, 0.0);
    }
    profile.close(journey.duration(), true);
    profile
}

fn limits(bounds: &Bounds, joint: usize) -> Limits {
    Limits {
        up: bounds.velocity[joint],
        down: bounds.velocity[joint],
        acceleration: bounds.acceleration[joint],
        jerk: bounds.jerk[joint],
    }
}

/// The positions one joint may pass: its range, widened to where it starts and, by no more than rounding, to its target.
fn range(from: &State, target: &JointVec, bounds: &Bounds, joint: usize) -> (f64, f64) {
    let p = from.position[joint];
    let (lowest, highest) = bounds.interval(joint, Quantity::Position);
    let target = target[joint].clamp(lowest, highest);
    let rounding = RANGE_SLACK.max(ROUNDING * p.abs().max(target.abs()));
    (
        bounds.lower[joint].min(p).min(target) - rounding,
        bounds.upper[joint].max(p).max(target) + rounding,
    )
}

/// Refuses what no motion could be calculated from.
fn check(from: &State, target: &JointVec, bounds: &Bounds) -> Result<(), NoProfile> {
    let n = target.len();
    let unsolved = |reason: String| Err(NoProfile::Unsolved { reason });
    let lengths = [
        from.position.len(),
        from.velocity.len(),
        from.acceleration.len(),
        bounds.lower.len(),
        bounds.upper.len(),
        bounds.velocity.len(),
        bounds.acceleration.len(),
        bounds.jerk.len(),
    ];
    if lengths.iter().any(|len| *len != n) {
        return unsolved(format!(
            "{n} targets for {lengths:?} positions, velocities … and limits"
        ));
    }
    for i in 0..n {
        let numbers = [
            ("position", from.position[i]),
            ("velocity", from.velocity[i]),
            ("acceleration", from.acceleration[i]),
            ("target", target[i]),
        ];
        for (what, value) in numbers {
            if !value.is_finite() {
                return unsolved(format!("{what} {i} is {value}, which is not a finite number"));
            }
        }
        let limits = [
            ("velocity", bounds.velocity[i]),
            ("acceleration", bounds.acceleration[i]),
            ("jerk", bounds.jerk[i]),
        ];
        for (what, limit) in limits {
            if !(limit > 0.0 && limit.is_finite()) {
                return unsolved(format!(
                    "limit {i} of {what} is {limit}, which is not above zero and finite"
                ));
            }
        }
    }
    Ok(())
}

/// A straight line takes no longer if the difference is rounding.
const NO_LONGER: f64 = 1e-9;

/// Share of a position that is rounding.
const ROUNDING: f64 = 1e-14;

/// Rounding of positions against their range, in rad or m.
const RANGE_SLACK: f64 = 1e-9;

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
