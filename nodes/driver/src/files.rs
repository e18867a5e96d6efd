//! How the files that describe a machine become what a driver needs: the robot's description, its servos, its limits.
//!
//! Only text comes in here; whoever calls reads the files. The ROS shell and the cell harness both do, so that they drive
//! the same machine. Positions in rad (m).

mod coupling;
mod servo;

use self::coupling::{Coupling, transmission};
use self::servo::Servo;
use crate::config::DriverParams;
use crate::dynamics::{Dynamics, WrongJoints};
use crate::transmission::TransmissionError;
use serde::Deserialize;
use servomesh_robot::{LimitsFile, Model, RobotError};
use servomesh_types::limits::LimitsError;
use servomesh_types::{Capabilities, GroupDescription, GroupName, JointDescription, JointKind};
use std::collections::BTreeMap;

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
        let transmission = transmission(&self.couplings, &group)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::counts::Counting;
    use crate::homing::Mark;

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
