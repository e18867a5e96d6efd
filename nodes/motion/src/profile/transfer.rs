//! From one velocity to another in the least time, wherever that leads: a ramp of acceleration, perhaps a plateau at its
//! limit, and a ramp back.
//!
//! **Invariant:** the acceleration stays between its start, zero and its limit; jerk is at its limit or zero.

/// Up to three stretches of constant jerk.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Transfer {
    /// Of the stretches, in s.
    pub(super) t: [f64; 3],
    /// Of the first stretch; that of the last is its opposite.
    pub(super) jerk: f64,
    /// The acceleration between the two ramps.
    pub(super) peak: f64,
}

/// Velocity and acceleration at one end.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Pace {
    pub(super) v: f64,
    pub(super) a: f64,
}

impl Pace {
    /// Without acceleration.
    pub(super) fn steady(v: f64) -> Self {
        Self { v, a: 0.0 }
    }

    /// The velocity that remains if the acceleration is taken back at once.
    pub(super) fn released(self, jerk: f64) -> f64 {
        self.v + self.a * self.a.abs() / (2.0 * jerk)
    }

    /// Seen from the other side.
    pub(super) fn mirrored(self, sign: f64) -> Self {
        Self {
            v: sign * self.v,
            a: sign * self.a,
        }
    }
}

impl Transfer {
    /// The quickest from a pace to velocity `to`, without acceleration there; that of the pace is within `acceleration`.
    pub(super) fn between(from: Pace, to: f64, acceleration: f64, jerk: f64) -> Self {
        let change = to - from.v;
        // What taking the acceleration back at once changes.
        let least = from.a * from.a.abs() / (2.0 * jerk);
        let sign = if change >= least { 1.0 } else { -1.0 };
        let a = sign * from.a;
        // Two ramps over the peak P change the velocity by (2P² − a²)/2j.
        let square = jerk * sign * change + 0.5 * a * a;
        // Of a square that is rounding, the root would be none: it is half as many digits.
        let rounding = ROUNDING * (a * a + jerk * (from.v.abs() + to.abs()));
        let square = if square < rounding { 0.0 } else { square };
        let free = square.max(0.0).sqrt().max(a);
        let (peak, hold) = if free > acceleration {
            let peak = acceleration.max(a);
            (peak, ((square - peak * peak) / (jerk * peak)).max(0.0))
        } else {
            (free, 0.0)
        };
        Self {
            t: [(peak - a) / jerk, hold, peak / jerk],
            jerk: sign * jerk,
            peak: sign * peak,
        }
    }

    /// Acceleration `from`, below zero, taken back to `to` at once, and nothing else.
    pub(super) fn ramp(from: f64, to: f64, jerk: f64) -> Self {
        Self {
            t: [((to - from) / jerk).max(0.0), 0.0, 0.0],
            jerk,
            peak: to,
        }
    }

    /// In s.
    pub(super) fn duration(&self) -> f64 {
        self.t[0] + self.t[1] + self.t[2]
    }

    /// How far it leads from `from` to velocity `to`: the ends it was made for.
    pub(super) fn distance(&self, from: Pace, to: f64) -> f64 {
        let [t0, t1, t2] = self.t;
        let top = from.v + t0 * (from.a + t0 * self.jerk / 2.0);
        let rise = t0 * (from.v + t0 * (from.a / 2.0 + t0 * self.jerk / 6.0));
        let plateau = t1 * (top + t1 * self.peak / 2.0);
        // The last ramp is that from its end backwards.
        let fall = t2 * (to - t2 * t2 * self.jerk / 6.0);
        rise + plateau + fall
    }

    /// The three stretches, each with its jerk.
    pub(super) fn stretches(&self) -> [(f64, f64); 3] {
        [(self.t[0], self.jerk), (self.t[1], 0.0), (self.t[2], -self.jerk)]
    }
}

/// Share of a square that may be rounding.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::track::Track;

    #[test]
    fn it_ends_at_the_pace_and_distance_it_says() {
        let (acceleration, jerk) = (2.0, 5.0);
        for k in 0..10_000_i32 {
            let pick = |step: i32, span: f64| f64::from(k * step % 201 - 100) / 100.0 * span;
            let from = Pace {
                v: pick(7, 3.0),
                a: pick(13, 2.0),
            };
            let to = pick(31, 3.0);
            let transfer = Transfer::between(from, to, acceleration, jerk);
            let mut track = Track::starting(0.0, from.v, from.a);
            for (t, j) in transfer.stretches() {
                assert!(t >= 0.0);
                track.push(t, j);
            }
            let end = track.end();
            assert!((end.v - to).abs() < 1e-12 && end.a.abs() < 1e-12);
            assert!((end.p - transfer.distance(from, to)).abs() < 1e-12);
            assert!(transfer.peak.abs() <= acceleration);
        }
    }
}
