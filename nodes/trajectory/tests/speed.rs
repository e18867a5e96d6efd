//! A goal that replaces a moving one runs at the speed that was asked for, from its first tick on.

mod bench;

use bench::{ARM, Bench, trajectory};
use servomesh_trajectory::{Status, Steer};

const THERE: [f64; 3] = [1.9, 1.4, -2.9];
const BACK: [f64; 3] = [-1.9, -1.4, 2.9];

/// The largest share of its own limit that any joint's velocity takes since the `from`-th setpoint.
fn most_velocity(bench: &Bench, from: usize) -> f64 {
    let shares = bench.setpoints[from..].iter().flat_map(|setpoint| {
        let velocities = setpoint.velocity.iter().zip(ARM);
        velocities.map(|(velocity, (_, _, limit, ..))| velocity.abs() / limit)
    });
    shares.fold(0.0, f64::max)
}

#[test]
fn a_move_that_replaces_a_slowed_one_is_as_slow() {
    for (k, rate) in (1..40).step_by(4).zip([0.3, 0.1, 0.7].into_iter().cycle()) {
        let mut bench = Bench::arm();
        let from = bench.setpoints.len() - 1;
        bench.steer(Steer::Scale(rate)).expect("a scale is possible");
        bench.go(&THERE);
        bench.run(0.04 * f64::from(k) / rate);
        let id = bench.go(&BACK);
        bench.run(0.3);
        let most = most_velocity(&bench, from);
        assert!(
            most <= rate * (1.0 + 1e-9),
            "{most} at a scale of {rate} after {k}"
        );
        assert_eq!(bench.finish(id).status, Status::Succeeded);
        let most = most_velocity(&bench, from);
        assert!(
            most <= rate * (1.0 + 1e-9),
            "{most} at a scale of {rate} after {k}"
        );
        bench.judge(from);
    }
}

#[test]
fn a_trajectory_that_replaces_a_slowed_one_takes_its_time_at_that_speed() {
    let mut bench = Bench::arm();
    let from = bench.setpoints.len() - 1;
    let points = |first: f64| [(first, [0.5, 0.2, -0.2]), (first + 1.0, [-0.3, 0.1, 0.0])];
    bench.steer(Steer::Scale(0.5)).expect("a scale is possible");
    bench.follow(trajectory(&points(1.0)));
    bench.run(1.6);
    let began = bench.now;
    let id = bench.follow(trajectory(&points(0.6)));
    assert_eq!(bench.finish(id).status, Status::Succeeded);
    let took = bench.now.seconds_from(began);
    assert!(
        (took - 3.2).abs() < 0.02,
        "{took} s instead of 1.6 s at half the speed"
    );
    bench.judge(from);
}

#[test]
fn a_move_that_comes_while_the_speed_falls_goes_on_slowing_down() {
    for k in (0..30).step_by(3) {
        let mut bench = Bench::arm();
        let from = bench.setpoints.len() - 1;
        bench.go(&THERE);
        bench.run(0.3 + 0.01 * f64::from(k));
        let before = most_velocity(&bench, bench.setpoints.len() - 1);
        bench.steer(Steer::Scale(0.2)).expect("a scale is possible");
        bench.run(0.01 * f64::from(k));
        let replaced = bench.setpoints.len() - 1;
        let id = bench.go(&[1.8, 1.3, -2.8]);
        bench.run(0.8);
        let most = most_velocity(&bench, replaced);
        assert!(most <= before.max(0.2) * 1.2, "{most} after {before}, case {k}");
        let settled = bench.setpoints.len();
        assert_eq!(bench.finish(id).status, Status::Succeeded);
        let most = most_velocity(&bench, settled);
        assert!(most <= 0.2 * (1.0 + 1e-9), "{most}, case {k}");
        bench.judge(from);
    }
}

#[test]
fn at_a_speed_of_nothing_a_new_goal_waits_at_rest() {
    let mut bench = Bench::arm();
    bench.steer(Steer::Scale(0.0)).expect("a scale is possible");
    let replaced = bench.go(&THERE);
    bench.run(1.0);
    assert!((bench.last().position[0] - 0.1).abs() < 1e-12);
    let id = bench.go(&BACK);
    bench.run(1.0);
    assert!(bench.done.contains_key(&replaced) && !bench.done.contains_key(&id));
    assert!((bench.last().position[0] - 0.1).abs() < 1e-12);
    bench.steer(Steer::Scale(1.0)).expect("a scale is possible");
    assert_eq!(bench.finish(id).status, Status::Succeeded);
    bench.judge(0);
}

#[test]
fn a_goal_that_replaces_a_moving_one_at_a_speed_of_nothing_comes_to_rest_and_waits() {
    for k in (0..20).step_by(3) {
        let mut bench = Bench::arm();
        bench.go(&THERE);
        bench.run(0.3);
        bench.steer(Steer::Scale(0.0)).expect("a scale is possible");
        bench.run(0.01 * f64::from(k));
        let id = bench.go(&BACK);
        bench.run(2.0);
        assert!(bench.last().velocity.max_abs() == 0.0, "case {k}");
        assert!(!bench.done.contains_key(&id));
        bench.steer(Steer::Scale(1.0)).expect("a scale is possible");
        assert_eq!(bench.finish(id).status, Status::Succeeded);
        bench.judge(0);
    }
}

#[test]
fn a_new_goal_is_not_paused_with_the_one_it_replaces() {
    for wait_s in [0.05, 1.0] {
        let mut bench = Bench::arm();
        bench.go(&THERE);
        bench.run(0.3);
        bench.steer(Steer::Pause).expect("it moves");
        bench.run(wait_s);
        let id = bench.go(&BACK);
        assert_eq!(bench.finish(id).status, Status::Succeeded);
        bench.judge(0);
    }
}
