//! The curve of a cam: the follower's position over that of the leader, through given points.
//!
//! Slopes and curvatures at the points are those of the cubic spline with continuous curvature; quintics in between keep them. A cam with ends stands still
//! beyond them: slope and curvature are 0 there. A periodic one goes on from its last point to its first.
//!
//! **Invariant:** the curve and its first two derivatives are continuous everywhere, the third is finite. Evaluating it allocates nothing.

use crate::quintic::{End, Quintic};

/// The most points of one cam: the bound of the message.
pub const MOST_POINTS: usize = 1000;

/// What makes points no cam.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BadCam {
    /// Too few or too many.
    #[error("{count} points: a cam has 2 to {MOST_POINTS}")]
    Count {
        /// How many there are.
        count: usize,
    },
    /// A number is none.
    #[error("point {index}: leader {leader}, follower {follower}: both have to be finite")]
    NotFinite {
        /// Of the point.
        index: usize,
        /// Position of the leader.
        leader: f64,
        /// Position of the follower.
        follower: f64,
    },
    /// Two points in the wrong order, or at the same place.
    #[error("point {index}: leader {leader} is not above {before} of the point before")]
    NotRising {
        /// Of the second point.
        index: usize,
        /// Its position of the leader.
        leader: f64,
        /// That of the point before.
        before: f64,
    },
    /// Two points so close, or so far from 0, that what is between them has no digits left.
    #[error("point {index}: leader {leader} is too close to {before} of the point before to tell them apart")]
    TooClose {
        /// Of the second point.
        index: usize,
        /// Its position of the leader.
        leader: f64,
        /// That of the point before.
        before: f64,
    },
    /// A period that is no number, negative or shorter than the table.
    #[error("period {period}: it has to be at least {span}, what the points span, or 0 for a cam with ends")]
    Period {
        /// What it is.
        period: f64,
        /// From the first point to the last.
        span: f64,
    },
    /// A table as long as its period that does not come back.
    #[error("the cam ends at {last} and begins anew at {first}: the follower would jump")]
    Jump {
        /// Position of the follower at the first point.
        first: f64,
        /// At the last.
        last: f64,
    },
}

/// The curve.
#[derive(Clone, Debug)]
pub struct CamTable {
    /// Where the leader is at the first point.
    start: f64,
    /// How far from there each point is, the first 0.
    knots: Vec<f64>,
    pieces: Vec<Quintic>,
    ends: [f64; 2],
    periodic: bool,
}

impl CamTable {
    /// Through points of (leader, follower), with rising positions of the leader. A `period` of 0 gives it ends.
    ///
    /// # Errors
    /// [`BadCam`].
    pub fn through(points: &[(f64, f64)], period: f64) -> Result<Self, BadCam> {
        check(points, period)?;
        let start = points[0].0;
        let mut knots: Vec<f64> = points.iter().map(|(leader, _)| leader - start).collect();
        let mut values: Vec<f64> = points.iter().map(|(_, follower)| *follower).collect();
        let periodic = period > 0.0;
        let span = knots[knots.len() - 1];
        if periodic {
            if period - span > CLOSE * period {
                knots.push(period);
                values.push(values[0]);
            } else if let (Some(knot), Some(value)) = (knots.last_mut(), values.last_mut()) {
                (*knot, *value) = (period, points[0].1);
            }
        }
        let slopes = slopes(&knots, &values, periodic);
        let mut ends: Vec<End> = (0..knots.len())
            .map(|k| End {
                p: values[k],
                v: slopes[k],
                a: curvature(&knots, &values, &slopes, k),
            })
            .collect();
        let last = ends.len() - 1;
        if periodic {
            ends[last] = ends[0];
        } else {
            (ends[0].a, ends[last].a) = (0.0, 0.0);
        }
        let pieces = (0..last)
            .map(|k| Quintic::between(ends[k], ends[k + 1], knots[k + 1] - knots[k]))
            .collect();
        Ok(Self {
            start,
            knots,
            pieces,
            ends: [values[0], values[last]],
            periodic,
        })
    }

    /// Position of the follower where the leader is at `leader`, and its first three derivatives with respect to that.
    pub fn at(&self, leader: f64) -> [f64; 4] {
        let span = self.knots[self.knots.len() - 1];
        let way = leader - self.start;
        let way = if self.periodic {
            way.rem_euclid(span)
        } else if way < 0.0 {
            return [self.ends[0], 0.0, 0.0, 0.0];
        } else if way >= span {
            return [self.ends[1], 0.0, 0.0, 0.0];
        } else {
            way
        };
        let piece = (self.knots.partition_point(|knot| *knot <= way) - 1).min(self.pieces.len() - 1);
        self.pieces[piece].at(way - self.knots[piece])
    }

    /// Calls `each` with stretches of the curve that lie close together: where the leader is in the middle of it, and bounds of what |f′|, |f″| and |f‴| are there, with the
    /// lowest and the highest f.
    pub(crate) fn for_each_stretch(&self, mut each: impl FnMut(f64, [f64; 3], (f64, f64))) {
        for (k, piece) in self.pieces.iter().enumerate() {
            let length = self.knots[k + 1] - self.knots[k];
            let half = 0.5 * length / STRETCHES as f64;
            for stretch in 0..STRETCHES {
                let middle = half * (2 * stretch + 1) as f64;
                let Quintic([c0, c1, c2, c3, c4, c5]) = piece.shifted(middle);
                // What a polynomial differs by from its linear part; that has its extremes at the ends.
                let tail = |terms: &[f64]| {
                    let mut power = half;
                    terms.iter().fold(0.0, |sum, term| {
                        power *= half;
                        sum + term.abs() * power
                    })
                };
                let derivatives = [
                    c1.abs() + 2.0 * c2.abs() * half + tail(&[3.0 * c3, 4.0 * c4, 5.0 * c5]),
                    2.0 * c2.abs() + 6.0 * c3.abs() * half + tail(&[12.0 * c4, 20.0 * c5]),
                    6.0 * c3.abs() + 24.0 * c4.abs() * half + tail(&[60.0 * c5]),
                ];
                let reach = c1.abs() * half + tail(&[c2, c3, c4, c5]);
                each(
                    self.start + self.knots[k] + middle,
                    derivatives,
                    (c0 - reach, c0 + reach),
                );
            }
        }
    }
}

fn check(points: &[(f64, f64)], period: f64) -> Result<(), BadCam> {
    let count = points.len();
    if !(2..=MOST_POINTS).contains(&count) {
        return Err(BadCam::Count { count });
    }
    for (index, &(leader, follower)) in points.iter().enumerate() {
        if !leader.is_finite() || !follower.is_finite() {
            return Err(BadCam::NotFinite {
                index,
                leader,
                follower,
            });
        }
        if index == 0 {
            continue;
        }
        let before = points[index - 1].0;
        if leader <= before {
            return Err(BadCam::NotRising {
                index,
                leader,
                before,
            });
        }
        if leader - before < CLOSE * leader.abs().max(before.abs()) || !(leader - before).is_finite() {
            return Err(BadCam::TooClose {
                index,
                leader,
                before,
            });
        }
    }
    let span = points[count - 1].0 - points[0].0;
    let no_period = period.abs() <= 0.0;
    let covers = period.is_finite() && period >= span * (1.0 - CLOSE);
    if !no_period && !covers {
        return Err(BadCam::Period { period, span });
    }
    let (first, last) = (points[0].1, points[count - 1].1);
    if !no_period && period - span <= CLOSE * period && (first - last).abs() > CLOSE * first.abs().max(1.0) {
        return Err(BadCam::Jump { first, last });
    }
    Ok(())
}

/// The slopes of the cubic spline with continuous curvature: vₖ₋₁/h₀ + 2vₖ(1/h₀ + 1/h₁) + vₖ₊₁/h₁ = 3(s₀/h₀ + s₁/h₁), by Thomas' elimination; 0 at ends. The two
/// corners of the periodic system are split off (Sherman and Morrison).
fn slopes(knots: &[f64], values: &[f64], periodic: bool) -> Vec<f64> {
    let pieces = knots.len() - 1;
    let width = |k: usize| knots[k + 1] - knots[k];
    let mean = |k: usize| (values[k + 1] - values[k]) / width(k);
    if !periodic {
        let inner = pieces - 1;
        let mut found = vec![0.0; knots.len()];
        let rows: Vec<Row> = (1..=inner).map(|k| row(width(k - 1), width(k))).collect();
        let right = (1..=inner).map(|k| 3.0 * (mean(k - 1) / width(k - 1) + mean(k) / width(k)));
        let solved = eliminate(&rows, right.collect());
        found[1..=inner].copy_from_slice(&solved);
        return found;
    }
    // Row k is that of knot k, with piece k − 1 before it, around the corner.
    let before = |k: usize| (k + pieces - 1) % pieces;
    if pieces == 1 {
        return vec![0.0; 2];
    }
    let mut rows: Vec<Row> = (0..pieces).map(|k| row(width(before(k)), width(k))).collect();
    let right: Vec<f64> = (0..pieces)
        .map(|k| 3.0 * (mean(before(k)) / width(before(k)) + mean(k) / width(k)))
        .collect();
    let corner = rows[0].below;
    let shift = -rows[0].diagonal;
    rows[0].diagonal -= shift;
    rows[pieces - 1].diagonal -= corner * corner / shift;
    let mut edge = vec![0.0; pieces];
    (edge[0], edge[pieces - 1]) = (shift, corner);
    let (x, z) = (eliminate(&rows, right), eliminate(&rows, edge));
    let along = |v: &[f64]| v[0] + v[pieces - 1] * corner / shift;
    let factor = along(&x) / (1.0 + along(&z));
    let mut found: Vec<f64> = x.iter().zip(&z).map(|(x, z)| x - factor * z).collect();
    found.push(found[0]);
    found
}

#[derive(Clone, Copy)]
struct Row {
    below: f64,
    diagonal: f64,
    above: f64,
}

fn row(h0: f64, h1: f64) -> Row {
    Row {
        below: 1.0 / h0,
        diagonal: 2.0 / h0 + 2.0 / h1,
        above: 1.0 / h1,
    }
}

/// Thomas' elimination; `below` of the first row and `above` of the last one are left out.
fn eliminate(rows: &[Row], mut right: Vec<f64>) -> Vec<f64> {
    let mut above = vec![0.0; rows.len()];
    for k in 0..rows.len() {
        let (last_above, last_right) = if k > 0 {
            (above[k - 1], right[k - 1])
        } else {
            (0.0, 0.0)
        };
        let diagonal = rows[k].diagonal - rows[k].below * last_above;
        above[k] = rows[k].above / diagonal;
        let carried = if k > 0 { rows[k].below * last_right } else { 0.0 };
        right[k] = (right[k] - carried) / diagonal;
    }
    for k in (1..rows.len()).rev() {
        right[k - 1] -= above[k - 1] * right[k];
    }
    right
}

/// Of that spline at a point, from the piece after it; at the last, from the one before.
fn curvature(knots: &[f64], values: &[f64], slopes: &[f64], k: usize) -> f64 {
    let (a, sign) = if k + 1 < knots.len() {
        (k, 1.0)
    } else {
        (k - 1, -1.0)
    };
    let h = knots[a + 1] - knots[a];
    let mean = (values[a + 1] - values[a]) / h;
    let (here, other) = if sign > 0.0 {
        (slopes[a], slopes[a + 1])
    } else {
        (slopes[a + 1], slopes[a])
    };
    sign * (6.0 * mean - 4.0 * here - 2.0 * other) / h
}

/// Share of a length that counts as none.
const CLOSE: f64 = 1e-9;

/// Of each piece, for bounds on it: with 32 they are less than a percent above the extremes.
const STRETCHES: usize = 32;
