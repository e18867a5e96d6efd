//! Decides what one group does: its samples through the intake into one filter a joint, predicted to any instant.
//!
//! **Invariant:** a motion is predicted for at most `coast` past its sample; after that the group says nothing until it
//! is heard again, and then starts from the measured state.

use crate::filter::{Gains, JointFilter, Motion};
use crate::intake::{self, Counters, JUMPS_BELIEVED, Refusal};
use arrayvec::ArrayVec;
use servomesh_types::{Fault, GroupDescription, GroupMotion, JointVec, MAX_JOINTS, ServoState, Stamp};
use std::time::Duration;

/// One group, as the estimator follows it.
#[derive(Debug)]
pub(crate) struct GroupTrack {
    description: GroupDescription,
    filters: ArrayVec<JointFilter, MAX_JOINTS>,
    /// The newest accepted sample's stamp, also while the group is not live.
    newest: Option<Stamp>,
    newest_seq: u64,
    heard_at: Stamp,
    live: bool,
    /// A refusal was reported, and no good sample has come since.
    refusing: bool,
    reported_at: Option<Stamp>,
    jumps_in_a_row: u32,
    counters: Counters,
}

/// What a sample or a silence changed, for events.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    /// Nothing that anyone wants to read of.
    None,
    /// A first sample after a silence.
    Back,
    /// Samples are good again after refused ones.
    Good,
    /// The first of a row of refused samples.
    Refused(String),
}

impl GroupTrack {
    pub(crate) fn new(description: GroupDescription) -> Self {
        Self {
            description,
            filters: ArrayVec::new(),
            newest: None,
            newest_seq: 0,
            heard_at: Stamp::ZERO,
            live: false,
            refusing: false,
            reported_at: None,
            jumps_in_a_row: 0,
            counters: Counters::default(),
        }
    }

    pub(crate) fn description(&self) -> &GroupDescription {
        &self.description
    }

    pub(crate) fn counters(&self) -> Counters {
        self.counters
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

    /// Takes a sample. `Ok` if it went into the filters.
    pub(crate) fn take(
        &mut self,
        now: Stamp,
        state: &ServoState,
        bandwidth: f64,
        coast: Duration,
    ) -> Result<Change, Change> {
        if let Err(refusal) = self.admit(now, state, coast) {
            refusal.count(&mut self.counters);
            let quiet = self.refusing || self.reported_at.is_some_and(|at| now.since(at) < REPORT_AGAIN);
            let text = refusal.describe(&self.description).filter(|_| !quiet);
            return Err(text.map_or(Change::None, |text| {
                (self.refusing, self.reported_at) = (true, Some(now));
                Change::Refused(text)
            }));
        }
        let (stamp, was_live, was_heard) = (state.tag.stamp, self.live, self.newest.is_some());
        if let (true, Some(newest)) = (was_live, self.newest) {
            let gains = Gains::new(bandwidth, stamp.seconds_from(newest));
            for (joint, filter) in self.filters.iter_mut().enumerate() {
                filter.update(&gains, state.position[joint], state.effort[joint]);
            }
        } else {
            let start = |joint| {
                JointFilter::starting_at(state.position[joint], state.velocity[joint], state.effort[joint])
            };
            self.filters = (0..self.description.joints.len()).map(start).collect();
        }
        self.counters.accepted += 1;
        if was_live {
            self.counters.lost += state.tag.seq.saturating_sub(self.newest_seq.saturating_add(1));
        }
        (self.newest, self.newest_seq, self.heard_at, self.live) = (Some(stamp), state.tag.seq, now, true);
        let was_refusing = std::mem::take(&mut self.refusing);
        Ok(match (was_live, was_refusing) {
            (false, _) if was_heard => Change::Back,
            (_, true) => Change::Good,
            (_, false) => Change::None,
        })
    }

    fn admit(&mut self, now: Stamp, state: &ServoState, coast: Duration) -> Result<(), Refusal> {
        intake::check(&self.description, state, self.newest, now, coast)?;
        let Some(newest) = self.newest.filter(|_| self.live) else {
            return Ok(());
        };
        let dt_s = state.tag.stamp.seconds_from(newest);
        let reached = self.filters.iter().enumerate().try_for_each(|(joint, filter)| {
            let moved = state.position[joint] - filter.motion().position;
            intake::check_reach(&self.description, joint, moved, dt_s)
        });
        self.jumps_in_a_row = if reached.is_err() {
            self.jumps_in_a_row + 1
        } else {
            0
        };
        if self.jumps_in_a_row >= JUMPS_BELIEVED {
            self.jumps_in_a_row = 0;
            self.live = false;
            return Ok(());
        }
        reached
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

    /// One joint's motion predicted to `at`.
    pub(crate) fn joint(&self, joint: usize, at: Stamp) -> (Motion, f64) {
        let filter = self.filters[joint];
        let ahead_s = self.newest.map_or(0.0, |newest| at.since(newest).as_secs_f64());
        (filter.motion().after(ahead_s), filter.effort())
    }

    /// All joints predicted to `at`; the stamp tells the age of the measurement. `None` while it is not live.
    pub(crate) fn motion(&self, at: Stamp) -> Option<GroupMotion> {
        let stamp = self.newest.filter(|_| self.live)?;
        let joints = self.filters.len();
        let mut motion = GroupMotion {
            stamp,
            holds_at: at,
            position: JointVec::zeros(joints),
            velocity: JointVec::zeros(joints),
            acceleration: JointVec::zeros(joints),
            effort: JointVec::zeros(joints),
            ..GroupMotion::default()
        };
        for joint in 0..joints {
            let (predicted, effort) = self.joint(joint, at);
            motion.position[joint] = predicted.position;
            motion.velocity[joint] = predicted.velocity;
            motion.acceleration[joint] = predicted.acceleration;
            motion.effort[joint] = effort;
        }
        Some(motion)
    }
}

/// One report of refused samples in this time is enough: a flaky line must not flood the events.
const REPORT_AGAIN: Duration = Duration::from_secs(1);
