//! What is curved on one interval of the interior-point method's problem, taken at the present states: r = √x, the duration h = α/r̄ and the
//! limit J/r̄ of jerk. With z = (δx, δu) of the start and p = δu at the end − δu at the start.

use crate::timing::riccati::Cost;
use crate::timing::rows::JerkRow;

/// x = λ̇² and u = λ̈ at both ends of an interval.
pub(super) struct Ends {
    pub(super) x: [f64; 2],
    pub(super) u: [f64; 2],
    /// Whether x stays as it is.
    pub(super) fixed: [bool; 2],
}

/// What is curved on one interval, at the present states.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Curve {
    /// Step of λ with which Δx = α(u₀ + u₁).
    pub(super) alpha: f64,
    /// By how much x at the end is off.
    pub(super) e: f64,
    /// 1 over the mean rate, and by how much it falls with x at start and end.
    pub(super) g: f64,
    pub(super) fall: [f64; 2],
    /// The rates at start and end as parts of the mean one.
    part: [f64; 2],
}

impl Curve {
    /// That of an interval of this length; `at_rest` at one of its ends, where λ grows with the cube of time.
    pub(super) fn of(step: f64, ends: &Ends, at_rest: bool) -> Self {
        let Ends { x, u, fixed } = ends;
        let [r0, r1] = x.map(f64::sqrt);
        let sum = r0 + r1;
        let longer = if at_rest {
            0.5
        } else {
            let root = (0.25 * sum * sum - (u[1] - u[0]) * step / 3.0).max(0.0).sqrt();
            (sum / (0.5 * sum + root) - 1.0).clamp(-0.6, 1.0)
        };
        let alpha = step * (1.0 + longer);
        let g = 2.0 / sum;
        let fall = |r: f64, fixed: bool| if fixed { 0.0 } else { g * g / (4.0 * r) };
        Self {
            alpha,
            e: x[0] + alpha * (u[0] + u[1]) - x[1],
            g,
            fall: [fall(r0, fixed[0]), fall(r1, fixed[1])],
            part: [r0 * g, r1 * g],
        }
    }

    /// The row's value over the mean rate.
    #[inline(always)]
    pub(super) fn value(&self, row: &JerkRow, end: usize, x: f64, u: f64, step: f64) -> f64 {
        self.part[end] * (row.rrr * x + row.ru * u) + row.w * step / self.alpha
    }

    /// How it changes with δx and δu at the start and with p.
    #[inline(always)]
    pub(super) fn coefficients(&self, row: &JerkRow, end: usize) -> [f64; 3] {
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
    pub(super) fn by_e(&self, row: &JerkRow, end: usize) -> f64 {
        if end == 0 {
            0.0
        } else {
            self.part[1] * row.rrr * self.e
        }
    }

    /// How the limit over the mean rate falls.
    #[inline(always)]
    pub(super) fn gamma(&self, share: f64) -> [f64; 3] {
        let [start, end] = self.fall.map(|fall| share * fall);
        [start + end, 2.0 * self.alpha * end, self.alpha * end]
    }

    /// The interval's duration α·g to second order.
    pub(super) fn duration_cost(&self, x0: f64, x1: f64, fixed: [bool; 2]) -> Cost {
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
