//! Whether a motion can run along a straight line in joint space, and what it may do there.
//!
//! **Invariant:** an axis along the line that keeps its limits lets every joint keep its own.

use servomesh_types::JointVec;

use super::axis::Limits;
use super::question::NoProfile;
use super::transfer::Pace;
use crate::bounds::Bounds;
use crate::state::State;

/// The axis along a line: joint i moves by `direction[i]` per unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) direction: JointVec,
    pub(super) distance: f64,
    pub(super) v: f64,
    pub(super) a: f64,
    pub(super) limits: Limits,
}

impl Line {
    /// The line on which a joint moves by `way`, with velocity `v` at its start, and on which the accelerations of `from`
    /// can be taken back.
    ///
    /// # Errors
    /// With a joint that is off the line, or that leaves its velocities there.
    #[inline]
    pub(super) fn through(
        way: &JointVec,
        v: &JointVec,
        from: &State,
        bounds: &Bounds,
    ) -> Result<Self, NoProfile> {
        let a = &from.acceleration;
        let n = way.len();
        // Each in the time that its joint's limits set, so that what is larger is known to more digits.
        let shares = |vector: &JointVec, scale: &dyn Fn(usize) -> f64| {
            (0..n).fold((0.0_f64, 0), |most, i| {
                let share = vector[i].abs() / scale(i);
                if share > most.0 { (share, i) } else { most }
            })
        };
        let velocity = |i: usize| bounds.velocity[i];
        let acceleration = |i: usize| bounds.acceleration[i];
        let length =
            |i: usize| velocity(i) * (velocity(i) / acceleration(i)).max(acceleration(i) / bounds.jerk[i]);
        let (far, fast, hard) = (
            shares(way, &length),
            shares(v, &velocity),
            shares(a, &acceleration),
        );
        let (direction, lead) = if far.0 >= fast.0 && far.0 >= hard.0 {
            (way, far.1)
        } else if fast.0 >= hard.0 {
            (v, fast.1)
        } else {
            (a, hard.1)
        };
        let unit = direction[lead];
        if unit == 0.0 {
            // Nothing to do: any line is right.
            let direction = JointVec::zeros(n);
            let limits = Limits {
                up: 1.0,
                down: 1.0,
                acceleration: 1.0,
                jerk: 1.0,
            };
            return Ok(Self {
                direction,
                distance: 0.0,
                v: 0.0,
                a: 0.0,
                limits,
            });
        }
        let direction = JointVec::from_fn(n, |i| direction[i] / unit);
        // Where the velocity's limit is near, little acceleration can build up, whatever its own limit.
        let hardest = |i: usize| {
            let fastest = velocity(i).max(v[i].abs());
            acceleration(i)
                .min((fastest * bounds.jerk[i]).sqrt())
                .max(a[i].abs())
        };
        let (distance, speed, thrust) = (way[lead], v[lead], a[lead]);
        for i in 0..n {
            let off = |value: f64, along: f64| (value - direction[i] * along).abs();
            if off(way[i], distance) > OFF
                || off(v[i], speed) > ROUNDING * velocity(i)
                || off(a[i], thrust) > ROUNDING * hardest(i)
            {
                return Err(NoProfile::NotStraight { joint: i });
            }
        }
        let least = |limit: &JointVec| {
            (0..n)
                .filter(|i| direction[*i] != 0.0)
                .map(|i| limit[i] / direction[i].abs())
                .fold(f64::INFINITY, f64::min)
        };
        let up = least(&bounds.velocity);
        let limits = Limits {
            up,
            down: up,
            acceleration: least(&bounds.acceleration),
            jerk: least(&bounds.jerk),
        };
        let line = Self {
            direction,
            distance,
            v: speed,
            a: thrust,
            limits,
        };
        line.releases(from, bounds)?;
        Ok(line)
    }

    /// Whether taking the acceleration back along the line leads no joint farther beyond its velocity than it must go by
    /// itself; else a joint that does.
    fn releases(&self, from: &State, bounds: &Bounds) -> Result<(), NoProfile> {
        let rise = self.a * self.a.abs() / (2.0 * self.limits.jerk);
        for (i, d) in self.direction.iter().enumerate() {
            let (v, a) = (from.velocity[i], from.acceleration[i]);
            let alone = Pace { v, a }.released(bounds.jerk[i]);
            let most = bounds.velocity[i].max(v.abs()).max(alone.abs());
            if (v + d * rise).abs() > most * (1.0 + BEYOND) {
                return Err(NoProfile::NotStraight { joint: i });
            }
        }
        Ok(())
    }

    /// Where on the line all joints are within their ranges: `lower` and `upper`, relative to the start.
    pub(super) fn range(&self, lower: impl Fn(usize) -> f64, upper: impl Fn(usize) -> f64) -> (f64, f64) {
        let mut range = (f64::NEG_INFINITY, f64::INFINITY);
        for (i, d) in self.direction.iter().enumerate() {
            if *d > 0.0 {
                range = (range.0.max(lower(i) / d), range.1.min(upper(i) / d));
            } else if *d < 0.0 {
                range = (range.0.max(upper(i) / d), range.1.min(lower(i) / d));
            }
        }
        range
    }
}

/// Share of a velocity that is rounding.
const BEYOND: f64 = 1e-10;

/// How far off the line a joint's target may be by rounding, in rad or m.
const OFF: f64 = 1e-9;

/// Share of a limit that may be rounding in a state of an earlier motion.
const ROUNDING: f64 = 1e-13;
