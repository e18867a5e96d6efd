//! What may be configured of a DYNAMIXEL bus, checked against what its servos are.

use crate::bus::Closes;
use servomesh_fieldbus::dynamixel::{Field, Id, Mode, Model};
use servomesh_types::MAX_JOINTS;
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

/// A setting that can't be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SettingsError {
    /// There is no such id.
    #[error("joint {joint}: id {id}: ids are 0 to {}", Id::MAX)]
    Id {
        /// Which joint.
        joint: String,
        /// Its id.
        id: u8,
    },
    /// Two joints with one id.
    #[error("joints {} and {} both have id {id}: give each servo an id of its own", joints[0], joints[1])]
    SameId {
        /// The joints.
        joints: [String; 2],
        /// Their id.
        id: u8,
    },
    /// A model that nobody knows.
    #[error("joint {joint}: model {model:?} is not known; known are {known}")]
    Model {
        /// Which joint.
        joint: String,
        /// What was written.
        model: String,
        /// The names there are.
        known: String,
    },
    /// A number out of its range.
    #[error("{what} is {value}, but must be {allowed}")]
    Range {
        /// Which.
        what: &'static str,
        /// What it is.
        value: f64,
        /// What it may be.
        allowed: &'static str,
    },
    /// More to say in a cycle than fits.
    #[error(
        "a cycle of {servos} servos takes {needed_us:.0} µs at {baud} bit/s, but a period at {rate_hz:.0} Hz has {period_us:.0} µs: \
         raise the baud rate or lower rate_hz to {possible_hz:.0}"
    )]
    Slow {
        /// How many servos.
        servos: usize,
        /// What they need \[µs\].
        needed_us: f64,
        /// Bits per second.
        baud: u32,
        /// What was asked for \[Hz\].
        rate_hz: f64,
        /// What there is \[µs\].
        period_us: f64,
        /// What would be possible \[Hz\].
        possible_hz: f64,
    },
    /// None, or more than a group can have.
    #[error("{count} servos, but a group has 1 to {MAX_JOINTS}")]
    Count {
        /// How many.
        count: usize,
    },
}

impl Settings {
    /// Checks what can be checked without the servos.
    ///
    /// # Errors
    /// [`SettingsError`] says what can't be, and what may.
    pub fn check(&self) -> Result<(), SettingsError> {
        let count = self.servos.len();
        if count == 0 || count > MAX_JOINTS {
            return Err(SettingsError::Count { count });
        }
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
        for (i, servo) in self.servos.iter().enumerate() {
            let joint = servo.joint.clone();
            if Id::device(servo.id).is_none() {
                return Err(SettingsError::Id { joint, id: servo.id });
            }
            if let Some(other) = self.servos[..i].iter().find(|other| other.id == servo.id) {
                return Err(SettingsError::SameId {
                    joints: [other.joint.clone(), joint],
                    id: servo.id,
                });
            }
            if let Some(model) = &servo.model
                && Model::named(model).is_none()
            {
                let mut known: Vec<&str> = Model::all().map(|model| model.name).collect();
                known.dedup();
                return Err(SettingsError::Model {
                    joint,
                    model: model.clone(),
                    known: known.join(", "),
                });
            }
        }
        let needed = self.busy_s();
        let period = self.period.as_secs_f64();
        if needed > period {
            return Err(SettingsError::Slow {
                servos: count,
                needed_us: needed * 1e6,
                baud: self.baud,
                rate_hz: 1.0 / period,
                period_us: period * 1e6,
                possible_hz: 0.95 / needed,
            });
        }
        Ok(())
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

    /// The registers of EEPROM that must hold something, in counts.
    pub(super) fn eeprom(&self, model: &Model) -> arrayvec::ArrayVec<(Field, i32), 5> {
        let mut wanted = arrayvec::ArrayVec::new();
        wanted.push((Field::ReturnDelayTime, 0));
        wanted.push((Field::OperatingMode, i32::from(self.mode.number())));
        if let (Some(limit), Some(register)) = (self.current_limit_a, model.register(Field::CurrentLimit)) {
            let counts = (limit / register.scale.per_count).round();
            wanted.push((Field::CurrentLimit, counts as i32));
        }
        wanted
    }
}

/// Of the position loop with the gains a servo comes with.
const LAG_S: f64 = 0.043;
