//! How far a group may go before it comes too close to itself or to what stands around it. m, rad, s.
//!
//! **Invariant:** a state that is called clear can be stopped, along its twist or each joint as soon as it can, without coming closer than the clearance; from a place that
//! is too close already, without coming any closer. Nothing allocates.

use servomesh_robot::collision::{CollisionModel, Proximity};
use servomesh_types::JointVec;

use crate::bounds::Bounds;
use crate::state::State;

/// The collision model of the robot that a group belongs to.
#[derive(Debug, Clone)]
pub struct Surroundings {
    collision: CollisionModel,
    /// The group's joints in the robot.
    joints: JointVec,
    /// Of all joints of the robot.
    positions: Vec<f64>,
    gradient: Vec<f64>,
    clearance: f64,
    /// The shortest distance where the group is now.
    distance: f64,
}

impl Surroundings {
    /// For the group's `joints`, by their indices in the collision model's robot, the others being at `positions`.
    ///
    /// # Panics
    /// If `positions` has not one entry for each position of the robot, or a joint is not one of them.
    pub fn new(collision: CollisionModel, joints: &[usize], positions: &[f64], clearance: f64) -> Self {
        let robot = collision.robot();
        assert_eq!(
            positions.len(),
            robot.position_count(),
            "one position for each joint"
        );
        assert!(joints.iter().all(|joint| *joint < robot.joint_count()));
        Self {
            joints: JointVec::from_fn(joints.len(), |i| joints[i] as f64),
            positions: positions.to_vec(),
            gradient: vec![0.0; robot.velocity_count()],
            distance: f64::INFINITY,
            collision,
            clearance,
        }
    }

    /// The scene, to move what stands around.
    pub fn collision_mut(&mut self) -> &mut CollisionModel {
        &mut self.collision
    }

    /// Where a joint of another group is, by its index in the robot.
    pub fn set_position(&mut self, joint: usize, position: f64) {
        if let Some(place) = self.positions.get_mut(joint) {
            *place = position;
        }
    }

    fn place(&mut self, q: &JointVec) {
        for (joint, position) in self.joints.iter().zip(q.iter()) {
            self.positions[*joint as usize] = *position;
        }
        self.collision.place(&self.positions);
    }

    /// How many times `way`, a change of the joints' positions, the group may go on from `q` until it is too close to something, if distances
    /// change as they do here.
    pub(super) fn free_way(&mut self, q: &JointVec, way: &JointVec) -> f64 {
        self.place(q);
        self.distance = f64::INFINITY;
        let mut near: [Option<Proximity>; MOST_PAIRS] = [None; MOST_PAIRS];
        let mut farthest = 0;
        for pair in self.collision.pairs_within(self.clearance + LOOKED_AT) {
            self.distance = self.distance.min(pair.distance);
            // The nearest ones, if there are too many.
            let free = near.iter().position(Option::is_none);
            let slot = free.unwrap_or(farthest);
            if free.is_some() || near[slot].is_none_or(|other| pair.distance < other.distance) {
                near[slot] = Some(*pair);
            }
            if free.is_none_or(|slot| slot + 1 == MOST_PAIRS) {
                let of = |slot: usize| near[slot].map_or(0.0, |pair| pair.distance);
                farthest =
                    (0..MOST_PAIRS).fold(0, |most, slot| if of(slot) > of(most) { slot } else { most });
            }
        }
        let mut free = f64::INFINITY;
        for pair in near.iter().flatten() {
            if self
                .collision
                .distance_gradient(pair, &mut self.gradient)
                .is_err()
            {
                // Obstacles are not taken out between the two questions.
                return 0.0;
            }
            let rate: f64 = self
                .joints
                .iter()
                .zip(way.iter())
                .map(|(joint, way)| self.gradient[*joint as usize] * way)
                .sum();
            if rate < 0.0 {
                free = free.min(((pair.distance - self.clearance - MARGIN) / -rate).max(0.0));
            }
        }
        free
    }

    /// Whether the group can be in `state` and stop from there; after [`Surroundings::free_way`] of where it is now.
    pub(super) fn is_clear(&mut self, state: &State, bounds: &Bounds) -> bool {
        let n = state.position.len();
        let longest_s = (0..n)
            .map(|i| bounds.axis(i).resting_place(state.joint(i)).1)
            .fold(0.0, f64::max);
        (0..=LOOKS).all(|k| {
            let time_s = longest_s * k as f64 / LOOKS as f64;
            let q = JointVec::from_fn(n, |i| bounds.axis(i).rest(state.joint(i), time_s).p);
            self.is_clear_at(&q)
        })
    }

    /// Whether the group may be at `q`.
    pub(super) fn is_clear_at(&mut self, q: &JointVec) -> bool {
        let threshold = (self.clearance + BETWEEN_LOOKS).min(self.distance - ROUNDING);
        self.place(q);
        self.collision.closer_than(threshold).is_none()
    }
}

/// Pairs up to this much above the clearance slow a motion down: more than an arm needs to stop, m.
const LOOKED_AT: f64 = 0.25;

/// What a motion aims to keep beyond the clearance, since distances do not change as they do here all the way, m.
const MARGIN: f64 = 0.002;

/// What the way to stop may come nearer between the places that are looked at, m.
const BETWEEN_LOOKS: f64 = 0.0005;

/// Of distances, m.
const ROUNDING: f64 = 1e-9;

/// The nearest pairs that slow a motion down; the others are looked at by the way to stop.
const MOST_PAIRS: usize = 12;

/// How often the way to stop is looked at, besides its start. From one tick to the next the places move, so that nothing stays between them.
pub(super) const LOOKS: usize = 4;
