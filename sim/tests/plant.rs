//! The machine behaves like one: energy, gravity, brakes, stops, watchdogs, heat.

use std::time::Duration;

use nalgebra::Vector3;
use servomesh_robot::{Model, Workspace};
use servomesh_sim::{DriveCommand, Plant, ServoCatalog, SimError, Wrench};
use servomesh_types::fault::DriveFault;

const MS: Duration = Duration::from_millis(1);

/// 2 kg at 0.5 m, hanging at 0.
const PENDULUM: &str = r#"<robot name="pendulum"><link name="base"/>
  <link name="rod"><inertial><origin xyz="0 0 -0.5"/><mass value="2"/>
    <inertia ixx="0.01" ixy="0" ixz="0" iyy="0.01" iyz="0" izz="0.001"/></inertial></link>
  <joint name="hinge" type="revolute"><parent link="base"/><child link="rod"/><axis xyz="0 1 0"/>
    <limit lower="-3" upper="3" velocity="9" effort="40"/></joint></robot>"#;

/// A motor whose gear has no losses, without a brake.
const MOTOR: &str = "servos:
  hinge:
    supply_voltage_v: 48.0
    source_resistance_ohm: 0.0
    torque_constant_nm_per_a: 0.1
    resistance_ohm: 0.5
    inductance_h: 0.0005
    max_current_a: 10.0
    rotor_inertia_kgm2: 1.0e-5
    gear_ratio: 50.0
    efficiency: 1.0
    friction: { coulomb: 0.0, viscous: 0.0, stiction_velocity: 0.001 }
    brake: 0.0
    encoder_ticks: 65536
    thermal: { resistance_k_per_w: 2.0, capacity_j_per_k: 50.0, limit_degc: 100.0 }
";

/// The pendulum on the motor, with `from` replaced by `to` in the motor's data.
fn pendulum_with(from: &str, to: &str) -> Plant {
    build(PENDULUM, &MOTOR.replace(from, to))
}

fn pendulum() -> Plant {
    build(PENDULUM, MOTOR)
}

fn cell() -> Plant {
    let servos = include_str!("../../launch/robots/cell.servos.yaml");
    build(include_str!("../../launch/robots/cell.urdf"), servos)
}

fn build(urdf: &str, servos: &str) -> Plant {
    let model = Model::from_urdf_str(urdf).expect("the robot is one");
    let servos = ServoCatalog::from_yaml_str(servos).expect("the servos are possible");
    Plant::new(&model, &servos).expect("each joint has a servo")
}

/// The arm half stretched out over the conveyor, the gripper open.
const READY: [f64; 8] = [0.2, -1.2, 1.4, -1.7, -1.5, 0.3, 0.04, 0.0];

fn drive(plant: &mut Plant, joint: usize, current_a: f64) {
    plant
        .set_drive(
            joint,
            DriveCommand {
                enable: true,
                current_a,
            },
        )
        .expect("the current is finite");
}

fn joint(plant: &Plant, name: &str) -> usize {
    plant.model().joint_index(name).expect("the joint exists")
}

#[test]
fn a_free_pendulum_keeps_its_energy() {
    let mut plant = pendulum();
    plant.place(&[2.0]).unwrap();
    let before = plant.energy();
    let (mut lowest, mut highest, mut crossings) = (f64::MAX, f64::MIN, 0);
    let mut side = true;
    for _ in 0..20_000 {
        plant.step(MS);
        lowest = lowest.min(plant.energy());
        highest = highest.max(plant.energy());
        if (plant.positions()[0] > 0.0) != side {
            (side, crossings) = (!side, crossings + 1);
        }
    }
    assert!(crossings > 15);
    // A symplectic step lets the energy waver with the step, but not drift: the swing is 28 J.
    assert!(highest - lowest < 0.3, "between {lowest} J and {highest} J");
    assert!((plant.energy() - before).abs() < 0.3);
}

#[test]
fn the_right_current_holds_a_weight() {
    let mut plant = pendulum();
    plant.place(&[1.0]).unwrap();
    let current_a = 2.0 * 9.80665 * 0.5 * 1.0_f64.sin() / (0.1 * 50.0);
    for _ in 0..100 {
        drive(&mut plant, 0, current_a);
        plant.step(MS);
    }
    // It sank only while the current rose.
    assert!(
        (plant.positions()[0] - 1.0).abs() < 1e-3,
        "{}",
        plant.positions()[0]
    );
    assert!((plant.drive(0).current_a - current_a).abs() < 1e-6);
}

#[test]
fn gravity_compensation_holds_the_arm_of_the_cell() {
    let mut plant = cell();
    plant.place(&READY).unwrap();
    let model = plant.model().clone();
    let mut workspace = Workspace::new(&model);
    let mut gravity = [0.0; 8];
    for _ in 0..500 {
        model.gravity_effort(&mut workspace, plant.positions(), &mut gravity);
        for (joint, effort) in gravity.iter().enumerate() {
            let current_a = effort / plant.servo(joint).effort_per_ampere();
            drive(&mut plant, joint, current_a);
        }
        plant.step(2 * MS);
    }
    for (joint, ready) in READY.iter().enumerate() {
        assert!((plant.positions()[joint] - ready).abs() < 2e-3, "joint {joint}");
    }
}

#[test]
fn brakes_hold_the_arm_without_creep() {
    let mut plant = cell();
    plant.place(&READY).unwrap();
    plant.step(Duration::from_secs(3));
    let settled: Vec<f64> = plant.positions().to_vec();
    assert!(plant.drive(1).brake_engaged && !plant.drive(1).enabled);
    plant.step(Duration::from_secs(5));
    for joint in 0..6 {
        assert!((plant.positions()[joint] - settled[joint]).abs() < 1e-9);
        assert!(
            (plant.positions()[joint] - READY[joint]).abs() < 2e-3,
            "the disc yields a little"
        );
    }
}

#[test]
fn a_brake_slips_at_its_holding_effort() {
    let mut plant = pendulum_with("brake: 0.0", "brake: 5.0");
    plant.place(&[0.4]).unwrap();
    plant.step(Duration::from_secs(2));
    assert!((plant.positions()[0] - 0.4).abs() < 2e-3, "3.8 N·m is held");
    let mut plant = pendulum_with("brake: 0.0", "brake: 5.0");
    plant.place(&[1.5]).unwrap();
    plant.step(Duration::from_secs(5));
    let effort = 9.80665 * plant.positions()[0].sin();
    assert!(
        effort.abs() < 5.01 && plant.velocities()[0].abs() < 1e-6,
        "9.8 N·m slips to {effort} N·m"
    );
}

#[test]
fn a_drive_that_hears_nothing_stops_and_brakes() {
    let mut plant = cell();
    plant.place(&READY).unwrap();
    let pan = joint(&plant, "shoulder_pan_joint");
    for _ in 0..200 {
        drive(&mut plant, pan, 8.0);
        plant.step(2 * MS);
    }
    assert!(plant.velocities()[pan] > 1.0);
    plant.step(18 * MS);
    assert_eq!(plant.drive(pan).fault, None, "it heard something 20 ms ago");
    plant.step(2 * MS);
    let state = plant.drive(pan);
    assert_eq!(state.fault, Some(DriveFault::Watchdog));
    assert!(!state.enabled);
    plant.step(300 * MS);
    assert!(plant.drive(pan).brake_engaged);
    assert!(plant.velocities()[pan].abs() < 0.01);

    // Enabling alone does not help; it must be acknowledged first.
    drive(&mut plant, pan, 0.0);
    plant.step(MS);
    assert!(!plant.drive(pan).enabled);
    plant
        .set_drive(
            pan,
            DriveCommand {
                enable: false,
                current_a: 0.0,
            },
        )
        .unwrap();
    drive(&mut plant, pan, 0.0);
    plant.step(MS);
    let state = plant.drive(pan);
    assert!(state.enabled && state.fault.is_none() && !state.brake_engaged);
}

#[test]
fn the_no_load_speed_is_the_voltage_over_the_voltage_constant() {
    let weightless = PENDULUM
        .replace("0 0 -0.5", "0 0 0")
        .replace("revolute", "continuous");
    let mut plant = build(&weightless, MOTOR);
    for _ in 0..3000 {
        drive(&mut plant, 0, 10.0);
        plant.step(MS);
    }
    let speed = plant.velocities()[0];
    assert!((speed - 48.0 / (0.1 * 50.0)).abs() < 1e-6, "{speed} rad/s");
}

#[test]
fn an_end_stop_stops() {
    let mut plant = pendulum();
    plant.place(&[2.5]).unwrap();
    for _ in 0..3000 {
        drive(&mut plant, 0, 8.0);
        plant.step(MS);
        assert!(plant.positions()[0] < 3.05, "{}", plant.positions()[0]);
    }
    assert!((plant.positions()[0] - 3.0).abs() < 0.006 && plant.velocities()[0].abs() < 1e-3);
}

#[test]
fn the_gripper_squeezes_an_object_and_stays_there() {
    let mut plant = cell();
    plant.place(&READY).unwrap();
    let finger = joint(&plant, "gripper_finger_joint");
    plant.set_obstacle(finger, Some(0.015));
    for _ in 0..500 {
        drive(&mut plant, finger, -1.0);
        plant.step(2 * MS);
    }
    assert!(
        (plant.positions()[finger] - 0.015).abs() < 6e-4,
        "{}",
        plant.positions()[finger]
    );
    assert!(plant.velocities()[finger].abs() < 1e-4);
    assert!((plant.drive(finger).current_a + 1.0).abs() < 1e-6);
    // Without the object it closes.
    plant.set_obstacle(finger, None);
    for _ in 0..500 {
        drive(&mut plant, finger, -1.0);
        plant.step(2 * MS);
    }
    assert!(plant.positions()[finger].abs() < 6e-4);
}

#[test]
fn the_belt_turns_its_rollers() {
    let mut plant = cell();
    let belt = joint(&plant, "conveyor_belt_joint");
    let roller = plant.model().link("conveyor_drive_roller").unwrap();
    for _ in 0..1000 {
        drive(&mut plant, belt, 1.5);
        plant.step(MS);
    }
    let speed = plant.velocities()[belt];
    assert!(speed > 0.1);
    assert!((plant.link_velocity(roller).angular.norm() - 25.0 * speed).abs() < 1e-9);
}

#[test]
fn an_overheated_drive_gives_up_until_it_has_cooled() {
    let mut plant = pendulum_with("capacity_j_per_k: 50.0", "capacity_j_per_k: 5.0");
    let mut hottest = 0.0_f64;
    for _ in 0..20_000 {
        drive(&mut plant, 0, 9.0);
        plant.step(MS);
        hottest = hottest.max(plant.drive(0).winding_degc);
    }
    assert_eq!(plant.drive(0).fault, Some(DriveFault::Overheated));
    assert!(hottest < 101.0 && !plant.drive(0).enabled);
    let acknowledge = DriveCommand {
        enable: false,
        current_a: 0.0,
    };
    plant.step(Duration::from_secs(10));
    plant.set_drive(0, acknowledge).unwrap();
    assert_eq!(plant.drive(0).fault, None);
}

#[test]
fn pushing_a_link_moves_its_joints() {
    let mut plant = pendulum();
    let rod = plant.model().link("rod").unwrap();
    let moment = Vector3::new(0.0, 4.0, 0.0);
    plant.set_push(Some((
        rod,
        Wrench {
            force: Vector3::new(100.0, 0.0, 0.0),
            moment,
        },
    )));
    plant.step(MS);
    // The force goes through the hinge; only the moment turns the rod. I = 0.01 + 2·0.5² + 1e-5·50².
    assert!(
        (plant.accelerations()[0] - 4.0 / 0.535).abs() < 1e-9,
        "{}",
        plant.accelerations()[0]
    );
}

#[test]
fn the_same_commands_give_the_same_bytes() {
    let run = || {
        let mut plant = cell();
        plant.place(&READY).unwrap();
        let mut bytes = Vec::new();
        for tick in 0..1000_u32 {
            for joint in 0..8 {
                let current_a = f64::from((tick * (joint as u32 + 3)) % 41) / 20.0 - 1.0;
                drive(&mut plant, joint, current_a);
            }
            plant.step(2 * MS);
            for joint in 0..8 {
                bytes.extend(plant.positions()[joint].to_le_bytes());
                bytes.extend(plant.velocities()[joint].to_le_bytes());
                bytes.extend(plant.drive(joint).current_a.to_le_bytes());
                bytes.extend(plant.drive(joint).winding_degc.to_le_bytes());
            }
        }
        bytes
    };
    assert!(run() == run());
}

#[test]
fn time_is_exact_whatever_the_step() {
    let mut plant = cell();
    for _ in 0..3 {
        plant.step(Duration::from_nanos(3_333_333));
    }
    assert_eq!(plant.now().as_nanos(), 9_999_999);
    plant.step(Duration::ZERO);
    assert_eq!(plant.now().as_nanos(), 9_999_999);
}

#[test]
fn a_command_that_is_no_number_is_refused() {
    let mut plant = cell();
    let error = plant
        .set_drive(
            2,
            DriveCommand {
                enable: true,
                current_a: f64::NAN,
            },
        )
        .unwrap_err();
    assert!(
        matches!(&error, SimError::NotFinite { joint, .. } if joint == "elbow_joint"),
        "{error}"
    );
    assert!(plant.place(&[f64::INFINITY; 8]).is_err());
}
