//! Drives that are not there, not what they should be, or not what they were: what is said, and that nothing is made up.

use std::time::Duration;

use servomesh_devices::Mishap;
use servomesh_types::fault::DriveFault;
use servomesh_types::{DriveMode, Fault, PowerState};

use super::{Drives, arm, driver, enabled, servos, with};
use crate::conformance::{self, SECOND};
use crate::motion::{self, Motion};
use crate::rig::Rig;

#[test]
fn a_drive_that_is_missing_at_the_start_is_named_once_with_advice() {
    let drives = Drives {
        without: Some(4),
        ..Drives::default()
    };
    conformance::names_who_is_missing(with(drives), "drive");
}

#[test]
fn two_drives_with_one_id_are_named() {
    let mut rig = with(Drives {
        twice: Some(2),
        ..Drives::default()
    });
    rig.run(3 * SECOND, |_| None);
    rig.assert_said_only("drive 2 (desk_shoulder_joint): two drives answer to this node id");
    assert!(rig.heard.states.is_empty());
}

#[test]
fn another_product_than_the_file_says_is_refused() {
    let other = servos("cst").replace(
        "id: 5, mode: cst, product: 0x402",
        "id: 5, mode: cst, product: 0x777",
    );
    conformance::is_refused(
        arm(driver(&other), &other, Drives::default()),
        "drive 5 (desk_wrist_pitch_joint) has product code 0x402, but 0x777 is configured",
    );
}

#[test]
fn drives_at_another_bit_rate_are_said_to_be_a_bus_where_nobody_answers() {
    let mut rig = with(Drives {
        bit_rate: Some(500_000),
        ..Drives::default()
    });
    rig.run(3 * SECOND, |_| None);
    rig.assert_said_only("no drive answers at 1000000 bit/s: is that the bus's bit rate");
}

#[test]
fn a_joint_that_is_wider_than_its_drive_is_refused() {
    let servos = servos("cst");
    let (core, mut settings) = driver(&servos);
    settings.drives[2].velocity = 700_000.0;
    conformance::is_refused(
        arm((core, settings), &servos, Drives::default()),
        "drive 3 (desk_elbow_joint): a velocity of 700000.000 counts/s is beyond what the drive takes, 655360.000 counts/s",
    );
    let (core, mut settings) = driver(&servos);
    settings.drives[0].current_limit_a = 5.0;
    conformance::is_refused(
        arm((core, settings), &servos, Drives::default()),
        "drive 1 (desk_waist_joint): a current limit of 5.000 A is beyond what the drive takes, 3.000 A",
    );
}

#[test]
fn a_drive_that_reboots_in_motion_is_a_fault_at_once_and_comes_back_after_a_reset() {
    let mut rig = conformance::notices_a_reboot(enabled("cst"), "drive");
    rig.assert_said("all drives of the bus answer");
    rig.enable();
    rig.assert_mode(DriveMode::Enabled);
}

#[test]
fn a_drive_that_falls_silent_in_motion_is_a_fault_and_comes_back() {
    let rig = conformance::notices_silence(enabled("csv"), "drive");
    let silent = Fault::ServoSilent {
        joint: 0,
        lasting: Duration::ZERO,
    };
    let mut faults = rig.heard.states.iter().filter_map(|state| state.fault);
    assert!(
        faults.any(|fault| fault.code() == silent.code()),
        "{}",
        rig.story()
    );
}

#[test]
fn a_drive_that_overheats_says_so_by_name_and_is_reset_once_it_is_cool() {
    let mut rig = enabled("csp");
    rig.bus.suffer(3, Mishap::Heat(Some(90.0)));
    motion::run(&mut rig);
    let hot = Fault::Drive {
        joint: 3,
        kind: DriveFault::Overheated,
    };
    assert!(
        rig.heard.states.iter().any(|state| state.fault == Some(hot)),
        "{}",
        rig.story()
    );
    rig.assert_said("emergency 4310h: drive too hot");
    rig.bus.suffer(3, Mishap::Heat(None));
    rig.run(SECOND, |_| None); // its temperature is asked for now and then
    rig.enable();
    rig.assert_mode(DriveMode::Enabled);
}

#[test]
fn an_adapter_unplugged_for_a_fifth_of_a_second_stops_the_arm_which_goes_on_after_a_reset() {
    conformance::bears_an_unplugged_port(enabled("cst"));
}

#[test]
fn a_cable_unplugged_for_a_fifth_of_a_second_stops_the_arm_which_goes_on_after_a_reset() {
    let rig = conformance::bears_interruption(enabled("cst"), |rig, there| rig.bus.set_plugged(there));
    // Each drive has missed the driver's heartbeat, and says so.
    assert!(
        rig.heard.said("heartbeat or guarding lost") > 0,
        "{}",
        rig.story()
    );
}

#[test]
fn a_driver_that_dies_leaves_drives_that_stop_by_their_own_watchdogs() {
    for mode in ["cst", "csv", "csp"] {
        conformance::stops_without_its_driver(enabled(mode));
    }
}

#[test]
fn silence_of_commands_is_a_quick_stop_under_torque_and_then_off() {
    let mut rig = enabled("cst");
    let motion = Motion { begin: rig.now };
    let (first, faults) = (rig.heard.states.len(), rig.heard.faults());
    rig.run(2 * SECOND, |now| {
        (now.since(motion.begin) < Duration::from_millis(700)).then(|| motion.at(now))
    });
    let states = rig.heard.states[first..].iter();
    let mut steps: Vec<PowerState> = states.map(|state| state.power).collect();
    steps.dedup();
    assert_eq!(
        steps,
        [
            PowerState::OperationEnabled,
            PowerState::QuickStopActive,
            PowerState::ReadyToSwitchOn
        ],
        "{}",
        rig.story()
    );
    rig.assert_still();
    // That commands are silent.
    assert!(rig.heard.faults() - faults <= 1, "{}", rig.story());
}

#[test]
fn what_holds_already_is_not_written_again() {
    let mut rig = enabled("cst");
    let downloads = |rig: &Rig| {
        let text = str::from_utf8(&rig.heard.sent).unwrap();
        text.split('\r')
            .filter(|line| line.starts_with("t60") && line.get(5..6) == Some("2"))
            .count()
    };
    let first = downloads(&rig);
    rig.set_plugged(false);
    rig.run(Duration::from_millis(20), |_| None);
    rig.set_plugged(true);
    rig.run(Duration::from_millis(600), |_| None);
    let again = downloads(&rig) - first;
    assert!(first > 6 * 20, "{first} objects written at first");
    assert_eq!(again, 6, "each drive is told to switch off, and nothing else");
    assert_eq!(rig.state().power, PowerState::Fault, "{}", rig.story());
}
