//! From motion of the tool to motion of the joints: the positions near a guess, and their first two derivatives along a curve.
//!
//! With t the tool's rates (m, rad per m of λ): `q′ = J⁺·t`, and `q″ = v + J⁺·(t′ − J̇·q′ − J·v)` with `v = J̇ᵀ·(J·Jᵀ)⁻¹·t`, where J̇ is J's derivative along q′. With six joints J⁺
//! is J⁻¹ and v drops out; with more it is the derivative of the smallest q′ that does (Golub and Pereyra, SIAM J. Numer. Anal. 10, 1973).
//! Nothing is damped: near a singularity derivatives grow, and the motion along the path slows down.

use nalgebra::{Isometry3, Matrix6, Matrix6xX, SMatrix, UnitQuaternion, Vector6};
use servomesh_robot::{InverseKinematics, LinkId, Model, RobotError, Workspace};
use servomesh_types::{JointVec, MAX_JOINTS};

use super::tool_curve::ToolSample;

/// The joints that carry one tool, with the memory for calculating.
#[derive(Debug, Clone)]
pub struct Chain {
    model: Model,
    tool: LinkId,
    inverse: InverseKinematics,
    workspace: Workspace,
    jacobian: Matrix6xX<f64>,
    jacobian_rate: Matrix6xX<f64>,
}

/// How far a pose is from another one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Error {
    pub(super) position: f64,
    pub(super) angle: f64,
}

/// Jᵀ = Q·R.
struct Factored {
    q: SMatrix<f64, MAX_JOINTS, 6>,
    r: Matrix6<f64>,
}

impl Chain {
    /// Prepares for the link `tool` of `model`, whose joints are those of the group, in its order.
    ///
    /// # Errors
    /// If fewer than six joints move the tool, or more than [`MAX_JOINTS`] there are.
    pub fn new(model: &Model, tool: LinkId) -> Result<Self, RobotError> {
        let inverse = InverseKinematics::new(model, tool)?;
        let joints = inverse.joints().len();
        if joints < 6 || model.joint_count() > MAX_JOINTS {
            return Err(RobotError::BadValue {
                robot: model.name().to_owned(),
                item: format!("link {}", model.link_name(tool)),
                what: "number of joints that move it",
                value: joints as f64,
                must_be: "6 to 16 for lines and arcs of a tool",
            });
        }
        Ok(Self {
            inverse,
            workspace: Workspace::new(model),
            jacobian: Matrix6xX::zeros(model.velocity_count()),
            jacobian_rate: Matrix6xX::zeros(model.velocity_count()),
            model: model.clone(),
            tool,
        })
    }

    /// How many joints the group has.
    pub fn joint_count(&self) -> usize {
        self.model.joint_count()
    }

    /// Base from tool, with the joints at `q`.
    pub fn pose(&mut self, q: &[f64]) -> Isometry3<f64> {
        self.model.forward_kinematics(&mut self.workspace, q);
        self.model.link_pose(&self.workspace, self.tool)
    }

    pub(super) fn inverse(&mut self) -> &mut InverseKinematics {
        &mut self.inverse
    }

    /// Whether more joints move the tool than it has directions.
    pub(super) fn is_redundant(&self) -> bool {
        self.inverse.joints().len() > 6
    }

    /// How far the tool is from `goal`, with the joints at `q`.
    pub(super) fn error(&mut self, goal: &Isometry3<f64>, q: &[f64]) -> Error {
        let towards = towards(&self.pose(q), goal);
        Error {
            position: towards.fixed_rows::<3>(0).norm(),
            angle: towards.fixed_rows::<3>(3).norm(),
        }
    }

    /// Newton's steps from `q` to the positions that put the tool at `goal`; none if they do not lead there, or lead farther than `most` (rad or m).
    pub(super) fn settle(&mut self, goal: &Isometry3<f64>, mut q: JointVec, most: f64) -> Option<JointVec> {
        let guess = q;
        let mut last = f64::INFINITY;
        for _ in 0..NEWTON_STEPS {
            let towards = towards(&self.pose(&q), goal);
            let size = towards.norm();
            if size <= EXACT || (size <= SETTLED && size > 0.5 * last) {
                return Some(q);
            }
            last = size;
            let step = self.factor().smallest(&towards)?;
            for (j, value) in q.iter_mut().enumerate() {
                *value += step[j];
            }
            let near = (0..q.len()).all(|j| (q[j] - guess[j]).abs() <= most);
            if !near {
                return None;
            }
        }
        (last <= SETTLED).then_some(q)
    }

    /// dq/dλ and d²q/dλ² with the tool moving as `sample` has it; none where no finite rate does.
    pub(super) fn derivatives(&mut self, q: &JointVec, sample: &ToolSample) -> Option<(JointVec, JointVec)> {
        let n = q.len();
        self.model.forward_kinematics(&mut self.workspace, q);
        let factored = self.factor();
        let rates = stacked(sample, 0);
        let (first, y) = (factored.smallest(&rates)?, factored.normal(&rates)?);
        let qd = JointVec::from_fn(n, |j| first[j]);
        let (model, tool) = (&self.model, self.tool);
        model.jacobian_derivative(&mut self.workspace, tool, &qd, &mut self.jacobian_rate);
        let mut rest = stacked(sample, 1);
        let mut aside = [0.0; MAX_JOINTS];
        for j in 0..n {
            let rate = self.jacobian_rate.column(j);
            aside[j] = rate.dot(&y);
            rest -= rate * qd[j] + self.jacobian.column(j) * aside[j];
        }
        let second = factored.smallest(&rest)?;
        let qdd = JointVec::from_fn(n, |j| aside[j] + second[j]);
        (qd.max_abs() <= FASTEST && qdd.is_finite()).then_some((qd, qdd))
    }

    /// At positions where the Jacobian lacks a direction: the change of the joints (length 1) that does not move the tool at first, and how much that moves the tool in
    /// the lacking direction in the end, per square of the change (m or rad). Nothing, if the joints can go on that way with the tool at rest.
    pub(super) fn idle_direction(&mut self, q: &JointVec) -> (JointVec, f64) {
        let here = self.pose(q);
        let factored = self.factor();
        // With R = U·Σ·Vᵀ the Jacobian is V·Σ·(Q·U)ᵀ.
        let least = factored.r.svd(true, true);
        let index = least.singular_values.imin();
        let of_joints = least.u.map(|u| factored.q * u.column(index));
        let of_tool = least.v_t.map(|v| v.row(index).transpose());
        let (Some(of_joints), Some(of_tool)) = (of_joints, of_tool) else {
            return (JointVec::zeros(q.len()), 0.0); // both were asked for
        };
        let mut moves = 0.0;
        for side in [-IDLE_STEP, IDLE_STEP] {
            let turned = JointVec::from_fn(q.len(), |j| q[j] + side * of_joints[j]);
            moves += 0.5 * of_tool.dot(&towards(&here, &self.pose(&turned)));
        }
        (
            JointVec::from_fn(q.len(), |j| of_joints[j]),
            moves.abs() / IDLE_STEP.powi(2),
        )
    }

    /// At the positions of the last forward kinematics.
    fn factor(&mut self) -> Factored {
        self.model
            .jacobian(&self.workspace, self.tool, &mut self.jacobian);
        let mut transposed = SMatrix::<f64, MAX_JOINTS, 6>::zeros();
        for (j, column) in self.jacobian.column_iter().enumerate() {
            transposed.set_row(j, &column.transpose());
        }
        let qr = transposed.qr();
        Factored { q: qr.q(), r: qr.r() }
    }
}

impl Factored {
    /// J⁺·b, the smallest of all x with J·x = b.
    fn smallest(&self, b: &Vector6<f64>) -> Option<SMatrix<f64, MAX_JOINTS, 1>> {
        let y = self.r.tr_solve_upper_triangular(b)?;
        Some(self.q * y)
    }

    /// (J·Jᵀ)⁻¹·b.
    fn normal(&self, b: &Vector6<f64>) -> Option<Vector6<f64>> {
        self.r
            .solve_upper_triangular(&self.r.tr_solve_upper_triangular(b)?)
    }
}

fn stacked(sample: &ToolSample, order: usize) -> Vector6<f64> {
    let (linear, angular) = (&sample.linear[order], &sample.angular[order]);
    Vector6::new(linear.x, linear.y, linear.z, angular.x, angular.y, angular.z)
}

/// The small motion (m, rad, base axes) from one pose to another.
fn towards(from: &Isometry3<f64>, to: &Isometry3<f64>) -> Vector6<f64> {
    let linear = to.translation.vector - from.translation.vector;
    let rotation: UnitQuaternion<f64> = to.rotation * from.rotation.inverse();
    let angular = rotation.scaled_axis();
    Vector6::new(linear.x, linear.y, linear.z, angular.x, angular.y, angular.z)
}

/// How far joints are turned to see what a lacking direction does (rad or m).
const IDLE_STEP: f64 = 0.01;

const NEWTON_STEPS: usize = 8;

/// No step is worth its time below (m and rad).
const EXACT: f64 = 1e-14;

/// What rounding may leave (m and rad).
const SETTLED: f64 = 1e-11;

/// Rad of a joint for each m of λ: beyond, a path is as good as impossible, at 1 rad/s less than 0.1 µm/s.
const FASTEST: f64 = 1e7;
