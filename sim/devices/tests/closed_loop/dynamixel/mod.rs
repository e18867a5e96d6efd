//! The desk arm with its own servos: DYNAMIXEL, which stop by their own watchdogs.

mod motion;
mod trouble;

use std::ops::Range;

use servomesh_devices::{Bus, Dynamixel as Servo};
use servomesh_driver::Driver;
use servomesh_driver::backends::Backend;
use servomesh_driver::backends::dynamixel::{Dynamixel, Settings};
use servomesh_fieldbus::dynamixel::{Id, Model};

use crate::desk::{BAUD, BEGIN, JOINTS, SERVOS, bus, group, machine, model};
use crate::rig::Rig;

/// Of the bus \[Hz\].
const RATE_HZ: f64 = 500.0;

/// The core of the driver of some of the arm's joints, and the settings of its bus; `servos` is the text of the servos file.
pub(crate) fn driver(servos: &str, joints: Range<usize>, rate_hz: f64, baud: u32) -> (Driver, Settings) {
    let settings = |servos: &str, params: &mut _| Settings::of_file(servos, bus(baud), params).unwrap();
    group(&model(), servos, joints, rate_hz, Backend::Dynamixel).driver(settings)
}

/// The servo that moves a joint of the arm, by its place in the arm.
pub(crate) fn servo(joint: usize, baud: u32) -> Servo {
    let model = if joint < 3 { "XM540-W270" } else { "XM430-W350" };
    let id = u8::try_from(joint + 1).ok().and_then(Id::device);
    Servo::new(Model::named(model).unwrap(), id.unwrap(), baud).unwrap()
}

/// The driver of the whole arm.
fn whole(servos: &str) -> (Driver, Settings) {
    driver(servos, 0..JOINTS, RATE_HZ, BAUD)
}

/// The arm on its bus; only those servos are there whose number `there` takes.
fn arm(driver: (Driver, Settings), there: impl Fn(u8) -> bool) -> Rig {
    arm_of(driver, |number, place| there(number).then(|| servo(place, BAUD)))
}

/// The arm with these servos on its bus, by their numbers and their places in the arm.
fn arm_of((core, settings): (Driver, Settings), servo: impl Fn(u8, usize) -> Option<Servo>) -> Rig {
    let machine = machine(SERVOS);
    let mut bus = Bus::new(BEGIN, BAUD);
    for ((number, place), joint) in (1..).zip(0..).zip(model().joints()) {
        if let Some(servo) = servo(number, place) {
            bus.add(servo, machine.motor(&joint.name, 1.0).unwrap());
        }
    }
    let link = Box::new(Dynamixel::new(settings).unwrap());
    Rig::new("dynamixel", (core, link), machine, bus, 4096.0)
}

/// The arm, opened and switched on.
fn enabled() -> Rig {
    arm(whole(SERVOS), |_| true).opened()
}
