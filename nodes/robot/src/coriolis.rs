//! The Coriolis matrix C(q, q̇), of which `Ṁ = C + Cᵀ`, and `C·q̇` is what centrifugal and Coriolis forces ask of the joints.
//!
//! Of the many matrices with that product, this is the one of the Christoffel symbols (S. Echeandia, P. Wensing, *Numerical Methods to
//! Compute the Coriolis Matrix and Christoffel Symbols for Rigid-Body Systems*, 2021, algorithm 1), so that passivity-based control can use it.
//! Computed in base axes about the origin of the first body, where inertias and forces of different bodies simply add.
//!
//! Armature is no part of it: a rotor's inertia does not change.

use nalgebra::{DMatrix, Matrix3, Matrix6, Vector3, Vector6};

use crate::body::Body;
use crate::model::Model;
use crate::rates::Velocity;
use crate::vector::{Mat3, Vec3};
use crate::workspace::Workspace;

/// What hangs together below a joint, about the common origin: linear rows and columns first.
#[derive(Debug, Clone)]
pub(crate) struct Composite {
    inertia: Matrix6<f64>,
    /// B of the paper.
    change: Matrix6<f64>,
}

impl Composite {
    pub(crate) fn zero() -> Self {
        Self {
            inertia: Matrix6::zeros(),
            change: Matrix6::zeros(),
        }
    }
}

impl Model {
    /// Computes the Coriolis matrix at positions `q` and velocities `qd`: one row and column for each velocity.
    ///
    /// The placements of the last [`Model::forward_kinematics`] become those of `q`.
    ///
    /// # Panics
    /// If a slice has the wrong length.
    pub fn coriolis_matrix<'w>(
        &self,
        workspace: &'w mut Workspace,
        q: &[f64],
        qd: &[f64],
    ) -> &'w DMatrix<f64> {
        self.check_length(qd);
        self.forward_kinematics(workspace, q);
        self.update_velocities(workspace, qd);
        let centre = workspace
            .base_from_body
            .first()
            .map_or(Vec3::ZERO, |body| body.translation.into());
        for (index, body) in self.bodies.iter().enumerate() {
            let velocity = velocity_about(workspace, index, centre);
            let at = &workspace.base_from_body[index];
            let inertia = body
                .inertia
                .rotated(&Mat3::from(&at.rotation))
                .seen_from(Vec3::from(at.translation) - centre);
            let h = Vector3::from(inertia.first_moment).cross_matrix();
            let inertia = blocks(
                &(Matrix3::identity() * inertia.mass),
                &-h,
                &h,
                &Matrix3::from(&inertia.rotational),
            );
            let momentum = inertia * velocity;
            let motion_cross = motion_cross(&velocity);
            // (v×*) = −(v×)ᵀ
            let change =
                (force_swap(&momentum) - motion_cross.transpose() * inertia - inertia * motion_cross) * 0.5;
            workspace.composites[index] = Composite { inertia, change };
        }
        workspace.coriolis.fill(0.0);
        for (index, body) in self.bodies.iter().enumerate().rev() {
            let Composite { inertia, change } = workspace.composites[index].clone();
            if let Some(parent) = body.parent {
                workspace.composites[parent].inertia += inertia;
                workspace.composites[parent].change += change;
            }
            let matrix = &mut workspace.coriolis;
            let (placements, velocities) = (&workspace.base_from_body, &workspace.velocities);
            let spatial =
                |index: usize, other: &Body, column: &mut dyn FnMut(usize, Vector6<f64>, Vector6<f64>)| {
                    let at = &placements[index];
                    let from_centre = Vec3::from(at.translation) - centre;
                    let velocity = about(velocities[index], from_centre);
                    other.columns(&Mat3::from(&at.rotation), |velocity_index, linear, angular| {
                        let axis = about(Velocity { linear, angular }, from_centre);
                        column(velocity_index, axis, motion_cross(&velocity) * axis);
                    });
                };
            spatial(index, body, &mut |column, axis, axis_rate| {
                let changing = change * axis + inertia * axis_rate;
                let pushing = inertia * axis;
                let back = change.tr_mul(&axis);
                spatial(index, body, &mut |row, other, _| {
                    matrix[(row, column)] += other.dot(&changing);
                });
                let mut carrier = body.parent;
                while let Some(above) = carrier {
                    spatial(above, &self.bodies[above], &mut |row, other, other_rate| {
                        matrix[(row, column)] += other.dot(&changing);
                        matrix[(column, row)] += other_rate.dot(&pushing) + other.dot(&back);
                    });
                    carrier = self.bodies[above].parent;
                }
            });
        }
        &workspace.coriolis
    }
}

/// A motion of a body's origin as one about the common origin, from which the body is seen at `r`.
fn about(motion: Velocity, r: Vec3) -> Vector6<f64> {
    let Velocity { linear, angular } = motion;
    let linear = linear - angular.cross(r);
    Vector6::new(linear.x, linear.y, linear.z, angular.x, angular.y, angular.z)
}

fn velocity_about(workspace: &Workspace, body: usize, centre: Vec3) -> Vector6<f64> {
    let r = Vec3::from(workspace.base_from_body[body].translation) - centre;
    about(workspace.velocities[body], r)
}

fn blocks(a: &Matrix3<f64>, b: &Matrix3<f64>, c: &Matrix3<f64>, d: &Matrix3<f64>) -> Matrix6<f64> {
    let mut matrix = Matrix6::zeros();
    matrix.fixed_view_mut::<3, 3>(0, 0).copy_from(a);
    matrix.fixed_view_mut::<3, 3>(0, 3).copy_from(b);
    matrix.fixed_view_mut::<3, 3>(3, 0).copy_from(c);
    matrix.fixed_view_mut::<3, 3>(3, 3).copy_from(d);
    matrix
}

/// `v ×` of motions (RBDA eq. 2.31).
fn motion_cross(v: &Vector6<f64>) -> Matrix6<f64> {
    let linear = Vector3::new(v[0], v[1], v[2]).cross_matrix();
    let angular = Vector3::new(v[3], v[4], v[5]).cross_matrix();
    blocks(&angular, &linear, &Matrix3::zeros(), &angular)
}

/// The matrix X with `X·m = m ×* f` for every motion m.
fn force_swap(f: &Vector6<f64>) -> Matrix6<f64> {
    let force = Vector3::new(f[0], f[1], f[2]).cross_matrix();
    let moment = Vector3::new(f[3], f[4], f[5]).cross_matrix();
    blocks(&Matrix3::zeros(), &-force, &-force, &-moment)
}
