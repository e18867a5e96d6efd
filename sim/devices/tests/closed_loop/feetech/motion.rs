//! What is followed, how well, and what a bad line does to it.

use servomesh_types::DriveMode;

use super::{COUNT, RATE_HZ, SERVOS, arm, driver, enabled};
use crate::conformance::{self, SECOND, SPOILT_BYTES};
use crate::desk::JOINTS;
use crate::motion;

#[test]
fn the_arm_is_opened_switched_on_and_held() {
    let rig = enabled();
    conformance::is_held(&rig, 11.5..12.1);
    assert_eq!(rig.heard.faults(), 0, "{}", rig.story());
}

#[test]
fn a_motion_is_followed_and_the_lag_that_is_allowed_for_is_the_servos() {
    let with_lag = |lag_s: f64| {
        let servos = SERVOS.replace("model: STS3215", &format!("model: STS3215, lag_s: {lag_s}"));
        motion::run(&mut arm(driver(&servos), |_| true).opened())
    };
    let own = conformance::follows(enabled());
    println!("{own:?}");
    assert!(own.rms < 0.009 && own.worst < 0.04, "{own:?}");
    for lag_s in [0.015, 0.035] {
        let other = with_lag(lag_s);
        assert!(own.rms < other.rms, "{own:?}, {other:?} with {lag_s} s");
    }
}

#[test]
fn speeds_and_duty_cycles_are_followed_too() {
    let own = motion::run(&mut enabled());
    for (mode, most) in [("velocity", 2.5), ("pwm", 1.5)] {
        let servos = SERVOS.replace("model: STS3215", &format!("model: STS3215, mode: {mode}"));
        let mut rig = arm(driver(&servos), |_| true).opened();
        let error = motion::run(&mut rig);
        println!("{mode}: {error:?}");
        rig.assert_mode(DriveMode::Enabled);
        assert!(error.rms < most * own.rms, "{mode}: {error:?}, position: {own:?}");
    }
}

#[test]
fn one_lost_reply_in_a_hundred_makes_no_jump_no_fault_and_less_than_twice_the_error() {
    conformance::bears_lost_answers(enabled, 1..=3, 0.5 / RATE_HZ);
}

#[test]
fn a_line_that_spoils_bytes_never_makes_a_position() {
    conformance::makes_nothing_up(enabled, 1..=6, SPOILT_BYTES, 500);
}

#[test]
fn answers_that_are_held_up_are_never_taken_for_newer_ones() {
    conformance::knows_answers_that_were_held_up(enabled, 1..=3);
}

#[test]
fn unplugged_for_a_fifth_of_a_second_the_arm_stops_and_goes_on_after_a_reset() {
    conformance::bears_an_unplugged_port(enabled());
}

/// An STS servo has no watchdog: it goes to its last goal, which is never far, and holds it.
#[test]
fn a_driver_that_dies_leaves_servos_that_stop_at_a_goal_nearby_and_hold_it() {
    let (mut rig, there) = conformance::stops_without_its_driver(enabled());
    let after = rig.truth();
    let most = (0..JOINTS).map(|joint| (after[joint] - there[joint]).abs());
    let most = most.fold(0.0, f64::max);
    println!("{most} rad");
    assert!(most < 0.06, "{most} rad");
    rig.run(SECOND, |_| None);
    let held = rig.truth();
    for joint in 0..JOINTS {
        assert!(
            (held[joint] - after[joint]).abs() < 3.0 * COUNT,
            "joint {joint} is held"
        );
    }
}
