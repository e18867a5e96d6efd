//! Vectors and 3×3 matrices of the inner loops, as plain numbers.
//!
//! Decides how the dynamics calculate: with the few products they need, written out, so that nothing is left for a compiler to find and
//! debug builds stay quick. The rest of the crate, and its users, see nalgebra's types.
//!
//! **Invariant:** the order of every sum is fixed, so debug and release builds give the same bytes.

use std::ops::{Add, AddAssign, Mul, Neg, Sub};

use nalgebra::{Matrix3, Vector3};

/// A vector in some frame.
///
/// Aligned, so that compilers load pairs of numbers in the pairs in which they were stored: a load across two recent stores stalls.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(align(16))]
pub(crate) struct Vec3 {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) z: f64,
}

impl Vec3 {
    pub(crate) const ZERO: Self = Self::new(0.0, 0.0, 0.0);

    #[inline]
    pub(crate) const fn new(x: f64, y: f64, z: f64) -> Self {
        Self { x, y, z }
    }

    #[inline]
    pub(crate) fn dot(self, other: Self) -> f64 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }

    #[inline]
    pub(crate) fn cross(self, other: Self) -> Self {
        Self::new(
            self.y * other.z - self.z * other.y,
            self.z * other.x - self.x * other.z,
            self.x * other.y - self.y * other.x,
        )
    }
}

impl Add for Vec3 {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self::new(self.x + other.x, self.y + other.y, self.z + other.z)
    }
}

impl AddAssign for Vec3 {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Vec3 {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        Self::new(self.x - other.x, self.y - other.y, self.z - other.z)
    }
}

impl Neg for Vec3 {
    type Output = Self;
    #[inline]
    fn neg(self) -> Self {
        Self::new(-self.x, -self.y, -self.z)
    }
}

impl Mul<f64> for Vec3 {
    type Output = Self;
    #[inline]
    fn mul(self, k: f64) -> Self {
        Self::new(self.x * k, self.y * k, self.z * k)
    }
}

impl From<Vector3<f64>> for Vec3 {
    #[inline]
    fn from(v: Vector3<f64>) -> Self {
        Self::new(v.x, v.y, v.z)
    }
}

impl From<Vec3> for Vector3<f64> {
    #[inline]
    fn from(v: Vec3) -> Self {
        Self::new(v.x, v.y, v.z)
    }
}

/// A matrix by its columns: of a rotation `a_from_b`, the axes of b as a sees them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Mat3 {
    pub(crate) x: Vec3,
    pub(crate) y: Vec3,
    pub(crate) z: Vec3,
}

impl Mat3 {
    pub(crate) const IDENTITY: Self = Self::new(
        Vec3::new(1.0, 0.0, 0.0),
        Vec3::new(0.0, 1.0, 0.0),
        Vec3::new(0.0, 0.0, 1.0),
    );

    #[inline]
    pub(crate) const fn new(x: Vec3, y: Vec3, z: Vec3) -> Self {
        Self { x, y, z }
    }

    /// `self · v`.
    #[inline]
    pub(crate) fn apply(&self, v: Vec3) -> Vec3 {
        self.x * v.x + self.y * v.y + self.z * v.z
    }

    /// `selfᵀ · v`.
    #[inline]
    pub(crate) fn apply_transposed(&self, v: Vec3) -> Vec3 {
        Vec3::new(self.x.dot(v), self.y.dot(v), self.z.dot(v))
    }

    /// `self · other`.
    #[inline]
    pub(crate) fn times(&self, other: &Self) -> Self {
        Self::new(self.apply(other.x), self.apply(other.y), self.apply(other.z))
    }

    /// This rotation after a turn about its own z axis.
    #[inline]
    pub(crate) fn turned(&self, sin: f64, cos: f64) -> Self {
        Self::new(self.x * cos + self.y * sin, self.y * cos - self.x * sin, self.z)
    }

    /// From a quaternion (x, y, z, w) of any length but 0.
    #[inline]
    pub(crate) fn from_quaternion([x, y, z, w]: [f64; 4]) -> Self {
        let s = 2.0 / (x * x + y * y + z * z + w * w);
        Self::new(
            Vec3::new(
                1.0 - s * (y * y + z * z),
                s * (x * y + z * w),
                s * (x * z - y * w),
            ),
            Vec3::new(
                s * (x * y - z * w),
                1.0 - s * (x * x + z * z),
                s * (y * z + x * w),
            ),
            Vec3::new(
                s * (x * z + y * w),
                s * (y * z - x * w),
                1.0 - s * (x * x + y * y),
            ),
        )
    }
}

impl From<&Matrix3<f64>> for Mat3 {
    #[inline]
    fn from(m: &Matrix3<f64>) -> Self {
        Self::new(
            Vec3::new(m.m11, m.m21, m.m31),
            Vec3::new(m.m12, m.m22, m.m32),
            Vec3::new(m.m13, m.m23, m.m33),
        )
    }
}

impl From<&Mat3> for Matrix3<f64> {
    #[inline]
    fn from(m: &Mat3) -> Self {
        Self::new(m.x.x, m.y.x, m.z.x, m.x.y, m.y.y, m.z.y, m.x.z, m.y.z, m.z.z)
    }
}

/// A symmetric matrix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sym3 {
    pub(crate) xx: f64,
    pub(crate) xy: f64,
    pub(crate) xz: f64,
    pub(crate) yy: f64,
    pub(crate) yz: f64,
    pub(crate) zz: f64,
}

impl Sym3 {
    pub(crate) const ZERO: Self = Self::diagonal(0.0);

    #[inline]
    pub(crate) const fn diagonal(d: f64) -> Self {
        Self {
            xx: d,
            xy: 0.0,
            xz: 0.0,
            yy: d,
            yz: 0.0,
            zz: d,
        }
    }

    /// `self · v`.
    #[inline]
    pub(crate) fn apply(&self, v: Vec3) -> Vec3 {
        Vec3::new(
            self.xx * v.x + self.xy * v.y + self.xz * v.z,
            self.xy * v.x + self.yy * v.y + self.yz * v.z,
            self.xz * v.x + self.yz * v.y + self.zz * v.z,
        )
    }

    /// `r · self · rᵀ`.
    #[inline]
    pub(crate) fn rotated(&self, r: &Mat3) -> Self {
        // Columns of r · self, then only the six products that differ.
        let x = r.x * self.xx + r.y * self.xy + r.z * self.xz;
        let y = r.x * self.xy + r.y * self.yy + r.z * self.yz;
        let z = r.x * self.xz + r.y * self.yz + r.z * self.zz;
        Self {
            xx: x.x * r.x.x + y.x * r.y.x + z.x * r.z.x,
            xy: x.x * r.x.y + y.x * r.y.y + z.x * r.z.y,
            xz: x.x * r.x.z + y.x * r.y.z + z.x * r.z.z,
            yy: x.y * r.x.y + y.y * r.y.y + z.y * r.z.y,
            yz: x.y * r.x.z + y.y * r.y.z + z.y * r.z.z,
            zz: x.z * r.x.z + y.z * r.y.z + z.z * r.z.z,
        }
    }

    /// `self − a·bᵀ`, where `a·bᵀ` is symmetric.
    #[inline]
    pub(crate) fn minus_outer(&self, a: Vec3, b: Vec3) -> Self {
        Self {
            xx: self.xx - a.x * b.x,
            xy: self.xy - a.x * b.y,
            xz: self.xz - a.x * b.z,
            yy: self.yy - a.y * b.y,
            yz: self.yz - a.y * b.z,
            zz: self.zz - a.z * b.z,
        }
    }

    /// `self − [a]× [b]× − [b]× [a]×`, which is `self + 2(a·b)·1 − a·bᵀ − b·aᵀ`.
    #[inline]
    pub(crate) fn minus_double_cross(&self, a: Vec3, b: Vec3) -> Self {
        let (xx, yy, zz) = (2.0 * a.x * b.x, 2.0 * a.y * b.y, 2.0 * a.z * b.z);
        Self {
            xx: self.xx + (yy + zz),
            xy: self.xy - (a.x * b.y + a.y * b.x),
            xz: self.xz - (a.x * b.z + a.z * b.x),
            yy: self.yy + (xx + zz),
            yz: self.yz - (a.y * b.z + a.z * b.y),
            zz: self.zz + (xx + yy),
        }
    }
}

impl Add for Sym3 {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self {
            xx: self.xx + other.xx,
            xy: self.xy + other.xy,
            xz: self.xz + other.xz,
            yy: self.yy + other.yy,
            yz: self.yz + other.yz,
            zz: self.zz + other.zz,
        }
    }
}

impl From<&Matrix3<f64>> for Sym3 {
    fn from(m: &Matrix3<f64>) -> Self {
        Self {
            xx: m.m11,
            xy: m.m12,
            xz: m.m13,
            yy: m.m22,
            yz: m.m23,
            zz: m.m33,
        }
    }
}

impl From<&Sym3> for Matrix3<f64> {
    fn from(s: &Sym3) -> Self {
        Self::new(s.xx, s.xy, s.xz, s.xy, s.yy, s.yz, s.xz, s.yz, s.zz)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::{Quaternion, Rotation3, UnitQuaternion};

    fn sample() -> (Rotation3<f64>, Matrix3<f64>, Vector3<f64>, Vector3<f64>) {
        let rotation = Rotation3::from_euler_angles(0.4, -1.1, 2.0);
        let tensor = Matrix3::new(0.3, 0.01, -0.02, 0.01, 0.25, 0.03, -0.02, 0.03, 0.2);
        (
            rotation,
            tensor,
            Vector3::new(0.3, -0.7, 1.9),
            Vector3::new(-1.2, 0.4, 0.8),
        )
    }

    #[track_caller]
    fn assert_same(ours: &Matrix3<f64>, theirs: &Matrix3<f64>) {
        assert!((ours - theirs).amax() < 1e-15, "{ours} {theirs}");
    }

    #[test]
    fn products_are_those_of_nalgebra() {
        let (rotation, tensor, a, b) = sample();
        let (r, s) = (Mat3::from(rotation.matrix()), Sym3::from(&tensor));
        let close = |ours: Vec3, theirs: Vector3<f64>| {
            assert!((Vector3::from(ours) - theirs).norm() < 1e-15, "{ours:?} {theirs}");
        };
        close(r.apply(a.into()), rotation * a);
        close(r.apply_transposed(a.into()), rotation.inverse() * a);
        close(s.apply(a.into()), tensor * a);
        close(Vec3::from(a).cross(b.into()), a.cross(&b));
        assert_same(
            &(&s.rotated(&r)).into(),
            &(rotation.matrix() * tensor * rotation.matrix().transpose()),
        );
        assert_same(
            &(&s.minus_double_cross(a.into(), b.into())).into(),
            &(tensor - a.cross_matrix() * b.cross_matrix() - b.cross_matrix() * a.cross_matrix()),
        );
        assert_same(
            &(&s.minus_outer(a.into(), (a * 0.5).into())).into(),
            &(tensor - a * a.transpose() * 0.5),
        );
        let about_z = Rotation3::from_axis_angle(&Vector3::z_axis(), 0.7);
        let turned = r.turned(0.7_f64.sin(), 0.7_f64.cos());
        assert_same(&(&turned).into(), (rotation * about_z).matrix());
        assert_same(&(&r.times(&r)).into(), (rotation * rotation).matrix());
    }

    #[test]
    fn a_quaternion_of_any_length_is_a_rotation() {
        let q = Quaternion::new(0.3, -0.5, 0.2, 0.9);
        let expected = UnitQuaternion::from_quaternion(q).to_rotation_matrix();
        let ours = Mat3::from_quaternion([q.i, q.j, q.k, q.w]);
        assert_same(&(&ours).into(), expected.matrix());
    }
}
