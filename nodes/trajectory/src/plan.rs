//! What takes too long between two setpoints: a path from what was asked for, and its timing.
//!
//! A plan is a value that can be run anywhere, on any thread, as often as one likes: the same plan gives the same route.
//!
//! **Invariant:** a route starts where its plan was told to start, and keeps every limit; what can't be done is refused as a
//! whole, with the place and the reason.

mod track;

pub(crate) use track::Track;

use nalgebra::{Isometry3, Point3, Quaternion, Unit, UnitQuaternion, Vector3};
use servomesh_motion::path::{self, Chain, Corner, Path, Target, ToolSegment};
use servomesh_motion::timing::{self, Efforts, Limits, TimeLaw, TimedSpline, Tool};
use servomesh_motion::tracking::{TimedTool, Tracking};
use servomesh_motion::{Bounds, Spline, TimedPath};
use servomesh_robot::{LinkId, Model};
use servomesh_types::{GroupDescription, GroupName, JointVec};
use std::sync::Arc;

use crate::config::ToolSettings;
use crate::{GoalId, Refusal, Segment};

/// Something to work out: see [`Plan::run`].
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) group: GroupName,
    pub(crate) id: GoalId,
    /// Which try of the goal's; what came of an older one is of no use any more.
    pub(crate) attempt: u64,
    pub(crate) task: Task,
}

/// What became of a [`Plan`].
#[derive(Clone, Debug)]
pub struct Planned {
    pub(crate) group: GroupName,
    pub(crate) id: GoalId,
    pub(crate) attempt: u64,
    pub(crate) product: Result<Product, Refusal>,
}

/// What is to be worked out.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    /// Where the group stands when the route begins.
    pub(crate) start: JointVec,
    pub(crate) group: Arc<GroupDescription>,
    pub(crate) bounds: Bounds,
    pub(crate) work: Work,
    /// The group's joints and what they move, if that is known.
    pub(crate) model: Option<Arc<Model>>,
}

#[derive(Clone, Debug)]
pub(crate) enum Work {
    /// Lines in joint space only.
    Joints { segments: Vec<Segment> },
    /// Lines and arcs of a tool, and lines in joint space.
    Tool {
        segments: Vec<Segment>,
        tool: LinkId,
        root_from_frame: Isometry3<f64>,
        limits: ToolSettings,
    },
    /// Lines and arcs of a tool in a frame that moves.
    Track(track::Track),
}

/// What comes of a plan.
#[derive(Clone, Debug)]
pub(crate) enum Product {
    /// A path with its timing.
    Route(Route),
    /// The start of a motion in a moving frame.
    Join(Box<Tracking<TimedTool>>),
    /// How a motion in a moving frame goes on.
    GoOn(TimedTool),
}

/// A path with its timing.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) path: TimedPath,
    /// When each segment ends, in s, and which one it is.
    pub(crate) segment_ends: Vec<(f64, usize)>,
    /// How far the tool is off what was asked for at most, in m, blends apart.
    pub(crate) deviation: f64,
}

impl PartialEq for Plan {
    fn eq(&self, other: &Self) -> bool {
        (self.group, self.id, self.attempt) == (other.group, other.id, other.attempt)
    }
}

impl PartialEq for Planned {
    fn eq(&self, other: &Self) -> bool {
        (self.group, self.id, self.attempt) == (other.group, other.id, other.attempt)
    }
}

impl Plan {
    /// Works it out. Takes milliseconds.
    pub fn run(self) -> Planned {
        let Self {
            group,
            id,
            attempt,
            task,
        } = self;
        Planned {
            group,
            id,
            attempt,
            product: task.product(),
        }
    }
}

impl Task {
    fn product(&self) -> Result<Product, Refusal> {
        let refused = |error: path::PathError| Refusal::invalid(error.describe(&self.group));
        match &self.work {
            Work::Joints { segments } => {
                let waypoints = self.waypoints(segments)?;
                let path = path::plan_joints(&self.start, &waypoints, &self.bounds).map_err(refused)?;
                Ok(Product::Route(self.time(&path, None)?))
            }
            Work::Tool {
                segments,
                tool,
                root_from_frame,
                limits,
            } => {
                let model = self
                    .model
                    .as_deref()
                    .ok_or_else(|| Refusal::invalid("a path of the tool needs the robot's description"))?;
                let mut chain =
                    Chain::new(model, *tool).map_err(|error| Refusal::invalid(error.to_string()))?;
                let segments = segments
                    .iter()
                    .enumerate()
                    .map(|(index, segment)| self.tool_segment(index, segment, root_from_frame))
                    .collect::<Result<Vec<_>, _>>()?;
                let path = path::plan_tool(
                    &mut chain,
                    &self.start,
                    &segments,
                    &self.bounds,
                    &path::Settings::default(),
                )
                .map_err(refused)?;
                Ok(Product::Route(self.time(&path, Some(limits))?))
            }
            Work::Track(track) => track.product(self),
        }
    }

    /// How fast each part of a path can be passed.
    fn time(&self, path: &Path, tool: Option<&ToolSettings>) -> Result<Route, Refusal> {
        let mut parts = Vec::with_capacity(path.parts.len());
        let mut segment_ends = Vec::new();
        let mut start_s = 0.0;
        for part in &path.parts {
            let tool = tool
                .zip(part.curve.as_ref())
                .map(|(limits, curve)| limits_of(limits, curve));
            let law = self.law(&part.spline, &self.bounds, tool)?;
            for &(end, segment) in part.segment_ends() {
                segment_ends.push((start_s + when(&law, end), segment));
            }
            start_s += law.duration();
            parts.push(TimedPath::Timed(TimedSpline::new(part.spline.clone(), law)));
        }
        Ok(Route {
            path: TimedPath::sequence(parts),
            segment_ends,
            deviation: path.deviation.position,
        })
    }

    fn law(&self, spline: &Spline, bounds: &Bounds, tool: Option<Tool<'_>>) -> Result<TimeLaw, Refusal> {
        let joints = &self.group.joints;
        let efforts = self.model.as_deref().map(|model| Efforts {
            model,
            limit: JointVec::from_fn(joints.len(), |joint| joints[joint].limits.effort()),
        });
        let limits = Limits {
            efforts,
            tool,
            ..Limits::of(bounds)
        };
        timing::plan(spline, &limits).map_err(|error| Refusal::invalid(error.describe(&self.group)))
    }

    fn waypoints(&self, segments: &[Segment]) -> Result<Vec<path::Waypoint>, Refusal> {
        segments
            .iter()
            .enumerate()
            .map(|(index, segment)| {
                Ok(path::Waypoint {
                    position: self.joint_position(index, segment)?,
                    corner: corner(index, segment)?,
                })
            })
            .collect()
    }

    fn joint_position(&self, index: usize, segment: &Segment) -> Result<JointVec, Refusal> {
        let (got, expected) = (segment.position.len(), self.group.joints.len());
        JointVec::try_from(&segment.position[..])
            .ok()
            .filter(|position| position.len() == expected)
            .ok_or_else(|| {
                Refusal::invalid(format!(
                    "segment {index}: {got} joint positions, but the group has {expected} joints"
                ))
            })
    }

    fn tool_segment(
        &self,
        index: usize,
        segment: &Segment,
        root_from_frame: &Isometry3<f64>,
    ) -> Result<ToolSegment, Refusal> {
        let place = |values: &[f64; 3]| (root_from_frame * Point3::from(*values)).coords;
        let turned = rotation(index, segment)?.map(|rotation| root_from_frame.rotation * rotation);
        let target = match segment.kind {
            0 => Target::Joint(self.joint_position(index, segment)?),
            1 => Target::Line {
                position: place(&segment.translation),
                orientation: turned,
            },
            2 => Target::Circle {
                via: place(&segment.via),
                position: place(&segment.translation),
                orientation: turned,
            },
            3 => Target::Arc {
                centre: place(&segment.centre),
                axis: root_from_frame.rotation * Vector3::from(segment.axis),
                angle: segment.angle,
                orientation: turned,
            },
            other => {
                return Err(Refusal::invalid(format!(
                    "segment {index}: kind {other} is none of 0 (joint), 1 (line), 2 (circle), 3 (arc)"
                )));
            }
        };
        Ok(ToolSegment {
            target,
            corner: corner(index, segment)?,
        })
    }
}

fn limits_of<'a>(limits: &ToolSettings, curve: &'a path::ToolCurve) -> Tool<'a> {
    Tool {
        curve,
        speed: limits.speed,
        acceleration: limits.acceleration,
        jerk: limits.jerk,
        angular_speed: limits.angular_speed,
        angular_acceleration: limits.angular_acceleration,
    }
}

/// When a law is at `lambda`, in s.
fn when(law: &TimeLaw, lambda: f64) -> f64 {
    let (mut early, mut late) = (0.0, law.duration());
    for _ in 0..HALVINGS {
        let middle = 0.5 * (early + late);
        if law.at(middle).s < lambda {
            early = middle;
        } else {
            late = middle;
        }
    }
    late
}

/// How the tool is turned at a segment's end; `None`: as the segment's kind has it.
fn rotation(index: usize, segment: &Segment) -> Result<Option<UnitQuaternion<f64>>, Refusal> {
    let [x, y, z, w] = segment.rotation;
    let quaternion = Quaternion::new(w, x, y, z);
    let norm = quaternion.norm();
    if norm <= 0.0 {
        Ok(None)
    } else if (norm - 1.0).abs() <= QUATERNION_ROUNDING {
        Ok(Some(Unit::new_normalize(quaternion)))
    } else {
        Err(Refusal::invalid(format!(
            "segment {index}: the orientation is a quaternion of length {norm}, it must be 1, or 0 for none"
        )))
    }
}

fn corner(index: usize, segment: &Segment) -> Result<Corner, Refusal> {
    match segment.corner {
        0 => Ok(Corner::Stop),
        1 => Ok(Corner::Blend(segment.blend)),
        2 => Ok(Corner::Through),
        other => Err(Refusal::invalid(format!(
            "segment {index}: corner {other} is none of 0 (stop), 1 (blend), 2 (through)"
        ))),
    }
}

/// To a share of 2⁻⁴⁰ of a law's duration.
const HALVINGS: u32 = 40;

/// What clients round quaternions by: four figures written in a file are within it.
const QUATERNION_ROUNDING: f64 = 1e-3;
