//! What is nearest to what, worked out exactly wherever it matters. Lengths in m, angles in rad.
//!
//! **Invariant:** a distance is left out only where the way since the last exact one can't have used up the room: no point of the arm moves farther
//! than Σ reachᵢ·|Δqᵢ|.

use super::tally::Tally;
use servomesh_robot::collision::{CollisionModel, Proximity};
use servomesh_types::JointVec;

/// Exact distances, where they matter.
pub(super) struct Nearest {
    pub(super) collision: CollisionModel,
    /// The last one, and where that was.
    known: Option<(f64, JointVec)>,
}

impl Nearest {
    pub(super) fn new(collision: &CollisionModel) -> Self {
        Self {
            collision: collision.clone(),
            known: None,
        }
    }

    /// What is nearest, unless it is certain to be farther than `least`.
    pub(super) fn within(&mut self, least: f64, position: &JointVec, tally: &mut Tally) -> Option<Proximity> {
        if let Some((distance, at)) = &self.known {
            let ways = REACH.iter().zip(position.iter().zip(at.iter()));
            let way: f64 = ways
                .map(|(reach, (here, there))| reach * (here - there).abs())
                .sum();
            if distance - way > least {
                return None;
            }
        }
        self.collision.place(position);
        let nearest = self.collision.minimum_distance()?;
        self.known = Some((nearest.distance, *position));
        tally.distances += 1;
        Some(nearest)
    }

    /// The distance of what is nearest.
    pub(super) fn distance(&mut self, position: &[f64]) -> f64 {
        self.collision.place(position);
        let nearest = self.collision.minimum_distance();
        nearest.map_or(f64::INFINITY, |nearest| nearest.distance)
    }

    pub(super) fn names(&self, nearest: &Proximity) -> [&str; 2] {
        [nearest.a, nearest.b].map(|collider| self.collision.name(collider).unwrap_or("?"))
    }
}

/// What each joint carries reaches no farther than this from its axis \[m\]: the lengths of the links after it and the gripper.
const REACH: [f64; 6] = [1.5, 1.5, 1.1, 0.6, 0.5, 0.4];
