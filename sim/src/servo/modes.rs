//! The modes of a drive, and when it stops by itself.
//!
//! | mode | current | brake | leaves when |
//! |---|---|---|---|
//! | off | none | engaged | a command enables it and no fault is latched |
//! | driving | as commanded (or what a commanded voltage makes flow), within the drive's limit, which falls with a hot winding | released | a command disables it (→ off), or a fault (→ stopping) |
//! | stopping | brakes the motor as a shorted winding would, within the limit | released | it stands, or after [`STOPPING_LIMIT`] (→ off) |
//!
//! Faults are latched: the bus watchdog (no command for longer than its timeout while driving), an overheated winding, a supply outside of
//! the drive's window. A command that disables acknowledges them; until then commands that enable are ignored.
//!
//! **Invariant:** a drive that hears nothing ends with its torque off and its brake engaged.

use std::time::Duration;

use servomesh_types::Stamp;
use servomesh_types::fault::DriveFault;

use crate::servo::parameters::ServoParameters;

/// How long a drive lives without a command, unless it is told otherwise: ten periods of a 500 Hz bus.
pub const WATCHDOG: Duration = Duration::from_millis(20);
/// How long the motor may brake before the brake has to: a rated servo stops from full speed in a third of that.
pub const STOPPING_LIMIT: Duration = Duration::from_millis(250);
/// Standstill, in stiction velocities of the joint.
const STANDSTILL: f64 = 10.0;
/// How far below its limit a winding must cool before an overheated drive can be enabled again (K).
const COOLS_K: f64 = 10.0;

/// What a drive aims at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Target {
    /// A current (A).
    Current(f64),
    /// A share of the most voltage that it can give, −1 to 1.
    Duty(f64),
}

/// What a drive does with its motor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Mode {
    Off,
    Driving { target: Target },
    Stopping { since: Stamp },
}

/// What a drive knows of itself when it decides whether to go on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Known {
    /// Of the joint (rad/s, m/s).
    pub(super) velocity: f64,
    pub(super) winding_degc: f64,
    pub(super) bus_voltage_v: f64,
}

/// The mode of a drive, and the fault that it has latched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Modes {
    mode: Mode,
    fault: Option<DriveFault>,
    heard_at: Stamp,
    watchdog: Duration,
}

impl Modes {
    /// Off, and sound.
    pub(super) fn off() -> Self {
        Self {
            mode: Mode::Off,
            fault: None,
            heard_at: Stamp::ZERO,
            watchdog: WATCHDOG,
        }
    }

    pub(super) fn mode(&self) -> Mode {
        self.mode
    }

    pub(super) fn fault(&self) -> Option<DriveFault> {
        self.fault
    }

    pub(super) fn set_watchdog(&mut self, timeout: Duration) {
        self.watchdog = timeout;
    }

    /// Takes a command that arrives at `now`: what to drive, or to be off.
    pub(super) fn command(
        &mut self,
        now: Stamp,
        target: Option<Target>,
        servo: &ServoParameters,
        winding_degc: f64,
    ) {
        self.heard_at = now;
        match target {
            None => {
                self.mode = Mode::Off;
                let cool = winding_degc < servo.thermal.limit_degc - COOLS_K;
                if self.fault != Some(DriveFault::Overheated) || cool {
                    self.fault = None;
                }
            }
            Some(target) if self.fault.is_none() => self.mode = Mode::Driving { target },
            Some(_) => {}
        }
    }

    /// Stops what should not go on, and ends what has stopped.
    pub(super) fn supervise(&mut self, now: Stamp, servo: &ServoParameters, known: &Known) {
        if let Mode::Driving { .. } = self.mode {
            self.fault = self.wrong(now, servo, known);
            if self.fault.is_some() {
                self.mode = Mode::Stopping { since: now };
            }
        }
        if let Mode::Stopping { since } = self.mode {
            let stands = known.velocity.abs() < STANDSTILL * servo.friction.stiction_velocity;
            if stands || now.since(since) > STOPPING_LIMIT {
                self.mode = Mode::Off;
            }
        }
    }

    fn wrong(&self, now: Stamp, servo: &ServoParameters, known: &Known) -> Option<DriveFault> {
        let [low_v, high_v] = servo.voltage_window_v.unwrap_or([0.0, f64::INFINITY]);
        if now.since(self.heard_at) > self.watchdog {
            Some(DriveFault::Watchdog)
        } else if known.winding_degc > servo.thermal.limit_degc {
            Some(DriveFault::Overheated)
        } else if known.bus_voltage_v < low_v {
            Some(DriveFault::Undervoltage)
        } else if known.bus_voltage_v > high_v {
            Some(DriveFault::Overvoltage)
        } else {
            None
        }
    }
}
