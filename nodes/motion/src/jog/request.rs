//! What someone who jogs may ask for. rad/s, m/s.
//!
//! **Invariant:** a request that was accepted has one finite number for each joint or direction.

use nalgebra::Vector6;
use servomesh_types::JointVec;

/// What to move, and how fast, for a short time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Request {
    /// Velocities of the joints, in the group's order.
    Joints(JointVec),
    /// A velocity of the tool's origin and of the tool.
    Twist {
        /// Linear, then angular.
        twist: Vector6<f64>,
        /// In whose axes.
        axes: Axes,
    },
}

/// In whose axes a twist is meant. One in the axes of a link that stands still is turned into base axes beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axes {
    /// Those of the robot's root.
    Base,
    /// Those of the tool, which turn with it.
    Tool,
}

/// Why a request is refused; what was asked for before goes on until it expires.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum BadRequest {
    /// Not one velocity for each joint.
    #[error("{got} velocities for {joints} joints")]
    Length {
        /// How many there are.
        got: usize,
        /// How many there have to be.
        joints: usize,
    },
    /// A number is none.
    #[error("velocity {index} is {value}: it has to be finite")]
    NotFinite {
        /// Which one.
        index: usize,
        /// What it is.
        value: f64,
    },
    /// A twist of a group without a tool.
    #[error("the group has no tool that could be moved in all directions")]
    NoTool,
}

impl Request {
    pub(super) fn check(&self, joints: usize, has_tool: bool) -> Result<(), BadRequest> {
        let values: &[f64] = match self {
            Self::Joints(velocity) if velocity.len() != joints => {
                let got = velocity.len();
                return Err(BadRequest::Length { got, joints });
            }
            Self::Joints(velocity) => velocity,
            Self::Twist { .. } if !has_tool => return Err(BadRequest::NoTool),
            Self::Twist { twist, .. } => twist.as_slice(),
        };
        match values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
            Some((index, &value)) => Err(BadRequest::NotFinite { index, value }),
            None => Ok(()),
        }
    }
}
