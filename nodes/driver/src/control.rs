//! From a reference and a measurement to what the drives are told, for all joints of a group at once. For those that close
//! the current alone:
//!
//! ```text
//! τ = rnea(q_ref, q̇_ref, q̈) + J·q̈ + friction(q̇_ref) + effort of the command      q̈ = q̈_ref + correction of the loops
//! i = τ / (Kt · N · η)
//! ```
//!
//! The loops' corrections go through the model too (computed torque): its inertia turns them into efforts, so that
//! bandwidths hold in every pose. J is the rotor's reflected inertia plus what the parameters add.
//!
//! A drive that closes its velocity loop gets `q̇_ref + ω_p · (q_ref − q)`, one that closes its position loop `q_ref` at the time at which
//! the answer acts, ahead by the loop's own lag; both with the most current they may use.
//!
//! The actuators of coupled joints ([`Transmission`](crate::Transmission)) get Mᵀ of the joints' efforts, and what their own rotors and friction take.
//!
//! A joint without a new sample keeps its correction, while what is fed forward goes on.
//!
//! **Invariant:** each effort is within the joint's limit, the command's own limit and the current's, or there is none.

use crate::bus::Closes;
use crate::config::{Config, JointParams};
use crate::dynamics::Dynamics;
use crate::gains::Gains;
use crate::measurement::Measurement;
use crate::reference::Motion;
use crate::servo_loop::{Deviation, ServoLoop};
use arrayvec::ArrayVec;
use servomesh_types::fault::Exceeded;
use servomesh_types::{Fault, JointSet, JointVec, MAX_JOINTS, Setpoint};
use std::f64::consts::TAU;

/// The loops of a group and what they have in common.
#[derive(Debug)]
pub(crate) struct Controller {
    loops: ArrayVec<ServoLoop, MAX_JOINTS>,
    dynamics: Option<Dynamics>,
    /// The reference's velocity when each joint was last sampled.
    velocity_then: JointVec,
    /// Joints whose effort was cut off at its limit in the newest answer.
    saturated: JointSet,
}

/// Where a group should be when a frame was sampled, and when its answer acts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// At the frame's stamp.
    pub(crate) reference: &'a Motion,
    /// The reference's acceleration when the answer acts.
    pub(crate) ahead: &'a JointVec,
    /// From the stamp until the answer acts \[s\].
    pub(crate) lead_s: f64,
    /// What else the command says.
    pub(crate) setpoint: &'a Setpoint,
}

/// What each drive is told, in its own units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Goals {
    pub(crate) current_a: JointVec,
    pub(crate) velocity_ticks_per_s: JointVec,
    pub(crate) position_ticks: JointVec,
}

/// What coupled joints ask of the actuators that they share.
#[derive(Clone, Copy, Debug)]
struct Shares {
    /// Effort of each joint without rotors and friction.
    effort: JointVec,
    /// The most of it.
    limit: JointVec,
    /// How the actuators move.
    velocity: JointVec,
    acceleration: JointVec,
}

impl Shares {
    fn of(config: &Config, reference: &Motion, acceleration: &JointVec) -> Self {
        let transmission = config.transmission();
        Self {
            effort: JointVec::zeros(config.joint_count()),
            limit: JointVec::zeros(config.joint_count()),
            velocity: transmission.actuators(&reference.velocity),
            acceleration: transmission.actuators(acceleration),
        }
    }
}

impl Goals {
    pub(crate) fn none(joints: usize) -> Self {
        Self {
            current_a: JointVec::zeros(joints),
            velocity_ticks_per_s: JointVec::zeros(joints),
            position_ticks: JointVec::zeros(joints),
        }
    }
}

impl Controller {
    pub(crate) fn new(config: &Config, dynamics: Option<Dynamics>) -> Self {
        let loops = config
            .joints()
            .iter()
            .map(|joint| ServoLoop::new(joint.gains, config.group().rate_hz))
            .collect();
        Self {
            loops,
            dynamics,
            velocity_then: JointVec::zeros(config.joint_count()),
            saturated: JointSet::EMPTY,
        }
    }

    /// Empties the loops, as before torque is switched on with a reference that moves at `velocity`.
    pub(crate) fn reset(&mut self, velocity: &JointVec) {
        self.loops.iter_mut().for_each(ServoLoop::reset);
        self.velocity_then = *velocity;
    }

    /// Joints whose effort was cut off at its limit in the newest answer.
    pub(crate) fn saturated(&self) -> JointSet {
        self.saturated
    }

    pub(crate) fn retune(&mut self, gains: &[Gains]) {
        for (servo, &gains) in self.loops.iter_mut().zip(gains) {
            servo.retune(gains);
        }
    }

    /// What the drives are told in answer to one frame.
    ///
    /// # Errors
    /// [`Fault::Following`] if a joint is too far from its reference, [`Fault::NotFinite`] if a number overflowed.
    pub(crate) fn goals(
        &mut self,
        config: &Config,
        measured: &Measurement,
        wanted: &Wanted<'_>,
    ) -> Result<Goals, Fault> {
        let joints = config.joint_count();
        self.saturated = JointSet::EMPTY;
        check_reference(config, measured, wanted)?;
        let acceleration = self.acceleration(config, measured, wanted);
        let Wanted {
            reference, setpoint, ..
        } = *wanted;
        let bodies = match &mut self.dynamics {
            Some(dynamics) => dynamics.effort(&reference.position, &reference.velocity, &acceleration),
            None => JointVec::zeros(joints),
        };
        let transmission = config.transmission();
        let mut position = JointVec::from_fn(joints, |i| wanted.position(&config.joints()[i], i));
        let mut velocity = JointVec::from_fn(joints, |i| wanted.velocity(config, measured, i));
        if let Some(joint) = (0..joints).find(|&i| !(position[i].is_finite() && velocity[i].is_finite())) {
            return Err(Fault::NotFinite { joint: joint as u8 });
        }
        position = transmission.actuators(&position);
        velocity = transmission.actuators(&velocity);
        let mut goals = Goals::none(joints);
        let mut shares = Shares::of(config, reference, &acceleration);
        for (i, joint) in config.joints().iter().enumerate() {
            let actuator = &joint.actuator;
            let own_limit = config.group().joints[i]
                .limits
                .effort()
                .min(actuator.effort_limit());
            let limit = setpoint
                .effort_limit
                .get(i)
                .map_or(own_limit, |asked| asked.min(own_limit));
            goals.velocity_ticks_per_s[i] = actuator.ticks_per_s(velocity[i]);
            goals.position_ticks[i] = actuator.ticks(position[i]);
            if transmission.coupled().contains(i) {
                shares.limit[i] = limit.min(config.group().joints[i].limits.effort());
                shares.effort[i] = bodies[i]
                    + joint.load_inertia * acceleration[i]
                    + setpoint.effort.get(i).copied().unwrap_or(0.0);
                continue;
            }
            let inertia = actuator.reflected_inertia() + joint.load_inertia;
            let effort = bodies[i]
                + inertia * acceleration[i]
                + joint.friction.effort(reference.velocity[i])
                + setpoint.effort.get(i).copied().unwrap_or(0.0);
            if !effort.is_finite() {
                return Err(Fault::NotFinite { joint: i as u8 });
            }
            let most = actuator.current_limit_a;
            goals.current_a[i] = if joint.closes == Closes::Current {
                let bounded = effort.clamp(-limit, limit);
                if effort.abs() > limit {
                    self.saturated.insert(i);
                }
                // Behind a closed brake every error is the brake's.
                if measured.enabled && measured.is_fresh(i) {
                    self.loops[i].integrate(measured.dt[i], effort - bounded, own_limit / inertia);
                }
                actuator.current_a(bounded).clamp(-most, most)
            } else {
                actuator.current_a(limit).abs().min(most)
            };
        }
        if !transmission.coupled().is_empty() {
            self.share(config, measured, &shares, &mut goals)?;
        }
        Ok(goals)
    }

    /// Turns the efforts of coupled joints into the currents of the actuators that move them.
    fn share(
        &mut self,
        config: &Config,
        measured: &Measurement,
        shares: &Shares,
        goals: &mut Goals,
    ) -> Result<(), Fault> {
        let (transmission, joints) = (config.transmission(), config.joints());
        let bounded = JointVec::from_fn(joints.len(), |i| {
            shares.effort[i].clamp(-shares.limit[i], shares.limit[i])
        });
        let of_joints = transmission.actuator_efforts(&bounded);
        let mut cut = JointVec::zeros(joints.len());
        for i in transmission.coupled().iter() {
            let actuator = &joints[i].actuator;
            let effort = of_joints[i]
                + actuator.reflected_inertia() * shares.acceleration[i]
                + joints[i].friction.effort(shares.velocity[i]);
            if !effort.is_finite() {
                return Err(Fault::NotFinite { joint: i as u8 });
            }
            let most = actuator.effort_limit();
            let given = effort.clamp(-most, most);
            cut[i] = effort - given;
            let current_a = actuator.current_a(given);
            let limit_a = actuator.current_limit_a;
            goals.current_a[i] = if joints[i].closes == Closes::Current {
                current_a.clamp(-limit_a, limit_a)
            } else {
                limit_a
            };
        }
        let cut = transmission.joint_efforts(&cut);
        for i in transmission.coupled().iter() {
            let excess = cut[i] + shares.effort[i] - bounded[i];
            if excess.abs() > 0.0 {
                self.saturated.insert(i);
            }
            if joints[i].closes == Closes::Current && measured.enabled && measured.is_fresh(i) {
                let rotors = transmission.inertia_at(i, |k| joints[k].actuator.reflected_inertia());
                let inertia = rotors + joints[i].load_inertia;
                self.loops[i].integrate(measured.dt[i], excess, shares.limit[i] / inertia);
            }
        }
        Ok(())
    }

    /// The reference's acceleration, and what the loops add to it.
    fn acceleration(&mut self, config: &Config, measured: &Measurement, wanted: &Wanted<'_>) -> JointVec {
        let reference = wanted.reference;
        JointVec::from_fn(config.joint_count(), |i| {
            if !measured.is_fresh(i) {
                return wanted.ahead[i] + self.loops[i].held();
            }
            let deviation = Deviation {
                position: wanted.deviation(measured, i),
                velocity: 0.5 * (self.velocity_then[i] + reference.velocity[i]) - measured.velocity[i],
                reference_velocity: reference.velocity[i],
                speed_limit: CATCH_UP * config.group().joints[i].limits.velocity(),
            };
            self.velocity_then[i] = reference.velocity[i];
            wanted.ahead[i] + self.loops[i].correction(deviation, measured.dt[i])
        })
    }
}

impl Wanted<'_> {
    /// How far the joint was from its reference when it was sampled.
    fn deviation(&self, measured: &Measurement, joint: usize) -> f64 {
        let went_since = self.reference.velocity[joint] * measured.age(joint).as_secs_f64();
        self.reference.position[joint] - went_since - measured.position[joint]
    }

    /// The velocity for a drive that closes that loop itself.
    fn velocity(&self, config: &Config, measured: &Measurement, joint: usize) -> f64 {
        let limit = CATCH_UP * config.group().joints[joint].limits.velocity();
        let gain = TAU * config.joints()[joint].gains.position_hz;
        let then = self.reference.velocity[joint] + self.lead_s * self.ahead[joint];
        (then + gain * self.deviation(measured, joint)).clamp(-limit, limit)
    }

    /// The position for a drive that closes that loop itself.
    fn position(&self, params: &JointParams, joint: usize) -> f64 {
        let lag_s = match params.closes {
            Closes::Position { lag_s } => lag_s,
            Closes::Current | Closes::Velocity => 0.0,
        };
        let (velocity, acceleration) = (self.reference.velocity[joint], self.ahead[joint]);
        let then = velocity + self.lead_s * acceleration;
        self.reference.position[joint]
            + self.lead_s * (velocity + 0.5 * self.lead_s * acceleration)
            + lag_s * then
    }
}

/// A joint that was given an effort limit is meant to yield: it may stay behind as far as it must.
fn check_reference(config: &Config, measured: &Measurement, wanted: &Wanted<'_>) -> Result<(), Fault> {
    let Wanted {
        reference, setpoint, ..
    } = wanted;
    let joints = config.joints().iter().enumerate();
    for (i, joint) in joints {
        if !(reference.position[i].is_finite() && reference.velocity[i].is_finite()) {
            return Err(Fault::NotFinite { joint: i as u8 });
        }
        let value = wanted.deviation(measured, i);
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
