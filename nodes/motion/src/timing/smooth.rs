//! The quickest law with limited jerk: a grid, the interior-point solver, pieces of constant jerk, and a look between nodes.
//!
//! **Invariant:** what is handed out was looked at closely between nodes and keeps the limits there: limits of single intervals
//! are tightened where a glance sees them exceeded, then the whole law is slowed down by what is left. If the solver's law should
//! ever take longer than the averaged one it started from, that one is handed out.

use servomesh_types::JointVec;

use crate::timing::error::Untimeable;
use crate::timing::filter::{averaged, cut};
use crate::timing::interior::{Interior, States};
use crate::timing::law::{Piece, TimeLaw};
use crate::timing::nodes::Nodes;
use crate::timing::peaks::{Look, MARGIN, Peaks, kept};
use crate::timing::quickest;
use crate::timing::reach::{Grid, controllable};
use crate::timing::rows::{Course, Place};

/// The quickest law.
pub(super) fn plan(course: &mut Course<'_>) -> Result<TimeLaw, Untimeable> {
    let at_rest = course.limits.start_rate <= 0.0;
    let rough = quickest::rough(course)?;
    let window = window(course).min(rough.duration());
    let (steady, segments) = cut(&averaged(&rough, window), course.path.times());
    let slowdown = Peaks::of_law(course, &steady, &segments, Look::GLANCE).slowdown();
    let (places, mut states) = places(&steady, &segments, window);
    for (x, u) in states.x.iter_mut().zip(&mut states.u) {
        (*x, *u) = (*x / slowdown.powi(2), *u / slowdown.powi(2));
    }
    states.x[0] = course.limits.start_rate.powi(2);
    states.u[0] = 0.0;

    let nodes = Nodes::at(course, &places)?;
    let jerks = jerks(course, &nodes);
    let share = vec![1.0; nodes.intervals()];
    let grid = Grid {
        lambda: &nodes.lambda,
        rows: &nodes.rows,
        x_max: &nodes.x_max,
        share: &share,
    };
    let k = controllable(&grid);
    let rate = course.limits.start_rate;
    if rate * rate > k[0] {
        return Err(Untimeable::StartTooFast {
            rate,
            fastest: k[0].sqrt(),
        });
    }
    let x_top: Vec<f64> = k
        .iter()
        .zip(&nodes.x_max)
        .map(|(k, most)| (ROOM * k).min(*most))
        .collect();
    let mut interior = Interior::new(&nodes, &jerks, &x_top, states, at_rest);

    let pieces_segments: Vec<usize> = nodes.segment.iter().flat_map(|k| [*k, *k]).collect();
    let look = if at_rest { Look::GLANCE } else { Look::CLOSE };
    let mut best: Option<(TimeLaw, f64)> = None;
    let (mut gap, mut tolerance) = (FIRST_GAP, ROUGH_TOLERANCE);
    for _ in 0..=TIGHTENINGS {
        interior.solve(gap, tolerance);
        gap = NEXT_GAP;
        let law = law(&nodes, &interior.states);
        let each: Vec<Peaks> = (0..nodes.intervals())
            .map(|i| {
                let [first, second] =
                    [2 * i, 2 * i + 1].map(|k| Peaks::of(course, nodes.segment[i], &law.pieces()[k], look));
                first.or(second)
            })
            .collect();
        let whole = each
            .iter()
            .fold(Peaks::default(), |whole, peaks| whole.or(*peaks));
        let slowdown = (whole.slowdown() * (1.0 + MARGIN)).max(1.0);
        // Not all states at two nodes have a time between them: then pieces end elsewhere than the next ones begin.
        let meets = |pair: &[Piece]| {
            let off = pair[0].s + pair[0].way() - pair[1].s;
            off.abs() <= ROUNDING * law.length()
        };
        let forward = law.pieces().windows(2).all(meets)
            && law
                .pieces()
                .iter()
                .all(|piece| piece.duration > 0.0 && piece.rate >= 0.0);
        if !at_rest && forward && slowdown <= 1.0 + MARGIN {
            return Ok(law);
        }
        let duration = law.duration() * slowdown;
        if at_rest && forward && best.as_ref().is_none_or(|best| duration < best.1) {
            best = Some((law, duration));
        }
        if at_rest && slowdown < CLOSE {
            if tolerance <= TOLERANCE {
                break;
            }
            (gap, tolerance) = (CLOSER_GAP, TOLERANCE);
            continue;
        }
        tighten(&mut interior, &each);
    }
    if !at_rest {
        return Err(Untimeable::StartTooFast { rate, fastest: 0.0 });
    }
    let solved = best.map(|(law, _)| kept(course, &law, &pieces_segments, Look::CLOSE));
    match solved {
        Some(solved) if solved.duration() < steady.duration() * slowdown => Ok(solved),
        Some(solved) => {
            let steady = kept(course, &steady, &segments, Look::CLOSE);
            Ok(if steady.duration() < solved.duration() {
                steady
            } else {
                solved
            })
        }
        None => Ok(kept(course, &steady, &segments, Look::CLOSE)),
    }
}

fn tighten(interior: &mut Interior, each: &[Peaks]) {
    for (i, peaks) in each.iter().enumerate() {
        let cut = |share: &mut f64, peak: f64| {
            if peak > 1.0 {
                *share *= 1.0 / peak.min(2.0);
            }
        };
        cut(&mut interior.jerk_share[i], peaks.jerk);
        let most = peaks.acceleration.max(peaks.speed.powi(2));
        cut(&mut interior.node_share[i], most);
        cut(&mut interior.node_share[i + 1], most);
    }
}

/// The rows of jerk at both sides of each interval.
fn jerks(course: &Course<'_>, nodes: &Nodes) -> Vec<crate::timing::rows::JerkRow> {
    let mut jerks = Vec::new();
    for (i, segment) in nodes.segment.iter().enumerate() {
        for lambda in [nodes.lambda[i], nodes.lambda[i + 1]] {
            let place = Place {
                segment: *segment,
                lambda,
            };
            course.jerk_rows(place, &course.geometry(place), &mut jerks);
        }
    }
    jerks
}

/// Where to put nodes, and how `law` passes them: evenly in its time, more closely where its acceleration changes, and
/// evenly along each segment, both to the same part.
fn places(law: &TimeLaw, segments: &[usize], window: f64) -> (Vec<Place>, States) {
    let count = segments.last().map_or(1, |last| last + 1);
    let even = law.duration() / EVENLY;
    let close = even.min(window / PER_WINDOW);
    let most_jerk = law
        .pieces()
        .iter()
        .map(|piece| piece.jerk.abs())
        .fold(0.0, f64::max);
    let in_time = |piece: &Piece| {
        piece.duration
            / if piece.jerk.abs() > QUIET * most_jerk {
                close
            } else {
                even
            }
    };
    let total: f64 = law.pieces().iter().map(in_time).sum();
    let half = 0.5 * MOST.max(MOST_PER_SEGMENT * count as f64);
    let (by_time, by_way) = ((half / total).min(1.0), (half / count as f64).min(MOST_BY_WAY));
    let (mut places, mut states) = (
        Vec::new(),
        States {
            x: Vec::new(),
            u: Vec::new(),
        },
    );
    let mut k = 0;
    for segment in 0..count {
        let first = k;
        while k < segments.len() && segments[k] == segment {
            k += 1;
        }
        let pieces = &law.pieces()[first..k];
        let way: f64 = pieces.iter().map(Piece::way).sum();
        let weight = |piece: &Piece| by_time * in_time(piece) + by_way * piece.way() / way;
        let weights: f64 = pieces.iter().map(weight).sum();
        let intervals = weights
            .ceil()
            .max(if count == 1 { 8.0 } else { FEWEST_PER_SEGMENT });
        let (mut passed, mut at) = (0.0, 0);
        for i in 0..intervals as usize {
            let wanted = weights * i as f64 / intervals;
            while at + 1 < pieces.len() && passed + weight(&pieces[at]) <= wanted {
                passed += weight(&pieces[at]);
                at += 1;
            }
            let share = ((wanted - passed) / weight(&pieces[at]).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
            let moment = pieces[at].at(share * pieces[at].duration);
            places.push(Place {
                segment,
                lambda: moment.s,
            });
            states.x.push(moment.rate.powi(2));
            states.u.push(moment.acceleration);
        }
    }
    states.x.push(0.0);
    states.u.push(0.0);
    (places, states)
}

/// Two pieces of constant jerk for each interval, half of its time each: they meet λ, λ̇ and λ̈ at both ends.
fn law(nodes: &Nodes, states: &States) -> TimeLaw {
    let mut pieces = Vec::with_capacity(2 * nodes.intervals());
    for i in 0..nodes.intervals() {
        let step = nodes.lambda[i + 1] - nodes.lambda[i];
        let (r0, r1) = (states.x[i].max(0.0).sqrt(), states.x[i + 1].max(0.0).sqrt());
        let (u0, du) = (states.u[i], states.u[i + 1] - states.u[i]);
        let (sum, dr) = (r0 + r1, r1 - r0);
        // Δλ = h(r₀ + r₁)/2 − h²Δu/12
        let h = 2.0 * step / (0.5 * sum + (0.25 * sum * sum - du * step / 3.0).max(0.0).sqrt());
        let (twice, thrice) = (2.0 * du / h, 8.0 * (dr - u0 * h) / (h * h));
        let first = Piece {
            duration: 0.5 * h,
            s: nodes.lambda[i],
            rate: r0,
            acceleration: u0,
            jerk: 0.5 * (thrice - twice),
        };
        let middle = first.at(0.5 * h);
        pieces.push(first);
        pieces.push(Piece {
            duration: 0.5 * h,
            s: middle.s,
            rate: middle.rate,
            acceleration: middle.acceleration,
            jerk: 0.5 * (3.0 * twice - thrice),
        });
    }
    TimeLaw::of(pieces, nodes.lambda[nodes.lambda.len() - 1])
}

/// How long accelerations take to build up, at the place where that is quickest.
fn window(course: &Course<'_>) -> f64 {
    let bounds = course.limits.bounds;
    let knots = course.path.times();
    let mut shortest = f64::INFINITY;
    for (segment, pair) in knots.windows(2).enumerate() {
        let q1 = course
            .geometry(Place {
                segment,
                lambda: 0.5 * (pair[0] + pair[1]),
            })
            .q[1];
        let most = |limits: &JointVec| {
            limits
                .iter()
                .zip(q1)
                .map(|(limit, q1)| limit / q1.abs())
                .fold(f64::INFINITY, f64::min)
        };
        shortest = shortest.min(most(&bounds.acceleration) / most(&bounds.jerk));
    }
    if shortest.is_finite() {
        shortest.max(SHORTEST_WINDOW_S)
    } else {
        ANY_WINDOW_S
    }
}

/// What the law without jerk may be exceeded by, for its grid is another.
const ROOM: f64 = 1.1;

/// Of the duration, where the solver starts, and where it goes on after tightening.
const FIRST_GAP: f64 = 0.3;
const NEXT_GAP: f64 = 0.1;
const CLOSER_GAP: f64 = 0.02;

/// Of the duration, where it ends: a law that exceeds limits between nodes, and one that keeps them.
const ROUGH_TOLERANCE: f64 = 5e-3;
const TOLERANCE: f64 = 5e-4;

/// Of a path's length, between the end of a piece and the start of the next.
const ROUNDING: f64 = 1e-12;

/// Times single intervals are tightened.
const TIGHTENINGS: usize = 3;

/// A law that is so near is slowed down as a whole.
const CLOSE: f64 = 1.0 + 1e-3;

/// Intervals of a path without much jerk.
const EVENLY: f64 = 80.0;

/// Intervals in the time that an acceleration takes to build up.
const PER_WINDOW: f64 = 6.0;

/// A share of the largest jerk that is little.
const QUIET: f64 = 0.02;

/// Intervals at most, and at most for each segment, if the path has many.
const MOST: f64 = 360.0;
const MOST_PER_SEGMENT: f64 = 5.0;

/// Intervals of the same length in one segment, at most.
const MOST_BY_WAY: f64 = 12.0;

/// At least, for a path of more than one segment.
const FEWEST_PER_SEGMENT: f64 = 3.0;

/// In s.
const SHORTEST_WINDOW_S: f64 = 1e-3;

/// Where the joints' limits say nothing.
const ANY_WINDOW_S: f64 = 0.05;
