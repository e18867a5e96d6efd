//! End stops: what a joint runs into at its limits, or at an object in its way.
//!
//! Decides: a stop is a spring with damping that only pushes. Its stiffness follows from the joint's own effort, which presses it in by
//! [`GIVE_ROTARY`] or [`GIVE_SLIDING`].

use super::Reaction;

/// How far a turning joint at its full effort presses a stop in (rad).
pub const GIVE_ROTARY: f64 = 0.005;
/// How far a sliding joint at its full effort presses a stop in (m).
pub const GIVE_SLIDING: f64 = 0.0005;
/// Damping of a stop, as the time constant of spring and damper (s): most of a blow is absorbed.
const RELAXATION_S: f64 = 0.01;

/// The two ends of a joint's travel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stops {
    /// Where the lower stop stands; −∞ without one.
    pub lower: f64,
    /// Where the upper stop stands; ∞ without one.
    pub upper: f64,
    /// Stiffness of both (N·m/rad, N/m).
    pub stiffness: f64,
}

impl Stops {
    /// The effort of the stops for the coming step of `dt_s`.
    pub fn reaction(&self, position: f64, velocity: f64, dt_s: f64) -> Reaction {
        let depth = if position < self.lower {
            position - self.lower
        } else if position > self.upper {
            position - self.upper
        } else {
            return Reaction::default();
        };
        let damping = self.stiffness * (RELAXATION_S + dt_s);
        let effort = -self.stiffness * depth - damping * velocity;
        // A stop does not pull back what bounces off.
        if effort * depth < 0.0 {
            Reaction { effort, damping }
        } else {
            Reaction::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STOPS: Stops = Stops {
        lower: -1.0,
        upper: 2.0,
        stiffness: 1000.0,
    };

    #[test]
    fn it_pushes_back_and_never_pulls() {
        assert_eq!(STOPS.reaction(0.0, 5.0, 1e-3), Reaction::default());
        assert!(STOPS.reaction(2.01, 0.0, 1e-3).effort < -9.9);
        assert!(STOPS.reaction(-1.01, 0.0, 1e-3).effort > 9.9);
        assert_eq!(STOPS.reaction(2.01, -10.0, 1e-3), Reaction::default());
    }
}
