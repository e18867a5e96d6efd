//! How far each joint moves what it carries, at most, for each rad (m) it moves by.
//!
//! Lengths in m. Two links move against each other only by the joints that carry one of them: those that carry both do not count.
//!
//! **Invariant:** for any two positions within the limits, the distance of two links changes by at most Σ reachᵢ·|Δqᵢ|.

use servomesh_robot::{JointKind, LinkId, Model, Shape, Workspace};
use servomesh_types::JointVec;

/// What carries what in one model, and how long it is.
#[derive(Debug)]
pub struct Reaches<'m> {
    model: &'m Model,
    standing: Workspace,
    /// The model with each of its joints turned a little, alone.
    turned: Vec<Workspace>,
    /// How far sliding joints may add to the way from a joint to what it carries.
    strokes: f64,
}

impl<'m> Reaches<'m> {
    /// Looks at a model.
    pub fn new(model: &'m Model) -> Self {
        let neutral = model.neutral_positions();
        let at = |positions: &[f64]| {
            let mut workspace = Workspace::new(model);
            model.forward_kinematics(&mut workspace, positions);
            workspace
        };
        let turned = (0..model.joint_count()).map(|joint| {
            let mut turned = neutral.clone();
            turned[joint] += PROBE;
            at(&turned)
        });
        let sliding = model
            .joints()
            .iter()
            .filter(|joint| joint.kind == JointKind::Prismatic);
        Self {
            standing: at(&neutral),
            turned: turned.collect(),
            strokes: sliding
                .map(|joint| joint.limits.upper.abs().max(joint.limits.lower.abs()))
                .sum(),
            model,
        }
    }

    /// How far a link's own shapes are from its origin; meshes count as within [`MESH_RADIUS`], since they are not opened here.
    pub fn extent(&self, link: LinkId) -> f64 {
        let shapes = self
            .model
            .collisions(link)
            .iter()
            .map(|geometry| geometry.link_from_shape.translation.vector.norm() + radius(&geometry.shape));
        shapes.fold(0.0, f64::max)
    }

    /// How far apart the origins of two links are as the model stands.
    fn distance(&self, a: LinkId, b: LinkId) -> f64 {
        let origin = |link: LinkId| self.model.link_pose(&self.standing, link).translation.vector;
        (origin(a) - origin(b)).norm()
    }

    /// By which joints two links move against each other, and how far each of them moves what is within `extents` of their
    /// origins.
    pub fn between(&self, links: [LinkId; 2], extents: [f64; 2]) -> JointVec {
        JointVec::from_fn(self.model.joint_count(), |joint| {
            match links.map(|link| self.carries(joint, link)) {
                [true, false] => self.length(joint, links[0], extents[0]),
                [false, true] => self.length(joint, links[1], extents[1]),
                [true, true] | [false, false] => 0.0,
            }
        })
    }

    /// From a joint's axis to what is within `extent` of a link that it carries. A joint's child link begins on its axis, and the lengths from
    /// joint to joint never change, so they are read at any position; joints that slide add their strokes.
    fn length(&self, joint: usize, link: LinkId, extent: f64) -> f64 {
        if self.model.joints()[joint].kind == JointKind::Prismatic {
            return 1.0;
        }
        let (mut length, mut at) = (extent + self.strokes, link);
        while let Some(parent) = self
            .model
            .link_parent(at)
            .filter(|&parent| self.carries(joint, parent))
        {
            length += self.distance(at, parent);
            at = parent;
        }
        length
    }

    fn carries(&self, joint: usize, link: LinkId) -> bool {
        let before = self.model.link_pose(&self.standing, link);
        let after = self.model.link_pose(&self.turned[joint], link);
        before.rotation.angle_to(&after.rotation) > PROBE / 2.0
            || (before.translation.vector - after.translation.vector).norm() > PROBE / 2.0
    }
}

fn radius(shape: &Shape) -> f64 {
    match shape {
        Shape::Box { size } => size.norm() / 2.0,
        Shape::Cylinder { radius, length } => radius.hypot(length / 2.0),
        Shape::Capsule { radius, length } => radius + length / 2.0,
        Shape::Sphere { radius } => *radius,
        Shape::Mesh { .. } => MESH_RADIUS,
    }
}

/// How far a joint is turned (slid) to see what it carries \[rad, m\].
const PROBE: f64 = 0.1;
/// What a mesh is taken to reach from its origin: about the longest link of arms for payloads of up to 20 kg \[m\].
pub const MESH_RADIUS: f64 = 1.0;
