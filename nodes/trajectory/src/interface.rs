//! Everything that can reach this core, and everything it can cause.

use servomesh_types::{Event, GroupDescription, GroupMotion, GroupName, SafetyState, Setpoint};

use crate::{
    CoupleGoal, Feedback, FollowGoal, GoalId, JogRequest, MoveGoal, Outcome, ParallelGripGoal, Plan, Planned,
    Steer,
};

/// Everything that can reach the core.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A driver announced its group, or announced it anew.
    Group(GroupDescription),
    /// What a group really does.
    Motion {
        /// Which group.
        group: GroupName,
        /// What it does; its stamp is the moment that this holds for, which may lie after that of the measurement behind it.
        motion: GroupMotion,
    },
    /// What `safety` says of all groups.
    Safety(SafetyState),
    /// A goal: follow a trajectory.
    Follow {
        /// Which group.
        group: GroupName,
        /// The goal's name in every answer.
        id: GoalId,
        /// What to do.
        goal: FollowGoal,
    },
    /// A goal: go somewhere, or run at a velocity.
    Move {
        /// Which group.
        group: GroupName,
        /// The goal's name in every answer.
        id: GoalId,
        /// What to do.
        goal: MoveGoal,
    },
    /// A goal: open or close a gripper, or until it holds something.
    Grip {
        /// Which group.
        group: GroupName,
        /// The goal's name in every answer.
        id: GoalId,
        /// Where to go.
        position: f64,
        /// Most effort to use; 0: the joint's own limit.
        max_effort: f64,
    },
    /// The same by the joint's name, and with a limit on its velocity.
    ParallelGrip {
        /// Which group.
        group: GroupName,
        /// The goal's name in every answer.
        id: GoalId,
        /// What to do.
        goal: ParallelGripGoal,
    },
    /// A goal: run a joint in step with one of another group.
    Couple {
        /// Which group follows.
        group: GroupName,
        /// The goal's name in every answer.
        id: GoalId,
        /// What to do.
        goal: CoupleGoal,
    },
    /// Keep a group moving for a moment.
    Jog {
        /// Which group.
        group: GroupName,
        /// How.
        request: JogRequest,
    },
    /// Give up a goal; one that is over is left alone.
    Cancel {
        /// Which goal.
        id: GoalId,
    },
    /// Change how motions run, without changing where they lead.
    Steer {
        /// Comes back in the answer.
        request: u64,
        /// Which group; `None`: all.
        group: Option<GroupName>,
        /// What to do.
        steer: Steer,
    },
    /// What became of an [`Output::Plan`].
    Planned(Planned),
}

/// Everything the core can cause.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Where a group should be now.
    Setpoint {
        /// Which group.
        group: GroupName,
        /// Where.
        setpoint: Setpoint,
    },
    /// How a goal is getting on.
    Feedback {
        /// Which group.
        group: GroupName,
        /// Which goal.
        id: GoalId,
        /// How.
        feedback: Feedback,
    },
    /// A goal is over. Comes once for every goal.
    Done {
        /// Which goal.
        id: GoalId,
        /// How it ended.
        outcome: Outcome,
    },
    /// Something happened.
    Event(Event),
    /// Something to work out that would take too long between two setpoints: run it anywhere, hand in the result.
    Plan(Plan),
    /// The answer to an [`Input::Steer`].
    Answer {
        /// Which request.
        request: u64,
        /// Whether it was done, for every group it names.
        granted: bool,
        /// Why not; empty if it was.
        text: String,
    },
}
