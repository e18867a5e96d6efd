//! Where the tool is along a part of a path: λ in m of its way, on lines and arcs exactly.
//!
//! In a blend, and where a segment mostly turns the tool, λ runs a little faster than the tool moves: |dp/dλ| ≤ 1 but for blends with arcs, where it may be a
//! little more. Rotations count [`ROTATION_LENGTH`].
//!
//! **Invariant:** position and orientation are twice continuously differentiable, their third derivatives bounded.

use nalgebra::{Isometry3, Translation3, Vector3};

use super::segment::Way;
use super::turning::Turning;
use crate::quintic::{End, Quintic};
use crate::timing;

/// The least length (m of λ) of a rotation by 1 rad. Far less than any arm needs to turn its tool by as much at full speed, so λ is the tool's way
/// wherever the way counts.
pub const ROTATION_LENGTH: f64 = 0.02;

/// A tool's way over λ.
#[derive(Clone, Debug)]
pub struct ToolCurve {
    length: f64,
    /// Each with the λ it starts at, ascending from 0.
    tracks: Vec<(f64, Track)>,
    turnings: Vec<(f64, Turning)>,
}

/// The tool at one λ, in base axes.
#[derive(Clone, Copy, Debug)]
pub struct ToolSample {
    /// Base from tool (m).
    pub pose: Isometry3<f64>,
    /// dp/dλ, d²p/dλ², d³p/dλ³.
    pub linear: [Vector3<f64>; 3],
    /// Angular rate (rad per m of λ), and its first two derivatives.
    pub angular: [Vector3<f64>; 3],
}

/// A piece of the position.
#[derive(Clone, Copy, Debug)]
pub(super) enum Track {
    /// On a segment, from this length of it on.
    On(Way, f64),
    /// Between two segments.
    Between([Quintic; 3]),
}

impl ToolCurve {
    pub(super) fn new(length: f64, tracks: Vec<(f64, Track)>, turnings: Vec<(f64, Turning)>) -> Self {
        Self {
            length,
            tracks,
            turnings,
        }
    }

    /// How long it is: λ goes from 0 to here.
    pub fn length(&self) -> f64 {
        self.length
    }

    /// The tool at `lambda`; at the nearest end if that is outside.
    pub fn at(&self, lambda: f64) -> ToolSample {
        let lambda = lambda.max(0.0).min(self.length);
        let (start, track) = piece(&self.tracks, lambda);
        let [position, linear @ ..] = track.at(lambda - start);
        let (start, turning) = piece(&self.turnings, lambda);
        let (orientation, angular) = turning.at(lambda - start);
        ToolSample {
            pose: Isometry3::from_parts(Translation3::from(position), orientation),
            linear,
            angular,
        }
    }

    /// Where the third derivatives may jump: both ends and whatever lies between, ascending; of places nearer than `apart`, one.
    pub fn breaks(&self, apart: f64) -> Vec<f64> {
        let starts = self.tracks.iter().map(|(start, _)| *start);
        let mut all: Vec<f64> = starts
            .chain(self.turnings.iter().map(|(start, _)| *start))
            .collect();
        all.sort_by(f64::total_cmp);
        let mut breaks = vec![0.0];
        for start in all {
            if start - breaks[breaks.len() - 1] > apart && self.length - start > apart {
                breaks.push(start);
            }
        }
        breaks.push(self.length);
        breaks
    }
}

impl timing::ToolCurve for ToolCurve {
    fn at(&self, lambda: f64) -> timing::ToolSample {
        let ToolSample {
            linear,
            angular: [rate, rate1, _],
            ..
        } = self.at(lambda);
        timing::ToolSample {
            linear,
            angular: [rate, rate1],
        }
    }
}

fn piece<T>(pieces: &[(f64, T)], lambda: f64) -> (f64, &T) {
    let k = pieces
        .partition_point(|(start, _)| *start <= lambda)
        .saturating_sub(1);
    (pieces[k].0, &pieces[k].1)
}

impl Track {
    /// The curve with given position, first and second derivative at both ends.
    pub(super) fn between(start: [Vector3<f64>; 3], end: [Vector3<f64>; 3], length: f64) -> Self {
        let one = |e: &[Vector3<f64>; 3], i: usize| End {
            p: e[0][i],
            v: e[1][i],
            a: e[2][i],
        };
        Self::Between(std::array::from_fn(|i| {
            Quintic::between(one(&start, i), one(&end, i), length)
        }))
    }

    /// Position and three derivatives at `s` from the piece's start.
    pub(super) fn at(&self, s: f64) -> [Vector3<f64>; 4] {
        match self {
            Self::On(way, from) => way.at(from + s),
            Self::Between(axes) => {
                let [x, y, z] = axes.map(|axis| axis.at(s));
                std::array::from_fn(|k| Vector3::new(x[k], y[k], z[k]))
            }
        }
    }
}
