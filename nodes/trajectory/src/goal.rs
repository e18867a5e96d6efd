//! What can be asked of a group, as it was asked: nothing here is checked yet.

use servomesh_types::Stamp;

/// A goal's name, given by whoever sends it; one goal at a time has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoalId(pub u64);

/// Follow a trajectory in joint space: `control_msgs/action/FollowJointTrajectory`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FollowGoal {
    /// When the trajectory starts; `None`: now.
    pub stamp: Option<Stamp>,
    /// The joints, in the order of every point.
    pub joint_names: Vec<String>,
    /// The points, in the order of their times.
    pub points: Vec<Point>,
    /// How far a joint may be from its setpoint on the way; joints that are not listed have the default.
    pub path_tolerance: Vec<JointTolerance>,
    /// How far a joint may be from its goal; joints that are not listed have the default.
    pub goal_tolerance: Vec<JointTolerance>,
    /// How many points it has for planar and floating joints; no group has such joints.
    pub multi_dof_points: usize,
    /// How long after the last point the machine may take to arrive, in ns; 0: the default, negative: for ever.
    pub goal_time_tolerance_ns: i64,
}

/// One point of a trajectory. A field that is empty is empty in every point.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Point {
    /// One for each joint.
    pub positions: Vec<f64>,
    /// One for each joint, or empty: estimated.
    pub velocities: Vec<f64>,
    /// One for each joint, or empty: estimated.
    pub accelerations: Vec<f64>,
    /// One for each joint, or empty: added to what the driver's own model says.
    pub effort: Vec<f64>,
    /// When, in ns counted from the start.
    pub time_from_start_ns: i64,
}

/// A joint's tolerance. Of each value, 0 is the default and −1 is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JointTolerance {
    /// Which joint.
    pub name: String,
    /// On its position.
    pub position: f64,
    /// On its velocity.
    pub velocity: f64,
    /// On its acceleration.
    pub acceleration: f64,
}

/// Go somewhere as fast as the limits allow, run at a velocity, or follow a path: `servomesh_msgs/action/Move`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MoveGoal {
    /// What `target` means.
    pub mode: MoveMode,
    /// How joints go together: the number in the message.
    pub synchronization: u8,
    /// Joints of `target`; empty: all, in the group's order. Others come to rest.
    pub joint_names: Vec<String>,
    /// One for each joint.
    pub target: Vec<f64>,
    /// Share of each velocity limit, (0, 1]; 0: 1.
    pub velocity_scale: f64,
    /// Share of each acceleration and jerk limit, (0, 1]; 0: 1.
    pub acceleration_scale: f64,
    /// The path, in mode [`Path`](MoveMode::Path).
    pub path: PathGoal,
}

/// What a [`MoveGoal`]'s target means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MoveMode {
    /// Positions to go to.
    #[default]
    Joint,
    /// Velocities to keep, also after the goal is reached; for endless groups.
    Velocity,
    /// Not read: the path leads.
    Path,
    /// Something this release does not know; refused.
    Other(u8),
}

/// Lines and arcs to follow, as they were asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PathGoal {
    /// Its pieces, in order.
    pub segments: Vec<Segment>,
    /// Link in whose frame poses are; empty: the robot's root.
    pub frame: String,
    /// Link whose poses are meant; empty: the group's tool.
    pub tool: String,
    /// Highest speed of the tool \[m/s\]; 0: a parameter.
    pub tool_speed: f64,
    /// Highest acceleration of the tool \[m/s²\]; 0: a parameter.
    pub tool_acceleration: f64,
    /// Highest jerk of the tool \[m/s³\]; 0: a parameter.
    pub tool_jerk: f64,
}

/// A piece of a path: `servomesh_msgs/msg/PathSegment`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Segment {
    /// Joint line, line, circle or arc: the number in the message.
    pub kind: u8,
    /// Stop, blend or through: the number in the message.
    pub corner: u8,
    /// Size of the blend \[m, rad\].
    pub blend: f64,
    /// One for each joint of the group.
    pub position: Vec<f64>,
    /// Where a line or circle ends \[m\].
    pub translation: [f64; 3],
    /// How the tool is turned there: a quaternion x, y, z, w; of zeros: as at the start.
    pub rotation: [f64; 4],
    /// A place on a circle \[m\].
    pub via: [f64; 3],
    /// Of an arc \[m\].
    pub centre: [f64; 3],
    /// Of an arc; of any length above 0.
    pub axis: [f64; 3],
    /// Of an arc, counter-clockwise about its axis \[rad\].
    pub angle: f64,
}

/// Run a joint in step with one of another group: `servomesh_msgs/action/Couple`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CoupleGoal {
    /// The group that leads.
    pub leader: String,
    /// Its joint; empty: the only one.
    pub leader_joint: String,
    /// The joint that follows; empty: the only one.
    pub joint: String,
    /// How far it goes for each unit of the leader; 0 with a cam.
    pub ratio: f64,
    /// Positions of leader and follower, by rising leader; empty for a gear.
    pub cam: Vec<(f64, f64)>,
    /// After how much of the leader the cam begins anew; 0: it has ends.
    pub period: f64,
    /// A gear counts from zero, not from where both are.
    pub absolute: bool,
}

/// Keep moving for a moment: `servomesh_msgs/msg/Jog`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JogRequest {
    /// When it was made; `None`: now.
    pub stamp: Option<Stamp>,
    /// Velocities of joints (0) or a twist of the tool (1).
    pub mode: u8,
    /// Joints of `velocity`; empty: all, in the group's order.
    pub joint_names: Vec<String>,
    /// One for each joint.
    pub velocity: Vec<f64>,
    /// Of the tool's origin \[m/s\].
    pub linear: [f64; 3],
    /// Of the tool \[rad/s\].
    pub angular: [f64; 3],
    /// Link in whose axes the twist is; empty: the robot's root.
    pub frame: String,
    /// Link that moves; empty: the group's tool.
    pub tool: String,
}

/// How motions run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Steer {
    /// At this share of what was planned, 0 … 1, from now on.
    Scale(f64),
    /// To rest on the path; the goal stays.
    Pause,
    /// On with the goal.
    Resume,
    /// Back by so many seconds of the path's time, while paused.
    StepBack(f64),
    /// To rest on the path; the goal is given up.
    Stop {
        /// By IEC 60204-1: 1 ends without torque, 2 holds the position.
        category: u8,
    },
}

/// Open or close a gripper: `control_msgs/action/ParallelGripperCommand`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParallelGripGoal {
    /// The gripper's joint, or empty.
    pub joint_names: Vec<String>,
    /// Where to go: one value.
    pub position: Vec<f64>,
    /// Highest velocity on the way, or empty; 0: the joint's limit.
    pub velocity: Vec<f64>,
    /// Most effort to use, or empty; 0: the joint's limit.
    pub effort: Vec<f64>,
}
