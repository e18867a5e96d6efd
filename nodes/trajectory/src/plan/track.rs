//! A motion of a tool in a frame that another group moves: its path in the frame, and whether the arm can follow the frame.
//!
//! The path is planned as if the frame stood where it is now, with a share of the joints' limits; what is left is for following.

use servomesh_motion::Bounds;
use servomesh_motion::path::{self, Chain};
use servomesh_motion::pursuit::{Axis, Point};
use servomesh_motion::tracking::{
    Arm, Frame, Infeasible, LeaderSettings, RelativeMotion as _, Settings, TimedTool, Tracking,
};
use servomesh_robot::{LinkId, Model};
use servomesh_types::JointVec;
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
    /// Whether its setpoints are known, not just measurements.
    pub(crate) told: bool,
    pub(crate) settings: LeaderSettings,
    /// What the group does in the frame already.
    pub(crate) present: Option<Box<Tracking<TimedTool>>>,
}

impl Track {
    pub(super) fn product(&self, task: &Task) -> Result<Product, Refusal> {
        let invalid = |text: String| Refusal::invalid(text);
        let neutral = self.robot.neutral_positions();
        let frame = Frame::new(
            &self.robot,
            &self.joint,
            &neutral,
            self.robot.link_name(self.frame),
        )
        .map_err(|error| invalid(error.to_string()))?;
        let names: Vec<&str> = task
            .group
            .joints
            .iter()
            .map(|joint| joint.name.as_str())
            .collect();
        let arm = Arm::new(&self.robot, &names, &neutral, self.robot.link_name(self.tool))
            .map_err(|error| invalid(error.to_string()))?;
        let mut best: Option<(f64, Tracking<TimedTool>)> = None;
        let mut refusal = None;
        for jerk in JERK_SHARES {
            let mut frame = frame.clone();
            if let Some(present) = &self.present {
                let from = (&present.state().position, present.coordinate().p);
                let motion = self.motion(task, &mut frame, from, jerk)?;
                match present.clone().go_on(motion.clone()) {
                    Ok(()) => return Ok(Product::GoOn(motion)),
                    Err(error) => refusal = Some(error),
                }
                continue;
            }
            let motion = self.motion(task, &mut frame, (&task.start, self.leader.p), jerk)?;
            let joining = Joining {
                track: self,
                arm: &arm,
                frame: &frame,
                motion: &motion,
                start: &task.start,
                // A goal's share is for its own path: the frame has to be followed as it moves.
                bounds: Bounds::of(&task.group),
            };
            for velocity in self.velocities() {
                match joining.as_far_as_possible(velocity) {
                    Ok((ahead, tracking)) if ahead >= joining.enough() => {
                        return Ok(Product::Join(Box::new(tracking)));
                    }
                    Ok((ahead, tracking)) => {
                        if best.as_ref().is_none_or(|(most, _)| ahead > *most) {
                            best = Some((ahead, tracking));
                        }
                    }
                    Err(error) => refusal = Some(error),
                }
            }
        }
        match (best, refusal) {
            (Some((_, tracking)), _) => Ok(Product::Join(Box::new(tracking))),
            (None, refusal) => Err(invalid(
                refusal.map_or_else(String::new, |error| error.describe(&task.group)),
            )),
        }
    }

    /// The path in the frame, with the joints at `start` while the frame's joint is at `at`.
    fn motion(
        &self,
        task: &Task,
        frame: &mut Frame,
        (start, at): (&JointVec, f64),
        jerk: f64,
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
        let bounds = task.bounds.scaled(PATH_SHARE, PATH_SHARE, jerk);
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

    /// How fast the frame's follower may be, best first: as its joint may be, or as it is now and somewhat faster.
    fn velocities(&self) -> [f64; 2] {
        let full = self.leads.velocity * QUICKER;
        let now = full.min(self.leader.v.abs() * FASTER + CATCHING_UP);
        [full, now]
    }

    fn settings(&self, (lower, upper): (f64, f64), velocity: f64) -> Settings {
        let (harder, sharper) = if self.told { TOLD } else { MEASURED };
        Settings {
            // More than its joint may do, so that it is caught up.
            coordinate: Axis {
                lower,
                upper,
                velocity,
                acceleration: self.leads.acceleration * harder,
                jerk: self.leads.jerk * sharper,
            },
            leader: self.settings,
            margin: MARGIN,
        }
    }
}

/// A motion that is to join the frame.
struct Joining<'a> {
    track: &'a Track,
    arm: &'a Arm,
    frame: &'a Frame,
    motion: &'a TimedTool,
    start: &'a JointVec,
    bounds: Bounds,
}

impl Joining<'_> {
    /// Over the longest range in which the arm can follow; and how far that goes the way the frame does.
    fn as_far_as_possible(&self, velocity: f64) -> Result<(f64, Tracking<TimedTool>), Infeasible> {
        let at = self.track.leader.p;
        let needed = self.needed();
        // As far as possible the way that the frame goes, or may go; and not less than that.
        let ((mut lower, mut upper), (behind, ahead)) = match self.track.leader.v {
            v if v < -STANDS => ((-FARTHEST.max(needed), SHORTEST), (-needed, SHORTEST)),
            v if v > STANDS => ((-SHORTEST, FARTHEST.max(needed)), (-SHORTEST, needed)),
            _ => ((-FARTHEST, FARTHEST), (-SHORTEST, SHORTEST)),
        };
        loop {
            let settings = self.track.settings((at + lower, at + upper), velocity);
            let (arm, frame, motion) = (self.arm.clone(), self.frame.clone(), self.motion.clone());
            let leader = self.track.leader;
            let error = match Tracking::join(arm, frame, motion, self.start, leader, &self.bounds, settings) {
                Ok(tracking) => return Ok((upper.max(-lower), tracking)),
                Err(error) => error,
            };
            let place = error.coordinate().map_or(0.0, |coordinate| coordinate - at);
            let shorter = SHORTER * place;
            if place < 0.0 && lower < behind {
                lower = shorter.min(behind);
            } else if place > 0.0 && upper > ahead {
                upper = shorter.max(ahead);
            } else {
                return Err(error);
            }
        }
    }

    /// What the path takes, with the frame as quick as it is now.
    fn needed(&self) -> f64 {
        (self.track.leader.v.abs() * (self.motion.duration() + CATCH_UP_S)).max(SHORTEST)
    }

    /// What leaves time for more when the path is done.
    fn enough(&self) -> f64 {
        self.needed() + self.track.leader.v.abs().max(SLOW) * LINGER_S
    }
}

/// Share of the joints' velocities and accelerations for the path in the frame.
const PATH_SHARE: f64 = 0.5;

/// And of their jerks, which are scarce: the largest with which the frame can be followed far enough.
const JERK_SHARES: [f64; 3] = [0.35, 0.2, 0.1];

/// Share of the joints' limits that path and frame may take together.
const MARGIN: f64 = 0.9;

/// How much faster than the frame's joint its follower may be: what it hears is late, and that has to be made up for.
const QUICKER: f64 = 1.1;

/// How much more acceleration and jerk it may have: measurements come with noise, which takes more to make up for.
const TOLD: (f64, f64) = (1.25, 1.3);
const MEASURED: (f64, f64) = (1.5, 1.8);

/// How long catching up takes at most, in s.
const CATCH_UP_S: f64 = 0.6;

/// As far as the frame is followed at most, in its joint's unit.
const FARTHEST: f64 = 1.0;

/// The next range to look at, as a share of the one that failed.
const SHORTER: f64 = 0.95;

/// How long the tool should be able to stay in the frame when the path is done, in s, at that speed at least, in its joint's unit per second.
const LINGER_S: f64 = 3.0;
const SLOW: f64 = 0.05;

/// A frame may become this much faster than it is now and still be followed.
const FASTER: f64 = 1.25;

/// And by that much, in its joint's unit per second, which is also what it is caught up by.
const CATCHING_UP: f64 = 0.1;

/// The frame is followed at least so far, in its joint's unit: a gripper's width.
const SHORTEST: f64 = 0.05;

/// Slower than this the frame stands.
const STANDS: f64 = 1e-3;
