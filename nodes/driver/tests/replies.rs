//! Replies that are missing: what is reported of a joint that says nothing, how it is led on, and when that is a fault.

mod common;

use common::{Bench, DT, JOINTS, PERIOD, quintic};
use rand::{RngExt as _, SeedableRng as _};
use servomesh_types::{DriveMode, Fault};

/// Runs a quintic while a joint's reply gets lost where `lost(cycle, joint)` says so; the largest error against the true plant.
fn run(bench: &mut Bench, mut lost: impl FnMut(usize, usize) -> bool) -> f64 {
    let mut worst: f64 = 0.0;
    for k in 0..900 {
        let [p, v, a] = quintic(k as f64 * DT, 1.2, 1.2);
        bench.track(1, [[0.4 + p; JOINTS], [v; JOINTS], [a; JOINTS]]);
        let missing: [bool; JOINTS] = std::array::from_fn(|joint| lost(k, joint));
        bench.cycle_without(|joint| missing[joint]);
        assert_eq!(
            bench.state().mode,
            DriveMode::Enabled,
            "cycle {k}: {:?}",
            bench.events
        );
        let [p, ..] = quintic((k + 1) as f64 * DT, 1.2, 1.2);
        for joint in &bench.joints {
            worst = worst.max((joint.position - 0.4 - p).abs());
        }
    }
    worst
}

#[test]
fn one_reply_in_twenty_lost_costs_less_than_as_much_again() {
    let seed = 6;
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let whole = run(&mut Bench::enabled(), |_, _| false);
    let lossy = run(&mut Bench::enabled(), |_, _| random.random::<f64>() < 0.05);
    assert!(lossy < 2.0 * whole, "{lossy} against {whole} rad, seed {seed}");
}

#[test]
fn a_joint_without_a_reply_keeps_its_values_and_their_age_grows() {
    let mut bench = Bench::enabled();
    bench.track(1, [[0.4; JOINTS]; 3].map(|_| [0.4, 0.4]));
    let before = *bench.state();
    for missed in 1..=3_u32 {
        bench.cycle_without(|joint| joint == 1);
        let state = *bench.state();
        assert_eq!(
            (state.position[1], state.velocity[1]),
            (before.position[1], before.velocity[1])
        );
        let age_s = (missed * PERIOD).as_secs_f64();
        assert_eq!(&state.age_s[..], [0.0, age_s], "after {missed}");
        assert!(state.is_fresh(0) && !state.is_fresh(1));
    }
    bench.cycle();
    assert_eq!(&bench.state().age_s[..], [0.0, 0.0]);
}

#[test]
fn a_servo_that_falls_silent_is_a_fault_of_its_joint_and_the_torque_goes() {
    let mut bench = Bench::enabled();
    for _ in 0..60 {
        bench.track(1, [[0.4; JOINTS], [0.0; JOINTS], [0.0; JOINTS]]);
        bench.cycle_without(|joint| joint == 1);
    }
    let fault = bench.state().fault.expect("a fault");
    assert!(
        matches!(fault, Fault::ServoSilent { joint: 1, lasting } if lasting > common::params().bus_timeout),
        "{fault:?}"
    );
    assert!(!bench.answer().enable);
    assert!(
        bench.heard(
            servomesh_types::EventKind::Fault,
            "joint second: no reply from its servo"
        ),
        "{:?}",
        bench.events
    );
}

#[test]
fn a_moving_joint_is_not_taken_to_stand_while_it_says_nothing() {
    let mut bench = Bench::enabled();
    let worst = run(&mut bench, |k, joint| joint == 0 && (300..320).contains(&k));
    assert!(
        worst < 2e-3,
        "{worst} rad after 40 ms without a reply at full speed"
    );
}
