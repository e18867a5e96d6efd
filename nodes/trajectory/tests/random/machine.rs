//! One group: what it was told, where it is, and the stop that it published last.

use servomesh_types::{Epoch, GroupDescription, GroupMotion, JointVec, Setpoint, Stamp, Stopping};
use std::collections::VecDeque;
use std::time::Duration;

use crate::judge;

/// One group: what it was told, and where it is.
pub(crate) struct Machine {
    pub(crate) description: GroupDescription,
    pub(crate) position: JointVec,
    pub(crate) velocity: JointVec,
    pub(crate) epoch: Epoch,
    pub(crate) speed_scale: f64,
    /// Since the group was seeded.
    pub(crate) newest: Option<Setpoint>,
    /// All of them, where a test wants them.
    pub(crate) kept: Option<Vec<Setpoint>>,
    /// A part between the fingers: the joint can't go below this.
    pub(crate) part_at: f64,
    /// Where its joints may be.
    ranges: Vec<(f64, f64)>,
    acceleration: JointVec,
    effort: JointVec,
    told: VecDeque<Setpoint>,
    stop: Option<Promise>,
}

/// A stop that was asked for: what was published before.
struct Promise {
    from: JointVec,
    rest_by: Stamp,
    stopping: Stopping,
    /// How far each joint may have gone between the setpoint and the request.
    meanwhile: JointVec,
}

impl Machine {
    pub(crate) fn new(description: &GroupDescription, position: &JointVec) -> Self {
        let zeros = JointVec::zeros(position.len());
        Self {
            description: description.clone(),
            position: *position,
            velocity: zeros,
            epoch: Epoch(1),
            speed_scale: 1.0,
            newest: None,
            kept: None,
            part_at: f64::NEG_INFINITY,
            ranges: Vec::new(),
            acceleration: zeros,
            effort: zeros,
            told: VecDeque::new(),
            stop: None,
        }
    }

    /// What is measured at `stamp`.
    pub(crate) fn motion(&self, stamp: Stamp) -> GroupMotion {
        GroupMotion {
            stamp,
            holds_at: stamp,
            position: self.position,
            velocity: self.velocity,
            acceleration: self.acceleration,
            effort: self.effort,
            ..GroupMotion::default()
        }
    }

    /// Stands, and has forgotten what it was told: a driver after a stop by `safety`.
    pub(crate) fn start_anew(&mut self) {
        self.told.clear();
        let zeros = JointVec::zeros(self.velocity.len());
        (self.velocity, self.acceleration) = (zeros, zeros);
        self.epoch = Epoch(self.epoch.0 + 1);
    }

    /// Its setpoints are over.
    pub(crate) fn unseed(&mut self) {
        self.newest = None;
        self.stop = None;
    }

    pub(crate) fn take(&mut self, setpoint: Setpoint) {
        if self.newest.is_none() {
            self.ranges = judge::ranges(&self.description, &setpoint);
        }
        judge::setpoint(&self.description, &self.ranges, self.newest.as_ref(), &setpoint);
        if let Some(stop) = &self.stop {
            stop.judge(&setpoint);
        }
        if setpoint.release {
            assert!(
                setpoint.velocity.max_abs() == 0.0,
                "torque off in motion: {setpoint:?}"
            );
        }
        if let Some(kept) = &mut self.kept {
            kept.push(setpoint);
        }
        self.newest = Some(setpoint);
        self.told.push_back(setpoint);
    }

    /// Holds what comes to the stop that was published last; until the next goal is taken on.
    pub(crate) fn promise(&mut self, now: Stamp) {
        let Some(Setpoint {
            tag,
            position,
            velocity,
            acceleration,
            stopping: Some(stopping),
            ..
        }) = self.newest
        else {
            return;
        };
        let late_s = now.seconds_from(tag.stamp);
        if late_s > 0.0 {
            return; // what is published holds from its own time on
        }
        let meanwhile = JointVec::from_fn(position.len(), |i| {
            let limits = self.description.joints[i].limits;
            let more = acceleration[i].abs() * late_s + limits.jerk() * late_s * late_s;
            ON * (velocity[i].abs() + more) * late_s
        });
        self.stop = Some(Promise {
            from: position,
            rest_by: now + Duration::from_secs_f64(stopping.time_s + ON * late_s) + Duration::from_nanos(2),
            stopping,
            meanwhile,
        });
    }

    /// From now on the group does something else.
    pub(crate) fn forget_stop(&mut self) {
        self.stop = None;
    }

    /// Goes where it was told to be some setpoints ago.
    pub(crate) fn follow(&mut self) {
        if self.told.len() <= LATENCY as usize {
            return;
        }
        let Some(setpoint) = self.told.pop_front() else {
            return;
        };
        if setpoint.position[0] < self.part_at {
            let zeros = JointVec::zeros(self.velocity.len());
            (self.velocity, self.acceleration) = (zeros, zeros);
            self.position[0] = self.part_at;
            self.effort = JointVec::from_fn(zeros.len(), |_| 10.0);
            return;
        }
        (self.position, self.velocity) = (setpoint.position, setpoint.velocity);
        self.acceleration = setpoint.acceleration;
        self.effort = JointVec::zeros(self.velocity.len());
    }
}

impl Promise {
    fn judge(&self, setpoint: &Setpoint) {
        if setpoint.tag.stamp >= self.rest_by {
            let velocity = setpoint.velocity.max_abs();
            assert!(
                velocity < 1e-9,
                "stop published as {:?} still moves with {velocity} at {}, to be at rest by {}",
                self.stopping,
                setpoint.tag.stamp,
                self.rest_by
            );
        }
        for i in 0..self.from.len() {
            let went = (setpoint.position[i] - self.from[i]).abs();
            let most = self.stopping.distance[i] + self.meanwhile[i] + judge::rounding(self.from[i]);
            assert!(
                went <= most,
                "joint {i} goes {went} in a stop that was published as {:?} (and {} before it)",
                self.stopping,
                self.meanwhile[i]
            );
        }
    }
}

/// A joint that speeds up until a stop is asked for has to slow down again, and goes on meanwhile: so many times as long.
const ON: f64 = 4.0;

/// Setpoints under way to the machine.
pub(crate) const LATENCY: u32 = 2;
