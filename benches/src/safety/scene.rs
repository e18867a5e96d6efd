//! The arm on its turntable, and what stands about it. Lengths in m, angles in rad.

use crate::draw::Draw;
use anyhow::{Context, Result};
use nalgebra::Vector3;
use servomesh_robot::{LimitsFile, Model};
use servomesh_safety::{Config, SafetyFile, Setup};
use servomesh_types::{
    Capabilities, Drivetrain, GroupDescription, GroupName, JointDescription, JointKind, JointLimits,
};
use std::fmt::Write as _;
use std::path::Path;

/// The turntable first.
const ARM: [&str; 7] = [
    "pedestal_mount",
    "shoulder_pan_joint",
    "shoulder_lift_joint",
    "elbow_joint",
    "wrist_1_joint",
    "wrist_2_joint",
    "wrist_3_joint",
];
const OBSTACLES: usize = 10;

/// A cell with an arm of seven joints.
pub(super) struct Scene {
    model: Model,
    pub(super) description: GroupDescription,
    /// The safety file.
    file: String,
}

impl Scene {
    pub(super) fn new() -> Result<Self> {
        let robots = Path::new(env!("CARGO_MANIFEST_DIR")).join("../launch/robots");
        let urdf = std::fs::read_to_string(robots.join("cell.urdf"))?;
        let mount = r#"<joint name="pedestal_mount" type="fixed">"#;
        let table = r#"<joint name="pedestal_mount" type="revolute"><axis xyz="0 0 1"/>
            <limit lower="-3" upper="3" velocity="1.5" effort="300"/>"#;
        anyhow::ensure!(urdf.contains(mount), "cell.urdf has no {mount}");
        let model = Model::from_urdf_str(&urdf.replace(mount, table))?;
        let limits = LimitsFile::parse(&std::fs::read_to_string(robots.join("cell.limits.yaml"))?)?;
        let joint = |name: &&str| {
            let limit = model.joints()[model.joint_index(name)?].limits;
            let (acceleration, jerk) = match limits.joint(name) {
                Some(rates) => (rates.acceleration, rates.jerk),
                None => (4.0, 40.0),
            };
            Ok(JointDescription {
                name: (*name).to_owned(),
                kind: JointKind::Revolute,
                limits: JointLimits::new(
                    (limit.lower, limit.upper),
                    limit.velocity,
                    acceleration,
                    jerk,
                    limit.effort,
                )?,
                drivetrain: Drivetrain::default(),
            })
        };
        Ok(Self {
            description: GroupDescription {
                name: GroupName::new("arm")?,
                joints: ARM.iter().map(joint).collect::<Result<_>>()?,
                rate_hz: 500.0,
                capabilities: Capabilities::default(),
                backend: "bench".into(),
            },
            file: file()?,
            model,
        })
    }

    /// What the gate is set up with.
    pub(super) fn setup(&self) -> Result<Setup> {
        Ok(SafetyFile::parse(&self.file)?.setup(&Config::default(), Some(&self.model))?)
    }
}

/// Ten obstacles half a metre or more from the arm's axis.
fn file() -> Result<String> {
    let mut draw = Draw(1);
    let mut text = "clearance: 0.005\nobstacles:\n".to_owned();
    for index in 0..OBSTACLES {
        let mut size = || 0.175 + 0.125 * draw.signed();
        let solid = match index % 4 {
            0 => format!("box: [{}, {}, {}]", size(), size(), size()),
            1 => format!("sphere: {}", size()),
            2 => format!("capsule: [{}, {}]", size() / 2.0, size()),
            _ => format!("cylinder: [{}, {}]", size() / 2.0, size()),
        };
        let turn = Vector3::from_fn(|_, _| draw.signed() * 2.0);
        let mut place = Vector3::from_fn(|_, _| draw.signed() * 0.9);
        let from_axis = place.xy().norm();
        if from_axis < 0.6 {
            place *= 0.7 / from_axis.max(0.1);
        }
        place.z = 0.9 + 0.8 * draw.signed();
        writeln!(
            text,
            "  - {{ name: obstacle {index}, {solid}, xyz: [{}, {}, {}], rpy: [{}, {}, {}] }}",
            place.x, place.y, place.z, turn.x, turn.y, turn.z
        )
        .context("a string takes all")?;
    }
    writeln!(
        text,
        "groups:\n  arm:\n    joints: [{}]\n    tool: {{ link: gripper_tcp, radius: 0.05, lower: [-2, -2, -0.5], upper: [2, 2, 2.5] }}\n    normal: {{ tool_speed: 10, effort: 10 }}",
        ARM.join(", ")
    )
    .context("a string takes all")?;
    Ok(text)
}
