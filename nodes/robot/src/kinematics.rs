//! Where the links are and how they move. Base axes and base origin are those of the root link.
//!
//! **Invariant:** every query answers for the positions of the last [`Model::forward_kinematics`] on that workspace;
//! the dynamics leave those placements alone.

use nalgebra::{Isometry3, Matrix6xX, Point3, Vector3};

use crate::model::{LinkId, Model};
use crate::spatial::Placement;
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
    /// If `q` has not one value for each joint.
    pub fn forward_kinematics(&self, workspace: &mut Workspace, q: &[f64]) {
        self.check_length(q);
        for (index, body) in self.bodies.iter().enumerate() {
            let parent_from_body = body.parent_from_body(q[body.joint]);
            workspace.base_from_body[index] = match body.parent {
                Some(parent) => workspace.base_from_body[parent].then(&parent_from_body),
                None => parent_from_body,
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

    /// Fills the geometric Jacobian of a link: `jacobian · q̇` is the velocity of the link's origin (rows 0 to 2) and the
    /// link's angular velocity (rows 3 to 5), in base axes.
    ///
    /// # Panics
    /// If `jacobian` has not one column for each joint.
    pub fn jacobian(&self, workspace: &Workspace, link: LinkId, jacobian: &mut Matrix6xX<f64>) {
        assert_eq!(
            jacobian.ncols(),
            self.joint_count(),
            "{}: one column for each joint",
            self.name()
        );
        jacobian.fill(0.0);
        self.for_each_column(workspace, link, |joint, linear, angular| {
            for row in 0..3 {
                jacobian[(row, joint)] += linear[row];
                jacobian[(row + 3, joint)] += angular[row];
            }
        });
    }

    /// The velocity of a link when the joints move at `qd`.
    ///
    /// # Panics
    /// If `qd` has not one value for each joint.
    pub fn link_velocity(&self, workspace: &Workspace, link: LinkId, qd: &[f64]) -> Twist {
        self.check_length(qd);
        let mut twist = Twist {
            linear: Vector3::zeros(),
            angular: Vector3::zeros(),
        };
        self.for_each_column(workspace, link, |joint, linear, angular| {
            twist.linear += linear * qd[joint];
            twist.angular += angular * qd[joint];
        });
        twist
    }

    /// Calls `column(joint, linear, angular)` for each body that carries the link; joints with mimics come up repeatedly.
    fn for_each_column(
        &self,
        workspace: &Workspace,
        link: LinkId,
        mut column: impl FnMut(usize, Vector3<f64>, Vector3<f64>),
    ) {
        let point = self.base_from_link(workspace, link).translation;
        let mut carrier = self.links[link.0].body;
        while let Some(index) = carrier {
            let body = &self.bodies[index];
            let placement = &workspace.base_from_body[index];
            let axis = placement.rotation.column(2) * body.ratio;
            if body.rotary {
                column(body.joint, axis.cross(&(point - placement.translation)), axis);
            } else {
                column(body.joint, axis, Vector3::zeros());
            }
            carrier = body.parent;
        }
    }

    /// The centre of mass of everything that moves, in base axes; `None` if nothing that moves has mass.
    pub fn centre_of_mass(&self, workspace: &Workspace) -> Option<Point3<f64>> {
        let mut moment = Vector3::zeros();
        for (body, placement) in self.bodies.iter().zip(&workspace.base_from_body) {
            moment +=
                placement.rotation * body.inertia.first_moment + placement.translation * body.inertia.mass;
        }
        let mass = self.moving_mass();
        (mass > 0.0).then(|| Point3::from(moment / mass))
    }

    /// Potential energy of everything that moves in gravity (J), zero at the base's origin.
    pub fn potential_energy(&self, workspace: &Workspace) -> f64 {
        let com = self.centre_of_mass(workspace).unwrap_or_else(Point3::origin);
        -self.moving_mass() * self.gravity.dot(&com.coords)
    }
}
