//! Accelerations from efforts: the articulated-body algorithm (RBDA section 7.3). Armature adds to each joint's inertia.
//!
//! In base axes, each body about its own origin, with accelerations of origins in the everyday sense, as in `inverse_dynamics`.
//!
//! A tree with mimic joints is no open chain of free joints, so for it the mass matrix is factored instead (RBDA
//! section 6.1); both give the same numbers where both apply.

use nalgebra::{Cholesky, Matrix6, Vector6};

use crate::articulated::ArticulatedInertia;
use crate::body::{Body, Frame, Freedom, Wrench, free_velocity, set_free};
use crate::cholesky::{self, Pivot};
use crate::error::RobotError;
use crate::model::Model;
use crate::vector::Vec3;
use crate::workspace::Workspace;

/// Joint inertias below this (kg·m² or kg) are round-off, not mass: the rotor of a watch motor has more.
const LEAST_INERTIA: f64 = 1e-12;

/// How a body gives way, in base axes, about its origin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Yielding {
    velocity: Vec3,
    /// What the body accelerates by when its parent and its joint do not; in the end, by how much it does.
    linear: Vec3,
    angular: Vec3,
    inertia: ArticulatedInertia,
    /// What it takes to keep it from accelerating.
    bias: Wrench,
    /// U, D and u of RBDA section 7.3: what the joint's acceleration takes, what of that the joint feels, what is left of its effort.
    push: Wrench,
    felt: f64,
    left: f64,
    /// The factor of a free body's inertia, and the wrench that accelerates it.
    factor: Option<Cholesky<f64, nalgebra::U6>>,
}

impl Yielding {
    pub(crate) const NONE: Self = Self {
        velocity: Vec3::ZERO,
        linear: Vec3::ZERO,
        angular: Vec3::ZERO,
        inertia: ArticulatedInertia::ZERO,
        bias: Wrench::ZERO,
        push: Wrench::ZERO,
        felt: 0.0,
        left: 0.0,
        factor: None,
    };
}

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
    /// If a slice has the wrong length.
    pub fn forward_dynamics(
        &self,
        workspace: &mut Workspace,
        q: &[f64],
        qd: &[f64],
        effort: &[f64],
        qdd: &mut [f64],
    ) -> Result<(), RobotError> {
        self.check_positions(q);
        for values in [qd, effort, &*qdd] {
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
            let (above, below) = workspace.bodies.split_at_mut(index);
            let (rotation, velocity) = body.parent.map_or((None, Vec3::ZERO), |parent| {
                let parent = &above[parent];
                (Some(&parent.in_base_axes.rotation), parent.yielding.velocity)
            });
            let work = &mut below[0];
            work.in_base_axes = body.in_base_axes(rotation, q);
            body.yielding(&work.in_base_axes, velocity, qd, &mut work.yielding);
        }
        for (index, body) in self.bodies.iter().enumerate().rev() {
            let (above, below) = workspace.bodies.split_at_mut(index);
            let Frame { rotation, origin } = below[0].in_base_axes;
            let own = &mut below[0].yielding;
            if body.freedom == Freedom::Free {
                let (force, moment) = free_velocity(effort, body.joint);
                let applied = Wrench {
                    force: rotation.apply(force),
                    moment: rotation.apply(moment),
                };
                own.push = Wrench {
                    force: applied.force - own.bias.force,
                    moment: applied.moment - own.bias.moment,
                };
                own.factor = Cholesky::new(own.inertia.to_matrix());
                if own.factor.is_none() {
                    return Err(self.no_inertia(body.joint, 0.0));
                }
                // A free joint hands on no inertia, only the wrench that acts in it.
                if let Some(parent) = body.parent {
                    above[parent].yielding.bias += applied.seen_from(origin);
                }
                continue;
            }
            let axis = rotation.z;
            (own.push, own.felt, own.left) = if body.rotary {
                let push = own.inertia.twist(axis);
                (
                    push,
                    axis.dot(push.moment),
                    effort[body.joint] - axis.dot(own.bias.moment),
                )
            } else {
                let push = own.inertia.push(axis);
                (
                    push,
                    axis.dot(push.force),
                    effort[body.joint] - axis.dot(own.bias.force),
                )
            };
            own.felt += self.joints()[body.joint].armature;
            if own.felt < LEAST_INERTIA {
                return Err(self.no_inertia(body.joint, own.felt));
            }
            let Some(parent) = body.parent else { continue };
            let inverse = 1.0 / own.felt;
            let left = own.inertia.without(&own.push, inverse);
            let share = own.left * inverse;
            let mut bias = left.mul(own.linear, own.angular);
            bias.force += own.bias.force + own.push.force * share;
            bias.moment += own.bias.moment + own.push.moment * share;
            let parent = &mut above[parent].yielding;
            parent.inertia.add_seen_from(&left, origin);
            parent.bias += bias.seen_from(origin);
        }
        let upwards = -Vec3::from(self.gravity);
        for (index, body) in self.bodies.iter().enumerate() {
            let (above, below) = workspace.bodies.split_at_mut(index);
            let (linear, angular) = body.parent.map_or((upwards, Vec3::ZERO), |parent| {
                (above[parent].yielding.linear, above[parent].yielding.angular)
            });
            let Frame { rotation, origin } = below[0].in_base_axes;
            let own = &mut below[0].yielding;
            own.linear += linear + angular.cross(origin);
            own.angular += angular;
            if let Some(factor) = &own.factor {
                let Wrench { force, moment } = own.push;
                let push = Vector6::new(force.x, force.y, force.z, moment.x, moment.y, moment.z);
                let a = factor.solve(&push);
                let linear = Vec3::new(a[0], a[1], a[2]);
                let angular = Vec3::new(a[3], a[4], a[5]);
                set_free(
                    qdd,
                    body.joint,
                    rotation.apply_transposed(linear - own.linear),
                    rotation.apply_transposed(angular - own.angular),
                );
                (own.linear, own.angular) = (linear, angular);
                continue;
            }
            let taken = own.push.force.dot(own.linear) + own.push.moment.dot(own.angular);
            let acceleration = (own.left - taken) / own.felt;
            qdd[body.joint] = acceleration;
            if body.rotary {
                own.angular += rotation.z * acceleration;
            } else {
                own.linear += rotation.z * acceleration;
            }
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
        let factor = &mut workspace.factor;
        factor.copy_from(&workspace.mass_matrix);
        cholesky::factorise(factor, LEAST_INERTIA)
            .map_err(|Pivot { row, left }| self.no_inertia(row, left))?;
        cholesky::solve(factor, qdd);
        Ok(())
    }

    #[cold]
    fn no_inertia(&self, velocity: usize, inertia: f64) -> RobotError {
        RobotError::NoInertia {
            robot: self.name().to_owned(),
            joint: self.velocity_name(velocity).to_owned(),
            inertia,
        }
    }
}

impl Body {
    /// The start of the algorithm: rigid inertia, and what velocities alone cause.
    #[inline]
    fn yielding(&self, at: &Frame, parent_velocity: Vec3, qd: &[f64], own: &mut Yielding) {
        let w = parent_velocity;
        own.factor = None;
        own.linear = w.cross(w.cross(at.origin));
        match self.freedom {
            Freedom::Turns => {
                let rate = at.rotation.z * qd[self.joint];
                own.angular = w.cross(rate);
                own.velocity = w + rate;
            }
            Freedom::Slides => {
                own.linear += w.cross(at.rotation.z * (2.0 * qd[self.joint]));
                own.angular = Vec3::ZERO;
                own.velocity = w;
            }
            Freedom::Free => {
                let (linear, angular) = free_velocity(qd, self.joint);
                let angular = at.rotation.apply(angular);
                own.linear += (w + w + angular).cross(at.rotation.apply(linear));
                own.angular = w.cross(angular);
                own.velocity = w + angular;
            }
        }
        let inertia = self.inertia.rotated(&at.rotation);
        let w = own.velocity;
        own.bias = Wrench {
            force: w.cross(w.cross(inertia.first_moment)),
            moment: w.cross(inertia.rotational.apply(w)),
        };
        own.inertia = ArticulatedInertia::from_rigid(&inertia);
    }
}

impl ArticulatedInertia {
    fn to_matrix(self) -> Matrix6<f64> {
        let Self {
            linear,
            coupling,
            angular,
        } = self;
        let mut matrix = Matrix6::zeros();
        let coupling = nalgebra::Matrix3::from(&coupling);
        matrix
            .fixed_view_mut::<3, 3>(0, 0)
            .copy_from(&nalgebra::Matrix3::from(&linear));
        matrix.fixed_view_mut::<3, 3>(0, 3).copy_from(&coupling);
        matrix.fixed_view_mut::<3, 3>(3, 0).tr_copy_from(&coupling);
        matrix
            .fixed_view_mut::<3, 3>(3, 3)
            .copy_from(&nalgebra::Matrix3::from(&angular));
        matrix
    }
}
