//! Servos that are not there, not what they should be, or not what they were: what is said, and that nothing is made up.

use servomesh_devices::{Dynamixel as Servo, Mishap};
use servomesh_types::fault::DriveFault;
use servomesh_types::{DriveMode, Fault};

use super::{arm, arm_of, driver, enabled, servo, whole};
use crate::conformance::{self, SECOND};
use crate::desk::{BAUD, JOINTS, SERVOS};
use crate::motion;
use crate::rig::{MILLISECOND, Rig};

#[test]
fn a_servo_that_is_missing_at_the_start_is_named_once_with_advice() {
    conformance::names_who_is_missing(arm(whole(SERVOS), |number| number != 4), "servo");
}

#[test]
fn two_servos_with_one_id_are_named() {
    conformance::names_servos_with_one_id(arm(whole(SERVOS), |_| true));
}

#[test]
fn another_model_than_the_file_says_is_refused() {
    let other = SERVOS.replace("id: 5, model: XM430-W350", "id: 5, model: XL330-M288");
    conformance::is_refused(
        arm(whole(&other), |_| true),
        "servo 5 (desk_wrist_pitch_joint) is XM430-W350, but XL330-M288 is configured",
    );
}

#[test]
fn a_joint_that_is_faster_than_its_servo_is_refused() {
    let any = SERVOS.replace("id: 3, model: XM540-W270", "id: 3");
    let mut rig = arm(whole(&any), |_| true);
    rig.run(SECOND, |_| None);
    assert!(rig.heard.notices.is_empty(), "{}", rig.story());
    let (core, mut settings) = whole(SERVOS);
    settings.servos[2].ticks_per_s = 5.0 * 4096.0 / std::f64::consts::TAU;
    conformance::is_refused(
        arm((core, settings), |_| true),
        "servo 3 (desk_elbow_joint): a velocity of 5.000 rad/s is beyond what the servo takes, 3.142 rad/s",
    );
}

#[test]
fn a_servo_that_reboots_in_motion_is_never_believed_before_it_is_set_up_again() {
    let mut rig = conformance::notices_a_reboot(enabled(), "servo");
    rig.enable();
    rig.assert_mode(DriveMode::Enabled);
}

#[test]
fn a_servo_that_falls_silent_in_motion_is_a_fault_and_comes_back() {
    conformance::notices_silence(enabled(), "servo");
}

#[test]
fn a_servo_that_overheats_shuts_down_and_is_rebooted_by_a_reset() {
    let mut rig = enabled();
    rig.bus.suffer(3, Mishap::Heat(Some(90.0)));
    motion::run(&mut rig);
    let fault = rig.state().fault;
    let kind = DriveFault::Overheated;
    assert!(
        matches!(fault, Some(Fault::Overheated(_))) || fault == Some(Fault::Drive { joint: 3, kind }),
        "{fault:?}: {}",
        rig.story()
    );
    rig.bus.suffer(3, Mishap::Heat(None));
    rig.enable();
    rig.assert_mode(DriveMode::Enabled);
}

#[test]
fn servos_that_know_no_fast_reads_are_read_one_by_one() {
    let rig = slower(old);
    rig.assert_said("no servo answers a fast read: reading them one by one");
    let (separate, joined) = (conformance::follows(rig), conformance::follows(slower(new)));
    println!("separate {separate:?}, joined {joined:?}");
    assert!(separate.rms < 1.25 * joined.rms && separate.worst < 1.5 * joined.worst);
    conformance::bears_an_unplugged_port(slower(old));
}

#[test]
fn a_hardware_error_is_noticed_as_soon_whoever_answers_after_it() {
    let noticed = |servo| {
        let mut rig = slower(servo);
        let (before, here) = (rig.now, rig.truth());
        rig.bus.suffer(0, Mishap::Heat(Some(90.0)));
        while rig.state().fault.is_none() {
            rig.run(MILLISECOND, |_| Some([here, [0.0; JOINTS], [0.0; JOINTS]]));
            assert!(rig.now < before + SECOND, "{}", rig.story());
        }
        let kind = DriveFault::Overheated;
        assert_eq!(
            rig.state().fault,
            Some(Fault::Drive { joint: 0, kind }),
            "{}",
            rig.story()
        );
        rig.now.since(before)
    };
    let (joined, separate) = (noticed(new), noticed(old));
    println!("joined {joined:?}, separate {separate:?}");
    assert!(
        separate <= joined + 4 * MILLISECOND,
        "{separate:?} against {joined:?}"
    );
}

/// The arm with these servos by their places, opened and switched on, on a bus that has time for separate answers.
fn slower(servo: fn(usize) -> Servo) -> Rig {
    let core = driver(SERVOS, 0..JOINTS, SLOWER_HZ, BAUD);
    arm_of(core, |_, place| Some(servo(place))).opened()
}

fn new(place: usize) -> Servo {
    servo(place, BAUD)
}

/// With a firmware from before fast reads.
fn old(place: usize) -> Servo {
    new(place).without_fast_reads()
}

/// What a bus has time for on which all answer by themselves \[Hz\].
const SLOWER_HZ: f64 = 250.0;
