//! Newton's step of a chain of stages, from its end to its start: a linear-quadratic problem with both ends fixed.
//!
//! The state at a node is δ = (δx, δu), the step of stage i is p, and δxᵢ₊₁ = δxᵢ + α(2δuᵢ + p) + e, δuᵢ₊₁ = δuᵢ + p. Each stage has
//! a quadratic cost in (δx, δu, p). What is ahead of a node costs ½δᵀPδ + vᵀδ; the last two steps follow from the fixed end.

/// ½zᵀHz + gᵀz in z = (δx, δu, p); H is symmetric, as xx, xu, xp, uu, up, pp.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    pub(super) h: [f64; 6],
    pub(super) g: [f64; 3],
}

/// One stage of the chain.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stage {
    pub(super) alpha: f64,
    /// By how much x at the stage's end is off.
    pub(super) e: f64,
    pub(super) cost: Cost,
}

impl Cost {
    /// Adds `weight`·½(c·z)².
    #[inline(always)]
    pub(super) fn add_square(&mut self, weight: f64, c: [f64; 3]) {
        let w = [weight * c[0], weight * c[1], weight * c[2]];
        self.h[0] += w[0] * c[0];
        self.h[1] += w[0] * c[1];
        self.h[2] += w[0] * c[2];
        self.h[3] += w[1] * c[1];
        self.h[4] += w[1] * c[2];
        self.h[5] += w[2] * c[2];
    }

    /// Adds `weight`·(c·z)(d·z).
    #[inline(always)]
    pub(super) fn add_product(&mut self, weight: f64, c: [f64; 3], d: [f64; 3]) {
        let both = |i: usize, j: usize| weight * (c[i] * d[j] + c[j] * d[i]);
        self.h[0] += both(0, 0);
        self.h[1] += both(0, 1);
        self.h[2] += both(0, 2);
        self.h[3] += both(1, 1);
        self.h[4] += both(1, 2);
        self.h[5] += both(2, 2);
    }

    /// Adds `weight`·(c·z).
    #[inline(always)]
    pub(super) fn add_slope(&mut self, weight: f64, c: [f64; 3]) {
        for (g, c) in self.g.iter_mut().zip(c) {
            *g += weight * c;
        }
    }
}

/// ½δᵀPδ + vᵀδ; P as xx, xu, uu.
#[derive(Clone, Copy, Default)]
struct Ahead {
    p: [f64; 3],
    v: [f64; 2],
}

/// p = x·δx + u·δu + constant.
#[derive(Clone, Copy, Default)]
struct Gain {
    x: f64,
    u: f64,
    constant: f64,
}

/// The memory for the gains of a chain.
#[derive(Default)]
pub(super) struct Riccati {
    gains: Vec<Gain>,
}

impl Riccati {
    /// Minimises the costs of at least three `stages` with both ends fixed; writes δ of every node, both ends included.
    pub(super) fn solve(&mut self, stages: &[Stage], dx: &mut [f64], du: &mut [f64]) {
        let n = stages.len();
        self.gains.clear();
        self.gains.resize(n, Gain::default());
        let (mut ahead, gain) = last_two(&stages[n - 2], &stages[n - 1]);
        self.gains[n - 2] = gain;
        for i in (0..n - 2).rev() {
            (ahead, self.gains[i]) = ahead.before(&stages[i]);
        }
        (dx[0], du[0]) = (0.0, 0.0);
        for i in 0..n - 1 {
            let Gain { x, u, constant } = self.gains[i];
            let p = x * dx[i] + u * du[i] + constant;
            dx[i + 1] = dx[i] + stages[i].alpha * (2.0 * du[i] + p) + stages[i].e;
            du[i + 1] = du[i] + p;
        }
        (dx[n], du[n]) = (0.0, 0.0);
    }
}

impl Ahead {
    /// One stage farther from the end.
    fn before(&self, stage: &Stage) -> (Self, Gain) {
        let Stage { alpha, e, cost } = stage;
        let [pxx, pxu, puu] = self.p;
        // The slope of what is ahead where δ = 0 leads to (e, 0).
        let (vx, vu) = (self.v[0] + pxx * e, self.v[1] + pxu * e);
        let mut whole = *cost;
        let (to_x, to_u) = ([1.0, 2.0 * alpha, *alpha], [0.0, 1.0, 1.0]);
        whole.add_square(pxx, to_x);
        whole.add_product(pxu, to_x, to_u);
        whole.add_square(puu, to_u);
        whole.add_slope(vx, to_x);
        whole.add_slope(vu, to_u);
        let [xx, xu, xp, uu, up, pp] = whole.h;
        let inverse = 1.0 / pp;
        let gain = Gain {
            x: -xp * inverse,
            u: -up * inverse,
            constant: -whole.g[2] * inverse,
        };
        let ahead = Self {
            p: [xx + xp * gain.x, xu + xp * gain.u, uu + up * gain.u],
            v: [whole.g[0] + xp * gain.constant, whole.g[1] + up * gain.constant],
        };
        (ahead, gain)
    }
}

/// The last two steps are those that lead to δ = 0.
fn last_two(first: &Stage, second: &Stage) -> (Ahead, Gain) {
    let (a, b) = (first.alpha, second.alpha);
    let gain = Gain {
        x: -1.0 / (a + b),
        u: -(2.0 * a + b) / (a + b),
        constant: -(first.e + second.e) / (a + b),
    };
    // Each as a row (δx, δu, 1) of the first node.
    let p = [gain.x, gain.u, gain.constant];
    let x = [1.0 + a * p[0], 2.0 * a + a * p[1], first.e + a * p[2]];
    let u = [p[0], 1.0 + p[1], p[2]];
    let last = u.map(|value| -value);
    let mut sum = Cost::default();
    for (cost, z) in [
        (&first.cost, [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], p]),
        (&second.cost, [x, u, last]),
    ] {
        for (k, (i, j)) in [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
            .into_iter()
            .enumerate()
        {
            if i == j {
                sum.add_square(cost.h[k], z[i]);
            } else {
                sum.add_product(cost.h[k], z[i], z[j]);
            }
        }
        for (g, row) in cost.g.into_iter().zip(z) {
            sum.h[2] += g * row[0];
            sum.h[4] += g * row[1];
        }
    }
    // With 1 in place of p, the cross terms are the slopes.
    let [xx, xu, x1, uu, u1, _] = sum.h;
    (
        Ahead {
            p: [xx, xu, uu],
            v: [x1, u1],
        },
        gain,
    )
}
