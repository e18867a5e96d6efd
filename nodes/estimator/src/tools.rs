//! Decides what each group's tool does: where it is, how it moves, how sure that is, and what pushes it.
//!
//! ```text
//! twist = J·q̇      covariances J·diag(σ²)·Jᵀ      wrench F = (J·Jᵀ)⁻¹·J·τ_ext   (least squares of τ_ext = Jᵀ·F)
//! ```
//! The covariances are those of the joints' own errors, independent of each other; the robot's geometry is taken to be
//! true. F stands for one force at the tool: what touches elsewhere on the arm shows as some other wrench. Where the
//! tool can hardly move along some direction, joints can't tell what pushes it that way: then there is no F. A length of
//! 0.3 m makes turns and ways comparable in that judgement.
//!
//! Units: m, rad, N, N·m; axes of the robot's root link, about the tool's origin, linear first. **Invariant:** nothing is
//! said of a tool while a joint that carries it is not known.

use nalgebra::{Matrix6, Matrix6xX, SymmetricEigen, Vector6};
use servomesh_robot::{LinkId, Model, RobotError, Workspace};
use servomesh_types::{ExternalWrench, GroupMotion, GroupName, ToolMotion};
use std::collections::BTreeMap;

/// The tools of all groups.
#[derive(Debug, Default)]
pub(crate) struct Tools {
    tools: Vec<Tool>,
}

/// One group's tool.
#[derive(Debug)]
struct Tool {
    group: GroupName,
    link: LinkId,
    workspace: Workspace,
    jacobian: Matrix6xX<f64>,
    positions: Vec<f64>,
    motion: Option<ToolMotion>,
    /// Axes of the hit that is remembered.
    collision: Option<[bool; 6]>,
}

/// A tool's motion, with the names of its link and of the link whose axes it is in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ToolState<'a> {
    /// Whose tool it is.
    pub group: GroupName,
    /// The robot's root link.
    pub base: &'a str,
    /// The tool.
    pub link: &'a str,
    /// What it does.
    pub motion: &'a ToolMotion,
}

/// What is known of one joint of the model.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    /// Which group measures it, and its place there.
    pub(crate) group: GroupName,
    pub(crate) joint: usize,
    pub(crate) position: f64,
}

impl Tools {
    /// Tools by the names of their links.
    ///
    /// # Errors
    /// A link that the model does not have.
    pub(crate) fn new(model: &Model, tools: &BTreeMap<GroupName, String>) -> Result<Self, RobotError> {
        let joints = model.joint_count();
        let tool = |(group, link): (&GroupName, &String)| {
            Ok(Tool {
                group: *group,
                link: model.link(link)?,
                workspace: Workspace::new(model),
                jacobian: Matrix6xX::zeros(joints),
                positions: vec![0.0; joints],
                motion: None,
                collision: None,
            })
        };
        Ok(Self {
            tools: tools.iter().map(tool).collect::<Result<_, RobotError>>()?,
        })
    }

    /// Says what the tools do, from the motions of live groups and what is known of each joint of the model.
    pub(crate) fn place<'m>(
        &mut self,
        model: &Model,
        known: impl Fn(usize) -> Option<Known>,
        motion: impl Fn(GroupName) -> Option<GroupMotion> + 'm,
    ) {
        for tool in &mut self.tools {
            tool.motion = motion(tool.group).and_then(|motion| tool.place(model, &known, &motion));
        }
    }

    /// What the tools do, as they were placed last.
    pub(crate) fn states<'a>(&'a self, model: &'a Model) -> impl Iterator<Item = ToolState<'a>> {
        self.tools.iter().filter_map(move |tool| {
            Some(ToolState {
                group: tool.group,
                base: model.link_name(model.root()),
                link: model.link_name(tool.link),
                motion: tool.motion.as_ref()?,
            })
        })
    }
}

impl Tool {
    fn place(
        &mut self,
        model: &Model,
        known: &impl Fn(usize) -> Option<Known>,
        motion: &GroupMotion,
    ) -> Option<ToolMotion> {
        for (index, position) in self.positions.iter_mut().enumerate() {
            *position = known(index).map_or(0.0, |joint| joint.position);
        }
        model.forward_kinematics(&mut self.workspace, &self.positions);
        model.jacobian(&self.workspace, self.link, &mut self.jacobian);
        let pose = model.link_pose(&self.workspace, self.link);
        let mut tool = ToolMotion {
            stamp: motion.holds_at,
            translation: pose.translation.vector.into(),
            rotation: pose.rotation.coords.into(),
            ..ToolMotion::default()
        };
        let (mut twist, mut pose_covariance) = (Vector6::zeros(), Matrix6::zeros());
        let (mut twist_covariance, mut normal) = (Matrix6::zeros(), Matrix6::zeros());
        for index in 0..self.positions.len() {
            let column: Vector6<f64> = self.jacobian.column(index).into();
            if column.norm_squared() <= 0.0 {
                continue;
            }
            let joint = known(index)?;
            if joint.group != self.group {
                // Another group carries it along: where it is, is known; how it moves, is that group's to say.
                continue;
            }
            let of = |values: &[f64]| values.get(joint.joint).copied().unwrap_or(0.0);
            let square = column * column.transpose();
            twist += column * of(&motion.velocity);
            pose_covariance += square * of(&motion.deviation.position).powi(2);
            twist_covariance += square * of(&motion.deviation.velocity).powi(2);
            normal += square;
        }
        tool.twist = twist.into();
        tool.pose_covariance = pose_covariance.into();
        tool.twist_covariance = twist_covariance.into();
        self.feel(&mut tool, &normal, known, motion);
        Some(tool)
    }

    /// What the joints' external efforts come to at the tool.
    fn feel(
        &mut self,
        tool: &mut ToolMotion,
        normal: &Matrix6<f64>,
        known: &impl Fn(usize) -> Option<Known>,
        motion: &GroupMotion,
    ) {
        let inverse = well_conditioned_inverse(normal);
        let wrench_of = |efforts: &[f64], thresholds: &[f64]| {
            let inverse = inverse.as_ref()?;
            let (mut wrench, mut squares) = (Vector6::zeros(), Vector6::zeros());
            for index in 0..self.positions.len() {
                let Some(joint) = known(index).filter(|joint| joint.group == self.group) else {
                    continue;
                };
                let column: Vector6<f64> = inverse * self.jacobian.column(index);
                wrench += column * *efforts.get(joint.joint)?;
                squares += (column * *thresholds.get(joint.joint)?).map(|value| value * value);
            }
            Some((wrench, squares.map(f64::sqrt)))
        };
        if let Some((wrench, threshold)) = wrench_of(&motion.external, &motion.external_threshold) {
            tool.external = Some(ExternalWrench {
                wrench: wrench.into(),
                threshold: threshold.into(),
            });
            if !motion.contact.is_empty() {
                tool.contact = std::array::from_fn(|axis| wrench[axis].abs() > threshold[axis]);
            }
        }
        if motion.collision.is_empty() {
            self.collision = None;
        } else if self.collision.is_none() {
            self.collision = wrench_of(&motion.collision_effort, &motion.external_threshold)
                .map(|(wrench, threshold)| std::array::from_fn(|axis| wrench[axis].abs() > threshold[axis]));
        }
        tool.collision = self.collision.unwrap_or_default();
    }
}

/// The inverse of J·Jᵀ, unless the tool can hardly move along some direction.
fn well_conditioned_inverse(normal: &Matrix6<f64>) -> Option<Matrix6<f64>> {
    let scale = Vector6::new(1.0, 1.0, 1.0, ARM_M, ARM_M, ARM_M);
    let scaled = normal.component_mul(&(scale * scale.transpose()));
    let least = SymmetricEigen::new(scaled).eigenvalues.min();
    // NaN is no reach either.
    let far_enough = least > LEAST_REACH_M * LEAST_REACH_M;
    far_enough.then(|| normal.try_inverse()).flatten()
}

/// A lever as arms have them, to compare turns with ways \[m\].
const ARM_M: f64 = 0.3;
/// The tool has to go at least so far when the joints turn by 1 rad together, in each direction \[m\].
const LEAST_REACH_M: f64 = 0.03;
