//! How a hobby servo moves: towards the angle that its pulses stand for, in proportion to how far that is.
//!
//! Nothing is published of a servo's inner loop. Here: full voltage from [`FULL`] of error on, none within half of the dead band, where the winding is
//! shorted; a pulse beyond its ends is not followed; without a pulse for [`MEMORY`] it lets go.

use std::time::Duration;

use servomesh_fieldbus::pwm::Pulses;
use servomesh_types::Stamp;

use crate::motor::{MotorCommand, MotorState};

/// Error from which on it gives all it has \[rad\].
pub const FULL: f64 = 0.1;
/// How long it follows its last pulse.
pub const MEMORY: Duration = Duration::from_millis(100);

/// The electronics of a servo.
#[derive(Clone, Copy, Debug)]
pub struct HobbyServo {
    pulses: Pulses,
    dead_band: f64,
    /// When the last pulse came, and where it leads \[rad\].
    goal: Option<(Stamp, f64)>,
}

impl HobbyServo {
    /// A servo whose output stands where `pulses` say \[rad\], within half of `dead_band_us` \[µs\] to each side.
    pub fn new(pulses: Pulses, dead_band_us: f64) -> Self {
        let [low_us, high_us] = pulses.widths_us();
        let turn = match (pulses.angle(low_us), pulses.angle(high_us)) {
            (Some(low), Some(high)) => (high - low).abs(),
            _ => 0.0,
        };
        Self {
            pulses,
            dead_band: 0.5 * dead_band_us * turn / (high_us - low_us),
            goal: None,
        }
    }

    /// A pulse of `width_us` \[µs\] that began at `now`.
    pub fn pulse(&mut self, now: Stamp, width_us: f64) {
        if let Some(angle) = self.pulses.angle(width_us) {
            self.goal = Some((now, angle));
        }
    }

    /// Learns of its motor, and says what it shall do until the next time.
    pub fn step(&mut self, now: Stamp, motor: &MotorState) -> MotorCommand {
        let goal = self.goal.filter(|(at, _)| now.since(*at) <= MEMORY);
        self.goal = goal;
        let Some((_, angle)) = goal else {
            return MotorCommand::Off;
        };
        let error = angle - motor.position;
        if error.abs() <= self.dead_band {
            return MotorCommand::Duty(0.0);
        }
        MotorCommand::Duty((error / FULL).clamp(-1.0, 1.0))
    }
}
