//! How far a stream has drifted from its own word: its positions from where its velocities lead, its velocities from where its accelerations do.
//!
//! From one setpoint to the next either may differ by a tolerance. Used up at every setpoint, in the same direction, that would be a motion of its own
//! which no other check sees: creeping at tolerance/period while the velocity says standstill. So what differs adds up here, and is forgotten
//! slowly. Positions in rad (m), times in s.
//!
//! **Invariant:** in the mean of a second a stream that passes moves as it says, give or take its tolerances.

use crate::checks::{JointRules, at_most};
use crate::digest::Digest;
use crate::stop::Reference;
use servomesh_types::{Fault, JointVec};
use std::hash::Hasher;

/// What has added up since the epoch began.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Drift {
    position: JointVec,
    velocity: JointVec,
}

impl Drift {
    pub(crate) fn digest<H: Hasher>(&self, digest: &mut Digest<'_, H>) {
        let Self { position, velocity } = self;
        digest.joints(position);
        digest.joints(velocity);
    }

    /// What it comes to with one more setpoint. Accelerations are taken to change evenly in between, so that a stream of limited jerk does not
    /// drift: Δv = (a₀ + a₁)/2·Δt, Δq = (v₀ + v₁)/2·Δt − (a₁ − a₀)/12·Δt².
    ///
    /// # Errors
    /// [`Fault::Jump`] with the drift of the position, [`Fault::Acceleration`] with that of the velocity as an acceleration.
    pub fn gone_on(&self, rules: &[JointRules], from: &Reference, to: &Reference) -> Result<Self, Fault> {
        let dt = to.stamp.seconds_from(from.stamp);
        let kept = (-dt / FORGOTTEN_S).exp();
        let before = |vec: &JointVec, joint: usize| kept * vec.get(joint).copied().unwrap_or(0.0);
        // What is rounding is none.
        let noticed = |drift: f64| if drift.abs() < ROUNDING { 0.0 } else { drift };
        let mut drift = Self {
            position: JointVec::zeros(rules.len()),
            velocity: JointVec::zeros(rules.len()),
        };
        for (joint, rule) in rules.iter().enumerate() {
            let (v0, v1) = (from.velocity[joint], to.velocity[joint]);
            let (a0, a1) = (from.acceleration[joint], to.acceleration[joint]);
            let way = dt * ((v0 + v1) / 2.0 - dt * (a1 - a0) / 12.0);
            let strays = to.position[joint] - from.position[joint] - way;
            drift.position[joint] = noticed(before(&self.position, joint) + strays);
            let explicable = rule.acceleration_checked * dt * dt / 4.0 + rule.jump;
            at_most(joint, drift.position[joint].abs(), explicable, Fault::Jump)?;
            let gains = v1 - v0 - dt * (a0 + a1) / 2.0;
            drift.velocity[joint] = noticed(before(&self.velocity, joint) + gains);
            let explicable = rule.jerk_checked * dt * dt / 4.0 + rule.velocity_jump;
            let as_acceleration = |speed: f64| rule.acceleration_checked + speed / dt;
            at_most(
                joint,
                as_acceleration(drift.velocity[joint].abs()),
                as_acceleration(explicable),
                Fault::Acceleration,
            )?;
        }
        Ok(drift)
    }
}

/// What a drift may be by rounding \[rad, rad/s\].
const ROUNDING: f64 = 1e-9;
/// How long it takes to forget most of what has added up \[s\].
const FORGOTTEN_S: f64 = 0.5;

#[cfg(test)]
mod tests {
    use super::*;
    use servomesh_types::Stamp;

    const PERIOD_S: f64 = 0.002;

    fn rules() -> [JointRules; 1] {
        [JointRules {
            acceleration_checked: 10.0,
            jerk_checked: 105.0,
            jump: 5e-4,
            velocity_jump: 0.05,
            ..JointRules::default()
        }]
    }

    fn at(period: i64, position: f64, velocity: f64, acceleration: f64) -> Reference {
        Reference {
            told: Stamp::from_millis(2 * period),
            stamp: Stamp::from_millis(2 * period),
            position: JointVec::from([position]),
            velocity: JointVec::from([velocity]),
            acceleration: JointVec::from([acceleration]),
        }
    }

    /// How many periods of a stream pass.
    fn passes(stream: impl Fn(f64) -> (f64, f64, f64)) -> i64 {
        let mut drift = Drift::default();
        let reference = |period: i64| {
            let (q, v, a) = stream(period as f64 * PERIOD_S);
            at(period, q, v, a)
        };
        for period in 0..1000 {
            match drift.gone_on(&rules(), &reference(period), &reference(period + 1)) {
                Ok(next) => drift = next,
                Err(_) => return period,
            }
        }
        1000
    }

    #[test]
    fn a_stream_that_keeps_its_word_passes_for_ever() {
        assert_eq!(passes(|t| (t.sin(), t.cos(), -t.sin())), 1000);
        // A jerk of 100 rad/s³, on and on.
        assert_eq!(
            passes(|t| (100.0 * t.powi(3) / 6.0, 50.0 * t * t, 100.0 * t)),
            1000
        );
    }

    #[test]
    fn one_that_creeps_while_it_says_that_it_stands_does_not() {
        assert!(passes(|t| (0.2 * t, 0.0, 0.0)) < 3);
        // A milliradian in a second is forgotten as fast as it adds up.
        assert_eq!(passes(|t| (5e-4 * t, 0.0, 0.0)), 1000);
    }

    #[test]
    fn one_that_gains_speed_it_does_not_speak_of_does_not() {
        assert!(passes(|t| (2.5 * t * t, 5.0 * t, 0.0)) < 12);
    }

    #[test]
    fn what_is_no_number_does_not_pass() {
        assert_eq!(passes(|_| (f64::NAN, 0.0, 0.0)), 0);
        assert_eq!(passes(|_| (0.0, 0.0, f64::NAN)), 0);
    }

    #[test]
    fn a_joint_at_its_very_limit_does_not_hide_the_next_one() {
        let rule = JointRules {
            jerk_checked: 0.0,
            ..rules()[0]
        };
        // More than is explicable by so little that the acceleration told of it is the limit.
        let gained = rule.velocity_jump.next_up();
        let both = |period: i64, position: [f64; 2], velocity: [f64; 2]| Reference {
            position: JointVec::from(position),
            velocity: JointVec::from(velocity),
            acceleration: JointVec::zeros(2),
            ..at(period, 0.0, 0.0, 0.0)
        };
        let led = gained * PERIOD_S / 2.0;
        let gone_on = |second: f64| {
            let (from, to) = (both(0, [0.0; 2], [0.0; 2]), both(1, [led, second], [gained, 0.0]));
            Drift::default().gone_on(&[rule; 2], &from, &to)
        };
        assert!(gone_on(0.0).is_ok());
        assert!(matches!(gone_on(0.1), Err(Fault::Jump(jump)) if jump.joint == 1));
    }
}
