//! What is followed, how well, and what a bad line does to it.

use std::time::Duration;

use servomesh_devices::LineFaults;
use servomesh_types::{DriveMode, EventKind, JointVec};

use super::{RATE_HZ, SERVOS, STILL, arm, enabled};
use crate::desk::JOINTS;
use crate::{COUNT, motion};

#[test]
fn the_arm_is_opened_switched_on_and_held() {
    let rig = enabled();
    let state = rig.state();
    assert_eq!(state.mode, DriveMode::Enabled, "{}", rig.story());
    assert!(
        rig.worst_measurement(0) < COUNT,
        "{} rad",
        rig.worst_measurement(0)
    );
    let within =
        |values: &JointVec, low: f64, high: f64| values.iter().all(|value| (low..high).contains(value));
    assert!(within(&state.voltage_v, 11.5, 12.1), "{state:?}");
    assert!(within(&state.temperature_degc, 24.0, 30.0), "{state:?}");
    assert!(rig.heard.notices.is_empty(), "{}", rig.story());
}

#[test]
fn a_motion_is_followed_and_the_lag_that_is_allowed_for_is_the_servos() {
    let with_lag = |lag_s: f64| {
        let servos = SERVOS.replace("model: STS3215", &format!("model: STS3215, lag_s: {lag_s}"));
        motion::run(&mut arm(&servos, |_| true).opened())
    };
    let mut rig = enabled();
    let own = motion::run(&mut rig);
    assert_eq!(rig.state().mode, DriveMode::Enabled, "{}", rig.story());
    assert!(
        rig.worst_measurement(0) < COUNT,
        "{} rad",
        rig.worst_measurement(0)
    );
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
        let mut rig = arm(&servos, |_| true).opened();
        let error = motion::run(&mut rig);
        println!("{mode}: {error:?}");
        assert_eq!(rig.state().mode, DriveMode::Enabled, "{mode}: {}", rig.story());
        assert!(error.rms < most * own.rms, "{mode}: {error:?}, position: {own:?}");
    }
}

#[test]
fn one_lost_reply_in_a_hundred_makes_no_jump_no_fault_and_less_than_twice_the_error() {
    let whole = motion::run(&mut enabled());
    for seed in 1..=3 {
        let mut rig = enabled();
        let first = rig.heard.states.len();
        rig.bus.set_seed(seed);
        rig.set_faults(&LineFaults {
            lost: 0.01,
            ..LineFaults::default()
        });
        let lossy = motion::run(&mut rig);
        println!("whole {whole:?}, one in a hundred lost {lossy:?}");
        assert_eq!(
            rig.state().mode,
            DriveMode::Enabled,
            "seed {seed}: {}",
            rig.story()
        );
        assert!(
            lossy.rms < 2.0 * whole.rms && lossy.worst < 2.0 * whole.worst,
            "seed {seed}: {whole:?}, {lossy:?}"
        );
        assert!(rig.worst_measurement(first) < COUNT, "seed {seed}");
        let states = rig.heard.states[first..].iter();
        let aged = states
            .filter(|state| state.age_s.max_abs() > 0.5 / RATE_HZ)
            .count();
        assert!(aged > 5, "seed {seed}: {aged} states with something missing");
        let events = rig.heard.events.iter();
        let faults = events.filter(|event| event.kind == EventKind::Fault);
        assert_eq!(faults.count(), 0, "seed {seed}: {}", rig.story());
    }
}

#[test]
fn a_line_that_spoils_bytes_never_makes_a_position() {
    for seed in 1..=6 {
        let mut rig = enabled();
        let first = rig.heard.states.len();
        rig.bus.set_seed(seed);
        rig.set_faults(&LineFaults {
            lost: 0.02,
            late: 0.02,
            late_s: 0.0015,
            truncated: 0.02,
            corrupted: 0.05,
            duplicated: 0.02,
        });
        motion::run(&mut rig);
        assert!(
            rig.heard.states.len() > first + 500,
            "seed {seed}: {}",
            rig.story()
        );
        let worst = rig.worst_measurement(first);
        assert!(
            worst < COUNT,
            "seed {seed}: {worst} rad from the truth\n{}",
            rig.story()
        );
    }
}

#[test]
fn unplugged_for_a_fifth_of_a_second_the_arm_stops_and_goes_on_after_a_reset() {
    let mut rig = enabled();
    let first = rig.heard.states.len();
    motion::run_with(&mut rig, |rig, since| match since.as_millis() {
        700 => rig.set_plugged(false),
        900 => rig.set_plugged(true),
        _ => {}
    });
    assert_eq!(rig.state().mode, DriveMode::Faulted, "{}", rig.story());
    assert!(rig.fastest() < STILL, "{} rad/s", rig.fastest());
    assert!(
        rig.worst_measurement(first) < COUNT,
        "{} rad",
        rig.worst_measurement(first)
    );
    let story = rig.story();
    assert!(story.contains("no frame from the drives"), "{story}");

    let before = rig.truth();
    rig.enable();
    assert_eq!(rig.state().mode, DriveMode::Enabled, "{}", rig.story());
    let after = rig.truth();
    for joint in 0..JOINTS {
        assert!(
            (after[joint] - before[joint]).abs() < 0.01,
            "joint {joint} jumped: {before:?} {after:?}"
        );
    }
}

/// An STS servo has no watchdog: it goes to its last goal, which is never far, and holds it.
#[test]
fn a_driver_that_dies_leaves_servos_that_stop_at_a_goal_nearby_and_hold_it() {
    let mut rig = enabled();
    let mut there = [0.0; JOINTS];
    motion::run_with(&mut rig, |rig, since| {
        if since.as_millis() == 700 {
            there = rig.truth();
            rig.die();
        }
    });
    assert!(rig.fastest() < STILL, "{} rad/s", rig.fastest());
    let after = rig.truth();
    let most = (0..JOINTS).map(|joint| (after[joint] - there[joint]).abs());
    let most = most.fold(0.0, f64::max);
    println!("{most} rad");
    assert!(most < 0.06, "{most} rad");
    rig.run(Duration::from_secs(1), |_| None);
    let held = rig.truth();
    for joint in 0..JOINTS {
        assert!(
            (held[joint] - after[joint]).abs() < 3.0 * COUNT,
            "joint {joint} is held"
        );
    }
}
