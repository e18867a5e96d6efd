//! Friction of motor, gearbox and bearings, seen at the joint.
//!
//! Decides: viscous friction, Coulomb friction, the Stribeck peak before motion (`Fc + (Fs − Fc)·exp(−(v/vs)²)`), and dry losses that
//! whoever calls adds. All of it opposes the motion, so that it takes power in both directions and never gives any.
//!
//! Dry friction jumps at standstill, which no integrator likes. Here it is `F·v/√(v² + v₀²)` with the stiction velocity v₀ (0.001 rad/s
//! unless the servo says otherwise): a joint pushed with less than F creeps at less than about v₀ instead of standing. The slope is taken
//! as the secant `F/√(v² + v₀²)`, with which an implicit step never turns the motion around, falling Stribeck branch included.

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
    /// The speed below which dry friction fades (rad/s, m/s).
    pub stiction_velocity: f64,
    /// What it takes to get going; without it, Coulomb friction.
    #[serde(default)]
    pub stribeck: Option<Stribeck>,
}

/// Dry friction that is higher before lubrication has built up.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stribeck {
    /// Dry friction near standstill, at least the Coulomb friction (N·m, N).
    pub breakaway: f64,
    /// The speed at which all but 1/e of what exceeds Coulomb friction is gone; well above the stiction velocity (rad/s, m/s).
    pub velocity: f64,
}

impl Friction {
    /// The friction at `velocity`, with `dry` more dry friction (N·m, N).
    pub fn reaction(&self, velocity: f64, dry: f64) -> Reaction {
        let peak = self.stribeck.map_or(0.0, |stribeck| {
            let ratio = velocity / stribeck.velocity;
            (stribeck.breakaway - self.coulomb) * (-ratio * ratio).exp()
        });
        let damping = (self.coulomb + peak + dry) / fading(velocity, self.stiction_velocity) + self.viscous;
        Reaction {
            effort: -damping * velocity,
            damping,
        }
    }

    /// The same friction, `factor` times as strong.
    pub fn scaled(&self, factor: f64) -> Self {
        Self {
            coulomb: factor * self.coulomb,
            viscous: factor * self.viscous,
            stribeck: self.stribeck.map(|stribeck| Stribeck {
                breakaway: factor * stribeck.breakaway,
                ..stribeck
            }),
            ..*self
        }
    }
}

/// √(v² + v₀²): speeds are far from where squares overflow, and `hypot` takes as long as the rest of a reaction.
fn fading(velocity: f64, stiction_velocity: f64) -> f64 {
    (velocity * velocity + stiction_velocity * stiction_velocity).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRICTION: Friction = Friction {
        coulomb: 6.0,
        viscous: 2.0,
        stiction_velocity: 0.001,
        stribeck: None,
    };
    const STRIBECK: Friction = Friction {
        stribeck: Some(Stribeck {
            breakaway: 9.0,
            velocity: 0.05,
        }),
        ..FRICTION
    };

    #[test]
    fn it_opposes_motion_and_grows_with_dry_losses() {
        let free = FRICTION.reaction(0.5, 0.0);
        assert!((free.effort + 6.0 + 1.0).abs() < 1e-4);
        let loaded = FRICTION.reaction(-0.5, 10.0);
        assert!((loaded.effort - 6.0 - 10.0 - 1.0).abs() < 1e-4);
    }

    #[test]
    fn it_falls_from_breakaway_to_coulomb_along_stribecks_curve() {
        for velocity in [0.01, 0.03, 0.05, 0.1, 0.3, 2.0_f64] {
            let curve = 6.0 + 3.0 * (-(velocity / 0.05_f64).powi(2)).exp() + 2.0 * velocity;
            let effort = STRIBECK.reaction(velocity, 0.0).effort;
            assert!(
                (effort + curve).abs() < 0.006 * curve,
                "{velocity}: {effort}, not −{curve}"
            );
        }
        let peak = (1..300)
            .map(|step| -STRIBECK.reaction(f64::from(step) * 1e-3, 0.0).effort)
            .fold(0.0, f64::max);
        assert!((8.8..9.05).contains(&peak), "breakaway at {peak} N·m");
        assert!((STRIBECK.scaled(2.0).reaction(1.0, 0.0).effort + 16.0).abs() < 1e-4);
    }

    #[test]
    fn an_implicit_step_never_reverses_the_motion() {
        let (mass, dt) = (0.01, 1e-3);
        for friction in [FRICTION, STRIBECK] {
            for velocity in [1e-6, 1e-4, 3e-3, 0.05, 1.0] {
                let reaction = friction.reaction(velocity, 20.0);
                let after = velocity + dt * reaction.effort / (mass + dt * reaction.damping);
                assert!((0.0..velocity).contains(&after), "{velocity} became {after}");
            }
        }
    }
}
