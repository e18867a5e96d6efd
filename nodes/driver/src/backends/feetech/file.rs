//! How the servos file says which servo moves a joint:
//!
//! ```yaml
//! wires:
//!   elbow_joint: { id: 3, model: STS3215, mode: position }
//! ```
//!
//! `model` is STS3215 or SCS0009; it may be left out: then whatever STS servo answers is taken. `mode` is `position` unless said otherwise; `lag_s` is how
//! far its position loop stays behind, where its gains were changed. The motor's `resistance_ohm` is that of the joint's entry under `servos`.

use super::series::Series;
use super::settings::{Mode, Motor, ServoSettings, Settings};
use crate::backends::wires::{self, BusSettings, WireError};
use crate::config::DriverParams;
use crate::counts::Counting;
use serde::Deserialize;
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
    /// The settings of a group's bus by the text of its servos file. What the servos close themselves, and that those of the series STS know one turn only, goes into `params`.
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
            // A model that is not known is refused when the settings are checked.
            let series = Series::named(wire.model.as_deref()).unwrap_or(Series::Sts);
            let servo = ServoSettings {
                joint: described.name.clone(),
                id: wire.id,
                model: wire.model,
                mode: wire.mode.mode(),
                lag_s: wire.lag_s.unwrap_or(series.lag_s()),
                motor: Motor {
                    resistance_ohm: sheet.resistance_ohm,
                    back_emf_v_s_per_tick: actuator.torque_constant * actuator.gear_ratio
                        / actuator.ticks_per_unit,
                },
                ticks_per_s: actuator.ticks_per_s(limits.velocity()).abs(),
                range_ticks: actuator.range_ticks(limits.lower(), limits.upper()),
            };
            joint.closes = servo.closes();
            if let (Counting::MultiTurn, Some(counts)) = (joint.counting, series.wraps()) {
                joint.counting = Counting::SingleTurn {
                    counts: counts.into(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::Closes;
    use crate::{JointFiles, Wanted};
    use servomesh_robot::Model;
    use servomesh_types::{Capabilities, GroupName};

    const URDF: &str = include_str!("../../../../../launch/robots/desk.urdf");
    const LIMITS: &str = include_str!("../../../../../launch/robots/desk.limits.yaml");
    const SERVOS: &str = "
servos:
  desk_elbow_joint:
    torque_constant_nm_per_a: 0.007
    resistance_ohm: 4.44
    max_current_a: 3.25
    rotor_inertia_kgm2: 1.0e-7
    gear_ratio: 345.0
    efficiency: 0.48
    friction: { coulomb: 0.361, viscous: 0.0, stiction_velocity: 0.001 }
    brake: 0.0
    encoder_ticks: 1228.8
    thermal: { resistance_k_per_w: 8.0, capacity_j_per_k: 8.0, limit_degc: 110.0 }
    offset: -2.618
wires:
  desk_elbow_joint: ";

    /// The settings of the elbow's only servo by its entry, what it closes, and how it counts.
    fn elbow(wire: &str) -> (ServoSettings, Closes, Counting) {
        let servos = format!("{SERVOS}{wire}\n");
        let model = Model::from_urdf_str(URDF).expect("a robot");
        let files = JointFiles::parse(&servos, LIMITS).expect("files of a joint");
        let wanted = Wanted {
            name: GroupName::new("elbow").expect("a name"),
            joints: vec!["desk_elbow_joint".to_owned()],
            rate_hz: 200.0,
            capabilities: Capabilities::default(),
            backend: "feetech".to_owned(),
        };
        let (mut params, _) = files.driver(&model, wanted).expect("a group");
        let bus = BusSettings {
            baud: 1_000_000,
            watchdog: Duration::from_millis(100),
            latency: Duration::from_millis(1),
        };
        let mut settings = Settings::of_file(&servos, bus, &mut params).expect("an entry for the joint");
        let joint = &params.joints[0];
        (settings.servos.remove(0), joint.closes, joint.counting)
    }

    #[test]
    fn a_model_says_how_its_servo_counts_and_lags() {
        let (sts, closes, counting) = elbow("{ id: 3 }");
        assert_eq!((sts.series(), sts.mode), (Series::Sts, Mode::Position));
        assert_eq!(
            closes,
            Closes::Position {
                lag_s: Series::Sts.lag_s()
            }
        );
        assert_eq!(counting, Counting::SingleTurn { counts: 4096 });
        let (scs, closes, counting) = elbow("{ id: 3, model: SCS0009 }");
        assert_eq!((scs.series(), scs.mode), (Series::Scs, Mode::Position));
        assert_eq!(
            closes,
            Closes::Position {
                lag_s: Series::Scs.lag_s()
            }
        );
        assert_eq!(counting, Counting::MultiTurn, "no turn is added to what it reads");
        let (lower, upper) = scs.range_ticks.expect("a joint with ends");
        // 2.4 rad to each side of count 512.
        assert!(
            (lower - 42.6).abs() < 0.5 && (upper - 981.4).abs() < 0.5,
            "{lower} to {upper}"
        );
        let (_, closes, _) = elbow("{ id: 3, model: SCS0009, mode: pwm }");
        assert_eq!(closes, Closes::Current);
        let (_, closes, _) = elbow("{ id: 3, model: SCS0009, lag_s: 0.04 }");
        assert_eq!(closes, Closes::Position { lag_s: 0.04 });
    }
}
