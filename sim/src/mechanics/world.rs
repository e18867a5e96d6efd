//! The world: what there is in it, and the order of a step.
//!
//! Decides, for each step: free motion of machine and bodies, then positions (semi-implicit Euler, as MuJoCo's `Euler`). Contacts are not
//! yet solved: shapes are kept, and pass through each other.
//!
//! **Invariant:** only `step` and `place_…` move anything.

use std::sync::Arc;

use nalgebra::{Isometry3, Point3, Vector3};
use servomesh_robot::{LinkId, Model, STANDARD_GRAVITY, Twist};

use super::body::{Body, BodyId, BodyState, MassProperties};
use super::machine::Machine;
use super::shape::{Carrier, Material, Placed, Shape, ShapeId, Surface, isometry};
use crate::error::SimError;
use crate::plant::Wrench;

/// Where two shapes touched in the last step, or were about to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contact {
    /// The shapes; the normal points from the second into the first.
    pub shapes: [ShapeId; 2],
    /// In the middle between both surfaces (m).
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
    contacts: Vec<Contact>,
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
            contacts: Vec::new(),
        }
    }

    /// A world with a machine at rest at 0, in the model's gravity. The shapes of its links are not in it until
    /// [`add_machine_shapes`](Self::add_machine_shapes).
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
        let (parry, shape_from_parry) = shape.to_parry();
        self.shapes.push(Placed {
            shape: parry,
            carrier,
            carrier_from_shape: carrier_from_shape * isometry(&shape_from_parry),
            carrier_from_described: carrier_from_shape,
            material,
            surface: Surface::Still,
            described: Arc::new(shape.clone()),
        });
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

    /// Sets how a shape's surface runs.
    pub fn set_surface(&mut self, shape: ShapeId, surface: Surface) {
        self.shapes[shape.0].surface = surface;
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

    /// Puts a body somewhere, in motion.
    pub fn place_body(&mut self, body: BodyId, pose: &Isometry3<f64>, twist: &Twist) {
        self.bodies[body.0].place(pose, twist);
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
        machine.positions.copy_from_slice(positions);
        machine.velocities.copy_from_slice(velocities);
        machine.accelerations.fill(0.0);
        machine.update_links();
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

    /// Moves everything on by `dt_s`: `efforts` at the joints (N·m, N) at the start of the step, which fall by `damping` (N·m·s/rad, N·s/m,
    /// never negative) for each unit of velocity that the joint gains in the step.
    ///
    /// # Panics
    /// If there is not one effort and one damping for each joint.
    pub fn step(&mut self, dt_s: f64, efforts: &[f64], damping: &[f64]) {
        if let Some(machine) = &mut self.machine {
            machine.step_freely(dt_s, efforts, damping);
        }
        for body in &mut self.bodies {
            let (velocity, spin) = body.flight(&self.gravity, dt_s);
            body.advance(velocity, spin, true, dt_s);
        }
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
        let machine = self.machine.as_mut().map_or(0.0, Machine::energy);
        machine
            + self
                .bodies
                .iter()
                .map(|body| body.energy(&self.gravity))
                .sum::<f64>()
    }
}
