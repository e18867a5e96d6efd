//! How the Jacobian changes, and what that makes a link accelerate by.
//!
//! `ẍ = J·q̈ + J̇·q̇`, where ẍ is the acceleration of the link's origin in the everyday sense (what its coordinates do) and the link's angular
//! acceleration, in base axes.
//!
//! **Invariant:** as in `kinematics`, answers are for the positions of the last [`Model::forward_kinematics`].

use nalgebra::{Matrix6xX, Vector3};

use crate::kinematics::add_column;
use crate::model::{LinkId, Model};
use crate::vector::{Mat3, Vec3};
use crate::workspace::Workspace;

/// Acceleration of a link's origin and of the link, in base axes. Gravity is no part of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Acceleration {
    /// Of the link's origin (m/s²).
    pub linear: Vector3<f64>,
    /// Of the link (rad/s²).
    pub angular: Vector3<f64>,
}

/// Velocity of a body's origin and of the body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Velocity {
    pub(crate) linear: Vec3,
    pub(crate) angular: Vec3,
}

impl Velocity {
    pub(crate) const ZERO: Self = Self {
        linear: Vec3::ZERO,
        angular: Vec3::ZERO,
    };
}

impl Model {
    /// Fills the time derivative of [`Model::jacobian`] when the joints move at `qd`.
    ///
    /// # Panics
    /// If `jacobian_rate` has not one column for each velocity, or `qd` not one value.
    pub fn jacobian_derivative(
        &self,
        workspace: &mut Workspace,
        link: LinkId,
        qd: &[f64],
        jacobian_rate: &mut Matrix6xX<f64>,
    ) {
        self.check_length(qd);
        self.check_columns(jacobian_rate);
        self.update_velocities(workspace, qd);
        let columns = jacobian_rate.as_mut_slice();
        columns.fill(0.0);
        self.for_each_moving_column(workspace, link, |column, _, [linear_rate, angular_rate]| {
            add_column(columns, column, linear_rate, angular_rate);
        });
    }

    /// The acceleration of a link when the joints move at `qd` and accelerate at `qdd`. With `qdd` at zero that is `J̇·q̇`.
    ///
    /// # Panics
    /// If a slice has not one value for each velocity.
    pub fn link_acceleration(
        &self,
        workspace: &mut Workspace,
        link: LinkId,
        qd: &[f64],
        qdd: &[f64],
    ) -> Acceleration {
        self.check_length(qd);
        self.check_length(qdd);
        self.update_velocities(workspace, qd);
        let (mut linear, mut angular) = (Vec3::ZERO, Vec3::ZERO);
        self.for_each_moving_column(
            workspace,
            link,
            |column, [along, about], [along_rate, about_rate]| {
                linear += along * qdd[column] + along_rate * qd[column];
                angular += about * qdd[column] + about_rate * qd[column];
            },
        );
        Acceleration {
            linear: linear.into(),
            angular: angular.into(),
        }
    }

    /// Calls `visit(column, [linear, angular], [their rates])` for each column that moves the link, once for each body it moves it by; for the
    /// velocities of the last `update_velocities`.
    fn for_each_moving_column(
        &self,
        workspace: &Workspace,
        link: LinkId,
        mut visit: impl FnMut(usize, [Vec3; 2], [Vec3; 2]),
    ) {
        let Some(last) = self.links[link.0].body else {
            return;
        };
        let point = self.link_origin(workspace, link);
        let point_velocity = workspace.velocity_at(last, point);
        let mut carrier = Some(last);
        while let Some(index) = carrier {
            let body = &self.bodies[index];
            let placement = &workspace.base_from_body[index];
            let velocity = workspace.velocities[index];
            let from_body = point - Vec3::from(placement.translation);
            let departs = point_velocity - velocity.linear;
            body.columns(&Mat3::from(&placement.rotation), |column, linear, angular| {
                // The axes turn with the body.
                let linear_rate = velocity.angular.cross(linear);
                let angular_rate = velocity.angular.cross(angular);
                let of_point = linear_rate + angular_rate.cross(from_body) + angular.cross(departs);
                visit(
                    column,
                    [linear + angular.cross(from_body), angular],
                    [of_point, angular_rate],
                );
            });
            carrier = body.parent;
        }
    }

    /// Velocities of all bodies, at the placements of the last forward kinematics.
    pub(crate) fn update_velocities(&self, workspace: &mut Workspace, qd: &[f64]) {
        for (index, body) in self.bodies.iter().enumerate() {
            let placement = &workspace.base_from_body[index];
            let (origin, rotation) = (Vec3::from(placement.translation), Mat3::from(&placement.rotation));
            let mut velocity = body.parent.map_or(Velocity::ZERO, |parent| Velocity {
                linear: workspace.velocity_at(parent, origin),
                angular: workspace.velocities[parent].angular,
            });
            body.columns(&rotation, |column, linear, angular| {
                velocity.linear += linear * qd[column];
                velocity.angular += angular * qd[column];
            });
            workspace.velocities[index] = velocity;
        }
    }
}

impl Workspace {
    /// The velocity of the point of a body that is at `point`.
    pub(crate) fn velocity_at(&self, body: usize, point: Vec3) -> Vec3 {
        let Velocity { linear, angular } = self.velocities[body];
        linear + angular.cross(point - Vec3::from(self.base_from_body[body].translation))
    }
}
