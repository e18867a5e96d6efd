//! Placements of frames, and inertias of rigid bodies, as a description gives them.
//!
//! A [`Placement`] named `a_from_b` takes coordinates in b to coordinates in a. Units: m, kg, kg·m².
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placement_and_its_inverse_cancel() {
        let a_from_b = Placement::from_xyz_rpy([0.3, -0.2, 0.5], [0.4, -1.1, 2.0]);
        let identity = a_from_b.then(&a_from_b.inverse());
        assert!((identity.rotation - Matrix3::identity()).norm() < 1e-14);
        assert!(identity.translation.norm() < 1e-14);
    }

    #[test]
    fn an_inertia_about_another_frame_is_the_one_of_the_moved_body() {
        let tensor = Matrix3::new(0.3, 0.01, -0.02, 0.01, 0.25, 0.03, -0.02, 0.03, 0.2);
        let com = Vector3::new(0.1, 0.2, -0.3);
        let a_from_b = Placement::from_xyz_rpy([0.3, -0.2, 0.5], [0.4, -1.1, 2.0]);
        let r = a_from_b.rotation;
        let moved = Inertia::about_origin(2.5, &com, &tensor).into_a(&a_from_b);
        let by_hand = Inertia::about_origin(
            2.5,
            &(r * com + a_from_b.translation),
            &(r * tensor * r.transpose()),
        );
        assert!((moved.first_moment - by_hand.first_moment).norm() < 1e-14);
        assert!((moved.rotational - by_hand.rotational).norm() < 1e-14);
    }
}
