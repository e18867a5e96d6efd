//! The default cell really handles parts: the belt brings them, the gripper takes them, the bin keeps them.

use std::time::Duration;

use nalgebra::{Isometry3, Matrix6xX, Rotation3, Translation3, UnitQuaternion, Vector3, Vector6};
use servomesh_robot::{Model, Workspace};
use servomesh_sim::harness::CellFiles;
use servomesh_sim::mechanics::Carrier;
use servomesh_sim::{DriveCommand, Plant};

const TICK: Duration = Duration::from_millis(2);
const FINGER: usize = 6;
const BELT: usize = 7;

struct Cell {
    plant: Plant,
    model: Model,
    workspace: Workspace,
    /// Where the arm shall be.
    target: [f64; 6],
    finger_a: f64,
    belt_a: f64,
}

impl Cell {
    fn new() -> Self {
        let files = CellFiles::default_cell().expect("the default cell's files are sound");
        let mut plant = Plant::new(&files.model, &files.servos).expect("each joint has a servo");
        plant.add_scene(&files.scene).expect("the scene fits the cell");
        let model = plant.model().clone();
        Self {
            workspace: Workspace::new(&model),
            model,
            plant,
            target: [0.0; 6],
            finger_a: 0.0,
            belt_a: 0.0,
        }
    }

    /// The arm's joint positions that put the tool's centre at a pose, found from a start near it.
    fn solve(&mut self, start: [f64; 6], base_from_tcp: &Isometry3<f64>) -> [f64; 6] {
        let tcp = self.model.link("gripper_tcp").expect("the tool has a centre");
        let mut q = [start.as_slice(), &[0.04, 0.0]].concat();
        let mut jacobian = Matrix6xX::zeros(8);
        for _ in 0..100 {
            self.model.forward_kinematics(&mut self.workspace, &q);
            let at = self.model.link_pose(&self.workspace, tcp);
            let turn = (base_from_tcp.rotation * at.rotation.inverse()).scaled_axis();
            let way = base_from_tcp.translation.vector - at.translation.vector;
            let error = Vector6::from_iterator(way.iter().chain(turn.iter()).copied());
            if error.norm() < 1e-10 {
                break;
            }
            self.model.jacobian(&self.workspace, tcp, &mut jacobian);
            let arm = jacobian.fixed_columns::<6>(0).into_owned();
            let step = arm.lu().solve(&error).expect("the arm is not singular there");
            for (q, step) in q.iter_mut().zip(step.iter()) {
                *q += step.clamp(-0.2, 0.2);
            }
        }
        q[..6].try_into().expect("six joints")
    }

    fn put(&mut self, arm: [f64; 6], finger: f64) {
        self.target = arm;
        let all = [arm.as_slice(), &[finger, 0.0]].concat();
        self.plant.place(&all).expect("the positions are finite");
    }

    fn run(&mut self, seconds: f64) {
        self.go(self.target, seconds);
    }

    /// Moves the arm evenly to `goal`.
    fn go(&mut self, goal: [f64; 6], seconds: f64) {
        let start = self.target;
        let ticks = (seconds / TICK.as_secs_f64()) as usize;
        for tick in 1..=ticks {
            // A quintic: at rest at both ends.
            let s = tick as f64 / ticks as f64;
            let s = s * s * s * (10.0 + s * (6.0 * s - 15.0));
            for joint in 0..6 {
                self.target[joint] = start[joint] + s * (goal[joint] - start[joint]);
            }
            self.tick();
        }
    }

    fn tick(&mut self) {
        let mut effort = [0.0; 8];
        self.model
            .gravity_effort(&mut self.workspace, self.plant.positions(), &mut effort);
        let mut current_a = [0.0; 8];
        for joint in 0..6 {
            let (q, v) = (self.plant.positions()[joint], self.plant.velocities()[joint]);
            let stiffness = if joint < 3 { 8000.0 } else { 1500.0 };
            let wanted = effort[joint] + stiffness * (self.target[joint] - q) - 0.03 * stiffness * v;
            current_a[joint] = wanted / self.plant.servo(joint).effort_per_ampere();
        }
        current_a[FINGER] = self.finger_a;
        current_a[BELT] = self.belt_a;
        for (joint, current_a) in current_a.into_iter().enumerate() {
            let command = DriveCommand {
                enable: true,
                current_a,
            };
            self.plant
                .set_drive(joint, command)
                .expect("the current is finite");
        }
        self.plant.step(TICK);
    }

    fn part(&self, name: &str) -> Vector3<f64> {
        let (_, state) = self.plant.body(name).expect("the scene has it");
        state.pose.translation.vector
    }

    /// Above a place, tool down, fingers closing along the belt.
    fn over(&mut self, place: Vector3<f64>) -> [f64; 6] {
        let down = Rotation3::from_euler_angles(std::f64::consts::PI, 0.0, 0.0);
        let pose = Isometry3::from_parts(Translation3::from(place), UnitQuaternion::from(down));
        self.solve([0.2, -1.2, 1.4, -1.7, -1.5, 0.3], &pose)
    }
}

/// Stands over the first part, descends, closes with a current, and lifts. Returns the cell, how far the part rose, and how far it slipped
/// in the gripper.
fn pick(finger_a: f64) -> (Cell, f64, f64) {
    let mut cell = Cell::new();
    let place = cell.part("part 1");
    let above = cell.over(place + Vector3::new(0.0, 0.0, 0.15));
    let at = cell.over(place + Vector3::new(0.0, 0.0, -0.005));
    cell.put(above, 0.04);
    cell.finger_a = 0.3;
    cell.run(0.2);
    cell.go(at, 1.0);
    cell.finger_a = finger_a;
    cell.run(0.6);
    let tcp = cell.model.link("gripper_tcp").expect("the tool has a centre");
    let in_tool =
        |cell: &Cell| cell.plant.link_pose(tcp).inverse() * cell.plant.bodies().next().expect("a part").pose;
    let before = in_tool(&cell);
    cell.go(above, 1.0);
    cell.run(0.1);
    let slipped = (in_tool(&cell).translation.vector - before.translation.vector).norm();
    let lifted = cell.part("part 1");
    (cell, lifted.z - place.z, slipped)
}

#[test]
fn parts_lie_still_on_a_belt_that_stands() {
    let mut cell = Cell::new();
    let start: Vec<_> = cell.plant.bodies().map(|body| body.pose).collect();
    assert_eq!(start.len(), 3);
    cell.plant.step(Duration::from_secs(2));
    for (body, start) in cell.plant.bodies().zip(start) {
        let moved = body.pose.translation.vector - start.translation.vector;
        assert!(moved.norm() < 1e-5, "{}: {moved:?}", body.name);
    }
}

#[test]
fn the_belt_takes_parts_along_and_drops_them_at_its_end() {
    let mut cell = Cell::new();
    let ready = [0.2, -1.6, 1.4, -1.4, -1.5, 0.3];
    cell.put(ready, 0.04);
    cell.belt_a = 0.95;
    cell.run(1.0);
    let speed = cell.plant.velocities()[BELT];
    assert!(speed > 0.1, "{speed} m/s");
    let (start, belt) = (cell.part("part 3"), cell.plant.positions()[BELT]);
    cell.run(1.0);
    let way = cell.part("part 3") - start;
    let belt = cell.plant.positions()[BELT] - belt;
    // The conveyor's x is the base's y.
    assert!(
        (way.y - belt).abs() < 1e-4 && way.x.abs() < 1e-4,
        "{way:?}, belt {belt}"
    );
    cell.run(10.0);
    for body in cell.plant.bodies() {
        let z = body.pose.translation.z;
        assert!((0.01..0.1).contains(&z), "{} lies at {z}", body.name);
    }
}

#[test]
fn the_gripper_lifts_a_part_from_the_belt_and_the_bin_keeps_it() {
    let (mut cell, rise, slipped) = pick(-1.0);
    assert!(
        (rise - 0.155).abs() < 4e-3 && slipped < 1e-4,
        "{rise} m, {slipped} m"
    );
    let holding: Vec<f64> = cell
        .plant
        .world()
        .contacts()
        .iter()
        .filter(|contact| {
            contact.shapes.iter().any(|shape| {
                matches!(cell.plant.world().carrier(*shape), Carrier::Link(link)
                    if cell.model.link_name(link) == "gripper_finger_left")
            })
        })
        .map(|contact| contact.force.norm())
        .collect();
    assert!(holding.iter().sum::<f64>() > 10.0, "{holding:?}");
    let bin = cell.model.link("bin").expect("the cell has a bin");
    let bin = cell.plant.link_pose(bin).translation.vector;
    let over_bin = cell.over(bin + Vector3::new(0.0, 0.0, 0.35));
    cell.go(over_bin, 2.0);
    let carried = cell.part("part 1");
    assert!((carried - bin).xy().norm() < 0.02, "{carried:?}");
    cell.finger_a = 0.5;
    cell.run(1.2);
    let dropped = cell.part("part 1");
    assert!(
        (dropped - bin).xy().norm() < 0.15 && (dropped.z - bin.z - 0.02).abs() < 0.012,
        "{dropped:?}"
    );
}

#[test]
fn a_part_stays_where_it_is_when_the_fingers_press_too_little() {
    // The drive overcomes its own friction by a hair: less than the part's weight over the friction of the pads.
    let (_, rise, slipped) = pick(-0.11);
    assert!(rise.abs() < 0.002 && slipped > 0.1, "{rise} m, {slipped} m");
}
