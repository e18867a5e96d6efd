//! Joint positions along a tool curve: quintics between knots that are exact, as many as it takes.
//!
//! At each knot the tool is where the curve has it, and dq/dλ, d²q/dλ² are those of the curve. Steps start as long as the curve's pieces, and shrink until the
//! tool is as near to the curve between the knots as asked for; checked at three places of each step, to half of it. From knot to knot it is
//! the same configuration: Newton's steps start from where the derivatives lead.
//!
//! **Invariant:** nothing jumps: where a step as short as [`SHORTEST`] does not do, the curve is refused.

use servomesh_types::JointVec;

use super::Deviation;
use super::chain::Chain;
use super::tool_curve::ToolCurve;
use crate::bounds::{Bounds, Quantity};
use crate::quintic::{End, Quintic};
use crate::spline::Knot;
use crate::state::State;

/// The knots of the joints' path, and how far the tool is off between them.
pub(super) type Followed = (Vec<Knot>, Deviation);

/// Where and why following a curve ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stuck {
    /// The last λ that was reached, or where a limit is.
    pub(super) lambda: f64,
    /// The joints there.
    pub(super) position: JointVec,
    pub(super) cause: Cause,
}

/// Why following a curve ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cause {
    /// No continuous way on was found.
    NoWay,
    /// A joint goes beyond its limit; as far as `value` in the end.
    Limit { joint: usize, value: f64, limit: f64 },
}

/// How exact the joints' path is to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exactness {
    pub(super) position: f64,
    pub(super) angle: f64,
}

/// Follows `curve` from `start`, which is at its start. `breaks` are λ that become knots, both ends among them.
#[expect(clippy::result_large_err, reason = "told once for each plan that fails")]
pub(super) fn follow(
    chain: &mut Chain,
    curve: &ToolCurve,
    breaks: &[f64],
    start: JointVec,
    bounds: &Bounds,
    exactness: Exactness,
) -> Result<Followed, Stuck> {
    let stuck = |lambda: f64, position: JointVec| Stuck {
        lambda,
        position,
        cause: Cause::NoWay,
    };
    let mut walk = Walk {
        chain,
        curve,
        exactness,
    };
    let mut from = walk.knot(0.0, start).ok_or(stuck(0.0, start))?;
    let mut knots = vec![from];
    let mut deviation = Deviation::default();
    let mut beyond: Option<Stuck> = None;
    let mut step = curve.length();
    for &until in breaks.iter().skip(1) {
        while from.time_s < until {
            let rest = until - from.time_s;
            let trial = rest / (rest / step - 1e-9).ceil().max(1.0);
            let to = if trial < rest { from.time_s + trial } else { until };
            let Some((knot, quintics, off)) = walk.step(&from, to) else {
                step = trial * SHRINK;
                if step < SHORTEST || knots.len() >= MOST_KNOTS {
                    return Err(beyond.unwrap_or(stuck(from.time_s, from.state.position)));
                }
                continue;
            };
            step = trial * growth(off, exactness);
            deviation = deviation.or(off);
            watch_limits(&mut beyond, &from, &quintics, to - from.time_s, bounds);
            from = knot;
            knots.push(from);
        }
    }
    match beyond {
        Some(stuck) => Err(stuck),
        None => Ok((knots, deviation)),
    }
}

struct Walk<'a> {
    chain: &'a mut Chain,
    curve: &'a ToolCurve,
    exactness: Exactness,
}

impl Walk<'_> {
    /// The exact knot at `lambda`, with the joints at `position` there.
    fn knot(&mut self, lambda: f64, position: JointVec) -> Option<Knot> {
        let sample = self.curve.at(lambda);
        let (velocity, acceleration) = self.chain.derivatives(&position, &sample)?;
        Some(Knot {
            time_s: lambda,
            state: State {
                position,
                velocity,
                acceleration,
            },
        })
    }

    /// The knot at `to`, with the quintics that lead there, if the tool is near enough all the way.
    fn step(&mut self, from: &Knot, to: f64) -> Option<(Knot, Vec<Quintic>, Deviation)> {
        let h = to - from.time_s;
        let State {
            position: q,
            velocity: q1,
            acceleration: q2,
        } = &from.state;
        if h * q1.max_abs() > LONGEST {
            return None;
        }
        let guess = JointVec::from_fn(q.len(), |j| q[j] + h * (q1[j] + 0.5 * h * q2[j]));
        let goal = self.curve.at(to).pose;
        let mut knot = self.settled(to, &goal, guess)?;
        if self.chain.is_redundant() {
            // Where self-motion is free, the knots are to be on one curve too: the fourth-order rule for q from q′ and q″ at both ends.
            let State {
                velocity: e1,
                acceleration: e2,
                ..
            } = &knot.state;
            let better = JointVec::from_fn(q.len(), |j| {
                q[j] + 0.5 * h * (q1[j] + e1[j]) + h * h / 12.0 * (q2[j] - e2[j])
            });
            knot = self.settled(to, &goal, better)?;
        }
        let quintics: Vec<Quintic> = (0..q.len())
            .map(|j| Quintic::between(end(from, j), end(&knot, j), h))
            .collect();
        let mut off = Deviation::default();
        for share in CHECKED {
            let at = JointVec::from_fn(q.len(), |j| quintics[j].at(share * h)[0]);
            let pose = self.curve.at(from.time_s + share * h).pose;
            let error = self.chain.error(&pose, &at);
            off = off.or(Deviation {
                position: error.position,
                angle: error.angle,
            });
        }
        let near =
            off.position <= MARGIN * self.exactness.position && off.angle <= MARGIN * self.exactness.angle;
        near.then_some((knot, quintics, off))
    }

    fn settled(&mut self, lambda: f64, goal: &nalgebra::Isometry3<f64>, guess: JointVec) -> Option<Knot> {
        let position = self.chain.settle(goal, guess, FARTHEST_FROM_GUESS)?;
        self.knot(lambda, position)
    }
}

fn end(knot: &Knot, j: usize) -> End {
    End {
        p: knot.state.position[j],
        v: knot.state.velocity[j],
        a: knot.state.acceleration[j],
    }
}

/// By how much the next step may be longer: errors go with the sixth power.
fn growth(off: Deviation, exactness: Exactness) -> f64 {
    let share = (off.position / exactness.position).max(off.angle / exactness.angle) / MARGIN;
    (0.7 / share.max(1e-12)).powf(1.0 / 6.0).clamp(0.5, 2.0)
}

/// Keeps the first place where a joint goes beyond a limit, and how far that joint goes from there on.
fn watch_limits(beyond: &mut Option<Stuck>, from: &Knot, quintics: &[Quintic], h: f64, bounds: &Bounds) {
    if beyond.is_none() {
        let mut first: Option<(f64, usize)> = None;
        for (joint, quintic) in quintics.iter().enumerate() {
            let interval = bounds.interval(joint, Quantity::Position);
            if quintic.leaves(Quantity::Position, h, interval) {
                let at = crossing(quintic, h, interval);
                if first.is_none_or(|(earliest, _)| at < earliest) {
                    first = Some((at, joint));
                }
            }
        }
        *beyond = first.map(|(at, joint)| {
            let position = JointVec::from_fn(quintics.len(), |j| quintics[j].at(at)[0]);
            let value = position[joint];
            let middle = 0.5 * (bounds.lower[joint] + bounds.upper[joint]);
            let high = value > middle || !bounds.lower[joint].is_finite();
            Stuck {
                lambda: from.time_s + at,
                position,
                cause: Cause::Limit {
                    joint,
                    value,
                    limit: if high {
                        bounds.upper[joint]
                    } else {
                        bounds.lower[joint]
                    },
                },
            }
        });
    }
    if let Some(Stuck {
        cause: Cause::Limit { joint, value, limit },
        ..
    }) = beyond
    {
        let side = if *limit >= bounds.upper[*joint] { 1.0 } else { -1.0 };
        for k in 0..=8 {
            let reached = quintics[*joint].at(h * f64::from(k) / 8.0)[0];
            if side * (reached - *value) > 0.0 {
                *value = reached;
            }
        }
    }
}

/// Where a quintic first leaves an interval that it does leave.
fn crossing(quintic: &Quintic, h: f64, (lower, upper): (f64, f64)) -> f64 {
    let inside = |t: f64| (lower..=upper).contains(&quintic.at(t)[0]);
    let outside = (0..=64).map(|k| h * f64::from(k) / 64.0).find(|t| !inside(*t));
    let Some(mut late) = outside else {
        return 0.5 * h; // between two samples, by less than anyone can see
    };
    let mut early = (late - h / 64.0).max(0.0);
    for _ in 0..48 {
        let middle = 0.5 * (early + late);
        if inside(middle) {
            early = middle;
        } else {
            late = middle;
        }
    }
    late
}

/// Places of each step where the tool is checked, in shares. The error of a quintic that is exact at both ends goes with u³(1 − u)³.
const CHECKED: [f64; 3] = [0.25, 0.5, 0.75];

/// Share of the exactness asked for that the checks take, for what lies between them.
const MARGIN: f64 = 0.5;

/// Not a half: steps then don't meet a singularity again and again that halves a segment.
const SHRINK: f64 = 0.43;

/// The shortest step (m of λ).
const SHORTEST: f64 = 1e-7;

/// The longest way of a joint in one step, and the farthest it may be from where derivatives lead (rad or m).
const LONGEST: f64 = 0.6;
const FARTHEST_FROM_GUESS: f64 = 0.15;

/// More knots than any path needs that a machine could follow.
const MOST_KNOTS: usize = 50_000;
