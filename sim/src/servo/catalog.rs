//! The data of every servo of a cell, from a YAML file such as `launch/robots/cell.servos.yaml`.
//!
//! Decides which servo moves which joint, and which joints share a supply.
//!
//! **Invariant:** a catalog holds possible servos only: everything finite, what divides something is positive, no joint on two supplies.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::error::SimError;
use crate::plant::PERIOD;
pub use crate::servo::parameters::ServoParameters;
use crate::servo::supply::SupplyParameters;

/// The servos of a cell, by the joint they move.
#[derive(Debug, Clone, PartialEq)]
pub struct ServoCatalog {
    servos: BTreeMap<String, ServoParameters>,
    supplies: BTreeMap<String, SupplyParameters>,
    /// The supply of each joint that shares one.
    supply_of: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// A place for YAML anchors; what is there is checked like a servo.
    #[serde(default)]
    classes: BTreeMap<String, ServoParameters>,
    servos: BTreeMap<String, ServoParameters>,
    #[serde(default)]
    supplies: BTreeMap<String, SupplyEntry>,
    /// The driver's; the simulation's joints are moved by one motor each.
    #[serde(default, rename = "couplings")]
    _couplings: serde::de::IgnoredAny,
    /// Which servos of a bus they are: the driver's business.
    #[serde(default, rename = "wires")]
    _wires: serde::de::IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SupplyEntry {
    voltage_v: f64,
    source_resistance_ohm: f64,
    #[serde(default)]
    capacitance_f: f64,
    #[serde(default)]
    chopper_v: Option<f64>,
    #[serde(default)]
    absorbs: bool,
    joints: Vec<String>,
}

impl ServoCatalog {
    /// Reads a catalog from YAML text.
    ///
    /// # Errors
    /// If the text has not the documented form, or a parameter no servo can have.
    pub fn from_yaml_str(text: &str) -> Result<Self, SimError> {
        Self::from_named(text, "<string>")
    }

    /// Reads a catalog from a YAML file.
    ///
    /// # Errors
    /// As [`ServoCatalog::from_yaml_str`], and if the file can't be read.
    pub fn from_yaml_file(path: impl AsRef<Path>) -> Result<Self, SimError> {
        let path = path.as_ref();
        Self::from_named(&crate::error::text_of(path)?, &path.display().to_string())
    }

    fn from_named(text: &str, file: &str) -> Result<Self, SimError> {
        let parsed: File = serde_norway::from_str(text).map_err(|error| SimError::Syntax {
            file: file.to_owned(),
            reason: error.to_string(),
        })?;
        for (servo, parameters) in parsed.classes.iter().chain(&parsed.servos) {
            if let Some((parameter, value, must_be)) = parameters.impossible() {
                let (file, servo) = (file.to_owned(), servo.clone());
                return Err(SimError::Parameter {
                    file,
                    servo,
                    parameter,
                    value,
                    must_be,
                });
            }
        }
        let mut catalog = Self {
            servos: parsed.servos,
            supplies: BTreeMap::new(),
            supply_of: BTreeMap::new(),
        };
        for (name, entry) in parsed.supplies {
            catalog.connect(&name, entry).map_err(|reason| SimError::Syntax {
                file: file.to_owned(),
                reason: format!("supply {name}: {reason}"),
            })?;
        }
        Ok(catalog)
    }

    fn connect(&mut self, name: &str, entry: SupplyEntry) -> Result<(), String> {
        let SupplyEntry {
            voltage_v,
            source_resistance_ohm,
            capacitance_f,
            chopper_v,
            absorbs,
            joints,
        } = entry;
        if !(voltage_v.is_finite() && voltage_v > 0.0) {
            return Err(format!("voltage_v is {voltage_v}; it must be finite and above 0"));
        }
        for (figure, value) in [
            ("source_resistance_ohm", source_resistance_ohm),
            ("capacitance_f", capacitance_f),
        ] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(format!("{figure} is {value}; it must be finite and at least 0"));
            }
        }
        if chopper_v.is_some_and(|chopper_v| chopper_v.is_nan() || chopper_v <= voltage_v) {
            return Err(format!(
                "chopper_v is {chopper_v:?}; it must be above voltage_v, {voltage_v} V"
            ));
        }
        if !absorbs && capacitance_f <= 0.0 {
            return Err(
                "a source that takes nothing back needs a capacitance_f above 0 for what drives return"
                    .into(),
            );
        }
        // Drives act with the voltage of the last step: the bus must not be faster than they are.
        let mut least_f = 0.0;
        for joint in joints {
            let Some(servo) = self.servos.get(&joint) else {
                return Err(format!("joint {joint} has no servo"));
            };
            if (servo.supply_voltage_v - voltage_v).abs() > 1e-9 * voltage_v {
                return Err(format!(
                    "it gives {voltage_v} V, but the servo of joint {joint} is for {} V",
                    servo.supply_voltage_v
                ));
            }
            least_f += PERIOD.as_secs_f64() / servo.resistance_ohm;
            if let Some(other) = self.supply_of.insert(joint.clone(), name.to_owned()) {
                return Err(format!("joint {joint} is on supply {other} already"));
            }
        }
        if !absorbs && capacitance_f < least_f {
            return Err(format!(
                "capacitance_f is {capacitance_f}; steps of 1 ms over the windings of these joints need at least {least_f}"
            ));
        }
        let parameters = SupplyParameters {
            voltage_v,
            source_resistance_ohm,
            capacitance_f,
            chopper_v,
            absorbs,
        };
        self.supplies.insert(name.to_owned(), parameters);
        Ok(())
    }

    /// The supply of a joint: its name and data. A joint that shares none has its own, named like the joint, which takes back what the
    /// drive returns.
    ///
    /// # Errors
    /// As [`servo`](Self::servo).
    pub fn supply<'a>(&'a self, joint: &'a str) -> Result<(&'a str, SupplyParameters), SimError> {
        let servo = self.servo(joint)?;
        let shared = self
            .supply_of
            .get(joint)
            .and_then(|name| Some((name.as_str(), *self.supplies.get(name)?)));
        let own = SupplyParameters {
            voltage_v: servo.supply_voltage_v,
            source_resistance_ohm: servo.source_resistance_ohm,
            capacitance_f: 0.0,
            chopper_v: None,
            absorbs: true,
        };
        Ok(shared.unwrap_or((joint, own)))
    }

    /// Whether a joint shares its supply with others, by the file.
    pub fn shares_supply(&self, joint: &str) -> bool {
        self.supply_of.contains_key(joint)
    }

    /// The servo of a joint.
    ///
    /// # Errors
    /// If the catalog has none for it; the message lists those that exist.
    pub fn servo(&self, joint: &str) -> Result<&ServoParameters, SimError> {
        self.servos.get(joint).ok_or_else(|| SimError::NoServo {
            joint: joint.to_owned(),
            known: self
                .servos
                .keys()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", "),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELL: &str = include_str!("../../../launch/robots/cell.servos.yaml");

    fn refused(from: &str, to: &str, words: &[&str]) {
        let text = CELL.replacen(from, to, 1);
        assert_ne!(text, CELL);
        let message = ServoCatalog::from_yaml_str(&text)
            .expect_err("should be refused")
            .to_string();
        for word in words {
            assert!(message.contains(word), "{message:?} lacks {word:?}");
        }
    }

    #[test]
    fn an_impossible_servo_is_refused_by_name() {
        refused(
            "gear_ratio: 101.0",
            "gear_ratio: 0.0",
            &["size_3", "gear_ratio is 0"],
        );
        refused(
            "efficiency: 0.80",
            "efficiency: 1.2",
            &["efficiency is 1.2", "at most 1"],
        );
        refused("brake: 180.0", "brake: -1", &["brake is -1"]);
        refused(
            "inductance_h: 0.0003",
            "inductance_h: .nan",
            &["inductance_h is NaN"],
        );
        refused("inductance_h: 0.0003", "induktance_h: 1", &["induktance_h"]);
        for (from, to, words) in [
            ("[36.0, 60.0]", "[36.0, 20.0]", "voltage_window_v[1] is 20"),
            (
                "efficiency: 0.80",
                "efficiency: 0.8\n    back_driving_efficiency: 1.5",
                "back_driving_efficiency is 1.5",
            ),
            (
                "brake: 180.0",
                "brake: 0\n    backlash: { width: 0.001, stiffness: 0, damping: 1, output_inertia: 0.1 }",
                "backlash.stiffness is 0",
            ),
            ("noise: 6.0e-6", "delay_s: 0.2", "at most 0.1 s"),
            ("noise: 6.0e-6", "side: rotor", "rotor"),
            ("noise: 6.0e-6", "noise: -1.0", "encoder.noise is -1"),
            ("from_degc: 95.0", "from_degc: 130.0", "below thermal.limit_degc"),
        ] {
            refused(from, to, &[words]);
        }
    }

    #[test]
    fn a_supply_that_cannot_be_says_why() {
        let with = |supply: &str| {
            let servos = CELL.split("\nsupplies:").next().expect("text before it");
            let text = format!("{servos}\nsupplies:\n  main: {{ {supply} }}\n");
            ServoCatalog::from_yaml_str(&text).expect_err(supply).to_string()
        };
        let bus = "source_resistance_ohm: 0.1, capacitance_f: 0.01";
        for (supply, words) in [
            (
                format!("voltage_v: 24, {bus}, joints: [elbow_joint]"),
                "is for 48 V",
            ),
            (
                format!("voltage_v: 48, {bus}, joints: [elbow]"),
                "joint elbow has no servo",
            ),
            (format!("voltage_v: -48, {bus}, joints: []"), "voltage_v is -48"),
            (
                format!("voltage_v: 48, {bus}, chopper_v: 40, joints: []"),
                "above voltage_v",
            ),
            (
                format!("voltage_v: 48, {bus}, joints: [elbow_joint, elbow_joint]"),
                "on supply main already",
            ),
            (
                "voltage_v: 48, source_resistance_ohm: 0.1, capacitance_f: 0.001, joints: [elbow_joint]"
                    .to_owned(),
                "need at least 0.005",
            ),
            (
                "voltage_v: 48, source_resistance_ohm: 0.1, joints: []".to_owned(),
                "needs a capacitance_f",
            ),
        ] {
            let message = with(&supply);
            assert!(
                message.contains("supply main: ") && message.contains(words),
                "{message}"
            );
        }
    }

    #[test]
    fn the_cell_reaches_its_rated_efforts_at_its_rated_speeds() {
        let catalog = ServoCatalog::from_yaml_str(CELL).unwrap();
        for (joint, effort, velocity) in [
            ("elbow_joint", 150.0, std::f64::consts::PI),
            ("wrist_3_joint", 28.0, std::f64::consts::PI),
            ("gripper_finger_joint", 120.0, 0.15),
            ("conveyor_belt_joint", 200.0, 0.5),
        ] {
            let servo = catalog.servo(joint).unwrap();
            let current = effort / (servo.effort_per_ampere() * servo.efficiency);
            let voltage = current * servo.resistance_ohm + servo.effort_per_ampere() * velocity;
            assert!(current <= servo.max_current_a, "{joint}: {current} A");
            assert!(voltage <= servo.supply_voltage_v, "{joint}: {voltage} V");
        }
        assert!(
            catalog
                .servo("elbow")
                .unwrap_err()
                .to_string()
                .contains("elbow_joint")
        );
    }
}
