//! What effort a motion needs: the rigid-body model of the joints of a group, gravity included.
//!
//! A group without a model (a gripper, a conveyor) has none of it; its loops then know only the inertias they are told.

use servomesh_robot::{Model, Workspace};
use servomesh_types::{GroupDescription, JointVec};

/// The rigid bodies that a group moves.
#[derive(Clone, Debug)]
pub struct Dynamics {
    model: Model,
    workspace: Workspace,
}

/// A model that does not fit the group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the robot model has joints {model:?}, but the group has {group:?}: take its subset in the group's order"
)]
pub struct WrongJoints {
    /// The model's joints.
    pub model: Vec<String>,
    /// The group's joints.
    pub group: Vec<String>,
}

impl Dynamics {
    /// Takes a model with exactly the group's joints in the group's order, as `Model::subset` gives it. Its armatures
    /// are set to zero: the rotors are the actuators' matter.
    ///
    /// # Errors
    /// [`WrongJoints`] names both lists.
    pub fn new(mut model: Model, group: &GroupDescription) -> Result<Self, WrongJoints> {
        let of_model = || model.joints().iter().map(|joint| joint.name.as_str());
        let of_group = || group.joints.iter().map(|joint| joint.name.as_str());
        if !of_model().eq(of_group()) {
            return Err(WrongJoints {
                model: of_model().map(str::to_owned).collect(),
                group: of_group().map(str::to_owned).collect(),
            });
        }
        for joint in 0..model.joint_count() {
            model.set_armature(joint, 0.0).expect("zero is an armature");
        }
        let workspace = Workspace::new(&model);
        Ok(Self { model, workspace })
    }

    /// The effort of each joint that moves the bodies so. Every vector has one value for each joint.
    pub(crate) fn effort(
        &mut self,
        position: &JointVec,
        velocity: &JointVec,
        acceleration: &JointVec,
    ) -> JointVec {
        let mut effort = JointVec::zeros(position.len());
        self.model
            .inverse_dynamics(&mut self.workspace, position, velocity, acceleration, &mut effort);
        effort
    }
}
