//! Time laws of random paths: every limit is kept, at any time.

#[path = "timing_support/mod.rs"]
mod support;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use servomesh_motion::timing::{Limits, plan};
use servomesh_motion::{PointToPoint, Spline, State, TimedSpline};
use servomesh_types::JointVec;
use support::{bounds, shares, spline};

/// A path through random points, with as much room between them as they are apart.
fn random_path(rng: &mut ChaCha8Rng, joints: usize, waypoints: usize, reach: f64) -> Spline {
    let points: Vec<Vec<f64>> = (0..waypoints)
        .map(|_| (0..joints).map(|_| rng.random_range(-reach..reach)).collect())
        .collect();
    let steps: Vec<f64> = points
        .windows(2)
        .map(|pair| {
            pair[0]
                .iter()
                .zip(&pair[1])
                .map(|(a, b): (&f64, &f64)| (a - b).powi(2))
                .sum::<f64>()
                .sqrt()
                .max(1e-3)
        })
        .collect();
    spline(&points, &steps)
}

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
    assert!(
        end.state.is_at_rest()
            && timed.law().at(timed.duration()).s.to_bits() == timed.path().duration().to_bits()
    );
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

/// A straight line in joint space, where Ruckig's profile is the optimum.
#[test]
fn a_straight_line_takes_hardly_longer_than_the_optimum() {
    let mut worst = 0.0_f64;
    for seed in 0..60 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let joints = rng.random_range(1..8);
        let mut draw =
            |low: f64, high: f64| -> Vec<f64> { (0..joints).map(|_| rng.random_range(low..high)).collect() };
        let bounds = bounds(&draw(0.5, 3.0), &draw(1.0, 10.0), &draw(10.0, 200.0));
        let (from, to) = (draw(-2.0, 2.0), draw(-2.0, 2.0));
        // Along the line everything is one joint that goes from 0 to 1.
        let least = |limits: &JointVec| {
            (0..joints)
                .map(|j| limits[j] / (to[j] - from[j]).abs())
                .fold(f64::INFINITY, f64::min)
        };
        let along = support::bounds(
            &[least(&bounds.velocity)],
            &[least(&bounds.acceleration)],
            &[least(&bounds.jerk)],
        );
        let start = State::at_rest(JointVec::from([0.0]));
        let optimum = PointToPoint::new(1)
            .position(&start, &JointVec::from([1.0]), &along)
            .unwrap()
            .duration();
        let path = spline(&[from, to], &[1.0]);
        let limits = Limits::of(&bounds);
        let timed = TimedSpline::new(path.clone(), plan(&path, &limits).unwrap());
        let shares = shares(&timed, &limits, 5000);
        assert!(
            shares.iter().all(|share| *share <= 1.0 + 1e-9),
            "seed {seed}: {shares:?}"
        );
        let ratio = timed.duration() / optimum;
        worst = worst.max(ratio);

        assert!(ratio > 1.0 - 1e-6 && ratio < 1.02, "seed {seed}: {ratio}");
    }
    println!("worst {worst}");
}
