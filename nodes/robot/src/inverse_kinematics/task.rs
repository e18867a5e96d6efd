//! What a goal asks for: which of its six directions count, and how far a pose is off in those. m and rad, in the axes of
//! the goal.
//!
//! **Invariant:** the error of a direction that does not count is 0, and so is its row of the Jacobian.

use nalgebra::{Matrix3, Vector3, Vector6};

use crate::spatial::{Placement, skew};

/// How long 1 rad of wrong orientation counts, in reaches of the chain; only the way to a solution depends on it, and
/// what "closest" means where there is none.
const REACHES_PER_RADIAN: f64 = 0.25;

/// The directions of a goal that a solution has to meet, in the goal's own axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Task {
    /// x, y and z of the position.
    pub position: [bool; 3],
    /// Rotation about x, y and z: the rotation vector from the goal to the link has 0 there.
    pub rotation: [bool; 3],
}

impl Task {
    /// Position and orientation.
    pub const POSE: Self = Self {
        position: [true; 3],
        rotation: [true; 3],
    };
    /// The position alone.
    pub const POSITION: Self = Self {
        position: [true; 3],
        rotation: [false; 3],
    };
    /// The position and the direction of z: the link may turn about the goal's z axis.
    pub const POSITION_AND_Z: Self = Self {
        position: [true; 3],
        rotation: [true, true, false],
    };

    /// How many directions count.
    pub fn directions(&self) -> usize {
        self.position
            .iter()
            .chain(&self.rotation)
            .filter(|&&counts| counts)
            .count()
    }

    fn orients_fully(&self) -> bool {
        self.rotation == [true; 3]
    }
}

/// How far a pose is from the goal in the directions that count.
#[derive(Debug, Clone, Copy)]
pub(super) struct PoseError {
    /// From the link to the goal; the lengths in reaches, the angles weighted.
    pub(super) towards_goal: Vector6<f64>,
    /// Distance (m).
    pub(super) position: f64,
    /// Angle (rad).
    pub(super) angle: f64,
    rotation: Vector3<f64>,
}

/// Turns poses into errors and columns into those of the error, for one task and one chain.
#[derive(Debug, Clone)]
pub(super) struct Measure {
    task: Task,
    per_metre: f64,
    counts: Vector6<f64>,
}

impl Measure {
    pub(super) fn new(task: Task, reach: f64) -> Self {
        let mut counts = Vector6::zeros();
        for (row, &counted) in task.position.iter().chain(&task.rotation).enumerate() {
            counts[row] = f64::from(u8::from(counted));
        }
        Self {
            task,
            per_metre: 1.0 / reach,
            counts,
        }
    }

    pub(super) fn task(&self) -> Task {
        self.task
    }

    pub(super) fn error(&self, goal_from_link: &Placement) -> PoseError {
        let masked = |v: &Vector3<f64>, first: usize| {
            v.component_mul(&self.counts.fixed_rows::<3>(first).into_owned())
        };
        let rotation = rotation_vector(&goal_from_link.rotation);
        let (p, r) = (masked(&goal_from_link.translation, 0), masked(&rotation, 3));
        let (linear, angular) = (-p * self.per_metre, -r * REACHES_PER_RADIAN);
        PoseError {
            towards_goal: Vector6::new(linear.x, linear.y, linear.z, angular.x, angular.y, angular.z),
            position: p.norm(),
            angle: r.norm(),
            rotation,
        }
    }

    /// Turns the columns of the link's velocity into those of −d(error)/dt.
    pub(super) fn weigh(&self, error: &PoseError, columns: &mut [Vector6<f64>]) {
        // With all rotations counted, the gradient of |rotation vector|² is that of the angular velocity itself.
        let turned = (!self.task.orients_fully()).then(|| log_rate(&error.rotation));
        for column in columns {
            let linear = column.fixed_rows::<3>(0) * self.per_metre;
            let mut angular = column.fixed_rows::<3>(3) * REACHES_PER_RADIAN;
            if let Some(turned) = &turned {
                angular = turned * angular;
            }
            *column = Vector6::new(linear.x, linear.y, linear.z, angular.x, angular.y, angular.z)
                .component_mul(&self.counts);
        }
    }
}

/// The rotation vector (axis · angle, 0 … π) of a rotation matrix.
fn rotation_vector(r: &Matrix3<f64>) -> Vector3<f64> {
    let sine_axis = 0.5
        * Vector3::new(
            r[(2, 1)] - r[(1, 2)],
            r[(0, 2)] - r[(2, 0)],
            r[(1, 0)] - r[(0, 1)],
        );
    let (sin, cos) = (sine_axis.norm(), 0.5 * (r.trace() - 1.0));
    let angle = sin.atan2(cos);
    if sin > 1e-4 {
        return sine_axis * (angle / sin);
    }
    if cos > 0.0 {
        return sine_axis;
    }
    // Near a half turn the axis is in the symmetric part: (R + Rᵀ)/2 = cos·1 + (1 − cos)·a·aᵀ.
    let outer = (r + r.transpose()) * 0.5 - Matrix3::identity() * cos;
    let axis = outer.column(outer.diagonal().imax()).normalize();
    let forwards = axis.dot(&sine_axis) >= 0.0;
    axis * if forwards { angle } else { -angle }
}

/// The matrix that turns an angular velocity into the rate of the rotation vector `v`: the inverse of the left Jacobian of
/// SO(3) (Solà, Deray, Atchuthan, *A micro Lie theory for state estimation in robotics* (2018), eq. 146).
fn log_rate(v: &Vector3<f64>) -> Matrix3<f64> {
    let angle2 = v.norm_squared();
    let second = if angle2 < 1e-6 {
        1.0 / 12.0 + angle2 / 720.0
    } else {
        let half = 0.5 * angle2.sqrt();
        (1.0 - half / half.tan()) / angle2
    };
    let cross = skew(v);
    Matrix3::identity() - cross * 0.5 + cross * cross * second
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Rotation3;
    use std::f64::consts::PI;

    #[test]
    fn the_rotation_vector_is_right_from_nothing_to_half_a_turn() {
        let axis = Vector3::new(0.3, -0.8, 0.52).normalize();
        for angle in [
            0.0,
            1e-12,
            1e-7,
            9e-5,
            2e-4,
            0.7,
            3.0,
            3.1414,
            3.14155,
            PI - 1e-5,
            PI - 1e-9,
        ] {
            let got = rotation_vector(Rotation3::new(axis * angle).matrix());
            assert!((got - axis * angle).norm() < 1e-10, "{angle}: {got}");
        }
    }

    #[test]
    fn the_rate_of_the_rotation_vector_is_its_difference_quotient() {
        for v in [Vector3::new(1e-4, 2e-4, 0.0), Vector3::new(0.4, -0.3, 2.2)] {
            let omega = Vector3::new(0.3, 0.5, -0.7);
            let step = 1e-6;
            let moved = |t: f64| rotation_vector((Rotation3::new(omega * t) * Rotation3::new(v)).matrix());
            let quotient = (moved(step) - moved(-step)) / (2.0 * step);
            assert!((log_rate(&v) * omega - quotient).norm() < 1e-8, "{v}");
        }
    }
}
