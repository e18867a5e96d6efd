//! Whoever streams to safety, and whatever: the simulated arm itself keeps its limits and stays out of everything. m, rad, s.
//!
//! An episode begins where the last one ended: a reset, then setpoints of one kind of adversary until the gate has had enough or time is over, then
//! silence.

use anyhow::{Context as _, Result, bail};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use servomesh_robot::Model;
use servomesh_robot::collision::{CollisionModel, CollisionSettings, Solid};
use servomesh_sim::harness::{ARM, Cell, CellFiles, NetworkConfig, Part};
use servomesh_types::{Epoch, GroupName, JointVec, SafetyMode, Setpoint, StreamTag};
use std::time::Duration;

/// What a stream does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// Jerks, accelerations and velocities at random, within their limits.
    Random,
    /// The same, always at a limit.
    Hugging,
    /// It stays where it began, while it says that it moves.
    Frozen,
    /// It jumps.
    Jumping,
    /// It says what is no number.
    NotANumber,
    /// It says again what it said before.
    Replayed,
    /// It speaks in another epoch.
    Stale,
    /// It falls silent in mid-motion.
    Silent,
}

const KINDS: [Kind; 8] = [
    Kind::Random,
    Kind::Hugging,
    Kind::Frozen,
    Kind::Jumping,
    Kind::NotANumber,
    Kind::Replayed,
    Kind::Stale,
    Kind::Silent,
];
const PERIOD: Duration = Duration::from_millis(2);

/// Who streams: knows where its last setpoint was.
struct Adversary {
    limits: Vec<servomesh_types::JointLimits>,
    q: JointVec,
    v: JointVec,
    a: JointVec,
    seq: u64,
    last: Setpoint,
}

impl Adversary {
    /// One period further: each joint towards a random acceleration, with limited jerk, and never faster than it may be.
    fn go_on(&mut self, wanted: &JointVec) {
        let dt = PERIOD.as_secs_f64();
        for i in 0..self.q.len() {
            let (limit, v, a) = (&self.limits[i], self.v[i], self.a[i]);
            let most = limit.acceleration();
            // What the velocity comes to if the acceleration is given up from here on.
            let comes_to = v + a * a.abs() / (2.0 * limit.jerk()) + a * dt;
            let wish = match wanted[i] {
                wish if comes_to * wish.signum() > 0.98 * limit.velocity() => 0.0,
                wish => wish * most,
            };
            let step = (wish - a).clamp(-limit.jerk() * dt, limit.jerk() * dt);
            self.q[i] += dt * (v + dt * (a / 2.0 + step / 6.0));
            self.v[i] += dt * (a + step / 2.0);
            self.a[i] = a + step;
        }
    }
}

/// The arm as it really is, and what it must stay out of.
struct Truth {
    collision: CollisionModel,
    limits: Vec<servomesh_types::JointLimits>,
}

impl Truth {
    fn new(files: &CellFiles, limits: Vec<servomesh_types::JointLimits>) -> Self {
        let model: &Model = &files.model;
        let mut positions = model.neutral_positions();
        positions[model
            .joint_index("gripper_finger_joint")
            .expect("a joint of the cell")] = 0.05;
        let arm = model.subset(&ARM, &positions).expect("the arm's joints");
        let settings = CollisionSettings {
            proof_steps: 0,
            ..CollisionSettings::default()
        };
        let mut collision = CollisionModel::new(&arm, &settings);
        let table = Solid::cuboid(&nalgebra::Vector3::new(0.5, 0.5, 0.42)).expect("a box");
        let at = nalgebra::Isometry3::translation(-0.55, -0.25, 0.21);
        collision.add_obstacle("table", table, &at).expect("a new name");
        collision
            .add_obstacle("floor", Solid::half_space(), &nalgebra::Isometry3::identity())
            .expect("a new name");
        for finger in ["gripper_finger_left", "gripper_finger_right"] {
            collision
                .allow_pair(finger, "conveyor")
                .expect("links of the cell");
        }
        Self { collision, limits }
    }

    /// What is wrong with where the real arm is, if anything.
    fn violation(&mut self, cell: &mut Cell, near: bool) -> Option<String> {
        let plant = cell.hardware().plant();
        let of = |name: &&str| plant.model().joint_index(name).expect("an arm joint");
        let q: Vec<f64> = ARM.iter().map(|name| plant.positions()[of(name)]).collect();
        for (i, limit) in self.limits.iter().enumerate() {
            let velocity = plant.velocities()[of(&ARM[i])].abs();
            if q[i] < limit.lower() - POSITION || q[i] > limit.upper() + POSITION {
                return Some(format!("{} at {}", ARM[i], q[i]));
            }
            if velocity > limit.velocity() * VELOCITY {
                return Some(format!("{} moves at {velocity}", ARM[i]));
            }
        }
        if near {
            self.collision.place(&q);
            let nearest = self.collision.minimum_distance().expect("there are pairs");
            if nearest.distance <= 0.0 {
                let name = |collider| self.collision.name(collider).expect("of this model");
                return Some(format!(
                    "{} is {} m in {}",
                    name(nearest.a),
                    -nearest.distance,
                    name(nearest.b)
                ));
            }
        }
        None
    }
}

/// How many episodes, and which.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {
    /// How many episodes
    #[arg(long, default_value_t = 100_000)]
    pub count: u64,
    /// What the first one is drawn from
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// What they came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Periods of 2 ms in which setpoints passed.
    pub in_motion: u64,
    /// Stops that ended in a standstill which can be reset.
    pub stops: u64,
}

/// Runs them.
///
/// # Errors
/// The first violation by the simulated machine, with seed and episode.
pub fn run(args: Args) -> Result<Summary> {
    let files = CellFiles::default_cell()?;
    let mut cell = Cell::new(&files, NetworkConfig::default(), args.seed)?;
    cell.run_for(Duration::from_millis(300));
    let description = cell.description("arm").context("the arm is announced")?.clone();
    let limits: Vec<_> = description.joints.iter().map(|joint| joint.limits).collect();
    cell.kill(Part::Trajectory);
    let mut truth = Truth::new(&files, limits.clone());
    let mut rng = ChaCha8Rng::seed_from_u64(args.seed);
    let zero = JointVec::zeros(ARM.len());
    let mut adversary = Adversary {
        limits,
        q: zero,
        v: zero,
        a: zero,
        seq: 1 << 32,
        last: Setpoint::default(),
    };
    let mut summary = Summary::default();
    for episode in 0..args.count {
        let kind = KINDS[rng.random_range(0..KINDS.len())];
        one(
            &mut cell,
            &mut adversary,
            &mut truth,
            kind,
            &mut rng,
            &mut summary,
        )
        .with_context(|| format!("seed {}, episode {episode} ({kind:?})", args.seed))?;
    }
    Ok(summary)
}

fn one(
    cell: &mut Cell,
    adversary: &mut Adversary,
    truth: &mut Truth,
    kind: Kind,
    rng: &mut ChaCha8Rng,
    summary: &mut Summary,
) -> Result<()> {
    let zero = JointVec::zeros(ARM.len());
    let epoch = begin(cell).with_context(|| format!("no reset is granted: {:?}", cell.safety()))?;
    let state = cell.servo_state("arm").context("the arm is measured")?;
    (adversary.q, adversary.v, adversary.a) = (state.position, zero, zero);
    let trouble = rng.random_range(10..120);
    let mut wanted = zero;
    for period in 0..150 {
        if period % 25 == 0 {
            wanted = JointVec::from_fn(ARM.len(), |_| match kind {
                Kind::Hugging => [-1.0, 1.0][rng.random_range(0..2)],
                _ => rng.random_range(-1.0..1.0),
            });
        }
        adversary.go_on(&wanted);
        if let Some(setpoint) = adversary.say(cell, epoch, kind, period >= trouble, rng) {
            cell.stream("arm", setpoint);
        }
        cell.run_for(PERIOD);
        if let Some(what) = truth.violation(cell, period % 5 == 0) {
            bail!(what);
        }
        let gate = cell.safety().and_then(|state| state.group(arm()));
        if gate.is_none_or(|gate| gate.mode != SafetyMode::Normal) {
            break;
        }
        summary.in_motion += 1;
    }
    for period in 0..500 {
        cell.run_for(PERIOD);
        if let Some(what) = truth.violation(cell, period % 5 == 0) {
            bail!(what);
        }
        let gate = cell.safety().and_then(|state| state.group(arm()));
        if gate.is_some_and(|gate| gate.mode >= SafetyMode::Stopped && gate.resettable) {
            summary.stops += 1;
            return Ok(());
        }
    }
    bail!("it did not end in a stop that can be reset: {:?}", cell.safety())
}

impl Adversary {
    fn say(
        &mut self,
        cell: &Cell,
        epoch: Epoch,
        kind: Kind,
        trouble: bool,
        rng: &mut ChaCha8Rng,
    ) -> Option<Setpoint> {
        self.seq += 1;
        let tag = StreamTag {
            stamp: cell.now(),
            epoch,
            seq: self.seq,
            valid_for: Duration::from_millis(50),
            ..StreamTag::default()
        };
        let good = Setpoint {
            tag,
            position: self.q,
            velocity: self.v,
            acceleration: self.a,
            ..Setpoint::default()
        };
        let before = std::mem::replace(&mut self.last, good);
        if !trouble {
            return Some(good);
        }
        let joint = rng.random_range(0..6);
        let mut bad = good;
        match kind {
            Kind::Random | Kind::Hugging => {}
            Kind::Frozen => {
                bad.position = before.position;
                self.last = bad;
            }
            Kind::Jumping => bad.position[joint] += rng.random_range(-1.0..1.0),
            Kind::NotANumber => bad.velocity[joint] = [f64::NAN, f64::INFINITY][rng.random_range(0..2)],
            Kind::Replayed => bad = before,
            Kind::Stale => bad.tag.epoch = Epoch(epoch.0 - 1),
            Kind::Silent => return None,
        }
        if kind == Kind::Replayed {
            self.last = before;
        }
        Some(bad)
    }
}

/// Opens the arm's gate, if it is closed. Says in which epoch setpoints pass.
fn begin(cell: &mut Cell) -> Option<Epoch> {
    for _ in 0..200 {
        let gate = *cell.safety()?.group(arm())?;
        if gate.mode == SafetyMode::Normal {
            return Some(gate.epoch);
        }
        cell.reset();
        cell.run_for(Duration::from_millis(10));
    }
    None
}

fn arm() -> GroupName {
    GroupName::new("arm").expect("a name")
}

/// How far beyond its end stops a joint may really be: what the gate tolerates and what the drives are off by \[rad\].
const POSITION: f64 = 0.006;
/// How much faster than its limit it may really be: what the gate tolerates, and what the drives overshoot by.
const VELOCITY: f64 = 1.05;
