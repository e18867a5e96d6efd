//! Claim: the estimator's part of a control cycle, momentum observer and all, is cheap enough to forget, and allocates nothing.
//!
//! A cycle is all that the core does with one servo state: it takes it, ticks, and is drained, joint states, transforms and tool states too when
//! their turn has come. Seven joints of an arm with bodies, friction and noisy encoders move sinusoidally, with the efforts that this takes. A cycle is
//! the same work in every round, so its time is the median over the rounds, the clock's own cost included.
//!
//! **Invariant:** allocations are counted on the very cycles that are timed; a single one is an error.

use crate::draw::Draw;
use crate::ratio::{Effort, Ratio};
use crate::stats::Figures;
use anyhow::{Context, Result, ensure};
use servomesh_estimator::{Config, Estimator, Input, Output};
use servomesh_robot::{Model, Workspace};
use servomesh_types::{
    Capabilities, Core, DriveMode, Drivetrain, Encoder, GroupDescription, GroupName, JointDescription,
    JointKind, JointLimits, JointVec, ServoState, Stamp,
};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// What a cycle may take in the mean \[µs\].
const LIMIT_US: f64 = 5.0;
const JOINTS: usize = 7;
const PERIOD: Duration = Duration::from_millis(2);
const NOISE: f64 = 6e-6;
const SEED: u64 = 11;
/// Cycles until filters have settled and every output has come once.
const WARM_UP: usize = 500;
const URDF: &str = include_str!("../../nodes/robot/tests/golden/robots/seven.urdf");

/// Measures a cycle against its limit.
///
/// # Errors
/// If nothing is observed, a collision is seen, or a cycle allocates.
pub fn measure(effort: Effort) -> Result<Vec<Ratio>> {
    let states = states(WARM_UP + effort.samples)?;
    let mut rounds: Vec<Vec<u64>> = Vec::new();
    let mut arm = Arm::new()?;
    states[..WARM_UP].iter().for_each(|state| arm.cycle(state));
    let allocated =
        allocation_counter::measure(|| states[WARM_UP..].iter().for_each(|state| arm.cycle(state)));
    ensure!(
        allocated.count_total == 0,
        "{} allocations",
        allocated.count_total
    );
    ensure!(
        arm.observed > effort.samples / 2,
        "only {} cycles were observed",
        arm.observed
    );
    ensure!(
        arm.faults == 0,
        "{} frames said that something is wrong",
        arm.faults
    );
    for _ in 0..effort.rounds {
        rounds.push(times_ns(&states)?);
    }
    let median = |cycle: usize| {
        let mut times: Vec<u64> = rounds.iter().map(|round| round[cycle]).collect();
        times.sort_unstable();
        times[(times.len() - 1) / 2]
    };
    let cycles: Vec<u64> = (0..effort.samples).map(median).collect();
    let mean_us = cycles.iter().sum::<u64>() as f64 / cycles.len() as f64 / 1e3;
    let cycles: Vec<_> = cycles.into_iter().map(Some).collect();
    let figures = Figures::of_round(&cycles).context("no cycle was timed")?;
    Ok(vec![Ratio {
        claim: "the estimator's cycle with the observer, 7 joints, mean".into(),
        unit: "µs",
        ours: mean_us,
        peer_name: "limit",
        peer: LIMIT_US,
        goal: 1.0,
        figures: BTreeMap::from([("estimator: cycle", figures)]),
        cores: BTreeMap::new(),
    }])
}

/// The time of each cycle after the warm-up \[ns\].
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn times_ns(states: &[ServoState]) -> Result<Vec<u64>> {
    let mut arm = Arm::new()?;
    states[..WARM_UP].iter().for_each(|state| arm.cycle(state));
    let time = |state: &ServoState| {
        let start = Instant::now();
        arm.cycle(state);
        u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    };
    Ok(states[WARM_UP..].iter().map(time).collect())
}

/// An estimator of one arm.
struct Arm {
    core: Estimator,
    name: GroupName,
    observed: usize,
    faults: usize,
}

impl Arm {
    fn new() -> Result<Self> {
        let name = GroupName::new("arm")?;
        let tools = BTreeMap::from([(name, "link7".to_owned())]);
        let mut core =
            Estimator::new(Config::default(), Some(Model::from_urdf_str(URDF)?)).with_tools(&tools)?;
        core.handle(Stamp::ZERO, Input::Group(description(name)?));
        Ok(Self {
            core,
            name,
            observed: 0,
            faults: 0,
        })
    }

    /// What is timed.
    fn cycle(&mut self, state: &ServoState) {
        let now = state.tag.stamp + Duration::from_micros(150);
        let (group, state) = (self.name, *state);
        self.core.handle(now, Input::ServoState { group, state });
        self.core.tick(now);
        while let Some(output) = self.core.poll() {
            match output {
                Output::Motion(frame) => {
                    for (_, motion) in self.core.motions(frame.stamp) {
                        self.observed += usize::from(motion.external.len() == JOINTS);
                        self.faults += usize::from(motion.fault.is_some());
                    }
                }
                Output::JointStates(at) => {
                    black_box(self.core.joint_states(at).count());
                }
                Output::Transforms(_) => {
                    black_box(self.core.transforms().count());
                }
                Output::Tools(_) => {
                    black_box(self.core.tools().count());
                }
                Output::StaticTransforms(_) | Output::Event(_) => {}
            }
        }
    }
}

/// What the servos say while the joints move, with the efforts that the model of the bodies and the friction take.
fn states(count: usize) -> Result<Vec<ServoState>> {
    let model = Model::from_urdf_str(URDF)?;
    let mut workspace = Workspace::new(&model);
    let mut draw = Draw(SEED);
    let state = |index: usize| {
        let at = Stamp::ZERO + PERIOD * (index as u32 + 1);
        let t = at.as_seconds();
        let moving = |derivative: u32| {
            JointVec::from_fn(JOINTS, |joint| {
                let (w, size) = (1.0 + 0.2 * joint as f64, 0.4);
                match derivative {
                    0 => size * (w * t).sin() + if joint == 3 { -1.5 } else { 0.0 },
                    1 => size * w * (w * t).cos(),
                    _ => -size * w * w * (w * t).sin(),
                }
            })
        };
        let (q, qd, qdd) = (moving(0), moving(1), moving(2));
        let mut effort = JointVec::zeros(JOINTS);
        model.inverse_dynamics(&mut workspace, &q, &qd, &qdd, &mut effort);
        let drive = drivetrain();
        let mut state = ServoState {
            mode: DriveMode::Enabled,
            position: JointVec::from_fn(JOINTS, |joint| q[joint] + NOISE * draw.signed()),
            velocity: qd,
            effort: JointVec::from_fn(JOINTS, |joint| {
                let friction = drive.coulomb * qd[joint].signum() + drive.viscous * qd[joint];
                effort[joint] + drive.armature * qdd[joint] + friction
            }),
            ..ServoState::default()
        };
        (state.tag.stamp, state.tag.seq) = (at, index as u64);
        state
    };
    Ok((0..count).map(state).collect())
}

fn drivetrain() -> Drivetrain {
    Drivetrain {
        armature: 0.5,
        coulomb: 2.0,
        viscous: 3.0,
        efficiency: 1.0,
        encoder: Encoder {
            resolution: 1e-9,
            noise: NOISE,
            delay_s: 0.0,
        },
    }
}

fn description(name: GroupName) -> Result<GroupDescription> {
    let model = Model::from_urdf_str(URDF)?;
    let joint = |joint: &servomesh_robot::Joint| {
        Ok(JointDescription {
            name: joint.name.clone(),
            kind: JointKind::Revolute,
            limits: JointLimits::new((-2.9, 2.9), 2.6, 15.0, 300.0, 80.0)?,
            drivetrain: drivetrain(),
        })
    };
    Ok(GroupDescription {
        name,
        joints: model.joints().iter().map(joint).collect::<Result<_>>()?,
        rate_hz: 1.0 / PERIOD.as_secs_f64(),
        capabilities: Capabilities::default(),
        backend: "bench".into(),
    })
}
