//! One joint's quickest change of velocity with limited jerk: three phases in closed form. SI, rad or m.
//!
//! With Δv = w − v, the change needs a peak â = √(J·Δv + a²/2) where no acceleration limit is met: the areas of the two ramps of a(t) are
//! (â² − a²)/2J and â²/2J. Where the limit is met, a(t) stays there.
//!
//! **Invariant:** |jerk| is J or 0 in each phase, and the end has the velocity asked for at acceleration 0.

/// Where one joint is, and how it moves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// Position.
    pub p: f64,
    /// Velocity.
    pub v: f64,
    /// Acceleration.
    pub a: f64,
}

impl Point {
    /// After `t` seconds of constant jerk.
    pub(crate) fn after(self, t: f64, j: f64) -> Self {
        Self {
            p: self.p + t * (self.v + t * (self.a / 2.0 + t * j / 6.0)),
            v: self.v + t * (self.a + t * j / 2.0),
            a: self.a + t * j,
        }
    }

    pub(crate) fn mirrored(self) -> Self {
        Self {
            p: -self.p,
            v: -self.v,
            a: -self.a,
        }
    }
}

/// How fast a velocity may change. Lower and upper differ for what is seen from an accelerating frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rates {
    pub(crate) lower: f64,
    pub(crate) upper: f64,
    pub(crate) jerk: f64,
}

impl Rates {
    pub(crate) fn mirrored(self) -> Self {
        Self {
            lower: -self.upper,
            upper: -self.lower,
            jerk: self.jerk,
        }
    }
}

/// Phases of constant jerk, in order: duration and jerk of each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ramp(pub(crate) [(f64, f64); 3]);

impl Ramp {
    /// From velocity and acceleration of `from` to `velocity` at acceleration 0, as quickly as `rates` allow.
    pub(crate) fn to(from: Point, velocity: f64, rates: Rates) -> Self {
        let Point { v, a, .. } = from;
        // What the velocity becomes if the acceleration just ends.
        let natural = v + a * a.abs() / (2.0 * rates.jerk);
        if velocity >= natural {
            Self::rising(v, a, velocity, rates.upper, rates.jerk)
        } else {
            let Self(phases) = Self::rising(-v, -a, -velocity, -rates.lower, rates.jerk);
            Self(phases.map(|(t, j)| (t, -j)))
        }
    }

    /// The same where `target` is not below what the velocity becomes by itself.
    fn rising(v: f64, a: f64, target: f64, limit: f64, jerk: f64) -> Self {
        let peak = (jerk * (target - v) + 0.5 * a * a).max(0.0).sqrt();
        if peak <= limit {
            // Where only the end of `a` is left to do, rounding may put the peak below it.
            return Self([
                ((peak - a).max(0.0) / jerk, jerk),
                (0.0, 0.0),
                (peak.max(a) / jerk, -jerk),
            ]);
        }
        let limit = limit.max(0.0);
        let gained =
            ((limit * limit - a * a) * if a > limit { -1.0 } else { 1.0 } + limit * limit) / (2.0 * jerk);
        let hold = if limit > 0.0 {
            ((target - v - gained) / limit).max(0.0)
        } else {
            f64::INFINITY
        };
        Self([
            ((limit - a).abs() / jerk, jerk.copysign(limit - a)),
            (hold, 0.0),
            (limit / jerk, -jerk),
        ])
    }

    /// How long it takes, in s.
    pub(crate) fn duration(&self) -> f64 {
        self.0.iter().map(|(t, _)| t).sum()
    }

    /// Where it is `time` seconds after `from`; it runs on at constant acceleration, which is 0.
    pub(crate) fn at(&self, from: Point, time: f64) -> Point {
        let (mut point, mut left) = (from, time);
        for (t, j) in self.0 {
            let t = t.min(left);
            point = point.after(t, j);
            left -= t;
        }
        if left > 0.0 { point.after(left, 0.0) } else { point }
    }

    /// Where it ends.
    pub(crate) fn end(&self, from: Point) -> Point {
        self.0.iter().fold(from, |point, (t, j)| point.after(*t, *j))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reaches_the_velocity_at_acceleration_zero_from_anywhere() {
        let rates = Rates {
            lower: -2.0,
            upper: 3.0,
            jerk: 40.0,
        };
        for (v, a, w) in [
            (0.0, 0.0, 1.0),
            (0.5, 2.0, 0.5),
            (-1.0, -1.5, 0.7),
            (1.0, 3.0, -1.0),
            (0.2, -2.0, 0.199),
            (0.3, 5.0, 2.0),
            (0.3, 5.0, 0.3),
            (0.0, 0.0, 0.0),
        ] {
            let from = Point { p: 0.0, v, a };
            let ramp = Ramp::to(from, w, rates);
            let end = ramp.end(from);
            assert!(
                (end.v - w).abs() < 1e-12 && end.a.abs() < 1e-12,
                "{v} {a} {w}: {ramp:?} {end:?}"
            );
            assert!(ramp.0.iter().all(|(t, _)| *t >= 0.0), "{ramp:?}");
        }
    }
}
