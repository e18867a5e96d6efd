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
}

impl TimedPath {
    /// The path `s` seconds after its start.
    pub fn at(&self, s: f64) -> Sample {
        match self {
            Self::Spline(spline) => spline.at(s),
            Self::Profile(profile) => profile.at(s),
            Self::Timed(timed) => timed.at(s),
        }
    }

    /// When it ends, in s.
    pub fn duration(&self) -> f64 {
        match self {
            Self::Spline(spline) => spline.duration(),
            Self::Profile(profile) => profile.duration(),
            Self::Timed(timed) => timed.duration(),
        }
    }

    /// When jerk steps, after `from` and up to `to`, in s.
    pub fn corners_between(&self, from: f64, to: f64) -> &[f64] {
        let corners = match self {
            Self::Spline(spline) => spline.times(),
            Self::Profile(profile) => profile.corners(),
            Self::Timed(timed) => timed.corners(),
        };
        let first = corners.partition_point(|t| *t <= from);
        let last = corners.partition_point(|t| *t <= to);
        &corners[first..last.max(first)]
    }

    /// Whether it stands still from its end on; else it keeps its velocities.
    pub fn ends_at_rest(&self) -> bool {
        match self {
            Self::Spline(_) | Self::Timed(_) => true,
            Self::Profile(profile) => profile.ends_at_rest(),
        }
    }
}
