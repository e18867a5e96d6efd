//! Servos that are not there, not what they should be, or not what they were: what is said, and that nothing is made up.

use servomesh_devices::Mishap;
use servomesh_types::fault::DriveFault;
use servomesh_types::{DriveMode, Fault};

use super::{COUNT, SERVOS, arm, driver, enabled};
use crate::conformance::{self, SECOND};
use crate::motion;
use crate::rig::Rig;

#[test]
fn a_servo_that_is_missing_at_the_start_is_named_once_with_advice() {
    conformance::names_who_is_missing(arm(driver(SERVOS), |number| number != 4), "servo");
}

#[test]
fn two_servos_with_one_id_are_named() {
    conformance::names_servos_with_one_id(arm(driver(SERVOS), |_| true));
}

#[test]
fn a_model_that_is_none_of_these_is_refused() {
    let (_, mut settings) = driver(SERVOS);
    settings.servos[4].model = Some("SCS15".to_owned());
    let error = settings.check().unwrap_err().to_string();
    assert!(
        error.contains("joint desk_wrist_pitch_joint: model \"SCS15\" is not known"),
        "{error}"
    );
}

#[test]
fn a_joint_that_is_faster_than_its_servo_is_refused() {
    let (core, mut settings) = driver(SERVOS);
    settings.servos[2].ticks_per_s = 6.0 / COUNT;
    conformance::is_refused(
        arm((core, settings), |_| true),
        "servo 3 (desk_elbow_joint): a velocity of 6.000 rad/s is beyond what the servo takes, 4.9",
    );
}

#[test]
fn a_range_beyond_the_servos_angle_limits_is_refused() {
    let (core, mut settings) = driver(SERVOS);
    settings.servos[5].range_ticks = Some((-300.0, 2500.0));
    conformance::is_refused(
        arm((core, settings), |_| true),
        "servo 6 (desk_flange_joint): the lower end at -300.000 ticks is beyond what the servo takes, 0.000 ticks",
    );
}

#[test]
fn a_servo_that_reboots_in_motion_gets_no_torque_before_a_reset() {
    let mut rig = conformance::notices_a_reboot(enabled(), "servo");
    rig.assert_said("was started anew");
    let before = rig.truth();
    rig.run(SECOND, |_| None);
    rig.assert_still();
    rig.enable();
    rig.assert_mode(DriveMode::Enabled);
    rig.assert_near(before, 0.05);
}

#[test]
fn a_servo_that_falls_silent_in_motion_is_a_fault_and_comes_back() {
    conformance::notices_silence(enabled(), "servo");
}

#[test]
fn a_servo_that_overheats_is_a_fault_until_it_has_cooled() {
    let mut rig = enabled();
    rig.bus.suffer(3, Mishap::Heat(Some(80.0)));
    motion::run(&mut rig);
    assert_fault(&rig, 3, DriveFault::Overheated);
    rig.enable();
    assert_fault(&rig, 3, DriveFault::Overheated);
    rig.bus.suffer(3, Mishap::Heat(None));
    rig.enable();
    rig.assert_mode(DriveMode::Enabled);
}

#[test]
fn a_supply_out_of_its_window_is_named() {
    let mut rig = enabled();
    rig.bus.suffer(1, Mishap::Supply(Some(15.0)));
    rig.run(SECOND, |_| None);
    assert_fault(&rig, 1, DriveFault::Overvoltage);
}

#[track_caller]
fn assert_fault(rig: &Rig, joint: u8, kind: DriveFault) {
    let fault = rig.state().fault;
    assert_eq!(fault, Some(Fault::Drive { joint, kind }), "{}", rig.story());
}
