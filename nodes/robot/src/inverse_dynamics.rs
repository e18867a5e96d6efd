//! Efforts from motions: the recursive Newton–Euler algorithm (RBDA table 5.1) and what follows from it.
//!
//! `effort = M(q)·q̈ + C(q, q̇)·q̇ + g(q)`; M includes the joints' armatures. Friction is no part of it.

use crate::assembly::Body;
use crate::model::Model;
use crate::spatial::{Force, Motion};
use crate::workspace::Workspace;

impl Model {
    /// Computes the efforts that give the joints the accelerations `qdd` at positions `q` and velocities `qd`.
    ///
    /// A wrench F on a link (base axes, at its origin) adds `−Jᵀ·F` to the result.
    ///
    /// # Panics
    /// If a slice has not one value for each joint.
    pub fn inverse_dynamics(
        &self,
        workspace: &mut Workspace,
        q: &[f64],
        qd: &[f64],
        qdd: &[f64],
        effort: &mut [f64],
    ) {
        for values in [q, qd, qdd, &*effort] {
            self.check_length(values);
        }
        // The base accelerates upwards instead of each body being pulled down.
        let base_acceleration = Motion {
            linear: -self.gravity,
            ..Motion::zero()
        };
        for (index, body) in self.bodies.iter().enumerate() {
            let (speed, acceleration) = (body.ratio * qd[body.joint], body.ratio * qdd[body.joint]);
            let (parent_velocity, parent_acceleration) = match body.parent {
                Some(parent) => {
                    let parent = &workspace.bodies[parent];
                    (parent.velocity, parent.acceleration)
                }
                None => (Motion::zero(), base_acceleration),
            };
            let work = &mut workspace.bodies[index];
            work.parent_from_body = body.parent_from_body(q[body.joint]);
            let along = body.joint_motion(speed);
            work.velocity = work.parent_from_body.motion_into_b(&parent_velocity) + along;
            work.acceleration = work.parent_from_body.motion_into_b(&parent_acceleration)
                + body.joint_motion(acceleration)
                + work.velocity.cross_motion(&along);
            work.force = body.inertia.mul(&work.acceleration)
                + work.velocity.cross_force(&body.inertia.mul(&work.velocity));
        }
        for (value, (joint, acceleration)) in effort.iter_mut().zip(self.joints().iter().zip(qdd)) {
            *value = joint.armature * acceleration;
        }
        for (index, body) in self.bodies.iter().enumerate().rev() {
            let work = &workspace.bodies[index];
            effort[body.joint] += body.ratio * body.joint_effort(&work.force);
            if let Some(parent) = body.parent {
                let on_parent = work.parent_from_body.force_into_a(&work.force);
                workspace.bodies[parent].force = workspace.bodies[parent].force + on_parent;
            }
        }
    }

    /// Computes `C(q, q̇)·q̇ + g(q)`: the efforts at zero acceleration.
    ///
    /// # Panics
    /// If a slice has not one value for each joint.
    pub fn bias_effort(&self, workspace: &mut Workspace, q: &[f64], qd: &[f64], effort: &mut [f64]) {
        let zeros = std::mem::take(&mut workspace.zeros);
        self.inverse_dynamics(workspace, q, qd, &zeros, effort);
        workspace.zeros = zeros;
    }

    /// Computes `g(q)`: the efforts that hold the robot still against gravity.
    ///
    /// # Panics
    /// If a slice has not one value for each joint.
    pub fn gravity_effort(&self, workspace: &mut Workspace, q: &[f64], effort: &mut [f64]) {
        let zeros = std::mem::take(&mut workspace.zeros);
        self.inverse_dynamics(workspace, q, &zeros, &zeros, effort);
        workspace.zeros = zeros;
    }
}

impl Body {
    /// The spatial motion of the body's joint at a given rate: `S · rate`, S being z of the body's frame.
    pub(crate) fn joint_motion(&self, rate: f64) -> Motion {
        let mut motion = Motion::zero();
        if self.rotary {
            motion.angular.z = rate;
        } else {
            motion.linear.z = rate;
        }
        motion
    }

    /// The part of a force that acts on the joint: `Sᵀ · force`.
    pub(crate) fn joint_effort(&self, force: &Force) -> f64 {
        if self.rotary {
            force.moment.z
        } else {
            force.force.z
        }
    }
}
