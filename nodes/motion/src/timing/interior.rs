//! The quickest states at the nodes of a grid under limits of jerk: a primal-dual interior-point method.
//!
//! See the contents page for the problem. Every iteration takes the problem's curved parts at the present states: r = √x, the
//! duration h of each interval and J/r, whose tangent lies below it, so that what keeps the tangent keeps the limit.
//!
//! **Invariant:** x stays above zero between the ends, and slacks and multipliers above zero everywhere.

use crate::timing::nodes::Nodes;
use crate::timing::riccati::{Cost, Riccati, Stage};
use crate::timing::rows::{JerkRow, Row};

/// x = λ̇² and u = λ̈ at the nodes.
#[derive(Clone, Debug)]
pub(super) struct States {
    pub(super) x: Vec<f64>,
    pub(super) u: Vec<f64>,
}

/// Slacks and multipliers of a row's two sides.
#[derive(Clone, Copy, Debug)]
struct Pair {
    slack: [f64; 2],
    weight: [f64; 2],
    /// By how much value and slack miss the limit.
    miss: [f64; 2],
    /// 1 over each slack.
    inverse: [f64; 2],
    /// The step of slacks and multipliers.
    slack_step: [f64; 2],
    weight_step: [f64; 2],
}

/// A grid, its rows and how far they are solved.
pub(super) struct Interior {
    step: Vec<f64>,
    rows: Vec<(Row, Pair)>,
    /// Where the rows of each node begin.
    of_node: Vec<usize>,
    jerks: Vec<(JerkRow, Pair)>,
    /// Where the rows of each interval's start and end begin.
    of_side: Vec<usize>,
    /// What may be used of the limits of each node's rows, and of each interval's jerk.
    pub(super) node_share: Vec<f64>,
    pub(super) jerk_share: Vec<f64>,
    pub(super) states: States,
    starts_at_rest: bool,
    curves: Vec<Curve>,
    stages: Vec<Stage>,
    riccati: Riccati,
    dx: Vec<f64>,
    du: Vec<f64>,
}

/// What is curved on one interval, at the present states.
#[derive(Clone, Copy, Debug, Default)]
struct Curve {
    /// Step of λ with which Δx = α(u₀ + u₁).
    alpha: f64,
    /// By how much x at the end is off.
    e: f64,
    /// 1 over the mean rate, and by how much it falls with x at start and end.
    g: f64,
    fall: [f64; 2],
    /// The rates at start and end as parts of the mean one.
    part: [f64; 2],
}

impl Interior {
    /// Leaves out rows that can't matter where λ̇² stays below `x_top`.
    pub(super) fn new(
        nodes: &Nodes,
        jerks: &[JerkRow],
        x_top: &[f64],
        states: States,
        starts_at_rest: bool,
    ) -> Self {
        let n = nodes.intervals();
        let stride = nodes.stride();
        let per_side = jerks.len() / (2 * n);
        let pair = Pair {
            slack: [1.0; 2],
            weight: [1.0; 2],
            miss: [0.0; 2],
            inverse: [1.0; 2],
            slack_step: [0.0; 2],
            weight_step: [0.0; 2],
        };
        let (mut rows, mut of_node) = (Vec::with_capacity(n * 4), vec![0]);
        let (mut kept, mut of_side) = (Vec::with_capacity(n * per_side), vec![0]);
        let mut u_top = Vec::with_capacity(n + 1);
        for (i, x_top) in x_top.iter().copied().enumerate() {
            let all = &nodes.rows[i * stride..][..stride];
            let range = range(all, x_top);
            u_top.push(range[1].max(-range[0]));
            if i > 0 && i < n {
                rows.extend(
                    all.iter()
                        .filter(|row| matters(row, x_top, range))
                        .map(|row| (*row, pair)),
                );
                let speed = Row {
                    u: 0.0,
                    x: 1.0 / nodes.x_max[i],
                    lower: -1.0,
                    upper: 1.0,
                };
                if x_top > LOOSE * nodes.x_max[i] {
                    rows.push((speed, pair));
                }
            }
            of_node.push(rows.len());
        }
        for i in 0..n {
            for end in 0..2 {
                let all = &jerks[(2 * i + end) * per_side..][..per_side];
                let r = x_top[i + end].sqrt();
                let rest = |row: &JerkRow| row.ru.abs() * r * u_top[i + end] + row.rrr.abs() * r.powi(3);
                let most = all
                    .iter()
                    .map(|row| (1.0 + rest(row)) / row.w.abs())
                    .fold(f64::INFINITY, f64::min);
                kept.extend(
                    all.iter()
                        .filter(|row| row.w.abs() * most + rest(row) > LOOSE)
                        .map(|row| (*row, pair)),
                );
                of_side.push(kept.len());
            }
        }
        Self {
            step: nodes.lambda.windows(2).map(|pair| pair[1] - pair[0]).collect(),
            rows,
            of_node,
            jerks: kept,
            of_side,
            node_share: vec![1.0; n + 1],
            jerk_share: vec![1.0; n],
            states,
            starts_at_rest,
            curves: vec![Curve::default(); n],
            stages: vec![Stage::default(); n],
            riccati: Riccati::default(),
            dx: vec![0.0; n + 1],
            du: vec![0.0; n + 1],
        }
    }

    /// Iterates until the duration is known to `tolerance`, as a share of it, or for as long as is reasonable.
    pub(super) fn solve(&mut self, gap: f64, tolerance: f64) {
        self.curve();
        let count = 2.0 * (self.rows.len() + self.jerks.len()).max(1) as f64;
        self.start(gap * self.duration() / count);
        let mut centring = CENTRING;
        // What is left of the misses at the start, as a share.
        let mut missing = 1.0;
        for _ in 0..ITERATIONS {
            let mu = self.complementarity() / count;
            let target = centring * mu;
            self.assemble(target);
            self.riccati.solve(&self.stages, &mut self.dx, &mut self.du);
            let (primal, dual) = self.advance(target);
            self.curve();
            centring = (1.0 - primal.min(dual))
                .powi(2)
                .clamp(LEAST_CENTRING, MOST_CENTRING);
            missing *= 1.0 - primal;
            if self.complementarity() < tolerance * self.duration() && missing < MISSING {
                break;
            }
        }
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
            let (r0, r1) = (x[i].sqrt(), x[i + 1].sqrt());
            let (sum, step) = (r0 + r1, self.step[i]);
            let at_rest = i == 0 && self.starts_at_rest || i + 1 == n;
            let longer = if at_rest {
                0.5
            } else {
                let root = (0.25 * sum * sum - (u[i + 1] - u[i]) * step / 3.0)
                    .max(0.0)
                    .sqrt();
                (sum / (0.5 * sum + root) - 1.0).clamp(-0.6, 1.0)
            };
            let alpha = step * (1.0 + longer);
            let g = 2.0 / sum;
            let fall = |r: f64, fixed: bool| if fixed { 0.0 } else { g * g / (4.0 * r) };
            self.curves[i] = Curve {
                alpha,
                e: x[i] + alpha * (u[i] + u[i + 1]) - x[i + 1],
                g,
                fall: [fall(r0, i == 0), fall(r1, i + 1 == n)],
                part: [r0 * g, r1 * g],
            };
        }
    }

    /// Slacks as they are, if above zero, and multipliers to match.
    fn start(&mut self, mu: f64) {
        let n = self.step.len();
        let States { x, u } = &self.states;
        let set = |pair: &mut Pair, below: f64, above: f64, size: f64| {
            for (k, slack) in [below, above].into_iter().enumerate() {
                pair.slack[k] = slack.max(SMALLEST_SLACK * size);
                pair.weight[k] = mu / pair.slack[k];
            }
        };
        for i in 0..=n {
            let share = self.node_share[i];
            for (row, pair) in &mut self.rows[self.of_node[i]..self.of_node[i + 1]] {
                let value = row.u * u[i] + row.x * x[i];
                set(
                    pair,
                    value - share * row.lower,
                    share * row.upper - value,
                    row.upper - row.lower,
                );
            }
        }
        for i in 0..n {
            let curve = &self.curves[i];
            for end in 0..2 {
                for (row, pair) in &mut self.jerks[self.of_side[2 * i + end]..self.of_side[2 * i + end + 1]] {
                    let limit = self.jerk_share[i] * curve.g;
                    let value = curve.value(row, end, x[i + end], u[i + end], u[i + 1] - u[i]);
                    set(pair, limit + value, limit - value, limit);
                }
            }
        }
    }

    fn complementarity(&self) -> f64 {
        let of = |pair: &Pair| pair.slack[0] * pair.weight[0] + pair.slack[1] * pair.weight[1];
        self.rows.iter().map(|row| of(&row.1)).sum::<f64>()
            + self.jerks.iter().map(|row| of(&row.1)).sum::<f64>()
    }

    /// The costs of a Newton step towards slack · multiplier = `target`.
    fn assemble(&mut self, target: f64) {
        let n = self.step.len();
        let States { x, u } = &self.states;
        for i in 0..n {
            let curve = self.curves[i];
            let mut cost = curve.duration_cost(x[i], x[i + 1], [i == 0, i + 1 == n]);
            let share = self.node_share[i];
            for (row, pair) in &mut self.rows[self.of_node[i]..self.of_node[i + 1]] {
                let value = row.u * u[i] + row.x * x[i];
                pair.miss = [
                    share * row.lower - value + pair.slack[0],
                    value - share * row.upper + pair.slack[1],
                ];
                pair.inverse = pair.slack.map(f64::recip);
                let [d0, d1] = pair.stiffness();
                let [e0, e1] = pair.push(target);
                let c = [row.x, row.u, 0.0];
                cost.h[0] += (d0 + d1) * c[0] * c[0];
                cost.h[1] += (d0 + d1) * c[0] * c[1];
                cost.h[3] += (d0 + d1) * c[1] * c[1];
                cost.g[0] += (e1 - e0) * c[0];
                cost.g[1] += (e1 - e0) * c[1];
            }
            let step = u[i + 1] - u[i];
            let share = self.jerk_share[i];
            let gamma = curve.gamma(share);
            let (mut stiff, mut pushed, mut mixed) = (0.0, 0.0, [0.0; 3]);
            for end in 0..2 {
                for (row, pair) in &mut self.jerks[self.of_side[2 * i + end]..self.of_side[2 * i + end + 1]] {
                    let c = curve.coefficients(row, end);
                    let value = curve.value(row, end, x[i + end], u[i + end], step);
                    let limit = share * curve.g;
                    let (by_e, by_limit) = (curve.by_e(row, end), share * curve.fall[1] * curve.e);
                    // The tangent lies below the limit: what it left out is slack now.
                    pair.slack[0] = pair.slack[0].max(limit + value + by_e - by_limit);
                    pair.slack[1] = pair.slack[1].max(limit - value - by_e - by_limit);
                    pair.miss = [
                        -value - limit + pair.slack[0] - by_e + by_limit,
                        value - limit + pair.slack[1] + by_e + by_limit,
                    ];
                    pair.inverse = pair.slack.map(f64::recip);
                    let [d0, d1] = pair.stiffness();
                    let [e0, e1] = pair.push(target);
                    cost.add_square(d0 + d1, c);
                    cost.add_slope(e1 - e0, c);
                    stiff += d0 + d1;
                    pushed += e0 + e1;
                    for (mixed, c) in mixed.iter_mut().zip(c) {
                        *mixed += (d1 - d0) * c;
                    }
                }
            }
            cost.add_square(stiff, gamma);
            cost.add_product(1.0, mixed, gamma);
            cost.add_slope(pushed, gamma);
            self.stages[i] = Stage {
                alpha: curve.alpha,
                e: curve.e,
                cost,
            };
        }
    }

    /// Goes along the step as far as everything stays above zero; tells the shares of it.
    fn advance(&mut self, target: f64) -> (f64, f64) {
        let n = self.step.len();
        let (mut primal, mut dual) = (1.0 / FRACTION, 1.0 / FRACTION);
        for i in 1..n {
            primal = f64::min(
                primal,
                LARGEST_FALL * self.states.x[i] / (-self.dx[i]).max(f64::MIN_POSITIVE) / FRACTION,
            );
            primal = f64::min(
                primal,
                LARGEST_RISE * self.states.x[i] / self.dx[i].max(f64::MIN_POSITIVE) / FRACTION,
            );
        }
        // 1 over how far the first slack and the first multiplier let go.
        let (mut fall, mut weight_fall) = (FRACTION, FRACTION);
        self.each_change(target, |pair| {
            for k in 0..2 {
                fall = fall.max(-pair.slack_step[k] * pair.inverse[k]);
                if -pair.weight_step[k] > weight_fall * pair.weight[k] {
                    weight_fall = -pair.weight_step[k] / pair.weight[k];
                }
            }
        });
        (primal, dual) = (primal.min(1.0 / fall), dual.min(1.0 / weight_fall));
        let (primal, dual) = ((FRACTION * primal).min(1.0), (FRACTION * dual).min(1.0));
        let pairs = self.rows.iter_mut().map(|(_, pair)| pair);
        for pair in pairs.chain(self.jerks.iter_mut().map(|(_, pair)| pair)) {
            for k in 0..2 {
                pair.slack[k] += primal * pair.slack_step[k];
                pair.weight[k] += dual * pair.weight_step[k];
            }
        }
        for i in 0..=n {
            self.states.x[i] += primal * self.dx[i];
            self.states.u[i] += primal * self.du[i];
        }
        (primal, dual)
    }

    /// Works out the step of each row's slacks and multipliers, and calls `f` with it.
    #[inline(always)]
    fn each_change(&mut self, target: f64, mut f: impl FnMut(&Pair)) {
        let n = self.step.len();
        for i in 0..n {
            let (dx, du) = (self.dx[i], self.du[i]);
            for (row, pair) in &mut self.rows[self.of_node[i]..self.of_node[i + 1]] {
                let change = row.u * du + row.x * dx;
                pair.change(target, [-change, change]);
                f(pair);
            }
            let curve = &self.curves[i];
            let z = [dx, du, self.du[i + 1] - du];
            let gamma = curve.gamma(self.jerk_share[i]);
            let falls = dot(gamma, z);
            for end in 0..2 {
                for (row, pair) in &mut self.jerks[self.of_side[2 * i + end]..self.of_side[2 * i + end + 1]] {
                    let change = dot(curve.coefficients(row, end), z);
                    pair.change(target, [falls - change, falls + change]);
                    f(pair);
                }
            }
        }
    }
}

impl Pair {
    #[inline(always)]
    fn stiffness(&self) -> [f64; 2] {
        [self.weight[0] * self.inverse[0], self.weight[1] * self.inverse[1]]
    }

    #[inline(always)]
    fn push(&self, target: f64) -> [f64; 2] {
        [
            (target + self.weight[0] * self.miss[0]) * self.inverse[0],
            (target + self.weight[1] * self.miss[1]) * self.inverse[1],
        ]
    }

    /// The step of slacks and multipliers, where the sides' values change by `value`.
    #[inline(always)]
    fn change(&mut self, target: f64, value: [f64; 2]) {
        for (k, value) in value.into_iter().enumerate() {
            let step = -self.miss[k] - value;
            self.slack_step[k] = step;
            self.weight_step[k] = (target - self.weight[k] * (self.slack[k] + step)) * self.inverse[k];
        }
    }
}

impl Curve {
    /// The row's value over the mean rate.
    #[inline(always)]
    fn value(&self, row: &JerkRow, end: usize, x: f64, u: f64, step: f64) -> f64 {
        self.part[end] * (row.rrr * x + row.ru * u) + row.w * step / self.alpha
    }

    /// How it changes with δx and δu at the start and with p.
    #[inline(always)]
    fn coefficients(&self, row: &JerkRow, end: usize) -> [f64; 3] {
        let (x, u, w) = (
            self.part[end] * row.rrr,
            self.part[end] * row.ru,
            row.w / self.alpha,
        );
        if end == 0 {
            [x, u, w]
        } else {
            [x, 2.0 * self.alpha * x + u, self.alpha * x + u + w]
        }
    }

    /// How it changes because x at the end is off.
    #[inline(always)]
    fn by_e(&self, row: &JerkRow, end: usize) -> f64 {
        if end == 0 {
            0.0
        } else {
            self.part[1] * row.rrr * self.e
        }
    }

    /// How the limit over the mean rate falls.
    #[inline(always)]
    fn gamma(&self, share: f64) -> [f64; 3] {
        let [start, end] = self.fall.map(|fall| share * fall);
        [start + end, 2.0 * self.alpha * end, self.alpha * end]
    }

    /// The interval's duration α·g to second order.
    fn duration_cost(&self, x0: f64, x1: f64, fixed: [bool; 2]) -> Cost {
        let (r0, r1, sum) = (x0.sqrt(), x1.sqrt(), 2.0 / self.g);
        let cube = 1.0 / sum.powi(3);
        let bend = |x: f64, r: f64, fixed: bool| {
            if fixed {
                0.0
            } else {
                cube / x + 0.5 / (sum * sum * r * x)
            }
        };
        let across = if fixed[0] || fixed[1] {
            0.0
        } else {
            cube / (r0 * r1)
        };
        let (here, there) = ([1.0, 0.0, 0.0], [1.0, 2.0 * self.alpha, self.alpha]);
        let mut cost = Cost::default();
        let b1 = bend(x1, r1, fixed[1]);
        cost.add_square(self.alpha * bend(x0, r0, fixed[0]), here);
        cost.add_square(self.alpha * b1, there);
        cost.add_product(self.alpha * across, here, there);
        cost.add_slope(-self.alpha * self.fall[0] + self.alpha * across * self.e, here);
        cost.add_slope(-self.alpha * self.fall[1] + self.alpha * b1 * self.e, there);
        cost.h[5] += f64::EPSILON * self.alpha;
        cost
    }
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// The u that the rows leave where 0 ≤ x ≤ `x_top`, or more.
fn range(rows: &[Row], x_top: f64) -> [f64; 2] {
    let mut range = [f64::NEG_INFINITY, f64::INFINITY];
    for row in rows {
        let (a, b, lower, upper) = if row.u < 0.0 {
            (-row.u, -row.x, -row.upper, -row.lower)
        } else {
            (row.u, row.x, row.lower, row.upper)
        };
        if a > 0.0 {
            range[1] = range[1].min((upper - (b * x_top).min(0.0)) / a);
            range[0] = range[0].max((lower - (b * x_top).max(0.0)) / a);
        }
    }
    range
}

/// Whether a row can be reached within these ranges.
fn matters(row: &Row, x_top: f64, [low, high]: [f64; 2]) -> bool {
    let by_u = [row.u * low, row.u * high];
    let by_x = row.x * x_top;
    let most = by_u[0].max(by_u[1]) + by_x.max(0.0);
    let least = by_u[0].min(by_u[1]) + by_x.min(0.0);
    !(most < LOOSE * row.upper && least > LOOSE * row.lower)
}

/// A row that stays this far below its limit is left out.
const LOOSE: f64 = 0.9;

/// Iterations at most.
const ITERATIONS: usize = 60;

/// How much of the present complementarity to aim at, at first, and at least.
const CENTRING: f64 = 0.2;
const LEAST_CENTRING: f64 = 0.05;
const MOST_CENTRING: f64 = 0.8;

/// Of the way to zero.
const FRACTION: f64 = 0.99;

/// Of x in one step.
const LARGEST_FALL: f64 = 0.5;
const LARGEST_RISE: f64 = 1.0;

/// As a share of a row's limit.
const SMALLEST_SLACK: f64 = 0.03;

/// Of what rows missed at the start, what may be left at the end.
const MISSING: f64 = 0.1;
