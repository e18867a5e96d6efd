//! The desk arm with CANopen drives in place of its servos, behind an slcan adapter or an interface of the kernel: CiA 402, stopped by the driver's heartbeat.

mod homing;
mod interface;
mod motion;
mod socketcan;
mod trouble;

use servomesh_devices::{CanBus, CanopenDrive, FreeMotor};
use servomesh_driver::Driver;
use servomesh_driver::backends::Backend;
use servomesh_driver::backends::canopen::{Canopen, Carrier, Settings};
use servomesh_fieldbus::canopen::NodeId;

use crate::desk::{self, BAUD, BEGIN, JOINTS, bus, group, machine, model};
use crate::group::names;
use crate::rig::Rig;

/// Of the bus \[Hz\].
const RATE_HZ: f64 = 500.0;
/// Counts of an encoder in a turn.
const COUNTS: f64 = 65536.0;

/// The servos file of the arm with drives in `mode`: finer encoders, each drive's thermometer, and who is who on the wire.
fn servos(mode: &str) -> String {
    let (servos, _) = desk::SERVOS.rsplit_once("\nwires:\n").unwrap();
    let mut text = servos.replace("encoder_ticks: 4096", &format!("encoder_ticks: {COUNTS}"));
    text.push_str("\nwires:\n");
    for (id, joint) in (1..).zip(names(&model())) {
        text.push_str(&format!(
            "  {joint}: {{ id: {id}, mode: {mode}, product: 0x402, temperature: {{ object: 0x2012, part: 1, degc_per_count: 0.1 }} }}\n"
        ));
    }
    text
}

/// The core of the arm's driver and the settings of its bus; `servos` is the text of the servos file.
fn driver(servos: &str) -> (Driver, Settings) {
    let settings =
        |servos: &str, params: &mut _| Settings::of_file(servos, bus(BAUD), Carrier::Slcan, params).unwrap();
    group(&model(), servos, 0..JOINTS, RATE_HZ, Backend::Canopen).driver(settings)
}

/// Who is on the bus in place of the drives, if it is not as it should be.
#[derive(Clone, Copy, Default)]
struct Drives {
    /// The drive with this number is missing.
    without: Option<u8>,
    /// Two drives have this number.
    twice: Option<u8>,
    /// The bit rate of all drives \[bit/s\], where it is not the driver's.
    bit_rate: Option<u32>,
}

/// The arm on its bus.
fn arm((core, settings): (Driver, Settings), servos: &str, drives: Drives) -> Rig {
    let machine = machine(servos);
    let mut bus = match settings.carrier {
        Carrier::Slcan => CanBus::new(BEGIN, BAUD),
        Carrier::Socket => CanBus::with_interface(BEGIN, BAUD),
    };
    let bit_rate = drives.bit_rate.unwrap_or(BAUD);
    for (number, joint) in (1..).zip(names(&model())) {
        if drives.without != Some(number) {
            let serial_number = 100 + u32::from(number);
            let drive = CanopenDrive::new(BEGIN, NodeId::new(number), bit_rate, serial_number);
            bus.add(drive, machine.motor(&joint, 1.0).unwrap());
        }
    }
    if let Some(number) = drives.twice {
        let drive = CanopenDrive::new(BEGIN, NodeId::new(number), bit_rate, 1);
        bus.add(drive, FreeMotor::xm430());
    }
    let who = format!("canopen, {:?}", settings.drives[0].mode);
    let link = Box::new(Canopen::new(settings).unwrap());
    Rig::new(&who, (core, link), machine, bus, COUNTS)
}

/// The arm with drives in `cst` on a bus that is not as it should be.
fn with(drives: Drives) -> Rig {
    let servos = servos("cst");
    arm(driver(&servos), &servos, drives)
}

/// The arm with drives in `mode`, opened and switched on.
fn enabled(mode: &str) -> Rig {
    let servos = servos(mode);
    arm(driver(&servos), &servos, Drives::default()).opened()
}
