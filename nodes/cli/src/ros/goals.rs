//! Goals as messages, and what is under way: sent, heard of, cancelled.
//!
//! **Invariant:** a goal that was sent is followed until its result is there, also after it was cancelled.

use super::cell::Cell;
use crate::program::machine::joint_of;
use crate::program::progress::Progress;
use crate::program::step::{
    Corner, Follow, Goal, Grip, JointMove, Order, PathMove, Pose, Run, Segment, Synchronization, Way,
};
use crate::program::{Program, schedule};
use anyhow::{Context as _, bail};
use futures::future::{Either, LocalBoxFuture, select};
use futures::{FutureExt, StreamExt};
use r2r::control_msgs::action::{FollowJointTrajectory, GripperCommand};
use r2r::geometry_msgs::msg as geometry;
use r2r::servomesh_msgs::action::Move;
use r2r::servomesh_msgs::msg::PathSegment;
use r2r::trajectory_msgs::msg::JointTrajectoryPoint;
use r2r::{ActionClient, GoalStatus, WrappedActionTypeSupport};
use servomesh_shell::ros::Io;
use servomesh_shell::ros::wire::duration_to_msg;
use servomesh_types::{GroupDescription, JointLimits};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// How something ended: well, or why not.
pub(super) type Outcome = Result<(), String>;

/// Waits for a server, by its name.
pub(super) type Awaited = (String, LocalBoxFuture<'static, r2r::Result<()>>);

/// Action clients by group.
#[derive(Default)]
pub(super) struct Clients {
    follow: BTreeMap<String, ActionClient<FollowJointTrajectory::Action>>,
    motion: BTreeMap<String, ActionClient<Move::Action>>,
    grip: BTreeMap<String, ActionClient<GripperCommand::Action>>,
}

/// A goal that was sent.
pub(super) struct Sent {
    outcome: LocalBoxFuture<'static, Outcome>,
    shared: Rc<RefCell<Shared>>,
}

/// What the future of a goal tells while it waits.
#[derive(Default)]
struct Shared {
    progress: Progress,
    /// Asks the server to cancel it; there once the goal is accepted.
    cancel: Option<Cancel>,
}

pub(super) type Cancel = Box<dyn FnOnce() -> r2r::Result<LocalBoxFuture<'static, r2r::Result<()>>>>;

impl Sent {
    /// How it ended, once it has.
    pub(super) fn poll(&mut self) -> Option<Outcome> {
        self.outcome.as_mut().now_or_never()
    }

    /// How far it is, by its newest feedback.
    pub(super) fn progress(&self) -> Progress {
        self.shared.borrow().progress.clone()
    }

    /// What cancels it, once, as soon as the server has accepted it.
    pub(super) fn take_cancel(&self) -> Option<Cancel> {
        self.shared.borrow_mut().cancel.take()
    }
}

impl Clients {
    /// Opens a client for each goal's action, and gives the futures that wait for their servers.
    pub(super) fn open(&mut self, io: &mut Io, program: &Program) -> anyhow::Result<Vec<Awaited>> {
        let mut servers = Vec::new();
        for goal in program.goals() {
            match goal.order {
                Order::Follow(_) => {
                    open_client(io, &mut self.follow, &goal.group, FOLLOW, &mut servers)?;
                }
                Order::Joint(_) | Order::Run(_) | Order::Path(_) => {
                    open_client(io, &mut self.motion, &goal.group, "move", &mut servers)?;
                }
                Order::Grip(_) => open_client(io, &mut self.grip, &goal.group, "gripper_cmd", &mut servers)?,
            }
        }
        Ok(servers)
    }

    /// Opens a client for trajectories of a group, and gives the future that waits for its server.
    pub(super) fn open_follow(&mut self, io: &mut Io, group: &str) -> anyhow::Result<Vec<Awaited>> {
        let mut servers = Vec::new();
        open_client(io, &mut self.follow, group, FOLLOW, &mut servers)?;
        Ok(servers)
    }

    /// Sends a goal.
    ///
    /// # Errors
    /// The cell does not have what the goal names, or the middleware refuses.
    pub(super) fn send(&self, cell: &Cell, goal: &Goal) -> anyhow::Result<Sent> {
        let group = &goal.group;
        match &goal.order {
            Order::Follow(follow) => self.follow(cell, group, follow),
            Order::Joint(to) => self.motion(group, joint_goal(to), 0),
            Order::Run(run) => self.motion(group, velocity_goal(run), 0),
            Order::Path(path) => {
                let goal = path_goal(path, cell.description(group)?)?;
                self.motion(group, goal, path.segments.len())
            }
            Order::Grip(grip) => self.grip(group, grip),
        }
    }

    fn follow(&self, cell: &Cell, group: &str, follow: &Follow) -> anyhow::Result<Sent> {
        let description = cell.description(group)?;
        let start = cell.positions(group)?;
        let mut at = start.clone();
        let mut poses = Vec::new();
        for pose in &follow.poses {
            for (joint, position) in pose {
                at[joint_of(description, Some(joint)).map_err(anyhow::Error::msg)?] = *position;
            }
            poses.push(at.clone());
        }
        let limits: Vec<JointLimits> = description.joints.iter().map(|joint| joint.limits).collect();
        let way = schedule(&start, &poses, &limits, follow.speed);
        let points = way
            .into_iter()
            .map(|point| JointTrajectoryPoint {
                positions: point.positions,
                time_from_start: duration_to_msg(Duration::from_secs_f64(point.time_s)),
                ..Default::default()
            })
            .collect();
        self.trajectory(description, points)
    }

    /// Sends a trajectory for all joints of a group.
    pub(super) fn trajectory(
        &self,
        group: &GroupDescription,
        points: Vec<JointTrajectoryPoint>,
    ) -> anyhow::Result<Sent> {
        let whole_s = points.last().map_or(0.0, |point| {
            f64::from(point.time_from_start.sec) + 1e-9 * f64::from(point.time_from_start.nanosec)
        });
        let mut goal = FollowJointTrajectory::Goal::default();
        goal.trajectory.joint_names = group.joints.iter().map(|joint| joint.name.clone()).collect();
        goal.trajectory.points = points;
        let client = self.follow.get(group.name.as_str()).context("action client")?;
        let heard = move |f: FollowJointTrajectory::Feedback| {
            let at = f.desired.time_from_start;
            let at_s = f64::from(at.sec) + 1e-9 * f64::from(at.nanosec);
            // A server need not say where in time the desired point is.
            let known = at_s > 0.0;
            Progress {
                done: known.then(|| (at_s / whole_s).clamp(0.0, 1.0)),
                remaining_s: known.then(|| (whole_s - at_s).max(0.0)),
                ..Progress::default()
            }
        };
        send(client, goal, heard, |r| (r.error_code, r.error_string))
    }

    fn motion(&self, group: &str, goal: Move::Goal, segments: usize) -> anyhow::Result<Sent> {
        let client = self.motion.get(group).context("action client")?;
        let heard = move |f: Move::Feedback| {
            let segment = (segments > 1).then(|| format!("segment {} of {segments}", f.segment + 1));
            let rate = (f.rate < 0.995).then(|| match f.rate {
                rate if rate < 0.005 => "paused".to_owned(),
                rate => format!("at {:.0} %", 100.0 * rate),
            });
            let notes: Vec<_> = segment.into_iter().chain(rate).collect();
            Progress {
                done: Some(f.progress.clamp(0.0, 1.0)),
                remaining_s: Some(f.remaining).filter(|s| s.is_finite()),
                note: notes.join(", "),
            }
        };
        send(client, goal, heard, |r| (r.error_code, r.error_string))
    }

    fn grip(&self, group: &str, grip: &Grip) -> anyhow::Result<Sent> {
        let mut goal = GripperCommand::Goal::default();
        goal.command.position = grip.position;
        goal.command.max_effort = grip.max_effort;
        let client = self.grip.get(group).context("action client")?;
        let heard = |f: GripperCommand::Feedback| Progress {
            note: format!("at {:.1} mm", f.position * 1e3),
            ..Progress::default()
        };
        send(client, goal, heard, |r| {
            let code = if r.reached_goal || r.stalled { 0 } else { -1 };
            (code, format!("the gripper ended at {:.1} mm", r.position * 1e3))
        })
    }
}

fn joint_goal(to: &JointMove) -> Move::Goal {
    Move::Goal {
        mode: MODE_JOINT,
        synchronization: match to.synchronization {
            Synchronization::Phase => 0,
            Synchronization::Time => 1,
            Synchronization::None => 2,
            Synchronization::Straight => 3,
        },
        joint_names: to.to.keys().cloned().collect(),
        target: to.to.values().copied().collect(),
        velocity_scale: to.speed,
        acceleration_scale: to.acceleration,
        ..Default::default()
    }
}

fn velocity_goal(run: &Run) -> Move::Goal {
    Move::Goal {
        mode: MODE_VELOCITY,
        target: vec![run.velocity],
        acceleration_scale: run.acceleration,
        ..Default::default()
    }
}

fn path_goal(path: &PathMove, group: &GroupDescription) -> anyhow::Result<Move::Goal> {
    let segments = path.segments.iter().map(|segment| segment_to_msg(segment, group));
    Ok(Move::Goal {
        mode: MODE_PATH,
        segments: segments.collect::<anyhow::Result<_>>()?,
        frame: path.frame.clone(),
        tool: path.tool.clone(),
        velocity_scale: path.speed,
        acceleration_scale: path.acceleration,
        // Zero stands for the group's own in the message.
        tool_speed: path.tool_speed.unwrap_or(0.0),
        tool_acceleration: path.tool_acceleration.unwrap_or(0.0),
        tool_jerk: path.tool_jerk.unwrap_or(0.0),
        ..Default::default()
    })
}

fn segment_to_msg(segment: &Segment, group: &GroupDescription) -> anyhow::Result<PathSegment> {
    let (corner, blend) = match segment.corner {
        Corner::Stop => (0, 0.0),
        Corner::Blend(blend) => (1, blend),
        Corner::Through => (2, 0.0),
    };
    let mut message = PathSegment {
        corner,
        blend,
        ..PathSegment::default()
    };
    match &segment.way {
        Way::Joint(pose) => {
            message.kind = 0;
            message.position = in_order(pose, group)?;
        }
        Way::Line(to) => {
            message.kind = 1;
            message.pose = pose_to_msg(to.position, to.orientation);
        }
        Way::Circle { via, to } => {
            message.kind = 2;
            message.via = point_to_msg(*via);
            message.pose = pose_to_msg(to.position, to.orientation);
        }
        Way::Arc {
            centre,
            axis: [x, y, z],
            angle,
            orientation,
        } => {
            message.kind = 3;
            message.centre = point_to_msg(*centre);
            message.axis = geometry::Vector3 { x: *x, y: *y, z: *z };
            message.angle = *angle;
            message.pose = pose_to_msg([0.0; 3], *orientation);
        }
    }
    Ok(message)
}

/// The positions of a pose that names every joint, in the group's order.
fn in_order(pose: &Pose, group: &GroupDescription) -> anyhow::Result<Vec<f64>> {
    let position = |name: &String| {
        let position = pose.get(name).copied();
        position.with_context(|| format!("a joint segment does not say where {name} is to be"))
    };
    group.joints.iter().map(|joint| position(&joint.name)).collect()
}

fn point_to_msg([x, y, z]: [f64; 3]) -> geometry::Point {
    geometry::Point { x, y, z }
}

/// Without an orientation, the quaternion of zeros that stands for none in the message.
fn pose_to_msg(position: [f64; 3], orientation: Option<[f64; 4]>) -> geometry::Pose {
    let [x, y, z, w] = orientation.unwrap_or_default();
    geometry::Pose {
        position: point_to_msg(position),
        orientation: geometry::Quaternion { x, y, z, w },
    }
}

fn open_client<A: WrappedActionTypeSupport + 'static>(
    io: &mut Io,
    clients: &mut BTreeMap<String, ActionClient<A>>,
    group: &str,
    action: &str,
    servers: &mut Vec<Awaited>,
) -> anyhow::Result<()> {
    if clients.contains_key(group) {
        return Ok(());
    }
    let name = format!("{group}/{action}");
    let client = io
        .r2r()
        .create_action_client::<A>(&name)
        .with_context(|| format!("action {name}"))?;
    servers.push((name, r2r::Node::is_available(&client)?.boxed_local()));
    clients.insert(group.to_owned(), client);
    Ok(())
}

/// Sends a goal; its future ends with its result, and tells of feedback meanwhile.
fn send<A: WrappedActionTypeSupport + 'static>(
    client: &ActionClient<A>,
    goal: A::Goal,
    heard: impl Fn(A::Feedback) -> Progress + 'static,
    verdict: impl FnOnce(A::Result) -> (i32, String) + 'static,
) -> anyhow::Result<Sent> {
    let request = client
        .send_goal_request(goal)
        .context("the goal could not be sent")?;
    let shared = Rc::new(RefCell::new(Shared::default()));
    let told = Rc::clone(&shared);
    let outcome = async move {
        let (handle, result, mut feedback) =
            request.await.map_err(|error| format!("not accepted: {error}"))?;
        told.borrow_mut().cancel = Some(Box::new(move || Ok(handle.cancel()?.boxed_local())));
        let mut result = result.boxed_local();
        let ended = loop {
            match select(result, feedback.next()).await {
                Either::Left((ended, _)) => break ended,
                Either::Right((Some(message), pending)) => {
                    told.borrow_mut().progress = heard(message);
                    result = pending;
                }
                Either::Right((None, pending)) => break pending.await,
            }
        };
        let (status, result) = ended.map_err(|error| format!("no result: {error}"))?;
        let (code, text) = verdict(result);
        match (status, code) {
            (GoalStatus::Succeeded, 0) => Ok(()),
            (status, code) => Err(format!("{status}, code {code}: {text}")),
        }
    };
    Ok(Sent {
        outcome: outcome.boxed_local(),
        shared,
    })
}

/// A goal that brings an endless group to rest.
pub(super) fn rest(group: &str) -> Goal {
    Goal {
        group: group.to_owned(),
        order: Order::Run(Run {
            velocity: 0.0,
            acceleration: 1.0,
        }),
    }
}

/// Whether a goal leaves its group running.
pub(super) fn leaves_running(goal: &Goal) -> bool {
    matches!(&goal.order, Order::Run(run) if run.velocity.abs() > 0.0)
}

/// Refuses a program that the cell can't carry out.
pub(super) fn check(cell: &Cell, program: &Program) -> anyhow::Result<()> {
    match cell.machine() {
        Ok(machine) => Ok(machine.check(program)?),
        Err(error) => bail!("robot_description: {error}"),
    }
}

const FOLLOW: &str = "follow_joint_trajectory";
// The modes of servomesh_msgs/action/Move.
const MODE_JOINT: u8 = 0;
const MODE_VELOCITY: u8 = 1;
const MODE_PATH: u8 = 2;
