//! The moving arm runs into a post that nobody told it of.

use super::job::{ARM, Cell, HOME, done, go, wait, wrong_cell};
use nalgebra::Isometry3;
use servomesh_robot::Workspace;
use servomesh_sim::mechanics::Scene;
use servomesh_types::{Fault, Stamp};
use std::time::Duration;

/// Where the tool is when the arm stands so.
fn tool_at(cell: &mut Cell, positions: &[f64; 6]) -> Isometry3<f64> {
    let model = cell.hardware().plant().model().clone();
    let mut all = cell.hardware().plant().positions().to_vec();
    for (name, position) in ARM.iter().zip(positions) {
        all[model.joint_index(name).expect("an arm joint")] = *position;
    }
    let mut workspace = Workspace::new(&model);
    model.forward_kinematics(&mut workspace, &all);
    model.link_pose(&workspace, model.link("gripper_tcp").expect("a link of the cell"))
}

/// When something first touched the post, and when the estimator first spoke of a collision, if it did in time.
fn run_into_post(seed: u64, way: f64, scale: f64) -> (f64, Option<f64>) {
    let mut cell = wrong_cell(seed);
    let goals = [go(&mut cell, &HOME, 0.0)];
    done(&mut cell, &goals, &mut |_: &mut Cell| {});
    let mut target = HOME;
    target[0] += 1.8 * way.signum();
    let mut struck = HOME;
    struck[0] += way;
    let at = tool_at(&mut cell, &struck).translation.vector;
    let post = format!(
        "fixed:\n  - {{ name: post, cylinder: [0.03, 0.6], xyz: [{}, {}, {}], material: steel }}\nmaterials:\n  steel: {{ friction: 0.25 }}\n",
        at.x, at.y, at.z
    );
    let scene = Scene::from_yaml_str(&post).expect("a post");
    cell.hardware().plant_mut().add_scene(&scene).expect("it fits");
    let id = cell
        .hardware()
        .plant()
        .scene()
        .iter()
        .find(|shape| shape.name == "post")
        .map(|shape| shape.id);
    let id = id.expect("the post stands");
    go(&mut cell, &target, scale);
    let (mut touched, mut noticed): (Option<(Stamp, f64)>, Option<Stamp>) = (None, None);
    wait(&mut cell, Duration::from_secs(3), &mut |cell: &mut Cell| {
        let now = cell.now();
        let pan = cell.motion("arm").expect("it is live").velocity[0];
        if touched.is_none() {
            let contacts = cell.hardware().plant().world().contacts().iter();
            let on_post = contacts
                .filter(|contact| contact.shapes.contains(&id))
                .any(|c| c.force.norm() > 0.0);
            touched = on_post.then_some((now, pan));
        }
        let motion = cell.motion("arm").expect("it is live");
        if noticed.is_none() && !motion.collision.is_empty() {
            assert!(
                touched.is_some(),
                "seed {seed}: a collision before the post was touched"
            );
            assert!(
                matches!(motion.fault, Some(Fault::Collision(_))),
                "{:?}",
                motion.fault
            );
            noticed = Some(now);
        }
    });
    let (touched, speed) = touched.expect("the arm reaches the post");
    (speed, noticed.map(|noticed| noticed.seconds_from(touched)))
}

#[test]
fn a_post_in_the_way_is_noticed_within_ten_milliseconds() {
    for (seed, way, scale) in [(1, 0.9, 0.0), (2, -0.9, 0.0), (3, 0.7, 0.3), (4, -0.8, 0.15)] {
        let (speed, took_s) = run_into_post(seed, way, scale);
        println!("seed {seed}: at {speed:.2} rad/s noticed after {took_s:?} s");
        assert!(
            took_s.is_some_and(|took_s| took_s <= 0.010),
            "seed {seed}: {took_s:?} s"
        );
    }
}
