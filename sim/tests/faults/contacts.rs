//! Belts and parts.

use super::{WHEEL, fault, plant, run};
use servomesh_sim::Plant;
use servomesh_sim::faults::Kind;
use servomesh_sim::mechanics::Scene;

/// A box on a belt that runs with the wheel, 0.1 m for each of its rad.
const BELT: &str = "
materials: { rubber: { friction: 0.6 } }
fixed:
  - { name: belt, box: [50, 1, 0.1], xyz: [0, 0, -0.05], material: rubber, runs: { joint: wheel, travel: [0.1, 0, 0] } }
bodies:
  - { name: part, box: [0.1, 0.1, 0.1], xyz: [0, 0, 0.05], mass: 0.5, material: rubber }
";

fn with_belt() -> Plant {
    let mut plant = plant();
    let scene = Scene::from_yaml_str(BELT).expect("the scene is one");
    plant.add_scene(&scene).expect("the joint is there");
    plant
}

fn part_speed(plant: &Plant) -> f64 {
    plant.body("part").expect("the part").1.twist.linear.x
}

#[test]
fn a_part_on_a_belt_that_slips_or_stands_moves_less_or_not() {
    let mut plant = with_belt();
    run(&mut plant, 300, [0.15, 0.0]);
    let drive = |plant: &Plant| 0.1 * plant.velocities()[WHEEL];
    assert!(drive(&plant) > 0.1);
    assert!(
        (part_speed(&plant) / drive(&plant) - 1.0).abs() < 0.02,
        "it rides along"
    );
    let id = plant.inject(fault(Kind::BeltSlips, "wheel", 0.4), None).unwrap();
    run(&mut plant, 300, [0.12, 0.0]);
    assert!(
        (part_speed(&plant) / drive(&plant) - 0.6).abs() < 0.02,
        "{}",
        part_speed(&plant)
    );
    plant
        .inject(fault(Kind::BeltStopped, "wheel", 0.0), None)
        .unwrap();
    run(&mut plant, 300, [0.12, 0.0]);
    assert!(part_speed(&plant).abs() < 1e-3 && drive(&plant) > 0.1);
    plant.clear(id);
    plant.clear_at("");
    run(&mut plant, 300, [0.12, 0.0]);
    assert!(
        (part_speed(&plant) / drive(&plant) - 1.0).abs() < 0.02,
        "it rides along again"
    );
}

#[test]
fn a_part_without_grip_stays_behind() {
    let mut plant = with_belt();
    let id = plant.inject(fault(Kind::PartSlips, "part", 0.05), None).unwrap();
    run(&mut plant, 300, [0.5, 0.0]);
    // 5 % of a friction of 0.6 carry it with 0.3 m/s² while the belt runs away.
    let speed = part_speed(&plant);
    assert!((speed - 0.3 * 0.6 * 0.05 * 9.80665).abs() < 0.01, "{speed} m/s");
    assert!(0.1 * plant.velocities()[WHEEL] > 3.0 * speed);
    plant.clear(id);
    run(&mut plant, 500, [0.05, 0.0]);
    assert!((part_speed(&plant) / (0.1 * plant.velocities()[WHEEL]) - 1.0).abs() < 0.02);
}
