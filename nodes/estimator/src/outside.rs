//! Decides what acts on one group from outside: its bodies' momentum against what its motors give.
//!
//! It knows only while the drives have torque, and from [`SETTLE_S`] on after they got it: what brakes hold, nobody measures.
//!
//! Units: N·m (N). **Invariant:** an effort that is not known is empty, and no contact comes from it; a collision that was
//! noticed stays until it is cleared.

use crate::bodies::Bodies;
use crate::config::Config;
use crate::contact::Touch;
use crate::observer::Observer;
use servomesh_robot::{Model, RobotError};
use servomesh_types::fault::Exceeded;
use servomesh_types::{DriveMode, Fault, GroupDescription, GroupMotion, JointVec, ServoState};

/// What acts on one group.
#[derive(Clone, Debug)]
pub(crate) struct Outside {
    bodies: Bodies,
    observer: Observer,
    touch: Touch,
    /// Least effort that counts, of each joint.
    floor: JointVec,
    /// A gripper is meant to touch: it has contacts, and no collisions.
    collides: bool,
    /// How long the drives have had torque \[s\].
    powered_s: f64,
    /// Whether `bodies` is at the newest sample.
    ready: bool,
    reported: JointVec,
    collided: Option<Fault>,
}

impl Outside {
    /// The outside of a group whose joints are all in the robot's description.
    ///
    /// # Errors
    /// They are not.
    pub(crate) fn new(robot: &Model, group: &GroupDescription, config: &Config) -> Result<Self, RobotError> {
        let slow = |joint: usize| {
            let described = &group.joints[joint];
            // What two readings tell of a speed, or a little of what the joint can do.
            let noise = described
                .drivetrain
                .encoder
                .resolution
                .max(described.drivetrain.encoder.noise);
            (noise * group.rate_hz).max(SLOW_SHARE * described.limits.velocity())
        };
        Ok(Self {
            bodies: Bodies::new(robot, group, slow)?,
            observer: Observer::default(),
            touch: Touch::default(),
            floor: JointVec::from_fn(group.joints.len(), |joint| {
                config.contact_floor() * group.joints[joint].limits.effort()
            }),
            collides: !group.capabilities.gripper,
            powered_s: 0.0,
            ready: false,
            reported: JointVec::EMPTY,
            collided: None,
        })
    }

    /// The accelerations that the motors gave since the last sample, where the bodies are known; zero where not.
    pub(crate) fn expected(&mut self, state: &ServoState) -> JointVec {
        let joints = state.effort.len();
        if !(self.ready && has_torque(state)) {
            return JointVec::zeros(joints);
        }
        let mean = JointVec::from_fn(joints, |i| 0.5 * (self.reported[i] + state.effort[i]));
        let acceleration = self.bodies.acceleration_by(&mean);
        self.if_finite(acceleration)
    }

    /// Takes the estimate at a new sample, `dt_s` after the last one, with its velocities' deviations. Gives the
    /// accelerations that the motors give now.
    pub(crate) fn update(
        &mut self,
        config: &Config,
        state: &ServoState,
        (position, velocity, acceleration): &(JointVec, JointVec, JointVec),
        deviation: &JointVec,
        dt_s: f64,
    ) -> JointVec {
        self.reported = state.effort;
        self.powered_s = if has_torque(state) {
            self.powered_s + dt_s
        } else {
            0.0
        };
        self.ready = has_torque(state) && self.bodies.update(position, velocity, &state.effort, dt_s);
        if !self.ready {
            self.lose();
            return JointVec::zeros(state.effort.len());
        }
        if self.powered_s > SETTLE_S {
            self.observe(config, acceleration, deviation, dt_s);
        }
        let acceleration = self.bodies.acceleration();
        self.if_finite(acceleration)
    }

    /// The acceleration; zero where the state is so far off that there is none.
    fn if_finite(&mut self, acceleration: JointVec) -> JointVec {
        if acceleration.is_finite() {
            return acceleration;
        }
        self.restart();
        JointVec::zeros(acceleration.len())
    }

    fn observe(&mut self, config: &Config, acceleration: &JointVec, deviation: &JointVec, dt_s: f64) {
        let rate = self.bodies.momentum_rate();
        let bandwidth = config.observer_bandwidth();
        self.observer
            .update(bandwidth, self.bodies.momentum(), &rate, dt_s);
        let mut doubt = self
            .bodies
            .doubt(acceleration, config.mass_error(), config.friction_error());
        let noise = self.bodies.momentum_deviation(deviation);
        for joint in 0..doubt.len() {
            doubt[joint] += self.floor[joint] + NOISE * bandwidth * noise[joint];
        }
        let factor = if self.collides {
            config.collision_factor()
        } else {
            f64::INFINITY
        };
        let hit = self.touch.update(self.observer.external(), &doubt, factor, dt_s);
        if let (Some(joint), None) = (hit, self.collided) {
            self.collided = Some(Fault::Collision(Exceeded {
                joint: joint as u8,
                value: self.observer.external()[joint],
                limit: config.collision_factor() * self.touch.threshold()[joint],
            }));
        }
    }

    /// Knows nothing of the efforts any more: a gap, or a measurement that is not believed. A collision stays.
    pub(crate) fn lose(&mut self) {
        self.observer.reset();
        self.touch.lose();
    }

    /// A silence: nothing is known of the bodies either.
    pub(crate) fn restart(&mut self) {
        self.lose();
        (self.ready, self.powered_s) = (false, 0.0);
    }

    /// Forgets collisions: the group begins anew.
    pub(crate) fn clear(&mut self) {
        self.touch.clear();
        self.collided = None;
    }

    /// The first collision since the last `clear`.
    pub(crate) fn collision(&self) -> Option<Fault> {
        self.collided
    }

    /// Writes what it knows into a motion, where `disturbance` are the accelerations that the model does not explain, and
    /// `deviation` is theirs.
    pub(crate) fn tell(&self, motion: &mut GroupMotion, disturbance: &JointVec, deviation: &JointVec) {
        motion.collision = self.touch.collision();
        motion.collision_effort = *self.touch.collision_effort();
        if !self.ready {
            return;
        }
        motion.disturbance = self.bodies.effort_for(disturbance);
        if !deviation.is_empty() {
            motion.deviation.disturbance = self.bodies.effort_deviation(deviation);
        }
        motion.external = *self.observer.external();
        motion.external_threshold = *self.touch.threshold();
        motion.contact = self.touch.contact();
    }
}

fn has_torque(state: &ServoState) -> bool {
    matches!(state.mode, DriveMode::Enabled | DriveMode::Stopping)
}

/// Brakes take this long to open, and the drives' loops to settle \[s\].
const SETTLE_S: f64 = 0.1;
/// Of a joint's highest speed: below it friction is that of standing.
const SLOW_SHARE: f64 = 0.003;
/// Deviations of the observer's noise that are no contact.
const NOISE: f64 = 5.0;
