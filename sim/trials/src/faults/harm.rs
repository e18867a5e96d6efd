//! How something goes wrong in a running cell, goes on going wrong, and is put right again.

use super::list::{At, Injury, Process, Rogue};
use anyhow::{Context as _, Result};
use nalgebra::Vector3;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use servomesh_sim::Wrench;
use servomesh_sim::faults::{Fault, Kind};
use servomesh_sim::harness::{ARM, Cell, NetworkConfig, Part, arm};
use servomesh_sim::mechanics::{Scene, ShapeId};
use servomesh_types::{Epoch, Setpoint, Stamp};
use std::time::Duration;

/// Something that goes wrong, and what it takes to put it right.
#[derive(Debug)]
pub struct Harm {
    injury: Injury,
    begun: Stamp,
    /// The last good setpoint, for those that are wrong.
    good: Option<Setpoint>,
    sent: u32,
    post: Option<ShapeId>,
}

impl Harm {
    /// What has to be there before anything goes wrong.
    ///
    /// # Errors
    /// The machine has no such part.
    pub fn prepare(cell: &mut Cell, injury: Injury) -> Result<()> {
        if let Injury::Dropped(mass) = injury {
            let load = Fault::new(Kind::PayloadChanged, TOOL_MOUNT, mass)?;
            cell.hardware().inject(load, None)?;
        }
        Ok(())
    }

    /// Lets it go wrong.
    ///
    /// # Errors
    /// The machine has no such part.
    pub fn begin(cell: &mut Cell, injury: Injury, rng: &mut ChaCha8Rng) -> Result<Self> {
        let mut harm = Self {
            injury,
            begun: cell.now(),
            good: cell.setpoint("arm").copied(),
            sent: 0,
            post: None,
        };
        match injury {
            Injury::Broken {
                kind,
                at,
                figures,
                signed,
            } => {
                let target = target(cell, at, rng);
                let size = figures.0 + (figures.1 - figures.0) * rng.random::<f64>();
                let value = if signed && rng.random_bool(0.5) {
                    -size
                } else {
                    size
                };
                cell.hardware().inject(Fault::new(kind, target, value)?, None)?;
            }
            Injury::Dropped(_) => {
                cell.hardware().clear_at(TOOL_MOUNT);
            }
            Injury::Post => harm.post = Some(stand_post(cell)?),
            Injury::Push(force) => {
                let way = rng.random_range(0.0..std::f64::consts::TAU);
                let force = force * Vector3::new(way.cos(), way.sin(), 0.0);
                push(cell, Some(force))?;
            }
            Injury::Killed(process) => cell.kill(part(process)),
            Injury::Restarted(process) => {
                cell.kill(part(process));
                cell.start(part(process))?;
            }
            Injury::Setpoints(Rogue::Frozen | Rogue::Late) => cell.kill(Part::Trajectory),
            Injury::Setpoints(_) => {}
            Injury::Network(config) => cell.set_network(config),
            Injury::Stop => {
                cell.stop();
            }
        }
        Ok(harm)
    }

    /// Goes on; called each millisecond.
    ///
    /// # Errors
    /// The machine has no such part.
    pub fn go_on(&mut self, cell: &mut Cell) -> Result<()> {
        match self.injury {
            Injury::Setpoints(rogue) => self.stream(cell, rogue),
            Injury::Push(_) if cell.now().since(self.begun) > PUSH => push(cell, None)?,
            _ => {}
        }
        Ok(())
    }

    /// Whether it is there yet: a post has to be run into.
    pub fn is_felt(&self, cell: &mut Cell) -> bool {
        let Some(post) = self.post else { return true };
        let mut contacts = cell.hardware().plant().world().contacts().iter();
        contacts.any(|contact| contact.shapes.contains(&post) && contact.force.norm() > 0.0)
    }

    /// Puts it right.
    ///
    /// # Errors
    /// A process does not start.
    pub fn end(self, cell: &mut Cell) -> Result<()> {
        cell.hardware().clear_at("");
        push(cell, None)?;
        cell.set_network(NetworkConfig::default());
        if let Some(post) = self.post {
            let world = cell.hardware().plant_mut().world_mut();
            for shape in world.shapes() {
                world.set_apart(post, shape, true);
            }
        }
        match self.injury {
            Injury::Killed(process) => cell.start(part(process))?,
            Injury::Setpoints(Rogue::Frozen | Rogue::Late) => cell.start(Part::Trajectory)?,
            _ => {}
        }
        Ok(())
    }

    /// Streams what is wrong, once a period.
    fn stream(&mut self, cell: &mut Cell, rogue: Rogue) {
        let once = matches!(rogue, Rogue::NotANumber | Rogue::Jump);
        let due = self.begun + PERIOD * self.sent;
        if once && self.sent > 0 || cell.now() < due {
            return;
        }
        let newest = cell.setpoint("arm").copied();
        let Some(mut bad) = (if rogue == Rogue::Frozen {
            self.good
        } else {
            newest.or(self.good)
        }) else {
            return;
        };
        self.sent += 1;
        match rogue {
            Rogue::NotANumber => {
                bad.tag.seq += 1;
                bad.tag.stamp = bad.tag.stamp + PERIOD;
                bad.velocity[1] = f64::NAN;
            }
            Rogue::Jump => {
                bad.tag.seq += 1;
                bad.tag.stamp = bad.tag.stamp + PERIOD;
                bad.position[1] += 0.05;
            }
            Rogue::Frozen => {
                bad.tag.seq += u64::from(self.sent);
                bad.tag.stamp = bad.tag.stamp + PERIOD * self.sent;
            }
            Rogue::Late => {
                bad.tag.seq += u64::from(self.sent);
                bad.tag.stamp = Stamp::from_nanos(cell.now().as_nanos() - LATE.as_nanos() as i64);
            }
            Rogue::OldEpoch => bad.tag.epoch = Epoch(bad.tag.epoch.0.saturating_sub(1)),
            Rogue::Replayed => {}
        }
        cell.stream("arm", bad);
    }
}

fn part(process: Process) -> Part {
    match process {
        Process::Trajectory => Part::Trajectory,
        Process::Safety => Part::Safety,
        Process::Estimator => Part::Estimator,
        Process::Driver => Part::Driver(arm()),
    }
}

fn target(cell: &mut Cell, at: At, rng: &mut ChaCha8Rng) -> &'static str {
    let plant = cell.hardware().plant();
    let moves = |name: &&&str| {
        let joint = plant.model().joint_index(name).ok();
        joint.is_some_and(|joint| plant.velocities()[joint].abs() > MOVES)
    };
    let moving: Vec<&'static str> = ARM.iter().filter(moves).copied().collect();
    match at {
        At::Named(name) => name,
        At::MovingJoint if !moving.is_empty() => moving[rng.random_range(0..moving.len())],
        At::MovingJoint | At::AnyJoint => ARM[rng.random_range(0..ARM.len())],
    }
}

fn push(cell: &mut Cell, force: Option<Vector3<f64>>) -> Result<()> {
    let plant = cell.hardware().plant_mut();
    let tool = plant.model().link(TOOL)?;
    let push = force.map(|force| {
        let wrench = Wrench {
            force,
            moment: Vector3::zeros(),
        };
        (tool, wrench)
    });
    plant.set_push(push);
    Ok(())
}

/// Puts a post where the tool will be soon.
fn stand_post(cell: &mut Cell) -> Result<ShapeId> {
    let plant = cell.hardware().plant_mut();
    let tool = plant.model().link(TOOL)?;
    let (at, speed) = (
        plant.link_pose(tool).translation.vector,
        plant.link_velocity(tool).linear,
    );
    let level = Vector3::new(speed.x, speed.y, 0.0);
    let place = at + AHEAD * level.normalize();
    let post = format!(
        "fixed:\n  - {{ name: post, cylinder: [0.02, 0.3], xyz: [{}, {}, {}], material: steel }}\nmaterials:\n  steel: {{ friction: 0.25 }}\n",
        place.x, place.y, place.z
    );
    plant.add_scene(&Scene::from_yaml_str(&post)?)?;
    let shape = plant.scene().iter().find(|shape| shape.name == "post");
    Ok(shape.context("the post stands")?.id)
}

/// The arm's tool.
pub const TOOL: &str = "gripper_tcp";
/// What a load hangs on.
const TOOL_MOUNT: &str = "tool0";
/// Of setpoints.
const PERIOD: Duration = Duration::from_millis(2);
const LATE: Duration = Duration::from_millis(100);
/// How long somebody pushes.
const PUSH: Duration = Duration::from_millis(100);
/// How far ahead of the tool a post stands \[m\]: beyond the fingers.
const AHEAD: f64 = 0.12;
/// A joint that is faster than this moves \[rad/s\].
const MOVES: f64 = 0.1;
