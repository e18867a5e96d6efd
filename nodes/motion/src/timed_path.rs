//! Joint positions as a function of time.

use crate::profile::Profile;
use crate::spline::Spline;
use crate::state::Sample;
use crate::timing::TimedSpline;

/// A motion that was planned: a path with its own time, in s from its start.
#[derive(Clone, Debug)]
pub enum TimedPath {
    /// Through knots at given times.
    Spline(Spline),
    /// From a state to a position or a velocity.
    Profile(Profile),
    /// Along a path, as quickly as its limits allow.
    Timed(TimedSpline),
    /// Several, one after the other, each from rest to rest.
    Sequence(Sequence),
}

/// Paths of which each starts where the one before ends, both at rest.
#[derive(Clone, Debug)]
pub struct Sequence {
    parts: Vec<TimedPath>,
    /// When each part begins, in s, and at last when the last one ends.
    starts: Vec<f64>,
    corners: Vec<f64>,
}

impl TimedPath {
    /// One path after the other; each starts where the one before ends, both at rest. There is at least one.
    pub fn sequence(mut parts: Vec<Self>) -> Self {
        if parts.len() == 1 {
            return parts.remove(0);
        }
        let mut starts = vec![0.0];
        let mut corners = Vec::new();
        for part in &parts {
            let start = starts[starts.len() - 1];
            corners.extend(
                part.corners_between(f64::NEG_INFINITY, f64::INFINITY)
                    .iter()
                    .map(|t| start + t),
            );
            starts.push(start + part.duration());
        }
        corners.dedup();
        Self::Sequence(Sequence {
            parts,
            starts,
            corners,
        })
    }

    /// The path `s` seconds after its start.
    pub fn at(&self, s: f64) -> Sample {
        match self {
            Self::Spline(spline) => spline.at(s),
            Self::Profile(profile) => profile.at(s),
            Self::Timed(timed) => timed.at(s),
            Self::Sequence(sequence) => sequence.at(s),
        }
    }

    /// When it ends, in s.
    pub fn duration(&self) -> f64 {
        match self {
            Self::Spline(spline) => spline.duration(),
            Self::Profile(profile) => profile.duration(),
            Self::Timed(timed) => timed.duration(),
            Self::Sequence(sequence) => sequence.duration(),
        }
    }

    /// When jerk steps, after `from` and up to `to`, in s.
    pub fn corners_between(&self, from: f64, to: f64) -> &[f64] {
        let corners = match self {
            Self::Spline(spline) => spline.times(),
            Self::Profile(profile) => profile.corners(),
            Self::Timed(timed) => timed.corners(),
            Self::Sequence(sequence) => &sequence.corners,
        };
        let first = corners.partition_point(|t| *t <= from);
        let last = corners.partition_point(|t| *t <= to);
        &corners[first..last.max(first)]
    }

    /// Whether it stands still from its end on; else it keeps its velocities.
    pub fn ends_at_rest(&self) -> bool {
        match self {
            Self::Spline(_) | Self::Timed(_) | Self::Sequence(_) => true,
            Self::Profile(profile) => profile.ends_at_rest(),
        }
    }
}

impl Sequence {
    fn at(&self, s: f64) -> Sample {
        let last = self.parts.len() - 1;
        let k = self
            .starts
            .partition_point(|start| *start <= s)
            .saturating_sub(1)
            .min(last);
        self.parts[k].at(s - self.starts[k])
    }

    fn duration(&self) -> f64 {
        self.starts[self.parts.len()]
    }
}
