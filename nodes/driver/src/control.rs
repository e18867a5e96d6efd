//! From a reference and a measurement to motor currents, for all joints of a group at once.
//!
//! ```text
//! τ = rnea(q_ref, q̇_ref, q̈) + J·q̈ + friction(q̇_ref) + effort of the command      q̈ = q̈_ref + correction of the loops
//! i = τ / (Kt · N · η)
//! ```
//!
//! The loops' corrections go through the model too (computed torque): its inertia turns them into efforts, so that
//! bandwidths hold in every pose. J is the rotor's reflected inertia plus what the parameters add.
//!
//! **Invariant:** each effort is within the joint's limit, the command's own limit and the current's, or there is none.

use crate::config::Config;
use crate::dynamics::Dynamics;
use crate::gains::Gains;
use crate::measurement::Measurement;
use crate::reference::Motion;
use crate::servo_loop::{Deviation, ServoLoop};
use arrayvec::ArrayVec;
use servomesh_types::fault::Exceeded;
use servomesh_types::{Fault, JointVec, MAX_JOINTS, Setpoint};

/// The loops of a group and what they have in common.
#[derive(Debug)]
pub(crate) struct Controller {
    loops: ArrayVec<ServoLoop, MAX_JOINTS>,
    dynamics: Option<Dynamics>,
}

impl Controller {
    pub(crate) fn new(config: &Config, dynamics: Option<Dynamics>) -> Self {
        let loops = config
            .joints()
            .iter()
            .map(|joint| ServoLoop::new(joint.gains))
            .collect();
        Self { loops, dynamics }
    }

    /// Empties the loops, as before torque is switched on.
    pub(crate) fn reset(&mut self) {
        self.loops.iter_mut().for_each(ServoLoop::reset);
    }

    pub(crate) fn retune(&mut self, gains: &[Gains]) {
        for (servo, &gains) in self.loops.iter_mut().zip(gains) {
            servo.retune(gains);
        }
    }

    /// The currents \[A\] for one frame. `velocity_before` is the reference's velocity at the frame before, `ahead` its
    /// acceleration when these currents act.
    ///
    /// # Errors
    /// [`Fault::Following`] if a joint is too far from its reference, [`Fault::NotFinite`] if a number overflowed.
    pub(crate) fn currents(
        &mut self,
        config: &Config,
        measured: &Measurement,
        velocity_before: &JointVec,
        reference: &Motion,
        ahead: &JointVec,
        setpoint: &Setpoint,
    ) -> Result<JointVec, Fault> {
        let joints = config.joint_count();
        check_reference(config, measured, reference, setpoint)?;
        let acceleration = JointVec::from_fn(joints, |i| {
            let deviation = Deviation {
                position: reference.position[i] - measured.position[i],
                velocity: 0.5 * (velocity_before[i] + reference.velocity[i]) - measured.velocity[i],
                reference_velocity: reference.velocity[i],
                speed_limit: CATCH_UP * config.group().joints[i].limits.velocity(),
            };
            ahead[i] + self.loops[i].correction(deviation, measured.dt)
        });
        let bodies = match &mut self.dynamics {
            Some(dynamics) => dynamics.effort(&reference.position, &reference.velocity, &acceleration),
            None => JointVec::zeros(joints),
        };
        let mut current_a = JointVec::zeros(joints);
        for (i, joint) in config.joints().iter().enumerate() {
            let inertia = joint.actuator.reflected_inertia() + joint.load_inertia;
            let wanted = bodies[i]
                + inertia * acceleration[i]
                + joint.friction.effort(reference.velocity[i])
                + setpoint.effort.get(i).copied().unwrap_or(0.0);
            if !wanted.is_finite() {
                return Err(Fault::NotFinite { joint: i as u8 });
            }
            let own_limit = config.group().joints[i]
                .limits
                .effort()
                .min(joint.actuator.effort_limit());
            let limit = setpoint
                .effort_limit
                .get(i)
                .map_or(own_limit, |asked| asked.min(own_limit));
            let effort = wanted.clamp(-limit, limit);
            // Behind a closed brake every error is the brake's.
            if measured.enabled {
                self.loops[i].integrate(measured.dt, wanted - effort, own_limit / inertia);
            }
            let most = joint.actuator.current_limit_a;
            current_a[i] = joint.actuator.current_a(effort).clamp(-most, most);
        }
        Ok(current_a)
    }
}

/// A joint that was given an effort limit is meant to yield: it may stay behind as far as it must.
fn check_reference(
    config: &Config,
    measured: &Measurement,
    reference: &Motion,
    setpoint: &Setpoint,
) -> Result<(), Fault> {
    let joints = config.joints().iter().enumerate();
    for (i, joint) in joints {
        if !(reference.position[i].is_finite() && reference.velocity[i].is_finite()) {
            return Err(Fault::NotFinite { joint: i as u8 });
        }
        let value = reference.position[i] - measured.position[i];
        let limit = joint.following_limit;
        if value.abs() > limit && setpoint.effort_limit.is_empty() {
            return Err(Fault::Following(Exceeded {
                joint: i as u8,
                value,
                limit,
            }));
        }
    }
    Ok(())
}

/// Of the velocity limit: what is above one is for catching up with a reference that moves at the limit.
const CATCH_UP: f64 = 1.1;
