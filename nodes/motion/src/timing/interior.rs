//! The quickest states at the nodes of a grid under limits of jerk: a primal-dual interior-point method.
//!
//! See the contents page for the problem. Every iteration takes the problem's curved parts at the present states: r = √x, the
//! duration h of each interval and J/r, whose tangent lies below it, so that what keeps the tangent keeps the limit. Sides of rows
//! that are far from their limits take no part (A. L. Tits, P.-A. Absil, W. P. Woessner, *Constraint reduction for linear
//! programs with many inequality constraints*, SIAM J. Optim. 17, 2006); each iteration looks whether they come near.
//!
//! **Invariant:** x stays above zero between the ends, and slacks and multipliers above zero everywhere.

use crate::timing::curve::{Curve, Ends};
use crate::timing::mesh::Mesh;
use crate::timing::nodes::Nodes;
use crate::timing::riccati::{Riccati, Stage};
use crate::timing::rows::{JerkRow, Row};
use crate::timing::sides::Sides;

/// x = λ̇² and u = λ̈ at the nodes.
#[derive(Clone, Debug)]
pub(super) struct States {
    pub(super) x: Vec<f64>,
    pub(super) u: Vec<f64>,
}

/// A grid, its rows and how far they are solved.
pub(super) struct Interior {
    step: Vec<f64>,
    rows: Vec<Row>,
    /// Where the rows of each node begin.
    of_node: Vec<usize>,
    /// Rows in the middle of each interval, and where they begin.
    middles: Vec<Row>,
    of_middle: Vec<usize>,
    jerks: Vec<JerkRow>,
    /// Where the rows of each interval's start and end begin.
    of_side: Vec<usize>,
    /// 1 over the largest λ⃛ of each interval, squared.
    quiet: Vec<f64>,
    /// What may be used of the limits of each node's rows, of each middle's, and of each interval's jerk.
    pub(super) node_share: Vec<f64>,
    pub(super) middle_share: Vec<f64>,
    pub(super) jerk_share: Vec<f64>,
    pub(super) states: States,
    starts_at_rest: bool,
    sides: Sides,
    curves: Vec<Curve>,
    stages: Vec<Stage>,
    riccati: Riccati,
    dx: Vec<f64>,
    du: Vec<f64>,
}

impl Interior {
    /// Leaves out rows that can't matter where λ̇² stays below the mesh's bound.
    pub(super) fn new(mesh: &Mesh, states: States, starts_at_rest: bool) -> Self {
        let (nodes, x_top) = (&mesh.nodes, &mesh.x_top);
        let n = nodes.intervals();
        let per_side = mesh.jerks(0)[0].len();
        let (mut rows, mut of_node) = (Vec::with_capacity(n * 4), vec![0]);
        let (mut middles, mut of_middle) = (Vec::with_capacity(n * 4), vec![0]);
        let (mut kept, mut of_side) = (Vec::with_capacity(2 * n * per_side), vec![0]);
        let mut u_top = Vec::with_capacity(n + 1);
        for (i, x_top) in x_top.iter().copied().enumerate() {
            let range = nodes.range(i, x_top);
            u_top.push(range[1].max(-range[0]));
            if i > 0 && i < n {
                keep(nodes, i, x_top, range, &mut rows);
            }
            of_node.push(rows.len());
        }
        for i in 0..n {
            let middle = &mesh.middles;
            let x_top = x_top[i].max(x_top[i + 1]).min(middle.x_max[i]);
            keep(middle, i, x_top, middle.range(i, x_top), &mut middles);
            of_middle.push(middles.len());
        }
        for i in 0..n {
            for end in 0..2 {
                let all = mesh.jerks(i)[end];
                let r = x_top[i + end].sqrt();
                let rest = |row: &JerkRow| row.ru.abs() * r * u_top[i + end] + row.rrr.abs() * r.powi(3);
                let most = all
                    .iter()
                    .map(|row| (1.0 + rest(row)) / row.w.abs())
                    .fold(f64::INFINITY, f64::min);
                kept.extend(
                    all.iter()
                        .filter(|row| row.w.abs() * most + rest(row) > LOOSE)
                        .copied(),
                );
                of_side.push(kept.len());
            }
        }
        let quiet = (0..n).map(|i| {
            let [start, end, _] = mesh.jerks(i);
            let steepest = start.iter().chain(end).map(|row| row.w.abs()).fold(0.0, f64::max);
            steepest * steepest
        });
        Self {
            quiet: quiet.collect(),
            step: (0..n).map(|i| nodes.lambda[i + 1] - nodes.lambda[i]).collect(),
            rows,
            of_node,
            middles,
            of_middle,
            jerks: kept,
            of_side,
            node_share: vec![1.0; n + 1],
            middle_share: vec![1.0; n],
            jerk_share: vec![1.0; n],
            states,
            starts_at_rest,
            sides: Sides::default(),
            curves: vec![Curve::default(); n],
            stages: vec![Stage::default(); n],
            riccati: Riccati::default(),
            dx: vec![0.0; n + 1],
            du: vec![0.0; n + 1],
        }
    }

    /// Iterates until the duration is known to `tolerance`, as a share of it, or for as long as is reasonable. Starts afresh as if it
    /// were known to `gap`, or goes on where it ended.
    pub(super) fn solve(&mut self, gap: Option<f64>, tolerance: f64) {
        self.curve();
        let mut mu = if let Some(gap) = gap {
            self.sides.clear();
            gap * self.duration() / (PER_INTERVAL * self.step.len() as f64)
        } else {
            self.sides.complementarity() / self.sides.count().max(1) as f64
        };
        // What is left of the misses at the start, as a share.
        let mut missing = 1.0;
        for _ in 0..ITERATIONS {
            self.assemble(mu);
            self.riccati.solve(&self.stages, &mut self.dx, &mut self.du);
            let target = self.target();
            if !target.is_finite() {
                break;
            }
            let stages = &mut self.stages;
            self.sides
                .correct(target, |i, push, c| stages[i].cost.add_slope(push, c));
            self.riccati.solve(&self.stages, &mut self.dx, &mut self.du);
            let primal = self.advance();
            self.curve();
            missing *= 1.0 - primal;
            let gap = self.sides.complementarity();
            mu = gap / self.sides.count().max(1) as f64;
            if gap < tolerance * self.duration() && missing < MISSING {
                break;
            }
        }
    }

    /// How far each of slacks and multipliers may go.
    fn change(&mut self) -> [f64; 2] {
        let (dx, du) = (&self.dx, &self.du);
        self.sides.change(|i| [dx[i], du[i], du[i + 1] - du[i]])
    }

    /// What to aim at for slack · multiplier, by how far a step towards 0 would lead (S. Mehrotra, *On the implementation of a
    /// primal-dual interior point method*, SIAM J. Optim. 2, 1992). Not finite where there is no such step.
    fn target(&mut self) -> f64 {
        let [primal, dual] = self.change().map(|most| most.min(1.0));
        let (now, after) = (
            self.sides.complementarity(),
            self.sides.complementarity_after(primal, dual),
        );
        if self.sides.count() == 0 {
            return 0.0;
        }
        let centring = (after / now).powi(2).clamp(LEAST_CENTRING, MOST_CENTRING);
        centring * now / self.sides.count() as f64
    }

    /// The sum of the intervals' durations.
    fn duration(&self) -> f64 {
        self.curves.iter().map(|curve| curve.alpha * curve.g).sum()
    }

    /// Takes the curved parts at the present states.
    fn curve(&mut self) {
        let n = self.step.len();
        let States { x, u } = &self.states;
        for i in 0..n {
            let at_rest = i == 0 && self.starts_at_rest || i + 1 == n;
            let ends = Ends {
                x: [x[i], x[i + 1]],
                u: [u[i], u[i + 1]],
                fixed: [i == 0, i + 1 == n],
            };
            self.curves[i] = Curve::of(self.step[i], &ends, at_rest);
        }
    }

    /// The costs of a Newton step towards slack · multiplier = 0; those of new sides are `mu`.
    fn assemble(&mut self, mu: f64) {
        let n = self.step.len();
        let States { x, u } = &self.states;
        self.sides.begin(mu);
        for i in 0..n {
            let curve = self.curves[i];
            let mut cost = curve.duration_cost(x[i], x[i + 1], [i == 0, i + 1 == n]);
            let step = u[i + 1] - u[i];
            let share = self.node_share[i];
            for row in &self.rows[self.of_node[i]..self.of_node[i + 1]] {
                let value = row.u * u[i] + row.x * x[i];
                for (slack, sign) in [
                    (value - share * row.lower, -1.0),
                    (share * row.upper - value, 1.0),
                ] {
                    if let Some(side) = self.sides.offer(slack, 1.0) {
                        let c = [sign * row.x, sign * row.u];
                        let [stiffness, push] = side.set(slack, [c[0], c[1], 0.0]);
                        cost.h[0] += stiffness * c[0] * c[0];
                        cost.h[1] += stiffness * c[0] * c[1];
                        cost.h[3] += stiffness * c[1] * c[1];
                        cost.g[0] += push * c[0];
                        cost.g[1] += push * c[1];
                    }
                }
            }
            let share = self.middle_share[i];
            let (x_middle, u_middle) = (x[i] + curve.alpha * (u[i] + 0.25 * step), u[i] + 0.5 * step);
            for row in &self.middles[self.of_middle[i]..self.of_middle[i + 1]] {
                let value = row.u * u_middle + row.x * x_middle;
                for (slack, sign) in [
                    (value - share * row.lower, -1.0),
                    (share * row.upper - value, 1.0),
                ] {
                    if let Some(side) = self.sides.offer(slack, 1.0) {
                        let by_x = curve.alpha * row.x;
                        let c = [row.x, row.u + by_x, 0.5 * row.u + 0.25 * by_x].map(|c| sign * c);
                        let [stiffness, push] = side.set(slack, c);
                        cost.add_square(stiffness, c);
                        cost.add_slope(push, c);
                    }
                }
            }
            // The states of both ends have a law between them: Δu·Δλ ≤ ¾(r₀ + r₁)², which is more than ¾(x₀ + x₁).
            let room = LEADING * (x[i] + x[i + 1]);
            let slack = room + LEADING * curve.e - self.step[i] * step;
            if let Some(side) = self.sides.offer(slack, room) {
                let by_x = LEADING * curve.alpha;
                let c = [-2.0 * LEADING, -2.0 * by_x, self.step[i] - by_x];
                let [stiffness, push] = side.set(slack, c);
                cost.add_square(stiffness, c);
                cost.add_slope(push, c);
            }
            let share = self.jerk_share[i];
            let limit = share * curve.g;
            let (gamma, by_limit) = (curve.gamma(share), share * curve.fall[1] * curve.e);
            for end in 0..2 {
                let rows = &self.jerks[self.of_side[2 * i + end]..self.of_side[2 * i + end + 1]];
                for row in rows {
                    let value = curve.value(row, end, x[i + end], u[i + end], step) + curve.by_e(row, end);
                    for (slack, sign) in [(limit + value, -1.0), (limit - value, 1.0)] {
                        let slack = slack - by_limit;
                        if let Some(side) = self.sides.offer(slack, limit) {
                            // The tangent lies below the limit: what it left out is slack now.
                            side.slack = side.slack.max(slack);
                            let c = curve.coefficients(row, end);
                            let c = [0, 1, 2].map(|k| gamma[k] + sign * c[k]);
                            let [stiffness, push] = side.set(slack, c);
                            cost.add_square(stiffness, c);
                            cost.add_slope(push, c);
                        }
                    }
                }
            }
            self.sides.end_stage();
            // Of all laws as quick as this one, one without needless jerk.
            let quiet = QUIET * self.quiet[i] / (curve.alpha * curve.g);
            cost.h[5] += quiet;
            cost.g[2] += quiet * step;
            self.stages[i] = Stage {
                alpha: curve.alpha,
                e: curve.e,
                cost,
            };
        }
    }

    /// Goes along the step as far as everything stays above zero; tells the share of it for the states.
    fn advance(&mut self) -> f64 {
        let n = self.step.len();
        let [mut primal, dual] = self.change().map(|most| FRACTION * most);
        for (x, dx) in self.states.x.iter().zip(&self.dx).skip(1).take(n - 1) {
            if *dx < -LARGEST_FALL * x * primal.recip() {
                primal = LARGEST_FALL * x / -dx;
            } else if *dx > LARGEST_RISE * x * primal.recip() {
                primal = LARGEST_RISE * x / dx;
            }
        }
        let (primal, dual) = (primal.min(1.0), dual.min(1.0));
        self.sides.advance(primal, dual);
        for i in 0..=n {
            self.states.x[i] += primal * self.dx[i];
            self.states.u[i] += primal * self.du[i];
        }
        primal
    }
}

/// Appends the rows of a place that matter.
fn keep(places: &Nodes, i: usize, x_top: f64, range: [f64; 2], rows: &mut Vec<Row>) {
    let of_place = places.rows(i).iter().copied();
    rows.extend(of_place.filter(|row| row.can_use(LOOSE, x_top, range)));
    let x_max = places.x_max[i];
    if x_top > LOOSE * x_max {
        rows.push(Row {
            u: 0.0,
            x: 1.0 / x_max,
            lower: -1.0,
            upper: 1.0,
        });
    }
}

/// ¾, and some distance.
const LEADING: f64 = 0.72;

/// A row that stays this far below its limit is left out.
const LOOSE: f64 = 0.9;

/// Iterations at most.
const ITERATIONS: usize = 60;

/// Sides that take part, as a first guess.
const PER_INTERVAL: f64 = 4.0;

/// How much of the present complementarity to aim at, at least and at most.
const LEAST_CENTRING: f64 = 0.05;
const MOST_CENTRING: f64 = 0.8;

/// Of the way to zero.
const FRACTION: f64 = 0.99;

/// Of x in one step.
const LARGEST_FALL: f64 = 0.5;
const LARGEST_RISE: f64 = 1.0;

/// Of what rows missed at the start, what may be left at the end.
const MISSING: f64 = 0.1;

/// What the largest jerk costs, as a share of the time it lasts.
const QUIET: f64 = 1e-3;
