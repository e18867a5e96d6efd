//! What a group must stay clear of: itself, obstacles, keep-out zones; and the box that its tool must stay in.
//!
//! Lengths in m, base axes. **Invariant:** a state that passed [`Surroundings::check`] can be brought to rest without coming nearer to anything
//! than its clearance, also if the stop begins later by the reaction time.

use super::cover::{Blocked, Cover};
use super::reach::Reaches;
use crate::checks::JointRules;
use crate::stop::Stop;
use nalgebra::Vector3;
use servomesh_robot::collision::{Collider, CollisionModel, Proximity};
use servomesh_robot::{LinkId, Workspace};
use servomesh_types::fault::TooNear;
use servomesh_types::{Fault, JointVec};
use std::collections::BTreeMap;

/// A box that a group's tool, as a ball about a link's origin, must stay in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// The link.
    pub link: LinkId,
    /// The ball's radius.
    pub radius: f64,
    /// The corner with the lowest coordinates.
    pub lower: Vector3<f64>,
    /// The corner with the highest coordinates.
    pub upper: Vector3<f64>,
}

/// What a group must stay clear of.
#[derive(Clone, Debug)]
pub struct Surroundings {
    scene: Scene,
    reaction_s: f64,
    cover: Cover,
}

/// Where the group and everything else is.
#[derive(Clone, Debug)]
struct Scene {
    collision: CollisionModel,
    bounds: Option<Bounds>,
    workspace: Workspace,
    clearance: f64,
    /// Which body each thing is part of.
    bodies: BTreeMap<Collider, usize>,
    /// The number of each pair of bodies that is checked, in a square table.
    pairs: Vec<Option<usize>>,
    body_count: usize,
}

impl Surroundings {
    /// What stands around a group, how near it may come, and how late its stops may begin.
    pub fn new(collision: CollisionModel, bounds: Option<Bounds>, clearance: f64, reaction_s: f64) -> Self {
        let robot = collision.robot();
        let reaches = Reaches::new(robot);
        // All that stands still is one body; each link that moves is one of its own.
        let mut carriers: Vec<(LinkId, f64)> = vec![(robot.root(), 0.0)];
        let mut bodies = BTreeMap::new();
        for collider in collision.colliders() {
            let body = match collider {
                Collider::Link(link) if !robot.is_rigid_with(link, robot.root()) => {
                    carriers.push((link, reaches.extent(link)));
                    carriers.len() - 1
                }
                Collider::Link(_) | Collider::Obstacle(_) => 0,
            };
            bodies.insert(collider, body);
        }
        let body_count = carriers.len();
        let mut pairs = vec![None; body_count * body_count];
        let mut moved = Vec::new();
        for [a, b] in collision.checked_pairs() {
            let (a, b) = (bodies[&a], bodies[&b]);
            if pairs[a * body_count + b].is_none() {
                (pairs[a * body_count + b], pairs[b * body_count + a]) =
                    (Some(moved.len()), Some(moved.len()));
                let (links, extents) = ([carriers[a].0, carriers[b].0], [carriers[a].1, carriers[b].1]);
                moved.push(reaches.between(links, extents));
            }
        }
        // The last pair is the tool and its box.
        if let Some(bounds) = bounds {
            moved.push(reaches.between([robot.root(), bounds.link], [0.0, bounds.radius]));
        }
        Self {
            scene: Scene {
                workspace: Workspace::new(robot),
                bounds,
                clearance,
                bodies,
                pairs,
                body_count,
                collision,
            },
            reaction_s,
            cover: Cover::new(moved),
        }
    }

    /// Whether a stop from a setpoint is clear, and the way there from the setpoint before.
    ///
    /// # Errors
    /// [`Fault::Clearance`] or [`Fault::Workspace`] with what would be too near.
    pub fn check(&mut self, rules: &[JointRules], from: &JointVec, stop: &Stop) -> Result<(), Fault> {
        let scene = &mut self.scene;
        let blocked = self
            .cover
            .follow(from, stop, rules, self.reaction_s, |position, rooms| {
                scene.rooms(position, rooms);
            });
        blocked.map_or(Ok(()), |blocked| Err(scene.explain(&blocked)))
    }

    /// How much nearer the group may come to something; less than nothing where it is too near.
    pub fn room(&mut self, position: &JointVec) -> f64 {
        self.scene.room(position)
    }

    /// What is too near where the group stands, if anything.
    pub fn violated(&mut self, position: &JointVec) -> Option<Fault> {
        let room = self.scene.room(position);
        (room.is_nan() || room < 0.0).then(|| self.scene.nearest(position))
    }
}

impl Scene {
    /// The room of each pair of bodies, no more than [`SEEN`].
    fn rooms(&mut self, position: &JointVec, rooms: &mut [f64]) {
        rooms.fill(SEEN);
        if let (Some(_), Some(last)) = (self.bounds, rooms.last_mut()) {
            *last = self.inside(position);
        }
        self.collision.place(position);
        for near in self.collision.pairs_within(SEEN + self.clearance) {
            let (a, b) = (self.bodies[&near.a], self.bodies[&near.b]);
            if let Some(pair) = self.pairs[a * self.body_count + b] {
                rooms[pair] = rooms[pair].min(near.distance - self.clearance);
            }
        }
    }

    fn room(&mut self, position: &JointVec) -> f64 {
        self.collision.place(position);
        let nearest = self.collision.minimum_distance();
        let distance = nearest.map_or(f64::INFINITY, |nearest| nearest.distance);
        self.inside(position).min(distance - self.clearance)
    }

    /// How far the tool is from the nearest face of its box; infinite without one.
    fn inside(&mut self, position: &JointVec) -> f64 {
        let Some(bounds) = self.bounds else {
            return f64::INFINITY;
        };
        let robot = self.collision.robot();
        robot.forward_kinematics(&mut self.workspace, position);
        let tool = robot.link_pose(&self.workspace, bounds.link).translation.vector;
        (tool - bounds.lower).min().min((bounds.upper - tool).min()) - bounds.radius
    }

    fn explain(&mut self, blocked: &Blocked) -> Fault {
        self.collision.place(&blocked.position);
        let (bodies, count) = (&self.bodies, self.body_count);
        let of_pair =
            |near: &&Proximity| self.pairs[bodies[&near.a] * count + bodies[&near.b]] == Some(blocked.pair);
        let near = self.collision.pairs_within(SEEN + self.clearance);
        let nearest = near
            .iter()
            .filter(of_pair)
            .min_by(|a, b| a.distance.total_cmp(&b.distance))
            .copied();
        match nearest {
            Some(nearest) => self.clearance_fault(&nearest, blocked.needed),
            None => self.workspace_fault(&blocked.position, blocked.needed),
        }
    }

    /// What is nearest, as a fault.
    fn nearest(&mut self, position: &JointVec) -> Fault {
        let inside = self.inside(position);
        self.collision.place(position);
        match self.collision.minimum_distance() {
            Some(nearest) if nearest.distance - self.clearance <= inside => {
                self.clearance_fault(&nearest, 0.0)
            }
            _ => self.workspace_fault(position, 0.0),
        }
    }

    fn clearance_fault(&self, near: &Proximity, needed: f64) -> Fault {
        // Both are of this model.
        let name = |collider| self.collision.name(collider).unwrap_or("?");
        let limit = self.clearance + needed;
        Fault::Clearance(TooNear::new(name(near.a), name(near.b), near.distance, limit))
    }

    fn workspace_fault(&mut self, position: &JointVec, needed: f64) -> Fault {
        let inside = self.inside(position);
        let robot = self.collision.robot();
        let link = self.bounds.map_or("?", |bounds| robot.link_name(bounds.link));
        Fault::Workspace(TooNear::new(link, "", inside, needed))
    }
}

/// What is farther away is not looked at more closely \[m\].
const SEEN: f64 = 0.3;
