//! The core with the default cell's groups on a virtual clock, and what each request is held to.

use servomesh_robot::Model;
use servomesh_trajectory::{Config, GoalId, Input, Outcome, Output, Phase, Plan, Robot, Status, Trajectory};
use servomesh_types::{
    Capabilities, Core as _, Drivetrain, Epoch, GroupDescription, GroupMotion, GroupName, GroupSafety,
    JointDescription, JointKind, JointLimits, JointVec, SafetyState, Setpoint, Stamp,
};
use std::collections::{BTreeMap, VecDeque};
use std::sync::LazyLock;
use std::time::Duration;

use crate::requests::{self, Bytes};

pub(crate) const ARM: [&str; 6] = [
    "shoulder_pan_joint",
    "shoulder_lift_joint",
    "elbow_joint",
    "wrist_1_joint",
    "wrist_2_joint",
    "wrist_3_joint",
];

/// Where the arm starts.
pub(crate) const HOME: [f64; 6] = [0.0, -1.6, 1.6, -1.6, -1.6, 0.0];

/// Read once: fuzzing makes thousands of arenas.
static ROBOT: LazyLock<Robot> = LazyLock::new(|| {
    let model = Model::from_urdf_str(include_str!("../../../../launch/robots/cell.urdf"))
        .expect("the cell is a robot");
    let arm = GroupName::new("arm").expect("a name of the test");
    let tools = BTreeMap::from([(arm, "gripper_tcp".to_owned())]);
    Robot::new(model, &tools).expect("the cell has that tool")
});

/// The core and what it answered.
pub(crate) struct Arena {
    core: Trajectory,
    now: Stamp,
    setpoints: BTreeMap<GroupName, Setpoint>,
    starts: BTreeMap<GroupName, JointVec>,
    done: BTreeMap<GoalId, Outcome>,
    answered: Option<(bool, String)>,
    plans: VecDeque<Plan>,
    newest: u64,
    pub(crate) refused: u64,
    pub(crate) taken: u64,
}

impl Arena {
    pub(crate) fn new() -> Self {
        let mut arena = Self {
            core: Trajectory::new(Config::default()).with_robot(Some(ROBOT.clone())),
            now: Stamp::from_millis(1000),
            setpoints: BTreeMap::new(),
            starts: BTreeMap::new(),
            done: BTreeMap::new(),
            answered: None,
            plans: VecDeque::new(),
            newest: 0,
            refused: 0,
            taken: 0,
        };
        let endless = (f64::NEG_INFINITY, f64::INFINITY);
        arena.announce(
            "arm",
            &ARM,
            JointKind::Revolute,
            ((-3.1, 3.1), 3.0, 5.0, 50.0, 150.0),
            &HOME,
        );
        let finger = ((0.0, 0.05), 0.1, 1.0, 20.0, 60.0);
        arena.announce(
            "gripper",
            &["gripper_finger_joint"],
            JointKind::Prismatic,
            finger,
            &[0.04],
        );
        let belt = (endless, 0.5, 1.0, 10.0, 500.0);
        arena.announce(
            "conveyor",
            &["conveyor_belt_joint"],
            JointKind::Prismatic,
            belt,
            &[0.0],
        );
        for _ in 0..10 {
            arena.step();
        }
        arena
    }

    fn announce(
        &mut self,
        name: &str,
        joints: &[&str],
        kind: JointKind,
        (range, velocity, acceleration, jerk, effort): ((f64, f64), f64, f64, f64, f64),
        start: &[f64],
    ) {
        let group = GroupName::new(name).expect("a name of the test");
        let limits =
            JointLimits::new(range, velocity, acceleration, jerk, effort).expect("limits of the test");
        let joints = joints.iter().map(|joint| JointDescription {
            name: (*joint).to_owned(),
            kind,
            limits,
            drivetrain: Drivetrain::default(),
        });
        let description = GroupDescription {
            name: group,
            joints: joints.collect(),
            rate_hz: 500.0,
            capabilities: Capabilities {
                gripper: name == "gripper",
                endless: name == "conveyor",
            },
            backend: "nonsense".into(),
        };
        self.core.handle(self.now, Input::Group(description));
        let gate = GroupSafety::open(group, Epoch(1));
        self.core
            .handle(self.now, Input::Safety(SafetyState::new(vec![gate])));
        let start = JointVec::try_from(start).expect("joints of the test");
        self.starts.insert(group, start);
    }

    /// Makes a request of bytes, and judges what becomes of it.
    pub(crate) fn throw(&mut self, bytes: &[u8]) {
        self.newest += 1;
        let id = GoalId(self.newest);
        let input = requests::any(&mut Bytes::new(bytes), id);
        let what = format!("{input:?}");
        let is_goal = !matches!(input, Input::Jog { .. } | Input::Steer { .. });
        let before = self.setpoints.clone();
        self.handle(input);
        while let Some(plan) = self.plans.pop_front() {
            self.handle(Input::Planned(plan.run()));
        }
        let refused = match (is_goal, self.answered.take()) {
            (false, Some((granted, text))) => {
                assert!(granted == text.is_empty(), "{text:?} for {what:.2000}");
                !granted
            }
            (false, None) => false,
            (true, _) => match self.done.get(&id) {
                Some(outcome) => {
                    // Nothing to do is done at once.
                    let refused = outcome.status != Status::Succeeded;
                    assert!(
                        !refused || names_something(&outcome.text),
                        "{:?} for {what:.2000}",
                        outcome.text
                    );
                    refused
                }
                None => false,
            },
        };
        self.step();
        if refused {
            self.refused += 1;
            for (group, setpoint) in &self.setpoints {
                let same = before
                    .get(group)
                    .is_some_and(|before| before.position == setpoint.position);
                assert!(same, "{group} moved for a request that was refused: {what:.2000}");
            }
        } else {
            self.taken += 1;
            self.step();
            self.stand(id);
        }
    }

    /// Gives up what was taken on; all groups come to rest.
    fn stand(&mut self, id: GoalId) {
        self.handle(Input::Cancel { id });
        for steer in [
            servomesh_trajectory::Steer::Scale(1.0),
            servomesh_trajectory::Steer::Stop { category: 2 },
        ] {
            self.handle(Input::Steer {
                request: 0,
                group: None,
                steer,
            });
        }
        for _ in 0..5_000 {
            self.step();
            let stands = |group: &GroupName| self.core.phase(*group, self.now) == Some(Phase::Holding);
            if self.starts.keys().all(stands) {
                return;
            }
        }
        panic!("not all groups come to rest: {:?}", self.setpoints);
    }

    fn handle(&mut self, input: Input) {
        self.core.handle(self.now, input);
        self.drain();
    }

    fn step(&mut self) {
        self.now = self.now.next_multiple(Duration::from_millis(2), Duration::ZERO);
        for (group, start) in self.starts.clone() {
            let newest = self.setpoints.get(&group);
            let motion = GroupMotion {
                stamp: self.now,
                holds_at: self.now,
                position: newest.map_or(start, |setpoint| setpoint.position),
                velocity: newest.map_or(JointVec::zeros(start.len()), |setpoint| setpoint.velocity),
                ..GroupMotion::default()
            };
            self.core.handle(self.now, Input::Motion { group, motion });
        }
        self.core.tick(self.now);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.core.poll() {
            match output {
                Output::Setpoint { group, setpoint } => {
                    let finite = setpoint.position.is_finite() && setpoint.velocity.is_finite();
                    assert!(finite && setpoint.acceleration.is_finite(), "{setpoint:?}");
                    self.setpoints.insert(group, setpoint);
                }
                Output::Done { id, outcome } => {
                    let twice = self.done.insert(id, outcome);
                    assert!(twice.is_none(), "{id:?} is done twice");
                }
                Output::Plan(plan) => self.plans.push_back(plan),
                Output::Answer { granted, text, .. } => self.answered = Some((granted, text)),
                Output::Feedback { .. } | Output::Event(_) => {}
            }
        }
    }
}

/// Whether a sentence says what is wrong: a joint, a segment, a point, a group or a field.
fn names_something(text: &str) -> bool {
    let words = [
        "joint",
        "segment",
        "point",
        "group",
        "target",
        "scale",
        "tool",
        "frame",
        "ratio",
        "cam",
        "period",
        "leader",
        "position",
        "effort",
        "velocity",
        "mode",
        "trajectory",
        "tolerance",
        "path",
        "synchronization",
    ];
    words.iter().any(|word| text.contains(word))
}
