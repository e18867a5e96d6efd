//! The joint filter against filterpy's Kalman filter (`golden/generate.py`), and against itself: as sure as it says.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use servomesh_estimator::filter::{JointFilter, JointNoise};

const GOLDEN: &str = include_str!("golden/filterpy.json");

fn numbers(value: &Value) -> Vec<f64> {
    let list = value.as_array().expect("a list");
    list.iter()
        .map(|value| value.as_f64().expect("a number"))
        .collect()
}

#[test]
fn without_a_model_it_is_the_textbook_filter() {
    let golden: Value = serde_json::from_str(GOLDEN).expect("JSON");
    let figure = |name: &str| golden[name].as_f64().expect("a number");
    let count = figure("count");
    let noise = JointNoise::new(figure("bandwidth"), count, figure("noise"), figure("period_s"));
    let (times, measured) = (numbers(&golden["times_s"]), numbers(&golden["measured"]));
    let said: Vec<Vec<f64>> = golden["said"]
        .as_array()
        .expect("a list")
        .iter()
        .map(numbers)
        .collect();
    let mut filter = JointFilter::starting_at(measured[0] * count, 0.0, 3.0, 20.0, &noise);
    let mut compared = 0;
    for index in 1..times.len() {
        let dt_s = times[index] - times[index - 1];
        filter.predict(&noise, 0.0, dt_s);
        filter.correct(&noise, measured[index] * count, dt_s);
        if index % 10 == 0 {
            let (ours, sure) = (filter.motion(), filter.deviations(&noise, 0.0));
            // What does not average out is told on top of the filter's own variance.
            let position = (sure.position.powi(2) - noise.lasting).sqrt();
            let ours = [
                ours.position,
                ours.velocity,
                ours.acceleration,
                position,
                sure.velocity,
                sure.acceleration,
            ];
            for (ours, theirs) in ours.iter().zip(&said[index / 10 - 1]) {
                let off = (ours - theirs).abs();
                assert!(
                    off < 1e-9 * theirs.abs().max(1.0),
                    "sample {index}: {ours} is not {theirs}"
                );
            }
            compared += 1;
        }
    }
    assert_eq!(compared, said.len());
    assert!(compared > 50);
}

/// A standard normal number, by Box and Muller.
fn normal(random: &mut ChaCha8Rng) -> f64 {
    let (a, b): (f64, f64) = (random.random(), random.random());
    (-2.0 * (1.0 - a).ln()).sqrt() * (std::f64::consts::TAU * b).cos()
}

#[test]
fn errors_are_as_large_as_is_told() {
    // Joints that move as the filter takes it, measured in counts with noise, a tenth of the samples lost; each run ends with
    // one error of each kind. The sum of n squared errors over their variances is within χ²'s 95 % bounds.
    const RUNS: usize = 400;
    let (count, deviation, period_s) = (1.2e-5, 6e-6, 0.002);
    let noise = JointNoise::new(120.0, count, deviation, period_s);
    let mut sums = [0.0; 3];
    for seed in 0..RUNS {
        let mut random = ChaCha8Rng::seed_from_u64(seed as u64);
        let (mut q, mut v, mut d) = (0.3, 0.5, 0.0);
        let mut filter = JointFilter::starting_at(q, v, 0.1, 1.0, &noise);
        let mut since_s = 0.0;
        for _ in 0..150 {
            for _ in 0..10 {
                let dt_s = 0.1 * period_s;
                let walk = (noise.walk * dt_s).sqrt() * normal(&mut random);
                q += dt_s * (v + 0.5 * dt_s * (d + 0.5 * walk));
                v += dt_s * (d + 0.5 * walk);
                d += walk;
            }
            since_s += period_s;
            if random.random_bool(0.1) {
                continue;
            }
            let measured = ((q + deviation * normal(&mut random)) / count).round() * count;
            filter.predict(&noise, 0.0, since_s);
            filter.correct(&noise, measured, since_s);
            since_s = 0.0;
        }
        let (motion, sure) = (filter.motion().after(since_s), filter.deviations(&noise, since_s));
        // These counts are read in their middle: nothing lasts.
        let position = (sure.position.powi(2) - noise.lasting).sqrt();
        sums[0] += ((motion.position - q) / position).powi(2);
        sums[1] += ((motion.velocity - v) / sure.velocity).powi(2);
        sums[2] += ((motion.acceleration - d) / sure.acceleration).powi(2);
    }
    let means = sums.map(|sum| sum / RUNS as f64);
    println!(
        "seeds 0 to {}: mean squared errors over variances {means:.3?}",
        RUNS - 1
    );
    // χ² of 400 degrees: 346.5 to 457.3.
    for mean in means {
        assert!((0.866..1.143).contains(&mean), "{means:?}");
    }
}
