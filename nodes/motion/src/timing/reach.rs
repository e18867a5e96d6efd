//! The quickest law without limits of jerk: reachability analysis on a grid (H. Pham, Q.-C. Pham, *A new approach to
//! time-optimal path parameterization based on reachability analysis*, IEEE T-RO 34, 2018).
//!
//! λ̈ is constant between two nodes, so that x = λ̇² is linear in λ there, and the rows of both ends hold for it. Backwards,
//! Kᵢ is the largest xᵢ from which some u leads into 0 … Kᵢ₊₁; forwards, the largest u that keeps below K is taken. What can
//! be reached from below K stays so, which makes the result the largest x of all laws on the grid at each node.
//!
//! Each Kᵢ is a linear program in (x, u): with lo(x) ≤ u ≤ hi(x), where lo is convex and hi concave, it is the largest root
//! of lo − hi, found from above by Newton's method in as many steps as rows turn out to matter.

use crate::timing::rows::Row;

/// Rows and bounds at the nodes of a grid.
pub(super) struct Grid<'a> {
    pub(super) lambda: &'a [f64],
    /// As many of each node, node by node.
    pub(super) rows: &'a [Row],
    pub(super) x_max: &'a [f64],
    /// What may be used of each interval's limits.
    pub(super) share: &'a [f64],
}

/// The largest λ̇² from which the end can be reached at rest, at each node.
pub(super) fn controllable(grid: &Grid<'_>) -> Vec<f64> {
    let last = grid.lambda.len() - 1;
    let mut k = vec![0.0; last + 1];
    for i in (0..last).rev() {
        let mut x = grid.x_max[i];
        for _ in 0..NEWTON {
            let span = grid.span(i, x, k[i + 1]);
            let gap = span.lo - span.hi;
            if gap <= ROUNDING * (span.lo.abs() + span.hi.abs()) {
                break;
            }
            let slope = span.lo_slope - span.hi_slope;
            x = if slope > 0.0 {
                (x - gap / slope).max(0.0)
            } else {
                0.0
            };
            if x <= 0.0 {
                break;
            }
        }
        k[i] = x;
    }
    k
}

/// λ̇² at each node of the quickest law that starts with `x_start` ≤ K₀.
pub(super) fn quickest(grid: &Grid<'_>, k: &[f64], x_start: f64) -> Vec<f64> {
    let mut x = Vec::with_capacity(k.len());
    x.push(x_start.min(k[0]));
    for i in 0..k.len() - 1 {
        let span = grid.span(i, x[i], k[i + 1]);
        let step = 2.0 * (grid.lambda[i + 1] - grid.lambda[i]) * span.hi;
        x.push((x[i] + step).clamp(0.0, k[i + 1]));
    }
    x
}

/// The u that are allowed at one x, and how their bounds change with x.
struct Span {
    lo: f64,
    lo_slope: f64,
    hi: f64,
    hi_slope: f64,
}

impl Grid<'_> {
    /// The u on interval `i` from x = `x` at its start that keep all rows of both ends and lead into 0 … `k`.
    fn span(&self, i: usize, x: f64, k: f64) -> Span {
        let m = self.rows.len() / self.lambda.len();
        let twice = 2.0 * (self.lambda[i + 1] - self.lambda[i]);
        let share = self.share[i];
        let mut span = Span {
            lo: -x / twice,
            lo_slope: -1.0 / twice,
            hi: (k - x) / twice,
            hi_slope: -1.0 / twice,
        };
        for row in &self.rows[i * m..][..m] {
            span.cut(row.u, row, share, x, twice);
        }
        for row in &self.rows[(i + 1) * m..][..m] {
            span.cut(row.u + twice * row.x, row, share, x, twice);
        }
        span
    }
}

impl Span {
    #[inline(always)]
    fn cut(&mut self, a: f64, row: &Row, share: f64, x: f64, twice: f64) {
        let (a, b, lower, upper) = if a < 0.0 {
            (-a, -row.x, -row.upper, -row.lower)
        } else {
            (a, row.x, row.lower, row.upper)
        };
        // Where u hardly matters, the row still bounds x: a steep slope does that.
        let inverse = 1.0 / a.max(b.abs() * twice * TINY).max(NOTHING);
        let slope = -b * inverse;
        let hi = upper * share * inverse + slope * x;
        let lo = lower * share * inverse + slope * x;
        if hi < self.hi {
            (self.hi, self.hi_slope) = (hi, slope);
        }
        if lo > self.lo {
            (self.lo, self.lo_slope) = (lo, slope);
        }
    }
}

/// More rows than that never matter for one node.
const NEWTON: usize = 40;

/// Of the bounds of u, where they meet.
const ROUNDING: f64 = 1e-13;

/// The smallest coefficient of u, as a share of what x changes by with u over an interval.
const TINY: f64 = 1e-12;

/// In place of a coefficient of 0.
const NOTHING: f64 = 1e-200;
