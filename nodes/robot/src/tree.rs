//! How links and joints hang together: one root, no loops, no joint that follows a fixed one.
//!
//! **Invariant:** the order found here has each joint after the joint that carries its parent link.

use std::collections::BTreeMap;

use urdf_rs::JointType;

use crate::description::{Follows, JointDescription, LinkDescription, finite};
use crate::error::DescriptionProblem as Problem;

/// Follows a chain of mimic joints to the joint that moves by itself.
pub(crate) fn resolve_mimic(
    robot: &urdf_rs::Robot,
    joint_of: &BTreeMap<&str, usize>,
    joint: &urdf_rs::Joint,
) -> Result<Option<Follows>, Problem> {
    if joint.joint_type == JointType::Fixed || joint.mimic.is_none() {
        return Ok(None);
    }
    if let (JointType::Planar | JointType::Floating, Some(mimic)) = (&joint.joint_type, &joint.mimic) {
        return Err(Problem::BadMimic {
            joint: joint.name.clone(),
            target: mimic.joint.clone(),
            reason: "only a joint with a single degree of freedom can do",
        });
    }
    let item = format!("joint {}", joint.name);
    let (mut multiplier, mut offset) = (1.0, 0.0);
    let mut current = joint;
    for _ in 0..=robot.joints.len() {
        let Some(mimic) = &current.mimic else {
            return Ok(Some(Follows {
                joint: joint_of[current.name.as_str()],
                multiplier,
                offset,
            }));
        };
        let bad = |reason| Problem::BadMimic {
            joint: joint.name.clone(),
            target: mimic.joint.clone(),
            reason,
        };
        let (k, b) = (mimic.multiplier.unwrap_or(1.0), mimic.offset.unwrap_or(0.0));
        finite(&item, "mimic multiplier or offset", &[k, b])?;
        (multiplier, offset) = (multiplier * k, multiplier * b + offset);
        let next = joint_of
            .get(mimic.joint.as_str())
            .ok_or_else(|| bad("does not exist"))?;
        current = &robot.joints[*next];
        match current.joint_type {
            JointType::Fixed => return Err(bad("is fixed")),
            JointType::Planar | JointType::Floating => return Err(bad("has several degrees of freedom")),
            _ => {}
        }
    }
    let target = joint
        .mimic
        .as_ref()
        .map(|mimic| mimic.joint.clone())
        .unwrap_or_default();
    Err(Problem::BadMimic {
        joint: joint.name.clone(),
        target,
        reason: "leads back to a mimic joint in a ring",
    })
}

/// Finds the one root, and an order of joints in which parents come first.
pub(crate) fn order_tree(
    links: &[LinkDescription],
    joints: &[JointDescription],
) -> Result<(usize, Vec<usize>), Problem> {
    let mut joint_above: Vec<Option<usize>> = vec![None; links.len()];
    for (index, joint) in joints.iter().enumerate() {
        if let Some(first) = joint_above[joint.child].replace(index) {
            return Err(Problem::TwoParents {
                link: links[joint.child].name.clone(),
                first: joints[first].name.clone(),
                second: joint.name.clone(),
            });
        }
    }
    let roots: Vec<usize> = (0..links.len())
        .filter(|&link| joint_above[link].is_none())
        .collect();
    if roots.len() > 1 {
        let names: Vec<&str> = roots.iter().map(|&link| links[link].name.as_str()).collect();
        return Err(Problem::SeveralRoots(names.join(", ")));
    }
    let mut order = Vec::with_capacity(joints.len());
    let mut reached = vec![false; links.len()];
    let mut pending = roots.clone();
    while let Some(link) = pending.pop() {
        reached[link] = true;
        // Pushed in reverse so that siblings come out in the file's order.
        let children = (0..joints.len())
            .rev()
            .filter(|&joint| joints[joint].parent == link);
        pending.extend(children.map(|joint| joints[joint].child));
        order.extend(joint_above[link]);
    }
    match reached.iter().position(|&was_reached| !was_reached) {
        Some(link) => Err(Problem::Loop {
            link: links[link].name.clone(),
        }),
        None => Ok((roots[0], order)),
    }
}
