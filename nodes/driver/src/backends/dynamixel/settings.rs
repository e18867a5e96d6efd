//! What may be configured of a DYNAMIXEL bus, checked against what its servos are.

use super::setup::WRITES;
use crate::backends::settings::{SettingsError, check_ids, check_period};
use crate::bus::Closes;
use servomesh_fieldbus::dynamixel::{Field, Id, Mode, Model};
use std::time::Duration;

/// A bus with the servos of one group.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Bits per second.
    pub baud: u32,
    /// Length of a cycle.
    pub period: Duration,
    /// How long a servo goes on without hearing from this driver: 20 ms to 2.54 s, in whole 20 ms.
    pub watchdog: Duration,
    /// What port, adapter and operating system add at most to an answer's way.
    pub latency: Duration,
    /// The servos, in the group's order of joints.
    pub servos: Vec<ServoSettings>,
}

/// One servo.
#[derive(Clone, Debug, PartialEq)]
pub struct ServoSettings {
    /// The joint that it moves.
    pub joint: String,
    /// Its id.
    pub id: u8,
    /// Its model as the manual calls it; `None`: whatever it is.
    pub model: Option<String>,
    /// What it controls itself.
    pub mode: Mode,
    /// The most current it may use \[A\]; `None`: what it is set to.
    pub current_limit_a: Option<f64>,
    /// The highest velocity of its joint \[ticks/s\].
    pub ticks_per_s: f64,
    /// The lowest and highest position \[ticks\]; `None`: without end.
    pub range_ticks: Option<(f64, f64)>,
}

impl Settings {
    /// Checks what can be checked without the servos.
    ///
    /// # Errors
    /// [`SettingsError`] says what can't be, and what may.
    pub fn check(&self) -> Result<(), SettingsError> {
        let ids = self.servos.iter().map(|servo| (servo.joint.as_str(), servo.id));
        check_ids(&ids, Id::MAX)?;
        let range = |what, value: f64, holds: bool, allowed| {
            if holds {
                Ok(())
            } else {
                Err(SettingsError::Range { what, value, allowed })
            }
        };
        let baud = f64::from(self.baud);
        range(
            "baud",
            baud,
            (9600..=10_500_000).contains(&self.baud),
            "9600 to 10 500 000 bit/s",
        )?;
        let watchdog = self.watchdog_counts();
        range(
            "watchdog_s",
            self.watchdog.as_secs_f64(),
            (1..=127).contains(&watchdog),
            "0.02 to 2.54 s",
        )?;
        for servo in &self.servos {
            if let Some(model) = &servo.model
                && Model::named(model).is_none()
            {
                let mut known: Vec<&str> = Model::all().map(|model| model.name).collect();
                known.dedup();
                return Err(SettingsError::Model {
                    joint: servo.joint.clone(),
                    model: model.clone(),
                    known: known.join(", "),
                });
            }
        }
        check_period(self.servos.len(), self.busy_s(), self.baud, self.period)
    }

    /// How long the wire is busy in a cycle with fast reads \[s\].
    pub fn busy_s(&self) -> f64 {
        let count = self.servos.len();
        let goals: usize = self.servos.iter().map(|servo| 1 + goal_bytes(servo.mode)).sum();
        let read = 14 + count;
        let reply = 8 + count * (7 + 4);
        let write = 14 + goals;
        (read + reply + write) as f64 * 10.0 / f64::from(self.baud)
    }

    /// The watchdog in the register's counts of 20 ms.
    pub(super) fn watchdog_counts(&self) -> u64 {
        (self.watchdog.as_millis() / 20) as u64
    }
}

fn goal_bytes(mode: Mode) -> usize {
    usize::from(super::layout::goal_registers(mode, 0).1)
}

impl ServoSettings {
    /// Which loops the servo closes itself in its mode. A position servo of the X series stays behind an even motion by the share of its
    /// position gain: measured at the default gains 43 ms.
    pub fn closes(&self) -> Closes {
        match self.mode {
            Mode::Current | Mode::Pwm => Closes::Current,
            Mode::Velocity => Closes::Velocity,
            Mode::Position | Mode::ExtendedPosition | Mode::CurrentBasedPosition => {
                Closes::Position { lag_s: LAG_S }
            }
        }
    }

    /// The registers that must hold something, in counts: of EEPROM, and the profile that an earlier master may have left, which would hold goals up.
    pub(super) fn registers(&self, model: &Model) -> arrayvec::ArrayVec<(Field, i32), WRITES> {
        let mut wanted = arrayvec::ArrayVec::new();
        wanted.push((Field::ReturnDelayTime, 0));
        wanted.push((Field::OperatingMode, i32::from(self.mode.number())));
        if let (Some(limit), Some(register)) = (self.current_limit_a, model.register(Field::CurrentLimit)) {
            let counts = (limit / register.scale.per_count).round();
            wanted.push((Field::CurrentLimit, counts as i32));
        }
        wanted.push((Field::ProfileVelocity, 0));
        wanted.push((Field::ProfileAcceleration, 0));
        wanted
    }
}

/// Of the position loop with the gains a servo comes with.
const LAG_S: f64 = 0.043;
