//! Core types ↔ messages.
//!
//! Reading checks what the types promise, so that a core never sees a message that can't be. Writing can't fail.

mod event;
mod fault;
mod group;
mod motion;
mod safety;
mod streams;

use r2r::builtin_interfaces::msg as time_msg;
use servomesh_types::group::BadGroupName;
use servomesh_types::joint_vec::TooManyJoints;
use servomesh_types::limits::LimitsError;
use servomesh_types::{JointVec, Stamp};
use std::time::Duration;

pub use fault::fault_to_msg;
pub use motion::{motion_from_msg, motion_to_msg, tool_to_msg};
pub use safety::{
    group_safety_to_msg, operating_mode_from_msg, operating_mode_to_msg, safety_mode_to_msg,
    safety_state_from_msg,
};

/// A core type that has a message.
pub trait Wire: Sized {
    /// The message.
    type Msg;

    /// The message that carries this value.
    fn to_msg(&self) -> Self::Msg;

    /// The value that a message carries.
    ///
    /// # Errors
    /// The message can't be such a value; says why.
    fn from_msg(msg: &Self::Msg) -> Result<Self, WireError>;
}

/// Why a message was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WireError {
    /// An array is longer than a group can be.
    #[error(transparent)]
    Joints(#[from] TooManyJoints),
    /// A group's name can't be one.
    #[error(transparent)]
    Group(#[from] BadGroupName),
    /// A joint's limits can't be.
    #[error("joint {joint}: {source}")]
    Limits {
        /// Which joint.
        joint: String,
        /// What is wrong with them.
        source: LimitsError,
    },
    /// A number that stands for a name stands for none.
    #[error("{what}: there is no {what} {value}")]
    Enum {
        /// What it should be.
        what: &'static str,
        /// The number.
        value: u64,
    },
    /// A group without joints, or a rate that is none.
    #[error("{0}")]
    Description(String),
}

/// A point in time from its message.
pub fn stamp_from_msg(msg: &time_msg::Time) -> Stamp {
    Stamp::from_parts(msg.sec, msg.nanosec)
}

/// A point in time as a message.
pub fn stamp_to_msg(stamp: Stamp) -> time_msg::Time {
    let (sec, nanosec) = stamp.to_parts();
    time_msg::Time { sec, nanosec }
}

/// A duration from its message; negative ones are zero.
pub fn duration_from_msg(msg: &time_msg::Duration) -> Duration {
    Stamp::from_parts(msg.sec, msg.nanosec).since(Stamp::ZERO)
}

/// A duration as a message.
pub fn duration_to_msg(duration: Duration) -> time_msg::Duration {
    let (sec, nanosec) = (Stamp::ZERO + duration).to_parts();
    time_msg::Duration { sec, nanosec }
}

fn joints(values: &[f64]) -> Result<JointVec, WireError> {
    Ok(JointVec::try_from(values)?)
}
