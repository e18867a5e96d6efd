//! What a program asks for, as values: every name resolved, every number in its range.
//!
//! Positions in rad (m), times in s of the cell's time. A [`Goal`] is what a client sends to a group; how that looks as a
//! message is the shell's matter.

use super::wrong::Spot;
use servomesh_types::EventKind;
use std::collections::BTreeMap;

/// Positions by joint name.
pub type Pose = BTreeMap<String, f64>;

/// One step, and where it stands in its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Where.
    pub spot: Spot,
    /// What it does, in a few words.
    pub label: String,
    /// What to do.
    pub action: Action,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Sends a goal and waits for its end.
    Goal(Goal),
    /// Waits.
    Wait(Wait),
    /// Sets how fast groups run.
    Override(Override),
    /// Steps at once; each of them is a goal, a wait or an override.
    Together(Vec<Step>),
    /// Steps one after another, relative to a moving frame.
    Track(Vec<Step>),
    /// Steps one after another, again and again.
    Loop {
        /// How often; `None` for ever.
        times: Option<u32>,
        /// What to do each time.
        steps: Vec<Step>,
    },
}

/// What a group is to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// Which group.
    pub group: String,
    /// What to do.
    pub order: Order,
}

/// The kinds of goals, by their actions.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// A FollowJointTrajectory goal.
    Follow(Follow),
    /// A Move goal in mode JOINT.
    Joint(JointMove),
    /// A Move goal in mode VELOCITY.
    Run(Run),
    /// A Move goal in mode PATH.
    Path(PathMove),
    /// A GripperCommand goal.
    Grip(Grip),
}

/// Through poses; joints that a pose does not name stay where they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Follow {
    /// The poses to pass, in order.
    pub poses: Vec<Pose>,
    /// Share of the joints' limits to use, (0, 1].
    pub speed: f64,
}

/// To a pose; joints that it does not name stay where they are.
#[derive(Clone, Debug, PartialEq)]
pub struct JointMove {
    /// The pose to go to.
    pub to: Pose,
    /// Share of the velocity limits to use, (0, 1].
    pub speed: f64,
    /// Share of the acceleration and jerk limits to use, (0, 1].
    pub acceleration: f64,
    /// How joints go together.
    pub synchronization: Synchronization,
}

/// How joints go together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronization {
    /// Arrive together, in a straight line in joint space wherever the start allows it.
    #[default]
    Phase,
    /// Arrive together, each as gently as it can.
    Time,
    /// Each arrives as soon as it can.
    None,
    /// As `Phase`, and refused where the start does not allow it.
    Straight,
}

/// At a velocity from now on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// How fast.
    pub velocity: f64,
    /// Share of the acceleration and jerk limits to use, (0, 1].
    pub acceleration: f64,
}

/// Along segments.
#[derive(Clone, Debug, PartialEq)]
pub struct PathMove {
    /// The segments, in order.
    pub segments: Vec<Segment>,
    /// Link in whose frame places are; empty: the robot's root.
    pub frame: String,
    /// Link whose places are meant; empty: the group's tool.
    pub tool: String,
    /// Share of the velocity limits to use, (0, 1].
    pub speed: f64,
    /// Share of the acceleration and jerk limits to use, (0, 1].
    pub acceleration: f64,
    /// Highest speed of the tool; `None`: the group's own.
    pub tool_speed: Option<f64>,
    /// Highest acceleration of the tool; `None`: the group's own.
    pub tool_acceleration: Option<f64>,
    /// Highest jerk of the tool; `None`: the group's own.
    pub tool_jerk: Option<f64>,
}

/// A piece of a path.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Where it goes.
    pub way: Way,
    /// How it ends.
    pub corner: Corner,
}

/// Where a segment goes.
#[derive(Clone, Debug, PartialEq)]
pub enum Way {
    /// In a straight line in joint space, every joint of the group named.
    Joint(Pose),
    /// The tool in a straight line.
    Line(ToolPose),
    /// The tool along an arc, through a point.
    Circle {
        /// The point \[m\].
        via: [f64; 3],
        /// The end.
        to: ToolPose,
    },
    /// The tool along an arc about a centre.
    Arc {
        /// The centre \[m\].
        centre: [f64; 3],
        /// Counter-clockwise about this direction; of length 1.
        axis: [f64; 3],
        /// How far \[rad\].
        angle: f64,
        /// Orientation at the end; `None`: it turns with the arc.
        orientation: Option<[f64; 4]>,
    },
}

/// How a segment ends.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Corner {
    /// At rest.
    #[default]
    Stop,
    /// Within so far of its end.
    Blend(f64),
    /// Exactly through its end, without a stop.
    Through,
}

/// A place of the tool in its path's frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ToolPose {
    /// Position \[m\].
    pub position: [f64; 3],
    /// Orientation as x, y, z, w, of length 1; `None`: as at the start.
    pub orientation: Option<[f64; 4]>,
}

/// Opens or closes a gripper.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grip {
    /// Position of its joint.
    pub position: f64,
    /// Most force to use \[N\]; 0 for the gripper's own limit.
    pub max_effort: f64,
}

/// How fast groups run from now on.
#[derive(Clone, Debug, PartialEq)]
pub struct Override {
    /// Which group; empty: all.
    pub group: String,
    /// Of what is planned, 0 … 1.
    pub scale: f64,
}

/// Waits for something.
#[derive(Clone, Debug, PartialEq)]
pub struct Wait {
    /// For what.
    pub until: Until,
    /// How long at the most; `None`: as long as any step may take.
    pub timeout_s: Option<f64>,
}

/// What can be waited for.
#[derive(Clone, Debug, PartialEq)]
pub enum Until {
    /// So many seconds of the cell's time.
    Elapsed(f64),
    /// An event; what is `None` may be anything.
    Event {
        /// Its kind.
        kind: Option<EventKind>,
        /// The group it concerns.
        group: Option<String>,
        /// What its sentence contains.
        text: Option<String>,
    },
    /// A measured position of a joint.
    Joint {
        /// Of which group.
        group: String,
        /// Which joint; `None`: the only one.
        joint: Option<String>,
        /// Where.
        position: Passing,
    },
}

/// Where a joint is waited for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Passing {
    /// Above a position.
    Above(f64),
    /// Below a position.
    Below(f64),
    /// So far from where it was when the wait began.
    Travelled(f64),
}

impl Passing {
    /// Whether a joint at `position` that was at `start` when the wait began is there.
    pub fn holds(self, start: f64, position: f64) -> bool {
        match self {
            Self::Above(limit) => position > limit,
            Self::Below(limit) => position < limit,
            Self::Travelled(distance) => (position - start).abs() >= distance,
        }
    }
}

impl Action {
    /// The group that this step names without moving it.
    pub fn watches(&self) -> Option<&str> {
        match self {
            Self::Wait(wait) => match &wait.until {
                Until::Joint { group, .. } => Some(group),
                Until::Event { group, .. } => group.as_deref(),
                Until::Elapsed(_) => None,
            },
            Self::Override(to) => Some(to.group.as_str()).filter(|group| !group.is_empty()),
            Self::Goal(_) | Self::Together(_) | Self::Track(_) | Self::Loop { .. } => None,
        }
    }

    /// The steps in this one; none of a single step.
    pub fn inner(&self) -> &[Step] {
        match self {
            Self::Goal(_) | Self::Wait(_) | Self::Override(_) => &[],
            Self::Together(steps) | Self::Track(steps) | Self::Loop { steps, .. } => steps,
        }
    }
}
