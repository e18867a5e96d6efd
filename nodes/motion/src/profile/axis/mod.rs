//! One axis from any pace to rest at a distance: the quickest motion there.
//!
//! The quickest motion within limits of jerk and acceleration has a ramp up, a ramp down and a ramp up again, each cut
//! off where the acceleration reaches its limit, and a cruise where the velocity reaches its own (Berscheid and Kröger,
//! "Jerk-limited Real-time Trajectory Generation with Arbitrary Target States", RSS 2021). To a target at rest there is
//! one such motion, and one number names it: the farther the target lies beyond the point where the axis could stop at
//! once, the longer the first ramp. So it is found between two brackets, without cases that meet:
//!
//! - *peak*: the velocity at which the acceleration is zero in between; at the limit there is a cruise;
//! - *waist*: the axis brakes all the way, but less in between; the least braking there.
//!
//! Seen from the stopping point the target always lies ahead: [`Ahead`] is mirrored where it lies behind. Beside this page,
//! `lasting` has the motions of a given duration, and `motion` the stretches that all are made of.
//!
//! **Invariant:** the stretches of a [`Motion`] have jerk at its limit or none, and no acceleration or velocity beyond its
//! limits.

mod lasting;
mod motion;

use super::root::{self, Local};
use super::transfer::{Pace, Transfer};
use motion::Motion;

/// What one axis may do, as magnitudes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    /// Velocity towards higher positions.
    pub(super) up: f64,
    /// Velocity towards lower ones.
    pub(super) down: f64,
    pub(super) acceleration: f64,
    pub(super) jerk: f64,
}

/// The task of one axis, with the target ahead of the stopping point.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ahead {
    /// −1 if it is mirrored.
    sign: f64,
    from: Pace,
    distance: f64,
    /// How far the target lies beyond the stopping point.
    beyond: f64,
    /// The velocity limit towards the target.
    cap: f64,
    acceleration: f64,
    jerk: f64,
    shape: Shape,
    /// To and from the cruise of the quickest motion, where that has a peak.
    at_peak: Ramps,
    duration: f64,
}

/// The ramps to a cruise and from it to rest.
#[derive(Clone, Copy, Debug, Default)]
struct Ramps {
    v: f64,
    first: Transfer,
    last: Transfer,
    /// Of both, in s.
    duration: f64,
    distance: f64,
}

/// What is special about the quickest motion.
#[derive(Clone, Copy, Debug, Default)]
enum Shape {
    /// Just stopping leads there.
    #[default]
    Stop,
    /// A cruise, which may take no time.
    Peak,
    /// The acceleration, below zero, between two times of harder braking.
    Waist(f64),
}

impl Ahead {
    /// The task to come to rest at `distance`; the pace is one from which the velocity limit can be kept.
    #[inline]
    pub(super) fn new(from: Pace, distance: f64, limits: &Limits) -> Self {
        let Limits {
            up,
            down,
            acceleration,
            jerk,
        } = *limits;
        let stop = Transfer::between(from, 0.0, acceleration, jerk);
        let stopping = stop.distance(from, 0.0);
        let sign = if distance >= stopping { 1.0 } else { -1.0 };
        let from = from.mirrored(sign);
        let limit = if sign > 0.0 { up } else { down };
        let rounding = ROUNDING * (distance.abs() + stopping.abs() + from.v.abs() * stop.duration());
        let mut ahead = Self {
            sign,
            from,
            distance: sign * distance,
            beyond: (sign * (distance - stopping) - rounding).max(0.0),
            cap: from.released(jerk).max(limit),
            acceleration,
            jerk,
            shape: Shape::Stop,
            at_peak: Ramps::default(),
            duration: stop.duration(),
        };
        if ahead.beyond > 0.0 {
            ahead.set_quickest();
        }
        ahead
    }

    /// Whether the axis never turns around: then it stays between its start and its target.
    pub(super) fn goes_straight(&self) -> bool {
        self.from.v >= 0.0 && self.from.released(self.jerk) >= 0.0
    }

    /// Of the quickest motion, in s.
    pub(super) fn duration(&self) -> f64 {
        self.duration
    }

    /// The quickest motion.
    pub(super) fn quickest(&self) -> Motion {
        match self.shape {
            Shape::Stop => self.braking(self.from, &Transfer::default()),
            Shape::Peak => self.through(&self.at_peak, self.cruise(&self.at_peak)),
            Shape::Waist(a) => self.past(self.waist(a)),
        }
    }

    fn set_quickest(&mut self) {
        let lowest = self.from.released(self.jerk).max(0.0);
        let at_cap = self.ramps(self.cap);
        let too_far = |ramps: &Ramps| ramps.distance - self.distance;
        if too_far(&at_cap) <= 0.0 {
            return self.set_peak(at_cap);
        }
        // Where the axis just has to go on taking its acceleration back, stopping leads through the lowest.
        let at_lowest = if lowest > 0.0 && self.from.a < 0.0 {
            too_far(&self.ramps(lowest))
        } else {
            -self.beyond
        };
        if at_lowest > 0.0 {
            // With the acceleration taken back at once it would go too far: it has to brake all along.
            let far = |a: f64| self.reach_past(self.waist(a)) - self.distance;
            let a = root::between(far, (self.from.a, -self.beyond), (0.0, at_lowest));
            self.shape = Shape::Waist(a);
            self.duration = self.quickest().duration();
            return;
        }
        let local = |ramps: &Ramps| {
            let (first, last) = (ramps.first.change(), ramps.last.change().reversed());
            let v = ramps.v;
            let per_velocity = first.per_velocity + last.per_velocity;
            Local {
                value: too_far(ramps),
                slope: v * per_velocity + first.half_ramp_s + last.half_ramp_s,
                curvature: first.distance_bend(v, self.jerk) + last.distance_bend(v, self.jerk),
            }
        };
        let mut ramps = at_cap;
        let at_high = local(&at_cap);
        let look = |v: f64| {
            ramps = self.ramps(v);
            local(&ramps)
        };
        let (low, high) = ((lowest, at_lowest), (self.cap, at_high.value));
        let v = root::by_parabolas(look, low, high, self.cap, at_high);
        if v.to_bits() != ramps.v.to_bits() {
            ramps = self.ramps(v);
        }
        self.set_peak(ramps);
    }

    fn set_peak(&mut self, ramps: Ramps) {
        self.shape = Shape::Peak;
        self.at_peak = ramps;
        self.duration = ramps.duration + self.cruise(&ramps);
    }

    #[inline]
    fn ramps(&self, v: f64) -> Ramps {
        let first = Transfer::between(self.from, v, self.acceleration, self.jerk);
        let last = Transfer::stopping(v, self.acceleration, self.jerk);
        let falling = last.duration();
        Ramps {
            v,
            duration: first.duration() + falling,
            // From the cruise to rest the velocity falls as it would rise: on average it is half.
            distance: first.distance(self.from, v) + 0.5 * v * falling,
            first,
            last,
        }
    }

    /// How long the cruise of the quickest motion takes, in s.
    fn cruise(&self, ramps: &Ramps) -> f64 {
        if ramps.v > 0.0 {
            ((self.distance - ramps.distance) / ramps.v).max(0.0)
        } else {
            0.0
        }
    }

    #[inline]
    fn through(&self, ramps: &Ramps, cruise: f64) -> Motion {
        Motion::of(&ramps.first, Some(ramps.v), cruise, &ramps.last, self.sign)
    }

    fn past(&self, waist: Pace) -> Motion {
        let first = Transfer::ramp(self.from.a, waist.a, self.jerk);
        self.braking(waist, &first)
    }

    /// After `first` it brakes from `pace` to rest.
    fn braking(&self, pace: Pace, first: &Transfer) -> Motion {
        let last = Transfer::between(pace, 0.0, self.acceleration, self.jerk);
        Motion::of(first, None, 0.0, &last, self.sign)
    }

    /// The pace at which the acceleration, taken back at once, has come up to `a`.
    fn waist(&self, a: f64) -> Pace {
        Pace {
            v: self.from.released(self.jerk) + a * a / (2.0 * self.jerk),
            a,
        }
    }

    fn reach_past(&self, waist: Pace) -> f64 {
        let first = Transfer::ramp(self.from.a, waist.a, self.jerk);
        let last = Transfer::between(waist, 0.0, self.acceleration, self.jerk);
        first.distance(self.from, self.from.v) + last.distance(waist, 0.0)
    }
}

/// Share of a length or time that may be rounding.
const ROUNDING: f64 = 1e-15;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::track::Track;

    const LIMITS: Limits = Limits {
        up: 1.0,
        down: 1.0,
        acceleration: 2.0,
        jerk: 10.0,
    };

    fn check(from: Pace, distance: f64, motion: &Motion, duration: f64) {
        let mut track = Track::starting(0.0, from.v, from.a);
        assert!(motion.stretches.iter().all(|(t, _)| *t >= 0.0), "{motion:?}");
        motion.append_to(&mut track);
        let end = track.end();
        let what = format!("from {from:?} over {distance} in {duration} s: {motion:?}");
        assert!((end.p - distance).abs() < 1e-10, "{} {what}", end.p);
        assert!(end.v.abs() < 1e-10 && end.a.abs() < 1e-10, "{what}");
        assert!((end.start_s - duration).abs() < 1e-9, "{} {what}", end.start_s);
        track.extreme_velocities(|_, v| assert!(v.abs() < 1.0 + 1e-12, "{v} {what}"));
        for piece in track.pieces() {
            assert!(piece.a.abs() < 2.0 + 1e-12, "{what}");
        }
    }

    #[test]
    fn from_rest_it_takes_as_long_as_the_textbook_says() {
        // Ramps of 0.2 s at 2 m/s², 0.5 s to 1 m/s by the plateau's formula v/a + a/j = 0.7 s; 0.7 m for both.
        let ahead = Ahead::new(Pace::default(), 2.0, &LIMITS);
        assert!((ahead.duration() - (1.4 + 1.3)).abs() < 1e-12);
        // Far below all limits: 4·∛(d/2j).
        let ahead = Ahead::new(Pace::default(), -1e-6, &LIMITS);
        assert!((ahead.duration() - 4.0 * (1e-6_f64 / 20.0).cbrt()).abs() < 1e-12);
    }

    #[test]
    fn every_motion_arrives_when_it_should() {
        let mut waists = 0;
        for k in 0..20_000_i32 {
            let pick = |step: i32| f64::from(k * step % 2003 - 1001) / 1001.0;
            let from = Pace {
                v: pick(7),
                a: 2.0 * pick(13),
            };
            if from.released(LIMITS.jerk).abs() > LIMITS.up {
                continue;
            }
            let distance = if k % 3 == 0 {
                0.2 * pick(31)
            } else {
                2.0 * pick(31)
            };
            let ahead = Ahead::new(from, distance, &LIMITS);
            check(from, distance, &ahead.quickest(), ahead.duration());
            waists += u32::from(matches!(ahead.shape, Shape::Waist(_)));
            for longer in [1.0 + 1e-6, 1.01, 1.1, 1.5, 3.0] {
                let duration = ahead.duration() * longer;
                check(from, distance, &ahead.lasting(duration), duration);
            }
        }
        assert!(waists > 100, "only {waists} that brake all along");
    }
}
