//! A law with limited jerk from one without: its λ̇ is the mean of the other's over the last T seconds.
//!
//! λ̈ then changes by Δλ̈/T per second instead of in steps, which is how S-curves come from trapezoids. Slowed down until it
//! keeps every limit it is a law of its own, and it is where the solver starts from.
//!
//! **Invariant:** λ⃛ is constant between two corners, and λ̇ and λ̈ are continuous.

use crate::timing::law::{Piece, TimeLaw};

/// `law` with its λ̇ averaged over `window` seconds; it takes that much longer.
pub(super) fn averaged(law: &TimeLaw, window: f64) -> TimeLaw {
    let window = window.min(law.duration());
    let start_rate = law.at(0.0).rate;
    let duration = law.duration() + window;
    let mut corners: Vec<f64> = law.corners().iter().flat_map(|t| [*t, t + window]).collect();
    corners.sort_by(f64::total_cmp);
    let shortest = duration * SHORTEST;
    corners.dedup_by(|later, earlier| *later - *earlier < shortest);
    if let Some(last) = corners.last_mut() {
        *last = duration;
    }
    let before = |t: f64| {
        let moment = law.at(t);
        if t < 0.0 {
            (start_rate * t, start_rate, 0.0)
        } else {
            (moment.s, moment.rate, moment.acceleration)
        }
    };
    let difference = |t: f64| {
        let (now, then) = (before(t), before(t - window));
        (
            (now.0 - then.0) / window,
            (now.1 - then.1) / window,
            (now.2 - then.2) / window,
        )
    };
    let mut pieces: Vec<Piece> = Vec::with_capacity(corners.len());
    let mut s = 0.0;
    for pair in corners.windows(2) {
        let duration = pair[1] - pair[0];
        let (rate, acceleration, _) = difference(pair[0]);
        let (_, next_acceleration, _) = difference(pair[1]);
        let piece = Piece {
            duration,
            s,
            rate,
            acceleration,
            jerk: (next_acceleration - acceleration) / duration,
        };
        s = piece.at(duration).s;
        pieces.push(piece);
    }
    // With a start in motion, the mean lags behind: the way is brought back to its length.
    let length = law.length();
    for piece in &mut pieces {
        let factor = length / s;
        piece.s *= factor;
        piece.rate *= factor;
        piece.acceleration *= factor;
        piece.jerk *= factor;
    }
    TimeLaw::of(pieces, length)
}

/// The law with its pieces cut where the path has knots, and the segment of each piece.
pub(super) fn cut(law: &TimeLaw, knots: &[f64]) -> (TimeLaw, Vec<usize>) {
    let (mut pieces, mut segments) = (Vec::new(), Vec::new());
    let mut segment = 0;
    for piece in law.pieces() {
        let mut rest = *piece;
        while segment + 2 < knots.len() && rest.at(rest.duration).s > knots[segment + 1] {
            let duration = when(&rest, knots[segment + 1]);
            pieces.push(Piece { duration, ..rest });
            segments.push(segment);
            let moment = rest.at(duration);
            rest = Piece {
                duration: rest.duration - duration,
                s: moment.s.max(knots[segment + 1]),
                rate: moment.rate,
                acceleration: moment.acceleration,
                jerk: rest.jerk,
            };
            segment += 1;
        }
        pieces.push(rest);
        segments.push(segment);
    }
    (TimeLaw::of(pieces, law.length()), segments)
}

/// When a piece comes to `s`, by halving.
fn when(piece: &Piece, s: f64) -> f64 {
    let (mut early, mut late) = (0.0, piece.duration);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (early + late);
        if piece.at(middle).s < s {
            early = middle;
        } else {
            late = middle;
        }
    }
    late
}

/// Corners that are nearer to each other, as a share of the duration, are one.
const SHORTEST: f64 = 1e-9;

/// Until a time is known to the last digit.
const HALVINGS: u32 = 60;
