//! Jogging: which requests count. A group is jogged from rest or while it is jogged already, never off a goal.
//!
//! Requests have no answer: one that is refused is told in an event, at most one a second.

use nalgebra::{Vector3, Vector6};
use servomesh_motion::jog::{Axes, JogGenerator, JogSettings, Request, Surroundings};
use servomesh_motion::tracking::Arm;
use servomesh_motion::{Quantity, State};
use servomesh_robot::LinkId;
use servomesh_types::{EventKind, JointVec};
use std::time::Duration;

use super::course::Course;
use super::online::{Generator, Jogged, Online};
use super::{Context, Planner};
use crate::robot::{Frame, Robot};
use crate::{JogRequest, Refusal};

impl Planner {
    /// Takes a request that came on the topic.
    pub(crate) fn jog(&mut self, ctx: &mut Context<'_>, request: &JogRequest) {
        let Err(refusal) = self.try_jog(ctx, request) else {
            return;
        };
        let told = self
            .complained
            .is_some_and(|last| ctx.now.since(last) < COMPLAIN_EVERY);
        if !told {
            self.complained = Some(ctx.now);
            let text = format!("jog request refused: {refusal}");
            self.event(ctx, EventKind::GoalRefused, text);
        }
    }

    fn try_jog(&mut self, ctx: &Context<'_>, request: &JogRequest) -> Result<(), Refusal> {
        let (began, present) = self.present(ctx)?;
        if self.task.is_some() || self.pending.is_some() {
            return Err(Refusal::invalid(format!(
                "group {} follows a goal",
                self.group.name
            )));
        }
        let age_s = request.stamp.map_or(0.0, |stamp| ctx.now.seconds_from(stamp));
        let counts_for_s = ctx.config.jog_timeout.as_secs_f64();
        if age_s.abs() > counts_for_s {
            return Err(Refusal::invalid(format!(
                "it is stamped {age_s:.3} s ago, but counts for {counts_for_s} s"
            )));
        }
        let (asked, tool) = match request.mode {
            0 => (self.joint_request(request)?, None),
            1 => self.twist_request(ctx, request)?,
            other => {
                return Err(Refusal::invalid(format!(
                    "mode {other} is neither 0 (joint) nor 1 (twist)"
                )));
            }
        };
        if let Some(jogged) = self.course.as_mut().and_then(Course::jogged_mut)
            && (tool.is_none() || tool == jogged.tool)
        {
            let taken = jogged.generator.command(asked, age_s);
            return taken.map_err(|error| Refusal::invalid(error.to_string()));
        }
        let mut generator = self.generator(ctx, tool, present)?;
        generator
            .command(asked, age_s)
            .map_err(|error| Refusal::invalid(error.to_string()))?;
        let generator = Generator::Jog(Box::new(Jogged { generator, tool }));
        self.course = Some(Course::Online(Box::new(Online::new(generator, began, present))));
        self.running = None;
        self.grasp = None;
        self.effort_limit = JointVec::EMPTY;
        Ok(())
    }

    fn generator(
        &self,
        ctx: &Context<'_>,
        tool: Option<LinkId>,
        present: State,
    ) -> Result<JogGenerator, Refusal> {
        let settings = JogSettings {
            counts_for_s: ctx.config.jog_timeout.as_secs_f64(),
            ..JogSettings::default()
        };
        let mut arm = None;
        let mut surroundings = None;
        if let Some(robot) = ctx.robot {
            let invalid = |text: String| Refusal::invalid(text);
            let names: Vec<&str> = self
                .group
                .joints
                .iter()
                .map(|joint| joint.name.as_str())
                .collect();
            let model = robot.model();
            let positions = self.others(ctx, robot);
            if let Some(tool) = tool {
                arm = Some(
                    Arm::new(model, &names, &positions, model.link_name(tool))
                        .map_err(|error| invalid(error.to_string()))?,
                );
            }
            if let Some(collision) = robot.collision() {
                let joints = names
                    .iter()
                    .map(|name| model.joint_index(name))
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(|error| invalid(error.to_string()))?;
                let clearance = ctx.config.jog_clearance;
                surroundings = Some(Surroundings::new(
                    collision.clone(),
                    &joints,
                    &positions,
                    clearance,
                ));
            }
        }
        Ok(JogGenerator::new(
            present,
            &self.bounds,
            arm,
            surroundings,
            settings,
        ))
    }

    /// Where all joints of the machine are, as far as they were measured.
    fn others(&self, ctx: &Context<'_>, robot: &Robot) -> Vec<f64> {
        let mut positions = robot.model().neutral_positions();
        for (index, joint) in robot.model().joints().iter().enumerate() {
            let measured = ctx.peers.owner(&joint.name).and_then(|(group, place)| {
                let motion = ctx.peers.get(group)?.measured?;
                motion.position.get(place).copied()
            });
            if let Some(position) = measured {
                positions[index] = position;
            }
        }
        positions
    }

    fn joint_request(&self, request: &JogRequest) -> Result<Request, Refusal> {
        let velocity = self.values(
            "velocity",
            (&request.joint_names, &request.velocity),
            JointVec::zeros(self.group.joints.len()),
            (Quantity::Velocity, &self.bounds),
        )?;
        let rate = self.rate();
        Ok(Request::Joints(JointVec::from_fn(velocity.len(), |joint| {
            velocity[joint] * rate
        })))
    }

    fn twist_request(
        &self,
        ctx: &Context<'_>,
        request: &JogRequest,
    ) -> Result<(Request, Option<LinkId>), Refusal> {
        let robot = ctx.robot.ok_or_else(|| {
            Refusal::invalid("twists need the robot's description: set the parameter robot_description_file")
        })?;
        let tool = robot.tool(self.group.name, &request.tool)?;
        let (linear, angular) = (Vector3::from(request.linear), Vector3::from(request.angular));
        let most = &ctx.config.tool;
        let checks = [
            ("linear velocity", linear.norm(), most.speed, "m/s"),
            ("angular velocity", angular.norm(), most.angular_speed, "rad/s"),
        ];
        for (what, value, limit, unit) in checks {
            // Written so that NaN is refused.
            if !value.is_finite() || value > limit {
                return Err(Refusal::invalid(format!(
                    "the twist's {what} is {value:.4} {unit}, beyond the tool's limit {limit:.4} {unit}"
                )));
            }
        }
        let (axes, turn) = match robot.model().link(&request.frame) {
            Ok(link) if link == tool => (Axes::Tool, None),
            _ => match robot.frame(&self.group, &request.frame)? {
                Frame::Fixed { root_from_frame } => (Axes::Base, Some(root_from_frame.rotation)),
                Frame::Moving { joint, .. } => {
                    return Err(Refusal::invalid(format!(
                        "frame {:?} is moved by joint {joint}: a twist is in the axes of a link that stands still, or of the tool",
                        request.frame
                    )));
                }
            },
        };
        let turned = |v: Vector3<f64>| turn.map_or(v, |turn| turn * v);
        let (linear, angular) = (turned(linear), turned(angular));
        let twist = Vector6::new(linear.x, linear.y, linear.z, angular.x, angular.y, angular.z);
        let twist = twist * self.rate();
        Ok((Request::Twist { twist, axes }, Some(tool)))
    }
}

const COMPLAIN_EVERY: Duration = Duration::from_secs(1);
