//! The commands that `safety` would send to a group.

use std::time::Duration;

use servomesh_types::{Command, CommandMode, Epoch, JointVec, Setpoint, Stamp, StreamTag};

/// A stream of commands.
pub(crate) struct Commands {
    /// In which epoch they are made.
    pub(crate) epoch: u64,
    /// When the next one is due.
    pub(crate) next: Stamp,
    seq: u64,
}

/// From one to the next.
pub(crate) const EVERY: Duration = Duration::from_millis(2);

impl Commands {
    /// Commands from `next` on, in no epoch yet.
    pub(crate) fn new(next: Stamp) -> Self {
        Self {
            epoch: 0,
            next,
            seq: 0,
        }
    }

    /// Whether a command is due; then the one after it is what comes next.
    pub(crate) fn is_due(&mut self, now: Stamp) -> bool {
        let due = self.next <= now;
        if due {
            self.next = self.next + EVERY;
        }
        due
    }

    /// The command that is due, to be where `motion` says at `now`: position, velocity, acceleration of each joint.
    pub(crate) fn due<const N: usize>(
        &mut self,
        now: Stamp,
        motion: impl FnOnce(Stamp) -> Option<[[f64; N]; 3]>,
    ) -> Option<Command> {
        if !self.is_due(now) {
            return None;
        }
        let there = motion(now)?;
        Some(self.track(now, there.map(JointVec::from)))
    }

    /// To be somewhere at `stamp`: position, velocity, acceleration of each joint.
    pub(crate) fn track(
        &mut self,
        stamp: Stamp,
        [position, velocity, acceleration]: [JointVec; 3],
    ) -> Command {
        self.seq += 1;
        let setpoint = Setpoint {
            tag: StreamTag {
                stamp,
                epoch: Epoch(self.epoch),
                seq: self.seq,
                valid_for: Duration::from_millis(50),
                ..StreamTag::default()
            },
            position,
            velocity,
            acceleration,
            ..Setpoint::default()
        };
        let mode = CommandMode::Track;
        Command { mode, setpoint }
    }
}
