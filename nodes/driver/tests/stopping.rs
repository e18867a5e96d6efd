//! Silence and faults: what the driver does when what it needs stops coming.

mod common;

use common::{Bench, DT, JOINTS, params, quintic};
use servomesh_driver::Input;
use servomesh_types::fault::DriveFault;
use servomesh_types::{Command, CommandMode, DriveMode, EventKind, Fault, Stamp};
use std::time::Duration;

const REST: [f64; JOINTS] = [0.0; JOINTS];

/// Halfway through a motion, at its largest speed.
fn moving() -> Bench {
    let mut bench = Bench::enabled();
    for k in 0..300 {
        let [p, v, a] = quintic(f64::from(k) * DT, 1.2, 1.2);
        bench.track(1, [[0.4 + p, 0.4 - p], [v, -v], [a, -a]]);
        bench.cycle();
    }
    bench
}

#[test]
fn silent_commands_end_in_a_jerk_limited_stop_and_brakes() {
    let mut bench = moving();
    bench.states.clear();
    let speed = bench.joints[0].velocity;
    assert!(speed > 1.5, "{speed}");
    let mut references = Vec::new();
    let mut modes = Vec::new();
    for _ in 0..800 {
        bench.cycle();
        references.push(bench.state().reference[0]);
        if modes.last() != Some(&bench.state().mode) {
            modes.push(bench.state().mode);
        }
        if bench.state().mode == DriveMode::Disabled {
            break;
        }
        assert!(bench.answer().enable);
    }
    assert_eq!(
        modes,
        [DriveMode::Enabled, DriveMode::Stopping, DriveMode::Disabled]
    );
    assert!(!bench.answer().enable);
    let followed = bench
        .states
        .iter()
        .filter(|state| state.mode == DriveMode::Enabled)
        .count();
    assert_eq!(followed, 19, "with the one before: 40 ms at 500 Hz");
    let stopping = bench
        .states
        .iter()
        .find(|state| state.mode == DriveMode::Stopping)
        .unwrap();
    assert!(matches!(stopping.fault, Some(Fault::CommandSilent(_))));
    assert!(bench.heard(EventKind::Fault, "no command for 40 ms"));
    assert!(bench.heard(EventKind::Stopped, "brakes on"));
    // Limits of the bench: 5 rad/s², 50 rad/s³.
    let difference = |x: &[f64]| x.windows(2).map(|w| (w[1] - w[0]) / DT).collect::<Vec<_>>();
    let last = references.len() - 1; // the last one is measured
    let acceleration = difference(&difference(&references[..last]));
    let jerk = difference(&acceleration);
    let most = |x: &[f64]| x.iter().fold(0.0_f64, |max, v| max.max(v.abs()));
    assert!(most(&acceleration) < 5.0 * 1.01, "{}", most(&acceleration));
    assert!(most(&jerk) < 50.0 * 1.01, "{}", most(&jerk));
    // And the joint itself was there.
    let behind = bench
        .states
        .iter()
        .map(|state| state.following_error(0).abs())
        .fold(0.0, f64::max);
    assert!(behind < 1e-3, "{behind}");
}

#[test]
fn an_epoch_that_fell_silent_moves_nothing_any_more() {
    let mut bench = moving();
    bench.cycles(30);
    assert_eq!(bench.state().mode, DriveMode::Stopping);
    let refused = bench.state().refused;
    let here = bench.joints[0].position;
    let there = bench.joints[1].position;
    bench.track(1, [[here, there], REST, REST]);
    bench.cycles(400);
    assert_eq!(bench.state().mode, DriveMode::Disabled);
    assert_eq!(bench.state().refused, refused + 1);
    assert_eq!(bench.state().fault, None, "at rest nothing is wrong");

    let rest = [bench.joints[0].position, bench.joints[1].position];
    bench.hold(1, rest, 5);
    assert_eq!(bench.state().mode, DriveMode::Disabled);
    bench.hold(2, rest, 50);
    assert_eq!(bench.state().mode, DriveMode::Enabled);
}

#[test]
fn a_newer_epoch_takes_over_from_the_driver_s_own_stop_without_a_jump() {
    let mut bench = moving();
    bench.cycles(40);
    assert_eq!(bench.state().mode, DriveMode::Stopping);
    // As a node that seeds itself from the measured motion does it, with a small error.
    let (p, v) = (bench.joints[0].position + 0.01, bench.joints[0].velocity);
    let (q, w) = (bench.joints[1].position, bench.joints[1].velocity);
    let mut last = bench.state().reference[0];
    for k in 0..200 {
        let t = f64::from(k) * DT;
        bench.track(2, [[p + v * t, q + w * t], [v, w], REST]);
        bench.cycle();
        let step = (bench.state().reference[0] - last).abs();
        assert!(step < 1.3 * v * DT + 1e-4, "{step} at {k}");
        last = bench.state().reference[0];
    }
    assert_eq!(bench.state().mode, DriveMode::Enabled, "{:?}", bench.events);
}

#[test]
fn a_silent_bus_is_a_fault_until_a_newer_epoch() {
    let mut bench = Bench::enabled();
    bench.silence(Duration::from_millis(350));
    assert_eq!(bench.state().mode, DriveMode::Faulted);
    assert!(matches!(bench.state().fault, Some(Fault::BusSilent(d)) if d >= Duration::from_millis(100)));
    let told = bench
        .events
        .iter()
        .filter(|event| event.text.contains("no frame from the drives"))
        .count();
    assert_eq!(told, 1, "{:?}", bench.events);
    let published = bench
        .states
        .iter()
        .rev()
        .take_while(|state| state.mode == DriveMode::Faulted)
        .count();
    assert_eq!(published, 3, "the fault is repeated while it lasts");

    bench.hold(1, [0.4; JOINTS], 5);
    assert_eq!(bench.state().mode, DriveMode::Faulted);
    bench.hold(2, [0.4; JOINTS], 20);
    assert_eq!(bench.state().mode, DriveMode::Enabled);
    assert!(bench.heard(EventKind::Recovered, ""));
}

#[test]
fn drives_that_were_never_heard_are_said_once_and_latch_nothing() {
    let mut bench = Bench::new();
    bench.silence(Duration::from_secs(1));
    assert_eq!(bench.events.len(), 1, "{:?}", bench.events);
    assert!(bench.states.is_empty());
    bench.cycle();
    assert_eq!(bench.state().mode, DriveMode::Disabled);
    assert!(bench.heard(EventKind::Recovered, "answer again"));
}

#[test]
fn a_drive_fault_takes_the_torque_off_and_is_cleared_by_a_newer_epoch_only() {
    let mut bench = Bench::enabled();
    bench.fault[1] = Some(DriveFault::Overcurrent);
    bench.hold(1, [0.4; JOINTS], 10);
    assert!(matches!(
        bench.state().fault,
        Some(Fault::Drive {
            joint: 1,
            kind: DriveFault::Overcurrent
        })
    ));
    assert!(!bench.answer().enable && !bench.answer().clear_faults);
    assert!(bench.heard(EventKind::Fault, "joint second: drive: overcurrent"));

    let rest = [bench.joints[0].position, bench.joints[1].position];
    bench.track(2, [rest, REST, REST]);
    bench.cycle();
    assert!(bench.answer().clear_faults && !bench.answer().enable);
    bench.hold(2, rest, 20);
    assert_eq!(bench.state().mode, DriveMode::Enabled);
    assert_eq!(bench.state().fault, None);
}

#[test]
fn a_fault_that_cannot_be_cleared_comes_back() {
    let mut bench = Bench::enabled();
    bench.fault[0] = Some(DriveFault::Other(7));
    bench.clearable = false;
    bench.cycles(5);
    let rest = [bench.joints[0].position, bench.joints[1].position];
    bench.hold(2, rest, 100);
    assert_eq!(bench.state().mode, DriveMode::Faulted);
    assert!(!bench.answer().clear_faults, "it gives up after a while");
    bench.clearable = true;
    bench.hold(2, rest, 20);
    assert_eq!(bench.state().mode, DriveMode::Faulted, "the epoch is used up");
    bench.hold(3, rest, 20);
    assert_eq!(bench.state().mode, DriveMode::Enabled);
}

#[test]
fn a_joint_that_does_not_follow_is_a_fault() {
    let mut bench = Bench::enabled();
    bench.joints[0].wall = 0.4;
    for k in 0..400 {
        let p = 0.4 + 0.5 * DT * f64::from(k);
        bench.track(1, [[p, 0.4], [0.5, 0.0], REST]);
        bench.cycle();
    }
    let Some(Fault::Following(exceeded)) = bench.state().fault else {
        panic!("{:?}", bench.state())
    };
    assert_eq!(exceeded.joint, 0);
    assert!(!bench.answer().enable);
}

#[test]
fn a_hot_winding_is_a_fault() {
    let mut bench = Bench::enabled();
    bench.winding_degc = 111.0;
    bench.cycle();
    assert!(matches!(bench.state().fault, Some(Fault::Overheated(_))));
    bench.hold(2, [0.4; JOINTS], 100);
    assert_eq!(bench.state().mode, DriveMode::Faulted, "a reset does not cool");
    bench.winding_degc = 90.0;
    bench.hold(3, [0.4; JOINTS], 20);
    assert_eq!(bench.state().mode, DriveMode::Enabled);
}

#[test]
fn an_encoder_that_skips_is_a_fault_before_it_is_a_motion() {
    let mut bench = Bench::enabled();
    bench.joints[1].position += 0.09; // within the following limit
    bench.hold(1, [0.4; JOINTS], 1);
    assert!(
        matches!(bench.state().fault, Some(Fault::Velocity(_))),
        "{:?}",
        bench.state().fault
    );
}

#[test]
fn a_frame_that_cannot_be_right_is_a_fault() {
    for spoil in [0, 1] {
        let mut bench = Bench::enabled();
        let mut frame = bench.frame();
        frame.stamp = frame.stamp + common::PERIOD;
        if spoil == 0 {
            frame.position_ticks.pop();
        } else {
            frame.winding_degc[1] = f64::NAN;
        }
        bench.give(Input::Bus(frame));
        assert_eq!(bench.state().mode, DriveMode::Faulted);
        assert!(!bench.answer().enable);
    }
}

#[test]
fn a_frame_that_comes_twice_is_answered_once() {
    let mut bench = Bench::enabled();
    bench.cycle();
    let answers = bench.commands.len();
    let frame = bench.frame();
    bench.give(Input::Bus(frame));
    assert_eq!(bench.commands.len(), answers);
}

#[test]
fn drives_that_lose_their_torque_without_a_word_are_a_fault() {
    let mut bench = Bench::enabled();
    let end = bench.now + Duration::from_secs(1);
    while bench.now < end {
        bench.drives_only();
        bench.track(1, [[0.4; JOINTS], REST, REST]);
        let mut frame = bench.frame();
        frame.enabled = false;
        bench.give(Input::Bus(frame));
    }
    assert!(bench.heard(EventKind::Fault, "power lost"));
    assert_eq!(bench.state().mode, DriveMode::Faulted);
}

#[test]
fn off_means_off_and_uses_the_epoch_up() {
    let mut bench = Bench::enabled();
    let setpoint = bench.setpoint(1, [[0.4; JOINTS], REST, REST]);
    bench.give(Input::Command(Command {
        mode: CommandMode::Off,
        setpoint,
    }));
    bench.cycle();
    assert_eq!(bench.state().mode, DriveMode::Disabled);
    assert!(!bench.answer().enable);
    bench.hold(1, [0.4; JOINTS], 5);
    assert_eq!(bench.state().mode, DriveMode::Disabled);
    bench.hold(2, [0.4; JOINTS], 5);
    assert_eq!(bench.state().mode, DriveMode::Enabled);
}

#[test]
fn a_driver_that_ends_switches_the_drives_off_first() {
    let mut bench = Bench::enabled();
    assert!(bench.answer().enable);
    bench.give(Input::SwitchOff);
    assert!(!bench.answer().enable);
    bench.drives_only();
    assert!(!bench.is_on());
    assert!(bench.heard(EventKind::Stopped, "switched off"));
}

#[test]
fn a_command_is_not_followed_beyond_its_own_life() {
    let mut bench = Bench::enabled();
    let mut setpoint = bench.setpoint(1, [[0.4; JOINTS], REST, REST]);
    setpoint.tag.valid_for = Duration::from_millis(6);
    bench.give(Input::Command(Command {
        mode: CommandMode::Track,
        setpoint,
    }));
    bench.cycles(3);
    assert_eq!(bench.state().mode, DriveMode::Enabled);
    bench.cycle();
    assert_eq!(bench.state().mode, DriveMode::Stopping);
}

#[test]
fn a_bus_that_starts_again_with_an_earlier_clock_is_a_fault() {
    let mut bench = Bench::enabled();
    let mut frame = bench.frame();
    frame.stamp = Stamp::from_millis(2);
    frame.cycle = 1;
    bench.give(Input::Bus(frame));
    assert!(matches!(bench.state().fault, Some(Fault::BusSilent(_))));
    assert_eq!(params().bus_timeout, Duration::from_millis(100));
}

#[test]
fn a_bus_of_another_rate_is_said_once_and_as_long_as_it_lasts() {
    let mut right = Bench::new();
    right.cycles(200);
    assert_eq!(right.driver.other_bus_rate_hz(), None);

    let mut params = params();
    params.group.rate_hz = 1000.0;
    let mut wrong = Bench::with(params);
    wrong.period = common::PERIOD;
    wrong.cycles(300);
    let said: Vec<_> = wrong
        .events
        .iter()
        .filter(|event| event.text.contains("rate_hz is 1000"))
        .collect();
    assert_eq!(said.len(), 1, "{:?}", wrong.events);
    assert!(
        said[0].text.contains("the bus runs at 500.0 Hz"),
        "{}",
        said[0].text
    );
    assert_eq!(wrong.driver.other_bus_rate_hz().map(f64::round), Some(500.0));
}
