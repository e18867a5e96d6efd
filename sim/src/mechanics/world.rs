//! The world: what there is in it.
//!
//! Decides what can be added, put somewhere, changed and asked; `world/stepping.rs` moves it on.
//!
//! Shapes of the machine's own links don't touch each other, nor what carries the machine's first joint.
//!
//! **Invariant:** only `step` and `place_…` move anything.

mod stepping;

use std::collections::BTreeSet;
use std::sync::Arc;

use nalgebra::{Isometry3, Point3, UnitQuaternion, Vector3};
use parry3d_f64::bounding_volume::Aabb;
use parry3d_f64::math::{Pose, Vector};
use servomesh_robot::{LinkId, Model, STANDARD_GRAVITY, Twist};

use super::body::{Body, BodyId, BodyState, MassProperties};
use super::broad_phase::{Proxy, Sweep};
use super::coupling::Coupling;
use super::machine::{Integrator, Machine};
use super::narrow_phase::{NarrowPhase, Reach, Touch};
use super::shape::{Carrier, Kind, Material, Placed, Shape, ShapeId, Surface, pose};
use super::solver::Solver;
use crate::error::SimError;
use crate::plant::Wrench;

/// Where two shapes touched in the last step, or were about to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contact {
    /// The shapes; the normal points from the second into the first.
    pub shapes: [ShapeId; 2],
    /// On the surface of the body; between two bodies in the middle (m).
    pub point: Point3<f64>,
    /// Unit vector.
    pub normal: Vector3<f64>,
    /// Distance of the surfaces at the start of the step; negative where they overlap (m).
    pub gap: f64,
    /// What the second does to the first, as a mean over the step (N).
    pub force: Vector3<f64>,
    /// Velocity of the first surface over the second at the end of the step, normal part included (m/s).
    pub slip: Vector3<f64>,
}

/// A machine, free bodies and what stands still, in contact.
#[derive(Debug, Clone)]
pub struct World {
    machine: Option<Machine>,
    gravity: Vector3<f64>,
    bodies: Vec<Body>,
    shapes: Vec<Placed>,
    /// Pairs that pass through each other.
    apart: BTreeSet<(usize, usize)>,
    contacts: Vec<Contact>,
    /// Of each shape.
    poses: Vec<Pose>,
    reaches: Vec<Reach>,
    proxies: Vec<Proxy>,
    sweep: Sweep,
    pairs: Vec<(u32, u32)>,
    narrow: NarrowPhase,
    touches: Vec<Touch>,
    coupling: Coupling,
    solver: Solver,
    iterations: usize,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// A world without a machine, in standard gravity along −z.
    pub fn new() -> Self {
        Self {
            machine: None,
            gravity: Vector3::new(0.0, 0.0, -STANDARD_GRAVITY),
            bodies: Vec::new(),
            shapes: Vec::new(),
            apart: BTreeSet::new(),
            contacts: Vec::new(),
            poses: Vec::new(),
            reaches: Vec::new(),
            proxies: Vec::new(),
            sweep: Sweep::default(),
            pairs: Vec::new(),
            narrow: NarrowPhase::default(),
            touches: Vec::new(),
            coupling: Coupling::default(),
            solver: Solver::default(),
            iterations: 0,
        }
    }

    /// A world with a machine at rest at 0, in the model's gravity. The shapes of its links are not in it until
    /// [`add_machine_shapes`](Self::add_machine_shapes).
    ///
    /// # Panics
    /// If the model has free joints: what floats is a free body of the world.
    pub fn with_machine(model: &Model) -> Self {
        let machine = Machine::new(model);
        Self {
            gravity: machine.gravity(),
            machine: Some(machine),
            ..Self::new()
        }
    }

    /// Sets gravity (m/s²) for the machine and all bodies.
    pub fn set_gravity(&mut self, gravity: Vector3<f64>) {
        self.gravity = gravity;
        if let Some(machine) = &mut self.machine {
            let set = |model: &mut Model| {
                model.set_gravity(gravity);
                Ok::<(), SimError>(())
            };
            machine.edit(set).expect("gravity is never refused");
        }
    }

    /// Adds a free body at rest.
    ///
    /// # Errors
    /// If the mass is not positive and finite or the inertia not positive definite.
    pub fn add_body(
        &mut self,
        name: &str,
        mass: MassProperties,
        pose: Isometry3<f64>,
    ) -> Result<BodyId, SimError> {
        self.bodies.push(Body::new(name, mass, &pose)?);
        Ok(BodyId(self.bodies.len() - 1))
    }

    /// Adds a shape to what carries it. A body has one shape or several.
    ///
    /// # Errors
    /// If a measure of the shape is not positive and finite, or a free body is to carry a half-space.
    pub fn add_shape(
        &mut self,
        carrier: Carrier,
        shape: &Shape,
        carrier_from_shape: Isometry3<f64>,
        material: Material,
    ) -> Result<ShapeId, SimError> {
        shape.check()?;
        let unbounded = matches!(shape, Shape::HalfSpace);
        if unbounded && matches!(carrier, Carrier::Body(_)) {
            return Err(SimError::Mechanics {
                item: "half-space".to_owned(),
                what: "volume",
                value: f64::INFINITY,
                must_be: "finite for a body that moves",
            });
        }
        let (parry, shape_from_parry) = shape.to_parry();
        let carrier_from_parry = pose(&carrier_from_shape) * shape_from_parry;
        let ball = parry.compute_local_bounding_sphere();
        let centre = carrier_from_parry.transform_point(ball.center());
        let kind = self.kind(carrier);
        self.shapes.push(Placed {
            shape: parry,
            carrier,
            carrier_from_shape: carrier_from_parry,
            carrier_from_described: carrier_from_shape.rotation,
            base_from_carrier: UnitQuaternion::identity(),
            kind,
            radius: centre.length() + ball.radius(),
            material,
            grip: 1.0,
            surface: Surface::Still,
            described: Arc::new(shape.clone()),
        });
        let origin = Aabb::new(Vector::ZERO, Vector::ZERO);
        self.proxies.push(Proxy {
            bounds: origin,
            unbounded,
            moves: kind.moves(),
        });
        self.poses.push(Pose::identity());
        self.reaches.push(Reach::default());
        self.sweep = Sweep::default();
        self.place_shape(self.shapes.len() - 1);
        Ok(ShapeId(self.shapes.len() - 1))
    }

    /// Adds the collision shapes of all links of the machine, in their order; meshes are left out.
    ///
    /// # Errors
    /// If a measure of a shape is not positive.
    pub fn add_machine_shapes(&mut self, material: Material) -> Result<Vec<ShapeId>, SimError> {
        let Some(machine) = &self.machine else {
            return Ok(Vec::new());
        };
        let model = machine.model.clone();
        let mut added = Vec::new();
        for link in model.links() {
            for geometry in model.collisions(link) {
                if let Some(shape) = Shape::from_geometry(&geometry.shape) {
                    let carrier = Carrier::Link(link);
                    added.push(self.add_shape(carrier, &shape, geometry.link_from_shape, material)?);
                }
            }
        }
        Ok(added)
    }

    fn kind(&self, carrier: Carrier) -> Kind {
        match (carrier, &self.machine) {
            (Carrier::Body(body), _) => Kind::Body(body),
            (Carrier::Link(link), Some(machine)) => {
                let model = &machine.model;
                let root = model.root();
                if model.is_rigid_with(link, root) {
                    return Kind::Base;
                }
                let mut above = Some(link);
                while let Some(other) = above
                    && model.is_rigid_with(other, link)
                {
                    above = model.link_parent(other);
                }
                let next_to_base = above.is_none_or(|above| model.is_rigid_with(above, root));
                Kind::Moving { next_to_base }
            }
            (Carrier::Ground | Carrier::Link(_), _) => Kind::Ground,
        }
    }

    /// Lets two shapes pass through each other, or not.
    pub fn set_apart(&mut self, one: ShapeId, other: ShapeId, apart: bool) {
        let pair = (one.0.min(other.0), one.0.max(other.0));
        if apart {
            self.apart.insert(pair);
        } else {
            self.apart.remove(&pair);
        }
    }

    /// Sets how the machine moves while nothing touches it.
    pub fn set_integrator(&mut self, integrator: Integrator) {
        if let Some(machine) = &mut self.machine {
            machine.integrator = integrator;
        }
    }

    /// Sets the dry friction of a joint (N·m, N): it stands until it is pushed with more. 0 unless set.
    ///
    /// # Panics
    /// If `joint` is not an index of the machine's model.
    pub fn set_joint_friction(&mut self, joint: usize, effort: f64) {
        if let Some(machine) = &mut self.machine {
            machine.friction[joint] = effort;
        }
    }

    /// Sets whether joints stop at the ends of their travel; they do unless set. Who models end stops as efforts takes these away.
    pub fn set_joint_ends(&mut self, hold: bool) {
        if let Some(machine) = &mut self.machine {
            machine.has_ends = hold;
        }
    }

    /// Sets how a shape's surface runs.
    pub fn set_surface(&mut self, shape: ShapeId, surface: Surface) {
        self.shapes[shape.0].surface = surface;
    }

    /// How a shape's surface runs.
    pub fn surface(&self, shape: ShapeId) -> Surface {
        self.shapes[shape.0].surface
    }

    /// Sets which share of its friction a shape keeps against all that it touches: 1, unless something got between.
    pub fn set_grip(&mut self, shape: ShapeId, share: f64) {
        self.shapes[shape.0].grip = share;
    }

    /// All shapes.
    pub fn shapes(&self) -> impl ExactSizeIterator<Item = ShapeId> + use<> {
        (0..self.shapes.len()).map(ShapeId)
    }

    /// Sets what a shape's surface is made of.
    pub fn set_material(&mut self, shape: ShapeId, material: Material) {
        self.shapes[shape.0].material = material;
    }

    /// What a shape's surface is made of.
    pub fn material(&self, shape: ShapeId) -> Material {
        self.shapes[shape.0].material
    }

    /// What carries a shape.
    pub fn carrier(&self, shape: ShapeId) -> Carrier {
        self.shapes[shape.0].carrier
    }

    /// Pushes a body with a wrench at its origin, in base axes, until told otherwise.
    pub fn set_push(&mut self, body: BodyId, push: Option<Wrench>) {
        self.bodies[body.0].push = push;
    }

    /// Pushes a link with a wrench at its origin, in base axes, until told otherwise.
    pub fn set_link_push(&mut self, push: Option<(LinkId, Wrench)>) {
        if let Some(machine) = &mut self.machine {
            machine.push = push;
        }
    }

    /// Puts a body somewhere, in motion.
    pub fn place_body(&mut self, body: BodyId, pose: &Isometry3<f64>, twist: &Twist) {
        self.bodies[body.0].place(pose, twist);
        self.narrow.forget();
    }

    /// Puts the machine's joints somewhere, in motion.
    ///
    /// # Panics
    /// If there is not one position and one velocity for each joint.
    pub fn place_joints(&mut self, positions: &[f64], velocities: &[f64]) {
        let Some(machine) = &mut self.machine else {
            assert!(
                positions.is_empty() && velocities.is_empty(),
                "no machine, no joints"
            );
            return;
        };
        machine.place(positions, velocities);
        for index in 0..self.shapes.len() {
            if matches!(self.shapes[index].kind, Kind::Moving { .. }) {
                self.place_shape(index);
            }
        }
        self.narrow.forget();
    }

    /// Changes the machine's model: armatures, loads.
    ///
    /// # Errors
    /// What `change` returns.
    pub fn edit_model<E>(&mut self, change: impl FnMut(&mut Model) -> Result<(), E>) -> Result<(), E> {
        self.machine
            .as_mut()
            .map_or(Ok(()), |machine| machine.edit(change))
    }

    /// How many iterations the contacts of the last step took.
    pub fn iterations(&self) -> usize {
        self.iterations
    }

    /// Joint positions, in the order of the model.
    pub fn joint_positions(&self) -> &[f64] {
        self.machine.as_ref().map_or(&[], |machine| &machine.positions)
    }

    /// Joint velocities.
    pub fn joint_velocities(&self) -> &[f64] {
        self.machine.as_ref().map_or(&[], |machine| &machine.velocities)
    }

    /// Joint accelerations in the last step.
    pub fn joint_accelerations(&self) -> &[f64] {
        self.machine
            .as_ref()
            .map_or(&[], |machine| &machine.accelerations)
    }

    /// The machine's model; `None` in a world without one.
    pub fn model(&self) -> Option<&Model> {
        self.machine.as_ref().map(|machine| &machine.model)
    }

    /// Computes where the links are, for [`link_pose`](Self::link_pose) and [`link_velocity`](Self::link_velocity).
    pub fn update_links(&mut self) {
        if let Some(machine) = &mut self.machine {
            machine.update_links();
        }
    }

    /// The pose `base_from_link` at the last [`update_links`](Self::update_links).
    ///
    /// # Panics
    /// If there is no machine.
    pub fn link_pose(&self, link: LinkId) -> Isometry3<f64> {
        self.machine
            .as_ref()
            .expect("a link is of a machine")
            .link_pose(link)
    }

    /// The velocity of a link's origin, and of the link, at the last [`update_links`](Self::update_links).
    ///
    /// # Panics
    /// If there is no machine.
    pub fn link_velocity(&self, link: LinkId) -> Twist {
        self.machine
            .as_ref()
            .expect("a link is of a machine")
            .link_velocity(link)
    }

    /// Where a body is and how it moves.
    pub fn body(&self, body: BodyId) -> BodyState<'_> {
        self.bodies[body.0].state()
    }

    /// All bodies, in the order in which they were added.
    pub fn bodies(&self) -> impl ExactSizeIterator<Item = (BodyId, BodyState<'_>)> {
        self.bodies
            .iter()
            .enumerate()
            .map(|(index, body)| (BodyId(index), body.state()))
    }

    /// The contacts of the last step.
    pub fn contacts(&self) -> &[Contact] {
        &self.contacts
    }

    /// Kinetic and potential energy of everything, rotors included (J).
    pub fn energy(&mut self) -> f64 {
        self.update_links();
        let machine = self.machine.as_mut().map_or(0.0, Machine::energy);
        machine
            + self
                .bodies
                .iter()
                .map(|body| body.energy(&self.gravity))
                .sum::<f64>()
    }
}
