//! One axis from any pace to rest at a distance: the quickest motion there, and slower ones that take as long as asked.
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
//! A motion of given duration cruises at a lower velocity. Where the ramps to and from any cruise take too long, it sets
//! out to stop before the quickest motion. Seen from the stopping point the target
//! always lies ahead: [`Ahead`] is mirrored where it lies behind.
//!
//! **Invariant:** the stretches of a [`Motion`] have jerk at its limit or none, and no acceleration or velocity beyond its
//! limits.

use super::root;
use super::track::{Piece, Track};
use super::transfer::{Pace, Transfer};

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

/// A way to rest: (duration in s, jerk) of each stretch.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Motion {
    pub(super) stretches: [(f64, f64); 9],
    /// Which stretch starts the cruise, with what velocity, stated exactly.
    cruise: Option<(usize, f64)>,
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
    duration: f64,
}

/// What is special about the quickest motion.
#[derive(Clone, Copy, Debug, Default)]
enum Shape {
    /// Just stopping leads there.
    #[default]
    Stop,
    /// The velocity of the cruise, which may take no time.
    Peak(f64),
    /// The acceleration, below zero, between two times of harder braking.
    Waist(f64),
}

impl Motion {
    pub(super) fn duration(&self) -> f64 {
        self.stretches.iter().map(|(t, _)| t).sum()
    }

    /// Appends it to a track that ends where it starts.
    pub(super) fn append_to(&self, track: &mut Track) {
        for (k, (t, jerk)) in self.stretches.iter().enumerate() {
            if let Some((start, v)) = self.cruise
                && k == start
            {
                track.end_at(track.end().p, v, 0.0);
            }
            track.push(*t, *jerk);
        }
    }

    fn of(first: &Transfer, steady: Option<f64>, cruise: f64, last: &Transfer, sign: f64) -> Self {
        let [a, b, c] = first.stretches();
        let [d, e, f] = last.stretches();
        Self {
            stretches: [a, b, c, (cruise, 0.0), d, e, f, NONE, NONE].map(|(t, jerk)| (t, sign * jerk)),
            cruise: steady.map(|v| (3, sign * v)),
        }
    }
}

impl Ahead {
    /// The task to come to rest at `distance`; the pace is one from which the velocity limit can be kept.
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
            duration: stop.duration(),
        };
        if ahead.beyond > 0.0 {
            ahead.shape = ahead.quickest_shape();
            ahead.duration = ahead.quickest().duration();
        }
        ahead
    }

    /// Of the quickest motion, in s.
    pub(super) fn duration(&self) -> f64 {
        self.duration
    }

    /// The quickest motion.
    pub(super) fn quickest(&self) -> Motion {
        match self.shape {
            Shape::Stop => self.over(self.from, None, &Transfer::default(), 0.0),
            Shape::Peak(v) => self.through(v, self.cruise(v)),
            Shape::Waist(a) => self.past(self.waist(a)),
        }
    }

    /// A motion that takes as long as asked, which is no less than the quickest; at worst it is at rest earlier.
    pub(super) fn lasting(&self, duration: f64) -> Motion {
        if duration <= self.duration * (1.0 + ROUNDING) {
            return self.quickest();
        }
        self.cruising(duration)
            .or_else(|| self.stopping_first(duration))
            .unwrap_or_else(|| self.quickest())
    }

    /// With a cruise at a lower velocity, if the ramps to and from it leave time for one.
    fn cruising(&self, duration: f64) -> Option<Motion> {
        let mut highest = match self.shape {
            Shape::Stop => return None,
            Shape::Peak(v) => v,
            Shape::Waist(_) => self.from.released(self.jerk),
        };
        // What is to be covered, without what a cruise covers in the time that is left.
        let missing = |v: f64| {
            let (ramps, reach) = self.ramps(v);
            v * (ramps - duration) + self.distance - reach
        };
        for _ in 0..CRUISES {
            let at_highest = missing(highest);
            if at_highest < 0.0 {
                let v = root::between(missing, (0.0, self.beyond), (highest, at_highest));
                let (ramps, reach) = self.ramps(v);
                let cruise = duration - ramps;
                if cruise >= 0.0 {
                    // The place is kept to the last digit, at the cost of a time that nobody can measure.
                    let exact = (self.distance - reach) / v;
                    let same = exact >= 0.0 && (exact - cruise).abs() <= SAME * ramps;
                    return Some(self.through(v, if same { exact } else { cruise }));
                }
                highest = v;
            }
            highest *= 0.5;
        }
        None
    }

    /// Sets out to stop, for a while, before the quickest motion: the longer that is, the later it arrives.
    fn stopping_first(&self, duration: f64) -> Option<Motion> {
        let stop = Transfer::between(self.from, 0.0, self.acceleration, self.jerk);
        if stop.jerk > 0.0 {
            return None;
        }
        let limits = Limits {
            up: self.cap,
            down: self.cap,
            acceleration: self.acceleration,
            jerk: self.jerk,
        };
        let delayed = |time: f64| {
            let stretches = [
                (time.min(stop.t[0]), stop.jerk),
                ((time - stop.t[0]).max(0.0), 0.0),
            ];
            let mut track = Track::starting(0.0, self.from.v, self.from.a);
            for (t, jerk) in stretches {
                track.push(t, jerk);
            }
            let Piece { p, v, a, .. } = *track.end();
            (stretches, Self::new(Pace { v, a }, self.distance - p, &limits))
        };
        let late = |time: f64| time + delayed(time).1.duration() - duration;
        let longest = stop.t[0] + stop.t[1];
        let at_longest = late(longest);
        if at_longest < 0.0 {
            return None;
        }
        let time = root::between(late, (0.0, self.duration - duration), (longest, at_longest));
        let ([first, second], ahead) = delayed(time);
        let mut motion = Motion::default();
        motion.stretches[..2].copy_from_slice(&[first, second]);
        let quickest = ahead.quickest();
        motion.stretches[2..].copy_from_slice(&quickest.stretches[..7]);
        motion.cruise = quickest.cruise.map(|(start, v)| (start + 2, self.sign * v));
        for (_, jerk) in &mut motion.stretches {
            *jerk *= self.sign;
        }
        Some(motion)
    }

    fn quickest_shape(&self) -> Shape {
        let start = self.from.released(self.jerk);
        let lowest = start.max(0.0);
        let too_far = |v: f64| self.reach(v) - self.distance;
        // Where the axis just has to go on taking its acceleration back, stopping leads through the lowest.
        let at_lowest = if lowest > 0.0 && self.from.a < 0.0 {
            too_far(lowest)
        } else {
            -self.beyond
        };
        if at_lowest > 0.0 {
            // With the acceleration taken back at once it would go too far: it has to brake all along.
            let far = |a: f64| self.reach_past(self.waist(a)) - self.distance;
            let a = root::between(far, (self.from.a, -self.beyond), (0.0, at_lowest));
            return Shape::Waist(a);
        }
        let at_cap = too_far(self.cap);
        if at_cap <= 0.0 {
            return Shape::Peak(self.cap);
        }
        Shape::Peak(root::between(too_far, (lowest, at_lowest), (self.cap, at_cap)))
    }

    /// Of the ramps to a cruise and on to rest: duration in s, and distance.
    fn ramps(&self, v: f64) -> (f64, f64) {
        let first = Transfer::between(self.from, v, self.acceleration, self.jerk);
        // From the cruise to rest the velocity falls as it would rise: on average it is half.
        let last = if v * self.jerk > self.acceleration * self.acceleration {
            v / self.acceleration + self.acceleration / self.jerk
        } else {
            2.0 * (v / self.jerk).sqrt()
        };
        (
            first.duration() + last,
            first.distance(self.from, v) + 0.5 * v * last,
        )
    }

    fn reach(&self, v: f64) -> f64 {
        self.ramps(v).1
    }

    /// How long the cruise of the quickest motion takes, in s.
    fn cruise(&self, v: f64) -> f64 {
        if v > 0.0 {
            ((self.distance - self.reach(v)) / v).max(0.0)
        } else {
            0.0
        }
    }

    fn through(&self, v: f64, cruise: f64) -> Motion {
        let first = Transfer::between(self.from, v, self.acceleration, self.jerk);
        self.over(Pace::steady(v), Some(v), &first, cruise)
    }

    fn past(&self, waist: Pace) -> Motion {
        let first = Transfer::ramp(self.from.a, waist.a, self.jerk);
        self.over(waist, None, &first, 0.0)
    }

    fn over(&self, pace: Pace, steady: Option<f64>, first: &Transfer, cruise: f64) -> Motion {
        let last = Transfer::between(pace, 0.0, self.acceleration, self.jerk);
        Motion::of(first, steady, cruise, &last, self.sign)
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

/// No stretch.
const NONE: (f64, f64) = (0.0, 0.0);

/// By which share of the ramps' a duration may be off.
const SAME: f64 = 1e-8;

/// How often a cruise is looked for below one that leaves no time.
const CRUISES: u32 = 4;

/// Share of a length or time that may be rounding.
const ROUNDING: f64 = 1e-15;

#[cfg(test)]
mod tests {
    use super::*;

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
