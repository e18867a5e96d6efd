//! Two joints that two actuators move together: a differential.

mod common;

use common::{Bench, DT, JOINTS, params, quintic};
use servomesh_driver::{Direction, Input, Transmission};
use servomesh_types::{DriveMode, JointVec};

fn differential() -> Bench {
    let mut params = params();
    params.transmission = Transmission::new(&[vec![0.5, 0.5], vec![0.5, -0.5]]).expect("it is one");
    params.joints[1].actuator.direction = Direction::Reversed;
    let mut bench = Bench::with(params);
    bench.cycles(3);
    bench
}

#[test]
fn the_joints_of_a_differential_are_measured_and_moved() {
    let mut bench = differential();
    bench.hold(1, [0.4; JOINTS], 200);
    assert!(
        (bench.state().position[0] - 0.4).abs() < 2e-3,
        "{:?}",
        bench.state()
    );
    let mut worst: f64 = 0.0;
    for k in 0..700 {
        let [p, v, a] = quintic(f64::from(k) * DT, 1.2, 1.0);
        bench.track(1, [[0.4 + p, 0.4], [v, 0.0], [a, 0.0]]);
        bench.cycle();
        let [p, ..] = quintic(f64::from(k + 1) * DT, 1.2, 1.0);
        worst = worst.max((bench.joints[0].position - 0.4 - p).abs());
        worst = worst.max((bench.joints[1].position - 0.4).abs());
    }
    assert_eq!(bench.state().mode, DriveMode::Enabled, "{:?}", bench.events);
    assert!(worst < 2e-3, "{worst}");
}

#[test]
fn efforts_are_those_of_the_joints() {
    let mut bench = differential();
    bench.hold(1, [0.4; JOINTS], 500);
    let gravity = common::MASS * common::GRAVITY * common::ARM * 0.4_f64.cos();
    let friction = 15.0;
    for joint in 0..JOINTS {
        let effort = bench.state().effort[joint];
        assert!((effort - gravity).abs() < friction, "{effort} for {gravity}");
    }
}

#[test]
fn a_pair_of_which_one_reply_is_missing_has_no_new_sample() {
    let mut bench = differential();
    bench.hold(1, [0.4; JOINTS], 200);
    bench.track(1, [[0.4; JOINTS], [0.0; JOINTS], [0.0; JOINTS]]);
    bench.cycle_without(|joint| joint == 1);
    assert!(bench.state().age_s[0] > 0.0 && bench.state().age_s[1] > 0.0);
    bench.track(1, [[0.4; JOINTS], [0.0; JOINTS], [0.0; JOINTS]]);
    bench.cycle();
    assert_eq!(bench.state().age_s, JointVec::zeros(JOINTS));
    assert!(bench.state().velocity.max_abs() < 0.05, "{:?}", bench.state());
}

#[test]
fn no_current_is_beyond_its_limit_whatever_the_joints_ask_for() {
    let mut bench = differential();
    bench.hold(1, [0.4; JOINTS], 100);
    let mut setpoint = bench.setpoint(1, [[0.4; JOINTS], [0.0; JOINTS], [0.0; JOINTS]]);
    setpoint.effort = JointVec::from([1e4, 1e4]);
    bench.give(Input::Command(servomesh_types::Command {
        mode: servomesh_types::CommandMode::Track,
        setpoint,
    }));
    bench.cycle();
    let limit = common::actuator().current_limit_a;
    assert!(
        bench.answer().current_a.max_abs() <= limit,
        "{:?}",
        bench.answer()
    );
}
