//! What both kinds of groups have: the motion that they follow, the commands that tell them, and when their goals acted.

use std::f64::consts::TAU;
use std::time::Duration;

use servomesh_driver::bus::ACTS_PHASE;
use servomesh_types::{Command, JointVec, Stamp};

use crate::commands::{self, Commands};
use crate::desk::START;

/// How far each joint goes \[rad\]: so little that whoever stands still is near.
const WAY: f64 = 0.02;
const TURN_S: f64 = 1.0;

/// A swing about the start, from `begin` on.
#[derive(Clone, Copy)]
pub(crate) struct Motion {
    pub(crate) begin: Stamp,
}

impl Motion {
    fn at(&self, now: Stamp) -> [f64; 3] {
        let t = now.seconds_from(self.begin).max(0.0);
        let rate = TAU / TURN_S;
        let (sin, cos) = (rate * t).sin_cos();
        [WAY * (1.0 - cos), WAY * rate * sin, WAY * rate * rate * cos]
    }
}

/// The stream of commands of one group: each a quarter of a millisecond after its stamp.
pub(crate) struct Stream {
    /// Where the group's joints are among those of the desk arm.
    pub(crate) joints: std::ops::Range<usize>,
    commands: Commands,
}

const AFTER: Duration = Duration::from_micros(250);

impl Stream {
    pub(crate) fn new(joints: std::ops::Range<usize>, now: Stamp) -> Self {
        let first = now.next_multiple(commands::EVERY, AFTER);
        Self {
            joints,
            commands: Commands::new(first),
        }
    }

    /// Begins the next epoch.
    pub(crate) fn start(&mut self) {
        self.commands.epoch += 1;
    }

    /// When the next command is due.
    pub(crate) fn next(&self) -> Stamp {
        self.commands.next
    }

    /// The command that is due at `now`; none before the first epoch.
    pub(crate) fn take(&mut self, now: Stamp, motion: &Motion) -> Option<Command> {
        let stamp = self.next() - AFTER;
        if !self.commands.is_due(now) || self.commands.epoch == 0 {
            return None;
        }
        let [way, velocity, acceleration] = motion.at(stamp);
        let starts = &START[self.joints.clone()];
        let there = [
            JointVec::from_fn(starts.len(), |joint| starts[joint] + way),
            JointVec::from_fn(starts.len(), |_| velocity),
            JointVec::from_fn(starts.len(), |_| acceleration),
        ];
        Some(self.commands.track(stamp, there))
    }
}

/// When the goals of a group acted, and for when they were meant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Goals(pub(crate) Vec<Goal>);

#[derive(Clone, Copy, Debug)]
pub(crate) struct Goal {
    /// From when on the core took it to act.
    pub(crate) meant: Stamp,
    /// From when on it did.
    pub(crate) acted: Stamp,
}

impl Goals {
    /// When the goals of each cycle acted, by the number of the instant of the grid that is nearest to what they were meant for.
    pub(crate) fn by_cycle(&self, period: Duration) -> impl Iterator<Item = (i64, Stamp)> {
        let nanos = period.as_nanos() as i64;
        self.0.iter().map(move |goal| {
            let since = (goal.meant - ACTS_PHASE).as_nanos() + nanos / 2;
            (since.div_euclid(nanos), goal.acted)
        })
    }

    /// The largest distance of a goal from the time for which it was meant \[s\].
    pub(crate) fn largest_miss(&self) -> f64 {
        let misses = self
            .0
            .iter()
            .map(|goal| goal.acted.seconds_from(goal.meant).abs());
        misses.fold(0.0, f64::max)
    }
}
