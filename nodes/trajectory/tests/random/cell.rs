//! The default cell's arm, gripper and belt with random limits, and random paths of the arm's tool. rad, m; the world's axes.

use nalgebra::{Isometry3, Translation3, UnitQuaternion, Vector3};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use servomesh_robot::{LinkId, Model, Workspace};
use servomesh_trajectory::{MoveGoal, MoveMode, PathGoal, Robot, Segment};
use servomesh_types::{
    Capabilities, Drivetrain, GroupDescription, GroupName, JointDescription, JointKind, JointLimits, JointVec,
};
use std::collections::BTreeMap;

use crate::robots::magnitude;

const ARM: [&str; 6] = [
    "shoulder_pan_joint",
    "shoulder_lift_joint",
    "elbow_joint",
    "wrist_1_joint",
    "wrist_2_joint",
    "wrist_3_joint",
];

/// The elbow up, the tool pointing down.
const MIDDLE: [f64; 6] = [0.3, -1.3, 1.6, -1.9, -1.57, 0.2];

const TOOL: &str = "gripper_tcp";

fn model() -> Model {
    Model::from_urdf_str(include_str!("../../../../launch/robots/cell.urdf")).expect("the cell is a robot")
}

fn name(name: &str) -> GroupName {
    GroupName::new(name).expect("a name of the test")
}

/// What the planner knows of the cell.
pub(crate) fn robot() -> Robot {
    let tools = BTreeMap::from([(name("arm"), TOOL.to_owned())]);
    Robot::new(model(), &tools).expect("the cell has that tool")
}

/// The arm alone, to see from outside what setpoints do with its tool.
pub(crate) struct Arm {
    whole: Model,
    model: Model,
    workspace: Workspace,
    tool: LinkId,
}

impl Arm {
    pub(crate) fn new() -> Self {
        let whole = model();
        let model = whole
            .subset(&ARM, &whole.neutral_positions())
            .expect("the cell has these joints");
        Self {
            workspace: Workspace::new(&model),
            tool: model.link(TOOL).expect("the cell has that tool"),
            model,
            whole,
        }
    }

    /// Where the belt's frame is when the belt is at `along` (m).
    pub(crate) fn belt_frame(&self, along: f64) -> Isometry3<f64> {
        let mut positions = self.whole.neutral_positions();
        let joint = self.whole.joint_index("conveyor_belt_joint");
        positions[joint.expect("the cell has a belt")] = along;
        let mut workspace = Workspace::new(&self.whole);
        self.whole.forward_kinematics(&mut workspace, &positions);
        let belt = self.whole.link("conveyor_belt").expect("the cell has a belt");
        self.whole.link_pose(&workspace, belt)
    }

    /// Where the tool is.
    pub(crate) fn pose(&mut self, position: &JointVec) -> Isometry3<f64> {
        self.model.forward_kinematics(&mut self.workspace, position);
        self.model.link_pose(&self.workspace, self.tool)
    }

    /// How fast the tool goes (m/s) and turns (rad/s), by central differences.
    pub(crate) fn speed(&mut self, position: &JointVec, velocity: &JointVec) -> (f64, f64) {
        const H: f64 = 1e-5;
        let at = |h: f64| JointVec::from_fn(position.len(), |i| position[i] + h * velocity[i]);
        let (before, after) = (self.pose(&at(-H)), self.pose(&at(H)));
        let way = after.translation.vector - before.translation.vector;
        let turn = after.rotation * before.rotation.inverse();
        (way.norm() / (2.0 * H), turn.angle() / (2.0 * H))
    }

    /// What the joints' motors have to give, rotors and friction apart.
    pub(crate) fn effort(&mut self, q: &JointVec, qd: &JointVec, qdd: &JointVec) -> JointVec {
        let mut effort = JointVec::zeros(q.len());
        self.model
            .inverse_dynamics(&mut self.workspace, q, qd, qdd, &mut effort);
        effort
    }
}

/// The arm with random limits, and where it stands.
pub(crate) fn arm(random: &mut ChaCha8Rng) -> (GroupDescription, JointVec) {
    let strength = if random.random_bool(0.7) { 1.0 } else { 0.6 };
    let efforts = [150.0, 150.0, 150.0, 28.0, 28.0, 28.0].map(|effort| effort * strength);
    let joints = ARM.iter().zip(efforts).map(|(joint, effort)| {
        let velocity = magnitude(random, 0.5, 4.0);
        let acceleration = velocity / magnitude(random, 0.05, 0.5);
        let jerk = acceleration / magnitude(random, 0.02, 0.3);
        let limits = JointLimits::new((-3.1, 3.1), velocity, acceleration, jerk, effort);
        one(joint, JointKind::Revolute, limits.expect("limits of the test"))
    });
    let description = group("arm", joints.collect(), Capabilities::default());
    let start = JointVec::from_fn(ARM.len(), |i| MIDDLE[i] + random.random_range(-0.4..0.4));
    (description, start)
}

/// The gripper with random limits, and how far it is open.
pub(crate) fn gripper(random: &mut ChaCha8Rng) -> (GroupDescription, JointVec) {
    let velocity = magnitude(random, 0.02, 0.3);
    let acceleration = velocity / magnitude(random, 0.02, 0.5);
    let jerk = acceleration / magnitude(random, 0.01, 0.2);
    let limits =
        JointLimits::new((0.0, 0.05), velocity, acceleration, jerk, 60.0).expect("limits of the test");
    let joint = one("gripper_finger_joint", JointKind::Prismatic, limits);
    let capabilities = Capabilities {
        gripper: true,
        endless: false,
    };
    let start = JointVec::from([random.random_range(0.0..=0.05)]);
    (group("gripper", vec![joint], capabilities), start)
}

/// The belt with random limits, and where it stands.
pub(crate) fn conveyor(random: &mut ChaCha8Rng) -> (GroupDescription, JointVec) {
    let velocity = magnitude(random, 0.05, 0.5);
    let acceleration = velocity / magnitude(random, 0.5, 2.0);
    let jerk = acceleration / magnitude(random, 0.1, 0.5);
    let endless = (f64::NEG_INFINITY, f64::INFINITY);
    let limits = JointLimits::new(endless, velocity, acceleration, jerk, 200.0).expect("limits of the test");
    let joint = one("conveyor_belt_joint", JointKind::Prismatic, limits);
    let capabilities = Capabilities {
        gripper: false,
        endless: true,
    };
    let start = JointVec::from([random.random_range(-10.0..10.0)]);
    (group("conveyor", vec![joint], capabilities), start)
}

fn one(name: &str, kind: JointKind, limits: JointLimits) -> JointDescription {
    JointDescription {
        name: name.to_owned(),
        kind,
        limits,
        drivetrain: Drivetrain::default(),
    }
}

fn group(of: &str, joints: Vec<JointDescription>, capabilities: Capabilities) -> GroupDescription {
    GroupDescription {
        name: name(of),
        joints,
        rate_hz: 500.0,
        capabilities,
        backend: "random".into(),
    }
}

/// A way of that length in any direction.
fn vector(random: &mut ChaCha8Rng, length: f64) -> Vector3<f64> {
    loop {
        let way = Vector3::from_fn(|_, _| random.random_range(-1.0..1.0));
        if (0.1..=1.0).contains(&way.norm()) {
            return way.normalize() * length;
        }
    }
}

/// A path of the tool from where the arm stands: lines, circles and arcs, with stops, blends and lines that are passed through.
pub(crate) fn tool_path(random: &mut ChaCha8Rng, arm: &mut Arm, from: &JointVec) -> MoveGoal {
    let mut at = arm.pose(from);
    let mut segments: Vec<Segment> = Vec::new();
    for _ in 0..random.random_range(1..=4) {
        let (mut segment, end) = match random.random_range(0..10) {
            0..4 => line(random, &at),
            4..6 => circle(random, &at),
            6..9 => arc(random, &at),
            _ => joint_line(random, arm, from),
        };
        segment.corner = u8::from(segment.kind != JOINT_LINE && random.random_bool(0.6));
        segment.blend = magnitude(random, 1e-3, 0.1);
        if segment.kind == JOINT_LINE
            && let Some(last) = segments.last_mut()
        {
            last.corner = STOP;
        }
        if segment.kind == LINE && random.random_bool(0.2) {
            // On in the same direction, through the end of the first half.
            let mut half = segment.clone();
            half.corner = THROUGH;
            half.translation = (0.5 * (at.translation.vector + end.translation.vector)).into();
            half.rotation = [0.0; 4];
            segments.push(half);
        }
        at = end;
        segments.push(segment);
    }
    let tool = |random: &mut ChaCha8Rng, least: f64, most: f64| match random.random_bool(0.5) {
        true => 0.0,
        false => magnitude(random, least, most),
    };
    let path = PathGoal {
        segments,
        tool_speed: tool(random, 0.02, 2.0),
        tool_acceleration: tool(random, 0.2, 10.0),
        tool_jerk: tool(random, 2.0, 200.0),
        ..PathGoal::default()
    };
    MoveGoal {
        mode: MoveMode::Path,
        path,
        ..MoveGoal::default()
    }
}

fn line(random: &mut ChaCha8Rng, at: &Isometry3<f64>) -> (Segment, Isometry3<f64>) {
    let mut end = *at;
    let length = magnitude(random, 0.005, 0.25);
    end.translation.vector += vector(random, length);
    let rotation = turned(random, &mut end);
    let segment = Segment {
        kind: LINE,
        translation: end.translation.vector.into(),
        rotation,
        ..Segment::default()
    };
    (segment, end)
}

fn circle(random: &mut ChaCha8Rng, at: &Isometry3<f64>) -> (Segment, Isometry3<f64>) {
    let mut end = *at;
    let length = magnitude(random, 0.01, 0.15);
    let (via, to) = (vector(random, length), vector(random, length));
    end.translation.vector += to;
    let rotation = turned(random, &mut end);
    let segment = Segment {
        kind: CIRCLE,
        translation: end.translation.vector.into(),
        via: (at.translation.vector + via).into(),
        rotation,
        ..Segment::default()
    };
    (segment, end)
}

fn arc(random: &mut ChaCha8Rng, at: &Isometry3<f64>) -> (Segment, Isometry3<f64>) {
    let axis = vector(random, 1.0);
    let out = vector(random, 1.0).cross(&axis);
    let centre = at.translation.vector + out.normalize() * magnitude(random, 0.01, 0.1);
    let angle = magnitude(random, 0.1, 4.0) * if random.random_bool(0.5) { 1.0 } else { -1.0 };
    let turn = UnitQuaternion::from_scaled_axis(axis * angle);
    let place = centre + turn * (at.translation.vector - centre);
    let mut end = Isometry3::from_parts(Translation3::from(place), at.rotation);
    let mut rotation = turned(random, &mut end);
    if !is_turned(&rotation) {
        // Turning with the arc: all the way round is seldom possible.
        end.rotation = turn * at.rotation;
        if angle.abs() > 1.0 {
            end.rotation = at.rotation;
            rotation = at.rotation.coords.into();
        }
    }
    let segment = Segment {
        kind: ARC,
        centre: centre.into(),
        axis: axis.into(),
        angle,
        rotation,
        ..Segment::default()
    };
    (segment, end)
}

fn joint_line(random: &mut ChaCha8Rng, arm: &mut Arm, from: &JointVec) -> (Segment, Isometry3<f64>) {
    let position = JointVec::from_fn(from.len(), |i| from[i] + random.random_range(-0.3..0.3));
    let segment = Segment {
        kind: JOINT_LINE,
        position: position.to_vec(),
        ..Segment::default()
    };
    (segment, arm.pose(&position))
}

/// Whether a segment says how the tool is turned at its end.
pub(crate) fn is_turned(rotation: &[f64; 4]) -> bool {
    rotation.iter().any(|part| part.abs() > 0.0)
}

/// Turns the end of a segment, or leaves it as it is at the start: zeros.
fn turned(random: &mut ChaCha8Rng, end: &mut Isometry3<f64>) -> [f64; 4] {
    if random.random_bool(0.5) {
        return [0.0; 4];
    }
    let angle = magnitude(random, 0.01, 0.5);
    end.rotation = UnitQuaternion::from_scaled_axis(vector(random, angle)) * end.rotation;
    end.rotation.coords.into()
}

/// Numbers in `servomesh_msgs/msg/PathSegment`.
pub(crate) const JOINT_LINE: u8 = 0;
pub(crate) const LINE: u8 = 1;
pub(crate) const CIRCLE: u8 = 2;
pub(crate) const ARC: u8 = 3;
pub(crate) const STOP: u8 = 0;
pub(crate) const BLEND: u8 = 1;
pub(crate) const THROUGH: u8 = 2;
