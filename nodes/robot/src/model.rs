//! The robot as its users see it: named joints and links, what they may do, what they carry.
//!
//! Decides which joints of a description a model moves, and which questions about it can be asked. Base axes are those of the root link.
//! Units: rad, m, kg, N, N·m, s.
//!
//! **Invariant:** held positions are finite; a subset keeps what was set on the whole.

use std::path::Path;
use std::sync::Arc;

use nalgebra::Vector3;

use crate::assembly::{Assembly, LinkOnBody, Motions};
use crate::body::{Body, Column, FREE_POSITIONS, FREE_VELOCITIES};
use crate::description::{Description, JointDescription, LinkDescription};
use crate::error::{RobotError, Warning};
use crate::geometry::Geometry;
use crate::joint::{FreeJoint, Joint, Mimic};
use crate::settings::STANDARD_GRAVITY;
use crate::spatial::Placement;

/// A link of one [`Model`] and of every subset of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkId(pub(crate) usize);

/// A robot: its joints, links, masses and how they hang together. Cheap to copy compared with parsing a file.
#[derive(Debug, Clone)]
pub struct Model {
    description: Arc<Description>,
    motions: Motions,
    pub(crate) joints: Vec<Joint>,
    free_joints: Vec<FreeJoint>,
    mimics: Vec<Mimic>,
    pub(crate) bodies: Vec<Body>,
    pub(crate) columns: Vec<Column>,
    pub(crate) links: Vec<LinkOnBody>,
    pub(crate) gravity: Vector3<f64>,
}

impl Model {
    /// Builds a model from the text of a URDF. Every joint that is neither fixed nor a mimic becomes movable, in the
    /// order of the file; a planar joint becomes three, `<name>/x`, `<name>/y` and `<name>/theta`. Floating joints are held where their
    /// origins are, so that every movable joint has one value: see [`Model::with_free_joints`].
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
        let count = description.joints.len();
        let motions = Motions {
            movable: (0..count)
                .filter(|&index| moves_by_itself(&description.joints[index]))
                .collect(),
            free: Vec::new(),
            held: vec![0.0; count],
            held_poses: vec![Placement::identity(); count],
        };
        Ok(Self::assemble(Arc::new(description), motions))
    }

    /// The same robot with its floating joints free to move: see [`FreeJoint`] for their values, which follow those of [`Model::joints`].
    /// Limits, armatures, payloads and gravity carry over.
    #[must_use]
    pub fn with_free_joints(&self) -> Self {
        let joints = &self.description.joints;
        let motions = Motions {
            free: (0..joints.len())
                .filter(|&index| joints[index].floating)
                .collect(),
            ..self.motions.clone()
        };
        let mut free = Self::assemble(Arc::clone(&self.description), motions);
        free.take_settings(self, 0..self.joints.len());
        free
    }

    /// The same robot with exactly the named joints movable, in that order; the others are locked where `positions`
    /// (one value for each joint of `self`, then the poses of its free joints) has them, free joints too. What hangs from a locked joint
    /// becomes load of what carries it. Limits, armatures, payloads and gravity carry over.
    ///
    /// # Errors
    /// An unknown or repeated name, or `positions` of the wrong length or not finite.
    pub fn subset(&self, names: &[&str], positions: &[f64]) -> Result<Self, RobotError> {
        if positions.len() != self.position_count() {
            return Err(RobotError::WrongLength {
                robot: self.name().to_owned(),
                expected: self.position_count(),
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
        let names_of_values = (0..positions.len()).map(|at| self.position_name(at));
        for (name, &position) in names_of_values.zip(positions) {
            self.require(name, "position", position, "a finite number", f64::is_finite)?;
        }
        let mut motions = Motions {
            movable: chosen.iter().map(|&joint| self.motions.movable[joint]).collect(),
            free: Vec::new(),
            ..self.motions.clone()
        };
        for (&joint, &position) in self.motions.movable.iter().zip(positions) {
            motions.held[joint] = position;
        }
        for (&joint, free) in self.motions.free.iter().zip(&self.free_joints) {
            let pose = crate::body::free_position(positions, free.first_position);
            motions.held_poses[joint] = Placement {
                rotation: (&pose.rotation).into(),
                translation: pose.origin.into(),
            };
        }
        let mut subset = Self::assemble(Arc::clone(&self.description), motions);
        subset.take_settings(self, chosen);
        Ok(subset)
    }

    fn assemble(description: Arc<Description>, motions: Motions) -> Self {
        let joints: Vec<Joint> = motions
            .movable
            .iter()
            .map(|&index| public_joint(&description.joints[index]))
            .collect();
        let free_joints = (motions.free.iter().enumerate())
            .map(|(at, &index)| FreeJoint {
                name: description.joints[index].name.clone(),
                first_position: joints.len() + FREE_POSITIONS * at,
                first_velocity: joints.len() + FREE_VELOCITIES * at,
            })
            .collect();
        let Assembly {
            bodies,
            columns,
            links,
            mimics,
        } = Assembly::new(&description, &motions);
        let mut model = Self {
            description,
            motions,
            joints,
            free_joints,
            mimics,
            bodies,
            columns,
            links,
            gravity: Vector3::new(0.0, 0.0, -STANDARD_GRAVITY),
        };
        model.collect_payloads();
        model
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

    /// The movable joints with one degree of freedom: one for each entry of a vector of joint values, in that order.
    pub fn joints(&self) -> &[Joint] {
        &self.joints
    }

    /// How many movable joints with one degree of freedom there are.
    pub fn joint_count(&self) -> usize {
        self.joints.len()
    }

    /// Floating joints that move; none unless [`Model::with_free_joints`] let them.
    pub fn free_joints(&self) -> &[FreeJoint] {
        &self.free_joints
    }

    /// How many numbers say where everything is: one for each joint, then seven for each free joint.
    pub fn position_count(&self) -> usize {
        self.joints.len() + FREE_POSITIONS * self.free_joints.len()
    }

    /// How many numbers say how everything moves: one for each joint, then six for each free joint. The same for accelerations and efforts.
    pub fn velocity_count(&self) -> usize {
        self.joints.len() + FREE_VELOCITIES * self.free_joints.len()
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
        self.described_links()
            .iter()
            .position(|link| link.name == name)
            .map(LinkId)
            .ok_or_else(|| {
                let known: Vec<&str> = (self.described_links().iter())
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
        (0..self.described_links().len()).map(LinkId)
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
        let parents = std::iter::successors(self.links[link.0].parent, |&parent| self.links[parent].parent);
        parents
            .map(LinkId)
            .find(|parent| parent.0 < self.described_links().len())
    }

    fn described_links(&self) -> &[LinkDescription] {
        &self.description.links[..self.description.link_count]
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

    /// The joint that a position belongs to.
    fn position_name(&self, position: usize) -> &str {
        let of = |free: &FreeJoint| (free.first_position, FREE_POSITIONS);
        self.name_of_value(position, of)
    }

    /// The joint that a velocity belongs to.
    pub(crate) fn velocity_name(&self, velocity: usize) -> &str {
        let of = |free: &FreeJoint| (free.first_velocity, FREE_VELOCITIES);
        self.name_of_value(velocity, of)
    }

    fn name_of_value(&self, at: usize, of: impl Fn(&FreeJoint) -> (usize, usize)) -> &str {
        let holds = |free: &&FreeJoint| {
            let (first, count) = of(free);
            (first..first + count).contains(&at)
        };
        match self.joints.get(at) {
            Some(joint) => &joint.name,
            None => self.free_joints.iter().find(holds).map_or("", |free| &free.name),
        }
    }

    /// Stops on positions that belong to another model.
    pub(crate) fn check_positions(&self, q: &[f64]) {
        assert_eq!(
            q.len(),
            self.position_count(),
            "{}: one position for each movable joint, seven for each free one",
            self.name()
        );
    }

    /// Stops on velocities, accelerations or efforts that belong to another model.
    pub(crate) fn check_length(&self, values: &[f64]) {
        assert_eq!(
            values.len(),
            self.velocity_count(),
            "{}: one value for each movable joint, six for each free one",
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
