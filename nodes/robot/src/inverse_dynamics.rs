//! Efforts from motions: the recursive Newton–Euler algorithm and what follows from it.
//!
//! `effort = M(q)·q̈ + C(q, q̇)·q̇ + g(q)`; M includes the joints' armatures. Friction is no part of it.
//!
//! Each body is treated in its own axes, with the acceleration of its origin in the everyday sense, so that no linear velocity is needed
//! (J. Luh, M. Walker, R. Paul, *On-line computational scheme for mechanical manipulators*, 1980). A point at r of a body accelerates by
//! `a + Ω·r` with `Ω = [ω̇]× + [ω]×²`, which is worked out once for a body.

use crate::body::{Body, Freedom, Wrench, free_velocity};
use crate::model::Model;
use crate::vector::{Mat3, Vec3};
use crate::workspace::Workspace;

/// How a body moves, in its own axes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moving {
    velocity: Vec3,
    acceleration: Vec3,
    /// Ω, see above.
    spread: Mat3,
    /// Of the body's origin, gravity taken off.
    of_origin: Vec3,
}

impl Moving {
    pub(crate) const AT_REST: Self = Self::ground(Vec3::ZERO);

    /// A base that is pushed upwards by `acceleration`, instead of every body being pulled down.
    const fn ground(acceleration: Vec3) -> Self {
        Self {
            velocity: Vec3::ZERO,
            acceleration: Vec3::ZERO,
            spread: Mat3::new(Vec3::ZERO, Vec3::ZERO, Vec3::ZERO),
            of_origin: acceleration,
        }
    }
}

impl Model {
    /// Computes the efforts that give the joints the accelerations `qdd` at positions `q` and velocities `qd`.
    ///
    /// A wrench F on a link (base axes, at its origin) adds `−Jᵀ·F` to the result.
    ///
    /// # Panics
    /// If a slice has the wrong length.
    pub fn inverse_dynamics(
        &self,
        workspace: &mut Workspace,
        q: &[f64],
        qd: &[f64],
        qdd: &[f64],
        effort: &mut [f64],
    ) {
        self.newton_euler(workspace, -Vec3::from(self.gravity), q, qd, qdd, effort);
    }

    /// Computes `C(q, q̇)·q̇ + g(q)`: the efforts at zero acceleration.
    ///
    /// # Panics
    /// If a slice has the wrong length.
    pub fn bias_effort(&self, workspace: &mut Workspace, q: &[f64], qd: &[f64], effort: &mut [f64]) {
        let zeros = std::mem::take(&mut workspace.zeros);
        self.inverse_dynamics(workspace, q, qd, &zeros, effort);
        workspace.zeros = zeros;
    }

    /// Computes `g(q)`: the efforts that hold the robot still against gravity.
    ///
    /// # Panics
    /// If a slice has the wrong length.
    pub fn gravity_effort(&self, workspace: &mut Workspace, q: &[f64], effort: &mut [f64]) {
        let zeros = std::mem::take(&mut workspace.zeros);
        self.inverse_dynamics(workspace, q, &zeros, &zeros, effort);
        workspace.zeros = zeros;
    }

    /// Computes `C(q, q̇)·q̇`: the centrifugal and Coriolis efforts alone.
    ///
    /// # Panics
    /// If a slice has the wrong length.
    pub fn coriolis_effort(&self, workspace: &mut Workspace, q: &[f64], qd: &[f64], effort: &mut [f64]) {
        let zeros = std::mem::take(&mut workspace.zeros);
        self.newton_euler(workspace, Vec3::ZERO, q, qd, &zeros, effort);
        workspace.zeros = zeros;
    }

    fn newton_euler(
        &self,
        workspace: &mut Workspace,
        upwards: Vec3,
        q: &[f64],
        qd: &[f64],
        qdd: &[f64],
        effort: &mut [f64],
    ) {
        self.check_positions(q);
        for values in [qd, qdd, &*effort] {
            self.check_length(values);
        }
        let ground = Moving::ground(upwards);
        for (index, body) in self.bodies.iter().enumerate() {
            let (above, below) = workspace.bodies.split_at_mut(index);
            let parent = body.parent.map_or(&ground, |parent| &above[parent].moving);
            let work = &mut below[0];
            work.in_parent = body.in_parent(q);
            let at = &work.in_parent;
            let carried = Moving {
                velocity: at.rotation.apply_transposed(parent.velocity),
                acceleration: at.rotation.apply_transposed(parent.acceleration),
                spread: parent.spread,
                of_origin: at
                    .rotation
                    .apply_transposed(parent.of_origin + parent.spread.apply(at.origin)),
            };
            work.moving = body.moving(&carried, qd, qdd);
            work.wrench = body.needed(&work.moving);
        }
        effort.fill(0.0);
        for ((effort, joint), acceleration) in effort.iter_mut().zip(self.joints()).zip(qdd) {
            *effort = joint.armature * acceleration;
        }
        for (index, body) in self.bodies.iter().enumerate().rev() {
            let (above, below) = workspace.bodies.split_at_mut(index);
            let work = &below[0];
            body.feel(work.wrench, effort);
            if let Some(parent) = body.parent {
                above[parent].wrench += work.wrench.into_a(&work.in_parent);
            }
        }
    }
}

impl Body {
    /// The body's motion, given how it would move with its joint at rest.
    #[inline]
    fn moving(&self, carried: &Moving, qd: &[f64], qdd: &[f64]) -> Moving {
        let Moving {
            mut velocity,
            mut acceleration,
            mut of_origin,
            ..
        } = *carried;
        match self.freedom {
            Freedom::Turns => {
                let rate = self.ratio * qd[self.joint];
                acceleration.x += velocity.y * rate;
                acceleration.y -= velocity.x * rate;
                acceleration.z += self.ratio * qdd[self.joint];
                velocity.z += rate;
            }
            Freedom::Slides => {
                let twice = 2.0 * self.ratio * qd[self.joint];
                of_origin.x += velocity.y * twice;
                of_origin.y -= velocity.x * twice;
                of_origin.z += self.ratio * qdd[self.joint];
            }
            Freedom::Free => {
                let (linear, angular) = free_velocity(qd, self.joint);
                let (linear_rate, angular_rate) = free_velocity(qdd, self.joint);
                acceleration += velocity.cross(angular) + angular_rate;
                // Once for the change of place, once for the change of the axes that the velocity is given in.
                of_origin += (velocity + velocity + angular).cross(linear) + linear_rate;
                velocity += angular;
            }
        }
        Moving {
            velocity,
            acceleration,
            spread: spread(velocity, acceleration),
            of_origin,
        }
    }

    /// Newton's and Euler's equations about the body's origin.
    #[inline]
    fn needed(&self, moving: &Moving) -> Wrench {
        let inertia = &self.inertia;
        let momentum = inertia.rotational.apply(moving.velocity);
        Wrench {
            force: moving.of_origin * inertia.mass + moving.spread.apply(inertia.first_moment),
            moment: inertia.rotational.apply(moving.acceleration)
                + moving.velocity.cross(momentum)
                + inertia.first_moment.cross(moving.of_origin),
        }
    }
}

/// `[a]× + [w]×²`.
#[inline]
fn spread(w: Vec3, a: Vec3) -> Mat3 {
    let (xx, yy, zz) = (w.x * w.x, w.y * w.y, w.z * w.z);
    let (xy, xz, yz) = (w.x * w.y, w.x * w.z, w.y * w.z);
    Mat3::new(
        Vec3::new(-(yy + zz), xy + a.z, xz - a.y),
        Vec3::new(xy - a.z, -(xx + zz), yz + a.x),
        Vec3::new(xz + a.y, yz - a.x, -(xx + yy)),
    )
}
