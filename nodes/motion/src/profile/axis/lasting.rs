//! Motions that take as long as asked: at a lower cruise than the quickest. Where the ramps to and from any cruise take too
//! long, the axis sets out to stop before the quickest motion.
//!
//! **Invariant:** none takes longer than asked, but for a time that nobody can measure.

use super::motion::Motion;
use super::{Ahead, Limits, ROUNDING, Ramps, Shape};
use crate::profile::root::{self, Local};
use crate::profile::track::{Piece, Track};
use crate::profile::transfer::{Pace, Transfer};

impl Ahead {
    /// A motion that takes as long as asked, which is no less than the quickest; at worst it is at rest earlier.
    pub(in crate::profile) fn lasting(&self, duration: f64) -> Motion {
        if duration <= self.duration * (1.0 + ROUNDING) {
            return self.quickest();
        }
        self.cruising(duration)
            .or_else(|| self.stopping_first(duration))
            .unwrap_or_else(|| self.quickest())
    }

    /// With a cruise at a lower velocity, if the ramps to and from it leave time for one.
    fn cruising(&self, duration: f64) -> Option<Motion> {
        let mut ramps = match self.shape {
            Shape::Stop => return None,
            Shape::Peak => self.at_peak,
            Shape::Waist(_) => self.ramps(self.from.released(self.jerk)),
        };
        // What is to be covered, without what a cruise covers in the time that is left.
        let missing = |ramps: &Ramps| {
            let v = ramps.v;
            let value = v * (ramps.duration - duration) + self.distance - ramps.distance;
            let enough = value.abs() <= ENOUGH * v * ramps.duration && ramps.duration <= duration;
            let (first, last) = (ramps.first.change(), ramps.last.change().reversed());
            Local {
                value: if enough { 0.0 } else { value },
                slope: ramps.duration - duration - first.half_ramp_s - last.half_ramp_s,
                curvature: first.bend() + last.bend(),
            }
        };
        for _ in 0..CRUISES {
            let (highest, at_highest) = (ramps.v, missing(&ramps));
            if at_highest.value < 0.0 {
                let look = |v: f64| {
                    ramps = self.ramps(v);
                    missing(&ramps)
                };
                let (low, high) = ((0.0, self.beyond), (highest, at_highest.value));
                let v = root::by_parabolas(look, low, high, highest, at_highest);
                if v.to_bits() != ramps.v.to_bits() {
                    ramps = self.ramps(v);
                }
                let cruise = duration - ramps.duration;
                if cruise >= 0.0 {
                    // The place is kept to the last digit, at the cost of a time that nobody can measure.
                    let exact = (self.distance - ramps.distance) / v;
                    let same = exact >= 0.0 && (exact - cruise).abs() <= SAME * ramps.duration;
                    return Some(self.through(&ramps, if same { exact } else { cruise }));
                }
            }
            ramps = self.ramps(0.5 * ramps.v);
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
}

/// By which share of the ramps' a duration may be off.
const SAME: f64 = 1e-8;

/// From which share on it is looked for no further.
const ENOUGH: f64 = 1e-13;

/// How often a cruise is looked for below one that leaves no time.
const CRUISES: u32 = 4;
