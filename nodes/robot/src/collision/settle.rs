//! The last digits of a depth where the polytope has run out of corners: round solids that are deep in each other. Lengths in m.
//!
//! Moves b out along the direction found and asks for the closest points there: they give the witnesses, and the direction between them one that may be shorter.
//!
//! **Invariant:** the depth stays at or above the true one, and never grows.

use nalgebra::Vector3;

use super::gjk::{Apart, Outcome, Pair};
use crate::spatial::Placement;

impl Pair<'_> {
    /// Improves a way out of `depth` along `normal`; `None` if that direction does not separate the two after all.
    pub(crate) fn settle(&self, mut depth: f64, mut normal: Vector3<f64>) -> Option<Apart> {
        let mut settled = None;
        for _ in 0..MAX_STEPS {
            let way = normal * (depth + GAP * depth.max(GAP));
            let moved = Pair {
                a: self.a,
                b: self.b,
                a_from_b: Placement {
                    rotation: self.a_from_b.rotation,
                    translation: self.a_from_b.translation + way,
                },
            };
            let Outcome::Apart(apart) = moved.separate(&normal, f64::INFINITY, |_| 0.0) else {
                break;
            };
            let needed = apart.normal.dot(&self.support(&apart.normal).point);
            let gained = depth - needed;
            if gained > 0.0 {
                (depth, normal) = (needed, apart.normal);
            }
            settled = Some(Apart {
                distance: -depth.max(0.0),
                on_a: apart.on_a,
                on_b: apart.on_b - way,
                normal,
            });
            if gained < ENOUGH {
                break;
            }
        }
        settled
    }
}

const MAX_STEPS: usize = 12;
/// How far b is moved beyond touching, as a part of the depth, so that the closest points are well defined.
const GAP: f64 = 1e-3;
/// A gain (m) that is not worth another step.
const ENOUGH: f64 = 1e-10;
