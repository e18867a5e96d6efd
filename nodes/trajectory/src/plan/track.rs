//! A motion of a tool in a frame that another group moves: its path in the frame, and whether the arm can follow the frame.
//!
//! The path is planned as if the frame stood where it is now, with a share of the joints' limits; what is left is for following.

use servomesh_motion::Bounds;
use servomesh_motion::path::{self, Chain};
use servomesh_motion::pursuit::{Axis, Point};
use servomesh_motion::tracking::{
    Arm, Frame, LeaderSettings, RelativeMotion as _, Settings, TimedTool, Tracking,
};
use servomesh_robot::{LinkId, Model};
use std::sync::Arc;

use super::{Product, Task, limits_of};
use crate::config::ToolSettings;
use crate::{Refusal, Segment};

/// What is to be worked out.
#[derive(Clone, Debug)]
pub(crate) struct Track {
    pub(crate) segments: Vec<Segment>,
    pub(crate) tool: LinkId,
    pub(crate) limits: ToolSettings,
    /// The whole machine.
    pub(crate) robot: Arc<Model>,
    pub(crate) frame: LinkId,
    /// The joint that moves the frame, how it moves now, and what it may do.
    pub(crate) joint: String,
    pub(crate) leader: Point,
    pub(crate) leads: Axis,
    pub(crate) settings: LeaderSettings,
    /// What the group does in the frame already.
    pub(crate) present: Option<Box<Tracking<TimedTool>>>,
}

impl Track {
    pub(super) fn product(&self, task: &Task) -> Result<Product, Refusal> {
        let invalid = |text: String| Refusal::invalid(text);
        let neutral = self.robot.neutral_positions();
        let mut frame = Frame::new(
            &self.robot,
            &self.joint,
            &neutral,
            self.robot.link_name(self.frame),
        )
        .map_err(|error| invalid(error.to_string()))?;
        let (start, at) = match &self.present {
            Some(present) => (present.state().position, present.coordinate().p),
            None => (task.start, self.leader.p),
        };
        let motion = self.motion(task, &mut frame, (&start, at))?;
        if let Some(present) = &self.present {
            let mut copy = present.clone();
            return match copy.go_on(motion.clone()) {
                Ok(()) => Ok(Product::GoOn(motion)),
                Err(error) => Err(invalid(error.describe(&task.group))),
            };
        }
        let names: Vec<&str> = task
            .group
            .joints
            .iter()
            .map(|joint| joint.name.as_str())
            .collect();
        let arm = Arm::new(&self.robot, &names, &neutral, self.robot.link_name(self.tool))
            .map_err(|error| invalid(error.to_string()))?;
        // A goal's share is for its own path: the frame has to be followed as it moves.
        let whole = Bounds::of(&task.group);
        let mut refusal = None;
        for coordinate in self.coordinates(motion.duration()) {
            let settings = Settings {
                coordinate,
                leader: self.settings,
                margin: MARGIN,
            };
            let (arm, frame, motion) = (arm.clone(), frame.clone(), motion.clone());
            match Tracking::join(arm, frame, motion, &start, self.leader, &whole, settings) {
                Ok(tracking) => return Ok(Product::Join(Box::new(tracking))),
                Err(error) => refusal = Some(error.describe(&task.group)),
            }
        }
        Err(invalid(refusal.unwrap_or_default()))
    }

    /// The path in the frame, with the joints at `start` while the frame's joint is at `at`.
    fn motion(
        &self,
        task: &Task,
        frame: &mut Frame,
        (start, at): (&servomesh_types::JointVec, f64),
    ) -> Result<TimedTool, Refusal> {
        let base_from_frame = frame.pose(at);
        let model = task
            .model
            .as_deref()
            .ok_or_else(|| Refusal::invalid("a path of the tool needs the robot's description"))?;
        let mut chain = Chain::new(model, self.tool).map_err(|error| Refusal::invalid(error.to_string()))?;
        let segments = self
            .segments
            .iter()
            .enumerate()
            .map(|(index, segment)| task.tool_segment(index, segment, &base_from_frame))
            .collect::<Result<Vec<_>, _>>()?;
        let bounds = task.bounds.scaled(PATH_SHARE, PATH_SHARE, PATH_SHARE);
        let path = path::plan_tool(&mut chain, start, &segments, &bounds, &path::Settings::default())
            .map_err(|error| Refusal::invalid(error.describe(&task.group)))?;
        let mut parts = Vec::with_capacity(path.parts.len());
        for (index, part) in path.parts.into_iter().enumerate() {
            let Some(curve) = part.curve else {
                return Err(Refusal::invalid(format!(
                    "segment {index}: a line in joint space can't be followed in a frame that moves"
                )));
            };
            let law = task.law(&part.spline, &bounds, Some(limits_of(&self.limits, &curve)))?;
            parts.push((curve, law));
        }
        Ok(TimedTool::new(&base_from_frame, parts))
    }

    /// What the frame's coordinate may do, best first: the whole of what its joint may do and as far as the arm may reach, down to what the path
    /// needs with the frame as quick as it is now.
    fn coordinates(&self, duration_s: f64) -> impl Iterator<Item = Axis> {
        let needed = (self.leader.v.abs() * (duration_s + CATCH_UP_S)).max(SHORTEST);
        let farther = RANGES.into_iter().filter(move |range| *range > needed);
        let full = self.leads.velocity * QUICKER;
        let now = full.min(self.leader.v.abs() * FASTER + CATCHING_UP);
        let ranges = farther.chain([needed]);
        ranges.flat_map(move |ahead| [full, now].map(|velocity| self.coordinate(ahead, velocity)))
    }

    /// More than its joint may do, so that it is caught up; `ahead` in the direction it moves in.
    fn coordinate(&self, ahead: f64, velocity: f64) -> Axis {
        let at = self.leader.p;
        let (lower, upper) = match self.leader.v {
            v if v < -STANDS => (at - ahead, at + SHORTEST),
            v if v > STANDS => (at - SHORTEST, at + ahead),
            _ => (at - ahead, at + ahead),
        };
        Axis {
            lower,
            upper,
            velocity,
            acceleration: self.leads.acceleration * HARDER,
            jerk: self.leads.jerk * SHARPER,
        }
    }
}

/// Share of the joints' limits for the path in the frame.
const PATH_SHARE: f64 = 0.5;

/// Share of the joints' limits that path and frame may take together.
const MARGIN: f64 = 0.9;

/// How much more than the frame's joint its follower may do: what it hears is late, and that has to be made up for.
const QUICKER: f64 = 1.1;
const HARDER: f64 = 1.4;
const SHARPER: f64 = 2.0;

/// How long catching up takes at most, in s.
const CATCH_UP_S: f64 = 0.6;

/// How far ahead the arm may be able to follow the frame, in its joint's unit: the farther, the longer it can stay when the path is done.
const RANGES: [f64; 7] = [1.0, 0.7, 0.5, 0.35, 0.25, 0.15, 0.1];

/// A frame may become this much faster than it is now and still be followed.
const FASTER: f64 = 1.25;

/// And by that much, in its joint's unit per second, which is also what it is caught up by.
const CATCHING_UP: f64 = 0.1;

/// The frame is followed at least so far, in its joint's unit: a gripper's width.
const SHORTEST: f64 = 0.05;

/// Slower than this the frame stands.
const STANDS: f64 = 1e-3;
