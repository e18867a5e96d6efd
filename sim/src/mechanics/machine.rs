//! The articulated machine in a step of the world.
//!
//! Decides its free motion: efforts, less what damping takes at the *end* of the step (damping times the step is added to the joint's inertia),
//! give accelerations; velocities follow, then positions (semi-implicit Euler).

use nalgebra::{Isometry3, Vector3};
use servomesh_robot::{LinkId, Model, Twist, Workspace};

/// The machine, its state and its memory.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    pub(super) model: Model,
    /// The same machine with the damping of the step in its armatures.
    stepped: Model,
    pub(super) workspace: Workspace,
    pub(super) positions: Vec<f64>,
    pub(super) velocities: Vec<f64>,
    pub(super) accelerations: Vec<f64>,
}

impl Machine {
    pub(super) fn new(model: &Model) -> Self {
        let count = model.joint_count();
        Self {
            stepped: model.clone(),
            workspace: Workspace::new(model),
            positions: vec![0.0; count],
            velocities: vec![0.0; count],
            accelerations: vec![0.0; count],
            model: model.clone(),
        }
    }

    /// Changes the model, for a load or another armature.
    pub(super) fn edit<E>(&mut self, mut change: impl FnMut(&mut Model) -> Result<(), E>) -> Result<(), E> {
        change(&mut self.model)?;
        change(&mut self.stepped)
    }

    /// Steps it as if nothing touched it.
    pub(super) fn step_freely(&mut self, dt_s: f64, efforts: &[f64], damping: &[f64]) {
        for (joint, damping) in damping.iter().enumerate() {
            let armature = self.model.joints()[joint].armature + dt_s * damping;
            self.stepped
                .set_armature(joint, armature)
                .expect("damping is finite and never negative");
        }
        self.stepped
            .forward_dynamics(
                &mut self.workspace,
                &self.positions,
                &self.velocities,
                efforts,
                &mut self.accelerations,
            )
            .expect("each joint moves something that has inertia");
        for joint in 0..self.positions.len() {
            self.velocities[joint] += dt_s * self.accelerations[joint];
            self.positions[joint] += dt_s * self.velocities[joint];
        }
    }

    pub(super) fn update_links(&mut self) {
        self.model
            .forward_kinematics(&mut self.workspace, &self.positions);
    }

    pub(super) fn link_pose(&self, link: LinkId) -> Isometry3<f64> {
        self.model.link_pose(&self.workspace, link)
    }

    pub(super) fn link_velocity(&self, link: LinkId) -> Twist {
        self.model.link_velocity(&self.workspace, link, &self.velocities)
    }

    pub(super) fn gravity(&self) -> Vector3<f64> {
        self.model.gravity()
    }

    pub(super) fn energy(&mut self) -> f64 {
        let kinetic = self
            .model
            .kinetic_energy(&mut self.workspace, &self.positions, &self.velocities);
        kinetic + self.model.potential_energy(&self.workspace)
    }
}
