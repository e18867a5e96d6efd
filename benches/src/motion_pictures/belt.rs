//! The tool joins the running belt, and stays on it while the belt brakes and starts: setpoints, and where the real tool is on the real belt.
//!
//! **Invariant:** once it has joined, the tool is off its place by no more than [`LIMIT`]: else there is no picture.

use super::recording::{ARM, Arm, Shares, Tick};
use super::scenes::{along, line};
use anyhow::{Result, ensure};
use nalgebra::{Isometry3, Vector3};
use serde::Serialize;
use servomesh_robot::{LinkId, Model, Workspace};
use servomesh_sim::harness::job::ABOVE_BELT;
use servomesh_trajectory::{GoalId, MoveGoal, MoveMode, PathGoal};

const CONVEYOR: &str = "conveyor";
const FRAME: &str = "conveyor_belt";
/// Speeds of the belt once the tool is on it, and how long each is kept \[m/s, s\].
const SPEEDS: [(f64, f64); 4] = [(0.2, 0.3), (0.0, 0.6), (0.2, 0.6), (0.0, 0.5)];
/// What a picture may show \[m\].
const LIMIT: f64 = 1e-3;
/// From above the belt to where the tool waits for it \[m\].
const UPSTREAM: f64 = 0.3;
/// Down to the belt \[m\].
const DOWN: f64 = 0.1;

/// Setpoints, the belt's speed and the tool's place on it over time.
#[derive(Serialize)]
pub(super) struct Belt {
    joints: Vec<String>,
    /// When the tool is where it stays \[s\].
    joined_s: f64,
    done: Shares,
    /// Of the real belt \[m/s\].
    speed: Vec<f64>,
    /// How far the real tool is from its place on the belt, along it, across it and upwards, from when it has joined \[m\].
    error: Vec<[f64; 3]>,
    limit: f64,
}

pub(super) fn belt() -> Result<Belt> {
    let mut arm = Arm::at(&ABOVE_BELT)?;
    let scene = Scene::of(&mut arm)?;
    let upstream = scene.tool_in(&mut arm, "world")?.translation.vector - Vector3::y() * UPSTREAM;
    let id = arm.cell.send_move(ARM, along(vec![line(upstream.into(), 0)]));
    arm.succeeds(id)?;
    run(&mut arm, SPEEDS[0].0);
    arm.record_for(0.5)?;
    let place = scene.tool_in(&mut arm, FRAME)?.translation.vector - Vector3::z() * DOWN;
    let goal = along(vec![line(place.into(), 0)]);
    let path = PathGoal {
        frame: FRAME.to_owned(),
        ..goal.path
    };
    let mut speed = Vec::new();
    let mut error = Vec::new();
    let mut ticks: Vec<Tick> = Vec::new();
    let mut record = |arm: &mut Arm, joined: bool| -> Result<()> {
        ticks.push(arm.tick()?);
        speed.push(scene.speed(arm)?);
        if joined {
            let off = scene.tool_in(arm, FRAME)?.translation.vector - place;
            ensure!(off.norm() <= LIMIT, "the tool is {off:?} m off its place");
            error.push(off.into());
        }
        Ok(())
    };
    let id = arm.cell.send_move(ARM, MoveGoal { path, ..goal });
    let start = arm.cell.now();
    while arm.cell.outcome(id).is_none() {
        record(&mut arm, false)?;
    }
    let joined_s = arm.cell.now().seconds_from(start);
    for (wanted, seconds) in SPEEDS {
        let id = run(&mut arm, wanted);
        let begun = arm.cell.now();
        while arm.cell.now().seconds_from(begun) < seconds {
            record(&mut arm, true)?;
        }
        ensure!(
            arm.cell.outcome(id).is_some(),
            "the belt does not come to {wanted} m/s"
        );
    }
    Ok(Belt {
        joined_s,
        done: Shares::within(&ticks, &arm.limits)?,
        speed,
        error,
        limit: LIMIT,
        joints: arm.joints,
    })
}

/// Has the belt run at a speed \[m/s\].
fn run(arm: &mut Arm, speed: f64) -> GoalId {
    let goal = MoveGoal {
        mode: MoveMode::Velocity,
        target: vec![speed],
        ..MoveGoal::default()
    };
    arm.cell.send_move(CONVEYOR, goal)
}

/// Where to look in the simulation.
struct Scene {
    tool: LinkId,
    belt: usize,
}

impl Scene {
    fn of(arm: &mut Arm) -> Result<Self> {
        let model = arm.cell.hardware().plant().model();
        Ok(Self {
            tool: model.link("gripper_tcp")?,
            belt: model.joint_index("conveyor_belt_joint")?,
        })
    }

    /// The real tool in the frame of a real link.
    fn tool_in(&self, arm: &mut Arm, frame: &str) -> Result<Isometry3<f64>> {
        let plant = arm.cell.hardware().plant();
        let model: &Model = plant.model();
        let mut workspace = Workspace::new(model);
        model.forward_kinematics(&mut workspace, plant.positions());
        let frame = model.link_pose(&workspace, model.link(frame)?);
        Ok(frame.inverse() * model.link_pose(&workspace, self.tool))
    }

    fn speed(&self, arm: &mut Arm) -> Result<f64> {
        Ok(arm.cell.hardware().plant().velocities()[self.belt])
    }
}
