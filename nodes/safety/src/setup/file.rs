//! The safety file: what one cell's groups may do, and what they must stay clear of.
//!
//! ```yaml
//! clearance: 0.01                 # m, to itself, obstacles and zones
//! obstacles:
//!   - { name: floor, half_space: true }
//! keep_out:
//!   - { name: door, box: [1, 1, 2], xyz: [1.5, 0, 1] }
//! groups:
//!   arm:
//!     joints: [shoulder_pan_joint, shoulder_lift_joint]
//!     tool: { link: gripper_tcp, radius: 0.05, lower: [-1, -1, 0], upper: [1, 1, 1.5] }
//!     normal: { tool_speed: 1.5 }
//! ```
//!
//! Only text comes in here; whoever calls reads the file. Lengths in m, angles in rad, base axes of the robot.
//!
//! **Invariant:** a file is taken as a whole or not at all; each refusal names the field.

mod limits;
mod scene;

use super::{GroupSetup, Setup, SetupError};
use crate::config::{Config, StopCategory, range};
use crate::functions::Envelope;
use crate::lattice::{Action, Policy};
use crate::machine::Machine;
use limits::Limits;
use scene::{Placed, Tool};
use serde::Deserialize;
use servomesh_robot::Model;
use servomesh_types::GroupName;
use servomesh_types::range::within;
use std::collections::BTreeMap;

/// What a safety file says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SafetyFile {
    /// How near things may come \[m\].
    clearance: Option<f64>,
    /// How late a stop may begin \[s\].
    #[serde(default)]
    reaction_s: f64,
    #[serde(default)]
    obstacles: Vec<Placed>,
    #[serde(default)]
    keep_out: Vec<Placed>,
    /// Links and obstacles that may come near each other.
    #[serde(default)]
    may_touch: Vec<[String; 2]>,
    groups: BTreeMap<String, Group>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    #[serde(default)]
    joints: Vec<String>,
    /// Where the joints of other groups stand.
    #[serde(default)]
    others: BTreeMap<String, f64>,
    tool: Option<Tool>,
    stop_category: Option<u8>,
    #[serde(default)]
    normal: Limits,
    #[serde(default)]
    reduced: Limits,
    warm_degc: Option<f64>,
    #[serde(default)]
    retreat: f64,
    #[serde(default)]
    faults: BTreeMap<String, Action>,
    /// Faults that a reset clears only after the drives were started anew.
    #[serde(default)]
    power_cycle: Vec<String>,
}

impl SafetyFile {
    /// Reads the text of a safety file.
    ///
    /// # Errors
    /// [`SetupError::Syntax`]: it is no YAML, or a field is missing or misspelt; the message has the line.
    pub fn parse(text: &str) -> Result<Self, SetupError> {
        Ok(serde_norway::from_str(text)?)
    }

    /// What it sets up, with the machine's description where there is one. To find out which links can touch takes some
    /// tenths of a second.
    ///
    /// # Errors
    /// The first field that can't be, by name.
    pub fn setup(&self, config: &Config, robot: Option<&Model>) -> Result<Setup, SetupError> {
        let mut setup = Setup::default();
        for (name, group) in &self.groups {
            let group_name = GroupName::new(name).map_err(|_| SetupError::Unknown {
                field: "groups".to_owned(),
                given: name.clone(),
                known: "names of letters, digits and underscores".to_owned(),
            })?;
            setup
                .groups
                .insert(group_name, self.group(name, group, config, robot)?);
        }
        Ok(setup)
    }

    fn group(
        &self,
        name: &str,
        group: &Group,
        config: &Config,
        robot: Option<&Model>,
    ) -> Result<GroupSetup, SetupError> {
        let field = |what: &str| format!("groups.{name}.{what}");
        let stop_category = match group.stop_category {
            None => config.stop_category,
            Some(number) => StopCategory::try_from(i64::from(number)).map_err(|()| SetupError::Unknown {
                field: field("stop_category"),
                given: number.to_string(),
                known: "0, 1, 2".to_owned(),
            })?,
        };
        let changes = group
            .faults
            .iter()
            .map(|(fault, action)| (fault.as_str(), *action));
        let warm_degc = match group.warm_degc {
            None => f64::INFINITY,
            Some(degc) => within(
                &field("warm_degc"),
                degc,
                (range::WINDING_DEGC.0, config.winding_degc - WARM_BEFORE_K),
            )?,
        };
        let machine = match robot {
            Some(robot) if !group.joints.is_empty() => Some(self.machine(name, group, robot)?),
            _ => {
                group.needs_no_model(name, robot.is_some())?;
                None
            }
        };
        Ok(GroupSetup {
            joints: group.joints.clone(),
            stop_category,
            policy: Policy::new(stop_category, changes)?
                .with_power_cycle(group.power_cycle.iter().map(String::as_str))?,
            normal: (group.normal).envelope(Envelope::full(), &group.joints, &field("normal"))?,
            reduced: (group.reduced).envelope(Envelope::reduced(), &group.joints, &field("reduced"))?,
            warm_degc,
            retreat: within(&field("retreat"), group.retreat, RETREAT)?,
            machine,
        })
    }

    fn machine(&self, name: &str, group: &Group, robot: &Model) -> Result<Machine, SetupError> {
        let field = |what: &str| format!("groups.{name}.{what}");
        let wrong = |what: &str| {
            let field = field(what);
            move |error| SetupError::Robot { field, error }
        };
        let mut positions = robot.neutral_positions();
        for (joint, position) in &group.others {
            let index = robot.joint_index(joint).map_err(wrong("others"))?;
            positions[index] = *position;
        }
        let names: Vec<&str> = group.joints.iter().map(String::as_str).collect();
        let model = robot.subset(&names, &positions).map_err(wrong("joints"))?;
        let tool = match &group.tool {
            Some(tool) => Some(model.link(&tool.link).map_err(wrong("tool.link"))?),
            None => None,
        };
        let bounds = match (&group.tool, tool) {
            (Some(given), Some(link)) => given.bounds(link, &field("tool"))?,
            _ => None,
        };
        let surroundings = self.surroundings(&model, bounds)?;
        Ok(Machine::new(model, tool, Some(surroundings)))
    }
}

impl Group {
    /// Refuses what can't be watched without a model.
    fn needs_no_model(&self, name: &str, described: bool) -> Result<(), SetupError> {
        let why = if self.tool.is_some() {
            "a group with a tool needs a model"
        } else if self.normal.needs_a_model() || self.reduced.needs_a_model() {
            "limits of the tool's speed and of efforts need a model"
        } else {
            return Ok(());
        };
        let field = match described {
            true => format!("groups.{name}.joints"),
            false => "robot_description_file".to_owned(),
        };
        Err(SetupError::Missing { field, why })
    }
}

/// How far below the highest winding temperature derating must begin, to be of any use \[K\].
const WARM_BEFORE_K: f64 = 1.0;
/// The range of `retreat` \[rad, m\].
const RETREAT: (f64, f64) = (0.0, 0.2);
