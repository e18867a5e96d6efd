//! The cascade of one joint: position P, velocity PI. In: where it should be and where it is. Out: the acceleration that
//! brings the two together [rad/s², m/s²], to be added to the reference's own.
//!
//! ```text
//! e_v = lowpass(v̄_ref − Δq/Δt) + ω_p · (q_ref − q)      q̈ = notch(ω_v · e_v) + z      ż = ω_v · ω_i · e_v
//! ```
//!
//! v̄_ref is the mean reference velocity over the same Δt, so that neither differencing nor the low-pass makes an
//! acceleration look like an error. z stops growing while the joint's effort is at its limit (anti-windup).
//!
//! **Invariant:** a change of gains changes no output: z takes the difference.

use crate::gains::Gains;
use crate::notch::NotchFilter;
use std::f64::consts::TAU;

/// Where a joint is and should be at one frame.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Deviation {
    /// Reference minus measured position.
    pub(crate) position: f64,
    /// Mean reference velocity since the last frame minus the differenced position.
    pub(crate) velocity: f64,
    /// Reference velocity, which with the position loop's share stays below `speed_limit`.
    pub(crate) reference_velocity: f64,
    /// Speed at which the position loop's demand ends.
    pub(crate) speed_limit: f64,
}

/// The state of one joint's loops.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServoLoop {
    gains: Gains,
    deviation: Deviation,
    /// Low-pass of the velocity deviation.
    filtered: f64,
    /// ω_v · e_v behind the notch, an acceleration.
    proportional: f64,
    /// The integral part z, an acceleration.
    integral: f64,
    notch: Option<NotchFilter>,
    rate_hz: f64,
}

impl ServoLoop {
    /// At rest, on a bus of a rate.
    pub(crate) fn new(gains: Gains, rate_hz: f64) -> Self {
        Self {
            gains,
            deviation: Deviation::default(),
            filtered: 0.0,
            proportional: 0.0,
            integral: 0.0,
            notch: gains.notch.map(|notch| NotchFilter::new(&notch, rate_hz)),
            rate_hz,
        }
    }

    /// Forgets everything but the gains, as before a joint is switched on.
    pub(crate) fn reset(&mut self) {
        *self = Self::new(self.gains, self.rate_hz);
    }

    /// Takes the deviation of a frame `dt` seconds after the last and gives the acceleration that corrects it.
    pub(crate) fn correction(&mut self, deviation: Deviation, dt: f64) -> f64 {
        self.deviation = deviation;
        // Backward Euler: stable for every dt, and the same bits on every machine.
        let step = TAU * self.gains.filter_hz * dt;
        self.filtered += (deviation.velocity - self.filtered) * step / (1.0 + step);
        let asked = self.asked();
        self.proportional = self.notch.as_mut().map_or(asked, |notch| notch.filter(asked));
        self.output()
    }

    /// The correction once more, for a frame without a sample of the joint.
    pub(crate) fn held(&self) -> f64 {
        self.output()
    }

    /// Lets the integral part grow over `dt` seconds, up to `bound`. `excess` is the effort that was asked for beyond the
    /// limit, with its sign; 0 if none was.
    pub(crate) fn integrate(&mut self, dt: f64, excess: f64, bound: f64) {
        let growth = TAU * self.gains.velocity_hz * TAU * self.gains.integral_hz * self.velocity_error() * dt;
        let winds_up = growth * excess > 0.0;
        if !winds_up {
            self.integral = (self.integral + growth).clamp(-bound, bound);
        }
    }

    /// Takes new gains without a step in the output.
    pub(crate) fn retune(&mut self, gains: Gains) {
        let before = self.output();
        self.gains = gains;
        self.proportional = self.asked();
        self.notch = gains.notch.map(|notch| {
            let mut filter = NotchFilter::new(&notch, self.rate_hz);
            filter.settle(self.proportional);
            filter
        });
        self.integral += before - self.output();
    }

    fn output(&self) -> f64 {
        self.proportional + self.integral
    }

    /// ω_v · e_v, before the notch.
    fn asked(&self) -> f64 {
        TAU * self.gains.velocity_hz * self.velocity_error()
    }

    fn velocity_error(&self) -> f64 {
        let Deviation {
            position,
            reference_velocity,
            speed_limit,
            ..
        } = self.deviation;
        let wanted = reference_velocity + TAU * self.gains.position_hz * position;
        let bounded = wanted.clamp(-speed_limit, speed_limit);
        self.filtered + bounded - reference_velocity
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notch::Notch;

    const DT: f64 = 0.002;

    fn off_by(position: f64) -> Deviation {
        Deviation {
            position,
            speed_limit: 3.0,
            ..Deviation::default()
        }
    }

    #[test]
    fn the_integral_part_waits_while_the_effort_is_at_its_limit_and_unwinds_at_once() {
        let mut servo = ServoLoop::new(Gains::for_rate(500.0), 500.0);
        servo.correction(off_by(0.1), DT);
        for _ in 0..1000 {
            servo.integrate(DT, 5.0, 100.0);
        }
        assert!(servo.integral.abs() < 1e-12, "{}", servo.integral);
        servo.integrate(DT, 0.0, 100.0);
        let wound = servo.integral;
        assert!(wound > 0.0);
        servo.correction(off_by(-0.1), DT);
        servo.integrate(DT, 5.0, 100.0);
        assert!(servo.integral < wound, "the way out of the limit is always open");
    }

    #[test]
    fn new_gains_make_no_step() {
        let mut servo = ServoLoop::new(Gains::for_rate(500.0), 500.0);
        let before = servo.correction(off_by(0.02), DT);
        servo.retune(Gains {
            position_hz: 1.0,
            velocity_hz: 5.0,
            ..Gains::for_rate(500.0)
        });
        assert!((servo.output() - before).abs() < 1e-9);
    }

    #[test]
    fn a_notch_comes_and_goes_without_a_step() {
        let notch = Notch {
            frequency_hz: 60.0,
            width_hz: 30.0,
            depth: 0.9,
        };
        let gains = Gains::for_rate(500.0);
        let with = Gains {
            notch: Some(notch),
            ..gains
        };
        let mut servo = ServoLoop::new(gains, 500.0);
        let before = servo.correction(off_by(0.02), DT);
        for gains in [with, gains, with] {
            servo.retune(gains);
            let after = servo.correction(off_by(0.02), DT);
            assert!((after - before).abs() < 1e-9, "{after} after {before}");
        }
    }

    #[test]
    fn a_large_deviation_asks_for_no_more_than_the_speed_limit() {
        let mut servo = ServoLoop::new(Gains::for_rate(500.0), 500.0);
        let asked = servo.correction(off_by(1000.0), DT);
        assert!((asked - TAU * 15.0 * 3.0).abs() < 1e-9, "{asked}");
    }
}
