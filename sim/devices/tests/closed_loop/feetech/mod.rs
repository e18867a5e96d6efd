//! The desk arm with FEETECH STS3215 servos, position servos without a bus watchdog.

mod motion;
mod trouble;

use std::time::Duration;

use servomesh_devices::Bus;
use servomesh_devices::feetech::Servo;
use servomesh_devices::motor::Machine;
use servomesh_driver::backends::feetech::{Feetech, Settings};
use servomesh_driver::backends::wires::BusSettings;
use servomesh_driver::{Config, Driver, JointFiles, Wanted};
use servomesh_robot::Model;
use servomesh_types::{Capabilities, GroupName};

use crate::desk::{BAUD, GAINS, LIMITS, URDF};
use crate::rig::{BEGIN, Rig, plant};

const SERVOS: &str = include_str!("arm.servos.yaml");
/// Of the bus \[Hz\].
const RATE_HZ: f64 = 250.0;
/// Slower than this an arm stands: friction lets it creep \[rad/s\].
const STILL: f64 = 0.01;

/// The arm with its widest joints within the 0.9 turns that a single-turn encoder knows.
fn model() -> Model {
    let narrow = r#"lower="-2.7" upper="2.7""#;
    Model::from_urdf_str(&URDF.replace(r#"lower="-3.0" upper="3.0""#, narrow)).unwrap()
}

/// The core of the arm's driver and the settings of its bus; `servos` is the text of the servos file.
fn driver(servos: &str) -> (Driver, Settings) {
    let model = model();
    let files = JointFiles::parse(servos, LIMITS).unwrap();
    let wanted = Wanted {
        name: GroupName::new("desk").unwrap(),
        joints: model.joints().iter().map(|joint| joint.name.clone()).collect(),
        rate_hz: RATE_HZ,
        capabilities: Capabilities::default(),
        backend: "feetech".to_owned(),
    };
    let (mut params, dynamics) = files.driver(&model, wanted).unwrap();
    for joint in &mut params.joints {
        joint.gains = GAINS;
    }
    let bus = BusSettings {
        baud: BAUD,
        watchdog: Duration::from_millis(100),
        latency: Duration::from_micros(300),
    };
    let settings = Settings::of_file(servos, bus, &mut params).unwrap();
    let core = Driver::new(Config::new(params).unwrap(), Some(dynamics));
    (core, settings)
}

/// The arm on its bus; only those servos are there whose number `there` takes.
fn arm(servos: &str, there: impl Fn(u8) -> bool) -> Rig {
    let (core, settings) = driver(servos);
    linked(core, settings, there)
}

fn linked(core: Driver, settings: Settings, there: impl Fn(u8) -> bool) -> Rig {
    let machine = Machine::new(plant(SERVOS));
    let mut bus = Bus::new(BEGIN, BAUD);
    for (number, joint) in (1..).zip(model().joints()) {
        if there(number) {
            let motor = machine.motor(&joint.name, 1.0).unwrap();
            bus.add(Servo::new(number, BAUD).unwrap(), motor);
        }
    }
    Rig::assemble(core, Box::new(Feetech::new(settings).unwrap()), machine, bus)
}

/// The arm, opened and switched on.
fn enabled() -> Rig {
    arm(SERVOS, |_| true).opened()
}
