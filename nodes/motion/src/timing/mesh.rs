//! The mesh of a law with limited jerk: nodes with their rows, and rows of jerk at both ends and in the middle of each interval.

use crate::timing::error::Untimeable;
use crate::timing::interior::States;
use crate::timing::law::{Piece, TimeLaw};
use crate::timing::nodes::Nodes;
use crate::timing::peaks::{Closely, Peaks};
use crate::timing::reach::{Grid, controllable};
use crate::timing::rows::{Course, JerkRow, Place};

pub(super) struct Mesh {
    pub(super) nodes: Nodes,
    pub(super) middles: Nodes,
    /// A bound of λ̇² at each node: that of laws without limits of jerk, and some room.
    pub(super) x_top: Vec<f64>,
    jerks: Vec<JerkRow>,
    /// How many rows of jerk each place has.
    per_place: usize,
}

impl Mesh {
    pub(super) fn new(course: &mut Course<'_>, nodes: Nodes) -> Result<Self, Untimeable> {
        let x_top = top(course, &nodes)?;
        let middles = nodes.middles(course, &x_top)?;
        Ok(Self::of(course, nodes, middles, x_top))
    }

    fn of(course: &Course<'_>, nodes: Nodes, middles: Nodes, x_top: Vec<f64>) -> Self {
        let n = nodes.intervals();
        let mut jerks = Vec::new();
        for (i, segment) in nodes.segment.iter().enumerate() {
            for lambda in [nodes.lambda[i], nodes.lambda[i + 1], middles.lambda[i]] {
                let place = Place {
                    segment: *segment,
                    lambda,
                };
                course.jerk_rows(place, &course.geometry(place), &mut jerks);
            }
        }
        Self {
            x_top,
            per_place: jerks.len() / (3 * n),
            jerks,
            middles,
            nodes,
        }
    }

    /// The rows of jerk of interval `i`: at its start, at its end and in its middle.
    pub(super) fn jerks(&self, i: usize) -> [&[JerkRow]; 3] {
        let of = |place: usize| &self.jerks[(3 * i + place) * self.per_place..][..self.per_place];
        [of(0), of(1), of(2)]
    }

    /// The grid with a node in the middle of each interval for which `split` says so, and what the states are there.
    pub(super) fn split(
        &self,
        course: &mut Course<'_>,
        states: &States,
        split: impl Fn(usize) -> bool,
    ) -> Result<(Self, States), Untimeable> {
        let mut finer = States {
            x: Vec::new(),
            u: Vec::new(),
        };
        for i in 0..=self.nodes.intervals() {
            finer.x.push(states.x[i]);
            finer.u.push(states.u[i]);
            if i < self.nodes.intervals() && split(i) {
                let (x, u) = self.middle_state(i, pair(&states.x, i), pair(&states.u, i));
                finer.x.push(x.max(SLOWEST * states.x[i].max(states.x[i + 1])));
                finer.u.push(u);
            }
        }
        let (nodes, middles) = self.nodes.split_at(&self.middles, course, split)?;
        let x_top = top(course, &nodes)?;
        Ok((Self::of(course, nodes, middles, x_top), finer))
    }

    /// The states, slowed down until they keep the limits at the nodes, from a start at this rate.
    pub(super) fn slowed(&self, mut states: States, start_rate: f64) -> States {
        let law = self.law(&states);
        let whole = (0..self.nodes.intervals()).fold(Peaks::default(), |whole, i| {
            let node = self.nodes.peaks(i, states.x[i], states.u[i]);
            whole.or(node).or(self.seen(&law, i, &states))
        });
        let slowdown = whole.slowdown();
        for (x, u) in states.x.iter_mut().zip(&mut states.u) {
            (*x, *u) = (*x / slowdown.powi(2), *u / slowdown.powi(2));
        }
        states.x[0] = start_rate.powi(2);
        states.u[0] = 0.0;
        states
    }

    /// Two pieces of constant jerk for each interval.
    pub(super) fn law(&self, states: &States) -> TimeLaw {
        let lambda = &self.nodes.lambda;
        let pieces = (0..self.nodes.intervals()).flat_map(|i| {
            Piece::two_between([lambda[i], lambda[i + 1]], pair(&states.x, i), pair(&states.u, i))
        });
        TimeLaw::of(pieces.collect(), lambda[self.nodes.intervals()])
    }

    /// What a glance sees in an interval: its middle, and jerk at its ends.
    fn seen(&self, law: &TimeLaw, i: usize, states: &States) -> Peaks {
        let (x, u) = (pair(&states.x, i), pair(&states.u, i));
        let (x_middle, u_middle) = self.middle_state(i, x, u);
        let mut peaks = self.middles.peaks(i, x_middle, u_middle);
        let [first, second] = [law.pieces()[2 * i].jerk, law.pieces()[2 * i + 1].jerk];
        let [start, end, middle] = self.jerks(i);
        let worst = |rows: &[JerkRow], x: f64, u: f64, jerk: f64| {
            let rate = x.max(0.0).sqrt();
            rows.iter()
                .map(|row| (row.w * jerk + rate * (row.ru * u + row.rrr * x)).abs())
                .fold(0.0, f64::max)
        };
        peaks.jerk = worst(start, x[0], u[0], first)
            .max(worst(middle, x_middle, u_middle, first))
            .max(worst(middle, x_middle, u_middle, second))
            .max(worst(end, x[1], u[1], second));
        peaks
    }

    /// x and u in the middle of an interval, where u is linear in λ.
    fn middle_state(&self, i: usize, x: [f64; 2], u: [f64; 2]) -> (f64, f64) {
        let step = self.nodes.lambda[i + 1] - self.nodes.lambda[i];
        (
            (0.5 * (x[0] + x[1]) + 0.25 * step * (u[0] - u[1])).max(0.0),
            0.5 * (u[0] + u[1]),
        )
    }

    /// Whether an effort may come near its limit on an interval, by its values at the ends and in the middle.
    fn efforts_matter(&self, course: &Course<'_>, i: usize, x: [f64; 2], u: [f64; 2]) -> bool {
        let efforts = course.effort_rows_at();
        let (x_middle, u_middle) = self.middle_state(i, x, u);
        let start = self.nodes.efforts(i, x[0], u[0], &efforts);
        let middle = self.middles.efforts(i, x_middle, u_middle, &efforts);
        let end = self.nodes.efforts(i + 1, x[1], u[1], &efforts);
        start.zip(middle).zip(end).any(|((start, middle), end)| {
            let (most, least) = (start.max(middle).max(end), start.min(middle).min(end));
            most.max(-least) + EFFORT_ROOM * (most - least) > EFFORT_NEAR
        })
    }

    /// What a look sees in each interval; where pieces do not lead forwards to the next node, every limit is exceeded.
    pub(super) fn look(
        &self,
        course: &mut Course<'_>,
        law: &TimeLaw,
        states: &States,
        closely: Closely,
    ) -> Vec<Peaks> {
        let pieces = law.pieces().chunks_exact(2).enumerate();
        pieces
            .map(|(i, pieces)| {
                if !self.leads_on(i, pieces) {
                    return Peaks::INFINITE;
                }
                let (x, u) = (pair(&states.x, i), pair(&states.u, i));
                let efforts = self.efforts_matter(course, i, x, u);
                Peaks::of_all(course, self.nodes.segment[i], pieces, efforts, closely)
            })
            .collect()
    }
}

impl Mesh {
    /// Whether the pieces of interval `i` lead forwards to its end: not all states at two nodes have a time between them.
    fn leads_on(&self, i: usize, pieces: &[Piece]) -> bool {
        let lambda = &self.nodes.lambda;
        let forwards = pieces.iter().all(|piece| {
            let [slowest, fastest] = piece.extreme_rates();
            piece.duration > 0.0 && slowest >= -ROUNDING * fastest
        });
        forwards
            && pieces.last().is_some_and(|last| {
                let missed = last.s + last.way() - lambda[i + 1];
                missed.abs() <= MEETING * lambda[lambda.len() - 1]
            })
    }
}

/// A bound of λ̇² at each node.
fn top(course: &Course<'_>, nodes: &Nodes) -> Result<Vec<f64>, Untimeable> {
    let top = controllable(&Grid {
        lambda: &nodes.lambda,
        rows: &nodes.rows,
        x_max: &nodes.x_max,
        share: &vec![1.0; nodes.intervals()],
    });
    let rate = course.limits.start_rate;
    if rate * rate > top[0] {
        return Err(Untimeable::StartTooFast {
            rate,
            fastest: top[0].sqrt(),
        });
    }
    let tops = top.iter().zip(&nodes.x_max);
    Ok(tops.map(|(top, most)| (ROOM * top).min(*most)).collect())
}

/// The values at both ends of interval `i`.
fn pair(values: &[f64], i: usize) -> [f64; 2] {
    [values[i], values[i + 1]]
}

/// What the law without jerk may be exceeded by, for its grid is another.
const ROOM: f64 = 1.1;

/// λ̇² in the middle of an interval, as a share of that at its ends.
const SLOWEST: f64 = 1e-3;

/// An effort whose share of its limit is this, with this part of its change over the interval, may be at its limit.
const EFFORT_NEAR: f64 = 0.9;
const EFFORT_ROOM: f64 = 0.5;

/// Of the rate, where it ends at rest.
const ROUNDING: f64 = 1e-12;

/// How well pieces meet a node, as a share of the path.
const MEETING: f64 = 1e-12;
