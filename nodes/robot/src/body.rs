//! A rigid body and the joint that moves it: how joint values become places and motions.
//!
//! A body turns about, or slides along, the z axis of its own frame; or it is free. A free body's position is `x y z` of its origin and a
//! quaternion `x y z w`, both in the joint's frame; its velocity is linear, then angular, in the body's own axes.
//!
//! **Invariant:** a body's inertia is that of everything rigid with it, payloads included, about the body's origin and in its axes.

use crate::angle::sin_cos;
use crate::spatial::{Inertia, Placement};
use crate::vector::{Mat3, Sym3, Vec3};

/// How many numbers a free body's position has.
pub(crate) const FREE_POSITIONS: usize = 7;
/// How many numbers a free body's velocity has.
pub(crate) const FREE_VELOCITIES: usize = 6;

/// Where a frame b stands in a frame a.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Frame {
    pub(crate) rotation: Mat3,
    pub(crate) origin: Vec3,
}

/// How a body moves against its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freedom {
    Turns,
    Slides,
    Free,
}

/// A rigid body with the joint that moves it.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    pub(crate) parent: Option<usize>,
    /// Where the body stands in its parent (or the base) with the joint at 0.
    pub(crate) parent_from_joint: Frame,
    pub(crate) freedom: Freedom,
    /// Says whether the body turns about its z axis.
    pub(crate) rotary: bool,
    /// The first of its velocities; of a mimic, that of the joint it follows.
    pub(crate) joint: usize,
    /// The first of its positions.
    pub(crate) first_position: usize,
    /// The first of its columns in [`Column`]'s order.
    pub(crate) first_column: usize,
    /// `position = ratio · value + offset`; 1 and 0 unless the body's joint is a mimic.
    pub(crate) ratio: f64,
    pub(crate) offset: f64,
    pub(crate) inertia: BodyInertia,
    /// Without payloads.
    pub(crate) own_inertia: Inertia,
}

/// One degree of freedom of one body. A mimic's is the one of the joint it follows, once more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub(crate) velocity: usize,
    /// The next one on the way to the base; of a free body's six, each carries the next.
    pub(crate) carrier: Option<usize>,
}

/// Mass, first moment m·c and rotational inertia about the origin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct BodyInertia {
    pub(crate) mass: f64,
    pub(crate) first_moment: Vec3,
    pub(crate) rotational: Sym3,
}

/// A force, and its moment about the origin of one named frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Wrench {
    pub(crate) force: Vec3,
    pub(crate) moment: Vec3,
}

impl Wrench {
    pub(crate) const ZERO: Self = Self {
        force: Vec3::ZERO,
        moment: Vec3::ZERO,
    };

    /// The same about a point from which the present one is seen at `r`.
    #[inline]
    pub(crate) fn seen_from(self, r: Vec3) -> Self {
        Self {
            force: self.force,
            moment: self.moment + r.cross(self.force),
        }
    }

    /// The same about the origin and in the axes of a, for `a_from_b` and a wrench in those of b.
    #[inline]
    pub(crate) fn into_a(self, a_from_b: &Frame) -> Self {
        let in_axes = Self {
            force: a_from_b.rotation.apply(self.force),
            moment: a_from_b.rotation.apply(self.moment),
        };
        in_axes.seen_from(a_from_b.origin)
    }
}

impl std::ops::AddAssign for Wrench {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        self.force += other.force;
        self.moment += other.moment;
    }
}

impl BodyInertia {
    pub(crate) const ZERO: Self = Self {
        mass: 0.0,
        first_moment: Vec3::ZERO,
        rotational: Sym3::ZERO,
    };

    /// The same in the axes of a, for `rotation = a_from_b`.
    #[inline]
    pub(crate) fn rotated(&self, rotation: &Mat3) -> Self {
        Self {
            mass: self.mass,
            first_moment: rotation.apply(self.first_moment),
            rotational: self.rotational.rotated(rotation),
        }
    }

    /// The same about a point from which the present one is seen at `r` (parallel axes).
    #[inline]
    pub(crate) fn seen_from(&self, r: Vec3) -> Self {
        let middle = self.first_moment + r * (0.5 * self.mass);
        Self {
            mass: self.mass,
            first_moment: self.first_moment + r * self.mass,
            rotational: self.rotational.minus_double_cross(middle, r),
        }
    }

    /// What gives the body an acceleration along `axis`.
    #[inline]
    pub(crate) fn push(&self, axis: Vec3) -> Wrench {
        Wrench {
            force: axis * self.mass,
            moment: self.first_moment.cross(axis),
        }
    }

    /// What gives the body an angular acceleration about `axis`.
    #[inline]
    pub(crate) fn twist(&self, axis: Vec3) -> Wrench {
        Wrench {
            force: axis.cross(self.first_moment),
            moment: self.rotational.apply(axis),
        }
    }
}

impl std::ops::AddAssign for BodyInertia {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        self.mass += other.mass;
        self.first_moment += other.first_moment;
        self.rotational = self.rotational + other.rotational;
    }
}

impl From<&Inertia> for BodyInertia {
    fn from(inertia: &Inertia) -> Self {
        Self {
            mass: inertia.mass,
            first_moment: inertia.first_moment.into(),
            rotational: Sym3::from(&inertia.rotational),
        }
    }
}

impl From<&Placement> for Frame {
    fn from(placement: &Placement) -> Self {
        Self {
            rotation: Mat3::from(&placement.rotation),
            origin: placement.translation.into(),
        }
    }
}

impl Frame {
    pub(crate) const IDENTITY: Self = Self {
        rotation: Mat3::IDENTITY,
        origin: Vec3::ZERO,
    };
}

impl Body {
    /// How many degrees of freedom the body's joint has.
    pub(crate) fn column_count(&self) -> usize {
        match self.freedom {
            Freedom::Turns | Freedom::Slides => 1,
            Freedom::Free => FREE_VELOCITIES,
        }
    }

    /// Where the body stands in its parent when its joint's value is `value`.
    ///
    /// # Panics
    /// If the body is free.
    pub(crate) fn parent_from_body(&self, value: f64) -> Placement {
        assert!(
            self.freedom != Freedom::Free,
            "a free body has more than one value"
        );
        let Frame { rotation, origin } = self.moved(&self.parent_from_joint, &[value], 0);
        Placement {
            rotation: (&rotation).into(),
            translation: origin.into(),
        }
    }

    /// Adds what the body's joint feels of a wrench in the body's axes to the values of all joints. A free body's are its own alone: they are set.
    #[inline]
    pub(crate) fn feel(&self, Wrench { force, moment }: Wrench, values: &mut [f64]) {
        match self.freedom {
            Freedom::Turns => values[self.joint] += self.ratio * moment.z,
            Freedom::Slides => values[self.joint] += self.ratio * force.z,
            Freedom::Free => set_free(values, self.joint, force, moment),
        }
    }

    /// Where the body stands in its parent.
    #[inline(always)]
    pub(crate) fn in_parent(&self, q: &[f64]) -> Frame {
        self.moved(&self.parent_from_joint, q, self.first_position)
    }

    /// The body's axes as the base sees them, and the way from the parent's origin to its own in base axes.
    #[inline(always)]
    pub(crate) fn in_base_axes(&self, base_from_parent: Option<&Mat3>, q: &[f64]) -> Frame {
        let Some(base_from_parent) = base_from_parent else {
            return self.in_parent(q);
        };
        let joint = Frame {
            rotation: base_from_parent.times(&self.parent_from_joint.rotation),
            origin: base_from_parent.apply(self.parent_from_joint.origin),
        };
        self.moved(&joint, q, self.first_position)
    }

    // Called once for each algorithm, in its innermost loop.
    #[inline(always)]
    fn moved(&self, joint: &Frame, q: &[f64], first: usize) -> Frame {
        match self.freedom {
            Freedom::Turns => {
                let (sin, cos) = sin_cos(self.ratio * q[first] + self.offset);
                Frame {
                    rotation: joint.rotation.turned(sin, cos),
                    origin: joint.origin,
                }
            }
            Freedom::Slides => Frame {
                rotation: joint.rotation,
                origin: joint.origin + joint.rotation.z * (self.ratio * q[first] + self.offset),
            },
            Freedom::Free => {
                let at = free_position(q, first);
                Frame {
                    rotation: joint.rotation.times(&at.rotation),
                    origin: joint.origin + joint.rotation.apply(at.origin),
                }
            }
        }
    }
}

/// The pose that the seven numbers from `first` on stand for.
#[inline]
pub(crate) fn free_position(q: &[f64], first: usize) -> Frame {
    let q = &q[first..first + FREE_POSITIONS];
    Frame {
        rotation: Mat3::from_quaternion([q[3], q[4], q[5], q[6]]),
        origin: Vec3::new(q[0], q[1], q[2]),
    }
}

/// The linear and the angular part of the six numbers from `first` on.
#[inline]
pub(crate) fn free_velocity(v: &[f64], first: usize) -> (Vec3, Vec3) {
    let v = &v[first..first + FREE_VELOCITIES];
    (Vec3::new(v[0], v[1], v[2]), Vec3::new(v[3], v[4], v[5]))
}

/// Puts linear and angular parts back among joint values.
#[inline]
pub(crate) fn set_free(v: &mut [f64], first: usize, linear: Vec3, angular: Vec3) {
    let values = [linear.x, linear.y, linear.z, angular.x, angular.y, angular.z];
    v[first..first + FREE_VELOCITIES].copy_from_slice(&values);
}
