//! Servos that are not there, not what they should be, or not what they were: what is said, and that nothing is made up.

use std::time::Duration;

use servomesh_devices::{Mishap, Wire};
use servomesh_types::fault::DriveFault;
use servomesh_types::{DriveMode, EventKind, Fault};

use crate::desk::SERVOS;
use crate::rig::Rig;
use crate::{COUNT, motion};

fn second() -> Duration {
    Duration::from_secs(1)
}

fn said(rig: &Rig, part: &str) -> usize {
    let notices = rig.heard.notices.iter();
    notices.filter(|notice| notice.text.contains(part)).count()
}

#[test]
fn a_servo_that_is_missing_at_the_start_is_named_once_with_advice() {
    let mut rig = Rig::with(SERVOS, 500.0, |number| number != 4);
    rig.run(3 * second(), |_| None);
    assert!(
        rig.heard.states.is_empty(),
        "a group is not there before all of its joints are"
    );
    assert_eq!(
        said(
            &rig,
            "servo 4 (desk_forearm_roll_joint) does not answer: is it powered"
        ),
        1,
        "{}",
        rig.story()
    );
    assert_eq!(rig.heard.notices.len(), 1, "{}", rig.story());
}

#[test]
fn two_servos_with_one_id_are_named() {
    let mut rig = Rig::with(SERVOS, 500.0, |_| true);
    rig.bus.suffer(1, Mishap::Id(1));
    rig.run(3 * second(), |_| None);
    assert_eq!(
        said(
            &rig,
            "servo 1 (desk_waist_joint): its answers are garbled, as when two servos have one id"
        ),
        1,
        "{}",
        rig.story()
    );
    assert_eq!(
        said(&rig, "servo 2 (desk_shoulder_joint) does not answer"),
        1,
        "{}",
        rig.story()
    );
    assert!(rig.heard.states.is_empty());
}

#[test]
fn another_model_than_the_file_says_is_refused() {
    let servos = SERVOS.replace("id: 5, model: XM430-W350", "id: 5, model: XL330-M288");
    let mut rig = Rig::with(&servos, 500.0, |_| true);
    rig.run(second(), |_| None);
    assert_eq!(
        said(
            &rig,
            "servo 5 (desk_wrist_pitch_joint) is XM430-W350, but XL330-M288 is configured"
        ),
        1,
        "{}",
        rig.story()
    );
}

#[test]
fn a_joint_that_is_faster_than_its_servo_is_refused() {
    let servos = SERVOS.replace("id: 3, model: XM540-W270", "id: 3");
    let mut rig = Rig::with(&servos, 500.0, |_| true);
    rig.run(second(), |_| None);
    assert!(rig.heard.notices.is_empty(), "{}", rig.story());
    let (_, mut settings) = crate::desk::driver(SERVOS, 500.0);
    settings.servos[2].ticks_per_s = 5.0 * 4096.0 / std::f64::consts::TAU;
    let mut rig = Rig::linked(settings);
    rig.run(second(), |_| None);
    assert_eq!(
        said(
            &rig,
            "servo 3 (desk_elbow_joint): a velocity of 5.000 rad/s is beyond what the servo takes, 3.142 rad/s"
        ),
        1,
        "{}",
        rig.story()
    );
}

#[test]
fn a_servo_that_reboots_in_motion_is_never_believed_before_it_is_set_up_again() {
    let mut rig = Rig::enabled(500.0);
    let first = rig.heard.states.len();
    motion::run_with(&mut rig, |rig, since| {
        if since.as_millis() == 600 {
            rig.bus.suffer(2, Mishap::Reboot);
        }
    });
    assert_eq!(rig.state().mode, DriveMode::Faulted, "{}", rig.story());
    assert!(
        rig.worst_measurement(first) < COUNT,
        "{} rad\n{}",
        rig.worst_measurement(first),
        rig.story()
    );
    rig.enable();
    assert_eq!(rig.state().mode, DriveMode::Enabled, "{}", rig.story());
}

#[test]
fn a_servo_that_falls_silent_in_motion_is_a_fault_and_comes_back() {
    let mut rig = Rig::enabled(500.0);
    let first = rig.heard.states.len();
    motion::run_with(&mut rig, |rig, since| match since.as_millis() {
        600 => rig.bus.suffer(0, Mishap::PowerLost),
        2000 => rig.bus.suffer(0, Mishap::PowerBack),
        _ => {}
    });
    let story = rig.story();
    assert!(
        rig.heard
            .events
            .iter()
            .any(|event| event.kind == EventKind::Fault),
        "{story}"
    );
    assert_eq!(
        said(&rig, "servo 1 (desk_waist_joint) does not answer"),
        1,
        "{story}"
    );
    assert_eq!(said(&rig, "all servos of the bus answer"), 1, "{story}");
    assert!(
        rig.worst_measurement(first) < COUNT,
        "{} rad\n{story}",
        rig.worst_measurement(first)
    );
    rig.enable();
    assert_eq!(rig.state().mode, DriveMode::Enabled, "{}", rig.story());
}

#[test]
fn a_servo_that_overheats_shuts_down_and_is_rebooted_by_a_reset() {
    let mut rig = Rig::enabled(500.0);
    rig.bus.suffer(3, Mishap::Heat(Some(90.0)));
    motion::run(&mut rig);
    let fault = rig.state().fault;
    assert!(
        matches!(
            fault,
            Some(
                Fault::Drive {
                    joint: 3,
                    kind: DriveFault::Overheated
                } | Fault::Overheated(_)
            )
        ),
        "{fault:?}: {}",
        rig.story()
    );
    rig.bus.suffer(3, Mishap::Heat(None));
    rig.enable();
    assert_eq!(rig.state().mode, DriveMode::Enabled, "{}", rig.story());
}

#[test]
fn a_driver_that_dies_leaves_servos_that_stop_by_their_own_watchdogs() {
    let mut rig = Rig::enabled(500.0);
    motion::run_with(&mut rig, |rig, since| {
        if since.as_millis() == 700 {
            rig.die();
        }
    });
    let speed = rig.machine.look(|plant| plant.velocities().to_vec());
    assert!(speed.iter().all(|speed| speed.abs() < 1e-2), "{speed:?}");
}
