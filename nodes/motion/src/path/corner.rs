//! How two segments join: how much of each a corner takes, and the curve between.
//!
//! A blend leaves its segment one extent before the end and is on the next one as far behind it: the only quintic in λ that meets both with position, first
//! and second derivative. Between two lines that fades one direction out while the other fades in, so the blend stays in the corner's
//! triangle, 3/8 · extent · sin(turn/2) from the corner.
//!
//! What is passed through is met exactly: the transition, which lets the curvature change steadily where a line meets an arc, has its middle there.
//!
//! **Invariant:** what two corners take of one segment is at most its length.

use nalgebra::Vector3;

use super::error::PathError;
use super::segment::Stretch;
use super::tool_curve::Track;
use super::{Corner, CornerShape};

/// Of a segment that is passed through at an end, what the change of curvature and of turning there may each take.
pub(super) const THROUGH_SHARE: f64 = 0.25;

/// Directions that differ by less (rad) count as tangential: goals have rounded numbers.
const TANGENTIAL: f64 = 1e-3;
/// Rates of m per λ that differ by less are the same.
const SAME_RATE: f64 = 1e-3;
/// Derivatives that differ by less need no transition.
const SAME: f64 = 1e-9;

/// How much of λ each corner may take on either side, given the segments' lengths and the corners between them.
pub(super) fn rooms(lengths: &[f64], corners: &[Corner]) -> Vec<f64> {
    let corner = |k: usize| corners.get(k).copied().unwrap_or(Corner::Stop);
    (0..corners.len())
        .map(|k| {
            let other_before = if k == 0 { Corner::Stop } else { corner(k - 1) };
            let before = room(lengths[k], corner(k), other_before);
            before.min(room(lengths[k + 1], corner(k), corner(k + 1)))
        })
        .collect()
}

/// What `mine` may take of a segment that has `other` at its other end.
fn room(length: f64, mine: Corner, other: Corner) -> f64 {
    match (mine, other) {
        (Corner::Stop, _) => 0.0,
        (Corner::Through, _) => THROUGH_SHARE * length,
        (Corner::Blend(radius), Corner::Stop) => radius.min(length),
        (Corner::Blend(radius), Corner::Through) => radius.min(0.5 * length),
        (Corner::Blend(radius), Corner::Blend(other)) => radius.min(length * radius / (radius + other)),
    }
}

/// The transition from one stretch into the next one, with at most `room` on either side.
///
/// # Errors
/// If they are to be passed through and do not meet tangentially.
pub(super) fn join(
    before: &Stretch,
    after: &Stretch,
    corner: Corner,
    room: f64,
    tolerance: f64,
) -> Result<CornerShape, PathError> {
    let segment = before.segment;
    let shape = |extent, deviation| CornerShape {
        segment,
        corner,
        extent,
        deviation,
    };
    match corner {
        Corner::Stop => Ok(shape(0.0, 0.0)),
        Corner::Blend(_) => {
            let mut extent = room;
            // A blend between lines always stays within; one with a tight arc may need to be shorter.
            while !stays_within(before, after, extent) {
                extent *= 0.8;
            }
            Ok(shape(extent, distance_from_corner(before, after, corner, extent)))
        }
        Corner::Through => {
            let [_, v0, a0, _] = before.way.at(before.length);
            let [_, v1, a1, _] = after.way.at(0.0);
            let (rate0, rate1) = (v0.norm(), v1.norm());
            if rate0.max(rate1) < SAME {
                return Ok(shape(0.0, 0.0));
            }
            if rate0.min(rate1) > SAME {
                let angle = v0.angle(&v1);
                if angle > TANGENTIAL {
                    return Err(PathError::NotTangential { segment, angle });
                }
            }
            if (rate0 - rate1).abs() > SAME_RATE {
                return Err(PathError::TurnsOnTheSpot { segment });
            }
            if (v0 - v1).norm() < SAME && (a0 - a1).norm() < SAME {
                return Ok(shape(0.0, 0.0));
            }
            let mut extent = room;
            loop {
                let off = distance_from_segments(before, after, extent);
                if off <= tolerance {
                    return Ok(shape(extent, off));
                }
                // Off by the square of the extent where curvatures differ, in proportion to it where directions do.
                extent *= (0.95 * (tolerance / off).sqrt()).clamp(0.1, 0.95);
            }
        }
    }
}

/// The curve that leaves `before` at `extent` from its end and is on `after` at `extent` from its start: its pieces, each with where it starts, counted from
/// the corner.
pub(super) fn transition(
    before: &Stretch,
    after: &Stretch,
    corner: Corner,
    extent: f64,
) -> Vec<(f64, Track)> {
    let leaves = derivatives(before, before.length - extent);
    let arrives = derivatives(after, extent);
    if corner != Corner::Through {
        return vec![(-extent, Track::between(leaves, arrives, 2.0 * extent))];
    }
    let ([_, v0, a0], [place, v1, a1]) = (derivatives(before, before.length), derivatives(after, 0.0));
    let middle = [place, 0.5 * (v0 + v1), 0.5 * (a0 + a1)];
    vec![
        (-extent, Track::between(leaves, middle, extent)),
        (0.0, Track::between(middle, arrives, extent)),
    ]
}

fn derivatives(stretch: &Stretch, s: f64) -> [Vector3<f64>; 3] {
    let [p, v, a, _] = stretch.way.at(s);
    [p, v, a]
}

/// Where a transition is at `s`, counted from the corner.
fn at(pieces: &[(f64, Track)], s: f64) -> Vector3<f64> {
    let piece = pieces.iter().rev().find(|(start, _)| *start <= s);
    let (start, track) = piece.unwrap_or(&pieces[0]);
    track.at(s - start)[0]
}

/// Whether all control points of the blend are within its extent of the corner, and with them the blend.
fn stays_within(before: &Stretch, after: &Stretch, extent: f64) -> bool {
    let corner = after.way.at(0.0)[0];
    let h = 2.0 * extent;
    let [p0, v0, a0, _] = before.way.at(before.length - extent);
    let [p1, v1, a1, _] = after.way.at(extent);
    let control = [
        p0,
        p0 + v0 * (h / 5.0),
        p0 + v0 * (2.0 * h / 5.0) + a0 * (h * h / 20.0),
        p1 - v1 * (2.0 * h / 5.0) + a1 * (h * h / 20.0),
        p1 - v1 * (h / 5.0),
        p1,
    ];
    control
        .iter()
        .all(|point| (point - corner).norm() <= extent * (1.0 + 1e-9))
}

/// Between a blend and its corner.
fn distance_from_corner(before: &Stretch, after: &Stretch, blend: Corner, extent: f64) -> f64 {
    let corner = after.way.at(0.0)[0];
    let pieces = transition(before, after, blend, extent);
    samples(extent).fold(f64::INFINITY, |least, s| {
        least.min((at(&pieces, s) - corner).norm())
    })
}

/// Between the transition and the segments at the same λ.
fn distance_from_segments(before: &Stretch, after: &Stretch, extent: f64) -> f64 {
    let pieces = transition(before, after, Corner::Through, extent);
    let on_segments = |s: f64| {
        let [position, ..] = if s < 0.0 {
            before.way.at(before.length + s)
        } else {
            after.way.at(s)
        };
        position
    };
    samples(extent).fold(0.0, |most: f64, s| {
        most.max((at(&pieces, s) - on_segments(s)).norm())
    })
}

/// Places of a transition, counted from the corner.
fn samples(extent: f64) -> impl Iterator<Item = f64> {
    (0..=SAMPLES).map(move |k| extent * (2.0 * f64::from(k) / f64::from(SAMPLES) - 1.0))
}

const SAMPLES: u16 = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_share_a_segment_in_proportion() {
        let blend = Corner::Blend;
        assert_eq!(
            rooms(&[1.0, 0.3, 1.0], &[blend(0.1), blend(0.5)]),
            [0.3 * 0.1 / 0.6, 0.3 * 0.5 / 0.6]
        );
        assert_eq!(
            rooms(&[0.2, 0.3], &[blend(0.5)]),
            [0.2],
            "it may take a whole segment"
        );
        assert_eq!(
            rooms(&[1.0, 0.4, 1.0], &[blend(0.9), Corner::Through]),
            [0.2, 0.1]
        );
        assert_eq!(rooms(&[1.0, 1.0], &[Corner::Stop]), [0.0]);
    }
}
