//! Decides what a drive's friction takes of the motor's effort, and how far that may be off.
//!
//! Friction opposes motion: a dry part, viscous friction, and the gear's losses, which are dry friction in proportion to
//! the effort that the gear carries. Where a joint stands, dry friction is whatever keeps it there, up to its full
//! size: nobody can know it, and what pushes with less than that does not show.
//!
//! ```text
//! share     s(v) = v/√(v² + v₀²)                        dry = Fc + (1 − η)·|τ_m|
//! friction  f = dry·s + Fv·v + (1 − |s|)·clamp(push, −dry, dry)
//! ```
//! Units: N·m (N), rad (m). **Invariant:** friction takes power in both directions, and never gives any.

use servomesh_types::Drivetrain;

/// The drive of one joint, as its driver announced it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Drive {
    coulomb: f64,
    viscous: f64,
    /// η; 1 where it was not announced.
    efficiency: f64,
    /// v₀: below it the direction of motion is not certain.
    slow: f64,
}

/// What friction does at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Resistance {
    /// Of dry friction, full size.
    pub(crate) dry: f64,
    /// Of the velocity, s.
    share: f64,
    /// Fv·v.
    viscous: f64,
    /// How fast friction grows with velocity: of the curve, and from standstill.
    tangent: f64,
    secant: f64,
}

impl Drive {
    pub(crate) fn new(drivetrain: &Drivetrain, slow: f64) -> Self {
        let Drivetrain {
            coulomb,
            viscous,
            efficiency,
            ..
        } = *drivetrain;
        Self {
            coulomb,
            viscous,
            efficiency: if efficiency > 0.0 { efficiency } else { 1.0 },
            slow,
        }
    }

    /// The effort of the motor before the gear's losses. What drivers report is reduced by them.
    pub(crate) fn motor(&self, reported: f64) -> f64 {
        reported / self.efficiency
    }

    /// Friction at `velocity` while the motor gives `motor`.
    pub(crate) fn resistance(&self, velocity: f64, motor: f64) -> Resistance {
        let dry = self.coulomb + (1.0 - self.efficiency) * motor.abs();
        let squares = velocity * velocity + self.slow * self.slow;
        let root = squares.sqrt();
        Resistance {
            dry,
            share: velocity / root,
            viscous: self.viscous * velocity,
            tangent: dry * self.slow * self.slow / (squares * root) + self.viscous,
            secant: dry / root,
        }
    }
}

impl Resistance {
    /// The slope for a step that ends `dt_s` later, of a joint with at least this inertia: enough that friction alone never
    /// turns the motion around, and no more than the curve's own where it would not.
    pub(crate) fn slope(&self, inertia: f64, dt_s: f64) -> f64 {
        self.tangent.max(self.secant - inertia / dt_s)
    }

    /// The effort that friction takes while `push` is what would move the joint without it.
    pub(crate) fn effort(&self, push: f64) -> f64 {
        let holding = (1.0 - self.share.abs()) * push.clamp(-self.dry, self.dry);
        self.dry * self.share + self.viscous + holding
    }

    /// How far that may be off: `error` is the share by which the announced friction may be wrong.
    pub(crate) fn doubt(&self, error: f64) -> f64 {
        error * (self.dry + self.viscous.abs()) + (1.0 - self.share.abs()) * self.dry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elbow() -> Drive {
        let drivetrain = Drivetrain {
            coulomb: 6.0,
            viscous: 5.0,
            efficiency: 0.8,
            ..Drivetrain::default()
        };
        Drive::new(&drivetrain, 0.01)
    }

    #[test]
    fn losses_are_those_of_a_gear_that_drives_and_of_one_that_is_driven() {
        let drive = elbow();
        let motor = drive.motor(40.0);
        let moves = |velocity| motor - drive.resistance(velocity, motor).effort(motor);
        assert!((moves(1.0) - (40.0 - 6.0 - 5.0)).abs() < 0.01, "{}", moves(1.0));
        // Of 50 N·m, 10 get lost either way.
        assert!((moves(-1.0) - (60.0 + 6.0 + 5.0)).abs() < 0.01, "{}", moves(-1.0));
    }

    #[test]
    fn a_joint_that_stands_is_held_up_to_the_dry_friction_and_that_is_in_doubt() {
        let still = elbow().resistance(0.0, 0.0);
        for (push, held) in [(3.0, 3.0), (-5.0, -5.0), (20.0, 6.0)] {
            assert!((still.effort(push) - held).abs() < 1e-12);
        }
        assert!((still.doubt(0.1) - 6.6).abs() < 1e-12);
        let fast = elbow().resistance(1.0, 0.0);
        assert!((fast.doubt(0.1) - 1.1).abs() < 0.01);
    }

    #[test]
    fn what_was_not_announced_is_no_friction() {
        let drive = Drive::new(&Drivetrain::default(), 0.01);
        assert!((drive.motor(7.0) - 7.0).abs() < 1e-12);
        assert!(drive.resistance(0.3, 7.0).effort(7.0).abs() < 1e-12);
    }
}
