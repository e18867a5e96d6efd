//! The driver's own stop: each joint to standstill as fast as its limits of acceleration and jerk allow.
//!
//! The times come from Ruckig's velocity interface, one joint at a time, so that no joint waits for another.
//! **Invariant:** position, velocity and acceleration go on from where the reference was.

use crate::config::Config;
use crate::reference::Motion;
use rsruckig::prelude::{
    ControlInterface, DataArrayOrVec, InputParameter, Ruckig, RuckigError, ThrowErrorHandler, Trajectory,
};
use servomesh_types::{JointDescription, JointVec, Stamp};

/// A stop under way.
#[derive(Debug)]
pub(crate) struct Ramp {
    start: Stamp,
    joints: Vec<Trajectory<1>>,
}

impl Ramp {
    /// Plans the stop from `motion` at `start`. It is planned once; sampling it allocates nothing.
    pub(crate) fn plan(config: &Config, motion: &Motion, start: Stamp) -> Result<Self, RuckigError> {
        let plan = |(i, joint): (usize, &JointDescription)| {
            let mut input = InputParameter::<1>::new(None);
            input.control_interface = ControlInterface::Velocity;
            input.current_position[0] = motion.position[i];
            input.current_velocity[0] = motion.velocity[i];
            input.current_acceleration[0] = motion.acceleration[i];
            input.max_velocity[0] = joint.limits.velocity();
            input.max_acceleration[0] = joint.limits.acceleration();
            input.max_jerk[0] = joint.limits.jerk();
            let mut trajectory = Trajectory::new(None);
            Ruckig::<1, ThrowErrorHandler>::new(None, config.period_s())
                .calculate(&input, &mut trajectory)
                .map(|_| trajectory)
        };
        let joints = config
            .group()
            .joints
            .iter()
            .enumerate()
            .map(plan)
            .collect::<Result<_, _>>()?;
        Ok(Self { start, joints })
    }

    /// Where the group should be at `t`.
    pub(crate) fn at(&self, t: Stamp) -> Motion {
        let time = t.seconds_from(self.start).max(0.0);
        let mut motion = Motion {
            position: JointVec::zeros(self.joints.len()),
            velocity: JointVec::zeros(self.joints.len()),
            acceleration: JointVec::zeros(self.joints.len()),
        };
        for (i, joint) in self.joints.iter().enumerate() {
            let sample = || DataArrayOrVec::<f64, 1>::Stack([0.0]);
            let (mut position, mut velocity, mut acceleration) = (sample(), sample(), sample());
            joint.at_time(
                time,
                &mut Some(&mut position),
                &mut Some(&mut velocity),
                &mut Some(&mut acceleration),
                &mut None,
                &mut None,
            );
            motion.position[i] = position[0];
            motion.velocity[i] = velocity[0];
            motion.acceleration[i] = acceleration[0];
        }
        motion
    }

    /// How long after `t` the last joint stands \[s\]; negative once all do.
    pub(crate) fn remaining_s(&self, t: Stamp) -> f64 {
        let longest = self
            .joints
            .iter()
            .map(Trajectory::get_duration)
            .fold(0.0, f64::max);
        longest - t.seconds_from(self.start)
    }
}
