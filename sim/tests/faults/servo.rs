//! Encoders, phases, gears, heat, supplies and loads.

use super::{HINGE, WHEEL, fault, plant, run};
use servomesh_sim::faults::{Fault, Kind};
use servomesh_sim::{Plant, SimError};
use servomesh_types::fault::DriveFault;
use std::time::Duration;

fn encoder_error(plant: &Plant) -> f64 {
    plant.drive(WHEEL).position - plant.positions()[WHEEL]
}

#[test]
fn a_stuck_encoder_stays_where_it_was() {
    let mut plant = plant();
    run(&mut plant, 300, [0.3, 0.0]);
    let id = plant
        .inject(fault(Kind::EncoderStuck, "wheel", 0.0), None)
        .unwrap();
    let ticks = plant.drive(WHEEL).ticks;
    run(&mut plant, 300, [0.3, 0.0]);
    assert_eq!(plant.drive(WHEEL).ticks, ticks);
    assert!(encoder_error(&plant).abs() > 1.0, "the wheel went on");
    assert!(plant.clear(id));
    run(&mut plant, 1, [0.3, 0.0]);
    assert!(encoder_error(&plant).abs() < 1e-5);
}

#[test]
fn an_encoder_drifts_steps_and_rustles() {
    let mut plant = plant();
    plant
        .inject(fault(Kind::EncoderDrift, "wheel", 0.2), None)
        .unwrap();
    run(&mut plant, 500, [0.0, 0.0]);
    assert!(
        (encoder_error(&plant) - 0.1).abs() < 1e-5,
        "{}",
        encoder_error(&plant)
    );
    plant
        .inject(fault(Kind::EncoderStep, "wheel", -0.3), None)
        .unwrap();
    run(&mut plant, 1, [0.0, 0.0]);
    assert!((encoder_error(&plant) + 0.2 - 0.0002).abs() < 1e-5);
    assert_eq!(plant.clear_at("wheel"), 2);
    run(&mut plant, 1, [0.0, 0.0]);
    assert!(encoder_error(&plant).abs() < 1e-5);

    plant
        .inject(fault(Kind::EncoderNoise, "wheel", 0.01), None)
        .unwrap();
    let mut squares = 0.0;
    for _ in 0..2000 {
        run(&mut plant, 1, [0.0, 0.0]);
        squares += encoder_error(&plant).powi(2) / 2000.0;
    }
    assert!((squares.sqrt() - 0.01).abs() < 5e-4, "{}", squares.sqrt());
    plant.clear_at("");
    run(&mut plant, 1, [0.0, 0.0]);
    assert!(encoder_error(&plant).abs() < 1e-5);
}

#[test]
fn a_lost_phase_leaves_cos_squared_of_the_torque() {
    // 4 pole pairs behind 50 : 1: the electrical angle is 200 times the joint's.
    for electrical in [0.0, 0.25, 0.5, 0.8, 1.0_f64] {
        let electrical = electrical * std::f64::consts::PI;
        let mut plant = plant();
        plant.place(&[electrical / 200.0, 0.0]).unwrap();
        plant.inject(fault(Kind::GearJammed, "wheel", 0.0), None).unwrap();
        plant.inject(fault(Kind::PhaseLost, "wheel", 0.0), None).unwrap();
        run(&mut plant, 20, [2.0, 0.0]);
        let left = plant.motor_effort(WHEEL);
        assert!(
            (left - 10.0 * electrical.cos().powi(2)).abs() < 0.1,
            "{left} at {electrical}"
        );
        assert!(
            (plant.drive(WHEEL).current_a - 2.0).abs() < 0.01,
            "the current does not tell"
        );
    }
    // While it turns, half of the torque is left on average: half the acceleration, friction aside.
    let gain = |plant: &mut Plant| {
        let before = plant.velocities()[WHEEL];
        run(plant, 100, [0.5, 0.0]);
        plant.velocities()[WHEEL] - before
    };
    let mut plant = plant();
    run(&mut plant, 30, [1.0, 0.0]);
    let sound = gain(&mut plant);
    assert!((sound - 0.1 * 2.0 / 0.045).abs() < 0.05, "{sound}");
    run(&mut plant, 100, [-0.2, 0.0]);
    let id = plant.inject(fault(Kind::PhaseLost, "wheel", 0.0), None).unwrap();
    let one_phase = gain(&mut plant);
    assert!((one_phase - 0.1 * 0.75 / 0.045).abs() < 0.3, "{one_phase}");
    plant.clear(id);
    run(&mut plant, 100, [-0.2, 0.0]);
    assert!((gain(&mut plant) - sound).abs() < 0.1);
}

#[test]
fn a_jammed_gear_stops_and_holds() {
    let mut plant = plant();
    run(&mut plant, 200, [0.5, 0.0]);
    assert!(plant.velocities()[WHEEL] > 5.0);
    let id = plant.inject(fault(Kind::GearJammed, "wheel", 0.0), None).unwrap();
    run(&mut plant, 500, [10.0, 0.0]);
    let stands = plant.positions()[WHEEL];
    run(&mut plant, 300, [10.0, 0.0]);
    let moved = plant.positions()[WHEEL] - stands;
    assert!(moved.abs() < 1e-6, "{moved}");
    plant.clear(id);
    run(&mut plant, 100, [0.5, 0.0]);
    assert!(plant.velocities()[WHEEL] > 3.0);
}

#[test]
fn a_rough_gear_slows_a_coasting_wheel() {
    let slows = |factor: Option<f64>| {
        let mut plant = plant();
        run(&mut plant, 100, [1.0, 0.0]);
        if let Some(factor) = factor {
            plant
                .inject(fault(Kind::GearRough, "wheel", factor), None)
                .unwrap();
        }
        let before = plant.velocities()[WHEEL];
        run(&mut plant, 50, [0.0, 0.0]);
        (before - plant.velocities()[WHEEL]) / 0.05 * 0.045
    };
    assert!((slows(None) - 0.5).abs() < 0.02, "{} N·m", slows(None));
    // Three times 0.5 N·m, and on average half of a peak of 1 N·m more.
    assert!((slows(Some(3.0)) - 2.0).abs() < 0.15, "{} N·m", slows(Some(3.0)));
    assert!((slows(Some(1.0)) - slows(None)).abs() < 1e-9);
}

#[test]
fn hot_air_trips_a_drive_that_would_have_lived() {
    let mut plant = plant();
    let warm = |plant: &mut Plant| {
        for _ in 0..60 {
            run(plant, 1000, [0.0, 1.0]);
        }
        plant.drive(HINGE)
    };
    let state = warm(&mut plant);
    assert!(state.enabled && state.winding_degc < 30.0, "{state:?}");
    let id = plant.inject(fault(Kind::AmbientHot, "", 120.0), None).unwrap();
    let state = warm(&mut plant);
    assert_eq!(state.fault, Some(DriveFault::Overheated));
    assert!((state.winding_degc - 120.0).abs() < 2.0, "{state:?}");
    plant.clear(id);
    let state = warm(&mut plant);
    assert!(state.winding_degc < 30.0, "{state:?}");
}

#[test]
fn a_sagging_supply_makes_slow_and_trips_what_needs_more() {
    let mut plant = plant();
    run(&mut plant, 2000, [3.0, 0.0]);
    let full = plant.velocities()[WHEEL];
    assert!((full - 9.6).abs() < 0.1, "{full} rad/s");
    // By the name of a joint as well as by its own.
    let id = plant.inject(fault(Kind::SupplySag, "hinge", 0.75), None).unwrap();
    assert_eq!(plant.faults()[0].fault.target, "main");
    run(&mut plant, 4000, [3.0, 0.0]);
    let slow = plant.velocities()[WHEEL];
    assert!(
        (slow / full - 0.75).abs() < 0.01,
        "{slow} rad/s; {:?}",
        plant.drive(WHEEL)
    );
    assert!(
        (plant.drive(HINGE).bus_voltage_v - 36.0).abs() < 0.1,
        "both share it"
    );
    plant.inject(fault(Kind::SupplySag, "main", 0.75), None).unwrap();
    run(&mut plant, 4000, [3.0, 0.0]);
    assert_eq!(
        plant.drive(WHEEL).fault,
        Some(DriveFault::Undervoltage),
        "27 V is below its window"
    );
    assert!(plant.clear(id));
    assert_eq!(plant.clear_at("wheel"), 1, "it hangs on that supply");
    run(&mut plant, 100, [3.0, 0.0]);
    assert!((plant.drive(WHEEL).bus_voltage_v - 48.0).abs() < 0.1);
}

#[test]
fn a_mass_that_nobody_was_told_of_pulls_and_goes_again() {
    let mut plant = plant();
    let gravity = |plant: &Plant| {
        let model = plant.model();
        let mut workspace = servomesh_robot::Workspace::new(model);
        let mut efforts = [0.0; 2];
        model.gravity_effort(&mut workspace, &[0.0, 1.0], &mut efforts);
        efforts[HINGE]
    };
    let arm = |kg: f64| kg * 9.80665 * 0.5 * 1.0_f64.sin();
    let tip = plant.model().link("tip").unwrap();
    assert!((gravity(&plant) - arm(2.0)).abs() < 1e-9);
    plant
        .inject(fault(Kind::PayloadChanged, "tip", 1.5), None)
        .unwrap();
    assert!((gravity(&plant) - arm(3.5)).abs() < 1e-9);
    // A load that it is told of comes on top, and is kept when the other goes.
    let told = servomesh_robot::Payload {
        mass: 0.5,
        centre_of_mass: nalgebra::Vector3::zeros(),
        inertia: nalgebra::Matrix3::zeros(),
    };
    plant.set_payload(tip, Some(told)).unwrap();
    assert!((gravity(&plant) - arm(4.0)).abs() < 1e-9);
    plant.clear_at("tip");
    assert!((gravity(&plant) - arm(2.5)).abs() < 1e-9);
    plant.set_payload(tip, None).unwrap();
    assert!((gravity(&plant) - arm(2.0)).abs() < 1e-9);
    // And it makes the pendulum sink that its motor just held.
    plant.place(&[0.0, 1.0]).unwrap();
    let current = arm(2.0) / 5.0;
    run(&mut plant, 200, [0.0, current]);
    let held = plant.positions()[HINGE];
    assert!((held - 1.0).abs() < 0.01);
    plant
        .inject(fault(Kind::PayloadChanged, "tip", 1.5), None)
        .unwrap();
    run(&mut plant, 200, [0.0, current]);
    assert!(
        plant.positions()[HINGE] < held - 0.1,
        "{}",
        plant.positions()[HINGE]
    );
}

#[test]
fn a_fault_lasts_as_long_as_it_was_told_to() {
    let mut plant = plant();
    let lasting = Some(Duration::from_millis(50));
    plant
        .inject(fault(Kind::EncoderStep, "wheel", 0.5), lasting)
        .unwrap();
    for step in 1..=60 {
        run(&mut plant, 1, [0.0, 0.0]);
        let there = encoder_error(&plant).abs() > 0.1;
        assert_eq!(there, step <= 50, "{step} ms");
        assert_eq!(plant.faults().len(), usize::from(step < 50));
    }
}

#[test]
fn what_is_not_there_can_not_break() {
    let mut plant = plant();
    let mut refused = |kind, target: &str, words: &[&str]| {
        let message = plant
            .inject(fault(kind, target, 1.0), None)
            .unwrap_err()
            .to_string();
        for word in words {
            assert!(message.contains(word), "{message:?} lacks {word:?}");
        }
    };
    refused(
        Kind::EncoderDrift,
        "wheal",
        &["encoder_drift", "wheal", "wheel, hinge"],
    );
    refused(Kind::SupplySag, "mains", &["mains", "main"]);
    refused(Kind::PayloadChanged, "tap", &["tap"]);
    refused(Kind::PartSlips, "brick", &["brick"]);
    refused(Kind::FramesLost, "arm", &["inject it into the hardware"]);
    let unchecked = Fault {
        kind: Kind::EncoderNoise,
        target: "wheel".to_owned(),
        value: f64::NAN,
    };
    assert!(matches!(
        plant.inject(unchecked, None),
        Err(SimError::FaultValue { .. })
    ));
    assert!(plant.faults().is_empty());
}
