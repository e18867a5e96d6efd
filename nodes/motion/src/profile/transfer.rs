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

/// How duration T and distance D of a transfer change with the velocity v at its steady end: dT/dv = 1/P with the
/// acceleration P of its plateau, and dD/dv = v/P + t/2 with the duration t of the ramp at that end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    /// dT/dv.
    pub(super) per_velocity: f64,
    pub(super) half_ramp_s: f64,
    /// Whether P is the limit, which does not change.
    is_held: bool,
}

impl Change {
    /// Seen from the other end, as what leads away from v does.
    #[inline]
    pub(super) fn reversed(self) -> Self {
        Self {
            per_velocity: -self.per_velocity,
            ..self
        }
    }

    /// d²(v·T − D)/dv²; without a plateau dP/dv = j/2P.
    #[inline]
    pub(super) fn bend(&self) -> f64 {
        let share = if self.is_held { 1.0 } else { 0.75 };
        share * self.per_velocity
    }

    /// d²D/dv² of a transfer to a higher velocity.
    #[inline]
    pub(super) fn distance_bend(&self, v: f64, jerk: f64) -> f64 {
        let per_velocity = self.per_velocity;
        if self.is_held {
            per_velocity
        } else {
            per_velocity * (1.25 - 0.5 * v * jerk * per_velocity * per_velocity)
        }
    }
}

impl Pace {
    /// The velocity that remains if the acceleration is taken back at once.
    #[inline]
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
    #[inline]
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

    /// From a velocity, not below zero, to rest.
    #[inline]
    pub(super) fn stopping(from: f64, acceleration: f64, jerk: f64) -> Self {
        let hold = from / acceleration - acceleration / jerk;
        let (ramp, hold, peak) = if hold > 0.0 {
            (acceleration / jerk, hold, acceleration)
        } else {
            let ramp = (from / jerk).sqrt();
            (ramp, 0.0, jerk * ramp)
        };
        Self {
            t: [ramp, hold, ramp],
            jerk: -jerk,
            peak: -peak,
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
    #[inline]
    pub(super) fn duration(&self) -> f64 {
        self.t[0] + self.t[1] + self.t[2]
    }

    /// How it changes with the velocity at its steady end.
    #[inline]
    pub(super) fn change(&self) -> Change {
        Change {
            per_velocity: 1.0 / self.peak,
            half_ramp_s: 0.5 * self.t[2],
            is_held: self.t[1] > 0.0,
        }
    }

    /// How far it leads from `from` to velocity `to`: the ends it was made for.
    #[inline]
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
    #[inline]
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
