//! The desk arm with CANopen drives in place of its servos, and the core and link that drive it.

use std::time::Duration;

use servomesh_driver::backends::canopen::{Carrier, Settings};
use servomesh_driver::backends::wires::BusSettings;
use servomesh_driver::{Config, Driver, Gains, JointFiles, Wanted};
use servomesh_robot::Model;
use servomesh_types::{Capabilities, GroupName};

pub(crate) const JOINTS: usize = 6;
pub(crate) const BIT_RATE: u32 = 1_000_000;
const URDF: &str = include_str!("../../../../launch/robots/desk.urdf");
const DYNAMIXEL: &str = include_str!("../../../../launch/robots/desk.servos.yaml");
const LIMITS: &str = include_str!("../../../../launch/robots/desk.limits.yaml");
/// As for the arm's own servos: the same gears, with 4.4 mrad of play.
const GAINS: Gains = Gains {
    position_hz: 2.0,
    velocity_hz: 10.0,
    integral_hz: 1.0,
    filter_hz: 60.0,
    notch: None,
};
/// Nearly upright, where the friction of the gears, which have no brakes, holds the arm without torque.
pub(crate) const START: [f64; JOINTS] = [0.2, 0.1, 0.2, 0.3, 0.3, -0.4];

pub(crate) fn model() -> Model {
    Model::from_urdf_str(URDF).unwrap()
}

/// The servos file of the arm with drives in `mode`: encoders of 65536 counts, each drive's thermometer, and who is who on the wire.
pub(crate) fn servos(mode: &str) -> String {
    let (servos, _) = DYNAMIXEL.rsplit_once("\nwires:\n").unwrap();
    let mut text = servos.replace("encoder_ticks: 4096", "encoder_ticks: 65536");
    text.push_str("\nwires:\n");
    for (id, joint) in (1..).zip(model().joints()) {
        text.push_str(&format!(
            "  {}: {{ id: {id}, mode: {mode}, product: 0x402, temperature: {{ object: 0x2012, part: 1, degc_per_count: 0.1 }} }}\n",
            joint.name
        ));
    }
    text
}

/// The core of the arm's driver and its link, at `rate_hz`; `servos` is the text of the servos file.
pub(crate) fn driver(servos: &str, rate_hz: f64) -> (Driver, Settings) {
    let model = model();
    let files = JointFiles::parse(servos, LIMITS).unwrap();
    let wanted = Wanted {
        name: GroupName::new("desk").unwrap(),
        joints: model.joints().iter().map(|joint| joint.name.clone()).collect(),
        rate_hz,
        capabilities: Capabilities::default(),
        backend: "canopen".to_owned(),
    };
    let (mut params, dynamics) = files.driver(&model, wanted).unwrap();
    for joint in &mut params.joints {
        joint.gains = GAINS;
    }
    let bus = BusSettings {
        baud: BIT_RATE,
        watchdog: Duration::from_millis(100),
        latency: Duration::from_micros(300),
    };
    let settings = Settings::of_file(servos, bus, Carrier::Slcan, &mut params).unwrap();
    (
        Driver::new(Config::new(params).unwrap(), Some(dynamics)),
        settings,
    )
}
