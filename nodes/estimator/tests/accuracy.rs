//! How well motion is told from quantised, noisy, delayed, lossy samples; each seed is fixed, so nothing here is flaky.

mod bench;

use bench::{Bench, PERIOD_NS, group, measured_by, name, sample};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use servomesh_types::Stamp;

/// Counts of a 14-bit encoder at the joint's output.
const TICK: f64 = std::f64::consts::TAU / 16384.0;

/// Root mean squares of velocity errors: of the estimate, and of plain differencing of the same samples.
fn velocity_errors(
    position: impl Fn(f64) -> f64,
    velocity: impl Fn(f64) -> f64,
    loss: f64,
) -> (f64, f64, Bench) {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut bench = Bench::new(&[measured_by(group("arm", &["a"]), TICK, 0.15 * TICK)]);
    let (mut filtered, mut differenced, mut count) = (0.0, 0.0, 0.0);
    let mut last: Option<(f64, f64)> = None;
    for i in 1..2000_i64 {
        let stamp = Stamp::from_nanos(i * PERIOD_NS);
        let t = stamp.as_seconds();
        let noise = (random.random::<f64>() - 0.5) * 0.5 * TICK;
        let measured = ((position(t) + noise) / TICK).round() * TICK;
        if random.random_bool(loss) {
            continue;
        }
        bench
            .outputs
            .retain(|(_, output)| matches!(output, servomesh_estimator::Output::Event(_)));
        bench.sample(stamp, "arm", sample(stamp, i.unsigned_abs(), &[measured]));
        let difference = last.map_or(0.0, |(before, at)| (measured - before) / (t - at));
        last = Some((measured, t));
        if let (true, Some((_, frame))) = (i > 100, bench.frames().last()) {
            filtered += (frame.groups[0].1.velocity[0] - velocity(t)).powi(2);
            differenced += (difference - velocity(t)).powi(2);
            count += 1.0;
        }
    }
    assert!(count > 1000.0, "{count} frames");
    ((filtered / count).sqrt(), (differenced / count).sqrt(), bench)
}

#[test]
fn a_ramp_is_told_far_better_than_by_differencing() {
    let (filtered, differenced, _) = velocity_errors(|t| 0.7 * t, |_| 0.7, 0.0);
    assert!(filtered < 0.4 * differenced, "{filtered} against {differenced}");
    assert!(filtered < 0.03, "{filtered} rad/s");
}

#[test]
fn a_sine_is_told_better_than_by_differencing_also_with_losses() {
    let w = std::f64::consts::TAU * 0.8;
    for loss in [0.0, 0.2] {
        let (filtered, differenced, bench) =
            velocity_errors(|t| 0.4 * (w * t).sin(), |t| 0.4 * w * (w * t).cos(), loss);
        assert!(
            filtered < 0.5 * differenced,
            "loss {loss}: {filtered} against {differenced}"
        );
        let counters = bench.core.counters(name("arm")).unwrap();
        assert_eq!(counters.implausible, 0);
        assert_eq!(counters.lost > 0, loss > 0.0);
    }
}

#[test]
fn a_gap_is_bridged_by_prediction() {
    let mut bench = Bench::new(&[group("arm", &["a", "b"]), group("gripper", &["c"])]);
    let position = |t: f64| 0.5 * t + 0.3 * t * t;
    for i in 1..=520 {
        let stamp = Stamp::from_nanos(i * PERIOD_NS);
        // The arm, which leads, falls silent for the last 40 ms.
        if i <= 500 {
            let p = position(stamp.as_seconds());
            bench.sample(stamp, "arm", sample(stamp, i.unsigned_abs(), &[p, -p]));
        }
        bench.sample(stamp, "gripper", sample(stamp, i.unsigned_abs(), &[0.1]));
    }
    let (now, frame) = *bench.frames().last().unwrap();
    assert_eq!(
        now,
        Stamp::from_nanos(520 * PERIOD_NS),
        "the gripper sets off frames while the arm is silent"
    );
    let (_, arm) = frame
        .groups
        .iter()
        .find(|(group, _)| *group == name("arm"))
        .unwrap();
    assert_eq!(
        arm.stamp,
        Stamp::from_nanos(500 * PERIOD_NS),
        "the stamp tells the age"
    );
    let error = arm.position[0] - position(frame.stamp.as_seconds());
    assert!(error.abs() < 1e-4, "{error} rad after 40 ms");
    let v = arm.velocity[0] - (0.5 + 0.6 * frame.stamp.as_seconds());
    assert!(v.abs() < 1e-3, "{v} rad/s after 40 ms");
}
