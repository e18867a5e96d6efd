//! Friction of motor, gearbox and bearings, seen at the joint.
//!
//! Decides: viscous friction, Coulomb friction, and the gearbox's losses as Coulomb friction in proportion to the torque it carries,
//! so that they take power in both directions and never give any.
//!
//! Coulomb friction jumps at standstill, which no integrator likes. Here it is `F·v/√(v² + v₀²)` with the stiction velocity v₀ (0.001 rad/s
//! unless the servo says otherwise): a joint pushed with less than F creeps at less than about v₀ instead of standing. The slope is taken
//! as the secant `F/√(v² + v₀²)`, with which an implicit step never turns the motion around.

use super::Reaction;
use serde::Deserialize;

/// Friction at a joint's output.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Friction {
    /// Coulomb friction (N·m, N).
    pub coulomb: f64,
    /// Viscous friction (N·m·s/rad, N·s/m).
    pub viscous: f64,
    /// The speed below which Coulomb friction fades (rad/s, m/s).
    pub stiction_velocity: f64,
}

impl Friction {
    /// The friction at `velocity` while the gearbox carries `gear_effort` with `efficiency`.
    pub fn reaction(&self, velocity: f64, gear_effort: f64, efficiency: f64) -> Reaction {
        let dry = self.coulomb + (1.0 - efficiency) * gear_effort.abs();
        let damping = dry / velocity.hypot(self.stiction_velocity) + self.viscous;
        Reaction {
            effort: -damping * velocity,
            damping,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRICTION: Friction = Friction {
        coulomb: 6.0,
        viscous: 2.0,
        stiction_velocity: 0.001,
    };

    #[test]
    fn it_opposes_motion_and_grows_with_load() {
        let free = FRICTION.reaction(0.5, 0.0, 0.8);
        assert!((free.effort + 6.0 + 1.0).abs() < 1e-4);
        let loaded = FRICTION.reaction(-0.5, 50.0, 0.8);
        assert!((loaded.effort - 6.0 - 10.0 - 1.0).abs() < 1e-4);
    }

    #[test]
    fn an_implicit_step_never_reverses_the_motion() {
        let (mass, dt) = (0.01, 1e-3);
        for velocity in [1e-6, 1e-4, 3e-3, 0.05, 1.0] {
            let reaction = FRICTION.reaction(velocity, 100.0, 0.8);
            let after = velocity + dt * reaction.effort / (mass + dt * reaction.damping);
            assert!((0.0..velocity).contains(&after), "{velocity} became {after}");
        }
    }
}
