//! Paths through waypoints, timed.

use servomesh_motion::path::{Waypoint, plan_joints};
use servomesh_motion::timing::{self, Limits};
use servomesh_motion::{Bounds, TimedPath, TimedSpline};
use servomesh_types::JointVec;

/// The quickest path through waypoints, if there is one.
pub(crate) fn timed(start: &JointVec, waypoints: &[Waypoint], bounds: &Bounds) -> Option<TimedPath> {
    let parts = plan_joints(start, waypoints, bounds).ok()?.parts;
    let timed = parts.into_iter().map(|part| {
        let law = timing::plan(&part.spline, &Limits::of(bounds)).ok()?;
        Some(TimedPath::Timed(TimedSpline::new(part.spline, law)))
    });
    Some(TimedPath::sequence(timed.collect::<Option<Vec<_>>>()?))
}
