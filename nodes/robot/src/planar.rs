//! A planar joint as three joints in a row: along x, along y, about the normal.
//!
//! Decides what a planar joint's degrees of freedom are called: joint `base` becomes `base/x`, `base/y` (m, m/s) and `base/theta` (rad, rad/s),
//! as MoveIt calls its variables. x and y are axes of the joint's frame where the normal is its z axis; else any two that stand upright on
//! the normal, in a right-handed system. Velocities are the derivatives of positions: x and y don't turn with theta.
//!
//! URDF gives no meaning to the limits of a planar joint, so there are none.

use nalgebra::Vector3;

use crate::assembly::align_z;
use crate::description::{JointDescription, LinkDescription};
use crate::joint::{DescribedLimits, JointKind};
use crate::spatial::{Inertia, Placement};

/// Replaces the planar joint at `at` by three, with new links between them at the end of `links`.
pub(crate) fn split_planar(at: usize, joints: &mut Vec<JointDescription>, links: &mut Vec<LinkDescription>) {
    let planar = joints[at].clone();
    let axes = align_z(&planar.axis);
    let mut parent = planar.parent;
    let motions = [
        ("x", JointKind::Prismatic, axes.column(0)),
        ("y", JointKind::Prismatic, axes.column(1)),
        ("theta", JointKind::Continuous, axes.column(2)),
    ];
    let parts = motions
        .into_iter()
        .enumerate()
        .map(|(index, (name, kind, axis))| {
            let name = format!("{}/{name}", planar.name);
            let child = if index == 2 {
                planar.child
            } else {
                links.push(between(&name));
                links.len() - 1
            };
            let part = JointDescription {
                name,
                kind: Some(kind),
                parent,
                child,
                parent_from_joint: if index == 0 {
                    planar.parent_from_joint
                } else {
                    Placement::identity()
                },
                axis: Vector3::from(axis),
                limits: DescribedLimits::NONE,
                ..planar.clone()
            };
            parent = child;
            part
        });
    let parts: Vec<_> = parts.collect();
    joints.splice(at..=at, parts);
    for follows in joints.iter_mut().filter_map(|joint| joint.follows.as_mut()) {
        if follows.joint > at {
            follows.joint += 2;
        }
    }
}

fn between(name: &str) -> LinkDescription {
    LinkDescription {
        name: name.to_owned(),
        inertia: Inertia::zero(),
        visuals: Vec::new(),
        collisions: Vec::new(),
    }
}
