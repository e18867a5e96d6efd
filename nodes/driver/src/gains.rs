//! How stiff the loops are, as bandwidths in Hz, and whether that is stable on a bus with delay.
//!
//! The loops give accelerations and the model turns them into efforts, so that a bandwidth means the same for a shoulder
//! that carries the whole arm and for a wrist. **Invariant:** gains that reach a loop leave
//! [`MIN_PHASE_MARGIN_DEG`] of phase margin.

use crate::notch::Notch;
use std::f64::consts::TAU;

/// Bandwidths of one joint's loops.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gains {
    /// Of the position loop (P) \[Hz\].
    pub position_hz: f64,
    /// Of the velocity loop (P) \[Hz\].
    pub velocity_hz: f64,
    /// Corner of the velocity loop's integral part \[Hz\]; 0 switches it off.
    pub integral_hz: f64,
    /// Corner of the low-pass over the differenced encoder \[Hz\].
    pub filter_hz: f64,
    /// A band that the velocity loop leaves alone, where the joint resonates.
    pub notch: Option<Notch>,
}

/// Ziegler–Nichols lives with about 30°; below it a loop rings audibly and one more late frame makes it grow.
pub const MIN_PHASE_MARGIN_DEG: f64 = 30.0;

impl Gains {
    /// What suits a stiff joint on a bus of this rate.
    ///
    /// Phase margin 52°, 41° with every frame one cycle late, 30° with two; gain margin 3.3, so that the true inertia may be
    /// a third of the assumed one. From 500 Hz on it is the arm that limits: its first natural frequency, about 20 Hz, must
    /// stay above.
    pub fn for_rate(rate_hz: f64) -> Self {
        let velocity_hz = (0.03 * rate_hz).min(15.0);
        Self {
            position_hz: velocity_hz / 5.0,
            velocity_hz,
            integral_hz: velocity_hz / 7.5,
            filter_hz: velocity_hz / 0.15,
            notch: None,
        }
    }

    /// What is left of 180° where the velocity loop's gain is one [°].
    ///
    /// The lag is two cycles (one until the answer is applied, half for holding it, half for differencing), the low-pass,
    /// the integral part and the notch.
    pub fn phase_margin_deg(&self, rate_hz: f64) -> f64 {
        let crossover = TAU * self.velocity_hz;
        let delay = crossover * LAG_CYCLES / rate_hz;
        let lag =
            delay + (self.velocity_hz / self.filter_hz).atan() + (self.integral_hz / self.velocity_hz).atan();
        let notch = self.notch.map_or(0.0, |notch| notch.lag(self.velocity_hz));
        90.0 - (lag + notch).to_degrees()
    }
}

/// Cycles between a motion and the middle of the cycle in which the answer to it acts.
const LAG_CYCLES: f64 = 2.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_survives_a_bus_that_is_a_cycle_late() {
        for rate_hz in [100.0, 250.0, 500.0, 1000.0] {
            let gains = Gains::for_rate(rate_hz);
            assert!(gains.phase_margin_deg(rate_hz) > 50.0, "{rate_hz} Hz");
            // A late frame costs what a slower bus costs.
            assert!(gains.phase_margin_deg(rate_hz * 2.0 / 3.0) > 40.0, "{rate_hz} Hz");
        }
        assert!(Gains::for_rate(500.0).phase_margin_deg(100.0) < MIN_PHASE_MARGIN_DEG);
    }

    #[test]
    fn a_notch_costs_phase_the_more_the_nearer_it_is() {
        let with = |frequency_hz| {
            let notch = Notch {
                frequency_hz,
                width_hz: 0.5 * frequency_hz,
                depth: 0.9,
            };
            let gains = Gains {
                notch: Some(notch),
                ..Gains::for_rate(500.0)
            };
            gains.phase_margin_deg(500.0)
        };
        let without = Gains::for_rate(500.0).phase_margin_deg(500.0);
        assert!(with(100.0) > without - 6.0 && with(100.0) < without);
        assert!(with(20.0) < MIN_PHASE_MARGIN_DEG);
    }
}
