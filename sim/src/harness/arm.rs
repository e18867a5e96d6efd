//! The default cell's arm, and where a plant has its joints: what it really does is read there, not from what a node says.
//!
//! rad, rad/s (m, m/s).

use crate::plant::Plant;
use servomesh_robot::{Model, RobotError};
use servomesh_types::{GroupName, JointVec};
use std::f64::consts::FRAC_PI_2;

/// The joints of the default cell's arm, from its base on.
pub const ARM: [&str; 6] = [
    "shoulder_pan_joint",
    "shoulder_lift_joint",
    "elbow_joint",
    "wrist_1_joint",
    "wrist_2_joint",
    "wrist_3_joint",
];

/// Where that arm starts: upright, its gripper pointing down.
pub const HOME: [f64; 6] = [0.0, -FRAC_PI_2, FRAC_PI_2, -FRAC_PI_2, -FRAC_PI_2, 0.0];

/// The group of that arm.
pub fn arm() -> GroupName {
    GroupName::new("arm").expect("a name of letters")
}

/// Where a plant has some of its joints.
#[derive(Clone, Debug)]
pub struct PlantJoints(Vec<usize>);

impl PlantJoints {
    /// Those of these names, in their order.
    ///
    /// # Errors
    /// The machine has no such joint.
    pub fn new(model: &Model, names: &[&str]) -> Result<Self, RobotError> {
        let indices = names.iter().map(|name| model.joint_index(name));
        Ok(Self(indices.collect::<Result<_, _>>()?))
    }

    /// True positions.
    pub fn position(&self, plant: &Plant) -> JointVec {
        self.each(|joint| plant.positions()[joint])
    }

    /// True velocities.
    pub fn velocity(&self, plant: &Plant) -> JointVec {
        self.each(|joint| plant.velocities()[joint])
    }

    /// Whatever is to be known of each, by its index in the plant.
    pub fn each(&self, of: impl Fn(usize) -> f64) -> JointVec {
        JointVec::from_fn(self.0.len(), |joint| of(self.0[joint]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{Cell, CellFiles, NetworkConfig};

    #[test]
    fn joints_are_read_in_the_order_that_was_asked_for() {
        let files = CellFiles::default_cell().expect("sound");
        let mut cell = Cell::new(&files, NetworkConfig::default(), 1).expect("they fit");
        let plant = cell.hardware().plant();
        let arm = PlantJoints::new(plant.model(), &ARM).expect("they are there");
        let start = arm.position(plant);
        let off = start.iter().zip(HOME).map(|(there, home)| (there - home).abs());
        assert!(off.fold(0.0, f64::max) < 1e-5, "it starts at {start:?}");
        assert_eq!(arm.velocity(plant), JointVec::zeros(ARM.len()));
        let other = PlantJoints::new(plant.model(), &[ARM[2], ARM[0]]).expect("they are there");
        assert_eq!(other.position(plant)[..], [start[2], start[0]]);
        assert!(PlantJoints::new(plant.model(), &["tail"]).is_err());
    }
}
