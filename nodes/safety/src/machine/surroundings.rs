//! What a group must stay clear of: itself, obstacles, keep-out zones; and the box that its tool must stay in.
//!
//! Lengths in m, base axes. **Invariant:** a state that passed [`Surroundings::check`] can be brought to rest without coming nearer to anything
//! than its clearance, also if the stop begins later by the reaction time.

use super::cover::{Ask, Blocked, Cover};
use super::sweep::Sweep;
use crate::checks::JointRules;
use crate::stop::Stop;
use nalgebra::Vector3;
use servomesh_robot::collision::{CollisionModel, Linkage, Proximity};
use servomesh_robot::{LinkId, Workspace};
use servomesh_types::fault::TooNear;
use servomesh_types::{Fault, JointVec};

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
    /// Where the group was placed last.
    placed: Option<JointVec>,
}

impl Surroundings {
    /// What stands around a group, how near it may come, and how late its stops may begin.
    pub fn new(collision: CollisionModel, bounds: Option<Bounds>, clearance: f64, reaction_s: f64) -> Self {
        let mut linkages = collision.linkages();
        // The last pair is the tool and its box.
        linkages.extend(bounds.map(|bounds| collision.linkage_of_origin(bounds.link)));
        Self {
            scene: Scene {
                workspace: Workspace::new(collision.robot()),
                bounds,
                clearance,
                placed: None,
                collision,
            },
            reaction_s,
            cover: Cover::new(linkages),
        }
    }

    /// Whether a stop from a setpoint is clear, and the way there from the setpoint before.
    ///
    /// # Errors
    /// [`Fault::Clearance`] or [`Fault::Workspace`] with what would be too near.
    pub fn check(&mut self, rules: &[JointRules], from: &JointVec, stop: &Stop) -> Result<(), Fault> {
        let sweep = Sweep::of(from, stop, rules, self.reaction_s);
        let blocked = self.cover.follow(&sweep, &mut self.scene);
        blocked.map_or(Ok(()), |blocked| {
            Err(self.scene.explain(self.cover.linkage(blocked.pair), &blocked))
        })
    }

    /// How much nearer the group may come to something; less than nothing where it is too near.
    pub fn room(&mut self, position: &JointVec) -> f64 {
        self.scene.room(position)
    }

    /// What is too near where the group stands, if anything. The first setpoint from there then asks for little.
    pub fn violated(&mut self, position: &JointVec) -> Option<Fault> {
        self.cover.follow(&Sweep::standing(position), &mut self.scene);
        let room = self.scene.room(position);
        (room.is_nan() || room < 0.0).then(|| self.scene.nearest(position))
    }
}

impl Ask for Scene {
    fn ask(&mut self, position: &JointVec, linkage: &mut Linkage, reaches: &mut [f64]) -> f64 {
        self.place(position);
        self.collision.reaches(linkage, reaches);
        if linkage.has_solids() {
            self.collision.clearance(linkage, NEAR + self.clearance) - self.clearance
        } else {
            self.inside(position)
        }
    }
}

impl Scene {
    fn place(&mut self, position: &JointVec) {
        if self.placed.as_ref() != Some(position) {
            self.collision.place(position);
            self.placed = Some(*position);
        }
    }

    fn room(&mut self, position: &JointVec) -> f64 {
        self.place(position);
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

    fn explain(&mut self, linkage: &Linkage, blocked: &Blocked) -> Fault {
        self.place(&blocked.position);
        match self.collision.closest_of(linkage) {
            Some(closest) => self.clearance_fault(&closest, blocked.needed),
            None => self.workspace_fault(&blocked.position, blocked.needed),
        }
    }

    /// What is nearest, as a fault.
    fn nearest(&mut self, position: &JointVec) -> Fault {
        let inside = self.inside(position);
        self.place(position);
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

/// What is farther away is known by its bounds \[m\].
const NEAR: f64 = 0.1;
