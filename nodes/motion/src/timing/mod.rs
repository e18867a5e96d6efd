//! Time laws: how fast to go along a path, within every limit and nearly as quickly as they allow.
//!
//! In: a path q(λ), limits ([`Limits`]) of joints, efforts, a tool and λ itself. Out: λ(t) in pieces of constant λ⃛
//! ([`TimeLaw`]), or [`Untimeable`], which says where and why.
//!
//! **Invariant:** no limit is exceeded by more than 1e-9 of it (efforts 1e-6), at nodes and between; λ never falls; the path's
//! end is reached exactly and at rest.
//!
//! | file | what it decides |
//! |---|---|
//! | `limits.rs`, `error.rs` | what is asked for, and why it can't be had |
//! | `law.rs`, `timed_spline.rs` | λ(t), and q(λ(t)) |
//! | `rows.rs` | the limits at one place as linear inequalities |
//! | `nodes.rs` | the grid |
//! | `reach.rs`, `quickest.rs` | without limits of jerk: reachability analysis, and what happens between nodes |
//! | `filter.rs` | a law with limited jerk from one without, by averaging |
//! | `smooth.rs` | with limits of jerk: grid, solver, pieces, a look between nodes |
//! | `mesh.rs` | its grid: rows at nodes and in the middles between them, and what is exceeded there |
//! | `interior.rs`, `curve.rs`, `sides.rs`, `riccati.rs` | the solver, what is curved, the sides of rows that take part, and its Newton steps |
//! | `peaks.rs` | how near a law comes to the limits |
//!
//! # With limited jerk
//!
//! Unknown are x = λ̇² and u = λ̈ at the nodes. One piece of constant jerk lasts h = α/r̄ with r̄ = (r₀ + r₁)/2, r = √x,
//! α = Δλ + h²Δu/12, and leads from node to node with Δx = α(u₀ + u₁), exactly. The sum of h is smallest under the rows of each
//! node and, at both ends of each interval, |(q‴r³ + 3q″ru)/r̄ + q′Δu/α| ≤ J/r̄. The ratios r/r̄ and α are taken from the iterate
//! before, and the rows of velocity, acceleration and effort hold in the middle of each interval too; J/r̄ is convex in x, so that its tangent is a limit on the safe side (the convex-concave procedure; F. Debrouwere et
//! al., *Time-optimal path following for robots with convex-concave constraints*, IEEE T-RO 29, 2013). Rest is no special
//! case: λ ∝ t³ there has α = 3/2·Δλ. A primal-dual interior-point step is a linear-quadratic problem, solved by Riccati's recursion
//! in time linear in the nodes, twice: to see what to aim at, then with the second order of slack times multiplier.
//!
//! # Costs and limits of the method
//!
//! Without limits of jerk, 260 random paths take 0.05 % less time than TOPP-RA's on average and 0.06 % more at worst; the tests look at
//! each fifth, at all with `SERVOMESH_TIMING_ALL` in the environment.
//!
//! Straight lines take up to 0.4 % longer than their optimum. On curved paths the optimum is not known; where the iterations end
//! early, or limits are still exceeded between nodes after six looks, the law is safe but slower, at worst the averaged one, slowed
//! down as a whole. A start in motion rules that way out: if tightening does not suffice, it is refused as too fast. The polygons
//! for a tool's norms give away up to 1 % of acceleration and 2 % of jerk, 7 % where the curve leaves its plane.

mod curve;
mod error;
mod filter;
mod interior;
mod law;
mod limits;
mod mesh;
mod nodes;
mod peaks;
mod quickest;
mod reach;
mod riccati;
mod rows;
mod sides;
mod smooth;
mod timed_spline;

pub use error::Untimeable;
pub use law::TimeLaw;
pub use limits::{AlongLimits, Efforts, Limits, Tool, ToolCurve, ToolSample};
pub use timed_spline::TimedSpline;

use crate::spline::Spline;
use crate::timing::rows::Course;

/// The quickest law along `path` within `limits`.
///
/// # Errors
/// [`Untimeable`] if there is none.
pub fn plan(path: &Spline, limits: &Limits<'_>) -> Result<TimeLaw, Untimeable> {
    let mut course = Course::new(path, limits)?;
    if course.limits_jerk() {
        smooth::plan(&mut course)
    } else {
        quickest::plan(&mut course)
    }
}
