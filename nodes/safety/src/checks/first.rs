//! Whether an epoch may begin with a setpoint: from where the machine is, and gently.
//!
//! Positions in rad (m), times in s. **Invariant:** a comparison with NaN never passes.

use super::{JointRules, at_most};
use crate::stop::Reference;
use servomesh_types::{Fault, JointVec};

/// The first setpoint of an epoch, near the measured position and speed of `dt` seconds ago.
///
/// # Errors
/// [`Fault::Jump`] with the distance, of position or else of velocity.
pub fn near(
    rules: &[JointRules],
    position: &JointVec,
    velocity: &JointVec,
    dt: f64,
    to: &Reference,
) -> Result<(), Fault> {
    for (joint, rule) in rules.iter().enumerate() {
        let expected = position[joint] + velocity[joint] * dt;
        at_most(
            joint,
            (to.position[joint] - expected).abs(),
            rule.seed_position,
            Fault::Jump,
        )?;
        at_most(
            joint,
            (to.velocity[joint] - velocity[joint]).abs(),
            rule.seed_velocity,
            Fault::Jump,
        )?;
    }
    Ok(())
}

/// The first setpoint of an epoch does not pull harder than a stream of limited jerk can that began without any acceleration, at most `dt` seconds before.
///
/// What is measured has no acceleration that is good enough to compare with; but before a first setpoint nobody accelerates the group.
///
/// # Errors
/// [`Fault::Jerk`] with a/Δt.
pub fn gentle(rules: &[JointRules], dt: f64, to: &Reference) -> Result<(), Fault> {
    for (joint, rule) in rules.iter().enumerate() {
        let jerk = to.acceleration[joint] / dt;
        at_most(joint, jerk.abs(), rule.jerk_checked, Fault::Jerk)?;
    }
    Ok(())
}
