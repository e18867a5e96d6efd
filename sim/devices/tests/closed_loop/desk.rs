//! The desk arm of `launch/robots`, whatever drives it.

use std::ops::Range;
use std::time::Duration;

use servomesh_devices::motor::Machine;
use servomesh_driver::Gains;
use servomesh_driver::backends::Backend;
use servomesh_driver::backends::wires::BusSettings;
use servomesh_robot::Model;
use servomesh_sim::{Plant, ServoCatalog};
use servomesh_types::{Capabilities, Stamp};

use crate::group::{Group, names};

pub(crate) const JOINTS: usize = 6;
/// Of its buses, serial ones and CAN \[bit/s\].
pub(crate) const BAUD: u32 = 1_000_000;
/// When its buses begin.
pub(crate) const BEGIN: Stamp = Stamp::from_millis(1_000_000);
pub(crate) const URDF: &str = include_str!("../../../../launch/robots/desk.urdf");
/// Its own servos: DYNAMIXEL.
pub(crate) const SERVOS: &str = include_str!("../../../../launch/robots/desk.servos.yaml");
const LIMITS: &str = include_str!("../../../../launch/robots/desk.limits.yaml");
/// Softer than what suits a stiff joint: these gears have 4.4 mrad of play, and the encoders of its own servos counts of 1.5 mrad.
const GAINS: Gains = Gains {
    position_hz: 2.0,
    velocity_hz: 10.0,
    integral_hz: 1.0,
    filter_hz: 60.0,
    notch: None,
};
/// Nearly upright, where the friction of the servos, which have no brakes, holds the arm without torque.
pub(crate) const START: [f64; JOINTS] = [0.2, 0.1, 0.2, 0.3, 0.3, -0.4];

pub(crate) fn model() -> Model {
    Model::from_urdf_str(URDF).unwrap()
}

/// The group of some of its joints; `servos` is the text of the servos file.
pub(crate) fn group<'a>(
    model: &'a Model,
    servos: &'a str,
    joints: Range<usize>,
    rate_hz: f64,
    backend: Backend,
) -> Group<'a> {
    Group {
        name: "desk",
        model,
        files: [servos, LIMITS],
        joints: names(model)[joints].to_vec(),
        rate_hz,
        capabilities: Capabilities::default(),
        backend,
        gains: Some(GAINS),
    }
}

/// What is configured of its bus.
pub(crate) fn bus(baud: u32) -> BusSettings {
    BusSettings {
        baud,
        watchdog: Duration::from_millis(100),
        latency: Duration::from_micros(300),
    }
}

/// The arm as it stands at the start, with the servos of a file.
pub(crate) fn machine(servos: &str) -> Machine {
    let mut plant = Plant::new(&model(), &ServoCatalog::from_yaml_str(servos).unwrap()).unwrap();
    plant.place(&START).unwrap();
    Machine::new(plant)
}

/// The wiring of the arm to drives that talk in frames, as the simulation's file has it.
pub(crate) fn wiring(rate_hz: f64) -> String {
    let joints = names(&model()).into_iter().zip(START);
    let joints = joints.map(|(name, start)| format!("      - {{ name: {name}, start: {start} }}\n"));
    let joints: String = joints.collect();
    format!("watchdog_s: 0.1\nbuses:\n  desk:\n    rate_hz: {rate_hz}\n    joints:\n{joints}")
}
