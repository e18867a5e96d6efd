//! Spatial (six-dimensional) vectors, placements and rigid-body inertias.
//!
//! Decides how the algorithms of this crate represent Featherstone's spatial algebra: each 6-vector is a pair of
//! 3-vectors, linear part first, in the axes and about the origin of one named frame. A [`Placement`] named
//! `a_from_b` takes coordinates in b to coordinates in a.
//!
//! Formulas: R. Featherstone, *Rigid Body Dynamics Algorithms* (2008), "RBDA" in this crate; table 2.8 has them in
//! the same compact form.
//!
//! **Invariant:** the rotation of a `Placement` is orthonormal; no function here re-normalises.

use nalgebra::{Isometry3, Matrix3, Rotation3, Translation3, UnitQuaternion, Vector3};

/// The cross-product matrix of `v`: `skew(v) * w == v.cross(&w)`.
pub(crate) fn skew(v: &Vector3<f64>) -> Matrix3<f64> {
    v.cross_matrix()
}

/// A spatial motion vector (velocity, acceleration, joint axis): linear part at the frame's origin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Motion {
    pub(crate) linear: Vector3<f64>,
    pub(crate) angular: Vector3<f64>,
}

/// A spatial force vector: force, and moment about the frame's origin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Force {
    pub(crate) force: Vector3<f64>,
    pub(crate) moment: Vector3<f64>,
}

impl Motion {
    pub(crate) fn zero() -> Self {
        Self {
            linear: Vector3::zeros(),
            angular: Vector3::zeros(),
        }
    }

    /// `self × other` of two motions (RBDA eq. 2.31).
    pub(crate) fn cross_motion(&self, other: &Motion) -> Motion {
        Motion {
            linear: self.angular.cross(&other.linear) + self.linear.cross(&other.angular),
            angular: self.angular.cross(&other.angular),
        }
    }

    /// `self ×* force` (RBDA eq. 2.32).
    pub(crate) fn cross_force(&self, f: &Force) -> Force {
        Force {
            force: self.angular.cross(&f.force),
            moment: self.angular.cross(&f.moment) + self.linear.cross(&f.force),
        }
    }

    /// The power of a force on this velocity.
    pub(crate) fn dot(&self, f: &Force) -> f64 {
        self.linear.dot(&f.force) + self.angular.dot(&f.moment)
    }
}

impl std::ops::Add for Motion {
    type Output = Motion;
    fn add(self, other: Motion) -> Motion {
        Motion {
            linear: self.linear + other.linear,
            angular: self.angular + other.angular,
        }
    }
}

impl Force {
    pub(crate) fn zero() -> Self {
        Self {
            force: Vector3::zeros(),
            moment: Vector3::zeros(),
        }
    }
}

impl std::ops::Add for Force {
    type Output = Force;
    fn add(self, other: Force) -> Force {
        Force {
            force: self.force + other.force,
            moment: self.moment + other.moment,
        }
    }
}

/// Where a frame b stands in a frame a: `x_a = rotation · x_b + translation`.
///
/// A rotation matrix, not a quaternion: the algorithms rotate far more vectors than they compose rotations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Placement {
    pub(crate) rotation: Matrix3<f64>,
    pub(crate) translation: Vector3<f64>,
}

impl Placement {
    pub(crate) fn identity() -> Self {
        Self {
            rotation: Matrix3::identity(),
            translation: Vector3::zeros(),
        }
    }

    /// From URDF's fixed-axis roll, pitch, yaw.
    pub(crate) fn from_xyz_rpy(xyz: [f64; 3], rpy: [f64; 3]) -> Self {
        Self {
            rotation: Rotation3::from_euler_angles(rpy[0], rpy[1], rpy[2]).into_inner(),
            translation: Vector3::from(xyz),
        }
    }

    pub(crate) fn inverse(&self) -> Placement {
        let rotation = self.rotation.transpose();
        Placement {
            rotation,
            translation: -(rotation * self.translation),
        }
    }

    /// `a_from_b.then(b_from_c)` is `a_from_c`.
    pub(crate) fn then(&self, b_from_c: &Placement) -> Placement {
        Placement {
            rotation: self.rotation * b_from_c.rotation,
            translation: self.rotation * b_from_c.translation + self.translation,
        }
    }

    pub(crate) fn to_isometry(self) -> Isometry3<f64> {
        let rotation = Rotation3::from_matrix_unchecked(self.rotation);
        Isometry3::from_parts(
            Translation3::from(self.translation),
            UnitQuaternion::from_rotation_matrix(&rotation),
        )
    }

    /// A motion given in a, in the coordinates of b.
    pub(crate) fn motion_into_b(&self, m: &Motion) -> Motion {
        Motion {
            linear: self
                .rotation
                .tr_mul(&(m.linear - self.translation.cross(&m.angular))),
            angular: self.rotation.tr_mul(&m.angular),
        }
    }

    /// A force given in b, in the coordinates of a.
    pub(crate) fn force_into_a(&self, f: &Force) -> Force {
        let force = self.rotation * f.force;
        Force {
            force,
            moment: self.rotation * f.moment + self.translation.cross(&force),
        }
    }
}

/// The inertia of a rigid body about its frame's origin: mass, first moment `m·c`, rotational inertia.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Inertia {
    pub(crate) mass: f64,
    pub(crate) first_moment: Vector3<f64>,
    pub(crate) rotational: Matrix3<f64>,
}

impl Inertia {
    pub(crate) fn zero() -> Self {
        Self {
            mass: 0.0,
            first_moment: Vector3::zeros(),
            rotational: Matrix3::zeros(),
        }
    }

    /// From mass, centre of mass and rotational inertia about the centre of mass (RBDA eq. 2.63).
    pub(crate) fn about_origin(mass: f64, com: &Vector3<f64>, rotational_at_com: &Matrix3<f64>) -> Self {
        let c = skew(com);
        Self {
            mass,
            first_moment: mass * com,
            rotational: rotational_at_com + mass * c * c.transpose(),
        }
    }

    /// The momentum of the body at velocity `v`, or the force that gives it acceleration `v`.
    pub(crate) fn mul(&self, v: &Motion) -> Force {
        Force {
            force: self.mass * v.linear - self.first_moment.cross(&v.angular),
            moment: self.rotational * v.angular + self.first_moment.cross(&v.linear),
        }
    }

    /// This inertia, given in b, about the origin and in the axes of a, for `placement = a_from_b` (RBDA eq. 2.66).
    pub(crate) fn into_a(self, a_from_b: &Placement) -> Inertia {
        let (r, p) = (&a_from_b.rotation, &a_from_b.translation);
        let h = r * self.first_moment;
        // −[h]×[p]× − [p]×[h]× − m [p]×[p]×, written without matrix products.
        let cross = h * p.transpose() + p * h.transpose() + self.mass * p * p.transpose();
        let diagonal = 2.0 * h.dot(p) + self.mass * p.norm_squared();
        Inertia {
            mass: self.mass,
            first_moment: h + self.mass * p,
            rotational: r * self.rotational * r.transpose() + Matrix3::identity() * diagonal - cross,
        }
    }
}

impl std::ops::Add for Inertia {
    type Output = Inertia;
    fn add(self, other: Inertia) -> Inertia {
        Inertia {
            mass: self.mass + other.mass,
            first_moment: self.first_moment + other.first_moment,
            rotational: self.rotational + other.rotational,
        }
    }
}

/// The apparent inertia of a body with everything that hangs from it on free joints: a symmetric 6×6 in blocks,
/// `force = linear·v + coupling·ω`, `moment = couplingᵀ·v + angular·ω`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ArticulatedInertia {
    pub(crate) linear: Matrix3<f64>,
    pub(crate) coupling: Matrix3<f64>,
    pub(crate) angular: Matrix3<f64>,
}

impl ArticulatedInertia {
    pub(crate) fn zero() -> Self {
        Self {
            linear: Matrix3::zeros(),
            coupling: Matrix3::zeros(),
            angular: Matrix3::zeros(),
        }
    }

    pub(crate) fn from_rigid(inertia: &Inertia) -> Self {
        Self {
            linear: Matrix3::identity() * inertia.mass,
            coupling: -skew(&inertia.first_moment),
            angular: inertia.rotational,
        }
    }

    pub(crate) fn mul(&self, v: &Motion) -> Force {
        Force {
            force: self.linear * v.linear + self.coupling * v.angular,
            moment: self.coupling.tr_mul(&v.linear) + self.angular * v.angular,
        }
    }

    /// `self − u·uᵀ/d`: what is left of the inertia once a joint is free to give way.
    pub(crate) fn without(&self, u: &Force, d: f64) -> Self {
        Self {
            linear: self.linear - u.force * u.force.transpose() / d,
            coupling: self.coupling - u.force * u.moment.transpose() / d,
            angular: self.angular - u.moment * u.moment.transpose() / d,
        }
    }

    /// This inertia, given in b, in the coordinates of a, for `placement = a_from_b`.
    pub(crate) fn into_a(self, a_from_b: &Placement) -> Self {
        let (r, p) = (&a_from_b.rotation, skew(&a_from_b.translation));
        let linear = r * self.linear * r.transpose();
        let coupling_rotated = r * self.coupling * r.transpose();
        let coupling = coupling_rotated - linear * p;
        Self {
            linear,
            coupling,
            angular: r * self.angular * r.transpose() + p * coupling - coupling_rotated.transpose() * p,
        }
    }
}

impl std::ops::Add for ArticulatedInertia {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            linear: self.linear + other.linear,
            coupling: self.coupling + other.coupling,
            angular: self.angular + other.angular,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (Placement, Inertia, Motion) {
        let placement = Placement::from_xyz_rpy([0.3, -0.2, 0.5], [0.4, -1.1, 2.0]);
        let rotational = Matrix3::new(0.3, 0.01, -0.02, 0.01, 0.25, 0.03, -0.02, 0.03, 0.2);
        let inertia = Inertia::about_origin(2.5, &Vector3::new(0.1, 0.2, -0.3), &rotational);
        let motion = Motion {
            linear: Vector3::new(1.0, -2.0, 0.5),
            angular: Vector3::new(0.3, 0.7, -1.2),
        };
        (placement, inertia, motion)
    }

    fn assert_close(a: &Force, b: &Force) {
        assert!(
            (a.force - b.force).norm() < 1e-12 && (a.moment - b.moment).norm() < 1e-12,
            "{a:?} {b:?}"
        );
    }

    #[test]
    fn moving_an_inertia_moves_its_momentum() {
        let (a_from_b, inertia, v_a) = sample();
        let moved = inertia.into_a(&a_from_b).mul(&v_a);
        let by_hand = a_from_b.force_into_a(&inertia.mul(&a_from_b.motion_into_b(&v_a)));
        assert_close(&moved, &by_hand);
    }

    #[test]
    fn an_articulated_inertia_of_a_rigid_body_acts_like_it_in_every_frame() {
        let (a_from_b, inertia, v_a) = sample();
        let articulated = ArticulatedInertia::from_rigid(&inertia);
        assert_close(&articulated.mul(&v_a), &inertia.mul(&v_a));
        assert_close(
            &articulated.into_a(&a_from_b).mul(&v_a),
            &inertia.into_a(&a_from_b).mul(&v_a),
        );
    }

    #[test]
    fn power_does_not_depend_on_the_frame() {
        let (a_from_b, inertia, v_a) = sample();
        let v_b = a_from_b.motion_into_b(&v_a);
        let f_b = inertia.mul(&v_b);
        assert!((v_b.dot(&f_b) - v_a.dot(&a_from_b.force_into_a(&f_b))).abs() < 1e-12);
    }

    #[test]
    fn a_placement_and_its_inverse_cancel() {
        let (a_from_b, ..) = sample();
        let identity = a_from_b.then(&a_from_b.inverse());
        assert!((identity.rotation - Matrix3::identity()).norm() < 1e-14);
        assert!(identity.translation.norm() < 1e-14);
    }
}
