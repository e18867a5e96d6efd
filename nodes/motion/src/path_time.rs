//! Where a path is at one moment, and what its joints do then.

use crate::state::Sample;

/// s and its three derivatives at one moment; for a path over its length, λ takes the place of s.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PathTime {
    /// In s; λ in m or rad.
    pub s: f64,
    /// ṡ: 1 as planned, 0 at rest, negative on the way back.
    pub rate: f64,
    /// s̈, per second.
    pub acceleration: f64,
    /// s⃛, per second².
    pub jerk: f64,
}

impl PathTime {
    /// At `s`, with a constant rate.
    pub(crate) fn steady(s: f64, rate: f64) -> Self {
        Self {
            s,
            rate,
            ..Self::default()
        }
    }

    /// `t` seconds later, with the same jerk.
    pub(crate) fn after(&self, t: f64) -> Self {
        let (rate, acceleration, jerk) = (self.rate, self.acceleration, self.jerk);
        Self {
            s: self.s + t * (rate + t * (acceleration / 2.0 + t * jerk / 6.0)),
            rate: rate + t * (acceleration + t * jerk / 2.0),
            acceleration: acceleration + t * jerk,
            jerk,
        }
    }

    /// What the joints do there: q̇ = q′ṡ, q̈ = q″ṡ² + q′s̈, q⃛ = q‴ṡ³ + 3q″ṡs̈ + q′s⃛.
    pub fn apply(&self, path: &Sample) -> Sample {
        let mut sample = *path;
        let Self {
            rate,
            acceleration,
            jerk,
            ..
        } = *self;
        for i in 0..path.jerk.len() {
            let (v, a, j) = (path.state.velocity[i], path.state.acceleration[i], path.jerk[i]);
            sample.state.velocity[i] = v * rate;
            sample.state.acceleration[i] = a * rate * rate + v * acceleration;
            sample.jerk[i] = j * rate.powi(3) + 3.0 * a * rate * acceleration + v * jerk;
        }
        sample
    }

    /// Whether its rate stays as it is.
    pub(crate) fn is_steady(&self) -> bool {
        self.acceleration == 0.0 && self.jerk == 0.0
    }
}
