//! A bench for the core: two groups on a virtual clock, a machine that follows its setpoints with some latency, and a
//! judge that looks at every setpoint.
#![allow(dead_code)] // each test file uses its part

use servomesh_trajectory::{
    Config, Feedback, FollowGoal, GoalId, Input, MoveGoal, MoveMode, Outcome, Output, Phase, Plan, Point,
    Settings, Steer, Trajectory,
};
use servomesh_types::{
    Capabilities, Core, Epoch, Event, EventKind, Fault, GroupDescription, GroupMotion, GroupName,
    GroupSafety, JointDescription, JointKind, JointLimits, JointVec, SafetyMode, SafetyState, Setpoint,
    Stamp,
};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// A limit, and a billionth of it.
const KEPT: f64 = 1.0 + 1e-9;

pub(crate) const PERIOD: Duration = Duration::from_millis(2);

/// Joints of the arm: velocity, acceleration and jerk limits differ, so that none is the only one that matters.
pub(crate) const ARM: [(&str, f64, f64, f64, f64); 3] = [
    ("base", 2.0, 2.0, 8.0, 80.0),
    ("elbow", 1.5, 3.0, 10.0, 120.0),
    ("wrist", 3.0, 4.0, 20.0, 300.0),
];

pub(crate) struct Bench {
    pub(crate) core: Trajectory,
    pub(crate) now: Stamp,
    pub(crate) group: GroupName,
    pub(crate) description: GroupDescription,
    pub(crate) epoch: Epoch,
    /// Where the machine is; follows the setpoint of `latency` ticks ago.
    pub(crate) machine: Machine,
    pub(crate) setpoints: Vec<Setpoint>,
    pub(crate) done: BTreeMap<GoalId, Outcome>,
    pub(crate) feedback: Vec<(GoalId, Feedback)>,
    pub(crate) events: Vec<Event>,
    /// Not worked out yet.
    pub(crate) plans: VecDeque<Plan>,
    answers: BTreeMap<u64, Result<(), String>>,
    /// Whether the motion state is published.
    pub(crate) talks: bool,
    next_id: u64,
}

pub(crate) struct Machine {
    pub(crate) position: JointVec,
    pub(crate) velocity: JointVec,
    pub(crate) acceleration: JointVec,
    pub(crate) effort: JointVec,
    pub(crate) latency: usize,
    pub(crate) blocked: bool,
    /// A joint can't go below this.
    pub(crate) part_at: f64,
    inside: VecDeque<Setpoint>,
}

impl Bench {
    pub(crate) fn arm() -> Self {
        Self::arm_with(Settings::default())
    }

    pub(crate) fn arm_with(settings: Settings) -> Self {
        let joints = ARM.map(|(name, range, v, a, j)| JointDescription {
            name: name.into(),
            kind: JointKind::Revolute,
            limits: JointLimits::new((-range, range), v, a, j, 50.0).expect("limits of the bench"),
            drivetrain: servomesh_types::Drivetrain::default(),
        });
        Self::new(
            settings,
            "arm",
            joints.into(),
            Capabilities::default(),
            &[0.1, -0.2, 0.3],
        )
    }

    pub(crate) fn gripper() -> Self {
        let limits = JointLimits::new((0.0, 0.1), 0.2, 2.0, 40.0, 60.0).expect("limits of the bench");
        let joints = vec![JointDescription {
            name: "gap".into(),
            kind: JointKind::Prismatic,
            limits,
            drivetrain: servomesh_types::Drivetrain::default(),
        }];
        let capabilities = Capabilities {
            gripper: true,
            endless: false,
        };
        Self::new(Settings::default(), "gripper", joints, capabilities, &[0.08])
    }

    pub(crate) fn conveyor() -> Self {
        let limits = JointLimits::new((f64::NEG_INFINITY, f64::INFINITY), 0.5, 1.0, 10.0, 60.0)
            .expect("limits of the bench");
        let joints = vec![JointDescription {
            name: "belt".into(),
            kind: JointKind::Prismatic,
            limits,
            drivetrain: servomesh_types::Drivetrain::default(),
        }];
        let capabilities = Capabilities {
            gripper: false,
            endless: true,
        };
        Self::new(Settings::default(), "conveyor", joints, capabilities, &[5.0])
    }

    fn new(
        settings: Settings,
        name: &str,
        joints: Vec<JointDescription>,
        capabilities: Capabilities,
        start: &[f64],
    ) -> Self {
        let group = GroupName::new(name).expect("a name of the bench");
        let description = GroupDescription {
            name: group,
            joints,
            rate_hz: 500.0,
            capabilities,
            backend: "bench".into(),
        };
        let position = JointVec::try_from(start).expect("joints of the bench");
        let zeros = JointVec::zeros(start.len());
        let machine = Machine {
            position,
            velocity: zeros,
            acceleration: zeros,
            effort: zeros,
            latency: 2,
            blocked: false,
            part_at: f64::NEG_INFINITY,
            inside: VecDeque::new(),
        };
        let mut bench = Self {
            core: Trajectory::new(Config::new(settings).expect("settings of the test")),
            now: Stamp::from_millis(1000),
            group,
            description: description.clone(),
            epoch: Epoch(1),
            machine,
            setpoints: Vec::new(),
            done: BTreeMap::new(),
            feedback: Vec::new(),
            events: Vec::new(),
            plans: VecDeque::new(),
            answers: BTreeMap::new(),
            talks: true,
            next_id: 1,
        };
        bench.handle(Input::Group(description));
        bench.gate(SafetyMode::Normal, None);
        bench.run(0.02);
        assert_eq!(bench.phase(), Phase::Holding);
        bench
    }

    pub(crate) fn handle(&mut self, input: Input) {
        self.core.handle(self.now, input);
        self.drain();
    }

    pub(crate) fn gate(&mut self, mode: SafetyMode, fault: Option<Fault>) {
        let gate = GroupSafety {
            mode,
            fault,
            ..GroupSafety::open(self.group, self.epoch)
        };
        self.handle(Input::Safety(SafetyState::new(vec![gate])));
    }

    pub(crate) fn phase(&self) -> Phase {
        self.core
            .phase(self.group, self.now)
            .expect("the group was announced")
    }

    /// One step of the grid: the machine moves, its motion state is heard, the core ticks.
    pub(crate) fn step(&mut self) {
        self.now = self.now.next_multiple(PERIOD, Duration::ZERO);
        self.machine.follow();
        if self.talks {
            self.talk();
        }
        self.core.tick(self.now);
        self.drain();
    }

    pub(crate) fn talk(&mut self) {
        let Machine {
            position,
            velocity,
            acceleration,
            effort,
            ..
        } = self.machine;
        let motion = GroupMotion {
            stamp: self.now,
            holds_at: self.now,
            position,
            velocity,
            acceleration,
            effort,
            ..GroupMotion::default()
        };
        self.handle(Input::Motion {
            group: self.group,
            motion,
        });
    }

    pub(crate) fn run(&mut self, seconds: f64) {
        for _ in 0..(seconds / PERIOD.as_secs_f64()).round() as usize {
            self.step();
        }
    }

    /// Runs until the goal is over, at most 2 min.
    pub(crate) fn finish(&mut self, id: GoalId) -> Outcome {
        for _ in 0..60_000 {
            if let Some(outcome) = self.done.get(&id) {
                return outcome.clone();
            }
            self.step();
        }
        panic!("goal {id:?} does not end; newest setpoint {:?}", self.last());
    }

    pub(crate) fn last(&self) -> &Setpoint {
        self.setpoints.last().expect("a seeded group has setpoints")
    }

    pub(crate) fn follow(&mut self, goal: FollowGoal) -> GoalId {
        let id = self.id();
        self.handle(Input::Follow {
            group: self.group,
            id,
            goal,
        });
        id
    }

    pub(crate) fn go(&mut self, target: &[f64]) -> GoalId {
        self.go_scaled(target, 1.0, 1.0)
    }

    pub(crate) fn go_scaled(
        &mut self,
        target: &[f64],
        velocity_scale: f64,
        acceleration_scale: f64,
    ) -> GoalId {
        self.request(MoveGoal {
            mode: MoveMode::Joint,
            joint_names: vec![],
            target: target.to_vec(),
            velocity_scale,
            acceleration_scale,
            ..MoveGoal::default()
        })
    }

    pub(crate) fn request(&mut self, goal: MoveGoal) -> GoalId {
        let id = self.id();
        self.handle(Input::Move {
            group: self.group,
            id,
            goal,
        });
        id
    }

    pub(crate) fn grip(&mut self, position: f64, max_effort: f64) -> GoalId {
        let id = self.id();
        self.handle(Input::Grip {
            group: self.group,
            id,
            position,
            max_effort,
        });
        id
    }

    pub(crate) fn cancel(&mut self, id: GoalId) {
        self.handle(Input::Cancel { id });
    }

    pub(crate) fn has_event(&self, kind: EventKind) -> bool {
        self.events.iter().any(|event| event.kind == kind)
    }

    /// Works out what has been planned for, and hands it in.
    pub(crate) fn plan(&mut self) {
        while let Some(plan) = self.plans.pop_front() {
            self.handle(Input::Planned(plan.run()));
        }
    }

    pub(crate) fn steer(&mut self, steer: Steer) -> Result<(), String> {
        self.next_id += 1;
        let (request, group) = (self.next_id, Some(self.group));
        self.handle(Input::Steer {
            request,
            group,
            steer,
        });
        self.answers
            .remove(&request)
            .expect("each request is answered at once")
    }

    fn id(&mut self) -> GoalId {
        self.next_id += 1;
        GoalId(self.next_id)
    }

    fn drain(&mut self) {
        while let Some(output) = self.core.poll() {
            match output {
                Output::Setpoint { group, setpoint } => {
                    assert_eq!(group, self.group);
                    self.machine.inside.push_back(setpoint);
                    self.setpoints.push(setpoint);
                }
                Output::Feedback { id, feedback, .. } => self.feedback.push((id, feedback)),
                Output::Done { id, outcome } => {
                    let twice = self.done.insert(id, outcome);
                    assert!(twice.is_none(), "{id:?} is done twice");
                }
                Output::Event(event) => self.events.push(event),
                Output::Plan(plan) => self.plans.push_back(plan),
                Output::Answer {
                    granted,
                    text,
                    request,
                    ..
                } => {
                    let answer = if granted { Ok(()) } else { Err(text) };
                    self.answers.insert(request, answer);
                }
            }
        }
    }

    /// Looks at every setpoint since the `from`-th: limits, and that each follows from the one before.
    ///
    /// Each limit to 1e-9 of itself. Jerk is the difference of two accelerations over their distance in time, so its bound is
    /// the limit itself, and rounding.
    #[track_caller]
    pub(crate) fn judge(&self, from: usize) {
        for pair in self.setpoints[from..].windows(2) {
            let (a, b) = (&pair[0], &pair[1]);
            let dt = b.tag.stamp.seconds_from(a.tag.stamp);
            assert!(dt > 0.0 && dt < 0.05, "setpoints {dt} s apart");
            assert_eq!(b.tag.seq, a.tag.seq + 1);
            for (i, joint) in self.description.joints.iter().enumerate() {
                let limits = &joint.limits;
                let at = format!("{} at {}: {a:?} {b:?}", joint.name, b.tag.stamp);
                let (p, v, acc) = (b.position[i], b.velocity[i], b.acceleration[i]);
                assert!(
                    p >= limits.lower() - 1e-11 && p <= limits.upper() + 1e-11,
                    "position {p} of {at}"
                );
                assert!(v.abs() <= limits.velocity() * KEPT, "velocity {v} of {at}");
                assert!(
                    acc.abs() <= limits.acceleration() * KEPT,
                    "acceleration {acc} of {at}"
                );
                let jerk = (acc - a.acceleration[i]) / dt;
                assert!(
                    jerk.abs() <= limits.jerk() * KEPT + 1e-12 * limits.acceleration() / dt,
                    "jerk {jerk} of {at}"
                );
                // Taylor's remainder: what the jerk within one step may have changed.
                let j = limits.jerk() * KEPT;
                let velocity = a.velocity[i] + a.acceleration[i] * dt;
                assert!(
                    (v - velocity).abs() <= j * dt * dt / 2.0 + 1e-12,
                    "velocity jumps to {v} for {at}"
                );
                let position = a.position[i] + a.velocity[i] * dt + a.acceleration[i] * dt * dt / 2.0;
                assert!(
                    (p - position).abs() <= j * dt.powi(3) / 6.0 + 1e-11 * (1.0 + p.abs()),
                    "position jumps to {p} for {at}"
                );
            }
        }
    }
}

impl Machine {
    fn follow(&mut self) {
        if self.inside.len() <= self.latency {
            return;
        }
        let Some(setpoint) = self.inside.pop_front() else {
            return;
        };
        let zeros = JointVec::zeros(setpoint.position.len());
        let below = setpoint.position[0] < self.part_at;
        if self.blocked || below {
            (self.velocity, self.acceleration) = (zeros, zeros);
            if below {
                self.effort = setpoint.effort_limit;
                self.position[0] = self.part_at;
            }
            return;
        }
        self.position = setpoint.position;
        self.velocity = setpoint.velocity;
        self.acceleration = setpoint.acceleration;
    }

    /// Loses what it was told, as a restarted driver does.
    pub(crate) fn forget(&mut self) {
        self.inside.clear();
        let zeros = JointVec::zeros(self.position.len());
        (self.velocity, self.acceleration) = (zeros, zeros);
    }
}

/// A trajectory of the arm through positions at times [s]; fields as given.
pub(crate) fn trajectory(points: &[(f64, [f64; 3])]) -> FollowGoal {
    FollowGoal {
        joint_names: ARM.iter().map(|joint| joint.0.to_owned()).collect(),
        points: points
            .iter()
            .map(|(time_s, positions)| point(*time_s, positions))
            .collect(),
        ..FollowGoal::default()
    }
}

pub(crate) fn point(time_s: f64, positions: &[f64]) -> Point {
    Point {
        positions: positions.to_vec(),
        time_from_start_ns: (time_s * 1e9).round() as i64,
        ..Point::default()
    }
}
