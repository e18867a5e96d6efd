//! Requests made of bytes: a sound one, of which some fields are then broken.
//!
//! Values are drawn from a list of what goes wrong in practice, or are any bits at all.

use servomesh_trajectory::{
    CoupleGoal, FollowGoal, GoalId, Input, JogRequest, JointTolerance, MoveGoal, MoveMode, ParallelGripGoal,
    PathGoal, Point, Segment, Steer,
};
use servomesh_types::{GroupName, Stamp};

use crate::arena::{ARM, HOME};

/// Bytes that decide; zeros when they run out.
pub(crate) struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count
    }

    fn chance(&mut self, one_in: u8) -> bool {
        self.byte().is_multiple_of(one_in)
    }

    fn integer(&mut self) -> i64 {
        let special = [
            0,
            -1,
            1,
            i64::MAX,
            i64::MIN,
            1_000_000_000,
            -1_000_000_000,
            86_400_000_000_000,
        ];
        match self.byte() {
            kind @ 0..128 => special[usize::from(kind) % special.len()],
            _ => i64::from_le_bytes(std::array::from_fn(|_| self.byte())),
        }
    }

    /// A number that is seldom meant.
    fn nonsense(&mut self) -> f64 {
        let special = [
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MAX,
            f64::MIN_POSITIVE,
            5e-324,
            -0.0,
            0.0,
            -1.0,
            1e-12,
            1e6,
            -1e6,
            57.3,
            1e300,
        ];
        match self.byte() {
            kind @ 0..200 => special[usize::from(kind) % special.len()],
            _ => f64::from_le_bytes(std::array::from_fn(|_| self.byte())),
        }
    }

    /// A number within ±`size`.
    fn about(&mut self, size: f64) -> f64 {
        size * (f64::from(self.byte()) / 127.5 - 1.0)
    }

    /// Breaks a number, sometimes.
    fn spoil(&mut self, value: &mut f64) {
        if self.chance(12) {
            *value = self.nonsense();
        }
    }

    /// Breaks numbers, or how many there are, sometimes.
    fn spoil_all(&mut self, values: &mut Vec<f64>) {
        match self.byte() {
            0..6 => values.clear(),
            6..12 => {
                values.pop();
            }
            12..18 => values.push(0.0),
            18 => values.resize(5_000, 0.1),
            19..48 if !values.is_empty() => {
                let place = self.below(values.len());
                values[place] = self.nonsense();
            }
            _ => {}
        }
    }

    fn spoil_names(&mut self, names: &mut Vec<String>) {
        match self.byte() {
            0..6 => names.clear(),
            6..12 => {
                names.pop();
            }
            12..18 => names.push("knee_joint".into()),
            18 => names.push("x".repeat(100_000)),
            19..30 if !names.is_empty() => names[0] = names[names.len() - 1].clone(),
            30..36 if !names.is_empty() => names[0] = "\u{0}\u{fffd}".into(),
            _ => {}
        }
    }

    fn name(&mut self, sound: &str) -> String {
        match self.byte() {
            0..200 => sound.into(),
            200..220 => String::new(),
            220..240 => "nowhere".into(),
            _ => "y".repeat(300),
        }
    }
}

/// Any request, and the goal's name if it is one.
pub(crate) fn any(bytes: &mut Bytes<'_>, id: GoalId) -> Input {
    let groups = ["arm", "arm", "arm", "arm", "gripper", "conveyor", "nobody"];
    let group = GroupName::new(groups[bytes.below(groups.len())]).expect("a name of the test");
    match bytes.below(16) {
        0..4 => {
            let goal = follow(bytes);
            Input::Follow { group, id, goal }
        }
        4..7 => {
            let goal = move_goal(bytes);
            Input::Move { group, id, goal }
        }
        7..12 => {
            let goal = path(bytes);
            Input::Move { group, id, goal }
        }
        12 => Input::Grip {
            group,
            id,
            position: bytes.nonsense(),
            max_effort: bytes.nonsense(),
        },
        13 => {
            let mut goal = ParallelGripGoal {
                joint_names: vec!["gripper_finger_joint".into()],
                position: vec![0.02],
                velocity: vec![0.0],
                effort: vec![0.0],
            };
            bytes.spoil_names(&mut goal.joint_names);
            bytes.spoil_all(&mut goal.position);
            bytes.spoil_all(&mut goal.velocity);
            bytes.spoil_all(&mut goal.effort);
            Input::ParallelGrip { group, id, goal }
        }
        14 => {
            let goal = couple(bytes);
            Input::Couple { group, id, goal }
        }
        _ if bytes.chance(2) => Input::Jog {
            group,
            request: jog(bytes),
        },
        _ => Input::Steer {
            request: id.0,
            group: Some(group).filter(|_| !bytes.chance(4)),
            steer: match bytes.below(5) {
                0 => Steer::Scale(bytes.nonsense()),
                1 => Steer::Pause,
                2 => Steer::Resume,
                3 => Steer::StepBack(bytes.nonsense()),
                _ => Steer::Stop {
                    category: bytes.byte(),
                },
            },
        },
    }
}

fn follow(bytes: &mut Bytes<'_>) -> FollowGoal {
    let mut names: Vec<String> = ARM.iter().map(|name| (*name).to_owned()).collect();
    bytes.spoil_names(&mut names);
    let mut time_ns = 0;
    let fields = [bytes.chance(2), bytes.chance(4), bytes.chance(4)];
    let count = if bytes.chance(100) { 3_000 } else { bytes.below(5) };
    let points = (0..count).map(|_| {
        time_ns += if bytes.chance(12) {
            bytes.integer() % 100_000_000_000
        } else {
            1_000_000_000
        };
        let mut positions: Vec<f64> = HOME.iter().map(|home| home + bytes.about(0.2)).collect();
        bytes.spoil_all(&mut positions);
        let mut optional = |given: bool| {
            let mut values = if given { vec![0.0; 6] } else { vec![] };
            bytes.spoil_all(&mut values);
            values
        };
        Point {
            positions,
            velocities: optional(fields[0]),
            accelerations: optional(fields[1]),
            effort: optional(fields[2]),
            time_from_start_ns: time_ns,
        }
    });
    let points = points.collect();
    let mut tolerances = || {
        let mut tolerance = JointTolerance {
            name: bytes.name("elbow_joint"),
            ..JointTolerance::default()
        };
        bytes.spoil(&mut tolerance.position);
        bytes.spoil(&mut tolerance.velocity);
        bytes.spoil(&mut tolerance.acceleration);
        vec![tolerance; bytes.below(3)]
    };
    let (path_tolerance, goal_tolerance) = (tolerances(), tolerances());
    FollowGoal {
        stamp: bytes.chance(8).then(|| Stamp::from_nanos(bytes.integer())),
        joint_names: names,
        points,
        path_tolerance,
        goal_tolerance,
        multi_dof_points: usize::from(bytes.chance(30)),
        goal_time_tolerance_ns: if bytes.chance(8) { bytes.integer() } else { 0 },
    }
}

fn move_goal(bytes: &mut Bytes<'_>) -> MoveGoal {
    let mut names: Vec<String> = ARM.iter().map(|name| (*name).to_owned()).collect();
    bytes.spoil_names(&mut names);
    let mut target: Vec<f64> = HOME.iter().map(|home| home + bytes.about(0.5)).collect();
    bytes.spoil_all(&mut target);
    let mut goal = MoveGoal {
        mode: match bytes.below(5) {
            0..3 => MoveMode::Joint,
            3 => MoveMode::Velocity,
            _ => MoveMode::Other(bytes.byte()),
        },
        synchronization: bytes.byte() % 6,
        joint_names: names,
        target,
        ..MoveGoal::default()
    };
    bytes.spoil(&mut goal.velocity_scale);
    bytes.spoil(&mut goal.acceleration_scale);
    goal
}

fn path(bytes: &mut Bytes<'_>) -> MoveGoal {
    let tool = !bytes.chance(3);
    let count = if bytes.chance(200) {
        1_500
    } else {
        bytes.below(4) + usize::from(!bytes.chance(20))
    };
    let mut segments: Vec<Segment> = (0..count).map(|_| segment(bytes, tool)).collect();
    if bytes.chance(10) && count > 0 {
        segments.push(segments[count - 1].clone()); // to where it is already
    }
    let mut path = PathGoal {
        segments,
        frame: bytes.name(""),
        tool: bytes.name(""),
        ..PathGoal::default()
    };
    bytes.spoil(&mut path.tool_speed);
    bytes.spoil(&mut path.tool_acceleration);
    bytes.spoil(&mut path.tool_jerk);
    let mut goal = MoveGoal {
        mode: MoveMode::Path,
        path,
        ..MoveGoal::default()
    };
    bytes.spoil(&mut goal.velocity_scale);
    bytes.spoil(&mut goal.acceleration_scale);
    goal
}

fn segment(bytes: &mut Bytes<'_>, tool: bool) -> Segment {
    let kind = if tool { 1 + bytes.byte() % 3 } else { 0 };
    let mut position: Vec<f64> = HOME.iter().map(|home| home + bytes.about(0.3)).collect();
    bytes.spoil_all(&mut position);
    let mut place = |centre: [f64; 3]| centre.map(|value| value + bytes.about(0.1));
    let mut segment = Segment {
        translation: place([0.4, 0.1, 0.3]),
        via: place([0.45, 0.15, 0.3]),
        centre: place([0.4, 0.1, 0.3]),
        axis: [0.0, 0.0, 1.0],
        kind,
        position,
        ..Segment::default()
    };
    segment.corner = bytes.byte() % 3;
    segment.blend = 0.01;
    segment.angle = bytes.about(3.0);
    if bytes.chance(16) {
        (segment.kind, segment.corner) = (bytes.byte(), bytes.byte());
    }
    for value in [&mut segment.blend, &mut segment.angle] {
        bytes.spoil(value);
    }
    let vectors = [
        &mut segment.translation,
        &mut segment.via,
        &mut segment.centre,
        &mut segment.axis,
    ];
    for vector in vectors {
        if bytes.chance(16) {
            let place = bytes.below(3);
            vector[place] = bytes.nonsense();
        }
    }
    if bytes.chance(8) {
        let place = bytes.below(4);
        segment.rotation[place] = bytes.nonsense();
    }
    segment
}

fn couple(bytes: &mut Bytes<'_>) -> CoupleGoal {
    let mut cam: Vec<(f64, f64)> = match bytes.below(3) {
        0 => (0..bytes.below(6))
            .map(|k| (k as f64 * 0.1, bytes.about(0.05)))
            .collect(),
        _ => vec![],
    };
    if !cam.is_empty() && bytes.chance(3) {
        let place = bytes.below(cam.len());
        cam[place] = (bytes.nonsense(), bytes.nonsense());
    }
    let mut goal = CoupleGoal {
        leader: bytes.name("conveyor"),
        leader_joint: bytes.name(""),
        joint: bytes.name("wrist_3_joint"),
        ratio: if cam.is_empty() { 0.5 } else { 0.0 },
        cam,
        period: 0.0,
        absolute: bytes.chance(4),
    };
    bytes.spoil(&mut goal.ratio);
    bytes.spoil(&mut goal.period);
    goal
}

fn jog(bytes: &mut Bytes<'_>) -> JogRequest {
    let mut joint_names: Vec<String> = vec!["elbow_joint".into()];
    bytes.spoil_names(&mut joint_names);
    let mut velocity = vec![bytes.about(0.3)];
    bytes.spoil_all(&mut velocity);
    let mut twist = || {
        std::array::from_fn(|_| {
            if bytes.chance(8) {
                bytes.nonsense()
            } else {
                bytes.about(0.1)
            }
        })
    };
    let (linear, angular) = (twist(), twist());
    JogRequest {
        stamp: bytes.chance(8).then(|| Stamp::from_nanos(bytes.integer())),
        mode: bytes.byte() % 3,
        joint_names,
        velocity,
        linear,
        angular,
        frame: bytes.name(""),
        tool: bytes.name(""),
    }
}
