//! Where episodes play: the default cell under safety files that differ, and what each of them forbids, read here and not by `safety`.
//!
//! m, rad, s, N·m. **Invariant:** what the machine is held to follows from the files and from the drivers' descriptions alone.

use anyhow::{Context as _, Result};
use nalgebra::{Isometry3, Translation3, UnitQuaternion, Vector3};
use serde::Deserialize;
use servomesh_robot::collision::{CollisionModel, CollisionSettings, Solid};
use servomesh_robot::{LinkId, Model};
use servomesh_safety::{Config, SafetyFile, Setup};
use servomesh_sim::harness::{ARM, Cell, CellFiles, NetworkConfig};
use servomesh_types::JointLimits;
use std::collections::BTreeMap;
use std::time::Duration;

/// How much of the gate is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Gate {
    /// All of it.
    #[default]
    Whole,
    /// It knows nothing of what stands around, nor of any function: the machine must be seen to break what it is held to.
    Blind,
    /// Nobody asks it: setpoints go to the driver as they are. The machine must be seen to break its own limits.
    Bypassed,
}

/// One place to play.
#[derive(Clone)]
pub(super) struct Site {
    /// The name of its file.
    pub(super) name: &'static str,
    pub(super) files: CellFiles,
    /// What the arm's driver announces.
    pub(super) limits: Vec<JointLimits>,
    /// What the file forbids.
    pub(super) law: Law,
}

/// What a safety file forbids the arm.
#[derive(Clone)]
pub(super) struct Law {
    /// The arm alone, with what it must stay clear of. Links that can't come together in any position of the arm need no clearance.
    pub(super) collision: CollisionModel,
    /// The same with every pair of things that can be told apart: none of them may touch,
    pub(super) whole: CollisionModel,
    /// but for these.
    pub(super) may_touch: Vec<[String; 2]>,
    /// Where joints stand that are not the arm's.
    pub(super) others: BTreeMap<String, f64>,
    pub(super) clearance: f64,
    pub(super) tool: LinkId,
    /// The box that the tool's ball must stay in: its radius, lowest and highest corner.
    pub(super) workspace: (f64, Vector3<f64>, Vector3<f64>),
    pub(super) normal: Narrowing,
    pub(super) reduced: Narrowing,
    /// Whether it goes back after a collision.
    pub(super) retreats: bool,
}

/// What is narrower than the joints' own limits.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Narrowing {
    /// Shares of what the joints may do.
    pub(super) velocity: Option<f64>,
    pub(super) acceleration: Option<f64>,
    pub(super) effort: Option<f64>,
    /// \[m/s\]
    pub(super) tool_speed: Option<f64>,
    #[serde(default)]
    position: BTreeMap<String, [f64; 2]>,
    #[serde(default)]
    direction: BTreeMap<String, Direction>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Direction {
    Positive,
    Negative,
}

impl Narrowing {
    /// Between which positions a joint may be.
    pub(super) fn range(&self, joint: usize, limits: &JointLimits) -> (f64, f64) {
        let [lower, upper] = self
            .position
            .get(ARM[joint])
            .copied()
            .unwrap_or([f64::NEG_INFINITY, f64::INFINITY]);
        (limits.lower().max(lower), limits.upper().min(upper))
    }

    /// In which direction alone a joint may move: 1 or −1; 0 for both.
    pub(super) fn direction(&self, joint: usize) -> f64 {
        match self.direction.get(ARM[joint]) {
            None => 0.0,
            Some(Direction::Positive) => 1.0,
            Some(Direction::Negative) => -1.0,
        }
    }
}

/// The fields of a safety file that forbid something.
#[derive(Deserialize)]
struct File {
    clearance: f64,
    #[serde(default)]
    obstacles: Vec<Placed>,
    #[serde(default)]
    keep_out: Vec<Placed>,
    #[serde(default)]
    may_touch: Vec<[String; 2]>,
    groups: BTreeMap<String, Group>,
}

#[derive(Deserialize)]
struct Group {
    others: BTreeMap<String, f64>,
    tool: Tool,
    #[serde(default)]
    normal: Narrowing,
    #[serde(default)]
    reduced: Narrowing,
    #[serde(default)]
    retreat: f64,
}

#[derive(Deserialize)]
struct Tool {
    link: String,
    radius: f64,
    lower: [f64; 3],
    upper: [f64; 3],
}

#[derive(Deserialize)]
struct Placed {
    name: String,
    #[serde(rename = "box")]
    cuboid: Option<[f64; 3]>,
    cylinder: Option<[f64; 2]>,
    capsule: Option<[f64; 2]>,
    sphere: Option<f64>,
    #[serde(default)]
    half_space: bool,
    #[serde(default)]
    xyz: [f64; 3],
    #[serde(default)]
    rpy: [f64; 3],
}

impl Placed {
    fn add_to(&self, collision: &mut CollisionModel) -> Result<()> {
        let solid = if let Some(size) = self.cuboid {
            Solid::cuboid(&Vector3::from(size))?
        } else if let Some([radius, length]) = self.cylinder {
            Solid::cylinder(radius, length)?
        } else if let Some([radius, length]) = self.capsule {
            Solid::capsule(radius, length)?
        } else if let Some(radius) = self.sphere {
            Solid::sphere(radius)?
        } else {
            anyhow::ensure!(self.half_space, "{} is no solid", self.name);
            Solid::half_space()
        };
        let [roll, pitch, yaw] = self.rpy;
        let rotation = UnitQuaternion::from_euler_angles(roll, pitch, yaw);
        let pose = Isometry3::from_parts(Translation3::from(self.xyz), rotation);
        collision.add_obstacle(&self.name, solid, &pose)?;
        Ok(())
    }
}

impl Law {
    /// What is narrower than the joints' own limits, in reduced mode or without.
    pub(super) fn narrowing(&self, reduced: bool) -> &Narrowing {
        if reduced { &self.reduced } else { &self.normal }
    }

    fn read(text: &str, model: &Model) -> Result<Self> {
        let file: File = serde_norway::from_str(text)?;
        let arm = file.groups.get("arm").context("a group called arm")?;
        let mut positions = model.neutral_positions();
        for (joint, position) in &arm.others {
            positions[model.joint_index(joint)?] = *position;
        }
        let model = model.subset(&ARM, &positions)?;
        let build = |proof_steps| {
            let settings = CollisionSettings {
                proof_steps,
                ..CollisionSettings::default()
            };
            let mut collision = CollisionModel::new(&model, &settings);
            let mut placed = file.obstacles.iter().chain(&file.keep_out);
            placed.try_for_each(|placed| placed.add_to(&mut collision))?;
            anyhow::Ok(collision)
        };
        let (mut collision, whole) = (build(PROOF_STEPS)?, build(0)?);
        for [a, b] in &file.may_touch {
            collision.allow_pair(a, b)?;
        }
        let (lower, upper) = (Vector3::from(arm.tool.lower), Vector3::from(arm.tool.upper));
        Ok(Self {
            collision,
            whole,
            others: arm.others.clone(),
            may_touch: file.may_touch.clone(),
            clearance: file.clearance,
            tool: model.link(&arm.tool.link)?,
            workspace: (arm.tool.radius, lower, upper),
            normal: arm.normal.clone(),
            reduced: arm.reduced.clone(),
            retreats: arm.retreat > 0.0,
        })
    }
}

/// All sites, in a fixed order.
///
/// # Errors
/// None, as long as their files are sound.
pub(super) fn all(gate: Gate) -> Result<Vec<Site>> {
    let mut files = CellFiles::default_cell()?;
    // What lies around loose is nothing that safety knows of.
    files.scene = files.scene.without_bodies();
    let mut cell = Cell::new(&files, NetworkConfig::default(), 0)?;
    cell.run_for(Duration::from_millis(10));
    let description = cell.description("arm").context("the arm is announced")?;
    let limits: Vec<_> = description.joints.iter().map(|joint| joint.limits).collect();
    FILES
        .into_iter()
        .map(|(name, text)| {
            let named = || format!("the safety file {name}");
            let law = Law::read(text, &files.model).with_context(named)?;
            let safety = match gate {
                Gate::Blind => Setup::default(),
                Gate::Whole | Gate::Bypassed => SafetyFile::parse(text)
                    .and_then(|file| file.setup(&Config::default(), Some(&files.model)))
                    .with_context(named)?,
            };
            let files = CellFiles {
                safety,
                ..files.clone()
            };
            let limits = limits.clone();
            Ok(Site {
                name,
                files,
                limits,
                law,
            })
        })
        .collect()
}

/// How long to look for a proof that two links never touch, as `safety` does.
const PROOF_STEPS: usize = 500;
/// The safety files. The first is the default cell's own.
const FILES: [(&str, &str); 6] = [
    ("cell", include_str!("../../../../launch/robots/cell.safety.yaml")),
    ("zones", include_str!("../../sites/zones.yaml")),
    ("slow", include_str!("../../sites/slow.yaml")),
    ("one_way", include_str!("../../sites/one_way.yaml")),
    ("brakes", include_str!("../../sites/brakes.yaml")),
    ("crowded", include_str!("../../sites/crowded.yaml")),
];
