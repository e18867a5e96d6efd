//! Where each joint is and how it moves, at one moment.

use servomesh_types::JointVec;

/// Position, velocity and acceleration of each joint.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct State {
    /// In rad or m.
    pub position: JointVec,
    /// Per second.
    pub velocity: JointVec,
    /// Per second².
    pub acceleration: JointVec,
}

impl State {
    /// Standing still at `position`.
    pub fn at_rest(position: JointVec) -> Self {
        let zeros = JointVec::zeros(position.len());
        Self {
            position,
            velocity: zeros,
            acceleration: zeros,
        }
    }

    /// Whether no joint moves; exact, since a group that holds has velocities that are exactly zero.
    pub fn is_at_rest(&self) -> bool {
        self.velocity.max_abs() == 0.0 && self.acceleration.max_abs() == 0.0
    }
}

/// A point of a path: a [`State`] with the path's own jerk.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// Where, and how fast.
    pub state: State,
    /// Per second³.
    pub jerk: JointVec,
}
