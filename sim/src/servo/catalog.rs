//! The data of every servo, from a YAML file such as `launch/robots/cell.servos.yaml`.
//!
//! Decides which figures a servo can have. "Unit" is the rad, or the m for a sliding joint.
//!
//! **Invariant:** a catalog holds possible servos only: everything finite, what divides something is positive.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::error::SimError;
use crate::servo::friction::Friction;
use crate::servo::winding::Thermal;

/// Motor, gearbox, drive, brake and encoder of one joint.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServoParameters {
    /// Voltage of the supply without load (V).
    pub supply_voltage_v: f64,
    /// Resistance of supply and cable (Ω).
    pub source_resistance_ohm: f64,
    /// Torque constant (N·m/A), also the voltage constant (V·s/rad).
    pub torque_constant_nm_per_a: f64,
    /// Resistance of the winding at 25 °C (Ω).
    pub resistance_ohm: f64,
    /// Inductance of the winding (H).
    pub inductance_h: f64,
    /// The most that the drive lets flow (A).
    pub max_current_a: f64,
    /// Inertia of the rotor with what turns at its speed (kg·m²).
    pub rotor_inertia_kgm2: f64,
    /// Motor rad for each unit of the joint.
    pub gear_ratio: f64,
    /// Of the gearbox, in both directions of power above 0, at most 1.
    pub efficiency: f64,
    /// At the joint's output.
    pub friction: Friction,
    /// The effort that the engaged brake holds (N·m, N); 0 without a brake.
    pub brake: f64,
    /// Encoder ticks for each revolution of the joint, or for each metre.
    pub encoder_ticks: f64,
    /// How the winding heats up.
    pub thermal: Thermal,
}

impl ServoParameters {
    /// Rotor inertia seen at the joint (kg·m², or kg for a sliding joint).
    pub fn reflected_inertia(&self) -> f64 {
        self.rotor_inertia_kgm2 * self.gear_ratio * self.gear_ratio
    }

    /// Effort at the joint for each ampere, before losses (N·m/A, N/A).
    pub fn effort_per_ampere(&self) -> f64 {
        self.torque_constant_nm_per_a * self.gear_ratio
    }

    /// The first parameter that can't be, if any: its name, value and what it must be.
    fn impossible(&self) -> Option<(&'static str, f64, &'static str)> {
        let positive = [
            ("supply_voltage_v", self.supply_voltage_v),
            ("torque_constant_nm_per_a", self.torque_constant_nm_per_a),
            ("resistance_ohm", self.resistance_ohm),
            ("inductance_h", self.inductance_h),
            ("max_current_a", self.max_current_a),
            ("rotor_inertia_kgm2", self.rotor_inertia_kgm2),
            ("gear_ratio", self.gear_ratio),
            ("efficiency", self.efficiency),
            ("friction.stiction_velocity", self.friction.stiction_velocity),
            ("encoder_ticks", self.encoder_ticks),
            ("thermal.resistance_k_per_w", self.thermal.resistance_k_per_w),
            ("thermal.capacity_j_per_k", self.thermal.capacity_j_per_k),
            ("thermal.limit_degc", self.thermal.limit_degc),
        ];
        let not_negative = [
            ("source_resistance_ohm", self.source_resistance_ohm),
            ("friction.coulomb", self.friction.coulomb),
            ("friction.viscous", self.friction.viscous),
            ("brake", self.brake),
        ];
        let broken = |&(name, value): &(&'static str, f64)| (name, value, "finite and above 0");
        let finite = |value: f64| value.is_finite();
        (positive
            .iter()
            .find(|(_, value)| !(finite(*value) && *value > 0.0))
            .map(broken))
        .or_else(|| {
            let entry = not_negative
                .iter()
                .find(|(_, value)| !(finite(*value) && *value >= 0.0))?;
            Some((entry.0, entry.1, "finite and at least 0"))
        })
        .or_else(|| (self.efficiency > 1.0).then_some(("efficiency", self.efficiency, "at most 1")))
    }
}

/// The servos of a cell, by the joint they move.
#[derive(Debug, Clone, PartialEq)]
pub struct ServoCatalog {
    servos: BTreeMap<String, ServoParameters>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// A place for YAML anchors; what is there is checked like a servo.
    #[serde(default)]
    classes: BTreeMap<String, ServoParameters>,
    servos: BTreeMap<String, ServoParameters>,
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
        let text = std::fs::read_to_string(path).map_err(|reason| SimError::Read {
            path: path.to_owned(),
            reason,
        })?;
        Self::from_named(&text, &path.display().to_string())
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
        Ok(Self {
            servos: parsed.servos,
        })
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
        refused("    brake: 0.0\n", "", &["brake"]);
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
