//! Paths in a frame that another group moves: joining, going on, giving up.
//!
//! A goal is reached when the tool is where its path ends, in the frame. The tool stays in the frame until the next goal, a cancel, or
//! the end of its reach.

use servomesh_motion::Bounds;
use servomesh_motion::pursuit::Point;
use servomesh_motion::tracking::{LeaderSettings, TimedTool, Tracking};
use servomesh_robot::LinkId;
use servomesh_types::{EventKind, Stamp};

use super::accept::default_patience;
use super::course::Course;
use super::online::{Follower, Generator, Online};
use super::routes::Pending;
use super::{Context, Kind, Planner, refuse};
use crate::config::ToolSettings;
use crate::peers::Peer;
use crate::plan::{Track, Work};
use crate::{Code, PathGoal, Refusal, Status};

impl Planner {
    pub(super) fn track_work(
        &self,
        ctx: &Context<'_>,
        path: &PathGoal,
        (tool, limits): (LinkId, ToolSettings),
        (frame, joint): (LinkId, String),
    ) -> Result<Work, Refusal> {
        let robot = ctx.robot.map(|robot| std::sync::Arc::clone(robot.model()));
        let (Some(robot), Some(course)) = (robot, &self.course) else {
            return Err(Refusal::new(Code::NotReady, "the group's state is not known"));
        };
        let owner = ctx.peers.owner(&joint);
        let peer = owner.and_then(|(name, index)| Some((index, ctx.peers.get(name)?)));
        let measured = peer.and_then(|(index, peer)| {
            let motion = peer.measured?;
            let point = Point {
                p: *motion.position.get(index)?,
                v: *motion.velocity.get(index)?,
                a: motion.acceleration.get(index).copied().unwrap_or(0.0),
            };
            Some((
                point,
                Bounds::of(&peer.group).axis(index),
                peer.setpoint.is_some(),
            ))
        });
        let Some((leader, leads, told)) = measured else {
            return Err(Refusal::new(
                Code::NotReady,
                format!(
                    "frame {:?}: nothing is known of joint {joint}, which moves it",
                    path.frame
                ),
            ));
        };
        let present = match course.follower() {
            Some(follower) if follower.frame == frame && follower.tool == tool => {
                Some(Box::new(follower.tracking.clone()))
            }
            Some(_) => {
                return Err(Refusal::invalid(format!(
                    "group {} is in another moving frame: leave it first, by a path in a frame that stands still",
                    self.group.name
                )));
            }
            None if course.is_over(ctx.now) => None,
            None => {
                return Err(Refusal::invalid(format!(
                    "group {} moves: a frame that moves is joined from rest",
                    self.group.name
                )));
            }
        };
        Ok(Work::Track(Track {
            segments: path.segments.clone(),
            tool,
            limits,
            robot,
            frame,
            joint,
            leader,
            leads,
            told,
            settings: LeaderSettings {
                lead_s: ctx.config.tracking_lead.as_secs_f64(),
                ..LeaderSettings::default()
            },
            present,
        }))
    }

    pub(super) fn begin_tracking(
        &mut self,
        ctx: &mut Context<'_>,
        pending: &Pending,
        mut tracking: Tracking<TimedTool>,
    ) {
        let Work::Track(track) = &pending.task.work else {
            return;
        };
        let Some(leader) = ctx.peers.owner(&track.joint) else {
            let refusal = Refusal::new(Code::NotReady, "the group that moves the frame is gone");
            return refuse(ctx, self.group.name, pending.id, refusal);
        };
        // The frame has moved on while this was planned.
        if let Some(point) = ctx
            .peers
            .get(leader.0)
            .and_then(|peer| now_of(peer, leader.1, ctx.now))
        {
            tracking.begin(point);
        }
        let state = *tracking.state();
        let follower = Follower::new(tracking, leader, (track.frame, track.tool));
        let generator = Generator::Tracking(Box::new(follower));
        let course = Course::Online(Box::new(Online::new(generator, ctx.now, state)));
        self.begin(ctx, pending.id, Kind::Track, course, &pending.what);
    }

    pub(super) fn go_on_tracking(&mut self, ctx: &mut Context<'_>, pending: &Pending, motion: TimedTool) {
        let name = self.group.name;
        let Some(mut course) = self.course.take() else {
            return;
        };
        let gone_on = match course.follower_mut() {
            Some(follower) => follower
                .tracking
                .go_on_as_checked(motion)
                .map_err(|error| error.describe(&self.group)),
            None => Err("the group has left the frame meanwhile".to_owned()),
        };
        match gone_on {
            Ok(()) => self.begin(ctx, pending.id, Kind::Track, course, &pending.what),
            Err(text) => {
                self.course = Some(course);
                refuse(ctx, name, pending.id, Refusal::new(Code::NotReady, text));
            }
        }
    }

    /// Ends a goal in a moving frame: reached, or given up.
    pub(super) fn judge_tracking(&mut self, ctx: &mut Context<'_>) {
        let Some(follower) = self.course.as_ref().and_then(Course::follower) else {
            return;
        };
        if follower.gave_up() {
            let ends = self.task.as_ref().is_some_and(|task| task.ending.is_none());
            if ends || self.running.is_some() {
                let why = follower.why(&self.group);
                if ends {
                    self.abort(ctx, Code::InvalidGoal, why);
                } else {
                    self.running = None;
                    self.event(ctx, EventKind::Stopped, format!("leaves the moving frame: {why}"));
                }
            }
            return;
        }
        let arrived = follower.has_arrived();
        let late = default_patience(ctx).and_then(|patience| follower.late(ctx.now, patience));
        let Some(task) = &self.task else { return };
        if !matches!(task.kind, Kind::Track) || task.ending.is_some() {
            return;
        }
        if arrived {
            let (id, outcome) = (
                task.id,
                task.outcome(ctx.now, Status::Succeeded, Code::Successful, ""),
            );
            self.running = Some(id);
            self.finish(ctx, outcome);
        } else if let Some(off) = late {
            let why = format!(
                "the tool is still {:.2} mm from its place in the frame, its path there is done",
                1e3 * off
            );
            self.abort(ctx, Code::GoalToleranceViolated, why);
        }
    }
}

/// Where a group's joint is now: by its setpoint, else by its measurement.
fn now_of(peer: &Peer, joint: usize, now: Stamp) -> Option<Point> {
    let told = peer.setpoint.map(|(stamp, state)| (stamp, state.joint(joint)));
    let (stamp, mut point) = match told {
        Some(told) => told,
        None => {
            let motion = peer.measured?;
            let (p, v) = (*motion.position.get(joint)?, *motion.velocity.get(joint)?);
            (motion.holds_at, Point { p, v, a: 0.0 })
        }
    };
    point.p += now.seconds_from(stamp) * point.v;
    Some(point)
}
