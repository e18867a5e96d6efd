//! Decides what one group does: its samples through the intake into its joints' filters, predicted to any instant.
//!
//! **Invariant:** a motion is predicted for at most `coast` past its sample; after that the group says nothing until it
//! is heard again, and then starts from the measured state. **Invariant:** a sample that comes late changes nothing: the
//! estimate is the same as if it had been lost.

use crate::config::Config;
use crate::filter::Motion;
use crate::intake::{self, Counters, Refusal};
use crate::joints::Joints;
use crate::outside::Outside;
use servomesh_robot::Model;
use servomesh_types::{
    Epoch, Fault, GroupDescription, GroupMotion, JointSet, JointVec, MotionDeviation, ServoState, Stamp,
};
use std::collections::VecDeque;
use std::time::Duration;

/// One group, as the estimator follows it.
#[derive(Debug)]
pub(crate) struct GroupTrack {
    description: GroupDescription,
    joints: Joints,
    /// What acts on it from outside, where its bodies are known.
    outside: Option<Outside>,
    effort: JointVec,
    epoch: Epoch,
    /// The newest accepted sample's stamp, also while the group is not live.
    newest: Option<Stamp>,
    newest_seq: u64,
    /// Joints that didn't know where they are at the newest sample.
    unhomed: JointSet,
    heard_at: Stamp,
    live: bool,
    /// A refusal was reported, and no good sample has come since.
    refusing: bool,
    reported_at: Option<Stamp>,
    counters: Counters,
    changes: VecDeque<Change>,
}

/// What a sample or a silence changed, for events.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    /// A first sample after a silence.
    Back,
    /// Samples are good again after refused ones.
    Good,
    /// The first of a row of refused samples.
    Refused(String),
    /// An encoder failed, or a joint was hit.
    Found(Fault),
    /// A new epoch forgot such faults.
    Forgiven,
}

impl GroupTrack {
    pub(crate) fn new(description: GroupDescription, robot: Option<&Model>, config: &Config) -> Self {
        // A belt or a gripper may be in no description: then its motion alone is told.
        let outside = robot.and_then(|robot| Outside::new(robot, &description, config).ok());
        let bandwidth = if outside.is_some() {
            config.model_bandwidth()
        } else {
            config.bandwidth()
        };
        Self {
            joints: Joints::new(&description, bandwidth, config.coast().as_secs_f64()),
            outside,
            effort: JointVec::zeros(description.joints.len()),
            description,
            epoch: Epoch::NONE,
            newest: None,
            newest_seq: 0,
            unhomed: JointSet::EMPTY,
            heard_at: Stamp::ZERO,
            live: false,
            refusing: false,
            reported_at: None,
            counters: Counters::default(),
            changes: VecDeque::new(),
        }
    }

    pub(crate) fn description(&self) -> &GroupDescription {
        &self.description
    }

    pub(crate) fn counters(&self) -> Counters {
        self.counters
    }

    /// What changed since the last call.
    pub(crate) fn take_change(&mut self) -> Option<Change> {
        self.changes.pop_front()
    }

    /// Whether it was heard of lately enough to say where it is.
    pub(crate) fn is_live(&self) -> bool {
        self.live
    }

    /// When its last sample is too old, unless it has fallen silent already.
    pub(crate) fn silent_at(&self, coast: Duration) -> Option<Stamp> {
        self.newest.filter(|_| self.live).map(|newest| newest + coast)
    }

    /// Whether it is heard at its own rate, give or take two cycles.
    pub(crate) fn is_prompt(&self, now: Stamp) -> bool {
        self.live && now.seconds_from(self.heard_at) * self.description.rate_hz <= 3.0
    }

    /// Takes a sample; whether it went into the filters.
    pub(crate) fn take(&mut self, now: Stamp, state: &ServoState, config: &Config) -> bool {
        if let Err(refusal) = intake::check(&self.description, state, self.newest, now, config.coast()) {
            self.refuse(now, refusal);
            return false;
        }
        let (stamp, was_live, was_heard) = (state.tag.stamp, self.live, self.newest.is_some());
        self.rebase(state);
        match self.newest {
            Some(newest) if was_live => self.advance(state, stamp.seconds_from(newest), config),
            _ => self.start(state),
        }
        if state.tag.epoch != self.epoch {
            self.forgive(state);
        }
        self.counters.accepted += 1;
        if was_live {
            self.counters.lost += state.tag.seq.saturating_sub(self.newest_seq.saturating_add(1));
        }
        (self.newest, self.newest_seq, self.heard_at, self.live) = (Some(stamp), state.tag.seq, now, true);
        let was_refusing = std::mem::take(&mut self.refusing);
        if !was_live && was_heard {
            self.changes.push_back(Change::Back);
        } else if was_refusing {
            self.changes.push_back(Change::Good);
        }
        true
    }

    fn refuse(&mut self, now: Stamp, refusal: Refusal) {
        refusal.count(&mut self.counters);
        let quiet = self.refusing || self.reported_at.is_some_and(|at| now.since(at) < REPORT_AGAIN);
        if let Some(text) = refusal.describe(&self.description).filter(|_| !quiet) {
            (self.refusing, self.reported_at) = (true, Some(now));
            self.changes.push_back(Change::Refused(text));
        }
    }

    /// A joint that was homed, or has to be homed again, counts from elsewhere than before: that is no step of its encoder.
    fn rebase(&mut self, state: &ServoState) {
        let before = std::mem::replace(&mut self.unhomed, state.unhomed);
        let changed = (0..state.position.len())
            .filter(|joint| before.contains(*joint) != state.unhomed.contains(*joint))
            .collect();
        self.joints.rebase(changed, state);
    }

    fn start(&mut self, state: &ServoState) {
        self.joints.start(state);
        self.effort = state.effort;
        if let Some(outside) = &mut self.outside {
            outside.restart();
        }
    }

    fn advance(&mut self, state: &ServoState, dt_s: f64, config: &Config) {
        let expected = match &mut self.outside {
            Some(outside) => outside.expected(state),
            None => JointVec::zeros(state.position.len()),
        };
        let advance = self.joints.advance(state, &expected, dt_s);
        self.counters.held += advance.held;
        self.changes.extend(advance.failed.map(Change::Found));
        let follow = -(-config.bandwidth() * dt_s).exp_m1();
        for (effort, measured) in self.effort.iter_mut().zip(state.effort.iter()) {
            *effort += follow * (measured - *effort);
        }
        let Some(outside) = &mut self.outside else { return };
        let deviation = JointVec::from_fn(state.position.len(), |joint| {
            self.joints
                .deviations(joint, 0.0)
                .map_or(0.0, |deviation| deviation.velocity)
        });
        let hit_before = outside.collision();
        let now = outside.update(config, state, &self.joints.state(), &deviation, dt_s);
        // Where nobody knows how the bodies lie, nobody knows what gravity asks for; and a joint that is homed to a stop is meant to touch it.
        if !(self.joints.doubtful().is_empty() && state.unhomed.is_empty()) {
            outside.lose();
        }
        self.joints.expect(&now);
        if hit_before.is_none() {
            self.changes.extend(outside.collision().map(Change::Found));
        }
    }

    /// A new epoch: whoever reset the group has seen its faults.
    fn forgive(&mut self, state: &ServoState) {
        self.epoch = state.tag.epoch;
        if self.fault().is_some() {
            self.changes.push_back(Change::Forgiven);
        }
        self.joints.clear(state);
        if let Some(outside) = &mut self.outside {
            outside.clear();
        }
    }

    /// What is wrong with its measurements, or what it ran into.
    fn fault(&self) -> Option<Fault> {
        self.joints
            .fault()
            .or_else(|| self.outside.as_ref().and_then(Outside::collision))
    }

    /// Falls silent if its last sample is too old; says how old.
    pub(crate) fn expire(&mut self, now: Stamp, coast: Duration) -> Option<Fault> {
        let newest = self.newest?;
        let silent = self.silent_at(coast).is_some_and(|at| now >= at);
        silent.then(|| {
            self.live = false;
            self.refusing = false;
            Fault::ServoStateSilent(now.since(newest))
        })
    }

    fn ahead_s(&self, at: Stamp) -> f64 {
        self.newest.map_or(0.0, |newest| at.since(newest).as_secs_f64())
    }

    /// One joint's motion and effort predicted to `at`.
    pub(crate) fn joint(&self, joint: usize, at: Stamp) -> (Motion, f64) {
        (self.joints.motion(joint, self.ahead_s(at)), self.effort[joint])
    }

    /// Positions, velocities and accelerations at the newest sample.
    pub(crate) fn state(&self) -> (JointVec, JointVec, JointVec) {
        self.joints.state()
    }

    /// Whether every encoder is believed.
    pub(crate) fn is_trusted(&self) -> bool {
        self.joints.doubtful().is_empty()
    }

    /// Whether nothing is known of where a joint is: its encoder failed longer ago than the model's word counts.
    pub(crate) fn is_lost(&self, joint: usize) -> bool {
        self.joints.is_lost(joint)
    }

    /// All joints predicted to `at`; the stamp tells the age of the measurement. `None` while it is not live.
    pub(crate) fn motion(&self, at: Stamp) -> Option<GroupMotion> {
        let stamp = self.newest.filter(|_| self.live)?;
        let (joints, ahead_s) = (self.description.joints.len(), self.ahead_s(at));
        let mut motion = GroupMotion {
            stamp,
            holds_at: at,
            position: JointVec::zeros(joints),
            velocity: JointVec::zeros(joints),
            acceleration: JointVec::zeros(joints),
            effort: self.effort,
            doubtful: self.joints.doubtful(),
            fault: self.fault(),
            ..GroupMotion::default()
        };
        let mut deviation = MotionDeviation {
            position: JointVec::zeros(joints),
            velocity: JointVec::zeros(joints),
            acceleration: JointVec::zeros(joints),
            disturbance: JointVec::EMPTY,
        };
        let mut known = true;
        for joint in 0..joints {
            let predicted = self.joints.motion(joint, ahead_s);
            motion.position[joint] = predicted.position;
            motion.velocity[joint] = predicted.velocity;
            motion.acceleration[joint] = predicted.acceleration;
            if let Some(off) = self.joints.deviations(joint, ahead_s) {
                deviation.position[joint] = off.position;
                deviation.velocity[joint] = off.velocity;
                deviation.acceleration[joint] = off.acceleration;
            } else {
                known = false;
            }
        }
        if known {
            motion.deviation = deviation;
        }
        if let Some(outside) = &self.outside {
            let of_acceleration = motion.deviation.acceleration;
            outside.tell(&mut motion, &self.joints.disturbance(), &of_acceleration);
        }
        Some(motion)
    }
}

/// One report of refused samples in this time is enough: a flaky line must not flood the events.
const REPORT_AGAIN: Duration = Duration::from_secs(1);
