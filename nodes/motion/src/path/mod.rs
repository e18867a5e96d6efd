//! Geometry of paths: where the joints pass, not when. The parameter λ is a length: m of the tool's way, or rad in joint space.
//!
//! | file | what it decides |
//! |---|---|
//! | [`joints`] | a path through joint waypoints: lines, round corners, exact pass-through |
//! | `joint_run` | waypoints that are passed without a stop, as one curve |
//! | [`tool`] | a path of segments of the tool: which run together without a stop |
//! | [`segment`] | which lines and arcs are usable, and where each is at which length |
//! | `run` | segments that run together, as one curve |
//! | `corner` | how two segments join: how much of each a corner takes |
//! | [`tool_curve`], `turning` | position and orientation of the tool along λ, with three derivatives each |
//! | [`chain`] | from motion of the tool to motion of the joints |
//! | `follow` | joint positions along a tool curve, as exact as asked for |
//! | [`mod@unreachable`] | why a curve can't be followed: reach, limit, singularity, configuration |
//! | [`error`] | every way in which a path is refused, as a sentence |
//!
//! **Invariant:** a path is a row of parts, each of them twice continuously differentiable in λ with a bounded third derivative; a machine
//! can pass along a part without a stop, and stands still between two. What can't be followed is refused as a whole.

pub mod chain;
mod corner;
pub mod error;
mod follow;
mod joint_run;
pub mod joints;
mod run;
pub mod segment;
pub mod tool;
pub mod tool_curve;
mod turning;
pub mod unreachable;

pub use chain::Chain;
pub use error::PathError;
pub use joints::{Waypoint, plan_joints};
pub use segment::{Target, ToolSegment};
pub use tool::{Settings, plan_tool};
pub use tool_curve::{ToolCurve, ToolSample};
pub use unreachable::{Unreachable, Why};

use servomesh_types::JointVec;

use crate::spline::Spline;

/// The most segments or waypoints a path may have: the bound of the message's array.
pub const MAX_SEGMENTS: usize = 1000;

/// What happens at the end of a segment. The last one always ends at rest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Corner {
    /// Comes to rest.
    Stop,
    /// Leaves for the next segment at most so far before the end: rad of joint space, or m of the tool's way.
    Blend(f64),
    /// Goes on exactly through the end.
    Through,
}

/// A path, planned.
#[derive(Clone, Debug)]
pub struct Path {
    /// In order; each from rest to rest, and each starts where the one before ends.
    pub parts: Vec<Part>,
    /// How each segment goes over into the next one, in order.
    pub corners: Vec<CornerShape>,
    /// How far the joints take the tool from its curve; zero where only joints were asked for.
    pub deviation: Deviation,
}

/// A stretch of a path that is passed without a stop.
#[derive(Clone, Debug)]
pub struct Part {
    /// Joint positions over λ: its times are λ, its velocities dq/dλ, and so on.
    pub spline: Spline,
    /// Where the tool is over λ; none for lines in joint space.
    pub curve: Option<ToolCurve>,
    /// Of each segment on the part: where it ends, and its index in the goal.
    ends: Vec<(f64, usize)>,
}

/// How a segment goes over into the next one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CornerShape {
    /// The index of the segment that ends there.
    pub segment: usize,
    /// What was asked for.
    pub corner: Corner,
    /// How much of λ the transition takes on either side of the segment's end; less than asked for where segments are too short.
    pub extent: f64,
    /// How far the path is from the corner where it is nearest (rad or m); for [`Corner::Through`] how far it leaves the segments.
    pub deviation: f64,
}

/// How far the tool is from where its curve has it at the same λ, at most, as found by checks along the way.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Deviation {
    /// In m.
    pub position: f64,
    /// In rad.
    pub angle: f64,
}

impl Part {
    /// How long it is: λ goes from 0 to here.
    pub fn length(&self) -> f64 {
        self.spline.duration()
    }

    /// The segment, as an index of the goal's, that the path is on at `lambda`.
    pub fn segment_of(&self, lambda: f64) -> usize {
        let k = self.ends.partition_point(|(end, _)| *end <= lambda);
        self.ends[k.min(self.ends.len() - 1)].1
    }

    /// Of each segment on this part: where it ends (λ), and its index in the goal.
    pub fn segment_ends(&self) -> &[(f64, usize)] {
        &self.ends
    }
}

impl Path {
    /// The joints where the path starts, and where it ends.
    pub fn ends(&self) -> (JointVec, JointVec) {
        let first = &self.parts[0].spline;
        let last = &self.parts[self.parts.len() - 1].spline;
        (
            first.at(0.0).state.position,
            last.at(last.duration()).state.position,
        )
    }
}

impl Deviation {
    /// The larger of both, separately.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            position: self.position.max(other.position),
            angle: self.angle.max(other.angle),
        }
    }
}
