//! The chain of joints that carries a tool: joint motion for a motion of the tool, and back. Base axes, SI.
//!
//! With the tool's velocity ẋ = J·q̇, its acceleration is ẍ = J·q̈ + J̇·q̇. More joints than six move by the shortest q̇.
//!
//! **Invariant:** after [`Arm::new`] nothing allocates.

use nalgebra::{Isometry3, Matrix6, Matrix6xX, Vector6};
use servomesh_robot::{InverseKinematics, LinkId, Model, RobotError, Workspace};
use servomesh_types::{JointVec, MAX_JOINTS};

use crate::state::State;

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

    /// Joint rates where the joints were placed last, for a rate of the tool and how that changes; and how they change, while the joints move at `besides` too.
    ///
    /// With q̇ = Jᵀy and y = (J·Jᵀ)⁻¹ẋ, q̈ = J̇ᵀy + J⁺(ẍ − J̇·q̇ − J·J̇ᵀy): with six joints that is J⁻¹(ẍ − J̇·q̇), with more it is the change of the shortest q̇.
    pub(crate) fn rates_and_changes(
        &mut self,
        inverse: &Inverse,
        [velocity, acceleration]: [&Vector6<f64>; 2],
        besides: &JointVec,
    ) -> (JointVec, JointVec) {
        let n = self.joint_count();
        let rates = self.joint_rates(inverse, velocity);
        let qd = JointVec::from_fn(n, |i| rates[i] + besides[i]);
        self.model
            .jacobian_derivative(&mut self.workspace, self.tool, &qd, &mut self.jacobian_rate);
        let left = acceleration - times(&self.jacobian_rate, &rates);
        if n == 6 {
            return (rates, self.joint_rates(inverse, &left));
        }
        let y = inverse.0 * velocity;
        let turning = JointVec::from_fn(n, |i| self.jacobian_rate.column(i).dot(&y));
        let pushed = self.joint_rates(inverse, &(left - times(&self.jacobian, &turning)));
        (rates, JointVec::from_fn(n, |i| turning[i] + pushed[i]))
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

    /// Velocities and accelerations of the joints at `q` for those of the tool there.
    pub(crate) fn joint_motion(
        &mut self,
        q: &JointVec,
        velocity: &Vector6<f64>,
        acceleration: &Vector6<f64>,
    ) -> Option<(JointVec, JointVec)> {
        self.place(q);
        let inverse = self.inverse()?;
        let still = JointVec::zeros(q.len());
        Some(self.rates_and_changes(&inverse, [velocity, acceleration], &still))
    }

    /// The joints `dt` seconds after `from`, with the tool at a pose and moving as that velocity and acceleration say.
    pub(crate) fn carry(
        &mut self,
        from: &State,
        (pose, velocity, acceleration): (&Isometry3<f64>, &Vector6<f64>, &Vector6<f64>),
        dt: f64,
    ) -> Option<State> {
        let mut position = self.track(pose, &from.position)?;
        let mut motion = self.joint_motion(&position, velocity, acceleration)?;
        if self.joint_count() > 6 {
            // Of all places that put the tool there, the one that their velocities lead to.
            let there = |position, (velocity, acceleration)| State {
                position,
                velocity,
                acceleration,
            };
            let led = from.led(&there(position, motion), dt);
            position = self.track(pose, &led)?;
            motion = self.joint_motion(&position, velocity, acceleration)?;
        }
        let (velocity, acceleration) = motion;
        Some(State {
            position,
            velocity,
            acceleration,
        })
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
