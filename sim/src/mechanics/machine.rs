//! The articulated machine in a step of the world.
//!
//! Decides its free motion: efforts, less what damping takes at the *end* of the step (damping times the step is added to the joint's inertia),
//! give accelerations; velocities follow, then positions (semi-implicit Euler).

use nalgebra::{Isometry3, Matrix6xX, Vector3};
use servomesh_robot::{LinkId, Model, Twist, Workspace};

use super::coupling::near_end;
use super::solver::Solver;
use crate::plant::Wrench;

/// How the machine moves while nothing touches it, no joint rubs and none is at an end of its travel. In contact it is always
/// [`SemiImplicitEuler`](Self::SemiImplicitEuler), as bodies are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Integrator {
    /// Velocities by the acceleration at the start of the step, then positions by the new velocities; damping at the end of the step. What
    /// MuJoCo calls `Euler`, step by step. Stable with stiff damping.
    #[default]
    SemiImplicitEuler,
    /// The classical method of fourth order, for energies over a long time. Four times the work; stiff damping makes it unstable.
    RungeKutta,
}

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
    /// Dry friction of each joint (N·m, N).
    pub(super) friction: Vec<f64>,
    /// What dry friction did at each joint in the last step (N·m, N).
    pub(super) held: Vec<f64>,
    /// Whether the ends of the joints' travel hold.
    pub(super) has_ends: bool,
    /// A wrench on a link, at its origin.
    pub(super) push: Option<(LinkId, Wrench)>,
    pub(super) integrator: Integrator,
    /// Efforts of the step, the push among them.
    efforts: Vec<f64>,
    /// Where a stage of Runge–Kutta stands: positions, velocities, efforts.
    stage: [Vec<f64>; 3],
    /// The weighted sum of its velocities and accelerations.
    sums: [Vec<f64>; 2],
    bias: Vec<f64>,
    /// Whether the links are where the positions put them.
    links_known: bool,
    /// Jacobians of the links that have been asked for since they moved, in front; memory behind.
    jacobians: Vec<(LinkId, Matrix6xX<f64>)>,
    known: usize,
}

impl Machine {
    pub(super) fn new(model: &Model) -> Self {
        assert!(
            model.free_joints().is_empty(),
            "what floats is a free body of the world, not a joint of its machine"
        );
        let count = model.joint_count();
        Self {
            stepped: model.clone(),
            workspace: Workspace::new(model),
            positions: vec![0.0; count],
            velocities: vec![0.0; count],
            accelerations: vec![0.0; count],
            friction: vec![0.0; count],
            held: vec![0.0; count],
            has_ends: true,
            push: None,
            integrator: Integrator::default(),
            efforts: vec![0.0; count],
            stage: std::array::from_fn(|_| vec![0.0; count]),
            sums: std::array::from_fn(|_| vec![0.0; count]),
            bias: vec![0.0; count],
            links_known: false,
            jacobians: Vec::new(),
            known: 0,
            model: model.clone(),
        }
    }

    /// Changes the model, for a load or another armature.
    pub(super) fn edit<E>(&mut self, mut change: impl FnMut(&mut Model) -> Result<(), E>) -> Result<(), E> {
        change(&mut self.model)?;
        change(&mut self.stepped)
    }

    /// Takes what acts in the step: efforts with `Jᵀ·F` of the push, damping into the armatures.
    fn take_efforts(&mut self, dt_s: f64, efforts: &[f64], damping: &[f64]) {
        self.efforts.copy_from_slice(efforts);
        if let Some((link, wrench)) = self.push {
            self.update_links();
            let place = self.place_of_jacobian(link);
            let Self {
                efforts, jacobians, ..
            } = self;
            for (effort, column) in efforts.iter_mut().zip(jacobians[place].1.column_iter()) {
                *effort += column.fixed_rows::<3>(0).dot(&wrench.force);
                *effort += column.fixed_rows::<3>(3).dot(&wrench.moment);
            }
        }
        for (joint, damping) in damping.iter().enumerate() {
            let armature = self.model.joints()[joint].armature + dt_s * damping;
            self.stepped
                .set_armature(joint, armature)
                .expect("damping is finite and never negative");
        }
    }

    /// Whether a joint rubs or is near an end of its travel.
    pub(super) fn is_held(&self, dt_s: f64) -> bool {
        let ends = |joint| self.ends_near(joint, dt_s).iter().any(Option::is_some);
        (0..self.positions.len()).any(|joint| self.friction[joint] > 0.0 || ends(joint))
    }

    /// The ends of a joint's travel that it may reach in the step: the direction away from the end, and the way to it.
    pub(super) fn ends_near(&self, joint: usize, dt_s: f64) -> [Option<(f64, f64)>; 2] {
        if !self.has_ends {
            return [None; 2];
        }
        let (joint, position, velocity) = (
            &self.model.joints()[joint],
            self.positions[joint],
            self.velocities[joint],
        );
        let near = near_end(joint.kind, velocity, dt_s);
        let end = |sign: f64, gap: f64| (gap < near).then_some((sign, gap));
        [
            end(1.0, position - joint.limits.lower),
            end(-1.0, joint.limits.upper - position),
        ]
    }

    /// Puts its masses, its free motion and a first guess into the solver.
    pub(super) fn load(&mut self, dt_s: f64, efforts: &[f64], damping: &[f64], solver: &mut Solver) {
        self.take_efforts(dt_s, efforts, damping);
        let count = self.positions.len();
        self.stepped.bias_effort(
            &mut self.workspace,
            &self.positions,
            &self.velocities,
            &mut self.bias,
        );
        let mass = self.stepped.mass_matrix(&mut self.workspace, &self.positions);
        solver.joints = count;
        // Symmetric: its columns are its rows.
        solver.machine_mass.extend_from_slice(mass.as_slice());
        for joint in 0..count {
            let row = &solver.machine_mass[joint * count..(joint + 1) * count];
            let held: f64 = row.iter().zip(&self.velocities).map(|(m, v)| m * v).sum();
            solver
                .momentum
                .push(held + dt_s * (self.efforts[joint] - self.bias[joint]));
            solver
                .velocity
                .push(self.velocities[joint] + dt_s * self.accelerations[joint]);
        }
    }

    /// Takes the velocities at the end of the step, and moves on.
    pub(super) fn advance(&mut self, velocities: &[f64], dt_s: f64) {
        self.links_known = false;
        for (joint, velocity) in velocities.iter().enumerate() {
            self.accelerations[joint] = (velocity - self.velocities[joint]) / dt_s;
            self.velocities[joint] = *velocity;
            self.positions[joint] += dt_s * velocity;
        }
    }

    /// The Jacobian of a link at the last `update_links`.
    pub(super) fn jacobian(&mut self, link: LinkId) -> &Matrix6xX<f64> {
        let place = self.place_of_jacobian(link);
        &self.jacobians[place].1
    }

    fn place_of_jacobian(&mut self, link: LinkId) -> usize {
        let known = self.jacobians[..self.known]
            .iter()
            .position(|(known, _)| *known == link);
        known.unwrap_or_else(|| {
            let place = self.known;
            self.known += 1;
            if place == self.jacobians.len() {
                self.jacobians
                    .push((link, Matrix6xX::zeros(self.positions.len())));
            }
            self.jacobians[place].0 = link;
            self.model
                .jacobian(&self.workspace, link, &mut self.jacobians[place].1);
            place
        })
    }

    /// Steps it as if nothing touched it.
    pub(super) fn step_freely(&mut self, dt_s: f64, efforts: &[f64], damping: &[f64]) {
        self.take_efforts(dt_s, efforts, damping);
        self.links_known = false;
        if self.integrator == Integrator::RungeKutta {
            self.step_runge_kutta(dt_s, damping);
            return;
        }
        self.stepped
            .forward_dynamics(
                &mut self.workspace,
                &self.positions,
                &self.velocities,
                &self.efforts,
                &mut self.accelerations,
            )
            .expect(HAS_INERTIA);
        for joint in 0..self.positions.len() {
            self.velocities[joint] += dt_s * self.accelerations[joint];
            self.positions[joint] += dt_s * self.velocities[joint];
        }
    }

    fn step_runge_kutta(&mut self, dt_s: f64, damping: &[f64]) {
        let count = self.positions.len();
        let Self {
            stage: [positions, velocities, efforts],
            sums: [way, gain],
            accelerations,
            ..
        } = self;
        positions.copy_from_slice(&self.positions);
        velocities.copy_from_slice(&self.velocities);
        way.fill(0.0);
        gain.fill(0.0);
        // Weight of each stage, and how far the next one lies ahead.
        for (weight, ahead) in [(1.0, 0.5), (2.0, 0.5), (2.0, 1.0), (1.0, 0.0)] {
            for joint in 0..count {
                let gained = velocities[joint] - self.velocities[joint];
                efforts[joint] = self.efforts[joint] - damping[joint] * gained;
            }
            self.model
                .forward_dynamics(&mut self.workspace, positions, velocities, efforts, accelerations)
                .expect(HAS_INERTIA);
            for joint in 0..count {
                way[joint] += weight * velocities[joint];
                gain[joint] += weight * accelerations[joint];
                positions[joint] = self.positions[joint] + ahead * dt_s * velocities[joint];
                velocities[joint] = self.velocities[joint] + ahead * dt_s * accelerations[joint];
            }
        }
        for joint in 0..count {
            accelerations[joint] = gain[joint] / 6.0;
            self.positions[joint] += dt_s / 6.0 * way[joint];
            self.velocities[joint] += dt_s * accelerations[joint];
        }
    }

    pub(super) fn update_links(&mut self) {
        if !self.links_known {
            self.known = 0;
            self.model
                .forward_kinematics(&mut self.workspace, &self.positions);
            self.links_known = true;
        }
    }

    /// Puts it somewhere, in motion.
    pub(super) fn place(&mut self, positions: &[f64], velocities: &[f64]) {
        self.positions.copy_from_slice(positions);
        self.velocities.copy_from_slice(velocities);
        self.accelerations.fill(0.0);
        self.held.fill(0.0);
        self.links_known = false;
        self.update_links();
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

const HAS_INERTIA: &str = "each joint moves something that has inertia";
