//! Each fault shows in what a drive reports or in how the machine moves, and is gone when it is repaired.

use std::time::Duration;

use servomesh_driver::bus::DriveCommand as Frame;
use servomesh_robot::Model;
use servomesh_sim::faults::{Fault, Kind};
use servomesh_sim::mechanics::Scene;
use servomesh_sim::servo::drive::UNDERVOLTAGE;
use servomesh_sim::{DriveCommand, Hardware, Plant, ServoCatalog, SimError, Wiring};
use servomesh_types::fault::DriveFault;
use servomesh_types::{GroupName, JointVec, Stamp};

const MS: Duration = Duration::from_millis(1);

/// A wheel of 0.02 kg·m² on an upright axis, and a pendulum of 2 kg at 0.5 m.
const MACHINE: &str = r#"<robot name="machine"><link name="base"/>
  <link name="disc"><inertial><mass value="1"/><inertia ixx="0.02" ixy="0" ixz="0" iyy="0.02" iyz="0" izz="0.02"/></inertial></link>
  <link name="rod"><inertial><origin xyz="0 0 -0.5"/><mass value="2"/>
    <inertia ixx="0.01" ixy="0" ixz="0" iyy="0.01" iyz="0" izz="0.001"/></inertial></link>
  <link name="tip"/>
  <joint name="wheel" type="continuous"><parent link="base"/><child link="disc"/><axis xyz="0 0 1"/></joint>
  <joint name="hinge" type="revolute"><parent link="base"/><child link="rod"/><axis xyz="0 1 0"/>
    <limit lower="-3" upper="3" velocity="9" effort="40"/></joint>
  <joint name="end" type="fixed"><parent link="rod"/><child link="tip"/><origin xyz="0 0 -0.5"/></joint></robot>"#;

/// 5 N·m/A and 0.025 kg·m² at the joint.
const SERVOS: &str = "servos:
  wheel: &motor
    supply_voltage_v: 48.0
    source_resistance_ohm: 0.0
    voltage_window_v: [30.0, 60.0]
    torque_constant_nm_per_a: 0.1
    resistance_ohm: 0.5
    inductance_h: 0.0005
    max_current_a: 10.0
    pole_pairs: 4
    rotor_inertia_kgm2: 1.0e-5
    gear_ratio: 50.0
    efficiency: 1.0
    friction: { coulomb: 0.5, viscous: 0.0, stiction_velocity: 0.001 }
    brake: 20.0
    encoder_ticks: 1000000
    thermal: { resistance_k_per_w: 2.0, capacity_j_per_k: 5.0, limit_degc: 100.0 }
  hinge: *motor
supplies:
  main: { voltage_v: 48.0, source_resistance_ohm: 0.01, capacitance_f: 0.004, chopper_v: 56.0, joints: [wheel, hinge] }
";
const WHEEL: usize = 0;
const HINGE: usize = 1;

fn machine() -> (Model, ServoCatalog) {
    (
        Model::from_urdf_str(MACHINE).expect("the machine is one"),
        ServoCatalog::from_yaml_str(SERVOS).expect("the servos are possible"),
    )
}

fn plant() -> Plant {
    let (model, servos) = machine();
    Plant::new(&model, &servos).expect("each joint has a servo")
}

fn fault(kind: Kind, target: &str, value: f64) -> Fault {
    Fault::new(kind, target, value).expect("the figure is possible")
}

/// Runs for some milliseconds with a current in each motor.
fn run(plant: &mut Plant, ms: u32, currents: [f64; 2]) {
    for _ in 0..ms {
        for (joint, current_a) in currents.into_iter().enumerate() {
            let enable = true;
            plant
                .set_drive(joint, DriveCommand { enable, current_a })
                .expect("the current is finite");
        }
        plant.step(MS);
    }
}

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
        Some(UNDERVOLTAGE),
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

fn hardware(seed: u64) -> (Hardware, GroupName) {
    let (model, servos) = machine();
    let wiring = "watchdog_s: 0.05\nbuses:\n  arm: { rate_hz: 500, joints: [{ name: wheel, start: 0 }, { name: hinge, start: 0 }] }\n";
    let wiring = Wiring::from_yaml_str(wiring).expect("the wiring is one");
    let mut hardware = Hardware::new(&model, &servos, &wiring, Stamp::ZERO).expect("they fit");
    hardware.set_seed(seed);
    (hardware, GroupName::new("arm").expect("a name"))
}

/// Answers each frame for `ms` with a current in the wheel's motor; the cycles that were heard.
fn answer(hardware: &mut Hardware, arm: GroupName, ms: u32, current_a: f64) -> Vec<u64> {
    let mut heard = Vec::new();
    for _ in 0..ms {
        hardware.step();
        while let Some((_, status)) = hardware.poll() {
            heard.push(status.cycle);
            let frame = Frame {
                cycle: status.cycle,
                enable: true,
                clear_faults: status.fault.iter().any(Option::is_some),
                current_a: JointVec::from_fn(2, |joint| if joint == WHEEL { current_a } else { 0.0 }),
            };
            hardware.command(arm, &frame).expect("a frame for two joints");
        }
    }
    heard
}

#[test]
fn frames_get_lost_by_their_share_in_both_directions() {
    let seed = 3;
    println!("seed {seed}");
    let lossy = |seed| {
        let (mut hardware, arm) = hardware(seed);
        let id = hardware
            .inject(fault(Kind::FramesLost, "arm", 0.3), None)
            .unwrap();
        let heard = answer(&mut hardware, arm, 10_000, 0.0);
        let lost = hardware.frames_lost(arm);
        assert!(hardware.clear(id));
        assert_eq!(
            answer(&mut hardware, arm, 200, 0.0).len(),
            100,
            "all arrive again"
        );
        assert_eq!(hardware.frames_lost(arm), lost);
        (heard, lost)
    };
    let (heard, lost) = lossy(seed);
    assert!(
        (3350..3650).contains(&heard.len()),
        "0.7 of 5000: {}",
        heard.len()
    );
    let commands = lost - (5000 - heard.len() as u64);
    assert!((950..1150).contains(&commands), "0.3 of the answers: {commands}");
    assert_eq!((heard, lost), lossy(seed));
    assert_ne!(lossy(seed).0, lossy(seed + 1).0);
}

#[test]
fn a_burst_swallows_its_frames_in_a_row_and_is_over() {
    let (mut hardware, arm) = hardware(1);
    answer(&mut hardware, arm, 20, 0.0);
    hardware.inject(fault(Kind::FrameBurst, "", 7.0), None).unwrap();
    assert_eq!(hardware.faults().len(), 1);
    let heard = answer(&mut hardware, arm, 40, 0.0);
    assert_eq!(
        heard,
        (18..=30).collect::<Vec<_>>(),
        "cycles 11 to 17 are missing"
    );
    assert!(hardware.faults().is_empty());
    assert_eq!(hardware.frames_lost(arm), 7);
    hardware
        .inject(fault(Kind::FrameBurst, "arm", 1000.0), None)
        .unwrap();
    assert!(answer(&mut hardware, arm, 20, 0.0).is_empty());
    assert_eq!(hardware.clear_at("arm"), 1);
    assert_eq!(answer(&mut hardware, arm, 20, 0.0).len(), 10);
    let error = hardware
        .inject(fault(Kind::FrameBurst, "leg", 3.0), None)
        .unwrap_err();
    assert!(error.to_string().contains("arm"), "{error}");
}

#[test]
fn a_silent_drive_silences_its_bus_and_stops_itself() {
    let (mut hardware, arm) = hardware(1);
    answer(&mut hardware, arm, 300, 0.3);
    assert!(hardware.plant().velocities()[WHEEL] > 3.0);
    let id = hardware
        .inject(fault(Kind::DriveSilent, "wheel", 0.0), None)
        .unwrap();
    assert!(answer(&mut hardware, arm, 1000, 0.3).is_empty());
    let state = hardware.plant().drive(WHEEL);
    assert_eq!(state.fault, Some(DriveFault::Watchdog));
    assert!(state.brake_engaged && hardware.plant().velocities()[WHEEL].abs() < 1e-3);
    hardware.clear(id);
    answer(&mut hardware, arm, 300, 0.3);
    assert!(hardware.plant().drive(WHEEL).enabled);
    assert!(hardware.plant().velocities()[WHEEL] > 3.0);
}
