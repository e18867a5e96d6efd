//! Whose commands a driver takes, and how it begins.

mod common;

use common::{Bench, DT, JOINTS};
use servomesh_driver::Input;
use servomesh_types::{Command, CommandMode, DriveMode, Epoch, EventKind, HopTimes, Setpoint};
use std::time::Duration;

const REST: [f64; JOINTS] = [0.0; JOINTS];

/// Gives one command that `spoil` changed and says whether it was refused.
fn is_refused(bench: &mut Bench, spoil: impl FnOnce(&mut Setpoint)) -> bool {
    let mut setpoint = bench.setpoint(1, [[0.4; JOINTS], REST, REST]);
    spoil(&mut setpoint);
    let before = bench.state().refused;
    bench.give(Input::Command(Command {
        mode: CommandMode::Track,
        setpoint,
    }));
    bench.cycle();
    bench.state().refused == before + 1
}

#[test]
fn what_cannot_be_followed_is_refused_and_counted() {
    let mut bench = Bench::enabled();
    assert!(!is_refused(&mut bench, |_| {}));
    assert!(is_refused(&mut bench, |s| s.position[1] = f64::NAN));
    assert!(is_refused(&mut bench, |s| s.velocity[0] = f64::INFINITY));
    assert!(is_refused(&mut bench, |s| s.effort = [f64::NAN, 0.0].into()));
    assert!(is_refused(&mut bench, |s| s.effort_limit = [-1.0, 0.0].into()));
    assert!(is_refused(&mut bench, |s| s.position = [0.4].into()));
    assert!(is_refused(&mut bench, |s| s.effort = [0.0].into()));
    assert!(is_refused(&mut bench, |s| s.tag.stamp =
        s.tag.stamp - Duration::from_millis(60)));
    assert!(is_refused(&mut bench, |s| s.tag.stamp =
        s.tag.stamp + Duration::from_millis(60)));
    assert!(
        is_refused(&mut bench, |s| s.tag.stamp =
            s.tag.stamp - Duration::from_millis(40)),
        "overtaken"
    );
    assert!(is_refused(&mut bench, |s| s.tag.epoch = Epoch::NONE));
    assert!(bench.heard(
        EventKind::Fault,
        "command refused: joint second: a value is not a finite number"
    ));
    assert_eq!(bench.state().mode, DriveMode::Enabled);
}

#[test]
fn a_stale_epoch_is_refused_and_counted_and_changes_nothing() {
    let mut bench = Bench::enabled();
    bench.hold(7, [0.4; JOINTS], 5);
    assert_eq!(bench.state().tag.epoch, Epoch(7));
    let answer = *bench.answer();
    assert!(is_refused(&mut bench, |s| s.position[0] = 0.45)); // epoch 1
    assert_eq!(bench.state().tag.epoch, Epoch(7));
    assert!((bench.answer().current_a[0] - answer.current_a[0]).abs() < 0.2);
}

#[test]
fn a_newer_epoch_from_elsewhere_is_refused() {
    let mut bench = Bench::enabled();
    assert!(is_refused(&mut bench, |s| {
        s.tag.epoch = Epoch(2);
        s.position[1] = 0.5;
    }));
    assert_eq!(bench.state().tag.epoch, Epoch(1));
    assert!(
        bench.heard(EventKind::Fault, "joint second: it starts 0.1"),
        "{:?}",
        bench.events
    );
    assert!(!is_refused(&mut bench, |s| {
        s.tag.epoch = Epoch(2);
        s.position[1] = 0.42;
    }));
    assert_eq!(bench.state().tag.epoch, Epoch(2));
}

#[test]
fn nothing_is_taken_before_the_drives_said_where_they_are() {
    let mut bench = Bench::new();
    bench.track(1, [[0.4; JOINTS], REST, REST]);
    bench.cycle();
    assert_eq!(bench.state().mode, DriveMode::Disabled);
    assert_eq!(bench.state().refused, 1);
    assert_eq!(bench.state().tag.epoch, Epoch::NONE);
    bench.hold(1, [0.4; JOINTS], 3);
    assert_eq!(bench.state().mode, DriveMode::Enabled);
}

#[test]
fn a_restarted_driver_begins_where_the_machine_is() {
    let mut bench = Bench::enabled();
    bench.hold(1, [0.4; JOINTS], 200);
    let held = bench.answer().current_a;
    bench.restart_driver();
    bench.cycles(20);
    assert!(!bench.answer().enable, "a new driver waits for its first command");
    assert_eq!(bench.state().tag.epoch, Epoch::NONE);
    // The first command is off by nearly the tolerance: the reference begins where the joint is, and so does the current.
    let from = bench.commands.len();
    let start = bench.joints[0].position;
    bench.hold(2, [0.44, 0.36], 100);
    let currents = &bench.commands[from..];
    assert!(currents[0].enable);
    let jump = (currents[0].current_a[0] - held[0]).abs();
    assert!(jump < 1.0, "{jump} A");
    for pair in currents.windows(2) {
        let step = (pair[1].current_a[0] - pair[0].current_a[0]).abs();
        assert!(step < 0.8, "{step} A in one cycle");
    }
    assert!((bench.states[bench.states.len() - 100].reference[0] - start).abs() < 1e-4);
    bench.hold(2, [0.44, 0.36], 400);
    assert!((bench.joints[0].position - 0.44).abs() < 5e-4);
}

#[test]
fn the_hop_times_of_the_command_in_use_are_passed_on() {
    let mut bench = Bench::enabled();
    let hops = HopTimes {
        born_ns: 1,
        gated_ns: 2,
        received_ns: 3,
        applied_ns: 0,
    };
    assert!(!is_refused(&mut bench, |s| s.tag.hops = hops));
    assert_eq!(bench.state().tag.hops, hops);
    bench.cycle();
    assert_eq!(bench.state().tag.hops, hops, "until there is a newer one");
    assert!(is_refused(&mut bench, |s| {
        s.tag.hops.born_ns = 9;
        s.tag.epoch = Epoch::NONE;
    }));
    assert_eq!(bench.state().tag.hops, hops);
}

#[test]
fn what_begins_with_an_acceleration_is_followed_without_lagging_behind() {
    let mut bench = Bench::enabled();
    bench.restart_driver();
    bench.cycles(20);
    let start = bench.joints[0].position;
    for cycle in 0..50 {
        let t = f64::from(cycle) * DT;
        let motion = [start + 2.0 * t * t, 4.0 * t, 4.0].map(|value| [value; JOINTS]);
        bench.track(2, motion);
        bench.cycle();
    }
    // 0.1 s later it is as fast as it was told to be, and 20 mrad away.
    let lag = start + 2.0 * (50.0 * DT).powi(2) - bench.state().reference[0];
    assert!(lag.abs() < 1e-3, "{lag} rad");
}
