//! What flows at the control rate: setpoints, commands, servo states.
//!
//! **Invariant:** every streamed value says until when it is valid, and in whose epoch it was made.

use crate::{Fault, JointSet, JointVec, PowerState, Stamp};
use std::time::Duration;

/// Whose turn it is to command a group. Made by `safety`, one more at each start and reset.
///
/// Its number is the ROS time of its making (or one more than the last, if that is larger), so that a restarted `safety`
/// goes on above its predecessor. Zero: nobody has commanded this group yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub u64);

impl Epoch {
    /// Nobody's.
    pub const NONE: Self = Self(0);

    /// The epoch after this one, made at `now`.
    pub fn next(self, now: Stamp) -> Self {
        Self((self.0 + 1).max(u64::try_from(now.as_nanos()).unwrap_or(0)))
    }
}

/// What every streamed value carries beside its numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StreamTag {
    /// When the value applies. Setpoints of several groups that carry the same stamp move in step.
    pub stamp: Stamp,
    /// Whose epoch it was made in.
    pub epoch: Epoch,
    /// One more for each value of this stream; a gap shows a loss.
    pub seq: u64,
    /// How long after `stamp` it may be followed.
    pub valid_for: Duration,
    /// When each stage handled it. Cores carry it along and never read it.
    pub hops: HopTimes,
}

/// When each stage handled a value, in ns of the machine's system clock; 0 where it has not come yet.
///
/// The system clock also under `use_sim_time`, since latency is a matter of the machine and not of the simulated world.
/// Shells write these; no core reads them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HopTimes {
    /// `trajectory` published the setpoint.
    pub born_ns: i64,
    /// `safety` published the command.
    pub gated_ns: i64,
    /// `driver` took the command.
    pub received_ns: i64,
    /// `driver` sent the first bus frame computed with it.
    pub applied_ns: i64,
}

/// Where a group should be, and how it should be moving there.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Setpoint {
    /// When it applies, until when, in whose epoch.
    pub tag: StreamTag,
    /// Position of each joint.
    pub position: JointVec,
    /// Velocity of each joint.
    pub velocity: JointVec,
    /// Acceleration of each joint.
    pub acceleration: JointVec,
    /// Effort to add to what the driver's own model says; empty for none.
    pub effort: JointVec,
    /// Largest effort each joint may use, as a gripper wants it; empty for the joint's own limit.
    pub effort_limit: JointVec,
    /// The group is at rest after a stop of category 1: torque off, brakes on.
    pub release: bool,
    /// What a stop on the path would take from here, where that is known.
    pub stopping: Option<Stopping>,
}

/// How long a stop takes, and how far it goes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stopping {
    /// Until rest \[s\].
    pub time_s: f64,
    /// How far each joint goes, positive.
    pub distance: JointVec,
}

/// What a driver does with a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CommandMode {
    /// Torque off, brakes on.
    #[default]
    Off,
    /// Follow the setpoint.
    Track,
}

/// A setpoint that `safety` let through, or its own stop.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Command {
    /// What to do.
    pub mode: CommandMode,
    /// Where to be; not read in [`CommandMode::Off`].
    pub setpoint: Setpoint,
}

/// What a driver is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DriveMode {
    /// Torque off, brakes on.
    #[default]
    Disabled,
    /// Follows commands.
    Enabled,
    /// Comes to a stop by itself, since commands stopped coming.
    Stopping,
    /// Torque off, brakes on, after a fault.
    Faulted,
}

/// What a driver measured and did in one cycle of its bus.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ServoState {
    /// When it was measured; `epoch` is that of the newest command accepted.
    pub tag: StreamTag,
    /// What the driver is doing.
    pub mode: DriveMode,
    /// How far its drives are from torque.
    pub power: PowerState,
    /// Joints that do not know where they are until they are homed: their positions count from anywhere.
    pub unhomed: JointSet,
    /// Measured position of each joint.
    pub position: JointVec,
    /// Velocity of each joint by differencing, unfiltered.
    pub velocity: JointVec,
    /// Effort of each joint from the measured motor current.
    pub effort: JointVec,
    /// Motor current of each joint \[A\].
    pub current_a: JointVec,
    /// Winding temperature of each joint \[°C\].
    pub temperature_degc: JointVec,
    /// Supply voltage at each drive \[V\]; empty where the backend doesn't know it.
    pub voltage_v: JointVec,
    /// How much older than the tag's stamp each joint's values are \[s\]: above zero where a reply of its servo is missing.
    pub age_s: JointVec,
    /// The positions are worked out from goals: the servos say nothing.
    pub estimated: bool,
    /// Where the loop wanted each joint to be when it was measured.
    pub reference: JointVec,
    /// The most severe thing that is wrong with the group.
    pub fault: Option<Fault>,
    /// Commands refused since start: stale epoch, expired, or not finite.
    pub refused: u64,
}

impl ServoState {
    /// Whether the values of a joint are new with this state.
    pub fn is_fresh(&self, joint: usize) -> bool {
        self.age_s.get(joint).is_none_or(|&age_s| age_s <= 0.0)
    }

    /// Reference minus measured position of one joint.
    pub fn following_error(&self, joint: usize) -> f64 {
        match (self.reference.get(joint), self.position.get(joint)) {
            (Some(reference), Some(position)) => reference - position,
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_outlives_the_process_that_made_it() {
        let before = Epoch::NONE
            .next(Stamp::from_millis(5))
            .next(Stamp::from_millis(5));
        let after_restart = Epoch::NONE.next(Stamp::from_millis(6));
        assert!(after_restart > before);
    }
}
