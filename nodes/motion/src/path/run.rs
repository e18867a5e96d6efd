//! Segments of the tool that run together without a stop, as one curve.
//!
//! Orientation follows each segment at a steady rate per λ. A blend fades one rate into the next; where a segment is passed through to one with
//! another rate, both come to the common pose with a rate of zero, over a share of their lengths, so that the pose is met exactly.
//!
//! **Invariant:** the curve's length is the sum of the segments' lengths, so the end of each is where that sum says, with or without a corner.

use nalgebra::Vector3;

use super::corner::{THROUGH_SHARE, join, rooms, transition};
use super::error::PathError;
use super::segment::Stretch;
use super::tool_curve::{ToolCurve, Track};
use super::turning::Turning;
use super::{Corner, CornerShape};
use crate::quintic::End;

/// The curve of `stretches` with `corners` between them, and the corners' shapes.
///
/// # Errors
/// Segments that are to be passed through and do not meet tangentially.
pub(super) fn run(
    stretches: &[Stretch],
    corners: &[Corner],
    tolerance: f64,
) -> Result<(ToolCurve, Vec<CornerShape>), PathError> {
    let lengths: Vec<f64> = stretches.iter().map(|stretch| stretch.length).collect();
    let rooms = rooms(&lengths, corners);
    let mut shapes = Vec::with_capacity(corners.len());
    for (k, (corner, room)) in corners.iter().zip(rooms).enumerate() {
        shapes.push(join(&stretches[k], &stretches[k + 1], *corner, room, tolerance)?);
    }
    let turns = turns(stretches, corners);
    let (mut tracks, mut turnings) = (Vec::new(), Vec::new());
    let mut start = 0.0;
    for (k, (stretch, turn)) in stretches.iter().zip(&turns).enumerate() {
        let behind = if k == 0 { 0.0 } else { shapes[k - 1].extent };
        let ahead = shapes.get(k).map_or(0.0, |shape| shape.extent);
        // What is left between two corners that share the segment may be rounding alone.
        let least = LEAST_SHARE * stretch.length;
        if stretch.length - ahead - behind > least {
            tracks.push((start + behind, Track::On(stretch.way, behind)));
        }
        let blend = |k: usize, extent: f64| match corners.get(k) {
            Some(Corner::Blend(_)) => extent,
            _ => 0.0,
        };
        let behind = if k == 0 { 0.0 } else { blend(k - 1, behind) };
        let blend_ahead = blend(k, ahead);
        turn.pieces(stretch, behind, blend_ahead, least, |at, piece| {
            turnings.push((start + at, piece));
        });
        start += stretch.length;
        if ahead > 0.0 {
            let pieces = transition(stretch, &stretches[k + 1], corners[k], ahead);
            tracks.extend(pieces.into_iter().map(|(at, piece)| (start + at, piece)));
        }
        if blend_ahead > 0.0 {
            let (before, after) = (turn.rate(stretch), turns[k + 1].rate(&stretches[k + 1]));
            let corner = stretches[k + 1].from;
            turnings.push((start - ahead, Turning::round(corner, before, after, ahead)));
        }
    }
    Ok((ToolCurve::new(start, tracks, turnings), shapes))
}

/// Over which lengths a segment's turning starts from nothing and ends in nothing.
#[derive(Clone, Copy, Default)]
struct Ramps {
    up: f64,
    down: f64,
}

/// Where turning has to come to nothing since it goes on otherwise behind a place that is met exactly.
fn turns(stretches: &[Stretch], corners: &[Corner]) -> Vec<Ramps> {
    let mut ramps = vec![Ramps::default(); stretches.len()];
    loop {
        let mut changed = false;
        for (k, corner) in corners.iter().enumerate() {
            let (before, after) = (&stretches[k], &stretches[k + 1]);
            if *corner != Corner::Through || ramps[k].down > 0.0 {
                continue;
            }
            let differ = (ramps[k].rate(before) - ramps[k + 1].rate(after)).norm();
            if differ > SAME_RATE {
                ramps[k].down = THROUGH_SHARE * before.length;
                ramps[k + 1].up = THROUGH_SHARE * after.length;
                changed = true; // a ramp makes the rest of a segment turn faster: look at its other end again
            }
        }
        if !changed {
            return ramps;
        }
    }
}

impl Ramps {
    /// The share of the turn for each m, between the ramps.
    fn pace(self, length: f64) -> f64 {
        1.0 / (length - 0.5 * (self.up + self.down))
    }

    /// The rate between the ramps (rad per m of λ).
    fn rate(self, stretch: &Stretch) -> Vector3<f64> {
        stretch.turn * self.pace(stretch.length)
    }

    /// The pieces of a segment's turning that no blend takes, each with where it starts.
    fn pieces(
        self,
        stretch: &Stretch,
        behind: f64,
        ahead: f64,
        least: f64,
        mut piece: impl FnMut(f64, Turning),
    ) {
        let Stretch {
            length, from, turn, ..
        } = *stretch;
        let pace = self.pace(length);
        let end = |p, v| End { p, v, a: 0.0 };
        // The share turned at λ between the ramps.
        let share = |at: f64| pace * (at - 0.5 * self.up);
        let mut add = |at: f64, start: End, until: f64, end: End| {
            if until - at > least {
                piece(at, Turning::about(from, turn, start, end, until - at));
            }
        };
        let (first, last) = (behind.max(self.up), length - ahead.max(self.down));
        if self.up > 0.0 {
            add(0.0, end(0.0, 0.0), first, end(share(first), pace));
        }
        add(first, end(share(first), pace), last, end(share(last), pace));
        if self.down > 0.0 {
            add(last, end(share(last), pace), length, end(1.0, 0.0));
        }
    }
}

/// Less of a segment than this is left out between two corners; both then agree there to rounding.
const LEAST_SHARE: f64 = 1e-6;

/// Angular rates (rad per m) that differ by less are the same.
const SAME_RATE: f64 = 1e-9;
