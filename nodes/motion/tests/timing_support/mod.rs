//! Paths through points, and a dense look at what a law makes of them.
#![allow(dead_code)] // each test file uses its part

use servomesh_motion::timing::Limits;
use servomesh_motion::{Bounds, Knot, Spline, State, TimedSpline};
use servomesh_types::JointVec;

/// The spline through points with natural, continuous curvature.
pub(crate) fn spline(points: &[Vec<f64>], steps: &[f64]) -> Spline {
    let (n, joints) = (points.len(), points[0].len());
    let mut lambda = vec![0.0];
    for step in steps {
        lambda.push(lambda[lambda.len() - 1] + step);
    }
    let (mut q1, mut q2) = (vec![vec![0.0; joints]; n], vec![vec![0.0; joints]; n]);
    for j in 0..joints {
        // Natural cubic: m are second derivatives at the points.
        let p = |i: usize| points[i][j];
        let (mut above, mut m) = (vec![0.0; n], vec![0.0; n]);
        for i in 1..n - 1 {
            let (h0, h1) = (steps[i - 1], steps[i]);
            let right = 6.0 * ((p(i + 1) - p(i)) / h1 - (p(i) - p(i - 1)) / h0);
            let diagonal = 2.0 * (h0 + h1) - h0 * above[i - 1];
            above[i] = h1 / diagonal;
            m[i] = (right - h0 * m[i - 1]) / diagonal;
        }
        for i in (1..n - 1).rev() {
            m[i] -= above[i] * m[i + 1];
        }
        for i in 0..n {
            q2[i][j] = m[i];
            q1[i][j] = if i + 1 < n {
                (p(i + 1) - p(i)) / steps[i] - steps[i] * (2.0 * m[i] + m[i + 1]) / 6.0
            } else {
                (p(i) - p(i - 1)) / steps[i - 1] + steps[i - 1] * (2.0 * m[i] + m[i - 1]) / 6.0
            };
        }
    }
    let vector = |values: &[f64]| JointVec::try_from(values).expect("a group's joints");
    let knots: Vec<Knot> = (0..n)
        .map(|i| Knot {
            time_s: lambda[i],
            state: State {
                position: vector(&points[i]),
                velocity: vector(&q1[i]),
                acceleration: vector(&q2[i]),
            },
        })
        .collect();
    Spline::through(&knots)
}

/// Limits without positions.
pub(crate) fn bounds(velocity: &[f64], acceleration: &[f64], jerk: &[f64]) -> Bounds {
    let vector = |values: &[f64]| JointVec::try_from(values).expect("a group's joints");
    let n = velocity.len();
    Bounds {
        lower: JointVec::from_fn(n, |_| f64::NEG_INFINITY),
        upper: JointVec::from_fn(n, |_| f64::INFINITY),
        velocity: vector(velocity),
        acceleration: vector(acceleration),
        jerk: vector(jerk),
    }
}

/// The largest shares of velocity, acceleration and jerk at `samples` times and on both sides of each corner.
pub(crate) fn shares(timed: &TimedSpline, limits: &Limits<'_>, samples: usize) -> [f64; 3] {
    let mut times: Vec<f64> = (0..=samples)
        .map(|i| timed.duration() * i as f64 / samples as f64)
        .collect();
    times.extend(timed.corners().iter().flat_map(|t| [t - 1e-9, *t, t + 1e-9]));
    let mut shares = [0.0_f64; 3];
    for t in times {
        let sample = timed.at(t);
        for j in 0..limits.bounds.velocity.len() {
            let values = [
                sample.state.velocity[j] / limits.bounds.velocity[j],
                sample.state.acceleration[j] / limits.bounds.acceleration[j],
                sample.jerk[j] / limits.bounds.jerk[j],
            ];
            for (share, value) in shares.iter_mut().zip(values) {
                assert!(value.is_finite(), "{value} at {t}");
                *share = share.max(value.abs());
            }
        }
    }
    shares
}
