//! The joint-space mass matrix: the composite-rigid-body algorithm (RBDA table 6.2), with mimic joints folded in.

use nalgebra::DMatrix;

use crate::model::Model;
use crate::workspace::Workspace;

impl Model {
    /// Computes the mass matrix M(q), armatures included: symmetric, one row and column for each joint.
    ///
    /// # Panics
    /// If `q` has not one value for each joint.
    pub fn mass_matrix<'w>(&self, workspace: &'w mut Workspace, q: &[f64]) -> &'w DMatrix<f64> {
        self.check_length(q);
        for (body, work) in self.bodies.iter().zip(&mut workspace.bodies) {
            work.parent_from_body = body.parent_from_body(q[body.joint]);
            work.composite = body.inertia;
        }
        let matrix = &mut workspace.mass_matrix;
        matrix.fill(0.0);
        for (index, joint) in self.joints().iter().enumerate() {
            matrix[(index, index)] = joint.armature;
        }
        for (index, body) in self.bodies.iter().enumerate().rev() {
            let work = &workspace.bodies[index];
            let (composite, placement) = (work.composite, work.parent_from_body);
            if let Some(parent) = body.parent {
                let parent = &mut workspace.bodies[parent];
                parent.composite = parent.composite + composite.into_a(&placement);
            }
            let mut force = composite.mul(&body.joint_motion(body.ratio));
            matrix[(body.joint, body.joint)] += body.ratio * body.joint_effort(&force);
            // The same force, seen from each joint on the way to the base.
            let (mut below, mut carrier) = (index, body.parent);
            while let Some(above) = carrier {
                force = workspace.bodies[below].parent_from_body.force_into_a(&force);
                let other = &self.bodies[above];
                let entry = other.ratio * other.joint_effort(&force);
                // Both places get it, also when they are one (a joint that carries its own mimic).
                matrix[(body.joint, other.joint)] += entry;
                matrix[(other.joint, body.joint)] += entry;
                (below, carrier) = (above, other.parent);
            }
        }
        &workspace.mass_matrix
    }

    /// Kinetic energy (J) at positions `q` and velocities `qd`, rotors included.
    ///
    /// # Panics
    /// If a slice has not one value for each joint.
    pub fn kinetic_energy(&self, workspace: &mut Workspace, q: &[f64], qd: &[f64]) -> f64 {
        self.check_length(qd);
        let matrix = self.mass_matrix(workspace, q);
        let mut twice = 0.0;
        for (column, velocity) in qd.iter().enumerate() {
            for (row, other) in qd.iter().enumerate() {
                twice += other * matrix[(row, column)] * velocity;
            }
        }
        0.5 * twice
    }
}
