//! How the servos file says which servo moves a joint:
//!
//! ```yaml
//! wires:
//!   elbow_joint: { id: 3, model: XM430-W350, mode: current }
//! ```
//!
//! `model` may be left out: then whatever answers is taken. `mode` is `current` unless said otherwise.

use super::settings::{ServoSettings, Settings};
use crate::backends::wires::{self, BusSettings, WireError};
use crate::config::DriverParams;
use serde::{Deserialize, Deserializer, de};
use servomesh_fieldbus::dynamixel::Mode;
use std::time::Duration;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    id: u8,
    model: Option<String>,
    #[serde(default = "unless_said", deserialize_with = "mode")]
    mode: Mode,
}

/// The mode in which the driver closes all but the current.
fn unless_said() -> Mode {
    Mode::Current
}

fn mode<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Mode, D::Error> {
    const NAMES: [&str; 6] = {
        let mut names = [""; 6];
        let mut i = 0;
        while i < names.len() {
            names[i] = Mode::ALL[i].name();
            i += 1;
        }
        names
    };
    let name = String::deserialize(deserializer)?;
    Mode::named(&name).ok_or_else(|| de::Error::unknown_variant(&name, &NAMES))
}

impl Settings {
    /// The settings of a group's bus by the text of its servos file. What the servos close themselves goes into `params`.
    ///
    /// # Errors
    /// [`WireError`] names the joint, or the line.
    pub fn of_file(servos: &str, bus: BusSettings, params: &mut DriverParams) -> Result<Self, WireError> {
        let wires: Vec<Wire> = wires::of_file(servos, params)?;
        let mut settings = Vec::new();
        let joints = params.group.joints.iter().zip(&mut params.joints);
        for ((described, joint), wire) in joints.zip(wires) {
            let (actuator, limits) = (joint.actuator, described.limits);
            let servo = ServoSettings {
                joint: described.name.clone(),
                id: wire.id,
                model: wire.model,
                mode: wire.mode,
                current_limit_a: Some(actuator.current_limit_a),
                ticks_per_s: actuator.ticks_per_s(limits.velocity()).abs(),
                range_ticks: actuator.range_ticks(limits.lower(), limits.upper()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_that_is_none_is_refused_with_those_there_are() {
        let error = serde_norway::from_str::<Wire>("{ id: 1, mode: torque }").err();
        let told = error.map(|error| error.to_string()).unwrap_or_default();
        assert!(
            told.contains("torque") && told.contains("current_based_position"),
            "{told}"
        );
    }

    #[test]
    fn the_driver_closes_all_but_the_current_unless_told_otherwise() {
        let wire: Wire = serde_norway::from_str("{ id: 1 }").unwrap();
        assert_eq!((wire.id, wire.model, wire.mode), (1, None, Mode::Current));
    }
}
