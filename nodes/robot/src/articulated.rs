//! The apparent inertia of a body with everything that hangs from it on free joints (RBDA chapter 7).
//!
//! A symmetric 6×6 in blocks, about the body's origin: `force = linear·a + coupling·α`, `moment = couplingᵀ·a + angular·α`.

use crate::body::{BodyInertia, Wrench};
use crate::vector::{Mat3, Sym3, Vec3};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ArticulatedInertia {
    pub(crate) linear: Sym3,
    pub(crate) coupling: Mat3,
    pub(crate) angular: Sym3,
}

impl ArticulatedInertia {
    pub(crate) const ZERO: Self = Self {
        linear: Sym3::ZERO,
        coupling: Mat3::new(Vec3::ZERO, Vec3::ZERO, Vec3::ZERO),
        angular: Sym3::ZERO,
    };

    #[inline]
    pub(crate) fn from_rigid(inertia: &BodyInertia) -> Self {
        let h = inertia.first_moment;
        Self {
            linear: Sym3::diagonal(inertia.mass),
            // −[h]×
            coupling: Mat3::new(
                Vec3::new(0.0, -h.z, h.y),
                Vec3::new(h.z, 0.0, -h.x),
                Vec3::new(-h.y, h.x, 0.0),
            ),
            angular: inertia.rotational,
        }
    }

    /// What gives the body these accelerations.
    #[inline]
    pub(crate) fn mul(&self, linear: Vec3, angular: Vec3) -> Wrench {
        Wrench {
            force: self.linear.apply(linear) + self.coupling.apply(angular),
            moment: self.coupling.apply_transposed(linear) + self.angular.apply(angular),
        }
    }

    /// What gives the body an acceleration along `axis`.
    #[inline]
    pub(crate) fn push(&self, axis: Vec3) -> Wrench {
        Wrench {
            force: self.linear.apply(axis),
            moment: self.coupling.apply_transposed(axis),
        }
    }

    /// What gives the body an angular acceleration about `axis`.
    #[inline]
    pub(crate) fn twist(&self, axis: Vec3) -> Wrench {
        Wrench {
            force: self.coupling.apply(axis),
            moment: self.angular.apply(axis),
        }
    }

    /// `self − u·uᵀ·k`: what is left of the inertia once a joint gives way.
    #[inline]
    pub(crate) fn without(&self, u: &Wrench, k: f64) -> Self {
        let (force, moment) = (u.force * k, u.moment * k);
        Self {
            linear: self.linear.minus_outer(force, u.force),
            coupling: Mat3::new(
                self.coupling.x - force * u.moment.x,
                self.coupling.y - force * u.moment.y,
                self.coupling.z - force * u.moment.z,
            ),
            angular: self.angular.minus_outer(moment, u.moment),
        }
    }

    /// Adds another one that is seen at `r` from the origin of this one.
    #[inline]
    pub(crate) fn add_seen_from(&mut self, other: &Self, r: Vec3) {
        let Sym3 {
            xx,
            xy,
            xz,
            yy,
            yz,
            zz,
        } = other.linear;
        // coupling − linear·[r]×
        let b = other.coupling;
        let moved = Mat3::new(
            Vec3::new(
                b.x.x - (xy * r.z - xz * r.y),
                b.x.y - (yy * r.z - yz * r.y),
                b.x.z - (yz * r.z - zz * r.y),
            ),
            Vec3::new(
                b.y.x - (xz * r.x - xx * r.z),
                b.y.y - (yz * r.x - xy * r.z),
                b.y.z - (zz * r.x - xz * r.z),
            ),
            Vec3::new(
                b.z.x - (xx * r.y - xy * r.x),
                b.z.y - (xy * r.y - yy * r.x),
                b.z.z - (xz * r.y - yz * r.x),
            ),
        );
        // angular + [r]×·moved + ([r]×·coupling)ᵀ, of which six entries differ.
        let (p, q) = (&b, &moved);
        self.angular = self.angular
            + Sym3 {
                xx: other.angular.xx + r.y * (p.x.z + q.x.z) - r.z * (p.x.y + q.x.y),
                xy: other.angular.xy + (r.y * q.y.z - r.z * q.y.y) + (r.z * p.x.x - r.x * p.x.z),
                xz: other.angular.xz + (r.y * q.z.z - r.z * q.z.y) + (r.x * p.x.y - r.y * p.x.x),
                yy: other.angular.yy + r.z * (p.y.x + q.y.x) - r.x * (p.y.z + q.y.z),
                yz: other.angular.yz + (r.z * q.z.x - r.x * q.z.z) + (r.x * p.y.y - r.y * p.y.x),
                zz: other.angular.zz + r.x * (p.z.y + q.z.y) - r.y * (p.z.x + q.z.x),
            };
        self.linear = self.linear + other.linear;
        self.coupling = Mat3::new(
            self.coupling.x + moved.x,
            self.coupling.y + moved.y,
            self.coupling.z + moved.z,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_close(a: &Wrench, b: &Wrench) {
        let difference =
            (a.force - b.force).dot(a.force - b.force) + (a.moment - b.moment).dot(a.moment - b.moment);
        assert!(difference < 1e-24, "{a:?} {b:?}");
    }

    fn rigid() -> BodyInertia {
        BodyInertia {
            mass: 2.5,
            first_moment: Vec3::new(0.25, 0.5, -0.75),
            rotational: Sym3 {
                xx: 0.6,
                xy: 0.01,
                xz: -0.02,
                yy: 0.5,
                yz: 0.03,
                zz: 0.4,
            },
        }
    }

    const R: Vec3 = Vec3::new(0.3, -0.2, 0.5);
    const LINEAR: Vec3 = Vec3::new(1.0, -2.0, 0.5);
    const ANGULAR: Vec3 = Vec3::new(0.3, 0.7, -1.2);

    #[test]
    fn of_a_rigid_body_it_acts_like_it_about_every_point() {
        let rigid = rigid();
        let sum = |inertia: &BodyInertia| {
            let mut sum = Wrench::ZERO;
            for (axis, (l, a)) in [Mat3::IDENTITY.x, Mat3::IDENTITY.y, Mat3::IDENTITY.z]
                .iter()
                .zip([
                    (LINEAR.x, ANGULAR.x),
                    (LINEAR.y, ANGULAR.y),
                    (LINEAR.z, ANGULAR.z),
                ])
            {
                sum += inertia.push(*axis * l);
                sum += inertia.twist(*axis * a);
            }
            sum
        };
        let articulated = ArticulatedInertia::from_rigid(&rigid);
        assert_close(&articulated.mul(LINEAR, ANGULAR), &sum(&rigid));
        let mut moved = ArticulatedInertia::ZERO;
        moved.add_seen_from(&articulated, R);
        assert_close(&moved.mul(LINEAR, ANGULAR), &sum(&rigid.seen_from(R)));
    }

    #[test]
    fn seen_from_elsewhere_it_asks_for_the_same_force() {
        // Not a rigid body's any more: its mass depends on the direction.
        let push = Wrench {
            force: Vec3::new(0.2, -0.4, 0.1),
            moment: Vec3::new(0.1, 0.3, -0.2),
        };
        let inertia = ArticulatedInertia::from_rigid(&rigid()).without(&push, 0.7);
        let mut moved = ArticulatedInertia::ZERO;
        moved.add_seen_from(&inertia, R);
        let by_hand = inertia.mul(LINEAR + ANGULAR.cross(R), ANGULAR).seen_from(R);
        assert_close(&moved.mul(LINEAR, ANGULAR), &by_hand);
    }
}
