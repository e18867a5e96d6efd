//! How the files that describe a machine become what a driver needs: the robot's description, its servos, its limits.
//!
//! Only text comes in here; whoever calls reads the files. The ROS shell and the cell harness both do, so that they drive
//! the same machine. Positions in rad (m).

use crate::actuator::{Actuator, Direction};
use crate::bus::Closes;
use crate::config::{DriverParams, Friction, JointParams};
use crate::counts::Counting;
use crate::dynamics::{Dynamics, WrongJoints};
use crate::gains::Gains;
use crate::homing::{Homing, Mark};
use crate::transmission::{Transmission, TransmissionError};
use serde::Deserialize;
use servomesh_robot::{LimitsFile, Model, RobotError};
use servomesh_types::limits::LimitsError;
use servomesh_types::{
    Capabilities, Drivetrain, Encoder, GroupDescription, GroupName, JointDescription, JointKind,
};
use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::TAU;

/// The servos and limits of a machine's joints.
#[derive(Clone, Debug)]
pub struct JointFiles {
    servos: BTreeMap<String, Servo>,
    couplings: Vec<Coupling>,
    limits: LimitsFile,
}

/// The group that a driver is for.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Its name.
    pub name: GroupName,
    /// Its joints, by their names in the robot's description.
    pub joints: Vec<String>,
    /// Rate of its bus \[Hz\].
    pub rate_hz: f64,
    /// What it offers.
    pub capabilities: Capabilities,
    /// What drives it.
    pub backend: String,
}

/// What a file says that can't be.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is no YAML, or a figure is missing or misspelt.
    #[error("{file} file: {reason}")]
    Syntax {
        /// Which file.
        file: &'static str,
        /// What the parser says, with the line.
        reason: serde_norway::Error,
    },
    /// A joint without a servo.
    #[error("joint {joint} has no entry in the servos file; it has {known}")]
    NoServo {
        /// Which joint.
        joint: String,
        /// The joints there are.
        known: String,
    },
    /// A joint whose limits are incomplete, or can't be.
    #[error("joint {joint}: {source}; limits stand in the robot's description and in the limits file")]
    Limits {
        /// Which joint.
        joint: String,
        /// What is wrong with them.
        source: LimitsError,
    },
    /// Joints that actuators move together, of which some are not in the group.
    #[error("coupling of {joints}: {missing} is not in group {group}, but one driver must have them all")]
    Apart {
        /// The coupled joints.
        joints: String,
        /// The one that is missing.
        missing: String,
        /// The group.
        group: String,
    },
    /// A joint that is coupled twice.
    #[error("joint {joint} is in two couplings: make them one, with one matrix")]
    CoupledTwice {
        /// Which joint.
        joint: String,
    },
    /// A matrix that couples nothing.
    #[error("coupling of {joints}: {source}")]
    Coupling {
        /// The coupled joints.
        joints: String,
        /// What is wrong with the matrix.
        source: TransmissionError,
    },
    /// The robot's description has no such joint.
    #[error(transparent)]
    Robot(#[from] RobotError),
    /// The model is not the group's.
    #[error(transparent)]
    Joints(#[from] WrongJoints),
}

/// A servo, as far as a driver has to know it; the rest of its entry is for the simulation.
#[derive(Clone, Debug, Deserialize)]
struct Servo {
    torque_constant_nm_per_a: f64,
    max_current_a: f64,
    rotor_inertia_kgm2: f64,
    gear_ratio: f64,
    efficiency: f64,
    friction: ServoFriction,
    encoder_ticks: f64,
    #[serde(default)]
    encoder: ServoEncoder,
    thermal: Thermal,
    voltage_window_v: Option<[f64; 2]>,
    #[serde(default)]
    counting: ServoCounting,
    #[serde(default)]
    reversed: bool,
    #[serde(default)]
    offset: f64,
}

#[derive(Clone, Debug, Deserialize)]
struct ServoFriction {
    coulomb: f64,
    viscous: f64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ServoEncoder {
    noise: f64,
    delay_s: f64,
}

#[derive(Clone, Debug, Deserialize)]
struct Thermal {
    limit_degc: f64,
}

/// How a servo's encoder counts, as people write it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum ServoCounting {
    #[default]
    MultiTurn,
    SingleTurn {
        counts: i64,
    },
    Incremental {
        mark: ServoMark,
        velocity: f64,
        effort: f64,
        travel: f64,
        position: f64,
    },
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ServoMark {
    Stop,
    Index,
}

/// Joints that actuators move together.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Coupling {
    joints: Vec<String>,
    joint_from_actuator: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct ServosFile {
    servos: BTreeMap<String, Servo>,
    #[serde(default)]
    couplings: Vec<Coupling>,
}

impl JointFiles {
    /// Reads the texts of the servos file and of the limits file.
    ///
    /// # Errors
    /// [`FileError::Syntax`] or [`FileError::Robot`] names the file and the line.
    pub fn parse(servos: &str, limits: &str) -> Result<Self, FileError> {
        let file = "servos";
        let servos: ServosFile =
            serde_norway::from_str(servos).map_err(|reason| FileError::Syntax { file, reason })?;
        Ok(Self {
            servos: servos.servos,
            couplings: servos.couplings,
            limits: LimitsFile::parse(limits)?,
        })
    }

    /// Everything that a driver for `wanted` needs, with tolerances and gains that suit its joints, and what its joints
    /// move. The joints of other groups are taken to stand at zero.
    ///
    /// # Errors
    /// [`FileError`] names the joint and what is missing.
    pub fn driver(&self, model: &Model, wanted: Wanted) -> Result<(DriverParams, Dynamics), FileError> {
        let names: Vec<&str> = wanted.joints.iter().map(String::as_str).collect();
        let mut model = model.clone();
        model.apply_limits(&self.limits)?;
        let model = model.subset(&names, &vec![0.0; model.joint_count()])?;
        let mut described = Vec::new();
        let mut joints = Vec::new();
        for joint in model.joints() {
            let servo = self.servos.get(&joint.name).ok_or_else(|| FileError::NoServo {
                joint: joint.name.clone(),
                known: self
                    .servos
                    .keys()
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .join(", "),
            })?;
            let limits = joint.limits.complete().map_err(|source| FileError::Limits {
                joint: joint.name.clone(),
                source,
            })?;
            let kind = if joint.kind.is_rotary() {
                JointKind::Revolute
            } else {
                JointKind::Prismatic
            };
            joints.push(servo.params(kind, limits.velocity(), wanted.rate_hz));
            described.push(JointDescription {
                name: joint.name.clone(),
                kind,
                limits,
                drivetrain: servo.drivetrain(kind),
            });
        }
        let group = GroupDescription {
            name: wanted.name,
            joints: described,
            rate_hz: wanted.rate_hz,
            capabilities: wanted.capabilities,
            backend: wanted.backend,
        };
        let dynamics = Dynamics::new(model, &group)?;
        let transmission = self.transmission(&group)?;
        let params = DriverParams {
            group,
            joints,
            transmission,
            command_timeout: DriverParams::COMMAND_TIMEOUT,
            bus_timeout: DriverParams::BUS_TIMEOUT,
        };
        Ok((params, dynamics))
    }
}

impl JointFiles {
    /// The couplings of a group's joints as one matrix.
    fn transmission(&self, group: &GroupDescription) -> Result<Transmission, FileError> {
        let count = group.joints.len();
        let place = |name: &String| group.joints.iter().position(|joint| joint.name == *name);
        let mut rows: Vec<Vec<f64>> = (0..count)
            .map(|i| (0..count).map(|j| f64::from(u8::from(i == j))).collect())
            .collect();
        let mut coupled = BTreeSet::new();
        for coupling in &self.couplings {
            let joints = || coupling.joints.join(", ");
            let places: Vec<Option<usize>> = coupling.joints.iter().map(place).collect();
            if places.iter().all(Option::is_none) {
                continue; // another group's
            }
            if let Some(missing) = places.iter().position(Option::is_none) {
                return Err(FileError::Apart {
                    joints: joints(),
                    missing: coupling.joints[missing].clone(),
                    group: group.name.to_string(),
                });
            }
            if let Some(joint) = coupling.joints.iter().find(|name| !coupled.insert(*name)) {
                return Err(FileError::CoupledTwice { joint: joint.clone() });
            }
            let matrix = &coupling.joint_from_actuator;
            let wrong = |source| FileError::Coupling {
                joints: joints(),
                source,
            };
            if matrix.len() != places.len() {
                return Err(wrong(TransmissionError::Shape { joints: places.len() }));
            }
            Transmission::new(matrix).map_err(wrong)?;
            for (row, i) in matrix.iter().zip(places.iter().flatten()) {
                for (value, j) in row.iter().zip(places.iter().flatten()) {
                    rows[*i][*j] = *value;
                }
            }
        }
        Transmission::new(&rows).map_err(|source| FileError::Coupling {
            joints: "all joints".to_owned(),
            source,
        })
    }
}

impl ServoCounting {
    fn counting(&self) -> Counting {
        match *self {
            Self::MultiTurn => Counting::MultiTurn,
            Self::SingleTurn { counts } => Counting::SingleTurn { counts },
            Self::Incremental {
                mark,
                velocity,
                effort,
                travel,
                position,
            } => Counting::Incremental(Homing {
                mark: match mark {
                    ServoMark::Stop => Mark::Stop,
                    ServoMark::Index => Mark::Index,
                },
                velocity,
                effort,
                travel,
                position,
            }),
        }
    }
}

impl Servo {
    fn drivetrain(&self, kind: JointKind) -> Drivetrain {
        Drivetrain {
            armature: self.rotor_inertia_kgm2 * self.gear_ratio.powi(2),
            coulomb: self.friction.coulomb,
            viscous: self.friction.viscous,
            efficiency: self.efficiency,
            encoder: Encoder {
                resolution: units_per_count(kind) / self.encoder_ticks,
                noise: self.encoder.noise,
                delay_s: self.encoder.delay_s,
            },
        }
    }

    fn params(&self, kind: JointKind, velocity_limit: f64, rate_hz: f64) -> JointParams {
        let (following_limit, near_tolerance) = match kind {
            JointKind::Revolute => (FOLLOWING_RAD, NEAR_RAD),
            JointKind::Prismatic => (FOLLOWING_M, NEAR_M),
        };
        JointParams {
            actuator: Actuator {
                torque_constant: self.torque_constant_nm_per_a,
                gear_ratio: self.gear_ratio,
                efficiency: self.efficiency,
                rotor_inertia: self.rotor_inertia_kgm2,
                ticks_per_unit: self.encoder_ticks / units_per_count(kind),
                direction: if self.reversed {
                    Direction::Reversed
                } else {
                    Direction::Same
                },
                offset: self.offset,
                current_limit_a: self.max_current_a,
            },
            counting: self.counting.counting(),
            closes: Closes::Current,
            friction: Friction {
                coulomb: self.friction.coulomb,
                viscous: self.friction.viscous,
                full_speed: COULOMB_SHARE * velocity_limit,
            },
            load_inertia: 0.0,
            gains: Gains::for_rate(rate_hz),
            following_limit,
            near_tolerance,
            winding_limit_degc: self.thermal.limit_degc - HEADROOM_K,
            voltage_window_v: self.voltage_window_v.unwrap_or(JointParams::ANY_VOLTAGE),
        }
    }
}

/// Ticks are counted by the turn, or by the metre.
fn units_per_count(kind: JointKind) -> f64 {
    match kind {
        JointKind::Revolute => TAU,
        JointKind::Prismatic => 1.0,
    }
}

/// A joint at 3 rad/s that falls this far behind has lost 30 ms.
const FOLLOWING_RAD: f64 = 0.1;
const FOLLOWING_M: f64 = 0.02;
/// What a joint moves within the age of the measurement that a first command was made from.
const NEAR_RAD: f64 = 0.05;
const NEAR_M: f64 = 0.01;
/// Of the velocity limit: compensation that fades in over less would be a blow at each reversal.
const COULOMB_SHARE: f64 = 0.003;
/// The driver speaks before the drive trips.
const HEADROOM_K: f64 = 5.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const URDF: &str = include_str!("../../../launch/robots/cell.urdf");
    const SERVOS: &str = include_str!("../../../launch/robots/cell.servos.yaml");
    const LIMITS: &str = include_str!("../../../launch/robots/cell.limits.yaml");

    fn wanted(name: &str, joints: &[&str], rate_hz: f64) -> Wanted {
        Wanted {
            name: GroupName::new(name).unwrap(),
            joints: joints.iter().map(|&joint| joint.to_owned()).collect(),
            rate_hz,
            capabilities: Capabilities::default(),
            backend: "sim".to_owned(),
        }
    }

    #[test]
    fn every_group_of_the_default_cell_can_be_driven() {
        let model = Model::from_urdf_str(URDF).unwrap();
        let files = JointFiles::parse(SERVOS, LIMITS).unwrap();
        let arm = [
            "shoulder_pan_joint",
            "shoulder_lift_joint",
            "elbow_joint",
            "wrist_1_joint",
            "wrist_2_joint",
            "wrist_3_joint",
        ];
        for wanted in [
            wanted("arm", &arm, 500.0),
            wanted("gripper", &["gripper_finger_joint"], 250.0),
            wanted("conveyor", &["conveyor_belt_joint"], 250.0),
        ] {
            let (params, _) = files.driver(&model, wanted).unwrap();
            Config::new(params).unwrap();
        }
    }

    fn coupled(couplings: &str) -> Result<DriverParams, FileError> {
        let model = Model::from_urdf_str(URDF).unwrap();
        let text = format!("{SERVOS}\ncouplings: {couplings}\n");
        let files = JointFiles::parse(&text, LIMITS)?;
        let joints = ["wrist_1_joint", "wrist_2_joint", "wrist_3_joint"];
        Ok(files.driver(&model, wanted("wrist", &joints, 500.0))?.0)
    }

    #[test]
    fn couplings_become_the_groups_transmission() {
        let params = coupled(
            "[{ joints: [wrist_3_joint, wrist_2_joint], joint_from_actuator: [[0.5, 0.5], [-0.5, 0.5]] },
              { joints: [elbow_joint], joint_from_actuator: [[2.0]] }]",
        )
        .unwrap();
        let transmission = &params.transmission;
        let joints = transmission.joints(&[0.0, 1.0, 0.0].into());
        assert_eq!(*joints, [0.0, 0.5, 0.5]);
        Config::new(params).unwrap();
    }

    #[test]
    fn an_encoder_counts_as_its_servo_says() {
        let model = Model::from_urdf_str(URDF).unwrap();
        let homed = "!incremental { mark: stop, velocity: -0.1, effort: 20.0, travel: 3.0, position: -1.5 }";
        let counted = format!("    counting: {homed}\n    encoder_ticks:");
        let text = SERVOS.replacen("    encoder_ticks:", &counted, 1);
        let files = JointFiles::parse(&text, LIMITS).unwrap();
        let joints: Vec<&str> = files.servos.keys().map(String::as_str).collect();
        let homing = |name: &&str| {
            let wanted = wanted("one", &[*name], 500.0);
            let (params, _) = files.driver(&model, wanted).unwrap();
            matches!(params.joints[0].counting, Counting::Incremental(homing) if homing.mark == Mark::Stop)
        };
        assert!(joints.iter().any(homing));
    }

    #[test]
    fn couplings_that_cannot_be_are_refused_with_their_joints() {
        for (couplings, part) in [
            (
                "[{ joints: [wrist_3_joint, elbow_joint], joint_from_actuator: [[1, 0], [0, 1]] }]",
                "elbow_joint is not in group wrist",
            ),
            (
                "[{ joints: [wrist_2_joint, wrist_3_joint], joint_from_actuator: [[1, 1], [1, 1]] }]",
                "wrist_2_joint, wrist_3_joint: the transmission can't be inverted",
            ),
            (
                "[{ joints: [wrist_2_joint, wrist_3_joint], joint_from_actuator: [[1, 1]] }]",
                "needs 2 rows of 2 numbers",
            ),
        ] {
            let error = coupled(couplings).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let model = Model::from_urdf_str(URDF).unwrap();
        let files = JointFiles::parse("servos: {}", LIMITS).unwrap();
        let error = files
            .driver(&model, wanted("arm", &["elbow_joint"], 500.0))
            .unwrap_err();
        assert!(error.to_string().contains("elbow_joint has no entry"), "{error}");
        let files = JointFiles::parse(SERVOS, "joints: {}").unwrap();
        let error = files
            .driver(&model, wanted("arm", &["elbow_joint"], 500.0))
            .unwrap_err();
        assert!(
            error.to_string().contains("elbow_joint: acceleration limit"),
            "{error}"
        );
        let error = JointFiles::parse(SERVOS, "joints: { elbow_joint: { jerk: 3 } }").unwrap_err();
        assert!(error.to_string().starts_with("limits file"), "{error}");
    }
}
