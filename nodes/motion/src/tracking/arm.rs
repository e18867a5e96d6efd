//! The chain of joints that carries a tool: joint motion for a motion of the tool, and back. Base axes, SI.
//!
//! With the tool's velocity ẋ = J·q̇, its acceleration is ẍ = J·q̈ + J̇·q̇. More joints than six move by the shortest q̇.
//!
//! **Invariant:** after [`Arm::new`] nothing allocates.

use nalgebra::{Isometry3, Matrix6, Matrix6xX, Vector6};
use servomesh_robot::{InverseKinematics, LinkId, Model, RobotError, Workspace};
use servomesh_types::{JointVec, MAX_JOINTS};

/// A tool that can't be moved freely.
#[derive(Debug, thiserror::Error)]
pub enum NoArm {
    /// A joint or link does not exist.
    #[error(transparent)]
    Robot(#[from] RobotError),
    /// The tool can't go in all six directions.
    #[error("{joints} joints move {tool}: following poses and twists takes 6 to {MAX_JOINTS}")]
    Joints {
        /// The link.
        tool: String,
        /// How many joints the group has.
        joints: usize,
    },
}

/// A group's joints and their tool.
#[derive(Debug, Clone)]
pub struct Arm {
    model: Model,
    tool: LinkId,
    workspace: Workspace,
    solver: InverseKinematics,
    jacobian: Matrix6xX<f64>,
    jacobian_rate: Matrix6xX<f64>,
}

impl Arm {
    /// The arm of `joints`, in the group's order, with all others locked at `positions` of `robot`.
    ///
    /// # Errors
    /// [`NoArm`].
    pub fn new(robot: &Model, joints: &[&str], positions: &[f64], tool: &str) -> Result<Self, NoArm> {
        let model = robot.subset(joints, positions)?;
        if !(6..=MAX_JOINTS).contains(&joints.len()) {
            return Err(NoArm::Joints {
                tool: tool.to_owned(),
                joints: joints.len(),
            });
        }
        let tool = model.link(tool)?;
        Ok(Self {
            workspace: Workspace::new(&model),
            solver: InverseKinematics::new(&model, tool)?,
            jacobian: Matrix6xX::zeros(joints.len()),
            jacobian_rate: Matrix6xX::zeros(joints.len()),
            tool,
            model,
        })
    }

    /// How many joints it has.
    pub fn joint_count(&self) -> usize {
        self.model.joint_count()
    }

    /// The robot with only these joints.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Puts the joints at `q`; the other questions are about there.
    pub(crate) fn place(&mut self, q: &JointVec) {
        self.model.forward_kinematics(&mut self.workspace, q);
        self.model
            .jacobian(&self.workspace, self.tool, &mut self.jacobian);
    }

    /// Base from tool with the joints at `q`.
    pub fn pose(&mut self, q: &JointVec) -> Isometry3<f64> {
        self.place(q);
        self.model.link_pose(&self.workspace, self.tool)
    }

    /// Joints near `q` that put the tool at a pose; `None` if there are none within their ranges.
    pub(crate) fn track(&mut self, base_from_tool: &Isometry3<f64>, q: &JointVec) -> Option<JointVec> {
        let mut found = *q;
        self.solver.track(base_from_tool, &mut found).ok()?;
        Some(found)
    }

    /// What solves for joint rates where the joints were placed last; `None` where it is singular to the last digit.
    pub(crate) fn inverse(&self) -> Option<Inverse> {
        let jacobian = &self.jacobian;
        let square = if self.joint_count() == 6 {
            Matrix6::from_iterator(jacobian.iter().copied())
        } else {
            let mut square = Matrix6::zeros();
            for column in jacobian.column_iter() {
                for i in 0..6 {
                    for k in 0..6 {
                        square[(i, k)] += column[i] * column[k];
                    }
                }
            }
            square
        };
        square.try_inverse().map(Inverse)
    }

    /// Joint rates for a rate of the tool.
    pub(crate) fn joint_rates(&self, inverse: &Inverse, tool: &Vector6<f64>) -> JointVec {
        let y = inverse.0 * tool;
        if self.joint_count() == 6 {
            return JointVec::from_fn(6, |i| y[i]);
        }
        JointVec::from_fn(self.joint_count(), |i| self.jacobian.column(i).dot(&y))
    }

    /// The tool's rate for rates of the joints, where they were placed last.
    pub(crate) fn rates_of(&self, joints: &JointVec) -> Vector6<f64> {
        times(&self.jacobian, joints)
    }

    /// How fast the tool's rate for the joints' `rates` changes while they move at `qd`: J̇(q̇)·rates.
    pub(crate) fn change_of(&mut self, rates: &JointVec, qd: &JointVec) -> Vector6<f64> {
        self.model
            .jacobian_derivative(&mut self.workspace, self.tool, qd, &mut self.jacobian_rate);
        times(&self.jacobian_rate, rates)
    }

    /// 1/‖J⁺‖ (Frobenius), with lengths in `length`: at most the smallest singular value, at least 1/√6 of it.
    pub(crate) fn measure(&self, inverse: &Inverse, length: f64) -> f64 {
        let scale = |row: usize| if row < 3 { length } else { 1.0 };
        let sum: f64 = if self.joint_count() == 6 {
            (0..6)
                .map(|row| inverse.0.column(row).norm_squared() * scale(row) * scale(row))
                .sum()
        } else {
            (0..6)
                .map(|row| inverse.0[(row, row)] * scale(row) * scale(row))
                .sum()
        };
        1.0 / sum.sqrt()
    }

    /// What the tool accelerates by at the joint velocities `qd` alone.
    pub(crate) fn bias(&mut self, qd: &JointVec) -> Vector6<f64> {
        let zeros = JointVec::zeros(qd.len());
        let acceleration = self
            .model
            .link_acceleration(&mut self.workspace, self.tool, qd, &zeros);
        stacked(&acceleration.linear, &acceleration.angular)
    }

    /// Velocities and accelerations of the joints at `q` for those of the tool there.
    pub(crate) fn joint_motion(
        &mut self,
        q: &JointVec,
        velocity: &Vector6<f64>,
        acceleration: &Vector6<f64>,
    ) -> Option<(JointVec, JointVec)> {
        self.place(q);
        let inverse = self.inverse()?;
        let qd = self.joint_rates(&inverse, velocity);
        let bias = self.bias(&qd);
        let qdd = self.joint_rates(&inverse, &(acceleration - bias));
        Some((qd, qdd))
    }
}

/// What solves for joint rates.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inverse(pub(crate) Matrix6<f64>);

pub(crate) fn stacked(linear: &nalgebra::Vector3<f64>, angular: &nalgebra::Vector3<f64>) -> Vector6<f64> {
    Vector6::new(linear.x, linear.y, linear.z, angular.x, angular.y, angular.z)
}

fn times(matrix: &Matrix6xX<f64>, joints: &JointVec) -> Vector6<f64> {
    matrix
        .column_iter()
        .zip(joints.iter())
        .fold(Vector6::zeros(), |sum, (column, rate)| sum + column * *rate)
}
