//! The closed loop: a driver on a bench of pendulums with gears, friction, quantised encoders and a bus delay.

mod common;

use common::{Bench, DT, JOINTS, quintic};
use servomesh_driver::{Gains, Input, Notch};
use servomesh_types::{Command, CommandMode, DriveMode};
use std::time::Duration;

/// Runs a quintic of `distance` in `duration` on both joints and gives the largest error against the true plant.
fn run(bench: &mut Bench, distance: f64, duration: f64, mut lose: impl FnMut(usize) -> bool) -> f64 {
    let steps = (duration / DT) as usize + 250;
    let start: f64 = 0.4;
    let mut worst: f64 = 0.0;
    for k in 0..steps {
        let [p, v, a] = quintic(k as f64 * DT, duration, distance);
        if !lose(k) {
            bench.track(1, [[start + p; JOINTS], [v; JOINTS], [a; JOINTS]]);
        }
        bench.cycle();
        let [p, ..] = quintic((k + 1) as f64 * DT, duration, distance);
        for joint in &bench.joints {
            worst = worst.max((joint.position - start - p).abs());
        }
    }
    assert_eq!(bench.state().mode, DriveMode::Enabled, "{:?}", bench.events);
    worst
}

#[test]
fn a_quintic_is_followed_within_a_fifth_of_a_milliradian() {
    let mut bench = Bench::enabled();
    let worst = run(&mut bench, 1.2, 1.2, |_| false);
    assert!(worst < 2e-4, "{worst}");
    let rest = (bench.joints[0].position - 1.6).abs();
    assert!(rest < 2e-4, "{rest}");
}

#[test]
fn lost_commands_are_bridged() {
    let mut bench = Bench::enabled();
    let worst = run(&mut bench, 1.2, 1.2, |k| k % 20 < 8);
    assert!(worst < 5e-4, "{worst}");
}

#[test]
fn an_inertia_off_by_a_third_or_tripled_stays_stable() {
    for factor in [0.5, 0.67, 1.5, 3.0] {
        let mut bench = Bench::enabled();
        for joint in &mut bench.joints {
            joint.inertia_factor = factor;
        }
        run(&mut bench, 1.2, 1.6, |_| false);
        let swing: f64 = bench.states[bench.states.len() - 100..]
            .iter()
            .map(|s| s.velocity.max_abs())
            .fold(0.0, f64::max);
        assert!(swing < 0.03, "inertia × {factor}: still moves at {swing} rad/s");
    }
}

#[test]
fn lost_frames_leave_the_loop_stable() {
    let mut bench = Bench::enabled();
    for k in 0..1000 {
        let [p, v, a] = quintic(k as f64 * DT, 1.5, 1.0);
        bench.track(1, [[0.4 + p; JOINTS], [v; JOINTS], [a; JOINTS]]);
        if k % 3 == 0 {
            bench.drives_only()
        } else {
            bench.cycle()
        }
    }
    assert_eq!(bench.state().mode, DriveMode::Enabled, "{:?}", bench.events);
    assert!(
        (bench.joints[1].position - 1.4).abs() < 5e-4,
        "{}",
        bench.joints[1].position
    );
}

#[test]
fn gravity_is_held_from_the_first_frame_on() {
    let mut bench = Bench::new();
    bench.cycles(3);
    bench.hold(1, [0.4; JOINTS], 500);
    let sag = bench
        .joints
        .iter()
        .map(|joint| (joint.position - 0.4).abs())
        .fold(0.0, f64::max);
    assert!(sag < 2e-4, "{sag}");
    // The model carries m·g·l·cos q; the loops have almost nothing to add.
    let gravity = common::MASS * common::GRAVITY * common::ARM * 0.4_f64.cos();
    let first = bench.commands.iter().find(|command| command.enable).unwrap();
    let actuator = common::actuator();
    assert!(
        (actuator.effort(first.current_a[0]) - gravity).abs() < 1.0,
        "{first:?}"
    );
    // The second joint's encoder and motor are mounted the other way round.
    assert!(
        (actuator.effort(first.current_a[1]) + gravity).abs() < 1.0,
        "{first:?}"
    );
}

#[test]
fn an_unknown_load_is_carried_by_the_integral_part() {
    let mut bench = Bench::enabled();
    let mut setpoint = bench.setpoint(1, [[0.4; JOINTS], [0.0; JOINTS], [0.0; JOINTS]]);
    setpoint.effort = [20.0, -20.0].into();
    for _ in 0..1500 {
        setpoint.tag.stamp = bench.now;
        bench.give(Input::Command(Command {
            mode: CommandMode::Track,
            setpoint,
        }));
        bench.cycle();
    }
    for joint in &bench.joints {
        assert!((joint.position - 0.4).abs() < 5e-4, "{}", joint.position);
    }
}

#[test]
fn a_grip_presses_with_its_effort_limit_and_lets_go_without_winding_up() {
    let mut bench = Bench::enabled();
    bench.joints[0].wall = 0.5;
    let gravity = common::MASS * common::GRAVITY * common::ARM * 0.5_f64.cos();
    let limit = gravity + 30.0;
    let grip = |bench: &mut Bench, position: f64, velocity: f64| {
        let mut setpoint = bench.setpoint(1, [[position, 0.4], [velocity, 0.0], [0.0; JOINTS]]);
        setpoint.effort_limit = [limit, 150.0].into();
        bench.give(Input::Command(Command {
            mode: CommandMode::Track,
            setpoint,
        }));
        bench.cycle();
    };
    for k in 0..300 {
        grip(
            &mut bench,
            0.4 + 0.001 * f64::from(k.min(200)),
            if k < 200 { 0.5 } else { 0.0 },
        );
    }
    for _ in 0..1000 {
        grip(&mut bench, 0.6, 0.0);
    }
    assert_eq!(
        bench.state().mode,
        DriveMode::Enabled,
        "a joint that yields does not fail: {:?}",
        bench.events
    );
    let pressed = bench.state().effort[0];
    assert!((pressed - limit).abs() < 0.5, "{pressed} instead of {limit}");
    // Opening: the reference leaves the part at 0.5; 0.1 s later the joint must have left it too.
    for k in 0..200 {
        grip(&mut bench, 0.6 - 0.001 * f64::from(k), -0.5);
    }
    let held_for = bench.joints[0].position - 0.4;
    assert!(held_for < 0.01, "{held_for}");
}

#[test]
fn gains_change_under_way_without_a_bump() {
    let mut bench = Bench::enabled();
    let mut before = bench.answer().current_a[0];
    let mut largest: f64 = 0.0;
    for k in 0..600 {
        if k == 300 {
            let soft = Gains {
                position_hz: 1.0,
                velocity_hz: 6.0,
                integral_hz: 1.0,
                filter_hz: 100.0,
                notch: Some(Notch {
                    frequency_hz: 60.0,
                    width_hz: 20.0,
                    depth: 0.9,
                }),
            };
            let tuning = bench.driver.config().tuning(&[soft; JOINTS]).unwrap();
            bench.give(Input::Tune(tuning));
        }
        let [p, v, a] = quintic(k as f64 * DT, 1.2, 1.2);
        bench.track(1, [[0.4 + p; JOINTS], [v; JOINTS], [a; JOINTS]]);
        bench.cycle();
        let now = bench.answer().current_a[0];
        if (295..310).contains(&k) {
            largest = largest.max((now - before).abs());
        }
        before = now;
    }
    assert!(largest < 0.6, "{largest} A in one cycle");
    assert_eq!(bench.state().mode, DriveMode::Enabled);
}

#[test]
fn a_command_for_later_is_followed_from_where_the_motion_is_now_however_short_it_lives() {
    let mut bench = Bench::enabled();
    let (start, lead) = (bench.now, Duration::from_millis(15));
    for _ in 0..100 {
        let t = (bench.now + lead).seconds_from(start);
        let mut setpoint = bench.setpoint(1, [0.4 + t * t, 2.0 * t, 2.0].map(|value| [value; JOINTS]));
        setpoint.tag.stamp = setpoint.tag.stamp + lead;
        setpoint.tag.valid_for = Duration::from_millis(5);
        bench.give(Input::Command(Command {
            mode: CommandMode::Track,
            setpoint,
        }));
        bench.cycle();
    }
    let off = bench.state().reference[0] - 0.4 - bench.now.seconds_from(start).powi(2);
    assert!(off.abs() < 5e-4, "{off} rad");
}

#[test]
fn each_second_says_how_well_it_went() {
    let mut bench = Bench::enabled();
    bench.tracking.clear();
    run(&mut bench, 1.2, 1.2, |_| false);
    let second = bench.tracking.last().copied().unwrap();
    assert!(
        (499..=501).contains(&second.cycles) && second.cycles_lost == 0,
        "{second:?}"
    );
    assert_eq!(second.driven, second.cycles);
    assert!(
        second.error_rms[0] > 0.0 && second.error_rms[0] < 1e-4,
        "{second:?}"
    );
    assert!(second.error_max[0] >= second.error_rms[0] && second.error_max[0] < 1e-3);
    assert!(second.saturated.max_abs() < 1e-12);

    // A part that can't be passed: pressed on until the following limit would be a fault.
    let mut bench = Bench::enabled();
    bench.joints[0].wall = 0.4;
    bench.tracking.clear();
    for k in 0..600 {
        let p = 0.4 + (0.0002 * f64::from(k)).min(0.09);
        bench.track(1, [[p, 0.4], [0.0; JOINTS], [0.0; JOINTS]]);
        bench.cycle_without(|joint| joint == 1 && k % 2 == 0);
    }
    let second = bench.tracking.last().copied().unwrap();
    assert!((second.replies_lost[1] - 0.5).abs() < 0.02, "{second:?}");
    assert!(
        second.saturated[0] > 0.2 && second.saturated[1] < 0.01,
        "{second:?}"
    );
    assert!(second.error_max[0] > 0.05);
}
