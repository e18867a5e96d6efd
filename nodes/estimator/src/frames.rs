//! Decides where the links are: transforms from each link's parent, from joint positions.
//!
//! A transform is fixed (said once) or hangs on one joint of the robot's description, directly or as a mimic; it is said
//! only while that joint's group is heard, so that a frame is never older than the prediction allows.
//!
//! Units: m, rad. Rotations are unit quaternions. **Invariant:** fixed and moving transforms together name each link
//! except the root once.

use nalgebra::Isometry3;
use servomesh_robot::{LinkId, Mimic, Model, Workspace};

/// Where a link stands in its parent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transform<'a> {
    /// The parent link.
    pub parent: &'a str,
    /// The link.
    pub child: &'a str,
    /// Coordinates in the link's frame to coordinates in its parent's.
    pub parent_from_child: Isometry3<f64>,
}

/// A link that moves against its parent.
#[derive(Clone, Copy, Debug)]
struct Moving {
    parent: LinkId,
    child: LinkId,
    joint: usize,
}

/// The robot's links.
#[derive(Debug)]
pub(crate) struct Frames {
    model: Model,
    workspace: Workspace,
    moving: Vec<Moving>,
    fixed: Vec<(LinkId, LinkId)>,
    /// Positions of the model's joints; `None` while unknown.
    positions: Vec<Option<f64>>,
    scratch: Vec<f64>,
}

impl Frames {
    pub(crate) fn new(model: Model) -> Self {
        let mut workspace = Workspace::new(&model);
        let pairs: Vec<(LinkId, LinkId)> = model
            .links()
            .filter_map(|child| Some((model.link_parent(child)?, child)))
            .collect();
        let (mut fixed, mut moving) = (Vec::new(), Vec::new());
        for (parent, child) in pairs {
            match driving_joint(&model, &mut workspace, parent, child) {
                Some(joint) => moving.push(Moving { parent, child, joint }),
                None => fixed.push((parent, child)),
            }
        }
        let joints = model.joint_count();
        Self {
            workspace,
            moving,
            fixed,
            positions: vec![None; joints],
            scratch: vec![0.0; joints],
            model,
        }
    }

    pub(crate) fn model(&self) -> &Model {
        &self.model
    }

    /// The place of a joint in the model, if the model has it.
    pub(crate) fn joint_index(&self, name: &str) -> Option<usize> {
        self.model.joints().iter().position(|joint| joint.name == name)
    }

    pub(crate) fn mimics(&self) -> &[Mimic] {
        self.model.mimics()
    }

    /// Places all links for the given joint positions.
    pub(crate) fn place(&mut self, position: impl Fn(usize) -> Option<f64>) {
        for (joint, slot) in self.positions.iter_mut().enumerate() {
            *slot = position(joint);
            self.scratch[joint] = slot.unwrap_or(0.0);
        }
        self.model.forward_kinematics(&mut self.workspace, &self.scratch);
    }

    /// The transforms of links whose joint is known, as they were placed last.
    pub(crate) fn moving(&self) -> impl Iterator<Item = Transform<'_>> {
        (self.moving.iter())
            .filter(|moving| self.positions[moving.joint].is_some())
            .map(|moving| self.transform(moving.parent, moving.child))
    }

    /// The transforms that never change.
    pub(crate) fn fixed(&self) -> impl Iterator<Item = Transform<'_>> {
        self.fixed
            .iter()
            .map(|&(parent, child)| self.transform(parent, child))
    }

    fn transform(&self, parent: LinkId, child: LinkId) -> Transform<'_> {
        Transform {
            parent: self.model.link_name(parent),
            child: self.model.link_name(child),
            parent_from_child: parent_from_child(&self.model, &self.workspace, parent, child),
        }
    }
}

fn parent_from_child(model: &Model, workspace: &Workspace, parent: LinkId, child: LinkId) -> Isometry3<f64> {
    model
        .link_pose(workspace, parent)
        .inv_mul(&model.link_pose(workspace, child))
}

/// The joint that moves a link against its parent: the one whose motion alone changes the transform between them.
fn driving_joint(model: &Model, workspace: &mut Workspace, parent: LinkId, child: LinkId) -> Option<usize> {
    if model.is_rigid_with(parent, child) {
        return None;
    }
    let mut positions = vec![0.0; model.joint_count()];
    model.forward_kinematics(workspace, &positions);
    let at_rest = parent_from_child(model, workspace, parent, child);
    (0..positions.len()).find(|&joint| {
        positions[joint] = PROBE;
        model.forward_kinematics(workspace, &positions);
        positions[joint] = 0.0;
        let moved = at_rest.inv_mul(&parent_from_child(model, workspace, parent, child));
        moved.translation.vector.norm() + moved.rotation.angle() > 1e-6 * PROBE
    })
}

/// A motion of a joint [rad or m] that shows in every transform that hangs on it.
const PROBE: f64 = 0.5;
