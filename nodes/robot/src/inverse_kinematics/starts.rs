//! Where descents start: at the seed, then at points that fill the limits evenly. rad and m.
//!
//! The points are Roberts' R sequence, the additive recurrence whose steps are powers of 1/φ with φ^(d+1) = φ + 1 (M. Roberts,
//! *The unreasonable effectiveness of quasirandom sequences* (2018)): any first n of them cover the limits evenly.
//!
//! **Invariant:** start number i depends on i, the seed and the goal alone.

use std::f64::consts::{PI, TAU};

use servomesh_types::MAX_JOINTS;

use crate::inverse_kinematics::chain::{Chain, Values};
use crate::inverse_kinematics::descent::Problem;
use crate::spatial::Placement;

/// From this start on they are all over the limits.
const ALL_OVER: f64 = 8.0;

#[derive(Debug, Clone)]
pub(super) struct Starts {
    step: Values,
}

impl Starts {
    pub(super) fn new(chain: &Chain) -> Self {
        let count = chain.len() as i32;
        let mut phi: f64 = 1.5;
        for _ in 0..60 {
            phi = (1.0 + phi).powf(1.0 / f64::from(count + 1));
        }
        let mut step = [0.0; MAX_JOINTS];
        for (power, step) in (1..=count).zip(&mut step) {
            *step = phi.powi(-power);
        }
        Self { step }
    }

    /// Start number `index`: the seed (pushed within the limits), then points of the sequence, the first of them drawn towards the
    /// seed so that near solutions are found first.
    pub(super) fn start(
        &self,
        problem: &Problem,
        base_from_goal: &Placement,
        seed: &Values,
        index: usize,
    ) -> Values {
        let mut values = [0.0; MAX_JOINTS];
        for (at, variable) in problem.chain.variables().iter().enumerate() {
            let inside = variable.pushed_within_limits(seed[at], seed[at]).0;
            if index == 0 {
                values[at] = inside;
                continue;
            }
            // Slides can be far longer than the arm reaches: search where the goal is.
            let far = problem.chain.reach() + base_from_goal.translation.norm();
            let (lower, upper) = match (variable.periodic, problem.bounds[at]) {
                (true, (lower, upper)) if !(lower.is_finite() && upper.is_finite()) => (-PI, PI),
                (_, (lower, upper)) => (lower.max(inside - far.max(TAU)), upper.min(inside + far.max(TAU))),
            };
            let fraction = (0.5 + index as f64 * self.step[at]).fract();
            let point = lower + (upper - lower) * fraction;
            values[at] = inside + (point - inside) * (index as f64 / ALL_OVER).min(1.0);
        }
        values
    }
}
