//! The quickest law with limited jerk: a grid, the interior-point solver, pieces of constant jerk, and a look between nodes.
//!
//! **Invariant:** what is handed out was looked at closely between nodes and keeps the limits there. Where a look sees one exceeded
//! by much, the grid is refined, where by little, the interval is tightened; then the whole law is slowed down by what is left. If the
//! solver's law should ever take longer than the averaged one it started from, that one is handed out.

use servomesh_types::JointVec;

use crate::timing::error::Untimeable;
use crate::timing::filter::{averaged, cut};
use crate::timing::interior::{Interior, States};
use crate::timing::law::{Piece, TimeLaw};
use crate::timing::mesh::Mesh;
use crate::timing::nodes::Nodes;
use crate::timing::peaks::{Closely, MARGIN, Peaks, kept};
use crate::timing::quickest;
use crate::timing::rows::{Course, Place};

/// The quickest law.
pub(super) fn plan(course: &mut Course<'_>) -> Result<TimeLaw, Untimeable> {
    let at_rest = course.limits.start_rate <= 0.0;
    let rough = quickest::rough(course)?;
    let window = window(course).min(rough.duration());
    let (steady, segments) = cut(&averaged(&rough, window), course.path.times());
    let (places, states) = places(&steady, &segments, window);
    let nodes = Nodes::at(course, &places)?;
    let mut mesh = Mesh::new(course, nodes)?;
    let mut interior = Interior::new(&mesh, mesh.slowed(states, course.limits.start_rate), at_rest);
    interior.solve(Some(FIRST_GAP), ROUGH_TOLERANCE);
    let mut best: Option<(TimeLaw, f64)> = None;
    for look in 1..=LOOKS {
        let law = mesh.law(&interior.states);
        let mut closely = if look < SURE {
            Closely::About
        } else {
            Closely::Surely
        };
        let mut each = mesh.look(course, &law, &interior.states, closely);
        let mut whole = of_all(&each);
        if closely == Closely::About && whole.slowdown() < ENOUGH {
            closely = Closely::Surely;
            each = mesh.look(course, &law, &interior.states, closely);
            whole = of_all(&each);
        }
        let slowdown = (whole.slowdown() * (1.0 + MARGIN)).max(1.0);
        let sure = closely == Closely::Surely;
        if !at_rest && sure && slowdown <= 1.0 + MARGIN {
            return Ok(law);
        }
        let duration = law.duration() * slowdown;
        if at_rest && sure && duration < best.as_ref().map_or(f64::INFINITY, |best| best.1) {
            best = Some((law.slowed(slowdown), duration));
        }
        let near = sure && slowdown < ENOUGH;
        if at_rest && near || look == LOOKS {
            break;
        }
        if look <= SPLITS && whole.largest() > COARSE {
            let (finer, states) = mesh.split(course, &interior.states, |i| each[i].largest() > FINE)?;
            mesh = finer;
            interior = Interior::new(&mesh, states, at_rest);
            interior.solve(Some(NEXT_GAP), ROUGH_TOLERANCE);
        } else {
            tighten(&mut interior, &each);
            interior.solve(None, TOLERANCE);
        }
    }
    match best {
        _ if !at_rest => Err(Untimeable::StartTooFast {
            rate: course.limits.start_rate,
            fastest: 0.0,
        }),
        Some((law, duration)) if duration < steady.duration() => Ok(law),
        Some((law, duration)) => {
            let steady = kept(course, &steady, &segments);
            Ok(if steady.duration() < duration { steady } else { law })
        }
        None => Ok(kept(course, &steady, &segments)),
    }
}

/// The largest of all.
fn of_all(each: &[Peaks]) -> Peaks {
    each.iter()
        .fold(Peaks::default(), |whole, peaks| whole.or(*peaks))
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
        cut(&mut interior.middle_share[i], most);
    }
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

/// Of the duration, where the solver starts: at first, on a finer grid, and with limits tightened.
const FIRST_GAP: f64 = 0.3;
const NEXT_GAP: f64 = 0.1;

/// Of the duration, where it ends: while the grid may still be refined, and with limits tightened.
const ROUGH_TOLERANCE: f64 = 1e-2;
const TOLERANCE: f64 = 5e-4;

/// Where a limit is exceeded by more, all intervals are halved that exceed one by more than the second; after so many looks.
const COARSE: f64 = 1.3;
const FINE: f64 = 1.05;
const SPLITS: usize = 4;

/// Looks at most, and from which one on they are close ones.
const LOOKS: usize = 9;
const SURE: usize = 3;

/// A law that is so near is slowed down as a whole.
const ENOUGH: f64 = 1.0 + 5e-3;

/// Intervals of a path without much jerk.
const EVENLY: f64 = 80.0;

/// Intervals in the time that an acceleration takes to build up.
const PER_WINDOW: f64 = 6.0;

/// A share of the largest jerk that is little.
const QUIET: f64 = 0.02;

/// Intervals at most, and at most for each segment, if the path has many.
const MOST: f64 = 360.0;
const MOST_PER_SEGMENT: f64 = 4.0;

/// Intervals of the same length in one segment, at most.
const MOST_BY_WAY: f64 = 12.0;

/// At least, for a path of more than one segment.
const FEWEST_PER_SEGMENT: f64 = 3.0;

/// In s.
const SHORTEST_WINDOW_S: f64 = 1e-3;

/// Where the joints' limits say nothing.
const ANY_WINDOW_S: f64 = 0.05;
