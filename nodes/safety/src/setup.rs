//! What is set up for each group beyond the parameters: functions, actions, model, zones. Checked once, before anything moves.
//!
//! SI units. **Invariant:** a [`Setup`] that can't be safe is not built; each refusal names the field.

pub mod file;

use crate::config::{Config, ConfigError, StopCategory};
use crate::functions::Envelope;
use crate::lattice::Policy;
use crate::machine::Machine;
use servomesh_robot::RobotError;
use servomesh_robot::collision::CollisionError;
use servomesh_types::{GroupDescription, GroupName, Severity};
use std::collections::BTreeMap;

/// What all groups are set up with.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Those that have a set-up of their own.
    pub groups: BTreeMap<GroupName, GroupSetup>,
}

/// What one group is set up with.
#[derive(Clone, Debug)]
pub struct GroupSetup {
    /// The joints that it is for, in the order of the group; empty for any.
    pub joints: Vec<String>,
    /// How it stops.
    pub stop_category: StopCategory,
    /// What is done about each fault.
    pub policy: Policy,
    /// What it may do.
    pub normal: Envelope,
    /// What it may do in reduced mode.
    pub reduced: Envelope,
    /// Windings above this are slowed down \[°C\]; infinite for never.
    pub warm_degc: f64,
    /// How far it goes back after a collision \[rad, m\] of the joint that goes farthest; 0 for not at all.
    pub retreat: f64,
    /// Its model, if it has one.
    pub machine: Option<Machine>,
}

impl GroupSetup {
    /// For any group, by the parameters alone: no model, the joints' own limits.
    pub fn plain(config: &Config) -> Self {
        Self {
            joints: Vec::new(),
            stop_category: config.stop_category,
            policy: Policy::of_category(config.stop_category),
            normal: Envelope::full(),
            reduced: Envelope::reduced(),
            warm_degc: f64::INFINITY,
            retreat: 0.0,
            machine: None,
        }
    }
}

impl Setup {
    /// What is set up for a group as its driver announced it.
    ///
    /// # Errors
    /// It was made for other joints; says which.
    pub fn of(&self, config: &Config, group: &GroupDescription) -> Result<GroupSetup, String> {
        let Some(setup) = self.groups.get(&group.name) else {
            return Ok(GroupSetup::plain(config));
        };
        let same = setup
            .joints
            .iter()
            .eq(group.joints.iter().map(|joint| &joint.name));
        if !setup.joints.is_empty() && !same {
            return Err(format!(
                "its set-up is for the joints {}",
                setup.joints.join(", ")
            ));
        }
        setup
            .normal
            .check(group, "normal")
            .map_err(|error| error.to_string())?;
        setup
            .reduced
            .check(group, "reduced")
            .map_err(|error| error.to_string())?;
        let mut setup = setup.clone();
        if let Some(machine) = &mut setup.machine {
            machine
                .take_drivetrains(group)
                .map_err(|error| error.to_string())?;
        }
        Ok(setup)
    }
}

/// A set-up that can't be safe.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A number outside its range.
    #[error(transparent)]
    Range(#[from] ConfigError),
    /// A name that nothing has.
    #[error("{field}: there is no {given}; there are: {known}")]
    Unknown {
        /// Where.
        field: String,
        /// The name.
        given: String,
        /// Those that there are.
        known: String,
    },
    /// An action that is not enough for its fault.
    #[error("{field} is {given:?}, but must be at least {least:?}")]
    TooLenient {
        /// Where.
        field: String,
        /// The action.
        given: Severity,
        /// What it must be at least.
        least: Severity,
    },
    /// A fault that goes with its cause can't wait for anything else.
    #[error("{field}: it goes with its cause, and needs no reset")]
    ClearsItself {
        /// Where.
        field: String,
    },
    /// Two bounds the wrong way round.
    #[error("{field}: the lower bound {lower} must be below the upper bound {upper}")]
    Inverted {
        /// Where.
        field: String,
        /// The lower one given.
        lower: f64,
        /// The upper one given.
        upper: f64,
    },
    /// Something that must be there is not.
    #[error("{field} is missing: {why}")]
    Missing {
        /// What.
        field: String,
        /// Who needs it.
        why: &'static str,
    },
    /// A file that is none.
    #[error("safety file: {0}")]
    Syntax(#[from] serde_norway::Error),
    /// The model does not have it.
    #[error("{field}: {error}")]
    Robot {
        /// Where.
        field: String,
        /// What is wrong.
        error: RobotError,
    },
    /// A solid that can't be.
    #[error("{field}: {error}")]
    Solid {
        /// Where.
        field: String,
        /// What is wrong.
        error: CollisionError,
    },
}
