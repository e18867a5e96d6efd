//! What is commanded in a stop, and when it is over. Speeds in rad/s.

use super::{Call, Judge};
use crate::states::ghost::Ghost;
use crate::states::profile::limits;
use crate::states::properties::{Property, Violation};
use servomesh_safety::Output;
use servomesh_types::*;
use std::time::Duration;

impl Judge {
    /// What is commanded, and when.
    pub(super) fn commands(
        &mut self,
        call: &Call<'_>,
        before: Option<&GroupSafety>,
        after: &GroupSafety,
        ghost: &mut Ghost,
    ) -> Result<(), Violation> {
        let commands = call.outputs.iter().filter_map(|output| match output {
            Output::Command { group, command } if *group == after.group => Some(command),
            _ => None,
        });
        let was = before.map_or(SafetyMode::Normal, |before| before.mode);
        let mut last = None;
        if was == SafetyMode::Normal {
            ghost.stop_speed = ghost.command.map_or(0.0, |known| self.comes_to(&known));
        }
        for command in commands {
            let setpoint = &command.setpoint;
            last = Some(command.mode);
            self.hold(
                Property::CommandsInOrder,
                setpoint.tag.epoch == after.epoch,
                || format!("a command of {:?} in {:?}", setpoint.tag.epoch, after.epoch),
            )?;
            if command.mode == CommandMode::Off {
                self.hold(Property::NoMotionInAStop, after.mode == SafetyMode::Off, || {
                    format!("torque off in {:?}", after.mode)
                })?;
                continue;
            }
            let known = ghost.command.replace(*setpoint);
            // A reset under power goes on from where the machine was measured.
            let anew = known.is_some_and(|known| known.tag.epoch != setpoint.tag.epoch);
            if let Some(known) = &known {
                let later = setpoint.tag.stamp > known.tag.stamp && setpoint.tag.seq > known.tag.seq;
                self.hold(Property::CommandsInOrder, later, || {
                    format!("{:?} after {:?}", setpoint.tag, known.tag)
                })?;
            }
            if after.mode == SafetyMode::Normal {
                continue;
            }
            let speed = setpoint.velocity.max_abs();
            let at_rest = |setpoint: &Setpoint| {
                setpoint.velocity.max_abs() <= 0.0 && setpoint.acceleration.max_abs() <= 0.0
            };
            let way = known.map_or(0.0, |known| (known.position[0] - setpoint.position[0]).abs());
            let goes_back = speed > 0.0 && known.is_none_or(|known| at_rest(&known));
            if after.mode == SafetyMode::Stopping && was == SafetyMode::Stopping && goes_back {
                // Once, after a collision.
                let may = !ghost.retreats && matches!(after.fault, Some(Fault::Collision(_)));
                let longer = ghost.stop_until.map(|until| until + LONGEST_RETREAT);
                ghost.stop_until = longer.filter(|_| may);
                (ghost.retreats, ghost.stop_speed) = (true, RETREAT_SPEED);
            }
            let allowed = match (was, after.mode) {
                // Nothing is commanded where torque is off.
                (SafetyMode::Off, _) => false,
                (SafetyMode::Stopped, _) => at_rest(setpoint) && (anew || way <= 0.0),
                // One call can begin a stop and cut the torque.
                (_, SafetyMode::Stopping | SafetyMode::Off) => speed <= ghost.stop_speed + ROUNDING,
                (_, _) => at_rest(setpoint),
            };
            self.hold(Property::NoMotionInAStop, allowed, || {
                format!(
                    "from {was:?} to {:?} with the command {setpoint:?} after {known:?}",
                    after.mode
                )
            })?;
        }
        self.hold(
            Property::NoMotionInAStop,
            after.mode != SafetyMode::Off || last != Some(CommandMode::Track),
            || "torque is off, but the last command is to track".to_owned(),
        )
    }

    /// What the speed comes to at most if a stop begins there: the acceleration is given up with limited jerk.
    fn comes_to(&self, setpoint: &Setpoint) -> f64 {
        let acceleration = setpoint.acceleration.max_abs();
        setpoint.velocity.max_abs() + acceleration * acceleration / (2.0 * limits(EFFORT).jerk())
    }

    /// A stop has an end.
    pub(super) fn standstill(
        &mut self,
        call: &Call<'_>,
        before: Option<&GroupSafety>,
        after: &GroupSafety,
        ghost: &mut Ghost,
    ) -> Result<(), Violation> {
        if after.mode != SafetyMode::Stopping {
            ghost.stop_until = None;
            ghost.retreats = false;
            return Ok(());
        }
        if before.is_none_or(|before| before.mode != SafetyMode::Stopping) {
            let published = after
                .stopping
                .map(|stopping| Duration::from_secs_f64(stopping.time_s));
            // The end of a stop is seen at the next whole period.
            ghost.stop_until = published.map(|time| call.now + time + self.config.period());
        }
        self.hold(
            Property::StopEndsInTime,
            ghost.stop_until.is_some_and(|until| call.now <= until),
            || {
                format!(
                    "at {} it still stops, but it said that it would be over at {:?}",
                    call.now, ghost.stop_until
                )
            },
        )
    }
}

/// How fast a group may go back: a quarter of its joints' speed \[rad/s\].
const RETREAT_SPEED: f64 = 1.01;
/// How long that may take: 0.1 rad at the acceleration and jerk of these joints.
const LONGEST_RETREAT: Duration = Duration::from_millis(1000);
/// What joints can give; of no matter here \[N·m\].
const EFFORT: f64 = 50.0;
/// What a speed may be off by \[rad/s\].
const ROUNDING: f64 = 1e-9;
