//! Accelerations from efforts: the articulated-body algorithm (RBDA table 7.1). Armature adds to each joint's inertia.
//!
//! A tree with mimic joints is no open chain of free joints, so for it the mass matrix is factored instead (RBDA
//! section 6.1); both give the same numbers where both apply.

use crate::error::RobotError;
use crate::model::Model;
use crate::spatial::{ArticulatedInertia, Force, Motion};
use crate::workspace::Workspace;

/// Joint inertias below this (kg·m² or kg) are round-off, not mass: the rotor of a watch motor has more.
const LEAST_INERTIA: f64 = 1e-12;

impl Model {
    /// Computes the accelerations that `effort` causes at positions `q` and velocities `qd`.
    ///
    /// Friction is the caller's to subtract from `effort`; a wrench F on a link (base axes, at its origin) is the
    /// effort `Jᵀ·F`.
    ///
    /// # Errors
    /// If a joint moves nothing that has inertia.
    ///
    /// # Panics
    /// If a slice has not one value for each joint.
    pub fn forward_dynamics(
        &self,
        workspace: &mut Workspace,
        q: &[f64],
        qd: &[f64],
        effort: &[f64],
        qdd: &mut [f64],
    ) -> Result<(), RobotError> {
        for values in [q, qd, effort, &*qdd] {
            self.check_length(values);
        }
        if self.mimics().is_empty() {
            self.articulated_body(workspace, q, qd, effort, qdd)
        } else {
            self.factored_mass_matrix(workspace, q, qd, effort, qdd)
        }
    }

    fn articulated_body(
        &self,
        workspace: &mut Workspace,
        q: &[f64],
        qd: &[f64],
        effort: &[f64],
        qdd: &mut [f64],
    ) -> Result<(), RobotError> {
        for (index, body) in self.bodies.iter().enumerate() {
            let parent_velocity = body
                .parent
                .map_or(Motion::zero(), |parent| workspace.bodies[parent].velocity);
            let work = &mut workspace.bodies[index];
            work.parent_from_body = body.parent_from_body(q[body.joint]);
            let along = body.joint_motion(qd[body.joint]);
            work.velocity = work.parent_from_body.motion_into_b(&parent_velocity) + along;
            // Holds c of the book until the last pass turns it into the acceleration.
            work.acceleration = work.velocity.cross_motion(&along);
            work.articulated = ArticulatedInertia::from_rigid(&body.inertia);
            work.force = work.velocity.cross_force(&body.inertia.mul(&work.velocity));
        }
        for (index, body) in self.bodies.iter().enumerate().rev() {
            let work = &mut workspace.bodies[index];
            work.along_joint = work.articulated.mul(&body.joint_motion(1.0));
            work.joint_inertia = body.joint_effort(&work.along_joint) + self.joints()[body.joint].armature;
            if work.joint_inertia < LEAST_INERTIA {
                return Err(self.no_inertia(body.joint, work.joint_inertia));
            }
            work.joint_effort = effort[body.joint] - body.joint_effort(&work.force);
            let Some(parent) = body.parent else { continue };
            let left = work.articulated.without(&work.along_joint, work.joint_inertia);
            let share = work.joint_effort / work.joint_inertia;
            let push = Force {
                force: work.along_joint.force * share,
                moment: work.along_joint.moment * share,
            };
            let bias = work.force + left.mul(&work.acceleration) + push;
            let (placement, parent) = (work.parent_from_body, parent);
            let parent = &mut workspace.bodies[parent];
            parent.articulated = parent.articulated + left.into_a(&placement);
            parent.force = parent.force + placement.force_into_a(&bias);
        }
        let base_acceleration = Motion {
            linear: -self.gravity,
            ..Motion::zero()
        };
        for (index, body) in self.bodies.iter().enumerate() {
            let from_parent = body
                .parent
                .map_or(base_acceleration, |parent| workspace.bodies[parent].acceleration);
            let work = &mut workspace.bodies[index];
            let carried = work.parent_from_body.motion_into_b(&from_parent) + work.acceleration;
            let acceleration = (work.joint_effort - carried.dot(&work.along_joint)) / work.joint_inertia;
            qdd[body.joint] = acceleration;
            work.acceleration = carried + body.joint_motion(acceleration);
        }
        Ok(())
    }

    /// Solves `M·q̈ = effort − bias` by M = L·Lᵀ, in the workspace's memory.
    fn factored_mass_matrix(
        &self,
        workspace: &mut Workspace,
        q: &[f64],
        qd: &[f64],
        effort: &[f64],
        qdd: &mut [f64],
    ) -> Result<(), RobotError> {
        let mut bias = std::mem::take(&mut workspace.bias);
        self.bias_effort(workspace, q, qd, &mut bias);
        for (value, (effort, bias)) in qdd.iter_mut().zip(effort.iter().zip(&bias)) {
            *value = effort - bias;
        }
        workspace.bias = bias;
        self.mass_matrix(workspace, q);
        let count = self.joint_count();
        let l = &mut workspace.factor;
        l.copy_from(&workspace.mass_matrix);
        for column in 0..count {
            for row in column..count {
                let sum: f64 = (0..column).map(|k| l[(row, k)] * l[(column, k)]).sum();
                let rest = l[(row, column)] - sum;
                if row > column {
                    l[(row, column)] = rest / l[(column, column)];
                } else if rest < LEAST_INERTIA {
                    return Err(self.no_inertia(column, rest));
                } else {
                    l[(column, column)] = rest.sqrt();
                }
            }
        }
        for row in 0..count {
            let sum: f64 = (0..row).map(|k| l[(row, k)] * qdd[k]).sum();
            qdd[row] = (qdd[row] - sum) / l[(row, row)];
        }
        for row in (0..count).rev() {
            let sum: f64 = (row + 1..count).map(|k| l[(k, row)] * qdd[k]).sum();
            qdd[row] = (qdd[row] - sum) / l[(row, row)];
        }
        Ok(())
    }

    fn no_inertia(&self, joint: usize, inertia: f64) -> RobotError {
        let joint = self.joints()[joint].name.clone();
        RobotError::NoInertia {
            robot: self.name().to_owned(),
            joint,
            inertia,
        }
    }
}
