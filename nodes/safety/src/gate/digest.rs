//! What of one group's gate decides about its future.
//!
//! **Invariant:** every field is named here, so that a new one has to say whether it counts.

use super::{Gate, Phase};
use crate::digest::Digest;
use crate::stop::Reference;
use servomesh_types::{GroupDescription, JointDescription};
use std::hash::Hasher;
use std::time::Duration;

impl Gate {
    pub(crate) fn digest<H: Hasher>(&self, digest: &mut Digest<'_, H>) {
        let Self {
            config,
            // These three follow from configuration, description, mode and speed.
            setup: _,
            rules: _,
            narrowed: _,
            group,
            phase,
            epoch,
            faults,
            resettable,
            measured,
            operation,
            reduced,
            reduced_in_force,
            speed,
            setpoint,
            drift,
            sent,
            effort,
            effort_limit,
            seq: _,
            released_early,
            since,
            commanded,
            engaged,
            stop,
            trail,
            retreat,
            resting,
            next,
            counts: _,
        } = self;
        digest.value((phase, resettable, reduced_in_force));
        digest.value((released_early, commanded, engaged));
        describe(group, digest);
        faults.digest(digest);
        measured.digest(*epoch, digest);
        operation.digest(digest);
        digest.value(reduced.is_some());
        digest.stamp(reduced.unwrap_or_default(), config.settle);
        speed.digest(digest);
        drift.digest(digest);
        digest.joints(effort);
        digest.joints(effort_limit);
        trail.digest(digest);
        let commanding = self.commanding();
        if commanding {
            digest.stamp(*since, config.motion_state_timeout.max(config.engage_timeout));
        }
        digest.value(sent.is_some());
        if let Some(sent) = sent {
            let measured = measured.servo().map(|servo| servo.tag.stamp);
            digest.value(measured > Some(sent.told));
            // Where nothing is commanded, only its stamp is still looked at, to be later; no setpoint in time is so old.
            if commanding || sent.stamp + config.valid_for > digest.now() {
                sent.digest(digest);
            }
        }
        if let Some((setpoint, _)) = setpoint.filter(|_| self.open()) {
            setpoint.digest(digest);
        }
        match phase {
            Phase::Unheard | Phase::Idle { hold: false } => {}
            Phase::Stopping => {
                stop.digest(digest);
                digest.stamp(*next, Duration::ZERO);
            }
            Phase::Retreating => {
                retreat.iter().for_each(|retreat| retreat.digest(digest));
                digest.stamp(*next, Duration::ZERO);
            }
            Phase::Stopped { .. } => {
                digest.stamp(*resting, config.ramp);
                digest.stamp(*next, Duration::ZERO);
            }
            Phase::Idle { hold: true } | Phase::Tracking | Phase::Off => {
                digest.stamp(*next, Duration::ZERO);
            }
        }
        // Own commands are sent at whole periods of ROS time.
        let period = i64::try_from(config.period().as_nanos())
            .unwrap_or(i64::MAX)
            .max(1);
        digest.value(digest.now().as_nanos().rem_euclid(period));
    }
}

impl Reference {
    pub(crate) fn digest<H: Hasher>(&self, digest: &mut Digest<'_, H>) {
        let Self {
            told,
            stamp,
            position,
            velocity,
            acceleration,
        } = self;
        digest.stamp_exactly(*told);
        digest.stamp_exactly(*stamp);
        digest.joints(position);
        digest.joints(velocity);
        digest.joints(acceleration);
    }
}

fn describe<H: Hasher>(group: &GroupDescription, digest: &mut Digest<'_, H>) {
    let GroupDescription {
        name,
        joints,
        rate_hz,
        capabilities,
        backend,
    } = group;
    digest.value((
        name,
        joints.len(),
        capabilities.gripper,
        capabilities.endless,
        backend,
    ));
    digest.number(*rate_hz);
    for joint in joints {
        let JointDescription {
            name,
            kind,
            limits,
            drivetrain,
        } = joint;
        digest.value((name, *kind as u8));
        let bounds = [limits.lower(), limits.upper(), limits.velocity()];
        let rates = [limits.acceleration(), limits.jerk(), limits.effort()];
        let own = [
            drivetrain.armature,
            drivetrain.coulomb,
            drivetrain.viscous,
            drivetrain.efficiency,
        ];
        let encoder = &drivetrain.encoder;
        let measured = [encoder.resolution, encoder.noise, encoder.delay_s];
        let numbers = bounds.into_iter().chain(rates).chain(own).chain(measured);
        numbers.for_each(|number| digest.number(number));
    }
}
