//! The arm of the cell under torques, 10 s: positions against MuJoCo's with the same integrator and step.

use servomesh_robot::Model;
use servomesh_sim::mechanics::World;

use serde::Deserialize;

/// rad, over 10 s. The golden motions blow an error up by less than 3,000, so that rounding stays below 1e-11.
const TOLERANCE: f64 = 1e-9;

#[derive(Deserialize)]
struct Golden {
    step: f64,
    every: usize,
    joints: Vec<String>,
    runs: Vec<Run>,
}

/// The torque of a joint is `amplitude·cos(frequency·t) − spring·(position − start)`.
#[derive(Deserialize)]
struct Run {
    name: String,
    armature: Vec<f64>,
    amplitude: Vec<f64>,
    frequency: Vec<f64>,
    spring: Vec<f64>,
    start: Vec<f64>,
    positions: Vec<Vec<f64>>,
}

/// The arm with its gripper, closed, as one load.
pub(crate) fn arm(joints: &[String], armature: &[f64], start: &[f64]) -> World {
    let cell = Model::from_urdf_str(include_str!("../../../launch/robots/cell.urdf"))
        .expect("the cell's description is one");
    let names: Vec<&str> = joints.iter().map(String::as_str).collect();
    let mut arm = cell
        .subset(&names, &vec![0.0; cell.joint_count()])
        .expect("the cell has the golden file's joints");
    for (joint, &armature) in armature.iter().enumerate() {
        arm.set_armature(joint, armature).expect("rotors have inertia");
    }
    let mut world = World::with_machine(&arm);
    world.set_joint_ends(false);
    world.place_joints(start, &vec![0.0; start.len()]);
    world
}

/// Plays one run and returns the largest error of a position.
fn error(golden: &Golden, run: &Run) -> f64 {
    let mut world = arm(&golden.joints, &run.armature, &run.start);
    let mut efforts = vec![0.0; run.start.len()];
    let none = efforts.clone();
    let mut worst = 0.0_f64;
    let mut step = 0_usize;
    for expected in &run.positions {
        for _ in 0..golden.every {
            let t = step as f64 * golden.step;
            for (joint, effort) in efforts.iter_mut().enumerate() {
                let away = world.joint_positions()[joint] - run.start[joint];
                *effort = run.amplitude[joint] * (run.frequency[joint] * t).cos() - run.spring[joint] * away;
            }
            world.step(golden.step, &efforts, &none);
            step += 1;
        }
        for (ours, expected) in world.joint_positions().iter().zip(expected) {
            worst = worst.max((ours - expected).abs());
        }
    }
    println!("{}: {worst:.2e} rad", run.name);
    worst
}

#[test]
fn a_torque_driven_arm_moves_as_in_mujoco_for_ten_seconds() {
    let golden: Golden = serde_json::from_str(include_str!("../golden/arm.json")).unwrap();
    assert_eq!(golden.runs.len(), 3);
    for run in &golden.runs {
        assert_eq!(run.positions.len() * golden.every, 10_000, "{}", run.name);
        let worst = error(&golden, run);
        assert!(worst <= TOLERANCE, "{}: {worst} rad", run.name);
    }
}
