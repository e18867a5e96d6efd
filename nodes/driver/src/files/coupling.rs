//! Joints that actuators move together, as the servos file says it, as the matrix of their group.

use super::FileError;
use crate::transmission::{Transmission, TransmissionError};
use serde::Deserialize;
use servomesh_types::GroupDescription;
use std::collections::BTreeSet;

/// Joints that actuators move together.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Coupling {
    joints: Vec<String>,
    joint_from_actuator: Vec<Vec<f64>>,
}

/// The couplings of a group's joints as one matrix.
pub(super) fn transmission(
    couplings: &[Coupling],
    group: &GroupDescription,
) -> Result<Transmission, FileError> {
    let count = group.joints.len();
    let place = |name: &String| group.joints.iter().position(|joint| joint.name == *name);
    let mut rows: Vec<Vec<f64>> = (0..count)
        .map(|i| (0..count).map(|j| f64::from(u8::from(i == j))).collect())
        .collect();
    let mut coupled = BTreeSet::new();
    for coupling in couplings {
        let joints = || coupling.joints.join(", ");
        let places: Vec<Option<usize>> = coupling.joints.iter().map(place).collect();
        if places.iter().all(Option::is_none) {
            continue; // another group's
        }
        if let Some(missing) = places.iter().position(Option::is_none) {
            return Err(FileError::Apart {
                joints: joints(),
                missing: coupling.joints[missing].clone(),
                group: group.name.to_string(),
            });
        }
        if let Some(joint) = coupling.joints.iter().find(|name| !coupled.insert(*name)) {
            return Err(FileError::CoupledTwice { joint: joint.clone() });
        }
        let matrix = &coupling.joint_from_actuator;
        let wrong = |source| FileError::Coupling {
            joints: joints(),
            source,
        };
        if matrix.len() != places.len() {
            return Err(wrong(TransmissionError::Shape { joints: places.len() }));
        }
        Transmission::new(matrix).map_err(wrong)?;
        for (row, i) in matrix.iter().zip(places.iter().flatten()) {
            for (value, j) in row.iter().zip(places.iter().flatten()) {
                rows[*i][*j] = *value;
            }
        }
    }
    Transmission::new(&rows).map_err(|source| FileError::Coupling {
        joints: "all joints".to_owned(),
        source,
    })
}
