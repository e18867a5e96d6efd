//! What the arm does: moves at full speed between drawn places, such that every stop on the way stays clear.

use super::scene::Scene;
use crate::draw::Draw;
use anyhow::{Context, Result, bail};
use servomesh_safety::checks::JointRules;
use servomesh_safety::machine::surroundings::Surroundings;
use servomesh_safety::stop::{Reference, Stop};
use servomesh_safety::{Config as SafetyConfig, Setup};
use servomesh_trajectory::{Config, GoalId, Input, MoveGoal, Outcome, Output, Status, Trajectory};
use servomesh_types::{Core, Epoch, GroupMotion, GroupSafety, JointVec, SafetyState, Setpoint, Stamp};
use std::time::Duration;

/// What the arm does.
pub(super) struct Line {
    pub(super) scene: Scene,
    pub(super) setup: Setup,
    pub(super) start: JointVec,
    pub(super) setpoints: Vec<Setpoint>,
}

impl Line {
    pub(super) fn plan() -> Result<Self> {
        let scene = Scene::new()?;
        let mut setup = scene.setup()?;
        let untouched = setup.clone();
        let group = setup.groups.get_mut(&scene.description.name);
        let machine = group.and_then(|group| group.machine.as_mut());
        let surroundings = machine.and_then(|machine| machine.surroundings());
        let surroundings = surroundings.context("the group has a model")?;

        let joints = scene.description.joints.len();
        let mut draw = Draw(SEED);
        let (mut start, mut at, mut setpoints, mut moves) = (None, JointVec::zeros(joints), Vec::new(), 0);
        for _ in 0..DRAWS {
            let Some(from) = start.map(|_| at) else {
                at = JointVec::from_fn(joints, |_| FARTHEST * draw.signed());
                start = (surroundings.room(&at) > MARGIN).then_some(at);
                continue;
            };
            let place = JointVec::from_fn(joints, |i| {
                (from[i] + STEP * draw.signed()).clamp(-FARTHEST, FARTHEST)
            });
            if !is_straight_clear(surroundings, &from, &place) {
                continue;
            }
            let way = drive(&scene, &from, &place)?;
            if stops_are_clear(&scene, surroundings, &way) {
                (at, moves) = (place, moves + 1);
                setpoints.extend(way);
            }
            if moves == MOVES {
                return Ok(Self {
                    start: start.context("it began somewhere")?,
                    setup: untouched,
                    setpoints,
                    scene,
                });
            }
        }
        bail!("only {moves} moves in {DRAWS} draws")
    }
}

/// Whether the straight line in joint space between two places is clear.
fn is_straight_clear(surroundings: &mut Surroundings, from: &JointVec, to: &JointVec) -> bool {
    (0..=LOOKS).rev().all(|look| {
        let share = f64::from(look) / f64::from(LOOKS);
        let at = JointVec::from_fn(from.len(), |i| from[i] + share * (to[i] - from[i]));
        surroundings.room(&at) > MARGIN
    })
}

/// Whether stops on the way are clear, by exact distances.
fn stops_are_clear(scene: &Scene, surroundings: &mut Surroundings, way: &[Setpoint]) -> bool {
    let config = SafetyConfig::default();
    let joints = scene.description.joints.iter();
    let rules: Vec<_> = joints.map(|joint| JointRules::new(&config, joint)).collect();
    way.iter().step_by(STOPS_EVERY).all(|setpoint| {
        let from = Reference {
            position: setpoint.position,
            velocity: setpoint.velocity,
            acceleration: setpoint.acceleration,
            ..Reference::default()
        };
        let stop = Stop::plan(&from, &rules);
        (0..=LOOKS).all(|look| {
            let time_s = stop.duration_s() * f64::from(look) / f64::from(LOOKS);
            let at = JointVec::from_fn(rules.len(), |joint| stop.joint_at(joint, time_s).0);
            surroundings.room(&at) > MARGIN
        })
    })
}

/// Lets `trajectory` make the setpoints of one move.
fn drive(scene: &Scene, from: &JointVec, to: &JointVec) -> Result<Vec<Setpoint>> {
    let group = scene.description.name;
    let mut core = Trajectory::new(Config::default());
    let mut now = Stamp::from_millis(1000);
    core.handle(now, Input::Group(scene.description.clone()));
    let gate = GroupSafety::open(group, Epoch(1));
    core.handle(now, Input::Safety(SafetyState::new(vec![gate])));
    let mut motion = GroupMotion {
        stamp: now,
        holds_at: now,
        position: *from,
        velocity: JointVec::zeros(from.len()),
        ..GroupMotion::default()
    };
    core.handle(now, Input::Motion { group, motion });
    let goal = MoveGoal {
        target: to.to_vec(),
        ..MoveGoal::default()
    };
    let id = GoalId(1);
    core.handle(now, Input::Move { group, id, goal });
    let mut setpoints = Vec::new();
    loop {
        while let Some(output) = core.poll() {
            match output {
                Output::Setpoint { setpoint, .. } => {
                    (motion.position, motion.velocity) = (setpoint.position, setpoint.velocity);
                    setpoints.push(setpoint);
                }
                Output::Plan(plan) => core.handle(now, Input::Planned(plan.run())),
                Output::Done { outcome, .. } => return reached(&outcome).map(|()| setpoints),
                _ => {}
            }
        }
        now = now.next_multiple(PERIOD, Duration::ZERO);
        (motion.stamp, motion.holds_at) = (now, now);
        core.handle(now, Input::Motion { group, motion });
        core.tick(now);
    }
}

fn reached(outcome: &Outcome) -> Result<()> {
    match outcome.status {
        Status::Succeeded => Ok(()),
        other => bail!("a move ended with {other:?}: {}", outcome.text),
    }
}

const MOVES: u64 = 40;
const SEED: u64 = 3;
const PERIOD: Duration = Duration::from_millis(2);
/// How far a joint is from zero at most, and how far one move leads it at most \[rad\].
const FARTHEST: f64 = 2.8;
const STEP: f64 = 1.2;
/// How much more room than the clearance there is on every way and stop \[m\]. The wrist alone is nearer to the forearm than twice that.
const MARGIN: f64 = 0.01;
/// At how many places of a way or a stop that is looked at, and at which setpoints' stops.
const LOOKS: u32 = 60;
const STOPS_EVERY: usize = 10;
/// When to give up.
const DRAWS: u32 = 1_000_000;
