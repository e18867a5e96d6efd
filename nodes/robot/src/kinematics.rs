//! Where the links are and how they move. Base axes and base origin are those of the root link.
//!
//! **Invariant:** every query answers for the positions of the last [`Model::forward_kinematics`] on that workspace;
//! the dynamics leave those placements alone.

use nalgebra::{Isometry3, Matrix6xX, Vector3};

use crate::body::{Body, FREE_VELOCITIES, Freedom};
use crate::model::{LinkId, Model};
use crate::spatial::Placement;
use crate::vector::{Mat3, Vec3};
use crate::workspace::Workspace;

/// Velocity of a link's origin and of the link, in base axes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Twist {
    /// Of the link's origin (m/s).
    pub linear: Vector3<f64>,
    /// Of the link (rad/s).
    pub angular: Vector3<f64>,
}

impl Model {
    /// Computes where every link is with the joints at `q`.
    ///
    /// # Panics
    /// If `q` has the wrong length.
    pub fn forward_kinematics(&self, workspace: &mut Workspace, q: &[f64]) {
        self.check_positions(q);
        for (index, body) in self.bodies.iter().enumerate() {
            let (above, below) = workspace.base_from_body.split_at_mut(index);
            let parent = body.parent.map(|parent| &above[parent]);
            let mut at = body.in_base_axes(parent.map(|parent| Mat3::from(&parent.rotation)).as_ref(), q);
            if let Some(parent) = parent {
                at.origin += parent.translation.into();
            }
            below[0] = Placement {
                rotation: (&at.rotation).into(),
                translation: at.origin.into(),
            };
        }
    }

    /// The pose `base_from_link`.
    pub fn link_pose(&self, workspace: &Workspace, link: LinkId) -> Isometry3<f64> {
        self.base_from_link(workspace, link).to_isometry()
    }

    fn base_from_link(&self, workspace: &Workspace, link: LinkId) -> Placement {
        let link = &self.links[link.0];
        match link.body {
            Some(body) => workspace.base_from_body[body].then(&link.body_from_link),
            None => link.body_from_link,
        }
    }

    /// The origin of a link, in base axes.
    #[inline]
    pub(crate) fn link_origin(&self, workspace: &Workspace, link: LinkId) -> Vec3 {
        let link = &self.links[link.0];
        let at = Vec3::from(link.body_from_link.translation);
        match link.body {
            Some(body) => {
                let body = &workspace.base_from_body[body];
                Vec3::from(body.translation) + Mat3::from(&body.rotation).apply(at)
            }
            None => at,
        }
    }

    /// Fills the geometric Jacobian of a link: `jacobian · q̇` is the velocity of the link's origin (rows 0 to 2) and the
    /// link's angular velocity (rows 3 to 5), in base axes.
    ///
    /// # Panics
    /// If `jacobian` has not one column for each velocity.
    pub fn jacobian(&self, workspace: &Workspace, link: LinkId, jacobian: &mut Matrix6xX<f64>) {
        self.check_columns(jacobian);
        let columns = jacobian.as_mut_slice();
        columns.fill(0.0);
        self.for_each_column(workspace, link, |velocity, linear, angular| {
            add_column(columns, velocity, linear, angular);
        });
    }

    /// The velocity of a link when the joints move at `qd`.
    ///
    /// # Panics
    /// If `qd` has not one value for each velocity.
    pub fn link_velocity(&self, workspace: &Workspace, link: LinkId, qd: &[f64]) -> Twist {
        self.check_length(qd);
        let (mut linear, mut angular) = (Vec3::ZERO, Vec3::ZERO);
        self.for_each_column(workspace, link, |velocity, along, about| {
            linear += along * qd[velocity];
            angular += about * qd[velocity];
        });
        Twist {
            linear: linear.into(),
            angular: angular.into(),
        }
    }

    /// Calls `column(velocity, linear, angular)` for each velocity of each body that carries the link; joints with mimics come up
    /// repeatedly.
    #[inline]
    fn for_each_column(
        &self,
        workspace: &Workspace,
        link: LinkId,
        mut column: impl FnMut(usize, Vec3, Vec3),
    ) {
        let point = self.link_origin(workspace, link);
        let mut carrier = self.links[link.0].body;
        while let Some(index) = carrier {
            let body = &self.bodies[index];
            let placement = &workspace.base_from_body[index];
            let from_body = point - Vec3::from(placement.translation);
            body.columns(&Mat3::from(&placement.rotation), |velocity, linear, angular| {
                column(velocity, linear + angular.cross(from_body), angular);
            });
            carrier = body.parent;
        }
    }

    pub(crate) fn check_columns(&self, jacobian: &Matrix6xX<f64>) {
        assert_eq!(
            jacobian.ncols(),
            self.velocity_count(),
            "{}: one column for each velocity",
            self.name()
        );
    }
}

/// Adds to one column of a matrix with six rows.
#[inline]
pub(crate) fn add_column(columns: &mut [f64], column: usize, linear: Vec3, angular: Vec3) {
    let column = &mut columns[6 * column..6 * column + 6];
    let values = [linear.x, linear.y, linear.z, angular.x, angular.y, angular.z];
    for (entry, value) in column.iter_mut().zip(values) {
        *entry += value;
    }
}

impl Body {
    /// Calls `column(velocity, linear, angular)` with the motion that a unit of each of the joint's velocities gives the body's origin and
    /// the body, in base axes.
    #[inline]
    pub(crate) fn columns(&self, base_from_body: &Mat3, mut column: impl FnMut(usize, Vec3, Vec3)) {
        let Mat3 { x, y, z } = *base_from_body;
        match self.freedom {
            Freedom::Turns => column(self.joint, Vec3::ZERO, z * self.ratio),
            Freedom::Slides => column(self.joint, z * self.ratio, Vec3::ZERO),
            Freedom::Free => {
                for (offset, axis) in [x, y, z].into_iter().enumerate() {
                    column(self.joint + offset, axis, Vec3::ZERO);
                    column(self.joint + FREE_VELOCITIES / 2 + offset, Vec3::ZERO, axis);
                }
            }
        }
    }
}
