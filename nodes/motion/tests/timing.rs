//! Time laws of random paths: every limit is kept, at any time.

mod timing_support;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use servomesh_motion::TimedSpline;
use servomesh_motion::timing::{Limits, plan};
use timing_support::{bounds, random_path, shares};

/// Random joints, waypoints and limits; `jerk` draws the limits of jerk.
fn check(seed: u64, jerk: impl Fn(&mut ChaCha8Rng) -> f64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let joints = rng.random_range(1..8);
    let waypoints = rng.random_range(2..30);
    let path = random_path(&mut rng, joints, waypoints, 2.0);
    let mut draw =
        |low: f64, high: f64| -> Vec<f64> { (0..joints).map(|_| rng.random_range(low..high)).collect() };
    let (velocity, acceleration) = (draw(0.5, 3.0), draw(1.0, 10.0));
    let jerk: Vec<f64> = (0..joints).map(|_| jerk(&mut rng)).collect();
    let bounds = bounds(&velocity, &acceleration, &jerk);
    let limits = Limits::of(&bounds);
    let law = plan(&path, &limits).unwrap_or_else(|error| panic!("seed {seed}: {error:?}"));
    let timed = TimedSpline::new(path, law);
    let shares = shares(&timed, &limits, 5000);
    assert!(
        shares.iter().all(|share| *share <= 1.0 + 1e-9),
        "seed {seed}: {shares:?}"
    );
    let end = timed.at(timed.duration());
    assert!(end.state.is_at_rest() && timed.law().at(timed.duration()).s == timed.path().duration());
    if std::env::var("SHOW").is_ok() {
        eprintln!(
            "{seed} {joints} {waypoints} {} {shares:?} n {}",
            timed.duration(),
            timed.corners().len()
        );
    }
}

#[test]
fn without_limits_of_jerk_nothing_is_exceeded() {
    for seed in 0..100 {
        check(seed, |_| f64::INFINITY);
    }
}

#[test]
fn with_limits_of_jerk_nothing_is_exceeded() {
    for seed in 0..100 {
        check(seed, |rng| rng.random_range(10.0..200.0));
    }
}
