//! Decides what a group's motors do to its bodies: the acceleration that their effort should give, and the momentum.
//!
//! ```text
//! M(q)·q̈ + C(q, q̇)·q̇ + g(q) = τ − f + external        u = (M + T·∂f/∂q̇)⁻¹·(τ − f − C·q̇ − g)
//! momentum p = M·q̇         ṗ = τ − f + Cᵀ·q̇ − g + external
//! ```
//! τ is the motor's effort, f friction, T the time between samples: dry friction is so steep near standstill that it must
//! be taken at the end of the interval. Cᵀ·q̇: `servomesh_robot`, `momentum.rs`.
//!
//! Joints of other groups are taken to stand at zero, and to weigh what they weigh there.
//!
//! Units: rad (m), N·m (N), kg·m² (kg). **Invariant:** after `new` nothing allocates; what is not finite gives `None`.

use crate::friction::{Drive, Resistance};
use nalgebra::DMatrix;
use servomesh_robot::{Model, RobotError, Workspace, cholesky};
use servomesh_types::{GroupDescription, JointVec, MAX_JOINTS};

/// The rigid bodies of one group and its drives, at the state of the last [`Bodies::update`].
#[derive(Clone, Debug)]
pub(crate) struct Bodies {
    model: Model,
    workspace: Workspace,
    drives: Vec<Drive>,
    /// M + T·∂f/∂q̇, and then its Cholesky factor below the diagonal.
    factor: DMatrix<f64>,
    coriolis_effort: JointVec,
    transposed_effort: JointVec,
    gravity: JointVec,
    velocity: JointVec,
    momentum: JointVec,
    resistance: [Resistance; MAX_JOINTS],
    /// Motor effort less friction, at the efforts of the last update.
    driving: JointVec,
    /// T·∂f/∂q̇ of each joint.
    implicit: JointVec,
}

impl Bodies {
    /// The bodies that a group's joints move. `slow` is the speed of each joint below which its direction is not certain.
    ///
    /// # Errors
    /// The robot's description has no such joints.
    pub(crate) fn new(
        robot: &Model,
        group: &GroupDescription,
        slow: impl Fn(usize) -> f64,
    ) -> Result<Self, RobotError> {
        let names: Vec<&str> = group.joints.iter().map(|joint| joint.name.as_str()).collect();
        let mut model = robot.subset(&names, &vec![0.0; robot.position_count()])?;
        for (index, joint) in group.joints.iter().enumerate() {
            model.set_armature(index, joint.drivetrain.armature)?;
        }
        let count = names.len();
        let drive = |(index, joint): (usize, &servomesh_types::JointDescription)| {
            Drive::new(&joint.drivetrain, slow(index))
        };
        Ok(Self {
            workspace: Workspace::new(&model),
            model,
            drives: group.joints.iter().enumerate().map(drive).collect(),
            factor: DMatrix::zeros(count, count),
            coriolis_effort: JointVec::zeros(count),
            transposed_effort: JointVec::zeros(count),
            gravity: JointVec::zeros(count),
            velocity: JointVec::zeros(count),
            momentum: JointVec::zeros(count),
            resistance: [Resistance::default(); MAX_JOINTS],
            driving: JointVec::zeros(count),
            implicit: JointVec::zeros(count),
        })
    }

    /// Takes a state, with the effort that the driver reports. False if no acceleration follows from it: something has no
    /// inertia, or is not finite.
    pub(crate) fn update(&mut self, q: &JointVec, qd: &JointVec, reported: &JointVec, dt_s: f64) -> bool {
        let count = self.drives.len();
        self.velocity = *qd;
        let (model, workspace) = (&self.model, &mut self.workspace);
        model.gravity_effort(workspace, q, &mut self.gravity);
        model.coriolis_effort(workspace, q, qd, &mut self.coriolis_effort);
        model.momentum(workspace, q, qd, &mut self.momentum, &mut self.transposed_effort);
        model.mass_matrix(workspace, q);
        let mass = self.workspace.mass_matrix();
        for i in 0..count {
            let motor = self.drives[i].motor(reported[i]);
            self.resistance[i] = self.drives[i].resistance(qd[i], motor);
            self.driving[i] = self.driven(i, motor, &self.resistance[i]);
        }
        self.factor.copy_from(mass);
        for i in 0..count {
            let inertia = LEAST_INERTIA * mass[(i, i)];
            self.implicit[i] = dt_s * self.resistance[i].slope(inertia, dt_s);
            self.factor[(i, i)] += self.implicit[i];
        }
        cholesky::factorise(&mut self.factor, 0.0).is_ok()
    }

    /// A joint's motor effort less friction.
    fn driven(&self, joint: usize, motor: f64, resistance: &Resistance) -> f64 {
        let push = motor - self.coriolis_effort[joint] - self.gravity[joint];
        motor - resistance.effort(push)
    }

    /// The acceleration that other efforts than those of the update should give.
    pub(crate) fn acceleration_by(&self, reported: &JointVec) -> JointVec {
        let driving = JointVec::from_fn(self.drives.len(), |i| {
            let motor = self.drives[i].motor(reported[i]);
            self.driven(i, motor, &self.drives[i].resistance(self.velocity[i], motor))
        });
        self.accelerated(&driving)
    }

    /// The acceleration that the efforts of the update should give.
    pub(crate) fn acceleration(&self) -> JointVec {
        self.accelerated(&self.driving)
    }

    fn accelerated(&self, driving: &JointVec) -> JointVec {
        let mut acceleration = JointVec::from_fn(self.drives.len(), |i| {
            driving[i] - self.coriolis_effort[i] - self.gravity[i]
        });
        cholesky::solve(&self.factor, &mut acceleration);
        acceleration
    }

    /// Momentum of each joint, M·q̇.
    pub(crate) fn momentum(&self) -> &JointVec {
        &self.momentum
    }

    /// What changes the momentum, but for what acts from outside: τ − f + Cᵀ·q̇ − g.
    pub(crate) fn momentum_rate(&self) -> JointVec {
        JointVec::from_fn(self.drives.len(), |i| {
            self.driving[i] + self.transposed_effort[i] - self.gravity[i]
        })
    }

    /// The effort that would give accelerations beside those of the model, against friction too: (M + T·∂f/∂q̇)·a.
    pub(crate) fn effort_for(&self, acceleration: &JointVec) -> JointVec {
        let mass = self.workspace.mass_matrix();
        JointVec::from_fn(self.drives.len(), |i| {
            let inertial: f64 = (0..self.drives.len())
                .map(|j| mass[(i, j)] * acceleration[j])
                .sum();
            inertial + self.implicit[i] * acceleration[i]
        })
    }

    /// The standard deviation of that, where those of the accelerations are given and independent.
    pub(crate) fn effort_deviation(&self, deviation: &JointVec) -> JointVec {
        let mass = self.workspace.mass_matrix();
        JointVec::from_fn(self.drives.len(), |i| {
            let squares = (0..self.drives.len()).map(|j| {
                let own = if i == j { self.implicit[i] } else { 0.0 };
                ((mass[(i, j)] + own) * deviation[j]).powi(2)
            });
            squares.sum::<f64>().sqrt()
        })
    }

    /// The standard deviation of the momentum, where those of velocities are given and independent.
    pub(crate) fn momentum_deviation(&self, deviation: &JointVec) -> JointVec {
        let mass = self.workspace.mass_matrix();
        JointVec::from_fn(self.drives.len(), |i| {
            (0..self.drives.len())
                .map(|j| (mass[(i, j)] * deviation[j]).powi(2))
                .sum::<f64>()
                .sqrt()
        })
    }

    /// How far the efforts of the model may be off at an acceleration, where its masses may be by `mass_error` and its
    /// friction by `friction_error` (shares).
    pub(crate) fn doubt(&self, acceleration: &JointVec, mass_error: f64, friction_error: f64) -> JointVec {
        let mass = self.workspace.mass_matrix();
        JointVec::from_fn(self.drives.len(), |i| {
            let inertial: f64 = (0..self.drives.len())
                .map(|j| (mass[(i, j)] * acceleration[j]).abs())
                .sum();
            let bodies = self.gravity[i].abs() + self.coriolis_effort[i].abs() + inertial;
            mass_error * bodies + self.resistance[i].doubt(friction_error)
        })
    }
}

/// Of a joint's inertia with all others held: what it feels of it at the least, for the stability of friction.
const LEAST_INERTIA: f64 = 0.5;
