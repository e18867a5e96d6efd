//! What the behaviour tests share: groups, samples, and a driver of the core that keeps to its contract.
#![allow(dead_code, reason = "each test file uses its part")]

use servomesh_estimator::{Config, Estimator, Frame, Input, Output, Settings};
use servomesh_types::{
    Capabilities, Core, Event, GroupDescription, GroupMotion, GroupName, JointDescription, JointKind,
    JointLimits, JointVec, ServoState, Stamp,
};

pub(crate) const PERIOD_NS: i64 = 2_000_000;

pub(crate) fn name(text: &str) -> GroupName {
    GroupName::new(text).expect("a good name")
}

pub(crate) fn group(text: &str, joints: &[&str]) -> GroupDescription {
    let limits = JointLimits::new((-7.0, 7.0), 3.2, 20.0, 200.0, 150.0).expect("possible limits");
    let joint = |name: &&str| JointDescription {
        name: (*name).to_owned(),
        kind: JointKind::Revolute,
        limits,
        drivetrain: servomesh_types::Drivetrain::default(),
    };
    GroupDescription {
        name: name(text),
        joints: joints.iter().map(joint).collect(),
        rate_hz: 500.0,
        capabilities: Capabilities::default(),
        backend: "test".to_owned(),
    }
}

/// The same with the figures of their encoders announced.
pub(crate) fn measured_by(mut group: GroupDescription, resolution: f64, noise: f64) -> GroupDescription {
    for joint in &mut group.joints {
        joint.drivetrain.encoder.resolution = resolution;
        joint.drivetrain.encoder.noise = noise;
    }
    group
}

pub(crate) fn sample(stamp: Stamp, seq: u64, position: &[f64]) -> ServoState {
    let mut state = ServoState::default();
    (state.tag.stamp, state.tag.seq) = (stamp, seq);
    state.position = JointVec::try_from(position).expect("few joints");
    state.velocity = JointVec::zeros(position.len());
    state.effort = JointVec::zeros(position.len());
    state
}

/// What all groups do, at one instant.
#[derive(Debug)]
pub(crate) struct MotionFrame {
    pub(crate) stamp: Stamp,
    pub(crate) seq: u64,
    pub(crate) groups: Vec<(GroupName, GroupMotion)>,
}

/// An estimator with the outputs of every call collected.
pub(crate) struct Bench {
    pub(crate) frames: Vec<(Stamp, MotionFrame)>,
    pub(crate) core: Estimator,
    pub(crate) outputs: Vec<(Stamp, Output)>,
}

impl Bench {
    pub(crate) fn new(groups: &[GroupDescription]) -> Self {
        Self::with(&Settings::default(), None, groups)
    }

    pub(crate) fn with(
        settings: &Settings,
        model: Option<servomesh_robot::Model>,
        groups: &[GroupDescription],
    ) -> Self {
        let core = Estimator::new(Config::new(settings).expect("possible settings"), model);
        let mut bench = Self {
            core,
            outputs: Vec::new(),
            frames: Vec::new(),
        };
        for group in groups {
            bench.handle(Stamp::ZERO, Input::Group(group.clone()));
        }
        bench
    }

    pub(crate) fn handle(&mut self, now: Stamp, input: Input) {
        // The clock reaches each deadline on the way.
        while let Some(due) = self.core.deadline().filter(|due| *due < now) {
            self.core
                .tick(due.max(self.outputs.last().map_or(Stamp::ZERO, |(at, _)| *at)));
            self.drain(due);
        }
        self.core.handle(now, input);
        self.drain(now);
    }

    /// The same with the figures of their encoders announced.
    pub(crate) fn measured_by(mut group: GroupDescription, resolution: f64, noise: f64) -> GroupDescription {
        for joint in &mut group.joints {
            joint.drivetrain.encoder.resolution = resolution;
            joint.drivetrain.encoder.noise = noise;
        }
        group
    }

    pub(crate) fn sample(&mut self, now: Stamp, group: &str, state: ServoState) {
        self.handle(
            now,
            Input::ServoState {
                group: name(group),
                state,
            },
        );
    }

    pub(crate) fn tick(&mut self, now: Stamp) {
        self.core.tick(now);
        self.drain(now);
    }

    fn drain(&mut self, now: Stamp) {
        while let Some(output) = self.core.poll() {
            if let Output::Motion(frame) = output {
                let groups = self.core.motions(frame.stamp).collect();
                let Frame { stamp, seq } = frame;
                self.frames.push((now, MotionFrame { stamp, seq, groups }));
            }
            self.outputs.push((now, output));
        }
    }

    pub(crate) fn events(&self) -> Vec<&Event> {
        self.outputs
            .iter()
            .filter_map(|(_, output)| match output {
                Output::Event(event) => Some(event),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn frames(&self) -> Vec<(Stamp, &MotionFrame)> {
        self.frames.iter().map(|(at, frame)| (*at, frame)).collect()
    }
}
