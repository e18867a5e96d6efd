//! What is wrong with a servo, or around it, at the moment.
//!
//! Decides nothing: it is the sum of the faults that are injected into one servo, in the terms of its parts. A servo whose
//! conditions are the default is sound, and behaves as one that never had a fault.

use super::heat::AMBIENT_DEGC;

/// Faults of one servo and what surrounds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conditions {
    /// What is wrong with its encoder.
    pub encoder: EncoderConditions,
    /// The drive neither hears nor answers.
    pub silent: bool,
    /// One of the motor's phases carries no current.
    pub phase_lost: bool,
    /// The gear does not turn.
    pub jammed: bool,
    /// Friction over what it should be.
    pub friction_factor: f64,
    /// Dry friction of a damaged tooth, once each motor revolution (N·m, N).
    pub ripple: f64,
    /// The air around (°C).
    pub ambient_degc: f64,
}

/// Faults of an encoder, in the unit of the joint (rad, m).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct EncoderConditions {
    /// It goes on telling what it told when this began.
    pub stuck: bool,
    /// How fast its error grows (rad/s, m/s).
    pub drift: f64,
    /// Standard deviation of what is added to its own noise.
    pub noise: f64,
    /// A constant error.
    pub step: f64,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            encoder: EncoderConditions::default(),
            silent: false,
            phase_lost: false,
            jammed: false,
            friction_factor: 1.0,
            ripple: 0.0,
            ambient_degc: AMBIENT_DEGC,
        }
    }
}
