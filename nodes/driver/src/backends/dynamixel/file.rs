//! How the servos file says which servo moves a joint:
//!
//! ```yaml
//! wires:
//!   elbow_joint: { id: 3, model: XM430-W350, mode: current }
//! ```
//!
//! `model` may be left out: then whatever answers is taken. `mode` is `current` unless said otherwise.

use super::settings::{ServoSettings, Settings};
use crate::config::DriverParams;
use serde::Deserialize;
use servomesh_fieldbus::dynamixel::Mode;
use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::time::Duration;

/// What a file says that can't be.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// It is no YAML, or something is misspelt.
    #[error("servos file: {0}")]
    Syntax(serde_norway::Error),
    /// A joint of the group has no servo on the wire.
    #[error(
        "joint {joint} has no entry under `wires` in the servos file: say which servo moves it, as in `{joint}: {{ id: 1 }}`"
    )]
    NoWire {
        /// Which joint.
        joint: String,
    },
}

/// What is common to the servos of a bus.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BusSettings {
    /// Bits per second.
    pub baud: u32,
    /// How long a servo goes on without hearing from the driver.
    pub watchdog: Duration,
    /// What port, adapter and operating system add at most to an answer's way.
    pub latency: Duration,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    wires: BTreeMap<String, Wire>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    id: u8,
    model: Option<String>,
    #[serde(default)]
    mode: ModeName,
}

/// The modes as the file writes them.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ModeName {
    #[default]
    Current,
    Velocity,
    Position,
    ExtendedPosition,
    CurrentBasedPosition,
    Pwm,
}

impl ModeName {
    fn mode(self) -> Mode {
        match self {
            Self::Current => Mode::Current,
            Self::Velocity => Mode::Velocity,
            Self::Position => Mode::Position,
            Self::ExtendedPosition => Mode::ExtendedPosition,
            Self::CurrentBasedPosition => Mode::CurrentBasedPosition,
            Self::Pwm => Mode::Pwm,
        }
    }
}

impl Settings {
    /// The settings of a group's bus by the text of its servos file. What the servos close themselves goes into `params`.
    ///
    /// # Errors
    /// [`WireError`] names the joint, or the line.
    pub fn of_file(servos: &str, bus: BusSettings, params: &mut DriverParams) -> Result<Self, WireError> {
        let file: File = serde_norway::from_str(servos).map_err(WireError::Syntax)?;
        let mut settings = Vec::new();
        for (described, joint) in params.group.joints.iter().zip(&mut params.joints) {
            let Some(wire) = file.wires.get(&described.name).cloned() else {
                return Err(WireError::NoWire {
                    joint: described.name.clone(),
                });
            };
            let (actuator, limits) = (joint.actuator, described.limits);
            let ends = [limits.lower(), limits.upper()].map(|end| actuator.ticks(end));
            let servo = ServoSettings {
                joint: described.name.clone(),
                id: wire.id,
                model: wire.model,
                mode: wire.mode.mode(),
                current_limit_a: Some(actuator.current_limit_a),
                velocity: actuator.ticks_per_s(limits.velocity()).abs() * TAU / TICKS_PER_TURN,
                range_ticks: ends
                    .iter()
                    .all(|end| end.is_finite())
                    .then(|| (ends[0].min(ends[1]), ends[0].max(ends[1]))),
            };
            joint.closes = servo.closes();
            settings.push(servo);
        }
        Ok(Self {
            baud: bus.baud,
            period: Duration::from_secs_f64(1.0 / params.group.rate_hz),
            watchdog: bus.watchdog,
            latency: bus.latency,
            servos: settings,
        })
    }
}

/// Of every servo of the X series.
const TICKS_PER_TURN: f64 = 4096.0;
