//! A servo in a machine: friction, losses, play, heat, supply, energy, encoder, each against what physics says.

use std::time::Duration;

use nalgebra::Vector3;
use servomesh_robot::Model;
use servomesh_sim::servo::drive::Drive;
use servomesh_sim::{DriveCommand, Fault, Plant, ServoCatalog, Wrench};
use servomesh_types::Stamp;
use servomesh_types::fault::DriveFault;

const MS: Duration = Duration::from_millis(1);

/// Two wheels of 0.02 kg·m² on upright axes: no gravity on them.
const WHEELS: &str = r#"<robot name="wheels"><link name="base"/>
  <link name="left"><inertial><mass value="1"/><inertia ixx="0.02" ixy="0" ixz="0" iyy="0.02" iyz="0" izz="0.02"/></inertial></link>
  <link name="right"><inertial><mass value="1"/><inertia ixx="0.02" ixy="0" ixz="0" iyy="0.02" iyz="0" izz="0.02"/></inertial></link>
  <joint name="wheel" type="continuous"><parent link="base"/><child link="left"/><axis xyz="0 0 1"/></joint>
  <joint name="other" type="continuous"><parent link="base"/><child link="right"/><axis xyz="0 0 1"/></joint></robot>"#;

/// Reflected inertia 0.025 kg·m², 5 N·m/A at the joint.
const MOTOR: &str = "
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
const INERTIA: f64 = 0.02 + 0.025;

/// Both wheels on the motor with `changes` (from, to) in its data, and `supplies` after it.
fn wheels_on(changes: &[(&str, &str)], supplies: &str) -> Plant {
    let mut motor = MOTOR.to_owned();
    for (from, to) in changes {
        assert!(motor.contains(from), "{from}");
        motor = motor.replace(from, to);
    }
    let model = Model::from_urdf_str(WHEELS).expect("the wheels are a robot");
    let servos = format!("servos:\n  wheel: &m{motor}\n  other: *m\n{supplies}");
    let servos = ServoCatalog::from_yaml_str(&servos).expect("the servos are possible");
    Plant::new(&model, &servos).expect("each joint has a servo")
}

fn wheels(changes: &[(&str, &str)]) -> Plant {
    wheels_on(changes, "")
}

fn drive(plant: &mut Plant, joint: usize, current_a: f64) {
    let enable = true;
    plant
        .set_drive(joint, DriveCommand { enable, current_a })
        .expect("the current is finite");
}

/// Turns the left wheel by hand.
fn push(plant: &mut Plant, moment: f64) {
    let link = plant.model().link("left").expect("the left wheel");
    let wrench = Wrench {
        force: Vector3::zeros(),
        moment: Vector3::new(0.0, 0.0, moment),
    };
    plant.set_push(Some((link, wrench)));
}

fn jam(plant: &mut Plant, joint: &str) {
    let fault = Fault::new("gear_jammed".parse().expect("a kind"), joint, 0.0).expect("no figure");
    plant.inject(fault, None).expect("the joint exists");
}

#[test]
fn by_hand_a_servo_without_power_turns_with_more_than_its_friction_only() {
    let mut plant = wheels(&[("coulomb: 0.0", "coulomb: 2.0")]);
    push(&mut plant, 1.9);
    plant.step(Duration::from_secs(1));
    assert!(plant.velocities()[0].abs() < 0.01, "{}", plant.velocities()[0]);
    push(&mut plant, 2.5);
    plant.step(Duration::from_millis(100));
    let before = plant.velocities()[0];
    assert!(before > 0.5, "{before}");
    plant.step(Duration::from_millis(200));
    let gained = plant.velocities()[0] - before;
    assert!(
        (gained / (0.2 * 0.5 / INERTIA) - 1.0).abs() < 0.01,
        "{gained} rad/s"
    );
}

#[test]
fn what_breaks_away_slowly_glides_on_with_less() {
    let stribeck = (
        "stiction_velocity: 0.001",
        "stiction_velocity: 0.001, stribeck: { breakaway: 3.0, velocity: 0.05 }",
    );
    let mut plant = wheels(&[("coulomb: 0.0", "coulomb: 2.0"), stribeck]);
    push(&mut plant, 2.8);
    plant.step(Duration::from_secs(1));
    assert!(plant.velocities()[0] < 0.01, "2.8 N·m do not break it away");
    push(&mut plant, 3.2);
    plant.step(Duration::from_millis(100));
    push(&mut plant, 2.8);
    let before = plant.velocities()[0];
    assert!(before > 0.2, "{before}");
    plant.step(Duration::from_millis(500));
    let gained = plant.velocities()[0] - before;
    assert!(
        (gained / (0.5 * 0.8 / INERTIA) - 1.0).abs() < 0.01,
        "but keep it going: {gained}"
    );
}

#[test]
fn a_load_that_drives_the_gear_pays_its_losses() {
    let servos = format!(
        "servos:\n  wheel:{}",
        MOTOR.replace(
            "efficiency: 1.0",
            "efficiency: 0.8\n    back_driving_efficiency: 0.5"
        )
    );
    let catalog = ServoCatalog::from_yaml_str(&servos).expect("the servo is possible");
    let servo = catalog.servo("wheel").expect("it is there");
    // 2 A give 10 N·m: 8 arrive when the motor drives; the load needs 20 to turn it back.
    for (velocity, effort) in [(0.5, 8.0), (-0.5, 20.0)] {
        let mut drive = Drive::new(servo, true, 0.0);
        let enable = true;
        drive.command(
            Stamp::ZERO,
            DriveCommand {
                enable,
                current_a: 2.0,
            },
        );
        let mut felt = 0.0;
        for _ in 0..15 {
            felt = drive.react(Stamp::ZERO, 0.0, velocity, 1e-3).effort;
            drive.settle(0.0, velocity);
        }
        assert!(
            (felt - effort).abs() < 1e-3 * effort,
            "{felt} N·m at {velocity} rad/s"
        );
    }
}

const PLAY: (&str, &str) = (
    "efficiency: 1.0",
    "efficiency: 1.0
    backlash: { width: 0.01, stiffness: 2000.0, damping: 2.0, output_inertia: 0.001 }",
);

#[test]
fn play_is_what_a_joint_moves_while_its_motor_is_held() {
    let mut plant = wheels(&[
        PLAY,
        ("brake: 0.0", "brake: 1.0e4"),
        (
            "encoder_ticks: 65536",
            "encoder_ticks: 65536\n    encoder: { side: motor }",
        ),
    ]);
    let mut ends = [0.0; 2];
    for (end, moment) in ends.iter_mut().zip([2.0, -2.0]) {
        push(&mut plant, moment);
        plant.step(Duration::from_secs(3));
        assert!(plant.velocities()[0].abs() < 1e-6);
        *end = plant.positions()[0];
        assert!(
            plant.drive(0).ticks.0.abs() <= 1,
            "the motor's encoder sees none of it"
        );
    }
    // The play, and the gear pressed in by 2 N·m at both ends; the brake gives 2 mm-rad at 10⁴ N·m.
    let width = ends[0] - ends[1];
    assert!((width - (0.01 + 2.0 * 2.0 / 2000.0)).abs() < 2e-6, "{width} rad");
}

/// Holds the left wheel at 0 by a PD controller on the joint for 4 s, after a nudge; how far the joint swings in the last second.
fn swing_while_held(changes: &[(&str, &str)]) -> f64 {
    let mut plant = wheels(changes);
    plant.place(&[0.004, 0.0]).expect("finite");
    let (mut lowest, mut highest) = (f64::MAX, f64::MIN);
    for step in 0..4000 {
        let (position, velocity) = (plant.positions()[0], plant.velocities()[0]);
        drive(&mut plant, 0, -60.0 * position - 0.6 * velocity);
        plant.step(MS);
        if step >= 3000 {
            lowest = lowest.min(plant.positions()[0]);
            highest = highest.max(plant.positions()[0]);
        }
    }
    highest - lowest
}

#[test]
fn control_of_a_joint_with_play_hunts_within_it() {
    let rigid = swing_while_held(&[]);
    let loose = swing_while_held(&[PLAY]);
    println!(
        "swing with play 10 mrad: {:.2} mrad, without: {:.1e} rad",
        loose * 1e3,
        rigid
    );
    assert!(rigid < 1e-6, "{rigid} rad");
    assert!(
        (0.010..0.012).contains(&loose),
        "a limit cycle of the size of the play: {loose} rad"
    );
}

#[test]
fn drives_that_share_a_supply_feel_each_other() {
    let supplies = "supplies:\n  main: { voltage_v: 48.0, source_resistance_ohm: 0.4, capacitance_f: 0.005, joints: [wheel, other] }";
    let mut plant = wheels_on(
        &[("source_resistance_ohm: 0.0", "source_resistance_ohm: 0.1")],
        supplies,
    );
    jam(&mut plant, "wheel");
    jam(&mut plant, "other");
    let mut sags = [0.0; 2];
    for (sag, currents) in sags.iter_mut().zip([[8.0, 0.0], [8.0, 6.0]]) {
        for _ in 0..200 {
            drive(&mut plant, 0, currents[0]);
            drive(&mut plant, 1, currents[1]);
            plant.step(MS);
        }
        let bus_v = plant.supplies().get("main").expect("it is there").voltage_v();
        let warm = 1.0 + 0.003_93 * (plant.drive(0).winding_degc - 25.0);
        let warm_other = 1.0 + 0.003_93 * (plant.drive(1).winding_degc - 25.0);
        let power = 0.5 * (warm * currents[0] * currents[0] + warm_other * currents[1] * currents[1]);
        *sag = 48.0 - bus_v;
        assert!((*sag - 0.4 * power / bus_v).abs() < 1e-3, "{sag} V at {power} W");
        let cable_v = bus_v - plant.drive(0).bus_voltage_v;
        let own = 0.1 * 0.5 * warm * currents[0] * currents[0] / bus_v;
        assert!((cable_v - own).abs() < 1e-4, "{cable_v} V along its own cable");
    }
    assert!(sags[1] > 1.4 * sags[0], "{sags:?}");
}

#[test]
fn braking_charges_the_bus_up_to_its_chopper() {
    let supplies = "supplies:\n  main: { voltage_v: 48.0, source_resistance_ohm: 0.2, capacitance_f: 0.004, chopper_v: 56.0, joints: [wheel, other] }";
    let mut plant = wheels_on(&[], supplies);
    for _ in 0..2000 {
        drive(&mut plant, 0, 4.0);
        plant.step(MS);
    }
    let speed = plant.velocities()[0];
    assert!(speed > 9.0, "{speed} rad/s");
    let mut highest = 0.0_f64;
    for _ in 0..2000 {
        let current_a = if plant.velocities()[0] > 0.5 { -4.0 } else { 0.0 };
        drive(&mut plant, 0, current_a);
        plant.step(MS);
        highest = highest.max(plant.drive(0).bus_voltage_v);
    }
    let supply = plant.supplies().get("main").expect("it is there");
    assert!((highest - 56.0).abs() < 1e-9, "{highest} V");
    let kinetic = 0.5 * INERTIA * speed * speed;
    assert!(
        supply.burned_j() > 0.1 * kinetic && supply.burned_j() < kinetic,
        "{} of {kinetic} J",
        supply.burned_j()
    );
}

#[test]
fn a_supply_out_of_the_drives_window_trips_it() {
    let window = (
        "source_resistance_ohm: 0.0",
        "source_resistance_ohm: 0.0\n    voltage_window_v: [40.0, 52.0]",
    );
    for (supply, fault) in [
        (
            "voltage_v: 48.0, source_resistance_ohm: 20.0, capacitance_f: 0.004",
            DriveFault::Undervoltage,
        ),
        (
            "voltage_v: 48.0, source_resistance_ohm: 0.2, capacitance_f: 0.004",
            DriveFault::Overvoltage,
        ),
    ] {
        let supplies = format!("supplies:\n  main: {{ {supply}, joints: [wheel, other] }}");
        let mut plant = wheels_on(&[window], &supplies);
        for step in 0..3000 {
            drive(&mut plant, 0, if step < 1500 { 6.0 } else { -6.0 });
            plant.step(MS);
        }
        assert_eq!(plant.drive(0).fault, Some(fault));
        assert!(!plant.drive(0).enabled && plant.drive(1).fault.is_none());
    }
}

#[test]
fn electric_energy_is_motion_and_heat() {
    for play in [false, true] {
        let mut changes = vec![
            ("coulomb: 0.0, viscous: 0.0", "coulomb: 0.2, viscous: 0.05"),
            ("efficiency: 1.0", "efficiency: 0.8"),
        ];
        if play {
            changes[1] = (
                "efficiency: 1.0",
                "efficiency: 0.8\n    backlash: { width: 0.002, stiffness: 5000.0, damping: 5.0, output_inertia: 0.001 }",
            );
        }
        let mut plant = wheels(&changes);
        let mut copper_j = 0.0;
        for step in 0..20_000 {
            let current_a = 4.0 * (f64::from(step) * 0.000_4).sin() + 1.0;
            drive(&mut plant, 0, current_a);
            plant.step(Duration::from_micros(250));
            let warm = 1.0 + 0.003_93 * (plant.drive(0).winding_degc - 25.0);
            copper_j += 0.5 * warm * plant.drive(0).current_a.powi(2) * 250e-6;
        }
        let energy = plant.servo_energy(0);
        let moving_j = plant.energy();
        println!("play {play}: {energy:?}, in motion {moving_j:.3} J");
        assert!(
            (energy.copper_j / copper_j - 1.0).abs() < 2e-3,
            "I²·R is {copper_j} J"
        );
        assert!(
            (energy.mechanical_j / moving_j - 1.0).abs() < 2e-3,
            "{moving_j} J move"
        );
        assert!(energy.friction_j > 0.2 * energy.electric_j);
        let rest =
            energy.electric_j - energy.copper_j - energy.friction_j - energy.mechanical_j - energy.stored_j;
        assert!(rest.abs() < 2e-3 * energy.electric_j, "{rest} J are missing");
    }
}

#[test]
fn a_hot_winding_gets_less_current_before_it_trips() {
    let housing = "capacity_j_per_k: 2.0, housing: { resistance_k_per_w: 1.0, capacity_j_per_k: 10.0 }";
    let derating = format!("{housing}, derating: {{ from_degc: 60.0, share_at_limit: 0.2 }}");
    let hottest = |thermal: &str| {
        let mut plant = wheels(&[("capacity_j_per_k: 50.0", thermal)]);
        jam(&mut plant, "wheel");
        let (mut hottest, mut least_a) = (0.0_f64, f64::MAX);
        for _ in 0..60_000 {
            drive(&mut plant, 0, 10.0);
            plant.step(Duration::from_millis(2));
            let state = plant.drive(0);
            hottest = hottest.max(state.winding_degc);
            if state.enabled {
                least_a = least_a.min(state.current_limit_a);
            }
        }
        (plant.drive(0), hottest, least_a)
    };
    let (state, degc, _) = hottest(housing);
    assert_eq!(
        state.fault,
        Some(DriveFault::Overheated),
        "10 A for long are too much"
    );
    assert!(degc > 99.9);
    let (state, degc, least_a) = hottest(&derating);
    assert!(state.fault.is_none() && state.enabled, "{state:?}");
    assert!(
        degc > 80.0 && degc < 100.0 && least_a < 8.0,
        "{degc} °C, {least_a} A"
    );
    // Where it settles, what the limited current heats is what the way out takes.
    let resistance = 0.5 * (1.0 + 0.003_93 * (state.winding_degc - 25.0));
    let heat_w = state.current_a.powi(2) * resistance;
    assert!(
        (state.winding_degc - 25.0 - 3.0 * heat_w).abs() < 0.5,
        "{heat_w} W"
    );
    assert!((state.housing_degc - 25.0 - heat_w).abs() < 0.5);
}

#[test]
fn a_reversed_servo_counts_and_pulls_the_other_way() {
    let mut plant = wheels(&[("brake: 0.0", "brake: 0.0\n    reversed: true\n    offset: 0.25")]);
    for _ in 0..100 {
        drive(&mut plant, 0, 0.4);
        plant.step(MS);
    }
    let (position, state) = (plant.positions()[0], plant.drive(0));
    assert!((position + 0.5 * 2.0 / INERTIA * 0.01).abs() < 0.01, "{position}");
    assert!(
        (state.current_a - 0.4).abs() < 1e-3 && state.ticks.0 > 0,
        "{state:?}"
    );
    assert!((state.position - position).abs() < 1e-4);
    let counted = (0.25 - position) * 65536.0 / std::f64::consts::TAU;
    assert!((state.ticks.0 as f64 - counted).abs() <= 1.0);
}

#[test]
fn the_same_seed_gives_the_same_noise_and_each_joint_its_own() {
    let run = |seed| {
        let noisy = (
            "encoder_ticks: 65536",
            "encoder_ticks: 65536\n    encoder: { noise: 0.001, delay_s: 0.0015 }",
        );
        let mut plant = wheels(&[noisy]);
        plant.set_seed(seed);
        let mut ticks = [Vec::new(), Vec::new()];
        for _ in 0..500 {
            for (joint, ticks) in ticks.iter_mut().enumerate() {
                drive(&mut plant, joint, 1.0);
                ticks.push(plant.drive(joint).ticks);
                // Reading once more changes nothing.
                assert_eq!(plant.drive(joint).ticks, plant.drive(joint).ticks);
            }
            plant.step(Duration::from_micros(1700));
        }
        ticks
    };
    let seed = 5;
    println!("seed {seed}");
    let first = run(seed);
    assert!(first == run(seed));
    assert!(first != run(seed + 1));
    assert!(first[0] != first[1]);
}
