//! What the machine really did, at any instant, and how far what was said is from it.
//!
//! The plant takes its velocities at the end of a step, and moves its positions with them: what belongs to a position is the
//! mean of the velocities before and after.

use super::job::{ARM, Watcher};
use servomesh_sim::harness::{Cell, PlantJoints};
use servomesh_types::{GroupMotion, JointVec, ServoState, Stamp};
use std::collections::VecDeque;

/// One joint's true motion.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct True {
    pub(crate) position: f64,
    pub(crate) velocity: f64,
    pub(crate) acceleration: f64,
}

#[derive(Clone, Debug)]
struct Snapshot {
    at: Stamp,
    position: JointVec,
    velocity: JointVec,
}

/// One joint at one instant: what was said, what was measured last, and the truth.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) motion: GroupMotion,
    pub(crate) state: ServoState,
    pub(crate) truth: Vec<True>,
}

/// Follows a group and hands over each of its motions once the truth about it is known.
pub(crate) struct Recorder<F> {
    group: &'static str,
    joints: PlantJoints,
    past: VecDeque<Snapshot>,
    waiting: VecDeque<(GroupMotion, ServoState)>,
    newest: Stamp,
    take: F,
}

impl<F: FnMut(&Pair)> Recorder<F> {
    pub(crate) fn new(cell: &mut Cell, group: &'static str, take: F) -> Self {
        let names: &[&str] = match group {
            "arm" => &ARM,
            "conveyor" => &["conveyor_belt_joint"],
            _ => &["gripper_finger_joint"],
        };
        let model = cell.hardware().plant().model();
        Self {
            group,
            joints: PlantJoints::new(model, names).expect("joints of the cell"),
            past: VecDeque::new(),
            waiting: VecDeque::new(),
            newest: Stamp::ZERO,
            take,
        }
    }

    /// The truth at an instant that lies between remembered ones. Its acceleration is the mean over 16 ms: what a motor's
    /// current does between two samples is nobody's to tell.
    fn at(&self, at: Stamp) -> Option<Vec<True>> {
        let next = self.past.iter().position(|snapshot| snapshot.at > at)?;
        let around = [next.checked_sub(SMOOTH)?, next - 1, next, next + 1, next + SMOOTH];
        let [early, from, to, after, late] = around.map(|index| self.past.get(index));
        let (early, from, to, after, late) = (early?, from?, to?, after?, late?);
        let (dt, s) = (to.at.seconds_from(from.at), at.seconds_from(from.at));
        let truth = (0..from.position.len()).map(|joint| {
            let v = |snapshot: &Snapshot| snapshot.velocity[joint];
            let (w0, w1) = (0.5 * (v(from) + v(to)), 0.5 * (v(to) + v(after)));
            let slope = (w1 - w0) / dt;
            True {
                position: from.position[joint] + s * (w0 + 0.5 * s * slope),
                velocity: w0 + s * slope,
                acceleration: (v(late) - v(early)) / late.at.seconds_from(early.at),
            }
        });
        Some(truth.collect())
    }
}

impl<F: FnMut(&Pair)> Watcher for Recorder<F> {
    fn look(&mut self, cell: &mut Cell) {
        let (motion, state) = (
            cell.motion(self.group).copied(),
            cell.servo_state(self.group).copied(),
        );
        let plant = cell.hardware().plant();
        self.past.push_back(Snapshot {
            at: plant.now(),
            position: self.joints.position(plant),
            velocity: self.joints.velocity(plant),
        });
        if self.past.len() > 8 * SMOOTH {
            self.past.pop_front();
        }
        let pair = motion.zip(state);
        if let Some((motion, state)) = pair.filter(|(motion, _)| motion.holds_at > self.newest) {
            self.newest = motion.holds_at;
            self.waiting.push_back((motion, state));
        }
        while let Some((motion, state)) = self.waiting.front().copied() {
            let Some(truth) = self.at(motion.holds_at) else {
                // Not known yet, or forgotten.
                let age_s = self
                    .past
                    .back()
                    .map_or(0.0, |newest| newest.at.seconds_from(motion.holds_at));
                if age_s < 0.03 {
                    return;
                }
                self.waiting.pop_front();
                continue;
            };
            self.waiting.pop_front();
            (self.take)(&Pair { motion, state, truth });
        }
    }
}

/// Errors of a velocity against the truth, with the delay that explains most of them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Errors {
    squares: f64,
    with_acceleration: f64,
    acceleration_squares: f64,
    count: f64,
}

impl Errors {
    pub(crate) fn add(&mut self, said: f64, truth: &True) {
        let error = said - truth.velocity;
        self.squares += error * error;
        self.with_acceleration += error * truth.acceleration;
        self.acceleration_squares += truth.acceleration * truth.acceleration;
        self.count += 1.0;
    }

    /// Root mean square.
    pub(crate) fn rms(&self) -> f64 {
        (self.squares / self.count).sqrt()
    }

    /// What is said comes this much too late \[s\]: said(t) ≈ v(t − delay).
    pub(crate) fn delay_s(&self) -> f64 {
        -self.with_acceleration / self.acceleration_squares
    }
}

/// Snapshots before and after an instant that its acceleration is taken from.
const SMOOTH: usize = 8;
