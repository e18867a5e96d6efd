//! The arm of the cell, let go without friction: its energy stays, over 10 s of falling and whirling.
//!
//! MuJoCo's Euler, at the same step, lets it drift by 0.9 %, and so does ours: masses that depend on positions make it no symplectic
//! integrator. So this is for the integrator that is meant for energies.

use serde::Deserialize;

use servomesh_sim::mechanics::Integrator;

use crate::arm::arm;

#[derive(Deserialize)]
struct Passive {
    step: f64,
    joints: Vec<String>,
    armature: Vec<f64>,
    start: Vec<f64>,
    largest_kinetic_energy: f64,
}

#[test]
fn a_passive_arm_keeps_its_energy() {
    let golden: Passive = serde_json::from_str(include_str!("../golden/passive_arm.json")).unwrap();
    let mut world = arm(&golden.joints, &golden.armature, &golden.start);
    let none = vec![0.0; golden.start.len()];
    world.set_integrator(Integrator::RungeKutta);
    let before = world.energy();
    let mut worst = 0.0_f64;
    for _ in 0..10_000 {
        world.step(golden.step, &none, &none);
        worst = worst.max((world.energy() - before).abs());
    }
    let drift = worst / golden.largest_kinetic_energy;
    println!("{:.4} % of {} J", 100.0 * drift, golden.largest_kinetic_energy);
    assert!(drift < 1e-3, "{worst} J of {} J", golden.largest_kinetic_energy);
}
