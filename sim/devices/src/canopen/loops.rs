//! Position over velocity over current: from what is demanded and what is measured to the current of the next millisecond.
//!
//! **Invariant:** the current is never above the limit, and the integral does not grow while it is at it.

use super::motion::Demand;

/// Gains, per count where a position or velocity is multiplied.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gains {
    /// Velocity for each count of position error \[1/s\].
    pub(crate) position: f64,
    /// Current for each count/s of velocity error \[A·s/count\].
    pub(crate) velocity: f64,
    /// Integral time of the velocity loop \[s\]; `None`: no integral.
    pub(crate) integral_s: Option<f64>,
    /// The highest velocity that may be asked for \[counts/s\].
    pub(crate) max_velocity: f64,
}

/// What the loops keep.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Loops {
    integral_a: f64,
    /// Whether current or velocity was cut off in the last step.
    pub(crate) limited: bool,
}

impl Loops {
    /// The current that follows a position, with `feed_forward_a` on top \[A\].
    pub(crate) fn position(
        &mut self,
        demand: Demand,
        measured: Demand,
        gains: &Gains,
        feed_forward_a: f64,
        limit_a: f64,
        dt_s: f64,
    ) -> f64 {
        let wanted = demand.velocity + gains.position * (demand.position - measured.position);
        self.velocity(wanted, measured.velocity, gains, feed_forward_a, limit_a, dt_s)
    }

    /// The current that follows a velocity.
    pub(crate) fn velocity(
        &mut self,
        wanted: f64,
        measured: f64,
        gains: &Gains,
        feed_forward_a: f64,
        limit_a: f64,
        dt_s: f64,
    ) -> f64 {
        let bounded = wanted.clamp(-gains.max_velocity, gains.max_velocity);
        let error = bounded - measured;
        let proportional = gains.velocity * error + feed_forward_a;
        let grown = gains.integral_s.map_or(0.0, |time_s| {
            self.integral_a + gains.velocity * error * dt_s / time_s
        });
        let current = proportional + grown;
        let cut = current.clamp(-limit_a, limit_a);
        let saturated = current.abs() > limit_a;
        if !saturated || (grown - self.integral_a) * current < 0.0 {
            self.integral_a = grown.clamp(-limit_a, limit_a);
        }
        self.limited = saturated || (wanted - bounded).abs() > 0.0;
        cut
    }

    /// A current as it is wanted.
    pub(crate) fn torque(&mut self, wanted_a: f64, limit_a: f64) -> f64 {
        self.integral_a = 0.0;
        self.limited = wanted_a.abs() > limit_a;
        wanted_a.clamp(-limit_a, limit_a)
    }

    /// Forgets everything.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }
}
