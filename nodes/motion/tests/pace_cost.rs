//! What ticks of a motion under way cost: `cargo test --release -p servomesh_motion --test pace_cost -- --ignored --nocapture`.

#[path = "pace_support/timed.rs"]
mod timed;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use servomesh_motion::path::{Corner, Waypoint};
use servomesh_motion::{Bounds, Knot, Motion, PointToPoint, Spline, State, TimedPath};
use servomesh_types::{JointVec, Stamp};
use std::time::Duration;
use timed::timed;

const JOINTS: usize = 7;
const TICK: Duration = Duration::from_millis(2);
const STRETCHES: u32 = 2;

/// Rounds of the same ticks: the least of each tick counts, since others use the machine too.
const ROUNDS: usize = 9;

/// Mean and 999th of 1000, in µs, of a tick with its setpoint and what a stop would take.
#[expect(clippy::disallowed_methods, reason = "it is time that is measured")]
fn cost(name: &str, paths: &[TimedPath], bounds: &Bounds, rate: impl Fn(usize) -> Option<f64>) {
    let start = Stamp::from_millis(1000);
    let mut least = Vec::new();
    for path in paths {
        let ticks = (path.duration() / TICK.as_secs_f64()) as usize;
        let first = least.len();
        least.resize(first + ticks, f64::INFINITY);
        for _ in 0..ROUNDS {
            let mut motion = Motion::along(path.clone(), start, bounds);
            for k in 0..ticks {
                let now = start + TICK * k as u32;
                if let Some(rate) = rate(k) {
                    motion.set_rate(now, rate);
                }
                let began = std::time::Instant::now();
                motion.tick(now, STRETCHES);
                std::hint::black_box((motion.at(now), motion.stopping(now, bounds), motion.end()));
                let took = began.elapsed().as_secs_f64() * 1e6;
                least[first + k] = least[first + k].min(took);
            }
        }
    }
    let mean = least.iter().sum::<f64>() / least.len() as f64;
    least.sort_by(f64::total_cmp);
    let share = |p: f64| least[((least.len() - 1) as f64 * p) as usize];
    println!(
        "{name}: {} ticks: mean {mean:.2} µs, median {:.2} µs, 99.9 % {:.2} µs, most {:.2} µs",
        least.len(),
        share(0.5),
        share(0.999),
        share(1.0)
    );
}

#[test]
#[ignore = "prints times"]
fn ticks() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut place = || JointVec::from_fn(JOINTS, |_| rng.random_range(-2.0..2.0));
    let all = |value: f64| JointVec::from_fn(JOINTS, |_| value);
    let bounds = Bounds {
        lower: all(f64::NEG_INFINITY),
        upper: all(f64::INFINITY),
        velocity: all(2.0),
        acceleration: all(10.0),
        jerk: all(200.0),
    };
    let blended: Vec<TimedPath> = (0..4)
        .map(|_| {
            let waypoints: Vec<Waypoint> = (0..10)
                .map(|_| Waypoint {
                    position: place(),
                    corner: Corner::Blend(0.3),
                })
                .collect();
            timed(&place(), &waypoints, &bounds).expect("a path")
        })
        .collect();
    let moves: Vec<TimedPath> = (0..20)
        .map(|_| {
            let profile = PointToPoint::new(JOINTS).position(&State::at_rest(place()), &place(), &bounds);
            TimedPath::Profile(profile.expect("a profile"))
        })
        .collect();
    let splines: Vec<TimedPath> = (0..4)
        .map(|_| {
            let knots: Vec<Knot> = (0..10)
                .map(|k| Knot {
                    time_s: 2.0 * f64::from(k),
                    state: State::at_rest(place()),
                })
                .collect();
            TimedPath::Spline(Spline::through(&knots))
        })
        .collect();
    for (name, paths) in [
        ("blended paths", &blended),
        ("moves", &moves),
        ("splines", &splines),
    ] {
        cost(name, paths, &bounds, |_| None);
        cost(
            &format!("{name}, overridden twice a second"),
            paths,
            &bounds,
            |k| (k % 250 == 249).then_some(if k % 500 == 249 { 0.4 } else { 0.9 }),
        );
    }
}
