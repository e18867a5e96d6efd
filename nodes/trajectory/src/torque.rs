//! Whether a motion takes more effort than the joints have: the model's efforts for the load, the rotors and their friction.
//!
//! Efforts in N·m (N). Looked at in as many places as a motion has turns, and always at its end and start.

use servomesh_motion::TimedPath;
use servomesh_robot::{Model, Workspace};
use servomesh_types::{GroupDescription, JointVec};

/// What a group's motions take.
#[derive(Debug)]
pub(crate) struct Torque {
    model: Model,
    workspace: Workspace,
    limit: JointVec,
}

/// A joint that would need more than it has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Overload {
    joint: usize,
    time_s: f64,
    effort: f64,
    limit: f64,
}

impl Torque {
    /// `model` has the group's joints in the group's order.
    pub(crate) fn new(model: Model, group: &GroupDescription) -> Self {
        let joints = &group.joints;
        Self {
            workspace: Workspace::new(&model),
            limit: JointVec::from_fn(joints.len(), |joint| joints[joint].limits.effort()),
            model,
        }
    }

    /// The first place where a motion takes more than there is, and more than standing still there takes: a joint that
    /// gravity alone overloads is no better off for not moving.
    pub(crate) fn overload(&mut self, path: &TimedPath) -> Option<Overload> {
        let duration = path.duration();
        let n = self.limit.len();
        let (mut effort, mut gravity) = (JointVec::zeros(n), JointVec::zeros(n));
        for k in 0..=SAMPLES {
            let time_s = duration * f64::from(k) / f64::from(SAMPLES);
            let state = path.at(time_s).state;
            let (q, qd, qdd) = (&state.position, &state.velocity, &state.acceleration);
            self.model
                .inverse_dynamics(&mut self.workspace, q, qd, qdd, &mut effort);
            let Some(joint) = (0..n).find(|&joint| effort[joint].abs() > self.limit[joint]) else {
                continue;
            };
            self.model.gravity_effort(&mut self.workspace, q, &mut gravity);
            if effort[joint].abs() > gravity[joint].abs() {
                return Some(Overload {
                    joint,
                    time_s,
                    effort: effort[joint],
                    limit: self.limit[joint],
                });
            }
        }
        None
    }
}

impl Overload {
    /// The sentence that names joint, effort, time and limit.
    pub(crate) fn describe(&self, group: &GroupDescription) -> String {
        format!(
            "joint {}: the motion takes an effort of {:.2} at {:.3} s, beyond its limit {:.2}",
            group.joint_name(self.joint),
            self.effort,
            self.time_s,
            self.limit
        )
    }
}

/// Places looked at: some 30 µs for six joints.
const SAMPLES: u32 = 100;
