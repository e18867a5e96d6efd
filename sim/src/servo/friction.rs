//! Friction of motor, gearbox and bearings, seen at the joint.
//!
//! Decides: viscous friction, Coulomb friction, the Stribeck peak before motion (`Fc + (Fs − Fc)·exp(−(v/vs)²)`), and dry losses that
//! whoever calls adds. All of it opposes the motion, so that it takes power in both directions and never gives any.
//!
//! Dry friction jumps at standstill, which no integrator likes. Here it is `F·v/√(v² + v₀²)` with the stiction velocity v₀ (0.001 rad/s
//! unless the servo says otherwise): a joint pushed with less than F creeps at less than about v₀ instead of standing.
//!
//! **Invariant:** an implicit step never turns the motion around. For that the slope must be at least `F/√(v² + v₀²) − J/dt`, with an inertia J
//! that the joint has at least (its rotor's); where that is less than the curve's own slope, the curve's counts. More would act as inertia
//! that is not there.

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
    /// The friction at `velocity`, with `dry` more dry friction (N·m, N), on an inertia of at least `inertia_over_step` times the step
    /// (N·m·s/rad, N·s/m).
    pub fn reaction(&self, velocity: f64, dry: f64, inertia_over_step: f64) -> Reaction {
        let peak = self.stribeck.map_or(0.0, |stribeck| {
            let ratio = velocity / stribeck.velocity;
            (stribeck.breakaway - self.coulomb) * (-ratio * ratio).exp()
        });
        // √(v² + v₀²): speeds are far from where squares overflow, and `hypot` takes as long as all the rest.
        let squares = velocity * velocity + self.stiction_velocity * self.stiction_velocity;
        let secant = (self.coulomb + peak + dry) / squares.sqrt();
        let tangent = secant * self.stiction_velocity * self.stiction_velocity / squares;
        Reaction {
            effort: -(secant + self.viscous) * velocity,
            damping: tangent.max(secant - inertia_over_step) + self.viscous,
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
        let free = FRICTION.reaction(0.5, 0.0, 0.0);
        assert!((free.effort + 6.0 + 1.0).abs() < 1e-4);
        let loaded = FRICTION.reaction(-0.5, 10.0, 0.0);
        assert!((loaded.effort - 6.0 - 10.0 - 1.0).abs() < 1e-4);
    }

    #[test]
    fn it_falls_from_breakaway_to_coulomb_along_stribecks_curve() {
        for velocity in [0.01, 0.03, 0.05, 0.1, 0.3, 2.0_f64] {
            let curve = 6.0 + 3.0 * (-(velocity / 0.05_f64).powi(2)).exp() + 2.0 * velocity;
            let effort = STRIBECK.reaction(velocity, 0.0, 0.0).effort;
            assert!(
                (effort + curve).abs() < 0.006 * curve,
                "{velocity}: {effort}, not −{curve}"
            );
        }
        let peak = (1..300)
            .map(|step| -STRIBECK.reaction(f64::from(step) * 1e-3, 0.0, 0.0).effort)
            .fold(0.0, f64::max);
        assert!((8.8..9.05).contains(&peak), "breakaway at {peak} N·m");
        assert!((STRIBECK.scaled(2.0).reaction(1.0, 0.0, 0.0).effort + 16.0).abs() < 1e-4);
    }

    #[test]
    fn an_implicit_step_never_reverses_the_motion() {
        let (mass, dt) = (0.01, 1e-3);
        for friction in [FRICTION, STRIBECK] {
            for velocity in [1e-6, 1e-4, 3e-3, 0.05, 1.0] {
                for least in [0.0, 0.5 * mass, mass] {
                    let reaction = friction.reaction(velocity, 20.0, least / dt);
                    let after = velocity + dt * reaction.effort / (mass + dt * reaction.damping);
                    assert!((0.0..velocity).contains(&after), "{velocity} became {after}");
                }
            }
        }
    }

    #[test]
    fn a_moving_joint_feels_friction_and_no_more_inertia_than_it_has() {
        let (mass, dt) = (1.2, 1e-3);
        let (mut velocity, mut time_s) = (0.02, 0.0);
        while time_s < 0.1 {
            let reaction = FRICTION.reaction(velocity, 0.0, 1.0 / dt);
            velocity += dt * (10.0 + reaction.effort) / (mass + dt * reaction.damping);
            time_s += dt;
        }
        // 4 N·m on 1.2 kg·m², with the viscous part's decay.
        let decay = (-time_s * 2.0 / mass).exp();
        let expected = 0.02 * decay + 2.0 * (1.0 - decay);
        assert!(
            (velocity / expected - 1.0).abs() < 0.003,
            "{velocity}, not {expected}"
        );
    }
}
