//! The desk arm with SCS0009 servos, which are read one by one: what is followed, and what a bad line does to it.

use servomesh_devices::Bus;
use servomesh_devices::feetech::Servo;
use servomesh_driver::Driver;
use servomesh_driver::backends::Backend;
use servomesh_driver::backends::feetech::{Feetech, Settings};
use servomesh_fieldbus::feetech::scs0009;
use servomesh_robot::Model;
use servomesh_types::DriveMode;

use crate::conformance::{self, SECOND, SPOILT_BYTES};
use crate::desk::{BAUD, BEGIN, JOINTS, URDF, bus, group, machine};
use crate::motion;
use crate::rig::Rig;

const SERVOS: &str = include_str!("scs_arm.servos.yaml");
/// Of the bus \[Hz\]: six answers that may each be 0.3 ms late, and the goals, take 4.2 ms.
const RATE_HZ: f64 = 200.0;
/// Counts in a turn: 1024 over 300°.
const COUNTS: f64 = 1228.8;
const COUNT: f64 = std::f64::consts::TAU / COUNTS;

/// The arm with its widest joints within what the potentiometers see.
fn model() -> Model {
    let narrow = r#"lower="-2.4" upper="2.4""#;
    Model::from_urdf_str(&URDF.replace(r#"lower="-3.0" upper="3.0""#, narrow)).unwrap()
}

fn driver(servos: &str) -> (Driver, Settings) {
    let settings = |servos: &str, params: &mut _| Settings::of_file(servos, bus(BAUD), params).unwrap();
    group(&model(), servos, 0..JOINTS, RATE_HZ, Backend::Feetech).driver(settings)
}

fn arm((core, settings): (Driver, Settings), there: impl Fn(u8) -> bool) -> Rig {
    let machine = machine(SERVOS);
    let mut bus = Bus::new(BEGIN, BAUD);
    for (number, joint) in (1..).zip(model().joints()) {
        if there(number) {
            let motor = machine.motor(&joint.name, 1.0).unwrap();
            bus.add(Servo::of(&scs0009::MODEL, number, BAUD).unwrap(), motor);
        }
    }
    let link = Box::new(Feetech::new(settings).unwrap());
    Rig::new("feetech, SCS", (core, link), machine, bus, COUNTS)
}

/// The arm, opened and switched on.
fn enabled() -> Rig {
    arm(driver(SERVOS), |_| true).opened()
}

/// The same, with duty cycles.
fn in_pwm() -> Rig {
    let servos = SERVOS.replace("model: SCS0009", "model: SCS0009, mode: pwm");
    arm(driver(&servos), |_| true).opened()
}

#[test]
fn the_arm_is_opened_switched_on_and_held() {
    let rig = enabled();
    conformance::is_held(&rig, 8.0..8.5);
    assert_eq!(rig.heard.faults(), 0, "{}", rig.story());
}

#[test]
fn a_motion_is_followed_and_the_lag_that_is_allowed_for_is_the_servos() {
    let with_lag = |lag: &str| {
        let servos = SERVOS.replace("lag_s: 0.067", lag);
        motion::run(&mut arm(driver(&servos), |_| true).opened())
    };
    let own = conformance::follows(enabled());
    println!("{own:?}");
    assert!(own.rms < 0.011 && own.worst < 0.04, "{own:?}");
    for lag in ["lag_s: 0.05", "lag_s: 0.085"] {
        let other = with_lag(lag);
        assert!(own.rms < other.rms, "{own:?}, {other:?} with {lag}");
    }
}

#[test]
fn duty_cycles_are_followed_too() {
    let error = conformance::follows(in_pwm());
    println!("pwm: {error:?}");
    assert!(error.rms < 0.011, "{error:?}");
}

#[test]
fn one_lost_reply_in_a_hundred_makes_no_jump_no_fault_and_less_than_twice_the_error() {
    for arm in [enabled, in_pwm] {
        conformance::bears_lost_answers(arm, 1..=3, 0.5 / RATE_HZ);
    }
}

#[test]
fn a_line_that_spoils_bytes_never_makes_a_position() {
    conformance::makes_nothing_up(enabled, 1..=6, SPOILT_BYTES, 400);
}

#[test]
fn answers_that_are_held_up_are_never_taken_for_newer_ones() {
    conformance::knows_answers_that_were_held_up(enabled, 1..=3);
}

#[test]
fn unplugged_for_a_fifth_of_a_second_the_arm_stops_and_goes_on_after_a_reset() {
    conformance::bears_an_unplugged_port(enabled());
}

#[test]
fn a_servo_that_is_missing_at_the_start_is_named_once_with_advice() {
    conformance::names_who_is_missing(arm(driver(SERVOS), |number| number != 4), "servo");
}

#[test]
fn two_servos_with_one_id_are_named() {
    conformance::names_servos_with_one_id(arm(driver(SERVOS), |_| true));
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
fn a_driver_that_dies_leaves_servos_that_stop_at_a_goal_nearby_and_hold_it() {
    let (mut rig, there) = conformance::stops_without_its_driver(enabled());
    let after = rig.truth();
    let most = (0..JOINTS).map(|joint| (after[joint] - there[joint]).abs());
    let most = most.fold(0.0, f64::max);
    println!("{most} rad");
    assert!(most < 0.12, "{most} rad");
    rig.run(SECOND, |_| None);
    let held = rig.truth();
    for joint in 0..JOINTS {
        assert!(
            (held[joint] - after[joint]).abs() < 3.0 * COUNT,
            "joint {joint} is held"
        );
    }
}
