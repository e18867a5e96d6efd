//! The momentum of the joints, and how motion alone changes it: `p = M·q̇`, `ṗ = τ − g + Cᵀ·q̇`. Without either matrix.
//!
//! A joint's momentum is that of all it carries along its axis S: `p = Sᵀ·h`, about the origin of its body. The axis moves with the body, at
//! velocity v, so `ṗ = Sᵀ·ḣ + h·(v × S)`: the first term is what the joint and gravity give, the second is what `Cᵀ·q̇` stands for. So it is
//! the same for every C with `Ṁ = C + Cᵀ`, that of [`Model::coriolis_matrix`] too; where positions have rates, it is ∂/∂q of the kinetic energy.
//!
//! Each body is treated in its own axes, as in `inverse_dynamics`.

use crate::body::{Freedom, Wrench, free_velocity};
use crate::model::Model;
use crate::rates::Velocity;
use crate::workspace::Workspace;

impl Model {
    /// Computes `M·q̇`, armatures included, and `Cᵀ·q̇` at positions `q` and velocities `qd`.
    ///
    /// # Panics
    /// If a slice has the wrong length.
    pub fn momentum(
        &self,
        workspace: &mut Workspace,
        q: &[f64],
        qd: &[f64],
        momentum: &mut [f64],
        change: &mut [f64],
    ) {
        self.check_positions(q);
        for values in [qd, &*momentum, &*change] {
            self.check_length(values);
        }
        for (index, body) in self.bodies.iter().enumerate() {
            let (above, below) = workspace.bodies.split_at_mut(index);
            let work = &mut below[0];
            work.in_parent = body.in_parent(q);
            let at = &work.in_parent;
            let parent = body
                .parent
                .map_or(Velocity::ZERO, |parent| above[parent].velocity);
            let of_origin = parent.linear + parent.angular.cross(at.origin);
            let mut linear = at.rotation.apply_transposed(of_origin);
            let mut angular = at.rotation.apply_transposed(parent.angular);
            match body.freedom {
                Freedom::Turns => angular.z += body.ratio * qd[body.joint],
                Freedom::Slides => linear.z += body.ratio * qd[body.joint],
                Freedom::Free => {
                    let (own_linear, own_angular) = free_velocity(qd, body.joint);
                    linear += own_linear;
                    angular += own_angular;
                }
            }
            work.velocity = Velocity { linear, angular };
            work.wrench = body.inertia.push(linear);
            work.wrench += body.inertia.twist(angular);
        }
        change.fill(0.0);
        for ((momentum, joint), velocity) in momentum.iter_mut().zip(self.joints()).zip(qd) {
            *momentum = joint.armature * velocity;
        }
        for (index, body) in self.bodies.iter().enumerate().rev() {
            let (above, below) = workspace.bodies.split_at_mut(index);
            let work = &below[0];
            let Wrench { force, moment } = work.wrench;
            let Velocity { linear, angular } = work.velocity;
            body.feel(work.wrench, momentum);
            let turning = Wrench {
                force: force.cross(angular),
                moment: moment.cross(angular) + force.cross(linear),
            };
            body.feel(turning, change);
            if let Some(parent) = body.parent {
                above[parent].wrench += work.wrench.into_a(&work.in_parent);
            }
        }
    }
}
