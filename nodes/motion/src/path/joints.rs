//! A path through joint waypoints: lines, round corners, exact pass-through. λ in rad (m for prismatic joints): the length of the lines in joint space.
//!
//! - Lines are straight. A blend leaves its line one radius before the waypoint, or less where lines are too short for two, and is on the next one as far
//!   behind it; between, one direction fades out while the other fades in, so it stays in the triangle of the corner.
//! - Waypoints passed through are joined by the cubic spline over the waypoints' distances, its slopes limited joint by joint
//!   ([`crate::estimate`]): no loops, and little overshoot.
//!
//! **Invariant:** waypoints that are passed through are met exactly, others to the deviation given; positions are within their limits.

use servomesh_types::JointVec;

use super::error::PathError;
use super::joint_run::Run;
use super::segment::{Check, MAX_LENGTH};
use super::{Corner, Deviation, MAX_SEGMENTS, Part, Path};
use crate::bounds::{Bounds, POSITION_SLACK, Quantity};
use crate::spline::Spline;

/// Where to go in joint space.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Waypoint {
    /// The joints' positions, in the group's order (rad or m).
    pub position: JointVec,
    /// What happens there.
    pub corner: Corner,
}

/// Plans a path from `start` through all waypoints, at rest at both ends.
///
/// # Errors
/// Waypoints that can't be meant, follow one at the same place or are beyond a limit of position; a curve beyond one.
pub fn plan_joints(start: &JointVec, waypoints: &[Waypoint], bounds: &Bounds) -> Result<Path, PathError> {
    plan_numbered(start, waypoints, bounds, 0)
}

/// The same for waypoints that are numbered from `first` on in the goal.
pub(super) fn plan_numbered(
    start: &JointVec,
    waypoints: &[Waypoint],
    bounds: &Bounds,
    first: usize,
) -> Result<Path, PathError> {
    let count = waypoints.len();
    if count == 0 || count > MAX_SEGMENTS {
        return Err(PathError::Count { count });
    }
    check_positions(start, waypoints, bounds, first)?;
    let mut path = Path {
        parts: Vec::new(),
        corners: Vec::new(),
        deviation: Deviation::default(),
    };
    let mut from = *start;
    let mut done = 0;
    while done < count {
        let stop = (done..count - 1).find(|k| waypoints[*k].corner == Corner::Stop);
        let until = stop.unwrap_or(count - 1) + 1;
        let run = Run::new(from, &waypoints[done..until], first + done);
        let spline = Spline::through(&run.knots());
        run.check_limits(&spline, bounds)?;
        path.corners.extend(run.shapes(&spline));
        path.parts.push(Part {
            spline,
            curve: None,
            ends: run.ends(),
        });
        from = waypoints[until - 1].position;
        done = until;
    }
    Ok(path)
}

fn check_positions(
    start: &JointVec,
    waypoints: &[Waypoint],
    bounds: &Bounds,
    first: usize,
) -> Result<(), PathError> {
    let expected = bounds.lower.len();
    let mut from = start;
    if let Some(value) = start.iter().find(|value| !value.is_finite()) {
        return Err(Check(first).bad("a joint's position at the start", *value, "a finite number"));
    }
    for (k, Waypoint { position, corner }) in waypoints.iter().enumerate() {
        let segment = first + k;
        for checked in [from, position] {
            if checked.len() != expected {
                return Err(PathError::Joints {
                    segment,
                    got: checked.len(),
                    expected,
                });
            }
        }
        let check = Check(segment);
        for (joint, value) in position.iter().enumerate() {
            if !value.is_finite() {
                return Err(check.bad("a joint position", *value, "a finite number"));
            }
            let (lower, upper) = bounds.interval(joint, Quantity::Position);
            if !(lower..=upper).contains(value) {
                return Err(PathError::BeyondLimit {
                    segment,
                    share: 1.0,
                    joint,
                    value: *value,
                    limit: bounds.limit(joint, Quantity::Position, *value),
                });
            }
        }
        check.corner(*corner)?;
        let length = distance(from, position);
        if length <= LEAST {
            return Err(PathError::NoLength { segment });
        }
        if length > MAX_LENGTH {
            return Err(check.bad("the length (rad)", length, "at most 1000"));
        }
        from = position;
    }
    Ok(())
}

pub(super) fn distance(a: &JointVec, b: &JointVec) -> f64 {
    a.iter()
        .zip(b.iter())
        .map(|(a, b)| (a - b).powi(2))
        .sum::<f64>()
        .sqrt()
}

/// Moves shorter than this (rad or m) are none: less than any encoder shows.
const LEAST: f64 = POSITION_SLACK;
