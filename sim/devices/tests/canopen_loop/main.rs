//! The closed loop over a CAN bus: the driver's own core and link against drives that answer frame for frame as CiA 402 drives do.

#![allow(clippy::unwrap_used)] // a test that fails says where

mod desk;
#[path = "../closed_loop/motion.rs"]
mod motion;
mod rig;
#[path = "../closed_loop/topics.rs"]
mod topics;
mod tracking;
mod trouble;

use rig::Rig;
use servomesh_types::DriveMode;

/// One count of an encoder \[rad\].
const COUNT: f64 = std::f64::consts::TAU / 65536.0;

#[test]
fn the_arm_is_opened_switched_on_and_held_in_each_mode() {
    for mode in ["cst", "csv", "csp", "pp"] {
        let rig = Rig::enabled(mode);
        let state = rig.state();
        assert_eq!(state.mode, DriveMode::Enabled, "{mode}: {}", rig.story());
        assert!(
            rig.worst_measurement(0) < COUNT,
            "{mode}: {} rad",
            rig.worst_measurement(0)
        );
        assert!(
            state.voltage_v.iter().all(|volts| (11.0..12.1).contains(volts)),
            "{mode}: {state:?}"
        );
        assert!(
            state
                .temperature_degc
                .iter()
                .all(|degc| (24.0..30.0).contains(degc)),
            "{mode}: {state:?}"
        );
        assert!(rig.heard.notices.is_empty(), "{mode}: {}", rig.story());
    }
}
