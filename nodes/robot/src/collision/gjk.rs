//! How far two convex cores are apart: the algorithm of Gilbert, Johnson and Keerthi, with a bound on both sides. Lengths in m.
//!
//! Every direction that is tried gives a plane between the cores, and so a distance that the true one is not below; the
//! point found so far gives one that it is not above. The search ends when the two meet, or when the lower one is already
//! beyond what the caller asks for.
//!
//! **Invariant:** [`Apart::distance`] is the lower bound: never above the true distance, however the search ended.
//!
//! E. Gilbert, D. Johnson, S. Keerthi, *A fast procedure for computing the distance between complex objects in three-dimensional
//! space* (1988).

use nalgebra::Vector3;

use super::simplex::{Simplex, Vertex};
use super::solid::Core;
use crate::spatial::Placement;

/// Two cores and how the second stands in the axes of the first.
pub(crate) struct Pair<'a> {
    pub(crate) a: &'a Core,
    pub(crate) b: &'a Core,
    pub(crate) a_from_b: Placement,
}

/// Closest points of two cores that are apart, in the axes of the first.
pub(crate) struct Apart {
    pub(crate) distance: f64,
    pub(crate) on_a: Vector3<f64>,
    pub(crate) on_b: Vector3<f64>,
    /// Unit vector from the first to the second.
    pub(crate) normal: Vector3<f64>,
}

/// How two cores stand.
pub(crate) enum Outcome {
    Apart(Apart),
    /// Farther apart than was asked for.
    Beyond,
    /// They touch or overlap; the simplex has the origin in it or within rounding of it.
    Touching(Simplex),
}

impl Pair<'_> {
    /// The point of a − b that is farthest along `direction`.
    pub(crate) fn support(&self, direction: &Vector3<f64>) -> Vertex {
        let on_a = self.a.support(direction);
        let in_b = -self.a_from_b.rotation.tr_mul(direction);
        let on_b = self.a_from_b.rotation * self.b.support(&in_b) + self.a_from_b.translation;
        Vertex {
            on_a,
            on_b,
            point: on_a - on_b,
        }
    }

    /// Finds the closest points, or gives up once the cores are known to be farther apart than `beyond`. `towards_b` is a guess of the direction
    /// from the first to the second: a good one settles most pairs that are far apart at once. The distance may be too small by `slack` of what it is.
    pub(crate) fn separate(
        &self,
        towards_b: &Vector3<f64>,
        beyond: f64,
        slack: impl Fn(f64) -> f64,
    ) -> Outcome {
        let guess = towards_b.try_normalize(0.0).unwrap_or_else(Vector3::z);
        let first = self.support(&guess);
        let mut lower = (-guess.dot(&first.point)).max(0.0);
        if lower > beyond.max(0.0) {
            return Outcome::Beyond;
        }
        let mut normal = guess;
        let mut simplex = Simplex::new(first);
        let mut closest = first.point;
        let mut scale = first.point.norm();
        for _ in 0..MAX_STEPS {
            let upper = closest.norm();
            if upper <= ROUNDING * scale {
                return Outcome::Touching(simplex);
            }
            let direction = closest / -upper;
            let next = self.support(&direction);
            scale = scale.max(next.point.norm());
            let bound = -direction.dot(&next.point);
            if bound > lower {
                (lower, normal) = (bound, direction);
            }
            // Only a plane between the cores says anything: they may as well be deep in each other.
            if lower > beyond.max(0.0) {
                return Outcome::Beyond;
            }
            if upper - lower <= TOLERANCE.max(slack(lower)) {
                break;
            }
            let is_known = |vertex: &Vertex| (vertex.point - next.point).norm_squared() <= 0.0;
            if simplex.vertices().iter().any(is_known) {
                break;
            }
            let previous = simplex.clone();
            simplex.push(next);
            match simplex.reduce() {
                None => return Outcome::Touching(simplex),
                Some(point) if point.norm_squared() < closest.norm_squared() => closest = point,
                // Rounding has used up all progress.
                Some(_) => {
                    simplex = previous;
                    break;
                }
            }
        }
        if lower <= 0.0 {
            return Outcome::Touching(simplex);
        }
        let [on_a, on_b] = simplex.witnesses();
        Outcome::Apart(Apart {
            distance: lower,
            on_a,
            on_b,
            normal,
        })
    }
}

/// Far more than any pair was seen to need; what is left open then stays between the bounds.
const MAX_STEPS: usize = 128;
/// Gap between the bounds at which the distance is known (m).
const TOLERANCE: f64 = 1e-10;
/// Distance, as a part of the cores' size, at which a direction has no digits left.
const ROUNDING: f64 = 1e-13;
