//! How the servos file says which servo moves a joint:
//!
//! ```yaml
//! wires:
//!   elbow_joint: { id: 3, model: STS3215, mode: position }
//! ```
//!
//! `model` may be left out: then whatever STS servo answers is taken. `mode` is `position` unless said otherwise; `lag_s` is how far its position loop stays
//! behind, where its gains were changed. The motor's `resistance_ohm` is that of the joint's entry under `servos`.

use super::settings::{Mode, Motor, ServoSettings, Settings};
use crate::backends::wires::{self, BusSettings, WireError};
use crate::config::DriverParams;
use crate::counts::Counting;
use serde::Deserialize;
use servomesh_fieldbus::feetech::sts3215;
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    id: u8,
    model: Option<String>,
    #[serde(default)]
    mode: ModeName,
    lag_s: Option<f64>,
}

/// The modes as the file writes them.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ModeName {
    #[default]
    Position,
    Velocity,
    Pwm,
}

#[derive(Deserialize)]
struct Sheets {
    servos: BTreeMap<String, Sheet>,
}

#[derive(Clone, Copy, Deserialize)]
struct Sheet {
    resistance_ohm: f64,
}

impl ModeName {
    fn mode(self) -> Mode {
        match self {
            Self::Position => Mode::Position,
            Self::Velocity => Mode::Velocity,
            Self::Pwm => Mode::Pwm,
        }
    }
}

impl Settings {
    /// The settings of a group's bus by the text of its servos file. What the servos close themselves, and that they know one turn only, goes into `params`.
    ///
    /// # Errors
    /// [`WireError`] names the joint, or the line.
    pub fn of_file(servos: &str, bus: BusSettings, params: &mut DriverParams) -> Result<Self, WireError> {
        let wires: Vec<Wire> = wires::of_file(servos, params)?;
        let sheets: Sheets = serde_norway::from_str(servos).map_err(WireError::Syntax)?;
        let mut settings = Vec::new();
        let joints = params.group.joints.iter().zip(&mut params.joints);
        for ((described, joint), wire) in joints.zip(wires) {
            let (actuator, limits) = (joint.actuator, described.limits);
            let Some(sheet) = sheets.servos.get(&described.name) else {
                return Err(WireError::NoWire {
                    joint: described.name.clone(),
                });
            };
            let servo = ServoSettings {
                joint: described.name.clone(),
                id: wire.id,
                model: wire.model,
                mode: wire.mode.mode(),
                lag_s: wire.lag_s.unwrap_or(ServoSettings::LAG_S),
                motor: Motor {
                    resistance_ohm: sheet.resistance_ohm,
                    back_emf_v_s_per_tick: actuator.torque_constant * actuator.gear_ratio
                        / actuator.ticks_per_unit,
                },
                ticks_per_s: actuator.ticks_per_s(limits.velocity()).abs(),
                range_ticks: actuator.range_ticks(limits.lower(), limits.upper()),
            };
            joint.closes = servo.closes();
            if joint.counting == Counting::MultiTurn {
                joint.counting = Counting::SingleTurn {
                    counts: sts3215::MODEL.counts_per_turn as i64,
                };
            }
            settings.push(servo);
        }
        Ok(Self {
            baud: bus.baud,
            period: Duration::from_secs_f64(1.0 / params.group.rate_hz),
            latency: bus.latency,
            servos: settings,
        })
    }
}
