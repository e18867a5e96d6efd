//! The driver's own stop: each joint to standstill as fast as its limits of acceleration and jerk allow, none waiting for another.
//!
//! **Invariant:** position, velocity and acceleration go on from where the reference was.

use crate::config::Config;
use crate::reference::Motion;
use servomesh_types::{JointVec, MAX_JOINTS, Ramp, Stamp};

/// A stop under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stop {
    start: Stamp,
    from: JointVec,
    ramps: [Ramp; MAX_JOINTS],
    duration_s: f64,
}

impl Stop {
    /// The stop from `motion` at `start` on.
    pub(crate) fn plan(config: &Config, motion: &Motion, start: Stamp) -> Self {
        let mut stop = Self {
            start,
            from: motion.position,
            ramps: [Ramp::default(); MAX_JOINTS],
            duration_s: 0.0,
        };
        for (i, joint) in config.group().joints.iter().enumerate() {
            let (most, jerk) = (joint.limits.acceleration(), joint.limits.jerk());
            stop.ramps[i] = Ramp::to_rest(motion.velocity[i], motion.acceleration[i], most, jerk);
            stop.duration_s = stop.duration_s.max(stop.ramps[i].duration_s());
        }
        stop
    }

    /// Where the group should be at `t`.
    pub(crate) fn at(&self, t: Stamp) -> Motion {
        let time_s = t.seconds_from(self.start).max(0.0);
        Motion::from_joints(self.from.len(), |i| {
            let (way, velocity, acceleration) = self.ramps[i].at(time_s);
            [self.from[i] + way, velocity, acceleration]
        })
    }

    /// How long after `t` the last joint stands \[s\]; negative once all do.
    pub(crate) fn remaining_s(&self, t: Stamp) -> f64 {
        self.duration_s - t.seconds_from(self.start)
    }
}
