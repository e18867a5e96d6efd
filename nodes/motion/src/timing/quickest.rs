//! A law without limits of jerk: reachability analysis on a grid that grows finer where limits are exceeded between nodes.
//!
//! **Invariant:** what is handed out was looked at between nodes and keeps the limits there: the grid is refined, then the
//! limits of single intervals are tightened, both after a glance, then the whole law is slowed down by the little that is left.

use crate::timing::error::Untimeable;
use crate::timing::law::{Piece, TimeLaw};
use crate::timing::nodes::Nodes;
use crate::timing::peaks::{MARGIN, Peaks};
use crate::timing::reach::{Grid, controllable, quickest};
use crate::timing::rows::Course;

/// The quickest law.
pub(super) fn plan(course: &mut Course<'_>) -> Result<TimeLaw, Untimeable> {
    let segments = course.path.times().len() - 1;
    let mut nodes = Nodes::even(course, (FEWEST / segments).max(FEWEST_PER_SEGMENT))?;
    let mut share = vec![1.0; nodes.intervals()];
    let at_rest = course.limits.start_rate <= 0.0;
    // Of each interval of the grid: λ̇² at both ends in the last round, and what was seen then.
    let mut seen: Vec<([u64; 2], Peaks)> = Vec::new();
    let mut rounds = 0..;
    loop {
        let round: u32 = rounds.next().unwrap_or(u32::MAX);
        let x = rates(course, &nodes, &share)?;
        let law = law(&nodes, &x);
        let mut whole = Peaks::default();
        let now: Vec<([u64; 2], Peaks)> = law
            .pieces()
            .iter()
            .enumerate()
            .map(|(i, piece)| {
                let ends = [x[i].to_bits(), x[i + 1].to_bits()];
                match seen.get(i) {
                    Some(seen) if seen.0 == ends => *seen,
                    _ => {
                        let near = nodes.efforts_matter(course, i, [x[i], x[i + 1]], piece.acceleration);
                        (ends, Peaks::of(course, nodes.segment[i], piece, near))
                    }
                }
            })
            .collect();
        seen = now;
        let peaks: Vec<f64> = seen
            .iter()
            .map(|(_, peaks)| {
                whole = whole.or(*peaks);
                peaks.acceleration
            })
            .collect();
        if round < REFINEMENTS && peaks.iter().any(|peak| *peak > COARSE) {
            nodes = nodes.split(course, |i| peaks[i] > COARSE)?;
            share = vec![1.0; nodes.intervals()];
            seen.clear();
            continue;
        }
        let excess = whole.slowdown();
        if !at_rest {
            if excess <= 1.0 {
                return Ok(law);
            }
        } else if excess < CLOSE || round > REFINEMENTS + TIGHTENINGS {
            return Ok(law.slowed(excess.max(1.0) * (1.0 + MARGIN)));
        }
        for (share, peak) in share.iter_mut().zip(&peaks) {
            if *peak > 1.0 - MARGIN {
                *share *= (1.0 - MARGIN) / peak;
            }
            if round > REFINEMENTS + TIGHTENINGS {
                *share *= STRICTER;
            }
        }
        if whole.speed > 1.0 {
            let factor = ((1.0 - MARGIN) / whole.speed).powi(2);
            nodes.x_max.iter_mut().for_each(|x| *x *= factor);
        }
    }
}

/// A quick look: few nodes, and none between them.
pub(super) fn rough(course: &mut Course<'_>) -> Result<TimeLaw, Untimeable> {
    let segments = course.path.times().len() - 1;
    let nodes = Nodes::even(course, (ROUGH / segments).max(ROUGH_PER_SEGMENT))?;
    let x = rates(course, &nodes, &vec![1.0; nodes.intervals()])?;
    Ok(law(&nodes, &x))
}

/// λ̇² at each node, quickest on this grid.
pub(super) fn rates(course: &Course<'_>, nodes: &Nodes, share: &[f64]) -> Result<Vec<f64>, Untimeable> {
    let grid = Grid {
        lambda: &nodes.lambda,
        rows: &nodes.rows,
        x_max: &nodes.x_max,
        share,
    };
    let k = controllable(&grid);
    let rate = course.limits.start_rate;
    if rate * rate > k[0] {
        return Err(Untimeable::StartTooFast {
            rate,
            fastest: k[0].sqrt(),
        });
    }
    let x = quickest(&grid, &k, rate * rate);
    // Between nodes of which both are at rest nothing moves: no limit above zero leads there.
    let stuck = |i: &usize| x[*i] + x[i + 1] <= 0.0;
    match (0..nodes.intervals()).find(stuck) {
        Some(i) => Err(Untimeable::NoPath {
            lambda: nodes.lambda[i],
        }),
        None => Ok(x),
    }
}

/// Pieces of constant λ̈ between the nodes.
pub(super) fn law(nodes: &Nodes, x: &[f64]) -> TimeLaw {
    let pieces = (0..nodes.intervals()).map(|i| {
        let step = nodes.lambda[i + 1] - nodes.lambda[i];
        let (r0, r1) = (x[i].sqrt(), x[i + 1].sqrt());
        Piece {
            duration: 2.0 * step / (r0 + r1),
            s: nodes.lambda[i],
            rate: r0,
            acceleration: (x[i + 1] - x[i]) / (2.0 * step),
            jerk: 0.0,
        }
    });
    TimeLaw::of(pieces.collect(), nodes.lambda[nodes.lambda.len() - 1])
}

impl Nodes {
    /// Whether an effort may come near its limit on an interval, by its values at both ends.
    fn efforts_matter(&self, course: &Course<'_>, i: usize, x: [f64; 2], u: f64) -> bool {
        let efforts = course.effort_rows_at();
        self.efforts(i, x[0], u, &efforts)
            .chain(self.efforts(i + 1, x[1], u, &efforts))
            .any(|share| share.abs() > EFFORT_NEAR)
    }
}

/// An effort of that share at a node may be at its limit beside it.
const EFFORT_NEAR: f64 = 0.95;

/// Intervals to begin with, if the path has few segments.
const FEWEST: usize = 8000;

/// In each segment.
const FEWEST_PER_SEGMENT: usize = 24;

/// The same for a quick look.
const ROUGH: usize = 60;
const ROUGH_PER_SEGMENT: usize = 3;

/// Times the grid is refined.
const REFINEMENTS: u32 = 2;

/// Intervals in which a limit is exceeded by more are halved.
const COARSE: f64 = 1.0 + 2e-3;

/// Times single intervals are tightened.
const TIGHTENINGS: u32 = 2;

/// A law that is so near is slowed down as a whole.
const CLOSE: f64 = 1.0 + 1e-4;

/// What all limits are cut by in each round where slowing down is no choice.
const STRICTER: f64 = 0.98;
