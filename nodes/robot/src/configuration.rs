//! Positions as points of a space that is not flat: where a velocity leads, and which velocity leads somewhere.
//!
//! For joints with one degree of freedom that is a sum and a difference. A free joint moves along the screw that its velocity, in its own
//! axes, describes: rotation and translation together, exactly, for however long a step (RBDA section 2; R. Murray, Z. Li, S. Sastry, *A
//! Mathematical Introduction to Robotic Manipulation*, 1994, section 2.3).
//!
//! **Invariant:** a free joint's quaternion comes out with length 1 and, where there is a choice, with w ≥ 0 for differences.

use nalgebra::{Quaternion, UnitQuaternion, Vector3};

use crate::body::{FREE_POSITIONS, FREE_VELOCITIES};
use crate::model::Model;

impl Model {
    /// Positions at which every joint is at 0, and every free joint at its origin with the quaternion (0, 0, 0, 1).
    pub fn neutral_positions(&self) -> Vec<f64> {
        let mut q = vec![0.0; self.position_count()];
        for free in self.free_joints() {
            q[free.first_position + FREE_POSITIONS - 1] = 1.0;
        }
        q
    }

    /// Moves `q` by `step`: velocities times a time. For a short time that is `q + q̇·t`, for a free joint its exact motion at that velocity.
    ///
    /// # Panics
    /// If a slice has the wrong length.
    pub fn integrate(&self, q: &mut [f64], step: &[f64]) {
        self.check_positions(q);
        self.check_length(step);
        for (position, step) in q.iter_mut().zip(step).take(self.joint_count()) {
            *position += step;
        }
        for free in self.free_joints() {
            let pose = &mut q[free.first_position..][..FREE_POSITIONS];
            let step = &step[free.first_velocity..][..FREE_VELOCITIES];
            let (linear, angular) = (
                Vector3::from_column_slice(&step[..3]),
                Vector3::from_column_slice(&step[3..]),
            );
            let rotation = quaternion(pose);
            let moved = rotation * left_jacobian(&angular, &linear);
            let turned = UnitQuaternion::new_normalize(
                (rotation * UnitQuaternion::from_scaled_axis(angular)).into_inner(),
            );
            for (position, change) in pose.iter_mut().zip(moved.iter()) {
                *position += change;
            }
            pose[3..].copy_from_slice(turned.coords.as_slice());
        }
    }

    /// Computes the step that [`Model::integrate`] takes from `from` to `to`; for a free joint the one with the least rotation.
    ///
    /// # Panics
    /// If a slice has the wrong length.
    pub fn difference(&self, from: &[f64], to: &[f64], step: &mut [f64]) {
        self.check_positions(from);
        self.check_positions(to);
        self.check_length(step);
        for ((step, to), from) in step.iter_mut().zip(to).zip(from).take(self.joint_count()) {
            *step = to - from;
        }
        for free in self.free_joints() {
            let from = &from[free.first_position..][..FREE_POSITIONS];
            let to = &to[free.first_position..][..FREE_POSITIONS];
            let rotation = quaternion(from);
            let angular = (rotation.inverse() * quaternion(to)).scaled_axis();
            let moved = Vector3::from_column_slice(&to[..3]) - Vector3::from_column_slice(&from[..3]);
            let linear = inverse_left_jacobian(&angular, &(rotation.inverse() * moved));
            let step = &mut step[free.first_velocity..][..FREE_VELOCITIES];
            step[..3].copy_from_slice(linear.as_slice());
            step[3..].copy_from_slice(angular.as_slice());
        }
    }
}

fn quaternion(pose: &[f64]) -> UnitQuaternion<f64> {
    UnitQuaternion::from_quaternion(Quaternion::new(pose[6], pose[3], pose[4], pose[5]))
}

/// Below this angle (rad) the series are exact to rounding.
const SMALL: f64 = 1e-4;

/// Where a body's origin comes to that moves at v while turning by φ: `v + (1 − cos φ)/φ² φ×v + (φ − sin φ)/φ³ φ×(φ×v)`.
fn left_jacobian(angular: &Vector3<f64>, linear: &Vector3<f64>) -> Vector3<f64> {
    let angle = angular.norm();
    let (a, b) = if angle < SMALL {
        (0.5 - angle * angle / 24.0, 1.0 / 6.0 - angle * angle / 120.0)
    } else {
        let half = (0.5 * angle).sin();
        (
            2.0 * half * half / (angle * angle),
            (angle - angle.sin()) / (angle * angle * angle),
        )
    };
    let across = angular.cross(linear);
    linear + across * a + angular.cross(&across) * b
}

/// Undoes [`left_jacobian`]: `v − φ×v/2 + (1 − (φ/2) cot(φ/2))/φ² φ×(φ×v)`.
fn inverse_left_jacobian(angular: &Vector3<f64>, linear: &Vector3<f64>) -> Vector3<f64> {
    let angle = angular.norm();
    let b = if angle < SMALL {
        1.0 / 12.0 + angle * angle / 720.0
    } else {
        let half = 0.5 * angle;
        (1.0 - half * half.cos() / half.sin()) / (angle * angle)
    };
    let across = angular.cross(linear);
    linear - across * 0.5 + angular.cross(&across) * b
}
