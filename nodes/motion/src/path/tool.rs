//! A path of segments of the tool: which run together without a stop, and the joints' way along each.
//!
//! Lines in joint space may lie between; from and to them it comes to rest.
//!
//! **Invariant:** a path that is returned can be followed as a whole from where it starts, within the limits of position.

use servomesh_types::JointVec;

use super::chain::Chain;
use super::error::PathError;
use super::follow::{Exactness, follow};
use super::joints::{Waypoint, plan_numbered};
use super::run::run;
use super::segment::{Check, Stretch, Target, ToolSegment};
use super::unreachable::{Unreachable, why};
use super::{Corner, Deviation, MAX_SEGMENTS, Part, Path};
use crate::bounds::Bounds;
use crate::spline::Spline;

/// How exact a path is to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// How far the joints' path may take the tool from its curve (m).
    pub deviation: f64,
    /// The same for its orientation (rad).
    pub angle: f64,
    /// How far the curve may leave lines and arcs where they meet tangentially, so that its curvature changes steadily (m).
    pub transition: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            deviation: 1e-5,
            angle: 1e-5,
            transition: 5e-5,
        }
    }
}

/// Plans a path of the tool from `start`, within the positions that `bounds` allow.
///
/// # Errors
/// Whatever makes segments no path, or keeps the tool from following it.
pub fn plan_tool(
    chain: &mut Chain,
    start: &JointVec,
    segments: &[ToolSegment],
    bounds: &Bounds,
    settings: &Settings,
) -> Result<Path, PathError> {
    if segments.is_empty() || segments.len() > MAX_SEGMENTS {
        return Err(PathError::Count {
            count: segments.len(),
        });
    }
    let expected = chain.joint_count();
    if start.len() != expected {
        return Err(PathError::Joints {
            segment: 0,
            got: start.len(),
            expected,
        });
    }
    if let Some(value) = start.iter().find(|value| !value.is_finite()) {
        return Err(Check(0).bad("a joint's position at the start", *value, "a finite number"));
    }
    let mut path = Path {
        parts: Vec::new(),
        corners: Vec::new(),
        deviation: Deviation::default(),
    };
    let mut position = *start;
    let mut first = 0;
    while first < segments.len() {
        let count = together(first, &segments[first..])?;
        let group = &segments[first..first + count];
        if let Target::Joint(_) = group[0].target {
            let waypoints: Vec<Waypoint> = group.iter().filter_map(waypoint).collect();
            let joints = plan_numbered(&position, &waypoints, bounds, first)?;
            path.parts.extend(joints.parts);
            path.corners.extend(joints.corners);
        } else {
            let planned = plan_run(chain, &position, group, first, bounds, settings)?;
            path.parts.push(planned.0);
            path.corners.extend(planned.1);
            path.deviation = path.deviation.or(planned.2);
        }
        position = path.ends().1;
        first += count;
    }
    Ok(path)
}

/// How many segments from the first one on are passed without a stop.
fn together(first: usize, segments: &[ToolSegment]) -> Result<usize, PathError> {
    let is_joint = |segment: &ToolSegment| matches!(segment.target, Target::Joint(_));
    for (k, segment) in segments.iter().enumerate() {
        Check(first + k).corner(segment.corner)?;
        let Some(next) = segments.get(k + 1) else {
            break;
        };
        if segment.corner == Corner::Stop {
            return Ok(k + 1);
        }
        if is_joint(segment) != is_joint(next) {
            return Err(PathError::MixedCorner { segment: first + k });
        }
    }
    Ok(segments.len())
}

fn waypoint(segment: &ToolSegment) -> Option<Waypoint> {
    match segment.target {
        Target::Joint(position) => Some(Waypoint {
            position,
            corner: segment.corner,
        }),
        _ => None,
    }
}

/// One part, with its corners and its deviation.
fn plan_run(
    chain: &mut Chain,
    start: &JointVec,
    segments: &[ToolSegment],
    first: usize,
    bounds: &Bounds,
    settings: &Settings,
) -> Result<(Part, Vec<super::CornerShape>, Deviation), PathError> {
    let mut pose = chain.pose(start);
    let mut stretches: Vec<Stretch> = Vec::with_capacity(segments.len());
    for (k, segment) in segments.iter().enumerate() {
        let stretch = Stretch::new(first + k, &pose, &segment.target)?;
        pose = stretch.end();
        stretches.push(stretch);
    }
    let corners: Vec<Corner> = segments[..segments.len() - 1]
        .iter()
        .map(|segment| segment.corner)
        .collect();
    let (curve, shapes) = run(&stretches, &corners, settings.transition)?;
    let mut end = 0.0;
    let ends: Vec<(f64, usize)> = stretches
        .iter()
        .map(|stretch| {
            end += stretch.length;
            (end, stretch.segment)
        })
        .collect();
    let shortest = stretches
        .iter()
        .fold(f64::INFINITY, |least, s| least.min(s.length));
    let breaks = curve.breaks(shortest * BREAKS_APART);
    let exactness = Exactness {
        position: settings.deviation,
        angle: settings.angle,
    };
    let (knots, deviation) = follow(chain, &curve, &breaks, *start, bounds, exactness).map_err(|stuck| {
        let k = ends
            .partition_point(|(end, _)| *end <= stuck.lambda)
            .min(ends.len() - 1);
        let (end, segment) = ends[k];
        let at = stuck.lambda - (end - stretches[k].length);
        Unreachable {
            segment,
            at,
            share: at / stretches[k].length,
            why: why(chain, &curve, &stuck, end),
        }
    })?;
    let part = Part {
        spline: Spline::through(&knots),
        curve: Some(curve),
        ends,
    };
    Ok((part, shapes, deviation))
}

/// Changes of a curve's third derivative nearer to each other than this share of the shortest segment have one knot.
const BREAKS_APART: f64 = 1e-3;
