//! Homing with the whole mesh in the loop: a joint whose encoder only counts finds its stop, and then moves like any other.

use serde_norway::Value;
use servomesh_driver::JointFiles;
use servomesh_sim::harness::{Cell, CellFiles, NetworkConfig, PlantJoints};
use servomesh_trajectory::{MoveGoal, MoveMode, Status};
use servomesh_types::{DriveMode, EventKind, SafetyMode, SafetyState};
use std::time::Duration;

const SERVOS: &str = include_str!("../../launch/robots/cell.servos.yaml");
const LIMITS: &str = include_str!("../../launch/robots/cell.limits.yaml");

/// The cell, where one joint counts from somewhere `off` its true place, with how it is homed.
fn cell(joint: &str, counting: &str, off: f64) -> Cell {
    let mut files = CellFiles::default_cell().expect("the default cell's files are sound");
    let mut servos: Value = serde_norway::from_str(SERVOS).expect("they are YAML");
    let entry = servos["servos"][joint]
        .as_mapping_mut()
        .expect("the joint has a servo");
    entry.insert(
        "counting".into(),
        serde_norway::from_str(counting).expect("it is YAML"),
    );
    entry.insert("offset".into(), off.into());
    let servos = serde_norway::to_string(&servos).expect("it is YAML still");
    // For the driver only: the plant keeps to the truth.
    files.joints = JointFiles::parse(&servos, LIMITS).expect("they are files");
    let mut cell = Cell::new(&files, NetworkConfig::default(), 5).expect("they fit each other");
    cell.run_for(Duration::from_millis(500));
    cell
}

fn truth(cell: &mut Cell, joint: &str) -> f64 {
    let plant = cell.hardware().plant();
    let joints = PlantJoints::new(plant.model(), &[joint]).expect("a joint of the cell");
    joints.position(plant)[0]
}

/// Homes a group as an operator does.
fn home(cell: &mut Cell, group: &str) {
    let refused = cell
        .events()
        .iter()
        .any(|event| event.text.contains("it has to be homed first"));
    assert!(refused, "{:?}", cell.events());
    cell.home(group);
    reset(cell);
    let homes = cell.run_until(Duration::from_secs(1), |cell| {
        cell.servo_state(group)
            .is_some_and(|state| state.mode == DriveMode::Enabled)
    });
    assert!(homes, "{:?}", cell.events());
    let homed = cell.run_until(Duration::from_secs(20), |cell| {
        cell.servo_state(group)
            .is_some_and(|state| state.unhomed.is_empty() || state.mode != DriveMode::Enabled)
    });
    let state = cell.servo_state(group).copied().expect("it was measured");
    assert!(
        homed && state.unhomed.is_empty() && state.fault.is_none(),
        "{state:?}, {:?}",
        cell.events()
    );
}

fn reset(cell: &mut Cell) {
    let granted = (0..50).any(|_| {
        cell.run_for(Duration::from_millis(100));
        cell.reset()
    });
    assert!(granted, "{:?}", cell.safety());
}

/// No encoder was said to fail, and nothing was said to be hit or to stray.
fn check_quiet(cell: &Cell, since: usize) {
    for event in &cell.events()[since..] {
        let wrong = ["encoder", "collision", "following", "standstill", "position"];
        let said = event.kind == EventKind::Fault && wrong.iter().any(|word| event.text.contains(word));
        assert!(!said, "{event:?}");
    }
}

fn check_follows(cell: &mut Cell, group: &str, joint: &str, goal: f64) {
    reset(cell);
    let driven = cell.run_until(Duration::from_secs(1), |cell| {
        cell.servo_state(group)
            .is_some_and(|state| state.mode == DriveMode::Enabled)
    });
    assert!(driven, "{:?}", cell.events());
    let id = cell.send_move(
        group,
        MoveGoal {
            mode: MoveMode::Joint,
            joint_names: vec![joint.to_owned()],
            target: vec![goal],
            ..MoveGoal::default()
        },
    );
    assert!(cell.run_until(Duration::from_secs(20), |cell| cell.outcome(id).is_some()));
    assert_eq!(
        cell.outcome(id).map(|outcome| outcome.status),
        Some(Status::Succeeded),
        "{:?}",
        cell.outcome(id)
    );
    assert_eq!(cell.safety().map(SafetyState::mode), Some(SafetyMode::Normal));
}

#[test]
fn a_gripper_that_only_counts_is_homed_to_its_stop_and_then_follows_a_goal() {
    let joint = "gripper_finger_joint";
    let stop = "!incremental { mark: stop, velocity: 0.02, effort: 40.0, travel: 0.06, position: 0.05 }";
    // Within its limits, and far beyond them.
    for off in [-0.015, 0.4] {
        let mut cell = cell(joint, stop, off);
        let (since, before) = (
            cell.events().len(),
            cell.servo_state("gripper").expect("measured").position[0],
        );
        assert!((before - 0.04 - off).abs() < 1e-3, "{before}");
        home(&mut cell, "gripper");
        let told = cell.servo_state("gripper").expect("measured").position[0];
        let true_position = truth(&mut cell, joint);
        assert!(
            (told - true_position).abs() < 1e-3,
            "{told}, truly {true_position}"
        );
        check_quiet(&cell, since);
        check_follows(&mut cell, "gripper", joint, 0.02);
        let true_position = truth(&mut cell, joint);
        assert!((true_position - 0.02).abs() < 1e-3, "{true_position}");
        check_quiet(&cell, since);
        let motion = cell.motion("gripper").expect("the estimator follows it");
        assert!(motion.doubtful.is_empty() && motion.fault.is_none(), "{motion:?}");
    }
}

#[test]
fn a_joint_of_the_arm_is_homed_over_a_long_way_while_the_others_are_held() {
    let joint = "wrist_3_joint";
    let stop =
        "!incremental { mark: stop, velocity: 1.0, effort: 15.0, travel: 7.0, position: 6.283185307179586 }";
    let mut cell = cell(joint, stop, 0.5);
    let since = cell.events().len();
    let others = cell.servo_state("arm").expect("measured").position;
    home(&mut cell, "arm");
    check_quiet(&cell, since);
    let told = cell.servo_state("arm").expect("measured").position;
    let true_position = truth(&mut cell, joint);
    assert!(
        (told[5] - true_position).abs() < 0.02,
        "{}, truly {true_position}",
        told[5]
    );
    assert!((0..5).all(|i| (told[i] - others[i]).abs() < 0.01), "{told:?}");
    check_follows(&mut cell, "arm", joint, 5.0);
    let true_position = truth(&mut cell, joint);
    assert!((true_position - 5.0).abs() < 0.02, "{true_position}");
    check_quiet(&cell, since);
}
