//! The topics and actions of one group.

use super::goals;
use r2r::control_msgs::action::{FollowJointTrajectory, GripperCommand, ParallelGripperCommand};
use r2r::servomesh_msgs::action::{Couple, Move};
use r2r::servomesh_msgs::msg::{Jog as JogMsg, Setpoint as SetpointMsg};
use r2r::trajectory_msgs::msg::JointTrajectory;
use servomesh_shell::ros::{ActionServer, GoalNumber, Io, Publisher, Queue, qos};
use servomesh_trajectory::{Feedback, GoalId, Input, Outcome, Status};
use servomesh_types::GroupDescription;

pub(crate) struct Ports {
    pub(crate) description: GroupDescription,
    pub(crate) setpoint: Publisher<SetpointMsg>,
    follow: ActionServer<FollowJointTrajectory::Action>,
    motion: ActionServer<Move::Action>,
    couple: ActionServer<Couple::Action>,
    jog: Queue<JogMsg>,
    streamed: Queue<JointTrajectory>,
    /// Grippers only.
    grip: Option<(
        ActionServer<GripperCommand::Action>,
        ActionServer<ParallelGripperCommand::Action>,
    )>,
}

/// What a client asks for.
pub(crate) enum Asked {
    Goal(GoalId, Input),
    Cancel(GoalId),
    /// Without an answer.
    Told(Input),
}

impl Ports {
    pub(crate) fn open(io: &mut Io, description: GroupDescription) -> anyhow::Result<Self> {
        let name = description.name;
        let grip = if description.capabilities.gripper {
            let grip = io.action_server(&format!("{name}/gripper_cmd"))?;
            Some((grip, io.action_server(&format!("{name}/parallel_gripper_cmd"))?))
        } else {
            None
        };
        Ok(Self {
            setpoint: io.publisher(&format!("{name}/setpoint"), qos::STREAM)?,
            follow: io.action_server(&format!("{name}/follow_joint_trajectory"))?,
            motion: io.action_server(&format!("{name}/move"))?,
            couple: io.action_server(&format!("{name}/couple"))?,
            jog: io.queue(&format!("{name}/jog"), qos::STREAM)?,
            streamed: io.queue(&format!("{name}/joint_trajectory"), qos::STATE)?,
            grip,
            description,
        })
    }

    /// What clients asked for since the last call, in the order of the actions.
    pub(crate) fn take(&mut self, io: &mut Io) -> Vec<Asked> {
        let group = self.description.name;
        let mut asked = Vec::new();
        take(&mut self.follow, io, &mut asked, |id, goal| Input::Follow {
            group,
            id,
            goal: goals::follow(goal),
        });
        take(&mut self.motion, io, &mut asked, |id, goal| Input::Move {
            group,
            id,
            goal: goals::motion(goal),
        });
        take(&mut self.couple, io, &mut asked, |id, goal| Input::Couple {
            group,
            id,
            goal: goals::couple(goal),
        });
        while let Some(trajectory) = self.streamed.take() {
            let id = GoalId(io.next_goal().0);
            let goal = goals::streamed(trajectory);
            asked.push(Asked::Told(Input::Follow { group, id, goal }));
        }
        while let Some(message) = self.jog.take() {
            let request = goals::jog(message);
            asked.push(Asked::Told(Input::Jog { group, request }));
        }
        if let Some((grip, parallel)) = &mut self.grip {
            take(grip, io, &mut asked, |id, goal| {
                let (position, max_effort) = (goal.command.position, goal.command.max_effort);
                Input::Grip {
                    group,
                    id,
                    position,
                    max_effort,
                }
            });
            take(parallel, io, &mut asked, |id, goal| {
                let goal = goals::parallel_grip(goal);
                Input::ParallelGrip { group, id, goal }
            });
        }
        asked
    }

    pub(crate) fn feedback(&self, id: GoalId, feedback: &Feedback) {
        let number = GoalNumber(id.0);
        if self.follow.has(number) {
            self.follow
                .feedback(number, goals::follow_feedback(feedback, &self.description));
        } else if self.motion.has(number) {
            self.motion.feedback(number, goals::move_feedback(feedback));
        } else if self.couple.has(number) {
            self.couple.feedback(number, goals::couple_feedback(feedback));
        } else if let Some((grip, parallel)) = &self.grip {
            if grip.has(number) {
                grip.feedback(number, goals::grip_feedback(feedback));
            } else if parallel.has(number) {
                parallel.feedback(number, goals::parallel_feedback(feedback, &self.description));
            }
        }
    }

    /// Ends a goal, if it is one of this group's.
    pub(crate) fn end(&mut self, id: GoalId, outcome: &Outcome) {
        let number = GoalNumber(id.0);
        end(&mut self.follow, number, outcome.status, || {
            goals::follow_result(outcome)
        });
        end(&mut self.motion, number, outcome.status, || {
            goals::move_result(outcome)
        });
        end(&mut self.couple, number, outcome.status, || {
            goals::couple_result(outcome)
        });
        if let Some((grip, parallel)) = &mut self.grip {
            end(grip, number, outcome.status, || goals::grip_result(outcome));
            end(parallel, number, outcome.status, || {
                goals::parallel_result(outcome, &self.description)
            });
        }
    }
}

fn take<A: r2r::WrappedActionTypeSupport + 'static>(
    server: &mut ActionServer<A>,
    io: &mut Io,
    asked: &mut Vec<Asked>,
    input: impl Fn(GoalId, A::Goal) -> Input,
) {
    while let Some((number, goal)) = server.take_goal(|| io.next_goal()) {
        let id = GoalId(number.0);
        asked.push(Asked::Goal(id, input(id, goal)));
    }
    while let Some(number) = server.take_cancel() {
        asked.push(Asked::Cancel(GoalId(number.0)));
    }
}

fn end<A: r2r::WrappedActionTypeSupport + 'static>(
    server: &mut ActionServer<A>,
    number: GoalNumber,
    status: Status,
    result: impl FnOnce() -> A::Result,
) {
    if !server.has(number) {
        return;
    }
    match status {
        Status::Succeeded => server.succeed(number, result()),
        Status::Aborted => server.abort(number, result()),
        Status::Cancelled => server.cancelled(number, result()),
    }
}
