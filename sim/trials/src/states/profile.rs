//! What is explored: a configuration, what its safety file says, which faults it documents, and what can happen.
//!
//! Timeouts are two or three periods, so that every age of every stream is few steps away.

use super::moves::Move;
use super::plan::PERIOD;
use anyhow::Result;
use servomesh_robot::Model;
use servomesh_safety::lattice::{Action, TABLE};
use servomesh_safety::{Config, Parameters, SafetyFile, Setup, StopCategory, Tolerances};
use servomesh_types::fault::Exceeded;
use servomesh_types::*;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

/// A configuration and what can happen to it.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Its name in the report.
    pub name: String,
    /// Parameters.
    pub config: Config,
    /// What the safety file sets up.
    pub setup: Setup,
    /// What the drivers announce.
    pub groups: Vec<GroupDescription>,
    /// What is documented of faults.
    pub documented: Documented,
    /// What can happen at the beginning, before anything is told apart.
    pub opening: Vec<Move>,
    /// What can happen.
    pub moves: Vec<Move>,
}

/// What the documented table says, with what the safety file changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Documented {
    lines: BTreeMap<u16, (Severity, Clearing)>,
    /// Windings no hotter than this are no longer warm \[°C\].
    pub cool_degc: f64,
}

impl Documented {
    /// The table for a group that stops by `category`, with actions of the safety file and faults that wait for a power cycle.
    pub fn new(category: StopCategory, actions: &[(&str, Action)], power_cycle: &[&str]) -> Self {
        let lines = TABLE.into_iter().map(|rule| {
            let changed = actions.iter().find(|(name, _)| *name == rule.name);
            let severity = severity(changed.map_or(rule.action, |(_, action)| *action), category);
            let clearing = match power_cycle.contains(&rule.name) {
                true => Clearing::PowerCycle,
                false => rule.clearing,
            };
            (rule.code, (severity, clearing))
        });
        Self {
            lines: lines.collect(),
            cool_degc: WARM_DEGC - Parameters::default().winding_hysteresis_degc,
        }
    }

    /// The same, with another line for one fault.
    #[must_use]
    pub fn with(mut self, code: u16, severity: Severity, clearing: Clearing) -> Self {
        self.lines.insert(code, (severity, clearing));
        self
    }

    /// What is to be done about a fault.
    pub fn severity(&self, fault: &Fault) -> Severity {
        self.lines
            .get(&fault.code())
            .map_or(Severity::Stop0, |line| line.0)
    }

    /// What it takes to be forgotten.
    pub fn clearing(&self, fault: &Fault) -> Clearing {
        self.lines
            .get(&fault.code())
            .map_or(Clearing::PowerCycle, |line| line.1)
    }
}

/// IEC 60204-1, once more: the core's own answer is what is tried.
fn severity(action: Action, category: StopCategory) -> Severity {
    let own = match category {
        StopCategory::Two => Severity::Stop2,
        StopCategory::One => Severity::Stop1,
        StopCategory::Zero => Severity::Stop0,
    };
    match action {
        Action::Warn => Severity::Warn,
        Action::Derate => Severity::Derate,
        Action::Hold => Severity::Hold,
        Action::Stop => own,
        Action::Stop2 => Severity::Stop2,
        Action::Stop1 => Severity::Stop1,
        Action::Stop0 => Severity::Stop0,
    }
}

/// What a profile is made of.
#[derive(Clone, Debug)]
pub struct Sketch<'a> {
    /// How the group stops.
    pub category: StopCategory,
    /// Actions that the safety file changes, as it writes them.
    pub faults: &'a [(&'a str, Action, &'a str)],
    /// Faults that wait for a restart of the drives.
    pub power_cycle: &'a [&'a str],
    /// How far the group goes back after a collision.
    pub retreat: f64,
    /// Missing setpoints that are filled in.
    pub extrapolate: u32,
    /// How many groups there are.
    pub groups: usize,
    /// Whether there is a model of the machine, with zones around it.
    pub modelled: bool,
}

impl Default for Sketch<'_> {
    fn default() -> Self {
        Self {
            category: StopCategory::Two,
            faults: &[],
            power_cycle: &[],
            retreat: 0.0,
            // The first missing setpoint is a stop, so that there are few places to stop at.
            extrapolate: 0,
            groups: 1,
            modelled: false,
        }
    }
}

impl Sketch<'_> {
    /// The profile, with what can happen still to be said.
    ///
    /// # Errors
    /// The safety file is refused.
    pub fn profile(&self, name: String) -> Result<Profile> {
        let config = Config::new(Parameters {
            rate_hz: 1.0 / PERIOD.as_secs_f64(),
            stop_category: self.category,
            extrapolate: self.extrapolate,
            valid_for: 2 * PERIOD,
            lead: Duration::ZERO,
            servo_state_timeout: 2 * PERIOD,
            motion_state_timeout: 2 * PERIOD,
            engage_timeout: 3 * PERIOD,
            enabling_timeout: 2 * PERIOD,
            settle: PERIOD,
            ramp: PERIOD,
            // An encoder as coarse as the followers' is off by half a step.
            revolute: Tolerances {
                hold: 0.1,
                // A period is long: epochs begin with more of a motion than a standstill.
                seed_velocity: 0.2,
                ..Parameters::default().revolute
            },
            ..Parameters::default()
        })?;
        let names: &[&str] = if self.modelled {
            &["shoulder", "elbow"]
        } else {
            &["shoulder"]
        };
        let groups = ["arm", "leg"]
            .into_iter()
            .take(self.groups)
            .map(|name| describe(name, names));
        let robot = self
            .modelled
            .then(|| Model::from_urdf_str(TWO_LINKS))
            .transpose()?;
        let setup = SafetyFile::parse(&self.file())?.setup(&config, robot.as_ref())?;
        let actions: Vec<_> = self
            .faults
            .iter()
            .map(|(name, action, _)| (*name, *action))
            .collect();
        Ok(Profile {
            name,
            config,
            setup,
            groups: groups.collect::<Result<_>>()?,
            documented: Documented::new(self.category, &actions, self.power_cycle),
            opening: Vec::new(),
            moves: Vec::new(),
        })
    }

    fn file(&self) -> String {
        let mut text = String::new();
        if self.modelled {
            text += ZONES;
        }
        text += "groups:\n";
        for name in ["arm", "leg"].into_iter().take(self.groups) {
            let _ = writeln!(
                text,
                "  {name}:\n    warm_degc: {WARM_DEGC}\n    retreat: {}",
                self.retreat
            );
            if self.modelled {
                text += MODELLED;
            }
            let faults: Vec<_> = self
                .faults
                .iter()
                .map(|(name, _, action)| format!("{name}: {action}"))
                .collect();
            let _ = writeln!(text, "    faults: {{ {} }}", faults.join(", "));
            let _ = writeln!(text, "    power_cycle: [{}]", self.power_cycle.join(", "));
        }
        text
    }
}

fn describe(name: &str, joints: &[&str]) -> Result<GroupDescription> {
    let joint = |name: &&str| JointDescription {
        name: (*name).to_owned(),
        kind: JointKind::Revolute,
        limits: limits(50.0),
        drivetrain: Drivetrain::default(),
    };
    Ok(GroupDescription {
        name: GroupName::new(name)?,
        joints: joints.iter().map(joint).collect(),
        rate_hz: 1.0 / PERIOD.as_secs_f64(),
        capabilities: Capabilities::default(),
        backend: "follower".to_owned(),
    })
}

/// What a joint may do: from 1 rad/s it stops within two periods.
pub(crate) fn limits(effort: f64) -> JointLimits {
    JointLimits::new((-2.0, 2.0), 4.0, 40.0, 400.0, effort).expect("they are in order")
}

/// Whether the machine of two links is too near to its door where it was measured, or its tool out of the workspace. It is stretched, since the first joint
/// alone swings: plane geometry tells, by the dimensions below.
pub(crate) fn too_near(position: &JointVec) -> bool {
    let [shoulder, _] = position[..] else {
        return false;
    };
    let (y, x) = shoulder.sin_cos();
    let corner = y + FORE_HALF_WIDTH * x;
    DOOR - corner < CLEARANCE || y - TOOL_RADIUS < WORKSPACE
}

/// Values that are only told.
pub(crate) const EXCEEDED: Exceeded = Exceeded {
    joint: 0,
    value: 1.0,
    limit: 0.5,
};
/// From here on a winding is warm \[°C\].
const WARM_DEGC: f64 = 90.0;
/// Near side of the door, least distance to it, half as wide as the fore arm is, the ball about the tool, side of the workspace \[m\].
const DOOR: f64 = 0.8;
const CLEARANCE: f64 = 0.01;
const FORE_HALF_WIDTH: f64 = 0.025;
const TOOL_RADIUS: f64 = 0.05;
const WORKSPACE: f64 = -0.6;
const ZONES: &str = "clearance: 0.01
keep_out: [{ name: door, box: [3, 0.2, 2], xyz: [0, 0.9, 1] }]
";
const MODELLED: &str = "    joints: [shoulder, elbow]
    tool: { link: tool, radius: 0.05, lower: [-2, -0.6, 0], upper: [2, 2, 3] }
    normal: { tool_speed: 1.2, effort: 0.35, direction: { elbow: positive } }
    reduced: { tool_speed: 1.2 }
";
/// Two links of half a metre that turn about the vertical, a metre above the floor.
const TWO_LINKS: &str = r#"<robot name="two">
  <link name="base"/>
  <link name="upper"><inertial><origin xyz="0.25 0 0"/><mass value="2"/><inertia ixx="0.01" ixy="0" ixz="0" iyy="0.05" iyz="0" izz="0.05"/></inertial>
    <collision><origin xyz="0.25 0 0"/><geometry><box size="0.5 0.06 0.06"/></geometry></collision></link>
  <link name="fore"><inertial><origin xyz="0.25 0 0"/><mass value="1"/><inertia ixx="0.01" ixy="0" ixz="0" iyy="0.03" iyz="0" izz="0.03"/></inertial>
    <collision><origin xyz="0.25 0 0"/><geometry><box size="0.5 0.05 0.05"/></geometry></collision></link>
  <link name="tool"/>
  <joint name="shoulder" type="revolute"><parent link="base"/><child link="upper"/><origin xyz="0 0 1"/><axis xyz="0 0 1"/>
    <limit lower="-2" upper="2" velocity="4" effort="50"/></joint>
  <joint name="elbow" type="revolute"><parent link="upper"/><child link="fore"/><origin xyz="0.5 0 0"/><axis xyz="0 0 1"/>
    <limit lower="-2" upper="2" velocity="4" effort="50"/></joint>
  <joint name="flange" type="fixed"><parent link="fore"/><child link="tool"/><origin xyz="0.5 0 0"/></joint>
</robot>"#;
