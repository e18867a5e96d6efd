//! Drives that close more loops than that of the current: what they are told.

mod common;

use common::{Bench, DT, JOINTS, params, quintic};
use servomesh_driver::bus::Closes;
use servomesh_driver::{Config, DriverParams, Input};
use servomesh_types::{Command, CommandMode, DriveMode, JointVec};
use std::time::Duration;

fn bench(closes: Closes) -> Bench {
    let mut params: DriverParams = params();
    for joint in &mut params.joints {
        joint.closes = closes;
    }
    let mut bench = Bench::with(params);
    bench.cycles(3);
    bench
}

/// Follows a quintic for 1.2 s; the largest distance of the first joint from it on the way.
fn worst(bench: &mut Bench) -> f64 {
    let mut worst: f64 = 0.0;
    for k in 0..700 {
        let [p, v, a] = quintic(k as f64 * DT, 1.2, 1.2);
        bench.track(1, [[0.4 + p; JOINTS], [v; JOINTS], [a; JOINTS]]);
        bench.cycle();
        let [p, ..] = quintic((k + 1) as f64 * DT, 1.2, 1.2);
        worst = worst.max((bench.joints[0].position - 0.4 - p).abs());
    }
    assert_eq!(bench.state().mode, DriveMode::Enabled, "{:?}", bench.events);
    worst
}

#[test]
fn a_drive_that_closes_its_position_is_told_the_goal_ahead_by_its_lag() {
    // The bench's drives follow an even motion 1/100 s late, and 1/400 s more for their velocity loop.
    let left_alone = worst(&mut bench(Closes::Position { lag_s: 0.0 }));
    let led = worst(&mut bench(Closes::Position { lag_s: 0.01 }));
    assert!(left_alone > 0.015, "{left_alone} rad");
    assert!(led < 0.5 * left_alone, "{led} rad against {left_alone}");
}

#[test]
fn a_drive_that_closes_its_velocity_follows_what_the_driver_closes_around_it() {
    let worst = worst(&mut bench(Closes::Velocity));
    assert!(worst < 0.02, "{worst} rad");
}

#[test]
fn the_current_of_such_a_drive_is_what_the_effort_limit_allows() {
    let mut bench = bench(Closes::Position { lag_s: 0.0 });
    let mut setpoint = bench.setpoint(1, [[0.4; JOINTS], [0.0; JOINTS], [0.0; JOINTS]]);
    setpoint.effort_limit = JointVec::from([10.0, 20.0]);
    bench.give(Input::Command(Command {
        mode: CommandMode::Track,
        setpoint,
    }));
    bench.cycle();
    let actuator = params().joints[0].actuator;
    let most = &bench.answer().current_a;
    assert!((most[0] - actuator.current_a(10.0)).abs() < 1e-9);
    assert!(
        (most[1] - actuator.current_a(20.0)).abs() < 1e-9,
        "{most:?}: no sign"
    );
}

#[test]
fn a_goal_is_for_the_middle_of_the_time_in_which_it_acts() {
    const SPEED: f64 = 0.5;
    let goal_ahead_of_the_frame = |acts_after: Option<Duration>| {
        let mut bench = bench(Closes::Position { lag_s: 0.0 });
        let even = |k: f64| [[0.4 + SPEED * DT * k; JOINTS], [SPEED; JOINTS], [0.0; JOINTS]];
        for k in 0..1500 {
            bench.track(1, even(f64::from(k)));
            bench.cycle();
        }
        bench.drives_only();
        let mut frame = bench.frame();
        frame.acts = acts_after.map(|after| frame.stamp + after);
        bench.give(Input::Bus(frame));
        let actuator = params().joints[0].actuator;
        // The last command was for two cycles before this frame.
        let off = bench.answer().position_ticks[0] - actuator.ticks(even(1501.0)[0][0]);
        off / actuator.ticks_per_s(SPEED)
    };
    let hold = 0.5 * DT;
    for (acts_after_us, expected) in [
        (None, DT),
        (Some(0), 0.0),
        (Some(600), 6e-4),
        (Some(1500), 1.5e-3),
    ] {
        let ahead = goal_ahead_of_the_frame(acts_after_us.map(Duration::from_micros));
        assert!(
            (ahead - expected - hold).abs() < 1e-6,
            "{acts_after_us:?}: {ahead} s ahead"
        );
    }
}

#[test]
fn a_lag_that_no_drive_has_is_refused() {
    let mut params = params();
    params.joints[1].closes = Closes::Position { lag_s: f64::NAN };
    let error = Config::new(params).unwrap_err().to_string();
    assert!(error.contains("joint second: lag_s"), "{error}");
}
