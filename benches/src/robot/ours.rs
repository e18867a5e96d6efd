//! Our side of the claim: the states, and the calls that are timed.
//!
//! **Invariant:** states come from the generator that `peers/pinocchio.cpp` has too, in the same order.

use super::{Algorithm, STATES};
use crate::draw::Draw;
use anyhow::Result;
use nalgebra::{Isometry3, Matrix6xX};
use servomesh_robot::{LinkId, Model, Workspace};
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

pub(super) struct Ours {
    model: Model,
    workspace: Workspace,
    link: LinkId,
    states: Vec<State>,
    result: Vec<f64>,
    pose: Isometry3<f64>,
    jacobian: Matrix6xX<f64>,
}

struct State {
    q: Vec<f64>,
    qd: Vec<f64>,
    qdd: Vec<f64>,
    effort: Vec<f64>,
}

impl Ours {
    pub(super) fn new(urdf: &Path, link: &str) -> Result<Self> {
        let model = Model::from_urdf_file(urdf)?;
        let count = model.joint_count();
        let mut draw = Draw(1);
        let mut vector = |bound: f64| (0..count).map(|_| draw.signed() * bound).collect();
        let states = (0..STATES).map(|_| State {
            q: vector(3.0),
            qd: vector(2.0),
            qdd: vector(5.0),
            effort: vector(40.0),
        });
        Ok(Self {
            states: states.collect(),
            workspace: Workspace::new(&model),
            link: model.link(link)?,
            result: vec![0.0; count],
            pose: Isometry3::identity(),
            jacobian: Matrix6xX::zeros(count),
            model,
        })
    }

    /// The sum of what the algorithm computes over all states.
    pub(super) fn sum(&mut self, algorithm: Algorithm) -> Result<f64> {
        let mut sum = 0.0;
        for state in 0..STATES {
            self.call(algorithm, state)?;
            sum += match algorithm {
                Algorithm::InverseDynamics | Algorithm::ForwardDynamics => self.result.iter().sum(),
                Algorithm::MassMatrix => self.workspace.mass_matrix().upper_triangle().sum(),
                Algorithm::Jacobian => self.jacobian.sum() + self.pose.translation.vector.sum(),
            };
        }
        Ok(sum)
    }

    /// How long each batch takes [ns].
    #[expect(clippy::disallowed_methods, reason = "a bench measures time")]
    pub(super) fn times(&mut self, algorithm: Algorithm, batches: usize) -> Result<Vec<Option<u64>>> {
        (0..batches)
            .map(|_| {
                let start = Instant::now();
                for state in 0..STATES {
                    self.call(algorithm, state)?;
                }
                let elapsed = start.elapsed();
                Ok(u64::try_from(elapsed.as_nanos()).ok())
            })
            .collect()
    }

    #[inline(always)]
    fn call(&mut self, algorithm: Algorithm, state: usize) -> Result<()> {
        let Self {
            model,
            workspace,
            link,
            states,
            result,
            pose,
            jacobian,
        } = self;
        let State { q, qd, qdd, effort } = black_box(&states[state]);
        match algorithm {
            Algorithm::InverseDynamics => model.inverse_dynamics(workspace, q, qd, qdd, result),
            Algorithm::MassMatrix => {
                black_box(model.mass_matrix(workspace, q));
            }
            Algorithm::ForwardDynamics => model.forward_dynamics(workspace, q, qd, effort, result)?,
            Algorithm::Jacobian => {
                model.forward_kinematics(workspace, q);
                *pose = model.link_pose(workspace, *link);
                model.jacobian(workspace, *link, jacobian);
            }
        }
        black_box((result, pose, jacobian));
        Ok(())
    }
}
