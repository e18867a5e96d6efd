//! The robot as its users see it: named joints and links, what they may do, what they carry.
//!
//! Decides which questions about a robot can be asked and which values are refused. Base axes are those of the root link.
//! Units: rad, m, kg, N, N·m, s.
//!
//! **Invariant:** limits, armatures, payloads and held positions are finite or explicitly unlimited; a subset keeps them.

use std::path::Path;
use std::sync::Arc;

use nalgebra::{Matrix3, Vector3};

use crate::assembly::{Assembly, Body, LinkOnBody};
use crate::description::{Description, JointDescription};
use crate::error::{RobotError, Warning};
use crate::geometry::Geometry;
use crate::joint::{DescribedLimits, Joint, Mimic};
use crate::spatial::Inertia;

/// Standard gravity in m/s² (ISO 80000-3).
pub const STANDARD_GRAVITY: f64 = 9.80665;

/// A link of one [`Model`] and of every subset of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkId(pub(crate) usize);

/// A load that a link carries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Payload {
    /// Mass (kg).
    pub mass: f64,
    /// Centre of mass in the link's frame (m).
    pub centre_of_mass: Vector3<f64>,
    /// Rotational inertia about the centre of mass, in the link's axes (kg·m²).
    pub inertia: Matrix3<f64>,
}

/// A robot: its joints, links, masses and how they hang together. Cheap to copy compared with parsing a file.
#[derive(Debug, Clone)]
pub struct Model {
    description: Arc<Description>,
    /// Positions of the description's joints that this model does not move.
    held: Vec<f64>,
    joints: Vec<Joint>,
    mimics: Vec<Mimic>,
    pub(crate) bodies: Vec<Body>,
    pub(crate) links: Vec<LinkOnBody>,
    pub(crate) gravity: Vector3<f64>,
}

impl Model {
    /// Builds a model from the text of a URDF. Every joint that is neither fixed nor a mimic becomes movable, in the
    /// order of the file.
    ///
    /// # Errors
    /// Whatever makes the text no usable robot; see [`crate::DescriptionProblem`].
    pub fn from_urdf_str(text: &str) -> Result<Self, RobotError> {
        Self::from_named(text, "<string>")
    }

    /// Builds a model from a URDF file, as [`Model::from_urdf_str`] does.
    ///
    /// # Errors
    /// If the file can't be read, or is no usable robot.
    pub fn from_urdf_file(path: impl AsRef<Path>) -> Result<Self, RobotError> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|reason| RobotError::Read {
            path: path.to_owned(),
            reason,
        })?;
        Self::from_named(&text, &path.display().to_string())
    }

    fn from_named(text: &str, file: &str) -> Result<Self, RobotError> {
        let description = Description::parse(text).map_err(|problem| RobotError::Description {
            file: file.to_owned(),
            problem,
        })?;
        let moves_by_itself = |joint: &JointDescription| joint.kind.is_some() && joint.follows.is_none();
        let movable: Vec<usize> = (0..description.joints.len())
            .filter(|&index| moves_by_itself(&description.joints[index]))
            .collect();
        let held = vec![0.0; description.joints.len()];
        Ok(Self::assemble(Arc::new(description), &movable, held))
    }

    /// The same robot with exactly the named joints movable, in that order; the others are locked where `positions`
    /// (one value for each joint of `self`) has them. What hangs from a locked joint becomes load of what carries it.
    /// Limits, armatures, payloads and gravity carry over.
    ///
    /// # Errors
    /// An unknown or repeated name, or `positions` of the wrong length or not finite.
    pub fn subset(&self, names: &[&str], positions: &[f64]) -> Result<Self, RobotError> {
        if positions.len() != self.joints.len() {
            return Err(RobotError::WrongLength {
                robot: self.name().to_owned(),
                expected: self.joints.len(),
                got: positions.len(),
            });
        }
        let chosen = names
            .iter()
            .map(|name| self.joint_index(name))
            .collect::<Result<Vec<_>, _>>()?;
        if let Some(at) = (1..chosen.len()).find(|&at| chosen[..at].contains(&chosen[at])) {
            return Err(RobotError::RepeatedJoint {
                robot: self.name().to_owned(),
                joint: names[at].to_owned(),
            });
        }
        let in_description = |joint: &Joint| {
            let same = |other: &JointDescription| other.name == joint.name;
            self.description
                .joints
                .iter()
                .position(same)
                .expect("a model's joints come from its description")
        };
        let mut held = self.held.clone();
        for (joint, &position) in self.joints.iter().zip(positions) {
            self.require(
                &joint.name,
                "position",
                position,
                "a finite number",
                f64::is_finite,
            )?;
            held[in_description(joint)] = position;
        }
        let movable: Vec<usize> = chosen
            .iter()
            .map(|&index| in_description(&self.joints[index]))
            .collect();
        let mut subset = Self::assemble(Arc::clone(&self.description), &movable, held);
        for (joint, &index) in subset.joints.iter_mut().zip(&chosen) {
            joint.clone_from(&self.joints[index]);
        }
        for (link, original) in subset.links.iter_mut().zip(&self.links) {
            link.payload = original.payload;
        }
        subset.gravity = self.gravity;
        subset.collect_payloads();
        Ok(subset)
    }

    fn assemble(description: Arc<Description>, movable: &[usize], held: Vec<f64>) -> Self {
        let joints: Vec<Joint> = movable
            .iter()
            .map(|&index| public_joint(&description.joints[index]))
            .collect();
        let Assembly {
            bodies,
            links,
            mimics,
        } = Assembly::new(&description, movable, &held);
        let gravity = Vector3::new(0.0, 0.0, -STANDARD_GRAVITY);
        let mut model = Self {
            description,
            held,
            joints,
            mimics,
            bodies,
            links,
            gravity,
        };
        model.collect_payloads();
        model
    }

    fn collect_payloads(&mut self) {
        for body in &mut self.bodies {
            body.inertia = body.own_inertia;
        }
        for link in &self.links {
            if let (Some(body), Some(load)) = (link.body, &link.payload) {
                let on_link = Inertia::about_origin(load.mass, &load.centre_of_mass, &load.inertia);
                self.bodies[body].inertia = self.bodies[body].inertia + on_link.into_a(&link.body_from_link);
            }
        }
    }

    /// The robot's name in its description.
    pub fn name(&self) -> &str {
        &self.description.name
    }

    /// What in the description works but is probably not meant, such as missing inertias.
    pub fn warnings(&self) -> Vec<Warning> {
        let moving_without_mass =
            self.links
                .iter()
                .zip(&self.description.links)
                .filter(|(link, described)| {
                    // Frames without any geometry (tool0, flange) are weightless on purpose.
                    let is_solid = !described.visuals.is_empty() || !described.collisions.is_empty();
                    link.body.is_some() && is_solid && described.inertia.mass <= 0.0
                });
        let no_mass = moving_without_mass.map(|(_, described)| Warning::NoMass {
            link: described.name.clone(),
        });
        self.description.warnings.iter().cloned().chain(no_mass).collect()
    }

    /// The movable joints: one for each entry of a vector of joint values, in that order.
    pub fn joints(&self) -> &[Joint] {
        &self.joints
    }

    /// How many movable joints there are.
    pub fn joint_count(&self) -> usize {
        self.joints.len()
    }

    /// The place of a movable joint in vectors of joint values.
    ///
    /// # Errors
    /// If no movable joint has that name; the message lists those that exist.
    pub fn joint_index(&self, name: &str) -> Result<usize, RobotError> {
        self.joints
            .iter()
            .position(|joint| joint.name == name)
            .ok_or_else(|| {
                let known: Vec<&str> = self.joints.iter().map(|joint| joint.name.as_str()).collect();
                RobotError::UnknownJoint {
                    robot: self.name().to_owned(),
                    joint: name.to_owned(),
                    known: known.join(", "),
                }
            })
    }

    /// Joints that move because they follow a movable one.
    pub fn mimics(&self) -> &[Mimic] {
        &self.mimics
    }

    /// A link by name.
    ///
    /// # Errors
    /// If no link has that name; the message lists those that exist.
    pub fn link(&self, name: &str) -> Result<LinkId, RobotError> {
        self.description
            .links
            .iter()
            .position(|link| link.name == name)
            .map(LinkId)
            .ok_or_else(|| {
                let known: Vec<&str> = self
                    .description
                    .links
                    .iter()
                    .map(|link| link.name.as_str())
                    .collect();
                RobotError::UnknownLink {
                    robot: self.name().to_owned(),
                    link: name.to_owned(),
                    known: known.join(", "),
                }
            })
    }

    /// All links, in the order of the description.
    pub fn links(&self) -> impl ExactSizeIterator<Item = LinkId> + use<> {
        (0..self.links.len()).map(LinkId)
    }

    /// The link that nothing carries; its frame is the base frame.
    pub fn root(&self) -> LinkId {
        LinkId(self.description.root)
    }

    /// A link's name.
    pub fn link_name(&self, link: LinkId) -> &str {
        &self.description.links[link.0].name
    }

    /// The link that carries this one; `None` for the root.
    pub fn link_parent(&self, link: LinkId) -> Option<LinkId> {
        self.links[link.0].parent.map(LinkId)
    }

    /// Says whether a link never moves against another one.
    pub fn is_rigid_with(&self, link: LinkId, other: LinkId) -> bool {
        self.links[link.0].body == self.links[other.0].body
    }

    /// What a link looks like.
    pub fn visuals(&self, link: LinkId) -> &[Geometry] {
        &self.description.links[link.0].visuals
    }

    /// The shapes that stand for a link in collision checks.
    pub fn collisions(&self, link: LinkId) -> &[Geometry] {
        &self.description.links[link.0].collisions
    }

    /// Mass of everything that moves, payloads included (kg).
    pub fn moving_mass(&self) -> f64 {
        self.bodies.iter().map(|body| body.inertia.mass).sum()
    }

    /// Gravity in base axes (m/s²); (0, 0, −9.80665) unless set.
    pub fn gravity(&self) -> Vector3<f64> {
        self.gravity
    }

    /// Sets gravity in base axes (m/s²), for a robot on a wall or in free fall.
    pub fn set_gravity(&mut self, gravity: Vector3<f64>) {
        self.gravity = gravity;
    }

    /// Sets what a joint may do, for example with accelerations and jerks that URDF has no place for.
    ///
    /// # Errors
    /// NaN, a negative magnitude, or `lower` above `upper`.
    ///
    /// # Panics
    /// If `joint` is not an index of this model.
    pub fn set_limits(&mut self, joint: usize, limits: DescribedLimits) -> Result<(), RobotError> {
        let name = &self.joints[joint].name;
        for (what, value) in [
            ("velocity limit", limits.velocity),
            ("acceleration limit", limits.acceleration),
            ("jerk limit", limits.jerk),
            ("effort limit", limits.effort),
        ] {
            self.require(name, what, value, "zero or more", |value| value >= 0.0)?;
        }
        self.require(
            name,
            "upper limit",
            limits.upper,
            "at or above the lower limit",
            |upper| upper >= limits.lower,
        )?;
        self.joints[joint].limits = limits;
        Ok(())
    }

    /// Sets the rotor inertia seen at a joint, `rotor inertia · gear ratio²` (kg·m², or kg for prismatic).
    ///
    /// # Errors
    /// If it is negative or not finite.
    ///
    /// # Panics
    /// If `joint` is not an index of this model.
    pub fn set_armature(&mut self, joint: usize, armature: f64) -> Result<(), RobotError> {
        let name = &self.joints[joint].name;
        self.require(name, "armature", armature, "zero or more", |a| {
            a >= 0.0 && a.is_finite()
        })?;
        self.joints[joint].armature = armature;
        Ok(())
    }

    /// Hangs a load on a link, in place of the load it had; `None` takes it off. Allocates nothing.
    ///
    /// # Errors
    /// If the mass is negative or a number is not finite.
    pub fn set_payload(&mut self, link: LinkId, payload: Option<Payload>) -> Result<(), RobotError> {
        if let Some(load) = &payload {
            let name = self.link_name(link);
            self.require(name, "payload mass", load.mass, "zero or more", |m| {
                m >= 0.0 && m.is_finite()
            })?;
            for &value in load.centre_of_mass.iter().chain(load.inertia.iter()) {
                self.require(
                    name,
                    "payload's place or inertia",
                    value,
                    "finite",
                    f64::is_finite,
                )?;
            }
        }
        self.links[link.0].payload = payload;
        self.collect_payloads();
        Ok(())
    }

    fn require(
        &self,
        item: &str,
        what: &'static str,
        value: f64,
        must_be: &'static str,
        holds: impl Fn(f64) -> bool,
    ) -> Result<(), RobotError> {
        if holds(value) {
            return Ok(());
        }
        let (robot, item) = (self.name().to_owned(), item.to_owned());
        Err(RobotError::BadValue {
            robot,
            item,
            what,
            value,
            must_be,
        })
    }

    /// Stops on vectors of joint values that belong to another model.
    pub(crate) fn check_length(&self, values: &[f64]) {
        assert_eq!(
            values.len(),
            self.joints.len(),
            "{}: one value for each movable joint",
            self.name()
        );
    }
}

fn public_joint(joint: &JointDescription) -> Joint {
    Joint {
        name: joint.name.clone(),
        kind: joint.kind.expect("only joints that can move are made movable"),
        limits: joint.limits,
        armature: 0.0,
        damping: joint.damping,
        friction: joint.friction,
    }
}
