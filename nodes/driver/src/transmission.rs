//! How actuators move joints together: a differential, a parallel wrist, a joint that bends with the one before it.
//!
//! ```text
//! q = M · a      a = M⁻¹ · q      τ_a = Mᵀ · τ_q      τ_q = M⁻ᵀ · τ_a
//! ```
//!
//! a is what each encoder reads in the joint's unit, q what the joints do; efforts go the other way, so that power is the same on both sides.
//! Gear, direction and offset of each actuator are in its [`Actuator`](crate::Actuator) and no matter of M.
//!
//! **Invariant:** M is finite, square and has an inverse that does not blow errors up by more than [`WORST_CONDITION`]. Joints that are not
//! coupled get exactly what their actuators say.

use nalgebra::DMatrix;
use servomesh_types::{JointSet, JointVec};

/// How the actuators of a group move its joints.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transmission {
    coupled: JointSet,
    matrices: Option<Matrices>,
}

#[derive(Clone, Debug, PartialEq)]
struct Matrices {
    joint_from_actuator: DMatrix<f64>,
    actuator_from_joint: DMatrix<f64>,
}

/// A matrix that is no transmission.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TransmissionError {
    /// Not one row and one column for each joint.
    #[error("a transmission of {joints} joints needs {joints} rows of {joints} numbers")]
    Shape {
        /// Joints of the group.
        joints: usize,
    },
    /// A number is NaN or infinite.
    #[error("a transmission's numbers must be finite")]
    NotFinite,
    /// Some motion of the actuators would move no joint, or hardly any.
    #[error(
        "the transmission can't be inverted (condition {condition:.3e}, must be at most {WORST_CONDITION}): \
         its rows must not be multiples of each other"
    )]
    Singular {
        /// The largest over the smallest singular value.
        condition: f64,
    },
}

/// A differential has 1, a parallel wrist below 10; beyond this an encoder's noise is all that is left.
pub const WORST_CONDITION: f64 = 100.0;

impl Transmission {
    /// Each actuator moves the joint of its number alone.
    pub fn direct() -> Self {
        Self::default()
    }

    /// From the rows of M, one for each joint of the group.
    ///
    /// # Errors
    /// [`TransmissionError`] says what M lacks.
    pub fn new(rows: &[Vec<f64>]) -> Result<Self, TransmissionError> {
        let joints = rows.len();
        if rows.iter().any(|row| row.len() != joints) {
            return Err(TransmissionError::Shape { joints });
        }
        let matrix = DMatrix::from_fn(joints, joints, |i, j| rows[i][j]);
        if matrix.iter().any(|value| !value.is_finite()) {
            return Err(TransmissionError::NotFinite);
        }
        let values = matrix.singular_values();
        let condition = values.max() / values.min();
        let inverse = matrix.clone().try_inverse();
        let Some(actuator_from_joint) = inverse.filter(|_| condition <= WORST_CONDITION) else {
            return Err(TransmissionError::Singular { condition });
        };
        let mut coupled = JointSet::EMPTY;
        for joint in 0..joints {
            let alone = |(place, value): (usize, &f64)| {
                (value - f64::from(u8::from(place == joint))).abs() < f64::EPSILON
            };
            let row = matrix.row(joint).iter().enumerate().all(alone);
            let column = matrix.column(joint).iter().enumerate().all(alone);
            if !(row && column) {
                coupled.insert(joint);
            }
        }
        Ok(Self {
            coupled,
            matrices: (!coupled.is_empty()).then_some(Matrices {
                joint_from_actuator: matrix,
                actuator_from_joint,
            }),
        })
    }

    /// How many joints it is for; `None`: any number.
    pub(crate) fn joint_count(&self) -> Option<usize> {
        self.matrices.as_ref().map(|m| m.joint_from_actuator.nrows())
    }

    /// Joints that several actuators move, and actuators that move several joints.
    pub fn coupled(&self) -> JointSet {
        self.coupled
    }

    /// Positions or velocities of the joints from those of the actuators.
    pub fn joints(&self, actuators: &JointVec) -> JointVec {
        self.matrices
            .as_ref()
            .map_or(*actuators, |m| times(&m.joint_from_actuator, actuators))
    }

    /// Positions, velocities or accelerations of the actuators from those of the joints.
    pub fn actuators(&self, joints: &JointVec) -> JointVec {
        self.matrices
            .as_ref()
            .map_or(*joints, |m| times(&m.actuator_from_joint, joints))
    }

    /// Efforts of the joints from those of the actuators.
    pub fn joint_efforts(&self, actuators: &JointVec) -> JointVec {
        self.matrices.as_ref().map_or(*actuators, |m| {
            times_transposed(&m.actuator_from_joint, actuators)
        })
    }

    /// Efforts of the actuators from those of the joints.
    pub fn actuator_efforts(&self, joints: &JointVec) -> JointVec {
        self.matrices
            .as_ref()
            .map_or(*joints, |m| times_transposed(&m.joint_from_actuator, joints))
    }

    /// What actuators of these inertias weigh at a coupled joint that moves alone.
    pub(crate) fn inertia_at(&self, joint: usize, of_actuator: impl Fn(usize) -> f64) -> f64 {
        self.matrices.as_ref().map_or_else(
            || of_actuator(joint),
            |m| {
                let column = m.actuator_from_joint.column(joint);
                column
                    .iter()
                    .enumerate()
                    .map(|(i, share)| share * share * of_actuator(i))
                    .sum()
            },
        )
    }
}

fn times(matrix: &DMatrix<f64>, vec: &JointVec) -> JointVec {
    JointVec::from_fn(vec.len(), |i| {
        (0..vec.len()).map(|j| matrix[(i, j)] * vec[j]).sum()
    })
}

fn times_transposed(matrix: &DMatrix<f64>, vec: &JointVec) -> JointVec {
    JointVec::from_fn(vec.len(), |i| {
        (0..vec.len()).map(|j| matrix[(j, i)] * vec[j]).sum()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differential() -> Transmission {
        Transmission::new(&[vec![1.0, 0.0, 0.0], vec![0.0, 0.5, 0.5], vec![0.0, 0.5, -0.5]]).unwrap()
    }

    #[test]
    fn a_differential_pitches_with_both_motors_and_rolls_with_their_difference() {
        let differential = differential();
        assert_eq!(differential.coupled().iter().collect::<Vec<_>>(), [1, 2]);
        assert_eq!(
            *differential.joints(&JointVec::from([3.0, 1.0, 1.0])),
            [3.0, 1.0, 0.0]
        );
        assert_eq!(
            *differential.joints(&JointVec::from([3.0, 1.0, -1.0])),
            [3.0, 0.0, 1.0]
        );
    }

    #[test]
    fn ways_and_efforts_lead_back_and_keep_the_power() {
        let differential = differential();
        let (velocity, effort) = (JointVec::from([0.3, -1.2, 2.5]), JointVec::from([4.0, 5.0, -7.0]));
        let there = differential.actuators(&velocity);
        let back = differential.joints(&there);
        let efforts = differential.actuator_efforts(&effort);
        let again = differential.joint_efforts(&efforts);
        for i in 0..3 {
            assert!((back[i] - velocity[i]).abs() < 1e-12);
            assert!((again[i] - effort[i]).abs() < 1e-12);
        }
        let power = |a: &JointVec, b: &JointVec| (0..3).map(|i| a[i] * b[i]).sum::<f64>();
        assert!((power(&velocity, &effort) - power(&there, &efforts)).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be_inverted_is_refused() {
        let error = Transmission::new(&[vec![0.5, 0.5], vec![1.0, 1.0]]).unwrap_err();
        assert!(matches!(error, TransmissionError::Singular { .. }), "{error}");
        let error = Transmission::new(&[vec![0.5, 0.5]]).unwrap_err();
        assert_eq!(error, TransmissionError::Shape { joints: 1 });
        let error = Transmission::new(&[vec![f64::NAN]]).unwrap_err();
        assert_eq!(error, TransmissionError::NotFinite);
    }

    #[test]
    fn one_that_couples_nothing_is_direct() {
        let identity = Transmission::new(&[vec![1.0, 0.0], vec![0.0, 1.0]]).unwrap();
        assert_eq!(identity, Transmission::direct());
    }
}
