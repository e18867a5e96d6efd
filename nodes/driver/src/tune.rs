//! Gains for a joint that was identified: as fast as the phase margin that is asked for allows, and slower than what resonates.
//!
//! **Invariant:** gains that come out leave the margin that was asked for on a bus of that rate, and pass the configuration's own check.

use crate::gains::{Gains, MIN_PHASE_MARGIN_DEG};
use crate::identify::Identified;
use crate::notch::Notch;

/// What suits a joint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tuned {
    /// Its loops.
    pub gains: Gains,
    /// The margin that they leave [°].
    pub margin_deg: f64,
    /// What it moves beside its rotor [kg·m², kg]: a joint without a rigid-body model takes it as `load_inertia`.
    pub load_inertia: f64,
}

/// Why there are no gains.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum TuneError {
    /// No loop of this kind leaves that much, or it leaves too little.
    #[error(
        "a phase margin of {margin_deg:.0}° can't be had: it must be from {MIN_PHASE_MARGIN_DEG}° to {most_deg:.0}°"
    )]
    Margin {
        /// What was asked for [°].
        margin_deg: f64,
        /// What an endlessly slow loop leaves [°].
        most_deg: f64,
    },
    /// It resonates too low for a loop that is worth its name.
    #[error(
        "the joint resonates at {resonance_hz:.1} Hz, which allows a velocity bandwidth of {velocity_hz:.2} Hz, below {SLOWEST_HZ} Hz: stiffen the gear \
         or the mount"
    )]
    Resonance {
        /// Where it resonates \[Hz\].
        resonance_hz: f64,
        /// What that allows \[Hz\].
        velocity_hz: f64,
    },
    /// The rotor alone weighs more than what was found.
    #[error(
        "the identified inertia {inertia:.4} is below the rotor's {rotor:.4}: check torque_constant and gear_ratio"
    )]
    Inertia {
        /// What was identified.
        inertia: f64,
        /// The rotor's, as the configuration has it.
        rotor: f64,
    },
}

/// The gains for a joint on a bus of `rate_hz` that leave `margin_deg`. `rotor` is the inertia of its rotor at its output [kg·m², kg].
///
/// # Errors
/// [`TuneError`] says what stands against it.
pub fn tune(identified: &Identified, rotor: f64, rate_hz: f64, margin_deg: f64) -> Result<Tuned, TuneError> {
    let inertia = identified.inertia;
    if inertia + 3.0 * identified.inertia_deviation < rotor {
        return Err(TuneError::Inertia { inertia, rotor });
    }
    let most_deg = gains(SLOWEST_HZ * 1e-3, None).phase_margin_deg(rate_hz);
    if !(MIN_PHASE_MARGIN_DEG..=most_deg).contains(&margin_deg) {
        return Err(TuneError::Margin { margin_deg, most_deg });
    }
    let without = fastest(rate_hz, margin_deg, None);
    let gains = match identified.resonance_hz {
        Some(resonance_hz) if without > resonance_hz / CLEAR => {
            // What is beyond the notch is not known well: it must stay well above the loop all the same.
            let notch = Notch {
                frequency_hz: resonance_hz,
                width_hz: NOTCH_WIDTH * resonance_hz,
                depth: NOTCH_DEPTH,
            };
            let velocity_hz = fastest(rate_hz, margin_deg, Some(notch)).min(resonance_hz / CLEAR_NOTCHED);
            let notched = notch.frequency_hz < 0.45 * rate_hz;
            let (velocity_hz, notch) = if notched {
                (velocity_hz, Some(notch))
            } else {
                (resonance_hz / CLEAR, None)
            };
            if velocity_hz < SLOWEST_HZ {
                return Err(TuneError::Resonance {
                    resonance_hz,
                    velocity_hz,
                });
            }
            gains(velocity_hz, notch)
        }
        _ => gains(without, None),
    };
    Ok(Tuned {
        gains,
        margin_deg: gains.phase_margin_deg(rate_hz),
        load_inertia: (inertia - rotor).max(0.0),
    })
}

/// Loops in the proportions of [`Gains::for_rate`].
fn gains(velocity_hz: f64, notch: Option<Notch>) -> Gains {
    Gains {
        position_hz: velocity_hz / 5.0,
        velocity_hz,
        integral_hz: velocity_hz / 7.5,
        filter_hz: velocity_hz / 0.15,
        notch,
    }
}

/// The largest velocity bandwidth that leaves a margin; the margin falls with it.
fn fastest(rate_hz: f64, margin_deg: f64, notch: Option<Notch>) -> f64 {
    let (mut low, mut high) = (0.0, notch.map_or(0.2 * rate_hz, |notch| notch.frequency_hz));
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if gains(middle, notch).phase_margin_deg(rate_hz) >= margin_deg {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// How far a resonance has to be above the loop, and above one with a notch.
const CLEAR: f64 = 4.0;
const CLEAR_NOTCHED: f64 = 2.0;
const NOTCH_WIDTH: f64 = 0.5;
const NOTCH_DEPTH: f64 = 0.9;
/// A slower joint follows nothing \[Hz\].
const SLOWEST_HZ: f64 = 0.5;

#[cfg(test)]
mod tests {
    use super::*;

    const ROTOR: f64 = 1.0;
    const FOUND: Identified = Identified {
        inertia: 1.5,
        inertia_deviation: 0.01,
        coulomb: 2.0,
        viscous: 1.0,
        holding: 3.0,
        resonance_hz: None,
        explained: 0.99,
    };

    #[test]
    fn gains_leave_the_margin_that_is_asked_for_and_no_more() {
        for (rate_hz, margin_deg) in [(250.0, 45.0), (500.0, 52.0), (1000.0, 60.0)] {
            let tuned = tune(&FOUND, ROTOR, rate_hz, margin_deg).unwrap();
            assert!((tuned.margin_deg - margin_deg).abs() < 0.1, "{tuned:?}");
            assert!((tuned.load_inertia - 0.5).abs() < 1e-12);
        }
        let tuned = tune(&FOUND, ROTOR, 500.0, 52.0).unwrap();
        assert!(
            (tuned.gains.velocity_hz - 15.0).abs() < 1.0,
            "as the defaults are: {tuned:?}"
        );
    }

    #[test]
    fn a_resonance_in_the_way_gets_a_notch_and_slows_the_loop() {
        let shaky = Identified {
            resonance_hz: Some(20.0),
            ..FOUND
        };
        let tuned = tune(&shaky, ROTOR, 500.0, 45.0).unwrap();
        assert!(
            tuned
                .gains
                .notch
                .is_some_and(|notch| (notch.frequency_hz - 20.0).abs() < 1e-9)
        );
        assert!(
            tuned.gains.velocity_hz <= 10.0 && tuned.margin_deg >= 44.9,
            "{tuned:?}"
        );
        let far = Identified {
            resonance_hz: Some(150.0),
            ..FOUND
        };
        assert_eq!(tune(&far, ROTOR, 500.0, 45.0).unwrap().gains.notch, None);
    }

    #[test]
    fn what_cannot_be_had_is_refused() {
        let asked = |found: &Identified, margin_deg| tune(found, ROTOR, 500.0, margin_deg).unwrap_err();
        assert!(matches!(asked(&FOUND, 80.0), TuneError::Margin { .. }));
        assert!(matches!(asked(&FOUND, 20.0), TuneError::Margin { .. }));
        let light = Identified {
            inertia: 0.5,
            ..FOUND
        };
        assert!(matches!(asked(&light, 45.0), TuneError::Inertia { .. }));
        let soft = Identified {
            resonance_hz: Some(0.8),
            ..FOUND
        };
        assert!(matches!(asked(&soft, 45.0), TuneError::Resonance { .. }));
    }
}
