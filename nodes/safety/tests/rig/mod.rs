//! A gate keeper on a virtual clock, with drives that follow exactly and a trajectory that swings.
//!
//! One step is one control period of 2 ms; between steps the gate is ticked at its own deadlines.

#![allow(dead_code, clippy::unwrap_used)] // each test file takes what it needs

use servomesh_safety::{Config, Function, Input, Output, Parameters, Safety, SafetyFile, Setup};
use servomesh_types::*;
use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) const PERIOD: Duration = Duration::from_millis(2);

/// A driver and its machine: exactly where it was told to be.
pub(crate) struct Drive {
    pub(crate) epoch: Epoch,
    pub(crate) mode: DriveMode,
    pub(crate) position: JointVec,
    pub(crate) velocity: JointVec,
    pub(crate) temperature_degc: JointVec,
    pub(crate) fault: Option<Fault>,
    /// Whether it follows at all.
    pub(crate) stuck: bool,
    /// Whether something is in its way: it takes commands and stays where it is.
    pub(crate) blocked: bool,
    /// What the trajectory lets it use; empty for everything.
    pub(crate) effort_limit: JointVec,
    /// What the estimator says was hit, and is touched.
    pub(crate) hit: JointSet,
    pub(crate) touched: JointSet,
    /// What the estimator says of the encoders.
    pub(crate) doubt: Option<Fault>,
    /// Whether its servo states arrive.
    pub(crate) speaks: bool,
    /// Whether the estimator speaks of it.
    pub(crate) estimated: bool,
    /// Whether the trajectory streams, and how it swings: radius of each joint.
    pub(crate) swing: Option<f64>,
    pub(crate) started: Option<(Epoch, Stamp, JointVec)>,
    pub(crate) seq: u64,
}

pub(crate) struct Rig {
    pub(crate) safety: Safety,
    pub(crate) now: Stamp,
    pub(crate) drives: BTreeMap<GroupName, Drive>,
    pub(crate) commands: Vec<(Stamp, GroupName, Command)>,
    pub(crate) states: Vec<(Stamp, SafetyState)>,
    pub(crate) events: Vec<Event>,
    pub(crate) answers: Vec<(u64, bool, String)>,
    /// Every output in order, for replays.
    pub(crate) log: Vec<Output>,
}

pub(crate) fn arm() -> GroupName {
    GroupName::new("arm").unwrap()
}

pub(crate) fn gripper() -> GroupName {
    GroupName::new("gripper").unwrap()
}

pub(crate) fn description(name: GroupName) -> GroupDescription {
    let (kind, limits, names) = if name == gripper() {
        let limits = JointLimits::new((0.0, 0.08), 0.2, 2.0, 40.0, 60.0).unwrap();
        (JointKind::Prismatic, limits, &["finger"][..])
    } else {
        let limits = JointLimits::new((-2.0, 2.0), 3.0, 10.0, 100.0, 50.0).unwrap();
        (JointKind::Revolute, limits, &["shoulder", "elbow"][..])
    };
    GroupDescription {
        name,
        joints: names
            .iter()
            .map(|&name| JointDescription {
                name: name.into(),
                kind,
                limits,
                drivetrain: servomesh_types::Drivetrain::default(),
            })
            .collect(),
        rate_hz: 500.0,
        capabilities: Capabilities {
            gripper: name == gripper(),
            endless: false,
        },
        backend: "test".into(),
    }
}

impl Rig {
    /// The given groups, announced and heard of, at the middle of their range; nothing streams yet.
    pub(crate) fn new(parameters: Parameters, groups: &[GroupName]) -> Self {
        Self::set_up(parameters, Setup::default(), groups)
    }

    /// The same, with a set-up.
    pub(crate) fn set_up(parameters: Parameters, setup: Setup, groups: &[GroupName]) -> Self {
        let mut rig = Self {
            safety: Safety::new(Config::new(parameters).unwrap()).with_setup(setup),
            now: Stamp::from_millis(1000),
            drives: BTreeMap::new(),
            commands: Vec::new(),
            states: Vec::new(),
            events: Vec::new(),
            answers: Vec::new(),
            log: Vec::new(),
        };
        for &name in groups {
            let joints = description(name).joints.len();
            let middle = if name == gripper() { 0.04 } else { 0.0 };
            let drive = Drive {
                epoch: Epoch::NONE,
                mode: DriveMode::Disabled,
                position: JointVec::from_fn(joints, |_| middle),
                velocity: JointVec::zeros(joints),
                temperature_degc: JointVec::from_fn(joints, |_| 30.0),
                fault: None,
                stuck: false,
                blocked: false,
                effort_limit: JointVec::EMPTY,
                hit: JointSet::EMPTY,
                touched: JointSet::EMPTY,
                doubt: None,
                speaks: true,
                estimated: true,
                swing: None,
                started: None,
                seq: 0,
            };
            rig.drives.insert(name, drive);
            rig.give(Input::Group(description(name)));
        }
        rig
    }

    /// An arm that swings, well under way.
    pub(crate) fn swinging() -> Self {
        Self::swinging_with(Parameters::default())
    }

    pub(crate) fn swinging_with(parameters: Parameters) -> Self {
        let mut rig = Self::new(parameters, &[arm()]);
        rig.run(3);
        rig.drive(arm()).swing = Some(0.5);
        rig.run(150);
        assert_eq!(rig.mode(arm()), SafetyMode::Normal, "{:?}", rig.events);
        rig
    }

    /// An arm that swings, set up by a safety file, with a description of the machine.
    pub(crate) fn swinging_set_up(file: &str) -> Self {
        let config = Config::default();
        let robot = servomesh_robot::Model::from_urdf_str(URDF).unwrap();
        let setup = SafetyFile::parse(file)
            .and_then(|file| file.setup(&config, Some(&robot)))
            .unwrap();
        let mut rig = Self::set_up(Parameters::default(), setup, &[arm()]);
        rig.run(3);
        rig.drive(arm()).swing = Some(0.5);
        rig.run(150);
        rig
    }

    pub(crate) fn function(&mut self, function: Function) -> (bool, String) {
        self.give(Input::Function {
            request: 9,
            group: "arm".into(),
            function,
        });
        let (_, granted, text) = self.answers.last().unwrap().clone();
        (granted, text)
    }

    pub(crate) fn select(&mut self, mode: OperatingMode) {
        self.give(Input::SelectMode { request: 10, mode });
    }

    pub(crate) fn drive(&mut self, name: GroupName) -> &mut Drive {
        self.drives.get_mut(&name).unwrap()
    }

    pub(crate) fn view(&self, name: GroupName) -> GroupSafety {
        *self
            .states
            .last()
            .expect("no state yet")
            .1
            .group(name)
            .expect("group is not known")
    }

    pub(crate) fn mode(&self, name: GroupName) -> SafetyMode {
        self.view(name).mode
    }

    pub(crate) fn fault_code(&self, name: GroupName) -> Option<u16> {
        self.view(name).fault.map(|fault| fault.code())
    }

    pub(crate) fn counts(&self, name: GroupName) -> servomesh_safety::Counts {
        *self.safety.counts().find(|(group, _)| *group == name).unwrap().1
    }

    pub(crate) fn last_command(&self, name: GroupName) -> Command {
        self.commands
            .iter()
            .rev()
            .find(|(_, group, _)| *group == name)
            .expect("no command yet")
            .2
    }

    /// Commands sent since the given count of them.
    pub(crate) fn commands_since(&self, count: usize) -> &[(Stamp, GroupName, Command)] {
        &self.commands[count..]
    }

    /// One input now, all outputs taken.
    pub(crate) fn give(&mut self, input: Input) {
        self.safety.handle(self.now, input);
        self.drain();
    }

    /// A tick at any time, all outputs taken.
    pub(crate) fn give_tick(&mut self, now: Stamp) {
        self.safety.tick(now);
        self.drain();
    }

    /// Steps of one period each.
    pub(crate) fn run(&mut self, steps: usize) {
        for _ in 0..steps {
            self.step();
        }
    }

    pub(crate) fn step(&mut self) {
        let next = self.now + PERIOD;
        self.tick_until(next);
        for name in self.drives.keys().copied().collect::<Vec<_>>() {
            self.hear(name);
            if let Some(setpoint) = self.planned(name) {
                self.give(Input::Setpoint {
                    group: name,
                    setpoint,
                });
            }
        }
        self.tick_until(next);
    }

    /// Ticks at every deadline up to `until`, which becomes `now`.
    pub(crate) fn tick_until(&mut self, until: Stamp) {
        while let Some(deadline) = self.safety.deadline().filter(|deadline| *deadline <= until) {
            self.now = self.now.max(deadline);
            self.safety.tick(self.now);
            let before = self.log.len();
            self.drain();
            let stuck = self.safety.deadline() == Some(deadline) && self.log.len() == before;
            assert!(!stuck, "tick at its deadline {deadline} changes nothing");
        }
        self.now = until;
    }

    pub(crate) fn stop(&mut self) -> (bool, String) {
        self.give(Input::Stop { request: 7 });
        let (request, granted, text) = self.answers.last().unwrap().clone();
        assert_eq!(request, 7);
        (granted, text)
    }

    pub(crate) fn reset(&mut self) -> (bool, String) {
        self.give(Input::Reset { request: 8 });
        let (request, granted, text) = self.answers.last().unwrap().clone();
        assert_eq!(request, 8);
        (granted, text)
    }

    /// What the trajectory streams for a group now: a swing around where it was when the epoch began.
    pub(crate) fn planned(&mut self, name: GroupName) -> Option<Setpoint> {
        let view = self.states.last()?.1.group(name).copied()?;
        let now = self.now;
        let drive = self.drive(name);
        let radius = drive.swing.filter(|_| view.mode == SafetyMode::Normal)?;
        if drive.started.is_none_or(|(epoch, ..)| epoch != view.epoch) {
            drive.started = Some((view.epoch, now, drive.position));
        }
        let (epoch, start, centre) = drive.started?;
        let t = now.seconds_from(start);
        let (sin, cos) = (SWING * t).sin_cos();
        // It begins without acceleration: what it lacks at first fades.
        let (lacks, fades) = ((SWING / FADE).powi(2), (-FADE * t).exp());
        drive.seq += 1;
        let joints = centre.len();
        Some(Setpoint {
            tag: StreamTag {
                stamp: now,
                epoch,
                seq: drive.seq,
                valid_for: Duration::from_millis(50),
                hops: HopTimes {
                    born_ns: 1,
                    ..HopTimes::default()
                },
            },
            position: JointVec::from_fn(joints, |i| {
                centre[i] + radius * (1.0 - cos - lacks * (1.0 - (1.0 + FADE * t) * fades))
            }),
            velocity: JointVec::from_fn(joints, |_| radius * SWING * (sin - SWING * t * fades)),
            acceleration: JointVec::from_fn(joints, |_| {
                radius * SWING * SWING * (cos - (1.0 - FADE * t) * fades)
            }),
            effort: JointVec::EMPTY,
            effort_limit: drive.effort_limit,
            ..Setpoint::default()
        })
    }

    /// The servo state and the motion state of now.
    pub(crate) fn hear(&mut self, name: GroupName) {
        let now = self.now;
        let drive = self.drive(name);
        let tag = StreamTag {
            stamp: now,
            epoch: drive.epoch,
            seq: now.as_nanos().unsigned_abs(),
            ..StreamTag::default()
        };
        let state = ServoState {
            tag,
            mode: drive.mode,
            position: drive.position,
            velocity: drive.velocity,
            temperature_degc: drive.temperature_degc,
            fault: drive.fault,
            ..ServoState::default()
        };
        let motion = GroupMotion {
            stamp: now,
            position: drive.position,
            velocity: drive.velocity,
            collision: drive.hit,
            contact: drive.touched,
            fault: drive.doubt,
            ..GroupMotion::default()
        };
        let (speaks, estimated) = (drive.speaks, drive.estimated);
        if speaks {
            self.give(Input::ServoState { group: name, state });
        }
        if estimated {
            self.give(Input::Motion { group: name, motion });
        }
    }

    pub(crate) fn drain(&mut self) {
        while let Some(output) = self.safety.poll() {
            self.log.push(output.clone());
            match output {
                Output::Command { group, command } => {
                    self.commands.push((self.now, group, command));
                    self.drive(group).obey(&command);
                }
                Output::State(state) => self.states.push((self.now, state)),
                Output::Event(event) => self.events.push(event),
                Output::Answer {
                    request,
                    granted,
                    text,
                } => self.answers.push((request, granted, text)),
            }
        }
    }
}

impl Drive {
    fn obey(&mut self, command: &Command) {
        let tag = &command.setpoint.tag;
        if self.stuck || tag.epoch < self.epoch {
            return;
        }
        self.epoch = tag.epoch;
        match command.mode {
            CommandMode::Off => {
                self.mode = DriveMode::Disabled;
                self.velocity = JointVec::zeros(self.position.len());
            }
            CommandMode::Track => {
                self.mode = DriveMode::Enabled;
                if !self.blocked {
                    self.position = command.setpoint.position;
                    self.velocity = command.setpoint.velocity;
                }
            }
        }
    }
}

/// Angular frequency of the swing [rad/s].
const SWING: f64 = 2.0;
/// How fast it comes to be one \[1/s\].
const FADE: f64 = 20.0;

/// Two links of half a metre that turn about the vertical, a metre above the floor.
pub(crate) const URDF: &str = r#"<robot name="two">
  <link name="base"/>
  <link name="upper"><inertial><origin xyz="0.25 0 0"/><mass value="2"/><inertia ixx="0.01" ixy="0" ixz="0" iyy="0.05" iyz="0" izz="0.05"/></inertial>
    <collision><origin xyz="0.25 0 0"/><geometry><box size="0.5 0.06 0.06"/></geometry></collision></link>
  <link name="fore"><inertial><origin xyz="0.25 0 0"/><mass value="1"/><inertia ixx="0.01" ixy="0" ixz="0" iyy="0.03" iyz="0" izz="0.03"/></inertial>
    <collision><origin xyz="0.25 0 0"/><geometry><box size="0.5 0.05 0.05"/></geometry></collision></link>
  <link name="tool"/>
  <joint name="shoulder" type="revolute"><parent link="base"/><child link="upper"/><origin xyz="0 0 1"/><axis xyz="0 0 1"/>
    <limit lower="-2" upper="2" velocity="3" effort="50"/></joint>
  <joint name="elbow" type="revolute"><parent link="upper"/><child link="fore"/><origin xyz="0.5 0 0"/><axis xyz="0 0 1"/>
    <limit lower="-2" upper="2" velocity="3" effort="50"/></joint>
  <joint name="flange" type="fixed"><parent link="fore"/><child link="tool"/><origin xyz="0.5 0 0"/></joint>
</robot>"#;
