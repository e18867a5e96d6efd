//! Each fault shows in what a drive reports or in how the machine moves, and is gone when it is repaired.

mod bus;
mod contacts;
mod servo;

use servomesh_robot::Model;
use servomesh_sim::faults::{Fault, Kind};
use servomesh_sim::{DriveCommand, Plant, ServoCatalog};
use std::time::Duration;

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
