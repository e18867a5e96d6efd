//! The files that describe a cell, read and checked together.

use super::arm::arm;
use crate::error::SimError;
use crate::mechanics::Scene;
use crate::servo::catalog::ServoCatalog;
use crate::wiring::Wiring;
use servomesh_driver::files::{FileError, JointFiles, Wanted};
use servomesh_driver::{Config, ConfigError, Driver};
use servomesh_robot::{Model, RobotError};
use servomesh_safety::{Config as SafetyConfig, SafetyFile, Setup, SetupError};
use servomesh_trajectory::Robot;
use servomesh_types::{Capabilities, GroupName};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The files that describe a cell.
#[derive(Clone, Debug)]
pub struct CellFiles {
    /// The robot's description.
    pub model: Model,
    /// What the simulation needs to know of its servos.
    pub servos: ServoCatalog,
    /// Which servos hang on which bus.
    pub wiring: Wiring,
    /// What stands and lies around the robot.
    pub scene: Scene,
    /// What the drivers need to know of its servos.
    pub joints: JointFiles,
    /// What safety is set up with.
    pub safety: Setup,
}

/// Why a cell's files can't be used.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The robot's description.
    #[error(transparent)]
    Robot(#[from] RobotError),
    /// The simulation's files.
    #[error(transparent)]
    Sim(#[from] SimError),
    /// Safety's file.
    #[error(transparent)]
    Safety(#[from] SetupError),
    /// The drivers' files.
    #[error(transparent)]
    Driver(#[from] FileError),
    /// The drivers' figures.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The estimator's parameters.
    #[error(transparent)]
    Estimator(#[from] servomesh_estimator::ConfigError),
}

impl CellFiles {
    /// What the planner knows of the machine: its description, and where the arm holds its tool.
    ///
    /// # Errors
    /// The description has no such link.
    pub fn robot(&self) -> Result<Robot, FilesError> {
        Ok(Robot::new(self.model.clone(), &Self::tools())?)
    }

    /// Which link each group holds as its tool, as the launch configuration of the default cell has it.
    pub(super) fn tools() -> BTreeMap<GroupName, String> {
        BTreeMap::from([(arm(), "gripper_tcp".to_owned())])
    }

    /// The default cell, as `launch/robots/` describes it.
    ///
    /// # Errors
    /// None, as long as those files are sound.
    pub fn default_cell() -> Result<Self, FilesError> {
        let servos = include_str!("../../../launch/robots/cell.servos.yaml");
        let limits = include_str!("../../../launch/robots/cell.limits.yaml");
        let model = Model::from_urdf_str(include_str!("../../../launch/robots/cell.urdf"))?;
        // Which links can touch takes a while to find out, so that all cells of a process share it.
        static SAFETY: OnceLock<Setup> = OnceLock::new();
        let safety = match SAFETY.get() {
            Some(setup) => setup.clone(),
            None => {
                let file = SafetyFile::parse(include_str!("../../../launch/robots/cell.safety.yaml"))?;
                let setup = file.setup(&SafetyConfig::default(), Some(&model))?;
                SAFETY.get_or_init(|| setup).clone()
            }
        };
        Ok(Self {
            safety,
            model,
            servos: ServoCatalog::from_yaml_str(servos)?,
            wiring: Wiring::from_yaml_str(include_str!("../../../launch/robots/cell.wiring.yaml"))?,
            scene: Scene::from_yaml_str(include_str!("../../../launch/robots/cell.scene.yaml"))?,
            joints: JointFiles::parse(servos, limits)?,
        })
    }

    /// A fresh driver for each bus.
    pub(super) fn drivers(&self) -> Result<Vec<(GroupName, Driver)>, FilesError> {
        self.wiring
            .buses()
            .map(|(name, _)| Ok((name, self.driver(name)?)))
            .collect()
    }

    /// A fresh driver for one bus.
    pub(super) fn driver(&self, name: GroupName) -> Result<Driver, FilesError> {
        let bus = self.wiring.buses().find(|(bus, _)| *bus == name);
        let (_, bus) = bus.ok_or(SimError::NoBus { group: name })?;
        let wanted = Wanted {
            name,
            joints: bus.joints.iter().map(|joint| joint.name.clone()).collect(),
            rate_hz: 1.0 / bus.period.as_secs_f64(),
            // The default cell's groups are told apart by their names, as its launch file does by parameters.
            capabilities: Capabilities {
                gripper: name.as_str() == "gripper",
                endless: name.as_str() == "conveyor",
            },
            backend: "sim".to_owned(),
        };
        let (params, dynamics) = self.joints.driver(&self.model, wanted)?;
        Ok(Driver::new(Config::new(params)?, Some(dynamics)))
    }
}
