//! What happened, for people, recorders and programs that wait for it.

use crate::{GroupName, Stamp};

/// The kinds of things that happen. Their numbers in messages are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum EventKind {
    /// A node became active.
    Started = 1,
    /// A goal was accepted.
    GoalAccepted = 2,
    /// A goal was refused; the text says why.
    GoalRefused = 3,
    /// A goal was reached.
    Arrived = 4,
    /// A goal was given up: cancelled, replaced, or out of tolerance.
    GoalAborted = 5,
    /// The gripper holds something.
    Grasped = 6,
    /// A group came to a stop that nobody had planned.
    Stopped = 7,
    /// Something is wrong; the text says what.
    Fault = 8,
    /// What was wrong is over.
    Recovered = 9,
}

impl EventKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::Started,
        Self::GoalAccepted,
        Self::GoalRefused,
        Self::Arrived,
        Self::GoalAborted,
        Self::Grasped,
        Self::Stopped,
        Self::Fault,
        Self::Recovered,
    ];

    /// The kind's name, as it is shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::GoalAccepted => "goal accepted",
            Self::GoalRefused => "goal refused",
            Self::Arrived => "arrived",
            Self::GoalAborted => "goal aborted",
            Self::Grasped => "grasped",
            Self::Stopped => "stopped",
            Self::Fault => "fault",
            Self::Recovered => "recovered",
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When.
    pub stamp: Stamp,
    /// What.
    pub kind: EventKind,
    /// To which group; `None` if to the node or the cell as a whole.
    pub group: Option<GroupName>,
    /// The same as a sentence for people.
    pub text: String,
}
