//! The bodies of a model: what is rigid with what, and what moves it.
//!
//! Decides for each joint of a description whether it moves a body of its own (it is movable, or follows a movable one) or makes its
//! child part of the body above (it is fixed or locked).
//!
//! **Invariant:** a body's parent comes before it. Values of joints with one degree of freedom come first, each at the same place among
//! positions and velocities; those of free bodies follow.

use nalgebra::{Matrix3, Rotation3, Vector3};

use crate::body::{Body, BodyInertia, Column, FREE_POSITIONS, FREE_VELOCITIES, Frame, Freedom};
use crate::description::{Description, JointDescription};
use crate::joint::{JointKind, Mimic};
use crate::settings::Payload;
use crate::spatial::{Inertia, Placement};

#[derive(Debug, Clone)]
pub(crate) struct LinkOnBody {
    pub(crate) body: Option<usize>,
    pub(crate) body_from_link: Placement,
    pub(crate) parent: Option<usize>,
    pub(crate) payload: Option<Payload>,
}

/// The bodies of a model, the links on them, and the joints that follow others.
pub(crate) struct Assembly {
    pub(crate) bodies: Vec<Body>,
    pub(crate) columns: Vec<Column>,
    pub(crate) links: Vec<LinkOnBody>,
    pub(crate) mimics: Vec<Mimic>,
}

/// Which joints of a description move, and where the others stand. Indices are those of the description.
#[derive(Debug, Clone, Default)]
pub(crate) struct Motions {
    /// With one degree of freedom, in the order of the model's joint values.
    pub(crate) movable: Vec<usize>,
    /// Floating ones that move, in the order of their values.
    pub(crate) free: Vec<usize>,
    /// Positions of joints with one degree of freedom.
    pub(crate) held: Vec<f64>,
    /// Positions of floating joints.
    pub(crate) held_poses: Vec<Placement>,
}

impl Assembly {
    /// Puts a description's links together.
    pub(crate) fn new(description: &Description, motions: &Motions) -> Self {
        let unplaced = LinkOnBody {
            body: None,
            body_from_link: Placement::identity(),
            parent: None,
            payload: None,
        };
        let mut assembly = Self {
            bodies: Vec::new(),
            columns: Vec::new(),
            links: vec![unplaced; description.links.len()],
            mimics: Vec::new(),
        };
        for &index in &description.joints_from_root {
            let joint = &description.joints[index];
            let carrier = &assembly.links[joint.parent];
            let parent = carrier.body;
            let body_from_joint = carrier.body_from_link.then(&joint.parent_from_joint);
            let (body, body_from_link) = match assembly.body_of(joint, index, motions) {
                Ok(body) => assembly.add_body(parent, &body_from_joint, joint, body),
                Err(motion) => (parent, body_from_joint.then(&motion)),
            };
            assembly.links[joint.child] = LinkOnBody {
                body,
                body_from_link,
                parent: Some(joint.parent),
                payload: None,
            };
        }
        for (link, described) in assembly.links.iter().zip(&description.links) {
            if let Some(body) = link.body {
                let moved = described.inertia.into_a(&link.body_from_link);
                let own = &mut assembly.bodies[body].own_inertia;
                *own = *own + moved;
            }
        }
        assembly
    }

    /// The body that a joint moves, not yet in its place; or, of a joint that does not move, where it stands.
    fn body_of(
        &mut self,
        joint: &JointDescription,
        index: usize,
        motions: &Motions,
    ) -> Result<Body, Placement> {
        let body = |freedom, first_velocity, first_position| Body {
            parent: None,
            parent_from_joint: Frame::IDENTITY,
            freedom,
            rotary: freedom == Freedom::Turns,
            joint: first_velocity,
            first_position,
            first_column: 0,
            ratio: 1.0,
            offset: 0.0,
            inertia: BodyInertia::ZERO,
            own_inertia: Inertia::zero(),
        };
        let place = |among: &[usize], wanted| among.iter().position(|&other| other == wanted);
        if joint.floating {
            let at = place(&motions.free, index).ok_or(motions.held_poses[index])?;
            let singles = motions.movable.len();
            return Ok(body(
                Freedom::Free,
                singles + FREE_VELOCITIES * at,
                singles + FREE_POSITIONS * at,
            ));
        }
        let kind = joint.kind.ok_or_else(Placement::identity)?;
        let (source, ratio, offset) = joint
            .follows
            .map_or((index, 1.0, 0.0), |f| (f.joint, f.multiplier, f.offset));
        let value = place(&motions.movable, source)
            .ok_or_else(|| joint_motion(kind, &joint.axis, ratio * motions.held[source] + offset))?;
        if joint.follows.is_some() {
            self.mimics.push(Mimic {
                name: joint.name.clone(),
                joint: value,
                multiplier: ratio,
                offset,
            });
        }
        let freedom = if kind.is_rotary() {
            Freedom::Turns
        } else {
            Freedom::Slides
        };
        Ok(Body {
            ratio,
            offset,
            ..body(freedom, value, value)
        })
    }

    /// The new body, and where the joint's child link is on it.
    fn add_body(
        &mut self,
        parent: Option<usize>,
        parent_from_joint: &Placement,
        joint: &JointDescription,
        mut body: Body,
    ) -> (Option<usize>, Placement) {
        let joint_from_body = match body.freedom {
            Freedom::Free => Placement::identity(),
            Freedom::Turns | Freedom::Slides => Placement {
                rotation: align_z(&joint.axis),
                translation: Vector3::zeros(),
            },
        };
        let first_column = self.columns.len();
        for offset in 0..body.column_count() {
            self.columns.push(Column {
                velocity: body.joint + offset,
                carrier: match (offset, parent) {
                    (0, None) => None,
                    (0, Some(parent)) => {
                        let parent = &self.bodies[parent];
                        Some(parent.first_column + parent.column_count() - 1)
                    }
                    _ => Some(first_column + offset - 1),
                },
            });
        }
        body.parent = parent;
        body.first_column = first_column;
        body.parent_from_joint = Frame::from(&parent_from_joint.then(&joint_from_body));
        self.bodies.push(body);
        (Some(self.bodies.len() - 1), joint_from_body.inverse())
    }
}

/// The rotation that turns z onto a joint's axis; exact (only 0 and ±1) for axes along x, y or z.
pub(crate) fn align_z(axis: &Vector3<f64>) -> Matrix3<f64> {
    let mut least = Vector3::zeros();
    least[axis.iamin()] = 1.0;
    let x = (least - axis * axis.dot(&least)).normalize();
    Matrix3::from_columns(&[x, axis.cross(&x), *axis])
}

/// The motion of a joint by `position`, about or along `axis`.
pub(crate) fn joint_motion(kind: JointKind, axis: &Vector3<f64>, position: f64) -> Placement {
    if kind.is_rotary() {
        let rotation = Rotation3::new(axis * position).into_inner();
        Placement {
            rotation,
            translation: Vector3::zeros(),
        }
    } else {
        Placement {
            rotation: Matrix3::identity(),
            translation: axis * position,
        }
    }
}
