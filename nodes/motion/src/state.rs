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

    /// Where velocities and accelerations lead from here to those of `to`, `dt` seconds later: exact for accelerations that change evenly.
    pub(crate) fn led(&self, to: &Self, dt: f64) -> JointVec {
        JointVec::from_fn(self.position.len(), |i| {
            let (v, a) = (
                self.velocity[i] + to.velocity[i],
                self.acceleration[i] - to.acceleration[i],
            );
            self.position[i] + dt * (v / 2.0 + dt * a / 12.0)
        })
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
