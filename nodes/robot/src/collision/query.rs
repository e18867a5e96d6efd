//! How near the robot is to itself and to what stands around it, and how that changes with its joints. Lengths in m, rad.
//!
//! Decides which pairs need an exact distance: spheres, then capsules around the solids rule out what can't be the answer.
//!
//! **Invariant:** the answer depends on the positions and the scene only, not on what was asked before; nothing allocates.

use nalgebra::{Point3, Vector3};

use super::error::CollisionError;
use super::model::{Collider, CollisionModel};
use super::segment;
use super::separation::{Separation, separation};
use super::solid::Solid;
use crate::spatial::Placement;

/// Two things, and how they stand to each other. Points and normal are in base axes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proximity {
    /// One of them.
    pub a: Collider,
    /// The other one.
    pub b: Collider,
    /// Shortest distance; where they overlap, minus the shortest motion that separates them.
    pub distance: f64,
    /// The point of `a` that is closest to `b`, or deepest in it.
    pub on_a: Point3<f64>,
    /// The point of `b` that is closest to `a`, or deepest in it: `on_a + distance · normal`.
    pub on_b: Point3<f64>,
    /// Unit vector along which `b` moves to get away from `a`.
    pub normal: Vector3<f64>,
}

/// A list whose clone has as much room, so that asking a clone allocates nothing either.
#[derive(Debug)]
pub(super) struct Room<T>(pub(super) Vec<T>);

impl<T: Clone> Clone for Room<T> {
    fn clone(&self) -> Self {
        let mut list = Vec::with_capacity(self.0.capacity());
        list.extend_from_slice(&self.0);
        Self(list)
    }
}

/// Where a piece and its bounds are, in base axes.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    pub(super) base_from_solid: Placement,
    centre: Vector3<f64>,
    sphere_radius: f64,
    ends: [Vector3<f64>; 2],
    capsule_radius: f64,
}

impl Default for Spot {
    fn default() -> Self {
        Self {
            base_from_solid: Placement::identity(),
            centre: Vector3::zeros(),
            sphere_radius: 0.0,
            ends: [Vector3::zeros(); 2],
            capsule_radius: 0.0,
        }
    }
}

impl Spot {
    pub(super) fn new(solid: &Solid, base_from_solid: Placement) -> Self {
        let bounds = &solid.bounds;
        Self {
            centre: base_from_solid.point(&bounds.centre),
            sphere_radius: bounds.sphere_radius,
            ends: [
                base_from_solid.point(&bounds.capsule.ends[0]),
                base_from_solid.point(&bounds.capsule.ends[1]),
            ],
            capsule_radius: bounds.capsule.radius,
            base_from_solid,
        }
    }

    /// The way from the axis of one piece's capsule to that of the other's; `None` if the bounds already show that the pieces are farther apart
    /// than `distance`.
    #[inline]
    fn way_to(&self, other: &Self, distance: f64) -> Option<Vector3<f64>> {
        let reach = distance + self.sphere_radius + other.sphere_radius;
        if reach >= 0.0 && (self.centre - other.centre).norm_squared() > reach * reach {
            return None;
        }
        let reach = distance + self.capsule_radius + other.capsule_radius + ROUNDING;
        if reach < 0.0 {
            return None;
        }
        let [on_self, on_other] = segment::closest_points(&self.ends, &other.ends);
        let way = on_other - on_self;
        (way.norm_squared() <= reach * reach).then_some(way)
    }

    /// How far the piece is from a line through `origin` along a unit vector at most: that is convex, so one of its capsule's ends is farthest.
    pub(super) fn farthest_from(&self, origin: &Vector3<f64>, along: &Vector3<f64>) -> f64 {
        let [first, second] =
            [&self.ends[0], &self.ends[1]].map(|end| (end - origin).cross(along).norm_squared());
        first.max(second).sqrt() + self.capsule_radius
    }

    /// What two pieces' distance is not below, for the way between their capsules' axes.
    fn least_distance(&self, other: &Self, way: &Vector3<f64>) -> f64 {
        way.norm() - self.capsule_radius - other.capsule_radius - ROUNDING
    }
}

impl CollisionModel {
    /// The pair that is closest, or deepest in each other; `None` if there is no pair. Of equally close ones, the first.
    pub fn minimum_distance(&mut self) -> Option<Proximity> {
        // The pair that was closest last leaves little for the others to do, and the likeliest of those next to nothing for the rest.
        let first = self.last_closest.min(self.piece_pairs.len().checked_sub(1)?);
        let mut closest = (first, self.piece_separation(first, f64::INFINITY)?);
        let mut candidates = std::mem::take(&mut self.candidates.0);
        candidates.clear();
        for index in (0..self.piece_pairs.len()).filter(|&index| index != first) {
            let [a, b] = self.piece_pairs[index].map(|piece| &self.spots[piece]);
            if let Some(way) = a.way_to(b, closest.1.distance) {
                candidates.push((a.least_distance(b, &way), index));
            }
        }
        candidates.sort_unstable_by(|(a, _), (b, _)| a.total_cmp(b));
        for &(least, index) in &candidates {
            let best = closest.1.distance;
            if least > best {
                break;
            }
            if let Some(separation) = self.piece_separation(index, best)
                && (separation.distance < best || (separation.distance <= best && index < closest.0))
            {
                closest = (index, separation);
            }
        }
        self.candidates.0 = candidates;
        let (index, separation) = closest;
        self.last_closest = index;
        let pair = self.pairs.partition_point(|pair| pair.pieces.end <= index);
        Some(self.proximity(pair, &separation))
    }

    /// The first pair that is found closer than `threshold`; it need not be the closest one. Cheaper than
    /// [`CollisionModel::minimum_distance`].
    pub fn closer_than(&self, threshold: f64) -> Option<Proximity> {
        for (index, pair) in self.pairs.iter().enumerate() {
            for piece_pair in pair.pieces.clone() {
                match self.piece_separation(piece_pair, threshold) {
                    Some(separation) if separation.distance < threshold => {
                        return Some(self.proximity(index, &separation));
                    }
                    _ => {}
                }
            }
        }
        None
    }

    /// Every pair that is not farther apart than `margin`, each where it is closest, in the order of [`CollisionModel::checked_pairs`].
    pub fn pairs_within(&mut self, margin: f64) -> &[Proximity] {
        self.found.0.clear();
        for index in 0..self.pairs.len() {
            let mut best = margin;
            let mut closest: Option<Separation> = None;
            for piece_pair in self.pairs[index].pieces.clone() {
                if let Some(separation) = self.piece_separation(piece_pair, best)
                    && (separation.distance < best || (closest.is_none() && separation.distance <= best))
                {
                    best = separation.distance;
                    closest = Some(separation);
                }
            }
            if let Some(separation) = closest {
                let proximity = self.proximity(index, &separation);
                self.found.0.push(proximity);
            }
        }
        &self.found.0
    }

    /// How fast a pair's distance grows for each velocity of the robot at 1 (m/rad, or 1 for prismatic joints), at the positions of the last
    /// [`CollisionModel::place`]: `normal · (J(on_b) − J(on_a))`. Where two places are equally close, or at the deepest line inside of
    /// another solid, the distance has a kink and this is the slope for the place that was found.
    ///
    /// # Errors
    /// If one of the two is an obstacle that does not exist any more.
    ///
    /// # Panics
    /// If `gradient` has not one entry for each velocity of the robot.
    pub fn distance_gradient(
        &mut self,
        proximity: &Proximity,
        gradient: &mut [f64],
    ) -> Result<(), CollisionError> {
        assert_eq!(
            gradient.len(),
            self.robot.velocity_count(),
            "{}: one entry for each velocity",
            self.robot.name()
        );
        gradient.fill(0.0);
        for (collider, point, sign) in [
            (proximity.a, proximity.on_a, -1.0),
            (proximity.b, proximity.on_b, 1.0),
        ] {
            let carrier = match collider {
                Collider::Link(link) => link,
                Collider::Obstacle(obstacle) => self.items[self.item_of(obstacle)?].carrier,
            };
            self.robot.jacobian(&self.workspace, carrier, &mut self.jacobian);
            let origin = self.robot.link_pose(&self.workspace, carrier).translation.vector;
            let arm = (point.coords - origin).cross(&proximity.normal);
            for (slope, column) in gradient.iter_mut().zip(self.jacobian.column_iter()) {
                // n·(v + ω × r) = n·v + ω·(r × n)
                let (linear, angular) = (column.fixed_rows::<3>(0), column.fixed_rows::<3>(3));
                *slope += sign * (proximity.normal.dot(&linear) + arm.dot(&angular));
            }
        }
        Ok(())
    }

    pub(super) fn item_separation(&self, pair: usize) -> Option<Separation> {
        let mut closest: Option<Separation> = None;
        for piece_pair in self.pairs[pair].pieces.clone() {
            let beyond = closest.map_or(f64::INFINITY, |closest| closest.distance);
            if let Some(separation) = self.piece_separation(piece_pair, beyond)
                && separation.distance <= beyond
            {
                closest = Some(separation);
            }
        }
        closest
    }

    /// How two pieces stand, unless they are known to be farther apart than `beyond`.
    #[inline]
    fn piece_separation(&self, pair: usize, beyond: f64) -> Option<Separation> {
        let [a, b] = self.piece_pairs[pair].map(|piece| &self.spots[piece]);
        let towards_b = a.way_to(b, beyond)?;
        self.separation_along(pair, &towards_b, beyond, 0.0)
    }

    /// What two pieces' distance is not below: the distance itself, or [`SLACK`] less, where that is less than `near`; `None` if it is known to be above `beyond`.
    #[inline]
    pub(super) fn piece_clearance(&self, pair: usize, near: f64, beyond: f64) -> Option<f64> {
        let [a, b] = self.piece_pairs[pair].map(|piece| &self.spots[piece]);
        let towards_b = a.way_to(b, beyond)?;
        let least = a.least_distance(b, &towards_b);
        if least >= near {
            return Some(least);
        }
        let separation = self.separation_along(pair, &towards_b, beyond, SLACK)?;
        Some(separation.distance)
    }

    fn separation_along(
        &self,
        pair: usize,
        towards_b: &Vector3<f64>,
        beyond: f64,
        slack: f64,
    ) -> Option<Separation> {
        let [a, b] = self.piece_pairs[pair];
        let (spot_a, spot_b) = (&self.spots[a], &self.spots[b]);
        separation(
            &self.pieces[a].solid,
            &spot_a.base_from_solid,
            &self.pieces[b].solid,
            &spot_b.base_from_solid,
            towards_b,
            beyond,
            slack,
        )
    }

    pub(super) fn proximity(&self, pair: usize, separation: &Separation) -> Proximity {
        let [a, b] = self.pairs[pair].items.map(|item| self.items[item].collider);
        Proximity {
            a,
            b,
            distance: separation.distance,
            on_a: separation.on_a,
            on_b: separation.on_b,
            normal: separation.normal,
        }
    }
}

/// By which share a clearance may be too small: to know the rest takes half of the time.
const SLACK: f64 = 0.01;
/// What two segments' distance may be wrong by (m).
const ROUNDING: f64 = 1e-9;
