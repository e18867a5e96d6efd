//! The tool's motion, and a known force on it.

use super::job::{ABOVE_BELT, HOME, done, go, wait};
use nalgebra::{Isometry3, Vector3};
use servomesh_sim::harness::{Cell, CellFiles, NetworkConfig};
use servomesh_sim::plant::Wrench;
use servomesh_types::ToolMotion;
use std::time::Duration;

fn cell(seed: u64) -> Cell {
    let files = CellFiles::default_cell().expect("the files of the default cell are sound");
    let mut cell = Cell::new(&files, NetworkConfig::default(), seed).expect("they fit each other");
    cell.run_for(Duration::from_millis(500));
    cell
}

fn truth(cell: &mut Cell) -> (Isometry3<f64>, Vector3<f64>) {
    let plant = cell.hardware().plant();
    let link = plant.model().link("gripper_tcp").expect("a link of the cell");
    (plant.link_pose(link), plant.link_velocity(link).linear)
}

fn vector(tool: &ToolMotion) -> Vector3<f64> {
    tool.translation.into()
}

#[test]
fn the_tool_is_where_it_says_and_as_fast() {
    let mut cell = cell(1);
    let goals = [go(&mut cell, &ABOVE_BELT, 0.0)];
    let (mut worst, mut worst_speed, mut fastest) = (0.0_f64, 0.0_f64, 0.0_f64);
    done(&mut cell, &goals, &mut |cell: &mut Cell| {
        let (pose, velocity) = truth(cell);
        let tool = cell.tool("arm").expect("the arm has a tool");
        // Said up to 10 ms ago: it goes on at its own speed.
        let twist = Vector3::new(tool.twist[0], tool.twist[1], tool.twist[2]);
        let since_s = cell.now().seconds_from(tool.stamp);
        if since_s < 1.5e-3 {
            worst = worst.max((pose.translation.vector - vector(&tool) - since_s * twist).norm());
            worst_speed = worst_speed.max((velocity - twist).norm());
            fastest = fastest.max(velocity.norm());
            assert!((0..6).all(|axis| tool.twist_covariance[axis][axis] >= 0.0));
            assert!((0..3).any(|axis| tool.pose_covariance[axis][axis] > 0.0));
        }
    });
    println!(
        "worst {:.3} mm, {:.1} mm/s of {fastest:.2} m/s",
        worst * 1e3,
        worst_speed * 1e3
    );
    assert!(
        worst < 1e-4 && worst_speed < 0.02 && fastest > 0.2,
        "{worst} m, {worst_speed} m/s"
    );
}

#[test]
fn a_push_on_the_moving_tool_is_told_with_its_size_and_direction() {
    let mut cell = cell(2);
    let goals = [go(&mut cell, &ABOVE_BELT, 0.0)];
    done(&mut cell, &goals, &mut |_: &mut Cell| {});
    // Less than a collision, which safety would stop at.
    let push = Vector3::new(0.0, 0.0, -30.0);
    let link = cell
        .hardware()
        .plant()
        .model()
        .link("gripper_tcp")
        .expect("a link of the cell");
    go(&mut cell, &HOME, 0.2);
    wait(&mut cell, Duration::from_millis(600), &mut |_: &mut Cell| {});
    cell.hardware().plant_mut().set_push(Some((
        link,
        Wrench {
            force: push,
            moment: Vector3::zeros(),
        },
    )));
    let (mut sum, mut count) = (Vector3::zeros(), 0.0);
    let begun = cell.now();
    wait(&mut cell, Duration::from_millis(400), &mut |cell: &mut Cell| {
        let tool = cell.tool("arm").expect("the arm has a tool");
        if tool.stamp.seconds_from(begun) > 0.1 {
            let external = tool.external.expect("the joints can tell").wrench;
            sum += Vector3::new(external[0], external[1], external[2]);
            count += 1.0;
        }
    });
    cell.hardware().plant_mut().set_push(None);
    let told = sum / count;
    println!("a push of {push:?} N is told as {told:.1?} N");
    assert!((told - push).norm() < 0.15 * push.norm(), "{told}");
}
