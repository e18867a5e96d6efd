//! The signed distance of two solids, with the points where it is measured. Lengths in m.
//!
//! Decides which method answers: half-spaces and round pairs in closed form, the rest by [`gjk`](super::gjk) while the cores are apart and
//! [`epa`](super::epa) once they touch.
//!
//! **Invariant:** `on_b − on_a = distance · normal`, and the distance is never above the true one by more than rounding. The points are on the
//! solids to 1e-9, or to 1e-5 on the round faces of cylinders that are in something.

use nalgebra::{Isometry3, Point3, Vector3};

use super::gjk::{Apart, Outcome, Pair};
use super::segment;
use super::solid::Solid;
use crate::spatial::Placement;

/// How two solids stand to each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Separation {
    /// Shortest distance; where they overlap, minus the shortest motion that separates them.
    pub distance: f64,
    /// The point of the first that is closest to the second, or deepest in it.
    pub on_a: Point3<f64>,
    /// The point of the second that is closest to the first, or deepest in it.
    pub on_b: Point3<f64>,
    /// Unit vector along which the second moves to get away from the first.
    pub normal: Vector3<f64>,
}

impl Solid {
    /// The signed distance to another solid, each at its pose; points and normal are in the axes in which the poses are given.
    /// Two half-spaces always overlap without end: their distance is −∞.
    pub fn separation(
        &self,
        base_from_self: &Isometry3<f64>,
        other: &Solid,
        base_from_other: &Isometry3<f64>,
    ) -> Separation {
        let [a, b] = [base_from_self, base_from_other].map(Placement::from_isometry);
        separation(
            self,
            &a,
            other,
            &b,
            &(b.translation - a.translation),
            f64::INFINITY,
            0.0,
        )
        .expect("nothing is beyond an infinite distance")
    }
}

impl Separation {
    pub(crate) fn swapped(&self) -> Self {
        Self {
            distance: self.distance,
            on_a: self.on_b,
            on_b: self.on_a,
            normal: -self.normal,
        }
    }
}

/// The signed distance of two placed solids; `None` if it is known to be above `beyond`. `towards_b` is a guess of the direction from the first to
/// the second. A distance may be too small by a share of it, `slack`: that is known sooner.
pub(crate) fn separation(
    a: &Solid,
    base_from_a: &Placement,
    b: &Solid,
    base_from_b: &Placement,
    towards_b: &Vector3<f64>,
    beyond: f64,
    slack: f64,
) -> Option<Separation> {
    if a.is_half_space() {
        return Some(from_half_space(base_from_a, b, base_from_b));
    }
    if b.is_half_space() {
        return Some(from_half_space(base_from_b, a, base_from_a).swapped());
    }
    let radii = a.radius + b.radius;
    let apart = match (a.half_segment(), b.half_segment()) {
        (Some(half_a), Some(half_b)) => between_segments(base_from_a, half_a, base_from_b, half_b),
        _ => {
            let pair = Pair {
                a: &a.core,
                b: &b.core,
                a_from_b: base_from_a.inverse().then(base_from_b),
            };
            let towards_b = base_from_a.rotation.tr_mul(towards_b);
            let in_a = match pair.separate(&towards_b, beyond + radii, |least| slack * (least - radii)) {
                Outcome::Beyond => return None,
                Outcome::Apart(apart) => apart,
                Outcome::Touching(simplex) => pair.penetrate(&simplex),
            };
            Apart {
                distance: in_a.distance,
                on_a: base_from_a.point(&in_a.on_a),
                on_b: base_from_a.point(&in_a.on_b),
                normal: base_from_a.rotation * in_a.normal,
            }
        }
    };
    let distance = apart.distance - radii;
    // Points on round faces are known to the square root of what the distance is known to: share what is left over.
    let on_a = apart.on_a + apart.normal * a.radius;
    let on_b = apart.on_b - apart.normal * b.radius;
    let left_over = (on_b - on_a - apart.normal * distance) / 2.0;
    Some(Separation {
        distance,
        on_a: (on_a + left_over).into(),
        on_b: (on_b - left_over).into(),
        normal: apart.normal,
    })
}

fn between_segments(base_from_a: &Placement, half_a: f64, base_from_b: &Placement, half_b: f64) -> Apart {
    let first = base_from_a.ends(half_a);
    let second = base_from_b.ends(half_b);
    let [on_a, on_b] = segment::closest_points(&first, &second);
    let between = on_b - on_a;
    let distance = between.norm();
    // Segments that cross come free across both.
    let size = half_a + half_b + f64::MIN_POSITIVE;
    let normal = if distance > 1e-12 * size {
        between / distance
    } else {
        across(&(first[1] - first[0]), &(second[1] - second[0]))
    };
    Apart {
        distance,
        on_a,
        on_b,
        normal,
    }
}

/// A unit vector across two directions, either of which may be zero or along the other.
fn across(u: &Vector3<f64>, v: &Vector3<f64>) -> Vector3<f64> {
    let cross = u.cross(v);
    if cross.norm() > 1e-9 * u.norm() * v.norm() {
        return cross.normalize();
    }
    let longer = if u.norm() > v.norm() { u } else { v };
    let mut least = Vector3::zeros();
    least[longer.iamin()] = 1.0;
    longer.cross(&least).try_normalize(0.0).unwrap_or_else(Vector3::z)
}

fn from_half_space(base_from_plane: &Placement, solid: &Solid, base_from_solid: &Placement) -> Separation {
    let normal: Vector3<f64> = base_from_plane.rotation.column(2).into();
    if solid.is_half_space() {
        return Separation {
            distance: f64::NEG_INFINITY,
            on_a: base_from_plane.translation.into(),
            on_b: base_from_solid.translation.into(),
            normal,
        };
    }
    let down = -base_from_solid.rotation.tr_mul(&normal);
    let lowest = base_from_solid.point(&solid.core.support(&down)) - normal * solid.radius;
    let distance = normal.dot(&(lowest - base_from_plane.translation));
    Separation {
        distance,
        on_a: (lowest - normal * distance).into(),
        on_b: lowest.into(),
        normal,
    }
}

impl Placement {
    pub(crate) fn from_isometry(pose: &Isometry3<f64>) -> Self {
        Self {
            rotation: pose.rotation.to_rotation_matrix().into_inner(),
            translation: pose.translation.vector,
        }
    }

    /// A point of b in the axes of a.
    pub(crate) fn point(&self, in_b: &Vector3<f64>) -> Vector3<f64> {
        self.rotation * in_b + self.translation
    }

    fn ends(&self, half: f64) -> [Vector3<f64>; 2] {
        let along = self.rotation.column(2) * half;
        [self.translation - along, self.translation + along]
    }
}
