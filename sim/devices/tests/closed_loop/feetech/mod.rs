//! The desk arm with FEETECH STS3215 servos, position servos without a bus watchdog; with SCS0009 servos in [`scs`].

mod motion;
mod scs;
mod trouble;

use servomesh_devices::Bus;
use servomesh_devices::feetech::Servo;
use servomesh_driver::Driver;
use servomesh_driver::backends::Backend;
use servomesh_driver::backends::feetech::{Feetech, Settings};
use servomesh_robot::Model;

use crate::desk::{BAUD, BEGIN, JOINTS, URDF, bus, group, machine};
use crate::rig::Rig;

const SERVOS: &str = include_str!("arm.servos.yaml");
/// Of the bus \[Hz\].
const RATE_HZ: f64 = 250.0;
/// One count of an encoder \[rad\].
const COUNT: f64 = std::f64::consts::TAU / COUNTS;
const COUNTS: f64 = 4096.0;

/// The arm with its widest joints within the 0.9 turns that a single-turn encoder knows.
fn model() -> Model {
    let narrow = r#"lower="-2.7" upper="2.7""#;
    Model::from_urdf_str(&URDF.replace(r#"lower="-3.0" upper="3.0""#, narrow)).unwrap()
}

/// The core of the arm's driver and the settings of its bus; `servos` is the text of the servos file.
fn driver(servos: &str) -> (Driver, Settings) {
    let settings = |servos: &str, params: &mut _| Settings::of_file(servos, bus(BAUD), params).unwrap();
    group(&model(), servos, 0..JOINTS, RATE_HZ, Backend::Feetech).driver(settings)
}

/// The arm on its bus; only those servos are there whose number `there` takes.
fn arm((core, settings): (Driver, Settings), there: impl Fn(u8) -> bool) -> Rig {
    let machine = machine(SERVOS);
    let mut bus = Bus::new(BEGIN, BAUD);
    for (number, joint) in (1..).zip(model().joints()) {
        if there(number) {
            let motor = machine.motor(&joint.name, 1.0).unwrap();
            bus.add(Servo::new(number, BAUD).unwrap(), motor);
        }
    }
    let link = Box::new(Feetech::new(settings).unwrap());
    Rig::new("feetech", (core, link), machine, bus, COUNTS)
}

/// The arm, opened and switched on.
fn enabled() -> Rig {
    arm(driver(SERVOS), |_| true).opened()
}
