//! The memory that the algorithms work in: allocated once for a model, then reused, so that a control loop allocates
//! nothing.
//!
//! **Invariant:** a workspace is used with the model it was made for, or with a model of the same shape (a clone).

use nalgebra::DMatrix;

use crate::body::{BodyInertia, Frame, Wrench};
use crate::coriolis::Composite;
use crate::forward_dynamics::Yielding;
use crate::inverse_dynamics::Moving;
use crate::mass_matrix::Screw;
use crate::model::Model;
use crate::rates::Velocity;
use crate::spatial::Placement;
use crate::vector::Vec3;

/// Scratch memory and results for one [`Model`]. Make one for each thread.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// Placements of the last `forward_kinematics`.
    pub(crate) base_from_body: Vec<Placement>,
    pub(crate) bodies: Vec<BodyWork>,
    /// One for each column of the model, about the origin of the first body on the way.
    pub(crate) screws: Vec<Screw>,
    pub(crate) mass_matrix: DMatrix<f64>,
    pub(crate) factor: DMatrix<f64>,
    pub(crate) bias: Vec<f64>,
    pub(crate) zeros: Vec<f64>,
    pub(crate) coriolis: DMatrix<f64>,
    pub(crate) composites: Vec<Composite>,
    pub(crate) velocities: Vec<Velocity>,
    /// Mass and mass moment of a body and all it carries, in base axes.
    pub(crate) carried: Vec<(f64, Vec3)>,
}

/// What the dynamics compute for one body; each algorithm fills what it reads.
#[derive(Debug, Clone)]
pub(crate) struct BodyWork {
    /// In the parent's axes.
    pub(crate) in_parent: Frame,
    /// In the body's axes.
    pub(crate) moving: Moving,
    /// In the body's axes.
    pub(crate) velocity: Velocity,
    /// In the body's axes.
    pub(crate) wrench: Wrench,
    /// Axes of the body and way from the parent's origin, in base axes.
    pub(crate) in_base_axes: Frame,
    /// The way from the origin of the first body that carries it, in base axes.
    pub(crate) from_first: Vec3,
    /// In base axes.
    pub(crate) composite: BodyInertia,
    /// In base axes.
    pub(crate) yielding: Yielding,
}

impl Workspace {
    /// Allocates the memory that `model`'s algorithms need; links stand where neutral positions put them.
    pub fn new(model: &Model) -> Self {
        let velocities = model.velocity_count();
        let body = BodyWork {
            in_parent: Frame::IDENTITY,
            moving: Moving::AT_REST,
            velocity: Velocity::ZERO,
            wrench: Wrench::ZERO,
            in_base_axes: Frame::IDENTITY,
            from_first: Vec3::ZERO,
            composite: BodyInertia::ZERO,
            yielding: Yielding::NONE,
        };
        let count = model.bodies.len();
        let mut workspace = Self {
            base_from_body: vec![Placement::identity(); count],
            bodies: vec![body; count],
            screws: vec![Screw::ZERO; model.columns.len()],
            mass_matrix: DMatrix::zeros(velocities, velocities),
            factor: DMatrix::zeros(velocities, velocities),
            bias: vec![0.0; velocities],
            zeros: vec![0.0; velocities],
            coriolis: DMatrix::zeros(velocities, velocities),
            composites: vec![Composite::zero(); count],
            velocities: vec![Velocity::ZERO; count],
            carried: vec![(0.0, Vec3::ZERO); count],
        };
        model.forward_kinematics(&mut workspace, &model.neutral_positions());
        workspace
    }

    /// The result of the last [`Model::mass_matrix`].
    pub fn mass_matrix(&self) -> &DMatrix<f64> {
        &self.mass_matrix
    }
}
