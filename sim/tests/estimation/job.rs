//! The line job of the default cell, for as long as one likes: the belt brings parts, the arm takes them to the bin.

use nalgebra::{Isometry3, Translation3, UnitQuaternion, Vector3};
use servomesh_robot::Twist;
pub(crate) use servomesh_sim::harness::ARM;
use servomesh_sim::harness::Cell;
use servomesh_trajectory::{FollowGoal, GoalId, MoveGoal, MoveMode, Point, Status};
use std::f64::consts::FRAC_PI_2;
use std::time::Duration;

pub(crate) const HOME: [f64; 6] = [0.0, -FRAC_PI_2, FRAC_PI_2, -FRAC_PI_2, -FRAC_PI_2, 0.0];
pub(crate) const ABOVE_BELT: [f64; 6] = [-0.2448, -1.3758, 1.8351, -2.03, -FRAC_PI_2, -1.8156];
const AT_BELT: [f64; 6] = [-0.2448, -0.9781, 2.0241, -2.6168, -FRAC_PI_2, -1.8156];
pub(crate) const MIDWAY: [f64; 6] = [0.6893, -1.5236, 1.7851, -1.8324, -FRAC_PI_2, -1.6815];
pub(crate) const ABOVE_BIN: [f64; 6] = [1.5478, -1.1235, 1.8485, -2.2958, -FRAC_PI_2, -1.593];
const IN_BIN: [f64; 6] = [1.5478, -0.8777, 1.896, -2.5891, -FRAC_PI_2, -1.593];
/// Where a part lies on the belt's frame when the arm takes it, before the belt has run [m].
const TAKEN_AT: f64 = 0.0;
const PART: &str = "part 1";

/// Something that looks at the cell each millisecond.
pub(crate) trait Watcher {
    fn look(&mut self, cell: &mut Cell);
}

impl<F: FnMut(&mut Cell)> Watcher for F {
    fn look(&mut self, cell: &mut Cell) {
        self(cell);
    }
}

pub(crate) fn wait(cell: &mut Cell, time: Duration, watcher: &mut dyn Watcher) {
    let end = cell.now() + time;
    while cell.now() < end {
        cell.run_for(Duration::from_millis(1));
        watcher.look(cell);
    }
}

/// Waits for goals; each has to succeed.
pub(crate) fn done(cell: &mut Cell, goals: &[GoalId], watcher: &mut dyn Watcher) {
    let end = cell.now() + Duration::from_secs(6);
    while goals.iter().any(|id| cell.outcome(*id).is_none()) {
        assert!(cell.now() < end, "the goals end; {:?}", cell.events());
        cell.run_for(Duration::from_millis(1));
        watcher.look(cell);
    }
    for id in goals {
        let outcome = cell.outcome(*id).expect("it has ended");
        assert_eq!(
            outcome.status,
            Status::Succeeded,
            "{}; {:?}",
            outcome.text,
            cell.events()
        );
    }
}

pub(crate) fn go(cell: &mut Cell, target: &[f64; 6], scale: f64) -> GoalId {
    let goal = MoveGoal {
        mode: MoveMode::Joint,
        joint_names: ARM.iter().map(|name| (*name).to_owned()).collect(),
        target: target.to_vec(),
        velocity_scale: scale,
        acceleration_scale: 0.0,
        ..MoveGoal::default()
    };
    cell.send_move("arm", goal)
}

/// Sends the belt on by a way, within a time.
fn belt_by(cell: &mut Cell, way: f64, seconds: i64) -> GoalId {
    let at = cell
        .servo_state("conveyor")
        .expect("the belt was measured")
        .reference[0];
    let goal = FollowGoal {
        joint_names: vec!["conveyor_belt_joint".to_owned()],
        points: vec![Point {
            positions: vec![at + way],
            time_from_start_ns: seconds * 1_000_000_000,
            ..Point::default()
        }],
        ..FollowGoal::default()
    };
    cell.send_follow("conveyor", goal)
}

/// Puts the part on the belt, 0.2 m before the place where it is taken.
fn lay(cell: &mut Cell) {
    let plant = cell.hardware().plant_mut();
    let conveyor = plant.model().link("conveyor").expect("a link of the cell");
    let at = plant.link_pose(conveyor)
        * Isometry3::from_parts(
            Translation3::new(TAKEN_AT - 0.2, 0.0, 0.0255),
            UnitQuaternion::identity(),
        );
    let (body, _) = plant.body(PART).expect("a part of the cell");
    let still = Twist {
        linear: Vector3::zeros(),
        angular: Vector3::zeros(),
    };
    plant.world_mut().place_body(body, &at, &still);
}

/// Takes one part from the belt to the bin. Says how high it was carried above the belt [m].
pub(crate) fn cycle(cell: &mut Cell, watcher: &mut dyn Watcher) -> f64 {
    lay(cell);
    let goals = [
        go(cell, &ABOVE_BELT, 0.0),
        belt_by(cell, 0.2, 2),
        cell.send_grip("gripper", 0.045, 60.0),
    ];
    done(cell, &goals, watcher);
    let goals = [go(cell, &AT_BELT, 0.4)];
    done(cell, &goals, watcher);
    let goals = [cell.send_grip("gripper", 0.018, 60.0)];
    done(cell, &goals, watcher);
    for target in [ABOVE_BELT, MIDWAY, ABOVE_BIN] {
        let goals = [go(cell, &target, 0.0)];
        done(cell, &goals, watcher);
    }
    let height = cell
        .hardware()
        .plant()
        .body(PART)
        .map_or(0.0, |(_, state)| state.pose.translation.z);
    let goals = [go(cell, &IN_BIN, 0.4)];
    done(cell, &goals, watcher);
    let goals = [cell.send_grip("gripper", 0.045, 60.0)];
    done(cell, &goals, watcher);
    for target in [ABOVE_BIN, MIDWAY] {
        let goals = [go(cell, &target, 0.0)];
        done(cell, &goals, watcher);
    }
    height
}
