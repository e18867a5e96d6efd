//! What one group's model says of a setpoint: efforts, speed of the tool, what a stop from there would sweep.
//!
//! Efforts in N·m (N), lengths in m, base axes. A group without a model is held to the checks in joint space alone.
//!
//! **Invariant:** nothing here allocates after it was made. No unclear stop passes, whatever was asked before; which clear ones pass near something may depend on it.

mod balls;
pub mod cover;
pub mod surroundings;
pub mod sweep;

use crate::checks::JointRules;
use crate::setup::SetupError;
use crate::stop::Reference;
use servomesh_robot::{LinkId, Model, Workspace};
use servomesh_types::fault::Exceeded;
use servomesh_types::{Drivetrain, Fault, GroupDescription, JointVec};
use surroundings::Surroundings;

/// The model of one group, with what stands around it.
#[derive(Clone, Debug)]
pub struct Machine {
    model: Model,
    workspace: Workspace,
    tool: Option<LinkId>,
    surroundings: Option<Surroundings>,
    drivetrains: Vec<Drivetrain>,
    effort: Vec<f64>,
}

impl Machine {
    /// The model of a group's joints alone, in their order; where its tool is, and what it must stay clear of.
    pub fn new(model: Model, tool: Option<LinkId>, surroundings: Option<Surroundings>) -> Self {
        Self {
            workspace: Workspace::new(&model),
            tool,
            surroundings,
            drivetrains: vec![Drivetrain::default(); model.joint_count()],
            effort: vec![0.0; model.joint_count()],
            model,
        }
    }

    /// Takes what the driver says of its motors and gears.
    ///
    /// # Errors
    /// An inertia that no rotor can have.
    pub fn take_drivetrains(&mut self, group: &GroupDescription) -> Result<(), SetupError> {
        for (index, joint) in group.joints.iter().enumerate() {
            self.drivetrains[index] = joint.drivetrain;
            self.model
                .set_armature(index, joint.drivetrain.armature)
                .map_err(|error| SetupError::Robot {
                    field: joint.name.clone(),
                    error,
                })?;
        }
        Ok(())
    }

    /// What the group must stay clear of, if anything.
    pub fn surroundings(&mut self) -> Option<&mut Surroundings> {
        self.surroundings.as_mut()
    }

    /// Whether each joint can bring about the acceleration: the effort it takes is at most `share` of what the joint can give.
    ///
    /// # Errors
    /// [`Fault::Effort`] of the first joint that can't.
    pub fn efforts(&mut self, rules: &[JointRules], share: f64, to: &Reference) -> Result<(), Fault> {
        self.model.inverse_dynamics(
            &mut self.workspace,
            &to.position,
            &to.velocity,
            &to.acceleration,
            &mut self.effort,
        );
        for (joint, rule) in rules.iter().enumerate() {
            let (velocity, drivetrain) = (to.velocity[joint], &self.drivetrains[joint]);
            let direction = if velocity.abs() > rule.standstill {
                velocity.signum()
            } else {
                0.0
            };
            let friction = drivetrain.coulomb * direction + drivetrain.viscous * velocity;
            let (value, limit) = ((self.effort[joint] + friction).abs(), share * rule.effort);
            if value.is_nan() || value > limit {
                let joint = joint as u8;
                return Err(Fault::Effort(Exceeded { joint, value, limit }));
            }
        }
        Ok(())
    }

    /// How fast the tool is \[m/s\]; nothing for a group without one.
    pub fn tool_speed(&mut self, position: &JointVec, velocity: &JointVec) -> Option<f64> {
        let tool = self.tool?;
        self.model.forward_kinematics(&mut self.workspace, position);
        let twist = self.model.link_velocity(&self.workspace, tool, velocity);
        Some(twist.linear.norm())
    }
}
