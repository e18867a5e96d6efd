//! Decides, on request, what a group carries and what friction its joints have: least squares over a motion.
//!
//! ```text
//! τ_m − losses − rnea(q, q̇, q̈) = Jᵥᵀ·f + Jωᵀ·n + Fc·s(q̇) + Fv·q̇ + offset        s: direction of motion
//! f = m·(a − g) + (α× + ω×ω×)·R·mc        n = R·mc × (a − g)
//! ```
//! a, α and ω are those of the link that carries the load, R its axes, m the load's mass beyond what the model knows of, mc
//! that times its centre in the link's frame. Without friction in the question, the announced friction counts as known. The
//! load's own turning inertia is not asked for: over slow motions it says nothing. After C. G. Atkeson, C. H. An, J. M. Hollerbach,
//! *Estimation of Inertial Parameters of Manipulator Loads and Links* (IJRR 5-3, 1986).
//!
//! Rows of joints that move too slowly to be sure of their direction are left out. What the motion says too little of is
//! named, not guessed.
//!
//! Units: kg, m, N·m (N), rad (m). **Invariant:** taking a sample allocates nothing.

use crate::friction::Drive;
use nalgebra::{DMatrix, DVector, Matrix6xX, SymmetricEigen, Vector3, Vector6};
use servomesh_robot::{LinkId, Model, RobotError, Workspace};
use servomesh_types::{Drivetrain, GroupDescription, GroupName, JointVec};
use std::fmt::Write as _;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// The link that carries a load of which mass and centre are wanted.
    pub payload_link: Option<String>,
    /// Whether each joint's friction and effort offset are wanted.
    pub friction: bool,
}

/// A figure with its standard deviation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figure {
    /// What it is.
    pub value: f64,
    /// How far it may be off, by the scatter of the efforts.
    pub deviation: f64,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Identified {
    /// The load: its link, its mass beyond the model \[kg\], and its centre in the link's frame \[m\].
    pub payload: Option<(String, Figure, [Figure; 3])>,
    /// Each joint by name: Coulomb friction, viscous friction, offset of the effort.
    pub joints: Vec<(String, [Figure; 3])>,
    /// Efforts that it was found from.
    pub rows: u64,
    /// Root mean square of what is not explained \[N·m, N\].
    pub residual: f64,
}

/// Why nothing was found.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum IdentificationError {
    /// Nothing was asked for.
    #[error("neither a payload nor friction is asked for")]
    Nothing,
    /// The robot's description has no such joints, or no such link.
    #[error(transparent)]
    Robot(#[from] RobotErrorText),
    /// No such group was announced.
    #[error("no group {0} was announced")]
    NoGroup(GroupName),
    /// There is no description of the robot.
    #[error("there is no description of the robot")]
    NoRobot,
    /// No identification of this group was begun.
    #[error("no identification of group {0} was begun")]
    NotBegun(GroupName),
    /// Too few rows.
    #[error(
        "{rows} efforts of moving joints are too few for {unknowns} unknowns: move for longer, and faster"
    )]
    TooFew {
        /// How many there were.
        rows: u64,
        /// How many figures are wanted.
        unknowns: usize,
    },
    /// A figure that the motion hardly changes anything by.
    #[error("the motion says too little of the {0}: move more joints, each both ways, in different poses")]
    Unseen(String),
}

/// The sentence of a robot's error, which can't be compared or cloned itself.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct RobotErrorText(String);

impl From<RobotError> for IdentificationError {
    fn from(error: RobotError) -> Self {
        Self::Robot(RobotErrorText(error.to_string()))
    }
}

/// A least-squares problem that grows with each sample.
#[derive(Debug)]
pub struct Identification {
    wanted: Wanted,
    names: Vec<String>,
    model: Model,
    workspace: Workspace,
    link: Option<LinkId>,
    drives: Vec<Drive>,
    slow: Vec<f64>,
    jacobian: Matrix6xX<f64>,
    expected: Vec<f64>,
    /// Of one joint: its columns, and what they should add up to.
    row: DVector<f64>,
    normal: DMatrix<f64>,
    right: DVector<f64>,
    squares: f64,
    rows: u64,
}

impl Identification {
    /// An empty problem for a group of the robot.
    ///
    /// # Errors
    /// [`IdentificationError::Nothing`], or the robot has no such joint or link.
    pub fn new(robot: &Model, group: &GroupDescription, wanted: Wanted) -> Result<Self, IdentificationError> {
        if wanted.payload_link.is_none() && !wanted.friction {
            return Err(IdentificationError::Nothing);
        }
        let names: Vec<String> = group.joints.iter().map(|joint| joint.name.clone()).collect();
        let borrowed: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut model = robot.subset(&borrowed, &vec![0.0; robot.position_count()])?;
        let (mut drives, mut slow) = (Vec::new(), Vec::new());
        for (index, joint) in group.joints.iter().enumerate() {
            model.set_armature(index, joint.drivetrain.armature)?;
            let known = if wanted.friction {
                Drivetrain {
                    coulomb: 0.0,
                    viscous: 0.0,
                    ..joint.drivetrain
                }
            } else {
                joint.drivetrain
            };
            let least = SLOW_SHARE * joint.limits.velocity();
            drives.push(Drive::new(&known, 0.1 * least));
            slow.push(least);
        }
        let link = wanted
            .payload_link
            .as_deref()
            .map(|name| model.link(name))
            .transpose()?;
        let unknowns =
            usize::from(link.is_some()) * LOAD + usize::from(wanted.friction) * DRIVE * names.len();
        Ok(Self {
            workspace: Workspace::new(&model),
            link,
            drives,
            slow,
            jacobian: Matrix6xX::zeros(names.len()),
            expected: vec![0.0; names.len()],
            row: DVector::zeros(unknowns),
            normal: DMatrix::zeros(unknowns, unknowns),
            right: DVector::zeros(unknowns),
            squares: 0.0,
            rows: 0,
            model,
            names,
            wanted,
        })
    }

    /// Takes the motion of all joints, with the efforts that the driver reports.
    pub fn add(&mut self, q: &JointVec, qd: &JointVec, qdd: &JointVec, reported: &JointVec) {
        let Self { model, workspace, .. } = self;
        model.inverse_dynamics(workspace, q, qd, qdd, &mut self.expected);
        let load = self.link.map(|link| {
            model.forward_kinematics(workspace, q);
            model.jacobian(workspace, link, &mut self.jacobian);
            Self::wrenches(model, workspace, link, qd, qdd)
        });
        for joint in 0..self.names.len() {
            let velocity = qd[joint];
            if velocity.abs() < self.slow[joint] {
                continue;
            }
            self.row.fill(0.0);
            let mut at = 0;
            if let Some(wrenches) = &load {
                for wrench in wrenches {
                    self.row[at] = self.jacobian.column(joint).dot(wrench);
                    at += 1;
                }
            }
            if self.wanted.friction {
                at += DRIVE * joint;
                self.row[at] = velocity.signum();
                self.row[at + 1] = velocity;
                self.row[at + 2] = 1.0;
            }
            let drive = &self.drives[joint];
            let motor = drive.motor(reported[joint]);
            let measured = motor - drive.resistance(velocity, motor).effort(0.0) - self.expected[joint];
            self.normal.ger(1.0, &self.row, &self.row, 1.0);
            self.right.axpy(measured, &self.row, 1.0);
            self.squares += measured * measured;
            self.rows += 1;
        }
    }

    /// The wrenches on the link that a mass of 1 kg there, and mass moments of 1 kg·m along its axes, would take.
    fn wrenches(
        model: &Model,
        workspace: &mut Workspace,
        link: LinkId,
        qd: &JointVec,
        qdd: &JointVec,
    ) -> [Vector6<f64>; LOAD] {
        let acceleration = model.link_acceleration(workspace, link, qd, qdd);
        let turning = model.link_velocity(workspace, link, qd).angular;
        let axes = model.link_pose(workspace, link).rotation;
        let lifted = acceleration.linear - model.gravity();
        let wrench = |force: Vector3<f64>, moment: Vector3<f64>| {
            Vector6::new(force.x, force.y, force.z, moment.x, moment.y, moment.z)
        };
        let moment_along = |axis: Vector3<f64>| {
            let arm = axes * axis;
            let force = acceleration.angular.cross(&arm) + turning.cross(&turning.cross(&arm));
            wrench(force, arm.cross(&lifted))
        };
        [
            wrench(lifted, Vector3::zeros()),
            moment_along(Vector3::x()),
            moment_along(Vector3::y()),
            moment_along(Vector3::z()),
        ]
    }

    /// What the samples say.
    ///
    /// # Errors
    /// [`IdentificationError`] if they say too little; it names of what.
    pub fn solve(&self) -> Result<Identified, IdentificationError> {
        let unknowns = self.row.len();
        if self.rows < 10 * unknowns as u64 {
            let rows = self.rows;
            return Err(IdentificationError::TooFew { rows, unknowns });
        }
        // Columns of length one, so that what is small is small for being unseen and not for its unit.
        let lengths = self.normal.diagonal().map(f64::sqrt);
        if let Some(unseen) = (0..unknowns).find(|&at| lengths[at] <= f64::MIN_POSITIVE) {
            return Err(IdentificationError::Unseen(self.name(unseen)));
        }
        let scaled = DMatrix::from_fn(unknowns, unknowns, |i, j| {
            self.normal[(i, j)] / (lengths[i] * lengths[j])
        });
        let eigen = SymmetricEigen::new(scaled.clone());
        let (weakest, least) = eigen.eigenvalues.argmin();
        if least < LEAST_SEEN {
            let (unseen, _) = eigen.eigenvectors.column(weakest).map(f64::abs).argmax();
            return Err(IdentificationError::Unseen(self.name(unseen)));
        }
        let inverse = scaled
            .try_inverse()
            .ok_or_else(|| IdentificationError::Unseen(self.name(0)))?;
        let right = self.right.component_div(&lengths);
        let solution = (&inverse * &right).component_div(&lengths);
        let left = (self.squares - solution.dot(&self.right)).max(0.0);
        let variance = left / (self.rows as f64 - unknowns as f64);
        let figure = |at: usize| Figure {
            value: solution[at],
            deviation: (variance * inverse[(at, at)]).sqrt() / lengths[at],
        };
        let load = self.wanted.payload_link.as_ref().map(|link| {
            let mass = figure(0);
            let centre = [1, 2, 3].map(|at| {
                let moment = figure(at);
                Figure {
                    value: moment.value / mass.value,
                    deviation: moment.deviation / mass.value.abs(),
                }
            });
            (link.clone(), mass, centre)
        });
        let first = usize::from(load.is_some()) * LOAD;
        let drives = |(joint, name): (usize, &String)| {
            let at = first + DRIVE * joint;
            (name.clone(), [figure(at), figure(at + 1), figure(at + 2)])
        };
        Ok(Identified {
            payload: load,
            joints: if self.wanted.friction {
                self.names.iter().enumerate().map(drives).collect()
            } else {
                Vec::new()
            },
            rows: self.rows,
            residual: variance.sqrt(),
        })
    }

    fn name(&self, unknown: usize) -> String {
        let load = usize::from(self.link.is_some()) * LOAD;
        if unknown < load {
            return [
                "load's mass",
                "load's centre along x",
                "load's centre along y",
                "load's centre along z",
            ][unknown]
                .to_owned();
        }
        let (joint, figure) = ((unknown - load) / DRIVE, (unknown - load) % DRIVE);
        let figure = ["Coulomb friction", "viscous friction", "effort offset"][figure];
        format!("{figure} of joint {}", self.names[joint])
    }
}

impl Identified {
    /// The same as YAML, for a file beside the robot's limits; each figure with its standard deviation.
    pub fn to_yaml(&self) -> String {
        let mut text =
            String::from("# Identified from motion: [value, standard deviation]. kg, m, N·m (N), rad (m).\n");
        let line = |text: &mut String, indent: &str, name: &str, figure: &Figure| {
            writeln!(
                text,
                "{indent}{name}: [{:.6}, {:.6}]",
                figure.value, figure.deviation
            )
            .expect("a String takes any text");
        };
        if let Some((link, mass, centre)) = &self.payload {
            writeln!(text, "payload:\n  link: {link}").expect("a String takes any text");
            line(&mut text, "  ", "mass", mass);
            for (name, figure) in ["centre_x", "centre_y", "centre_z"].iter().zip(centre) {
                line(&mut text, "  ", name, figure);
            }
        }
        if !self.joints.is_empty() {
            text.push_str("joints:\n");
        }
        for (joint, figures) in &self.joints {
            writeln!(text, "  {joint}:").expect("a String takes any text");
            for (name, figure) in ["coulomb", "viscous", "offset"].iter().zip(figures) {
                line(&mut text, "    ", name, figure);
            }
        }
        writeln!(text, "rows: {}\nresidual: {:.6}", self.rows, self.residual)
            .expect("a String takes any text");
        text
    }
}

/// Unknowns of a load: mass and mass moments.
const LOAD: usize = 4;
/// Unknowns of a drive: Coulomb friction, viscous friction, offset.
const DRIVE: usize = 3;
/// Of a joint's highest speed: slower joints are left out.
const SLOW_SHARE: f64 = 0.02;
/// Least eigenvalue of the normal equations with columns of length one: below it two unknowns can't be told apart.
const LEAST_SEEN: f64 = 1e-4;
