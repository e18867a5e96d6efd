//! The arm in step with the running belt: the real tool against the real belt.

use nalgebra::{Isometry3, Point3, UnitQuaternion};
use servomesh_robot::Workspace;
use servomesh_sim::harness::{ARM, Cell, CellFiles, NetworkConfig};
use servomesh_trajectory::{GoalId, MoveGoal, MoveMode, PathGoal, Segment, Status};
use std::time::Duration;

/// Above the belt, upstream of the arm, with the tool pointing down.
const ABOVE: [f64; 6] = [
    -0.2448,
    -1.3758,
    1.8351,
    -2.03,
    -std::f64::consts::FRAC_PI_2,
    -1.8156,
];

/// Beside the belt.
const ABOVE_BIN: [f64; 6] = [
    1.5478,
    -1.1235,
    1.8485,
    -2.2958,
    -std::f64::consts::FRAC_PI_2,
    -1.593,
];

fn cell(seed: u64) -> Cell {
    let files = CellFiles::default_cell().expect("the files of the default cell are sound");
    let mut cell = Cell::new(&files, NetworkConfig::default(), seed).expect("they fit each other");
    cell.run_for(Duration::from_millis(200));
    cell
}

fn go(cell: &mut Cell, group: &str, goal: MoveGoal) {
    let id = cell.send_move(group, goal);
    assert!(
        cell.run_until(Duration::from_secs(20), |cell| cell.outcome(id).is_some()),
        "the goal ends; events: {:?}",
        cell.events()
    );
    let outcome = cell.outcome(id).expect("it has ended");
    assert_eq!(outcome.status, Status::Succeeded, "{}", outcome.text);
}

fn joints(target: &[f64]) -> MoveGoal {
    MoveGoal {
        joint_names: ARM.iter().map(|name| (*name).to_owned()).collect(),
        target: target.to_vec(),
        ..MoveGoal::default()
    }
}

fn belt(velocity: f64) -> MoveGoal {
    MoveGoal {
        mode: MoveMode::Velocity,
        target: vec![velocity],
        ..MoveGoal::default()
    }
}

/// A line to where the tool is in the frame, moved by `by` (m) in the frame's axes.
fn line_in(cell: &mut Cell, frame: &str, by: [f64; 3]) -> MoveGoal {
    let now = seen_from(cell, frame);
    let to = now.translation.vector + nalgebra::Vector3::from(by);
    MoveGoal {
        mode: MoveMode::Path,
        path: PathGoal {
            segments: vec![Segment {
                kind: 1,
                translation: to.into(),
                ..Segment::default()
            }],
            frame: frame.to_owned(),
            ..PathGoal::default()
        },
        ..MoveGoal::default()
    }
}

/// The real tool in a real frame.
fn seen_from(cell: &mut Cell, frame: &str) -> Isometry3<f64> {
    let plant = cell.hardware().plant();
    let model = plant.model();
    let mut workspace = Workspace::new(model);
    model.forward_kinematics(&mut workspace, plant.positions());
    let pose = |name: &str| model.link_pose(&workspace, model.link(name).expect("a link of the cell"));
    pose(frame).inverse() * pose("gripper_tcp")
}

/// How far the tool gets from `at` in the belt's frame within `time`, in m.
fn worst_within(cell: &mut Cell, at: &Point3<f64>, time: Duration) -> f64 {
    let mut worst: f64 = 0.0;
    let end = cell.now() + time;
    while cell.now() < end {
        cell.run_for(Duration::from_millis(2));
        let now = Point3::from(seen_from(cell, "conveyor_belt").translation.vector);
        worst = worst.max((now - at).norm());
    }
    worst
}

/// The tool on the running belt, above its middle.
fn joined(seed: u64) -> (Cell, GoalId) {
    let mut cell = cell(seed);
    go(&mut cell, "arm", joints(&ABOVE));
    let upstream = line_in(&mut cell, "world", [0.0, -0.3, 0.0]);
    go(&mut cell, "arm", upstream);
    go(&mut cell, "conveyor", belt(0.2));
    let goal = line_in(&mut cell, "conveyor_belt", [0.0, 0.0, -0.1]);
    let id = cell.send_move("arm", goal);
    assert!(
        cell.run_until(Duration::from_secs(5), |cell| cell.outcome(id).is_some()),
        "it joins"
    );
    let outcome = cell.outcome(id).expect("it has ended");
    assert_eq!(outcome.status, Status::Succeeded, "{}", outcome.text);
    (cell, id)
}

#[test]
fn the_tool_stays_on_the_running_belt_to_a_millimetre() {
    for seed in 1..4 {
        let (mut cell, _) = joined(seed);
        let at = Point3::from(seen_from(&mut cell, "conveyor_belt").translation.vector);
        let mut worst = vec![worst_within(&mut cell, &at, Duration::from_millis(500))];
        // The belt brakes, starts again and slows down.
        for velocity in [0.0, 0.2, 0.05] {
            let id = cell.send_move("conveyor", belt(velocity));
            worst.push(worst_within(&mut cell, &at, Duration::from_millis(600)));
            assert!(cell.outcome(id).is_some(), "the belt runs at {velocity}");
        }
        println!("seed {seed}: worst {worst:.6?} m at 0.2 m/s, braking, starting, slowing down");
        let said: Vec<_> = cell
            .events()
            .iter()
            .map(|event| (event.stamp, &event.text))
            .collect();
        assert!(
            worst.iter().all(|worst| *worst < 1e-3),
            "seed {seed}: {worst:?} m off; {said:?}"
        );
    }
}

/// A line of the tool to a place on the belt, pointing down and turned by `yaw`.
fn onto(place: [f64; 3], yaw: f64, tool_speed: f64) -> MoveGoal {
    let rotation = UnitQuaternion::from_euler_angles(std::f64::consts::PI, 0.0, yaw);
    MoveGoal {
        mode: MoveMode::Path,
        path: PathGoal {
            segments: vec![Segment {
                kind: 1,
                translation: place,
                rotation: rotation.coords.into(),
                ..Segment::default()
            }],
            frame: "conveyor_belt".to_owned(),
            tool_speed,
            ..PathGoal::default()
        },
        ..MoveGoal::default()
    }
}

fn grip(cell: &mut Cell, position: f64) {
    let id = cell.send_grip("gripper", position, 60.0);
    assert!(cell.run_until(Duration::from_secs(5), |cell| cell.outcome(id).is_some()));
    let outcome = cell.outcome(id).expect("it has ended");
    assert_eq!(outcome.status, Status::Succeeded, "{}", outcome.text);
}

#[test]
fn three_parts_are_taken_from_a_belt_that_runs_on_while_plans_are_made() {
    // (place on the belt, turn, opening, how far the belt is when the arm joins it)
    let down = -std::f64::consts::FRAC_PI_2;
    let parts = [
        ([-0.1, 0.0], down, 0.018, 0.0),
        ([-0.4, 0.02], down, 0.018, 0.27),
        ([-0.7, -0.01], down + 0.3, 0.015, 0.57),
    ];
    let mut cell = cell(3);
    // Meanwhile the belt gets ahead of the arm.
    cell.set_plan_time(Duration::from_millis(61));
    go(&mut cell, "arm", joints(&ABOVE));
    for ([x, y], yaw, width, from) in parts {
        grip(&mut cell, 0.045);
        // The first time the belt gathers speed while the arm joins it.
        let running = cell.send_move("conveyor", belt(0.05));
        let there = |cell: &Cell| {
            cell.servo_state("conveyor")
                .is_some_and(|state| state.position[0] >= from)
        };
        assert!(cell.run_until(Duration::from_secs(20), there));
        let (over, at) = ([x, y, 0.16], [x, y, 0.02]);
        go(&mut cell, "arm", onto(over, yaw, 0.25));
        assert!(cell.outcome(running).is_some(), "the belt runs");
        go(&mut cell, "arm", onto(at, yaw, 0.1));
        grip(&mut cell, width);
        go(&mut cell, "arm", onto(over, yaw, 0.2));
        let creeping = cell.send_move("conveyor", belt(0.01));
        go(&mut cell, "arm", joints(&ABOVE_BIN));
        assert!(cell.outcome(creeping).is_some(), "the belt creeps");
        grip(&mut cell, 0.045);
        go(&mut cell, "arm", joints(&ABOVE));
    }
}

#[test]
fn a_second_path_goes_on_in_the_frame_and_a_path_in_the_world_leaves_it() {
    let (mut cell, _) = joined(4);
    let before = Point3::from(seen_from(&mut cell, "conveyor_belt").translation.vector);
    let lift = line_in(&mut cell, "conveyor_belt", [0.0, 0.0, 0.05]);
    go(&mut cell, "arm", lift);
    let at = before + nalgebra::Vector3::new(0.0, 0.0, 0.05);
    let worst = worst_within(&mut cell, &at, Duration::from_millis(200));
    assert!(worst < 1e-3, "{worst} m off after the lift");
    go(&mut cell, "arm", joints(&ABOVE));
    let still = seen_from(&mut cell, "world");
    cell.run_for(Duration::from_millis(100));
    let later = seen_from(&mut cell, "world");
    let moved = (later.translation.vector - still.translation.vector).norm();
    assert!(moved < 1e-3, "{moved} m after the belt has been left");
}

#[test]
fn the_arm_rests_when_the_belt_goes_beyond_its_reach() {
    let (mut cell, _) = joined(5);
    cell.run_for(Duration::from_secs(8));
    let still = seen_from(&mut cell, "world");
    cell.run_for(Duration::from_millis(200));
    let later = seen_from(&mut cell, "world");
    let moved = (later.translation.vector - still.translation.vector).norm();
    assert!(moved < 1e-3, "{moved} m while it should rest");
    assert!(
        cell.events()
            .iter()
            .any(|event| event.text.contains("leaves the moving frame")),
        "it says so: {:?}",
        cell.events()
    );
}
