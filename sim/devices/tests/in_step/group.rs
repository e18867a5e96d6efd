//! What both kinds of groups have: the motion that they follow, the commands that tell them, and when their goals acted.

use std::f64::consts::TAU;
use std::time::Duration;

use servomesh_driver::bus::ACTS_PHASE;
use servomesh_types::{Command, CommandMode, Epoch, Setpoint, Stamp, StreamTag};

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
pub(crate) struct Commands {
    /// Where the group's joints are among those of the desk arm.
    pub(crate) joints: std::ops::Range<usize>,
    pub(crate) epoch: u64,
    pub(crate) next: Stamp,
    seq: u64,
}

const EVERY: Duration = Duration::from_millis(2);
const AFTER: Duration = Duration::from_micros(250);

impl Commands {
    pub(crate) fn new(joints: std::ops::Range<usize>, now: Stamp) -> Self {
        Self {
            joints,
            epoch: 0,
            next: now.next_multiple(EVERY, AFTER),
            seq: 0,
        }
    }

    /// The command that is due, and `None` before the first epoch.
    pub(crate) fn take(&mut self, motion: &Motion) -> Option<Command> {
        let stamp = self.next - AFTER;
        self.next = self.next + EVERY;
        self.seq += 1;
        let [way, velocity, acceleration] = motion.at(stamp);
        let each = |value: f64| vec![value; self.joints.len()];
        let position: Vec<f64> = START[self.joints.clone()]
            .iter()
            .map(|start| start + way)
            .collect();
        let setpoint = Setpoint {
            tag: StreamTag {
                stamp,
                epoch: Epoch(self.epoch),
                seq: self.seq,
                valid_for: Duration::from_millis(50),
                ..StreamTag::default()
            },
            position: position[..].try_into().unwrap(),
            velocity: each(velocity)[..].try_into().unwrap(),
            acceleration: each(acceleration)[..].try_into().unwrap(),
            ..Setpoint::default()
        };
        let mode = CommandMode::Track;
        (self.epoch > 0).then_some(Command { mode, setpoint })
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
