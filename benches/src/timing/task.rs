//! A path to time: random waypoints of the cell's arm, and its limits. Angles in rad, λ is the waypoints' distance in joint space.

use crate::draw::Draw;
use anyhow::{Context, Result};
use servomesh_motion::{Bounds, Knot, Spline, State};
use servomesh_robot::Model;
use servomesh_types::JointVec;

/// Where the arm's numbers stand; accelerations and jerks are those of `cell.limits.yaml` beside it.
pub(super) const URDF: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../launch/robots/cell.urdf");

pub(super) use servomesh_sim::harness::ARM as JOINTS;
const ACCELERATION: [f64; 6] = [5.0, 5.0, 6.0, 10.0, 10.0, 10.0];
const JERK: [f64; 6] = [50.0, 50.0, 60.0, 100.0, 100.0, 100.0];
const WAYPOINTS: usize = 100;
/// How far waypoints are from zero at most.
const REACH: f64 = 2.0;

pub(super) struct Task {
    pub(super) model: Model,
    pub(super) points: Vec<[f64; 6]>,
    pub(super) steps: Vec<f64>,
    pub(super) path: Spline,
    pub(super) bounds: Bounds,
    pub(super) without_jerk: Bounds,
    pub(super) effort: JointVec,
}

impl Task {
    pub(super) fn new(seed: u64) -> Result<Self> {
        let cell = Model::from_urdf_file(URDF)?;
        let model = cell.subset(&JOINTS, &vec![0.0; cell.joint_count()])?;
        let mut draw = Draw(seed);
        let points: Vec<[f64; 6]> = (0..WAYPOINTS)
            .map(|_| std::array::from_fn(|_| draw.signed() * REACH))
            .collect();
        let apart = |pair: &[[f64; 6]]| {
            let squares = pair[0].iter().zip(&pair[1]).map(|(a, b)| (a - b).powi(2));
            squares.sum::<f64>().sqrt()
        };
        let steps: Vec<f64> = points.windows(2).map(apart).collect();
        let limits = model.joints().iter().map(|joint| joint.limits);
        let velocity: Vec<f64> = limits.clone().map(|limits| limits.velocity).collect();
        let effort: Vec<f64> = limits.map(|limits| limits.effort).collect();
        let vector = |values: &[f64]| JointVec::try_from(values).ok().context("six joints");
        let bounds = Bounds {
            lower: JointVec::from([f64::NEG_INFINITY; 6]),
            upper: JointVec::from([f64::INFINITY; 6]),
            velocity: vector(&velocity)?,
            acceleration: JointVec::from(ACCELERATION),
            jerk: JointVec::from(JERK),
        };
        let without_jerk = Bounds {
            jerk: JointVec::from([f64::INFINITY; 6]),
            ..bounds
        };
        Ok(Self {
            path: natural(&points, &steps),
            effort: vector(&effort)?,
            model,
            points,
            steps,
            bounds,
            without_jerk,
        })
    }
}

/// The natural cubic spline: its second derivatives m solve hₖ₋₁mₖ₋₁ + 2(hₖ₋₁ + hₖ)mₖ + hₖmₖ₊₁ = 6(dₖ − dₖ₋₁), where d are the slopes.
fn natural(points: &[[f64; 6]], steps: &[f64]) -> Spline {
    let last = points.len() - 1;
    let slope = |k: usize, j: usize| (points[k + 1][j] - points[k][j]) / steps[k];
    let mut bends = vec![[0.0; 6]; last + 1];
    #[expect(
        clippy::needless_range_loop,
        reason = "j runs over the joints of three rows at once"
    )]
    for j in 0..6 {
        let mut above = vec![0.0; last + 1];
        for k in 1..last {
            let diagonal = 2.0 * (steps[k - 1] + steps[k]) - steps[k - 1] * above[k - 1];
            above[k] = steps[k] / diagonal;
            bends[k][j] = (6.0 * (slope(k, j) - slope(k - 1, j)) - steps[k - 1] * bends[k - 1][j]) / diagonal;
        }
        for k in (1..last).rev() {
            bends[k][j] -= above[k] * bends[k + 1][j];
        }
    }
    let mut lambda = 0.0;
    let knots: Vec<Knot> = (0..=last)
        .map(|k| {
            let first: [f64; 6] = std::array::from_fn(|j| {
                if k < last {
                    slope(k, j) - steps[k] * (2.0 * bends[k][j] + bends[k + 1][j]) / 6.0
                } else {
                    slope(k - 1, j) + steps[k - 1] * (2.0 * bends[k][j] + bends[k - 1][j]) / 6.0
                }
            });
            let state = State {
                position: JointVec::from(points[k]),
                velocity: JointVec::from(first),
                acceleration: JointVec::from(bends[k]),
            };
            let knot = Knot {
                time_s: lambda,
                state,
            };
            lambda += steps.get(k).copied().unwrap_or(0.0);
            knot
        })
        .collect();
    Spline::through(&knots)
}
