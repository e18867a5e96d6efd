//! The desk arm of `launch/robots`, and the core and link that drive it.

use std::ops::Range;
use std::time::Duration;

use servomesh_driver::backends::dynamixel::Settings;
use servomesh_driver::backends::wires::BusSettings;
use servomesh_driver::{Config, Driver, Gains, JointFiles, Wanted};
use servomesh_robot::Model;
use servomesh_types::{Capabilities, GroupName};

pub(crate) const JOINTS: usize = 6;
pub(crate) const BAUD: u32 = 1_000_000;
pub(crate) const URDF: &str = include_str!("../../../../launch/robots/desk.urdf");
pub(crate) const SERVOS: &str = include_str!("../../../../launch/robots/desk.servos.yaml");
pub(crate) const LIMITS: &str = include_str!("../../../../launch/robots/desk.limits.yaml");
/// Softer than what suits a stiff joint: these gears have 4.4 mrad of play, and these encoders counts of 1.5 mrad.
pub(crate) const GAINS: Gains = Gains {
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

/// The core of the arm's driver and its link, at `rate_hz`; `servos` is the text of the servos file.
pub(crate) fn driver(servos: &str, rate_hz: f64) -> (Driver, Settings) {
    group(servos, 0..JOINTS, rate_hz, BAUD)
}

/// The same for some of its joints, on a bus of that speed.
pub(crate) fn group(servos: &str, joints: Range<usize>, rate_hz: f64, baud: u32) -> (Driver, Settings) {
    let model = model();
    let files = JointFiles::parse(servos, LIMITS).unwrap();
    let names = model.joints()[joints].iter().map(|joint| joint.name.clone());
    let wanted = Wanted {
        name: GroupName::new("desk").unwrap(),
        joints: names.collect(),
        rate_hz,
        capabilities: Capabilities::default(),
        backend: "dynamixel".to_owned(),
    };
    let (mut params, dynamics) = files.driver(&model, wanted).unwrap();
    for joint in &mut params.joints {
        joint.gains = GAINS;
    }
    let bus = BusSettings {
        baud,
        watchdog: Duration::from_millis(100),
        latency: Duration::from_micros(300),
    };
    let settings = Settings::of_file(servos, bus, &mut params).unwrap();
    (
        Driver::new(Config::new(params).unwrap(), Some(dynamics)),
        settings,
    )
}
