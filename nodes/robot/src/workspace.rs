//! The memory that the algorithms work in: allocated once for a model, then reused, so that a control loop allocates
//! nothing.
//!
//! **Invariant:** a workspace is used with the model it was made for, or with a model of the same shape (a clone).

use nalgebra::DMatrix;

use crate::model::Model;
use crate::spatial::{ArticulatedInertia, Force, Inertia, Motion, Placement};

/// Scratch memory and results for one [`Model`]. Make one for each thread.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// Placements of the last `forward_kinematics`.
    pub(crate) base_from_body: Vec<Placement>,
    pub(crate) bodies: Vec<BodyWork>,
    pub(crate) mass_matrix: DMatrix<f64>,
    pub(crate) factor: DMatrix<f64>,
    pub(crate) bias: Vec<f64>,
    pub(crate) zeros: Vec<f64>,
}

/// What the dynamics compute for one body, in the body's own frame.
#[derive(Debug, Clone)]
pub(crate) struct BodyWork {
    pub(crate) parent_from_body: Placement,
    pub(crate) velocity: Motion,
    pub(crate) acceleration: Motion,
    pub(crate) force: Force,
    pub(crate) composite: Inertia,
    pub(crate) articulated: ArticulatedInertia,
    /// U, D and u of RBDA section 7.3.
    pub(crate) along_joint: Force,
    pub(crate) joint_inertia: f64,
    pub(crate) joint_effort: f64,
}

impl Workspace {
    /// Allocates the memory that `model`'s algorithms need.
    pub fn new(model: &Model) -> Self {
        let joints = model.joint_count();
        let body = BodyWork {
            parent_from_body: Placement::identity(),
            velocity: Motion::zero(),
            acceleration: Motion::zero(),
            force: Force::zero(),
            composite: Inertia::zero(),
            articulated: ArticulatedInertia::zero(),
            along_joint: Force::zero(),
            joint_inertia: 0.0,
            joint_effort: 0.0,
        };
        let mut workspace = Self {
            base_from_body: vec![Placement::identity(); model.bodies.len()],
            bodies: vec![body; model.bodies.len()],
            mass_matrix: DMatrix::zeros(joints, joints),
            factor: DMatrix::zeros(joints, joints),
            bias: vec![0.0; joints],
            zeros: vec![0.0; joints],
        };
        let zeros = workspace.zeros.clone();
        model.forward_kinematics(&mut workspace, &zeros);
        workspace
    }

    /// The result of the last [`Model::mass_matrix`].
    pub fn mass_matrix(&self) -> &DMatrix<f64> {
        &self.mass_matrix
    }
}
