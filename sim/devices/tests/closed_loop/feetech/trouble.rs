//! Servos that are not there, not what they should be, or not what they were: what is said, and that nothing is made up.

use std::time::Duration;

use servomesh_devices::{Mishap, Wire as _};
use servomesh_types::fault::DriveFault;
use servomesh_types::{DriveMode, EventKind, Fault};

use super::{SERVOS, STILL, arm, driver, enabled, linked};
use crate::desk::JOINTS;
use crate::rig::Rig;
use crate::{COUNT, motion};

const SECOND: Duration = Duration::from_secs(1);

#[track_caller]
fn said_once(rig: &Rig, part: &str) {
    let notices = rig.heard.notices.iter();
    let count = notices.filter(|notice| notice.text.contains(part)).count();
    assert_eq!(count, 1, "{part}: {}", rig.story());
}

#[test]
fn a_servo_that_is_missing_at_the_start_is_named_once_with_advice() {
    let mut rig = arm(SERVOS, |number| number != 4);
    rig.run(3 * SECOND, |_| None);
    assert!(
        rig.heard.states.is_empty(),
        "a group is not there before all of its joints are"
    );
    said_once(
        &rig,
        "servo 4 (desk_forearm_roll_joint) does not answer: is it powered",
    );
    assert_eq!(rig.heard.notices.len(), 1, "{}", rig.story());
}

#[test]
fn two_servos_with_one_id_are_named() {
    let mut rig = arm(SERVOS, |_| true);
    rig.bus.suffer(1, Mishap::Id(1));
    rig.run(3 * SECOND, |_| None);
    said_once(
        &rig,
        "servo 1 (desk_waist_joint): its answers are garbled, as when two servos have one id",
    );
    said_once(&rig, "servo 2 (desk_shoulder_joint) does not answer");
    assert!(rig.heard.states.is_empty());
}

#[test]
fn a_model_that_is_none_of_these_is_refused() {
    let (core, mut settings) = driver(SERVOS);
    settings.servos[4].model = Some("SCS0009".to_owned());
    let error = settings.check().unwrap_err().to_string();
    assert!(
        error.contains("joint desk_wrist_pitch_joint: model \"SCS0009\" is not known"),
        "{error}"
    );
    drop(core);
}

#[test]
fn a_joint_that_is_faster_than_its_servo_is_refused() {
    let (core, mut settings) = driver(SERVOS);
    settings.servos[2].ticks_per_s = 6.0 / COUNT;
    let mut rig = linked(core, settings, |_| true);
    rig.run(SECOND, |_| None);
    said_once(
        &rig,
        "servo 3 (desk_elbow_joint): a velocity of 6.000 rad/s is beyond what the servo takes, 4.9",
    );
}

#[test]
fn a_range_beyond_the_servos_angle_limits_is_refused() {
    let (core, mut settings) = driver(SERVOS);
    settings.servos[5].range_ticks = Some((-300.0, 2500.0));
    let mut rig = linked(core, settings, |_| true);
    rig.run(SECOND, |_| None);
    said_once(
        &rig,
        "servo 6 (desk_flange_joint): the lower end at -300.000 ticks is beyond what the servo takes, 0.000 ticks",
    );
}

#[test]
fn a_servo_that_reboots_in_motion_gets_no_torque_before_a_reset() {
    let mut rig = enabled();
    let first = rig.heard.states.len();
    motion::run_with(&mut rig, |rig, since| {
        if since.as_millis() == 600 {
            rig.bus.suffer(2, Mishap::Reboot);
        }
    });
    assert_eq!(rig.state().mode, DriveMode::Faulted, "{}", rig.story());
    said_once(&rig, "servo 3 (desk_elbow_joint) was started anew");
    assert!(
        rig.worst_measurement(first) < COUNT,
        "{} rad\n{}",
        rig.worst_measurement(first),
        rig.story()
    );
    let before = rig.truth();
    rig.run(SECOND, |_| None);
    assert!(rig.fastest() < STILL, "{} rad/s", rig.fastest());
    rig.enable();
    assert_eq!(rig.state().mode, DriveMode::Enabled, "{}", rig.story());
    let after = rig.truth();
    for joint in 0..JOINTS {
        assert!(
            (after[joint] - before[joint]).abs() < 0.05,
            "joint {joint} jumped"
        );
    }
}

#[test]
fn a_servo_that_falls_silent_in_motion_is_a_fault_and_comes_back() {
    let mut rig = enabled();
    let first = rig.heard.states.len();
    motion::run_with(&mut rig, |rig, since| match since.as_millis() {
        600 => rig.bus.suffer(0, Mishap::PowerLost),
        2000 => rig.bus.suffer(0, Mishap::PowerBack),
        _ => {}
    });
    let faults = rig
        .heard
        .events
        .iter()
        .filter(|event| event.kind == EventKind::Fault);
    assert!(faults.count() > 0, "{}", rig.story());
    said_once(&rig, "servo 1 (desk_waist_joint) does not answer");
    said_once(&rig, "all servos of the bus answer");
    assert!(
        rig.worst_measurement(first) < COUNT,
        "{} rad",
        rig.worst_measurement(first)
    );
    rig.enable();
    assert_eq!(rig.state().mode, DriveMode::Enabled, "{}", rig.story());
}

#[test]
fn a_servo_that_overheats_is_a_fault_until_it_has_cooled() {
    let mut rig = enabled();
    rig.bus.suffer(3, Mishap::Heat(Some(80.0)));
    motion::run(&mut rig);
    let overheated = |rig: &Rig| {
        let fault = rig.state().fault;
        let kind = DriveFault::Overheated;
        assert_eq!(fault, Some(Fault::Drive { joint: 3, kind }), "{}", rig.story());
    };
    overheated(&rig);
    rig.enable();
    overheated(&rig);
    rig.bus.suffer(3, Mishap::Heat(None));
    rig.enable();
    assert_eq!(rig.state().mode, DriveMode::Enabled, "{}", rig.story());
}

#[test]
fn a_supply_out_of_its_window_is_named() {
    let mut rig = enabled();
    rig.bus.suffer(1, Mishap::Supply(Some(15.0)));
    rig.run(SECOND, |_| None);
    let fault = rig.state().fault;
    let kind = DriveFault::Overvoltage;
    assert_eq!(fault, Some(Fault::Drive { joint: 1, kind }), "{}", rig.story());
}
