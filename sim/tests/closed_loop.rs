//! The whole cell on a virtual clock: goals are reached, faults stop only what they must, runs repeat.

mod support;

use servomesh_sim::harness::{Cell, CellFiles, NetworkConfig, Part};
use servomesh_trajectory::{FollowGoal, GoalId, MoveGoal, MoveMode, Point, Status};
use servomesh_types::{DriveMode, Fault, GroupName, SafetyMode};
use std::time::Duration;
use support::{ARM, arm_speed, move_by};

fn cell(network: NetworkConfig, seed: u64) -> Cell {
    let files = CellFiles::default_cell().expect("the default cell's files are sound");
    let mut cell = Cell::new(&files, network, seed).expect("the default cell's files fit each other");
    assert!(
        cell.run_until(Duration::from_secs(1), |cell| {
            ["arm", "gripper", "conveyor"].iter().all(|group| {
                cell.servo_state(group)
                    .is_some_and(|state| state.mode == DriveMode::Enabled)
            })
        }),
        "all groups are driven within a second; events: {:?}",
        cell.events()
    );
    cell
}

fn succeeds(cell: &mut Cell, id: GoalId) {
    let ended = cell.run_until(Duration::from_secs(10), |cell| cell.outcome(id).is_some());
    let outcome = cell.outcome(id);
    assert!(
        ended && outcome.is_some_and(|outcome| outcome.status == Status::Succeeded),
        "{outcome:?}; {:?}",
        cell.events().iter().rev().take(5).collect::<Vec<_>>()
    );
}

fn group(name: &str) -> GroupName {
    GroupName::new(name).expect("a name")
}

/// Runs until the arm stands, then resets until it is granted, and moves again.
fn recovers(cell: &mut Cell) {
    cell.run_for(Duration::from_secs(2));
    assert!(arm_speed(cell) < 1e-3, "the arm stands");
    let granted = (0..20).any(|_| {
        cell.run_for(Duration::from_millis(100));
        cell.reset()
    });
    assert!(
        granted,
        "a reset is granted once the cause is gone: {:?}",
        cell.safety()
    );
    cell.run_for(Duration::from_millis(300));
    let id = move_by(cell, 0.1);
    succeeds(cell, id);
}

#[test]
fn a_trajectory_is_followed_within_its_tolerance() {
    let mut cell = cell(NetworkConfig::default(), 1);
    let start = cell.servo_state("arm").expect("measured").reference;
    let point = |offset: f64, seconds: i64| Point {
        positions: start.iter().map(|position| position + offset).collect(),
        time_from_start_ns: seconds * 1_000_000_000,
        ..Point::default()
    };
    let goal = FollowGoal {
        joint_names: ARM.iter().map(|name| (*name).to_owned()).collect(),
        points: vec![point(0.3, 1), point(0.8, 2), point(0.0, 4)],
        ..FollowGoal::default()
    };
    let id = cell.send_follow("arm", goal);
    succeeds(&mut cell, id);
    let error = cell.largest_error("arm");
    println!("largest tracking error of the arm: {:.3} mrad", error * 1e3);
    assert!(error < 0.005, "{error} rad");
}

#[test]
fn gripper_and_conveyor_move_while_the_arm_does() {
    let mut cell = cell(NetworkConfig::default(), 1);
    let arm = move_by(&mut cell, 0.4);
    let grip = cell.send_grip("gripper", 0.02, 0.0);
    let run = cell.send_move(
        "conveyor",
        MoveGoal {
            mode: MoveMode::Velocity,
            joint_names: vec![],
            target: vec![0.2],
            velocity_scale: 0.0,
            acceleration_scale: 0.0,
            ..MoveGoal::default()
        },
    );
    for id in [arm, grip, run] {
        succeeds(&mut cell, id);
    }
    let belt = cell
        .hardware()
        .plant()
        .model()
        .joint_index("conveyor_belt_joint")
        .expect("the belt");
    let speed = cell.hardware().plant().velocities()[belt];
    assert!((speed - 0.2).abs() < 0.01, "{speed} m/s");
}

#[test]
fn a_gripper_that_closes_on_a_part_holds_it() {
    let mut cell = cell(NetworkConfig::default(), 1);
    let finger = cell
        .hardware()
        .plant()
        .model()
        .joint_index("gripper_finger_joint")
        .expect("the finger");
    cell.hardware().plant_mut().set_obstacle(finger, Some(0.015));
    let id = cell.send_grip("gripper", 0.0, 60.0);
    succeeds(&mut cell, id);
    let grip = cell
        .outcome(id)
        .and_then(|outcome| outcome.grip)
        .expect("a grip has a result");
    assert!(grip.stalled && !grip.reached, "{grip:?}");
    cell.run_for(Duration::from_secs(1));
    let position = cell.hardware().plant().positions()[finger];
    assert!(
        (position - 0.015).abs() < 1e-3,
        "the part is still held: {position} m"
    );
    let safety = cell.safety().expect("safety spoke");
    assert_eq!(
        safety.group(group("gripper")).map(|gate| gate.mode),
        Some(SafetyMode::Normal)
    );
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let run = |seed| {
        let network = NetworkConfig {
            loss: 0.02,
            duplication: 0.02,
            ..NetworkConfig::default()
        };
        let mut cell = cell(network, seed);
        let id = move_by(&mut cell, 0.3);
        succeeds(&mut cell, id);
        (cell.digest(), cell.lost())
    };
    let first = run(7);
    assert_eq!(first, run(7));
    assert_ne!(first, run(8));
}

#[test]
fn a_lossy_network_costs_accuracy_but_no_stop() {
    let seed = 11;
    println!("seed {seed}");
    let network = NetworkConfig {
        jitter: Duration::from_millis(3),
        loss: 0.05,
        duplication: 0.05,
        ..NetworkConfig::default()
    };
    let mut cell = cell(network, seed);
    let id = move_by(&mut cell, 0.5);
    succeeds(&mut cell, id);
    assert!(cell.lost() > 100);
    assert_eq!(
        cell.safety().map(servomesh_types::SafetyState::mode),
        Some(SafetyMode::Normal)
    );
}

#[test]
fn each_part_that_dies_stops_the_arm_and_after_a_restart_and_a_reset_it_goes_on() {
    for part in [
        Part::Trajectory,
        Part::Safety,
        Part::Estimator,
        Part::Driver(group("arm")),
    ] {
        println!("{part:?}");
        let mut cell = cell(NetworkConfig::default(), 3);
        move_by(&mut cell, -1.0);
        cell.run_for(Duration::from_millis(400));
        assert!(arm_speed(&mut cell) > 0.2, "the arm moves");
        cell.kill(part);
        cell.run_for(Duration::from_secs(2));
        assert!(arm_speed(&mut cell) < 1e-3, "{part:?}: the arm stands");
        cell.start(part).expect("the files are sound");
        recovers(&mut cell);
    }
}

#[test]
fn without_the_grippers_driver_the_arm_moves_on() {
    let mut cell = cell(NetworkConfig::default(), 3);
    let id = move_by(&mut cell, -0.8);
    cell.run_for(Duration::from_millis(300));
    cell.kill(Part::Driver(group("gripper")));
    succeeds(&mut cell, id);
    let safety = cell.safety().expect("safety spoke");
    assert!(matches!(
        safety.group(group("gripper")).and_then(|gate| gate.fault),
        Some(Fault::ServoStateSilent(_))
    ));
    assert_eq!(
        safety.group(group("arm")).map(|gate| gate.mode),
        Some(SafetyMode::Normal)
    );
}

#[test]
fn a_stop_in_motion_brings_the_arm_to_rest_and_a_reset_lets_it_go_on() {
    let mut cell = cell(NetworkConfig::default(), 3);
    let id = move_by(&mut cell, -1.0);
    cell.run_for(Duration::from_millis(400));
    cell.stop();
    cell.run_for(Duration::from_secs(2));
    assert!(arm_speed(&mut cell) < 1e-3);
    assert_eq!(
        cell.outcome(id).map(|outcome| outcome.status),
        Some(Status::Aborted)
    );
    recovers(&mut cell);
}
