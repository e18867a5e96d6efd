//! What a client of the cell does, and sees.

use super::cell::Cell;
use super::network::Delivery;
use super::parts::{Message, Part};
use crate::hardware::Hardware;
use servomesh_driver::Input as DriverInput;
use servomesh_safety::{Input as SafetyInput, Safety};
use servomesh_trajectory::{
    CoupleGoal, Feedback, FollowGoal, GoalId, Input as TrajectoryInput, JogRequest, MoveGoal, Outcome, Steer,
};
use servomesh_types::{
    Command, Core as _, Event, GroupDescription, GroupMotion, GroupName, SafetyState, ServoState, Setpoint,
    Stamp, ToolMotion,
};

impl Cell {
    /// Sends a trajectory.
    pub fn send_follow(&mut self, group: &str, goal: FollowGoal) -> GoalId {
        self.goal(group, |group, id| TrajectoryInput::Follow { group, id, goal })
    }

    /// Sends a move.
    pub fn send_move(&mut self, group: &str, goal: MoveGoal) -> GoalId {
        self.goal(group, |group, id| TrajectoryInput::Move { group, id, goal })
    }

    /// Opens or closes a gripper.
    pub fn send_grip(&mut self, group: &str, position: f64, max_effort: f64) -> GoalId {
        self.goal(group, |group, id| TrajectoryInput::Grip {
            group,
            id,
            position,
            max_effort,
        })
    }

    /// Asks a group's driver to home what has to be homed, with the commands of the next epoch.
    pub fn home(&mut self, group: &str) {
        let Ok(group) = GroupName::new(group) else { return };
        if let Some(Some(core)) = self.drivers.get_mut(&group) {
            core.handle(self.now, DriverInput::Home);
        }
        self.drain_driver(group);
    }

    /// Cancels a goal.
    pub fn cancel(&mut self, id: GoalId) {
        if let Some(core) = &mut self.trajectory {
            core.handle(self.now, TrajectoryInput::Cancel { id });
        }
        self.drain_trajectory();
    }

    /// Runs a joint in step with one of another group.
    pub fn send_couple(&mut self, group: &str, goal: CoupleGoal) -> GoalId {
        self.goal(group, |group, id| TrajectoryInput::Couple { group, id, goal })
    }

    /// Keeps a group moving for a moment.
    pub fn jog(&mut self, group: &str, request: JogRequest) {
        if let (Some(core), Ok(group)) = (&mut self.trajectory, GroupName::new(group)) {
            core.handle(self.now, TrajectoryInput::Jog { group, request });
        }
        self.drain_trajectory();
    }

    /// Changes how a group moves, or all of them.
    ///
    /// # Errors
    /// Why it is not done.
    pub fn steer(&mut self, group: Option<&str>, steer: Steer) -> Result<(), String> {
        self.last_request += 1;
        let request = self.last_request;
        let group = group
            .map(GroupName::new)
            .transpose()
            .map_err(|error| error.to_string())?;
        if let Some(core) = &mut self.trajectory {
            let input = TrajectoryInput::Steer {
                request,
                group,
                steer,
            };
            core.handle(self.now, input);
        }
        self.drain_trajectory();
        self.steered
            .remove(&request)
            .unwrap_or_else(|| Err("trajectory is not there".to_owned()))
    }

    /// The newest feedback of a goal.
    pub fn feedback(&self, id: GoalId) -> Option<&Feedback> {
        self.feedback.get(&id)
    }

    /// A group as its driver announced it to `trajectory`.
    pub fn description(&self, group: &str) -> Option<&GroupDescription> {
        self.trajectory.as_ref()?.group(GroupName::new(group).ok()?)
    }

    /// The newest setpoint of a group.
    pub fn setpoint(&self, group: &str) -> Option<&Setpoint> {
        self.setpoints.get(&GroupName::new(group).ok()?)
    }

    /// Streams a setpoint to safety, as `trajectory` does: for those who take its place.
    pub fn stream(&mut self, group: &str, setpoint: Setpoint) {
        if let Ok(group) = GroupName::new(group) {
            self.send(
                Part::Safety,
                Delivery::Stream,
                Message::Setpoint { group, setpoint },
            );
        }
    }

    /// Asks safety to stop all groups.
    pub fn stop(&mut self) -> bool {
        self.ask_safety(|request| SafetyInput::Stop { request })
    }

    /// Asks safety to forget its faults; whether it was granted.
    pub fn reset(&mut self) -> bool {
        self.ask_safety(|request| SafetyInput::Reset { request })
    }

    /// Asks safety for anything that it can be asked for, or tells it what the enabling device says; whether it was granted.
    pub fn ask_safety(&mut self, input: impl FnOnce(u64) -> SafetyInput) -> bool {
        self.last_request += 1;
        let request = self.last_request;
        if let Some(core) = &mut self.safety {
            core.handle(self.now, input(request));
        }
        self.drain_safety();
        self.answers.get(&request).copied().unwrap_or(false)
    }

    /// Sends a command to a group's driver past safety: for those who show what safety is good for.
    pub fn command(&mut self, group: &str, command: Command) {
        if let Ok(group) = GroupName::new(group) {
            self.send(Part::Driver(group), Delivery::Stream, Message::Command(command));
        }
    }

    /// How a goal ended; `None` while it goes on.
    pub fn outcome(&self, id: GoalId) -> Option<&Outcome> {
        self.outcomes.get(&id)
    }

    /// Virtual time.
    pub fn now(&self) -> Stamp {
        self.now
    }

    /// The newest state of a group's servos, if its driver ever spoke.
    pub fn servo_state(&self, group: &str) -> Option<&ServoState> {
        self.states.get(&GroupName::new(group).ok()?)
    }

    /// When the drives of a group took a frame last.
    pub fn frame_at(&self, group: &str) -> Option<Stamp> {
        self.frames.get(&GroupName::new(group).ok()?).copied()
    }

    /// What the estimator said last of a group.
    pub fn motion(&self, group: &str) -> Option<&GroupMotion> {
        self.motions.get(&GroupName::new(group).ok()?)
    }

    /// What the estimator said last of a group's tool.
    pub fn tool(&self, group: &str) -> Option<ToolMotion> {
        let group = GroupName::new(group).ok()?;
        let mut tools = self.estimator.as_ref()?.tools();
        tools.find(|tool| tool.group == group).map(|tool| *tool.motion)
    }

    /// What safety says.
    pub fn safety(&self) -> Option<&SafetyState> {
        self.latched_safety.as_ref()
    }

    /// What safety would say now: its shell asks for that again and again while something moves.
    pub fn safety_now(&self) -> Option<SafetyState> {
        self.safety.as_ref().map(Safety::state)
    }

    /// The largest distance between reference and measured position of any joint of a group while it was driven.
    pub fn largest_error(&self, group: &str) -> f64 {
        GroupName::new(group)
            .ok()
            .and_then(|name| self.largest_error.get(&name).copied())
            .unwrap_or(0.0)
    }

    /// What happened, oldest first.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Messages that the network lost.
    pub fn lost(&self) -> u64 {
        self.network.lost()
    }

    /// A digest of all that the servos did: equal for equal runs.
    pub fn digest(&self) -> u64 {
        self.digest.value()
    }

    /// The machine.
    pub fn hardware(&mut self) -> &mut Hardware {
        &mut self.hardware
    }

    fn goal(&mut self, group: &str, input: impl FnOnce(GroupName, GoalId) -> TrajectoryInput) -> GoalId {
        self.last_goal += 1;
        let id = GoalId(self.last_goal);
        if let (Some(core), Ok(group)) = (&mut self.trajectory, GroupName::new(group)) {
            core.handle(self.now, input(group, id));
        }
        self.drain_trajectory();
        id
    }
}
