//! Carries out a program: one goal after another, or several at once; stops at the first that is missed.

use super::cell::{Cell, LOOK, wall};
use crate::program::{Follow, Grip, Move, Program, Run, Step, Summary, schedule};
use anyhow::{Context as _, bail};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use r2r::control_msgs::action::{FollowJointTrajectory, GripperCommand};
use r2r::servomesh_msgs::action::Move as MoveAction;
use r2r::trajectory_msgs::msg::JointTrajectoryPoint;
use r2r::{ActionClient, GoalStatus, WrappedActionTypeSupport};
use servomesh_shell::ros::Io;
use servomesh_shell::ros::wire::duration_to_msg;
use servomesh_types::JointLimits;
use std::collections::BTreeMap;
use std::time::Duration;

/// How a program is run.
#[derive(Clone, Copy, Debug)]
pub struct RunOptions {
    /// How long to wait for the cell to be ready, in wall time.
    pub ready_timeout: Duration,
    /// How long one goal may take at the most, in wall time.
    pub goal_timeout: Duration,
    /// Whether to tell each step as it begins and ends.
    pub verbose: bool,
}

/// Carries out a program against the running cell.
///
/// # Errors
/// The cell is not ready in time; says what is missing. A goal that is missed is no error: the summary has it.
pub fn run(program: &Program, options: RunOptions) -> anyhow::Result<Summary> {
    let mut io = Io::client("servomesh_run")?;
    let mut runner = Runner {
        cell: Cell::open(&mut io)?,
        clients: Clients::default(),
        options,
    };
    runner.wait_until_ready(&mut io, program)?;
    let count = program.steps.len();
    for (number, step) in (1..).zip(&program.steps) {
        if options.verbose {
            eprintln!("[{number}/{count}] {}", step.describe());
        }
        let steps = if let Step::Together(steps) = step {
            steps.as_slice()
        } else {
            std::slice::from_ref(step)
        };
        if !runner.carry_out(&mut io, program, steps)? {
            break;
        }
    }
    runner.settle(&mut io)?;
    Ok(runner.cell.summary)
}

struct Runner {
    cell: Cell,
    clients: Clients,
    options: RunOptions,
}

/// Action clients by group.
#[derive(Default)]
struct Clients {
    follow: BTreeMap<String, ActionClient<FollowJointTrajectory::Action>>,
    motion: BTreeMap<String, ActionClient<MoveAction::Action>>,
    grip: BTreeMap<String, ActionClient<GripperCommand::Action>>,
}

type Outcome = Result<(), String>;

impl Runner {
    fn wait_until_ready(&mut self, io: &mut Io, program: &Program) -> anyhow::Result<()> {
        let mut servers = self.clients.open(io, program)?;
        let deadline = wall(io) + self.options.ready_timeout;
        loop {
            self.turn(io)?;
            servers.retain_mut(|(_, available)| available.now_or_never().is_none());
            let missing = self.cell.missing(&program.groups());
            let missing = missing.or_else(|| servers.first().map(|(name, _)| format!("action {name}")));
            let Some(missing) = missing else { return Ok(()) };
            if wall(io) > deadline {
                bail!(
                    "the cell was not ready within {:?}: still waiting for {missing}",
                    self.options.ready_timeout
                );
            }
        }
    }

    /// Sends the goals of one step and waits for all. Whether all were reached.
    fn carry_out(&mut self, io: &mut Io, program: &Program, steps: &[Step]) -> anyhow::Result<bool> {
        let mut under_way = Vec::new();
        for step in steps {
            under_way.push((step.describe(), self.send(program, step)?));
        }
        let deadline = wall(io) + self.options.goal_timeout;
        let mut all_reached = true;
        while !under_way.is_empty() {
            self.turn(io)?;
            let late = wall(io) > deadline;
            let mut still = Vec::new();
            for (name, mut goal) in under_way {
                let outcome = match goal.as_mut().now_or_never() {
                    None if late => Err(format!("no result within {:?}", self.options.goal_timeout)),
                    None => {
                        still.push((name, goal));
                        continue;
                    }
                    Some(outcome) => outcome,
                };
                all_reached &= outcome.is_ok();
                if let (true, Err(reason)) = (self.options.verbose, &outcome) {
                    eprintln!("      missed: {name}: {reason}");
                }
                self.cell.summary.goal(name, outcome);
            }
            under_way = still;
        }
        Ok(all_reached)
    }

    fn send(&self, program: &Program, step: &Step) -> anyhow::Result<LocalBoxFuture<'static, Outcome>> {
        match step {
            Step::Follow(follow) => self.follow(program, follow),
            Step::Move(motion) => self.go_to(program, motion),
            Step::Run(run) => self.run_at(run),
            Step::Grip(grip) => self.grip(grip),
            Step::Together(_) => bail!("together can't stand in another together"),
        }
    }

    fn follow(&self, program: &Program, follow: &Follow) -> anyhow::Result<LocalBoxFuture<'static, Outcome>> {
        let description = self.cell.description(&follow.group)?;
        let start = self.cell.positions(&follow.group)?;
        let mut at = start.clone();
        let mut poses = Vec::new();
        for name in follow.poses() {
            let pose = program.pose(name).map_err(anyhow::Error::msg)?;
            for (joint, position) in pose {
                let index = description.joint_index(joint);
                at[index.with_context(|| {
                    format!("pose {name}: group {} has no joint {joint}", follow.group)
                })?] = *position;
            }
            poses.push(at.clone());
        }
        let limits: Vec<JointLimits> = description.joints.iter().map(|joint| joint.limits).collect();
        let way = schedule(&start, &poses, &limits, follow.speed);
        let mut goal = FollowJointTrajectory::Goal::default();
        goal.trajectory.joint_names = description
            .joints
            .iter()
            .map(|joint| joint.name.clone())
            .collect();
        goal.trajectory.points = way
            .into_iter()
            .map(|point| JointTrajectoryPoint {
                positions: point.positions,
                time_from_start: duration_to_msg(Duration::from_secs_f64(point.time_s)),
                ..Default::default()
            })
            .collect();
        let client = self.clients.follow.get(&follow.group).context("action client")?;
        send(client, goal, |r| (r.error_code, r.error_string))
    }

    fn go_to(&self, program: &Program, motion: &Move) -> anyhow::Result<LocalBoxFuture<'static, Outcome>> {
        let pose = program.pose(&motion.to).map_err(anyhow::Error::msg)?;
        let goal = MoveAction::Goal {
            mode: MODE_JOINT,
            joint_names: pose.keys().cloned().collect(),
            target: pose.values().copied().collect(),
            velocity_scale: motion.speed,
            acceleration_scale: motion.speed,
            ..Default::default()
        };
        let client = self.clients.motion.get(&motion.group).context("action client")?;
        send(client, goal, |r| (r.error_code, r.error_string))
    }

    fn run_at(&self, run: &Run) -> anyhow::Result<LocalBoxFuture<'static, Outcome>> {
        let goal = MoveAction::Goal {
            mode: MODE_VELOCITY,
            target: vec![run.velocity],
            ..Default::default()
        };
        let client = self.clients.motion.get(&run.group).context("action client")?;
        send(client, goal, |r| (r.error_code, r.error_string))
    }

    fn grip(&self, grip: &Grip) -> anyhow::Result<LocalBoxFuture<'static, Outcome>> {
        let mut goal = GripperCommand::Goal::default();
        goal.command.position = grip.position;
        goal.command.max_effort = grip.max_effort;
        let client = self.clients.grip.get(&grip.group).context("action client")?;
        send(client, goal, |r| {
            let code = if r.reached_goal || r.stalled { 0 } else { -1 };
            (code, format!("the gripper ended at {:.1} mm", r.position * 1e3))
        })
    }

    /// Hears the nodes' last counters: they come once a second.
    fn settle(&mut self, io: &mut Io) -> anyhow::Result<()> {
        let end = wall(io) + Duration::from_millis(1200);
        while wall(io) < end {
            self.turn(io)?;
        }
        Ok(())
    }

    fn turn(&mut self, io: &mut Io) -> anyhow::Result<()> {
        io.r2r().spin_once(LOOK);
        self.cell.take_in(io)
    }
}

impl Clients {
    /// Opens a client for each goal's action, and gives the futures that wait for their servers.
    fn open(
        &mut self,
        io: &mut Io,
        program: &Program,
    ) -> anyhow::Result<Vec<(String, LocalBoxFuture<'static, r2r::Result<()>>)>> {
        let mut servers = Vec::new();
        for step in program.goals() {
            let group = step.group().to_owned();
            match step {
                Step::Follow(_) => {
                    open_client(
                        io,
                        &mut self.follow,
                        group,
                        "follow_joint_trajectory",
                        &mut servers,
                    )?;
                }
                Step::Move(_) | Step::Run(_) => {
                    open_client(io, &mut self.motion, group, "move", &mut servers)?
                }
                Step::Grip(_) => open_client(io, &mut self.grip, group, "gripper_cmd", &mut servers)?,
                Step::Together(_) => {}
            }
        }
        Ok(servers)
    }
}

fn open_client<A: WrappedActionTypeSupport + 'static>(
    io: &mut Io,
    clients: &mut BTreeMap<String, ActionClient<A>>,
    group: String,
    action: &str,
    servers: &mut Vec<(String, LocalBoxFuture<'static, r2r::Result<()>>)>,
) -> anyhow::Result<()> {
    if clients.contains_key(&group) {
        return Ok(());
    }
    let name = format!("{group}/{action}");
    let client = io
        .r2r()
        .create_action_client::<A>(&name)
        .with_context(|| format!("action {name}"))?;
    servers.push((name, r2r::Node::is_available(&client)?.boxed_local()));
    clients.insert(group, client);
    Ok(())
}

/// Sends a goal; the future ends with its result.
fn send<A: WrappedActionTypeSupport + 'static>(
    client: &ActionClient<A>,
    goal: A::Goal,
    verdict: impl FnOnce(A::Result) -> (i32, String) + 'static,
) -> anyhow::Result<LocalBoxFuture<'static, Outcome>> {
    let request = client
        .send_goal_request(goal)
        .context("the goal could not be sent")?;
    let outcome = async move {
        let (_, result, _feedback) = request.await.map_err(|error| format!("not accepted: {error}"))?;
        let (status, result) = result.await.map_err(|error| format!("no result: {error}"))?;
        let (code, text) = verdict(result);
        match (status, code) {
            (GoalStatus::Succeeded, 0) => Ok(()),
            (status, code) => Err(format!("{status}, code {code}: {text}")),
        }
    };
    Ok(outcome.boxed_local())
}

// The modes of servomesh_msgs/action/Move.
const MODE_JOINT: u8 = 0;
const MODE_VELOCITY: u8 = 1;
