//! The centre of mass of everything that moves, its Jacobian, and the energy that gravity gives it.
//!
//! **Invariant:** as in `kinematics`, answers are for the positions of the last [`Model::forward_kinematics`].

use nalgebra::{Matrix3xX, Point3};

use crate::model::Model;
use crate::vector::{Mat3, Vec3};
use crate::workspace::Workspace;

impl Model {
    /// The centre of mass of everything that moves, in base axes; `None` if nothing that moves has mass.
    pub fn centre_of_mass(&self, workspace: &Workspace) -> Option<Point3<f64>> {
        let mut moment = Vec3::ZERO;
        for (index, body) in self.bodies.iter().enumerate() {
            moment += workspace.mass_moment(index, body.inertia.mass, body.inertia.first_moment);
        }
        let mass = self.moving_mass();
        (mass > 0.0).then(|| Point3::from(nalgebra::Vector3::from(moment) / mass))
    }

    /// Fills the Jacobian of the centre of mass: `jacobian · q̇` is its velocity in base axes. All zero if nothing that moves has mass.
    ///
    /// # Panics
    /// If `jacobian` has not one column for each velocity.
    pub fn centre_of_mass_jacobian(&self, workspace: &mut Workspace, jacobian: &mut Matrix3xX<f64>) {
        assert_eq!(
            jacobian.ncols(),
            self.velocity_count(),
            "{}: one column for each velocity",
            self.name()
        );
        jacobian.fill(0.0);
        let mass = self.moving_mass();
        if mass <= 0.0 {
            return;
        }
        for (index, body) in self.bodies.iter().enumerate() {
            let moment = workspace.mass_moment(index, body.inertia.mass, body.inertia.first_moment);
            workspace.carried[index] = (body.inertia.mass, moment);
        }
        for (index, body) in self.bodies.iter().enumerate().rev() {
            let (carried, moment) = workspace.carried[index];
            if let Some(parent) = body.parent {
                let above = &mut workspace.carried[parent];
                above.0 += carried;
                above.1 += moment;
            }
            let placement = &workspace.base_from_body[index];
            let from_body = moment - Vec3::from(placement.translation) * carried;
            body.columns(&Mat3::from(&placement.rotation), |column, linear, angular| {
                let moved = (linear * carried + angular.cross(from_body)) * (1.0 / mass);
                for (row, value) in [moved.x, moved.y, moved.z].into_iter().enumerate() {
                    jacobian[(row, column)] += value;
                }
            });
        }
    }

    /// Potential energy of everything that moves in gravity (J), zero at the base's origin.
    pub fn potential_energy(&self, workspace: &Workspace) -> f64 {
        let com = self.centre_of_mass(workspace).unwrap_or_else(Point3::origin);
        -self.moving_mass() * self.gravity.dot(&com.coords)
    }
}

impl Workspace {
    /// Mass times centre of mass of a body, in base axes.
    fn mass_moment(&self, body: usize, mass: f64, first_moment: Vec3) -> Vec3 {
        let placement = &self.base_from_body[body];
        Mat3::from(&placement.rotation).apply(first_moment) + Vec3::from(placement.translation) * mass
    }
}
