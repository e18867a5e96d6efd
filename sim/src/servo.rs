//! A servo: supply, drive, motor, gearbox, brake and encoder of one joint.
//!
//! Each element is a room of its own. What resists motion is a [`Reaction`], so that the plant can integrate it implicitly: stiff
//! friction, brakes, gears and end stops stay stable at 1 kHz whatever their parameters.

pub mod brake;
pub mod catalog;
pub mod conditions;
pub mod drive;
pub mod encoder;
pub mod energy;
pub mod friction;
pub mod gearbox;
pub mod heat;
pub mod modes;
pub mod motor;
pub mod noise;
pub mod parameters;
pub mod sheet;
pub mod stop;
pub mod supplies;
pub mod supply;

/// An effort on a joint that changes with its velocity: `effort − damping · Δv` for a velocity that changes by Δv in the step.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Reaction {
    /// At the velocity at the start of the step (N·m, N).
    pub effort: f64,
    /// How much it falls for each unit of velocity gained, springs included (N·m·s/rad, N·s/m); never negative.
    pub damping: f64,
}

impl Reaction {
    /// The effort once the velocity has changed by `gained`.
    pub fn after(&self, gained: f64) -> f64 {
        self.effort - self.damping * gained
    }
}

impl std::ops::Add for Reaction {
    type Output = Reaction;
    fn add(self, other: Reaction) -> Reaction {
        Reaction {
            effort: self.effort + other.effort,
            damping: self.damping + other.damping,
        }
    }
}
