//! The closed loop over the wire: the driver's own core and link against devices that answer byte for byte as DYNAMIXEL servos do.

#![allow(clippy::unwrap_used)] // a test that fails says where

mod desk;
mod feetech;
mod motion;
mod rig;
mod topics;
mod trouble;

use desk::JOINTS;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rig::Rig;
use servomesh_devices::LineFaults;
use servomesh_types::{DriveMode, EventKind};
use std::time::Duration;

/// One count of an encoder \[rad\].
const COUNT: f64 = std::f64::consts::TAU / 4096.0;

#[test]
fn the_arm_is_opened_switched_on_and_held() {
    let rig = Rig::enabled(500.0);
    let state = rig.state();
    assert_eq!(state.mode, DriveMode::Enabled, "{}", rig.story());
    assert!(
        rig.worst_measurement(0) < COUNT,
        "{} rad",
        rig.worst_measurement(0)
    );
    assert!(
        state.voltage_v.iter().all(|volts| (11.0..12.1).contains(volts)),
        "{state:?}"
    );
    assert!(
        state
            .temperature_degc
            .iter()
            .all(|degc| (24.0..30.0).contains(degc)),
        "{state:?}"
    );
    assert!(rig.heard.notices.is_empty(), "{}", rig.story());
}

#[test]
fn a_motion_is_followed_as_well_as_over_topics() {
    let topics = topics::run(desk::SERVOS);
    let mut rig = Rig::enabled(500.0);
    let wire = motion::run(&mut rig);
    assert_eq!(rig.state().mode, DriveMode::Enabled, "{}", rig.story());
    println!("topics {topics:?}, wire {wire:?}");
    assert!(
        wire.rms < 1.25 * topics.rms && wire.worst < 1.5 * topics.worst,
        "topics {topics:?}, wire {wire:?}"
    );
    assert!(
        rig.worst_measurement(0) < COUNT,
        "{} rad",
        rig.worst_measurement(0)
    );
}

#[test]
fn one_lost_reply_in_a_hundred_makes_no_jump_no_fault_and_less_than_twice_the_error() {
    let whole = motion::run(&mut Rig::enabled(500.0));
    for seed in 1..=3 {
        let mut rig = Rig::enabled(500.0);
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
        let aged = rig.heard.states[first..]
            .iter()
            .filter(|state| state.age_s.max_abs() > 0.0)
            .count();
        assert!(aged > 5, "seed {seed}: {aged} states with something missing");
        let events = rig
            .heard
            .events
            .iter()
            .filter(|event| event.kind == EventKind::Fault);
        assert_eq!(events.count(), 0, "seed {seed}: {}", rig.story());
    }
}

#[test]
fn a_line_that_spoils_bytes_never_makes_a_position() {
    for seed in 1..=3 {
        let mut rig = Rig::enabled(500.0);
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
            rig.heard.states.len() > first + 1000,
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
fn answers_that_are_held_up_are_never_taken_for_newer_ones() {
    for seed in 1..=3 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut rig = Rig::enabled(500.0);
        let (first, told) = (rig.heard.states.len(), rig.heard.notices.len());
        motion::run_with(&mut rig, |rig, since| {
            if since.as_millis().is_multiple_of(80) {
                rig.hold_answers(Duration::from_micros(random.random_range(1_000..40_000)));
            }
        });
        let worst = rig.worst_measurement(first);
        assert!(
            worst < COUNT,
            "seed {seed}: {worst} rad from the truth\n{}",
            rig.story()
        );
        let notices = &rig.heard.notices[told..];
        assert!(notices.is_empty(), "seed {seed}: {}", rig.story());
    }
}

#[test]
fn unplugged_for_a_fifth_of_a_second_the_arm_stops_and_goes_on_after_a_reset() {
    let mut rig = Rig::enabled(500.0);
    let first = rig.heard.states.len();
    motion::run_with(&mut rig, |rig, since| match since.as_millis() {
        700 => rig.set_plugged(false),
        900 => rig.set_plugged(true),
        _ => {}
    });
    let state = *rig.state();
    assert_eq!(state.mode, DriveMode::Faulted, "{}", rig.story());
    let speed = rig.machine.look(|plant| plant.velocities().to_vec());
    // Without brakes it creeps within the play of its gears, some milliradians a second.
    assert!(speed.iter().all(|speed| speed.abs() < 1e-2), "{speed:?}");
    assert!(
        rig.worst_measurement(first) < COUNT,
        "{} rad",
        rig.worst_measurement(first)
    );

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
    assert!(
        rig.story().contains("no frame from the drives"),
        "{}",
        rig.story()
    );
}
