//! A link that a joint of another group moves, as a function of that joint; and how a tool moves that moves in it. SI, base axes unless said otherwise.
//!
//! With the frame at p, turning at ω, and the tool at r from there (turned into base axes), moving in the frame at u and accelerating at b: the tool's velocity is
//! ṗ + ω×r + u, its acceleration p̈ + ω̇×r + ω×(ω×r) + 2ω×u + b.
//!
//! **Invariant:** after [`Frame::new`] nothing allocates.

use nalgebra::{Isometry3, Vector3, Vector6};
use servomesh_robot::{LinkId, Model, RobotError, Workspace};

use super::arm::stacked;
use super::relative::Relative;
use crate::pursuit::Point;

/// The link and its joint.
#[derive(Debug, Clone)]
pub struct Frame {
    model: Model,
    link: LinkId,
    workspace: Workspace,
}

/// A tool in base axes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ToolMotion {
    pub(crate) pose: Isometry3<f64>,
    pub(crate) velocity: Vector6<f64>,
    pub(crate) acceleration: Vector6<f64>,
}

impl Frame {
    /// `link` of `robot` as `joint` moves it, with all other joints at `positions`.
    ///
    /// # Errors
    /// If there is no such joint or link.
    pub fn new(robot: &Model, joint: &str, positions: &[f64], link: &str) -> Result<Self, RobotError> {
        let model = robot.subset(&[joint], positions)?;
        Ok(Self {
            workspace: Workspace::new(&model),
            link: model.link(link)?,
            model,
        })
    }

    /// Base from frame with the joint at `coordinate`.
    pub fn pose(&mut self, coordinate: f64) -> Isometry3<f64> {
        self.model.forward_kinematics(&mut self.workspace, &[coordinate]);
        self.model.link_pose(&self.workspace, self.link)
    }

    /// A tool that moves in the frame as `relative` says, while the frame's joint moves as `coordinate` says.
    pub(crate) fn carry(&mut self, coordinate: Point, relative: &Relative) -> ToolMotion {
        let base_from_frame = self.pose(coordinate.p);
        let frame = self
            .model
            .link_velocity(&self.workspace, self.link, &[coordinate.v]);
        let rate =
            self.model
                .link_acceleration(&mut self.workspace, self.link, &[coordinate.v], &[coordinate.a]);
        let turn = |v: &Vector3<f64>| base_from_frame.rotation * v;
        let r = turn(&relative.pose.translation.vector);
        let [u, b] = relative.linear.map(|v| turn(&v));
        let [w, beta] = relative.angular.map(|v| turn(&v));
        let omega = frame.angular;
        ToolMotion {
            pose: base_from_frame * relative.pose,
            velocity: stacked(&(frame.linear + omega.cross(&r) + u), &(omega + w)),
            acceleration: stacked(
                &(rate.linear
                    + rate.angular.cross(&r)
                    + omega.cross(&omega.cross(&r))
                    + 2.0 * omega.cross(&u)
                    + b),
                &(rate.angular + omega.cross(&w) + beta),
            ),
        }
    }
}
