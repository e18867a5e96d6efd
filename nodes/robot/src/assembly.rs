//! The bodies of a model: what is rigid with what, and what moves it.
//!
//! Decides for each joint of a description whether it moves a body of its own (it is movable, or follows a movable one) or makes its
//! child part of the body above (it is fixed or locked).
//!
//! **Invariant:** a body's parent comes before it; every body moves about or along the z axis of its own frame.

use nalgebra::{Matrix3, Rotation3, Vector3};

use crate::description::Description;
use crate::joint::{JointKind, Mimic};
use crate::model::Payload;
use crate::spatial::{Inertia, Placement};

/// A rigid body with the joint that moves it.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    pub(crate) parent: Option<usize>,
    /// Where the body stands in its parent (or the base) with the joint at 0.
    parent_from_joint: Placement,
    pub(crate) rotary: bool,
    /// The joint whose value moves this body, and how: `position = ratio · value + offset`.
    pub(crate) joint: usize,
    pub(crate) ratio: f64,
    offset: f64,
    /// Everything rigid with the body, payloads included.
    pub(crate) inertia: Inertia,
    pub(crate) own_inertia: Inertia,
}

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
    pub(crate) links: Vec<LinkOnBody>,
    pub(crate) mimics: Vec<Mimic>,
}

impl Assembly {
    /// Puts a description's links together. `movable` are joints of the description, in the order of the model's joint values; `held` are
    /// the positions of the others.
    pub(crate) fn new(description: &Description, movable: &[usize], held: &[f64]) -> Self {
        let unplaced = LinkOnBody {
            body: None,
            body_from_link: Placement::identity(),
            parent: None,
            payload: None,
        };
        let mut links = vec![unplaced; description.links.len()];
        let (mut bodies, mut mimics) = (Vec::<Body>::new(), Vec::new());
        for &index in &description.joints_from_root {
            let joint = &description.joints[index];
            let carrier = &links[joint.parent];
            let parent = carrier.body;
            let body_from_joint = carrier.body_from_link.then(&joint.parent_from_joint);
            let (source, ratio, offset) = joint
                .follows
                .map_or((index, 1.0, 0.0), |f| (f.joint, f.multiplier, f.offset));
            let value = movable.iter().position(|&other| other == source);
            let (body, body_from_link) = match (joint.kind, value) {
                (None, _) => (parent, body_from_joint),
                (Some(kind), None) => {
                    let motion = joint_motion(kind, &joint.axis, ratio * held[source] + offset);
                    (parent, body_from_joint.then(&motion))
                }
                (Some(kind), Some(value)) => {
                    let joint_from_body = Placement {
                        rotation: align_z(&joint.axis),
                        translation: Vector3::zeros(),
                    };
                    bodies.push(Body {
                        parent,
                        parent_from_joint: body_from_joint.then(&joint_from_body),
                        rotary: kind.is_rotary(),
                        joint: value,
                        ratio,
                        offset,
                        inertia: Inertia::zero(),
                        own_inertia: Inertia::zero(),
                    });
                    if joint.follows.is_some() {
                        let name = joint.name.clone();
                        mimics.push(Mimic {
                            name,
                            joint: value,
                            multiplier: ratio,
                            offset,
                        });
                    }
                    (Some(bodies.len() - 1), joint_from_body.inverse())
                }
            };
            links[joint.child] = LinkOnBody {
                body,
                body_from_link,
                parent: Some(joint.parent),
                payload: None,
            };
        }
        for (link, described) in links.iter().zip(&description.links) {
            if let Some(body) = link.body {
                let moved = described.inertia.into_a(&link.body_from_link);
                bodies[body].own_inertia = bodies[body].own_inertia + moved;
            }
        }
        Self {
            bodies,
            links,
            mimics,
        }
    }
}

impl Body {
    /// Where the body stands in its parent when its joint's value is `value`.
    pub(crate) fn parent_from_body(&self, value: f64) -> Placement {
        let position = self.ratio * value + self.offset;
        let Placement {
            rotation: r,
            translation,
        } = &self.parent_from_joint;
        if self.rotary {
            let (sin, cos) = position.sin_cos();
            let (x, y) = (r.column(0), r.column(1));
            let turned = [x * cos + y * sin, y * cos - x * sin, r.column(2).into_owned()];
            Placement {
                rotation: Matrix3::from_columns(&turned),
                translation: *translation,
            }
        } else {
            Placement {
                rotation: *r,
                translation: translation + r.column(2) * position,
            }
        }
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
