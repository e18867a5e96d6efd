//! Values that cross the borders of nodes, and the contract that every core keeps.
//!
//! Nothing here knows ROS, a clock or a thread. Units are SI without a suffix: positions in rad (m for prismatic
//! joints), velocities per second, efforts in N·m (N).
//!
//! | room | what it holds |
//! |---|---|
//! | [`core`] | the trait [`Core`]: `handle`, `tick`, `poll`, `deadline` |
//! | [`stamp`] | [`Stamp`]: nanoseconds of ROS time |
//! | [`joint_vec`] | [`JointVec`]: one number per joint, without allocation |
//! | [`joint_set`] | [`JointSet`]: some of a group's joints |
//! | [`limits`] | [`JointLimits`]: what one joint may do |
//! | [`group`] | [`GroupName`], [`GroupDescription`]: a driver's joints, as it announces them |
//! | [`stream`] | [`Setpoint`], [`Command`], [`ServoState`]: what flows at the control rate |
//! | [`tracking`] | [`Tracking`]: how well a driver kept to its reference |
//! | [`motion`] | [`GroupMotion`], [`ToolMotion`]: what the machine really does |
//! | [`safety`] | [`SafetyMode`], [`GroupSafety`], [`SafetyState`]: what the gate says of each group |
//! | [`severity`] | [`Severity`], [`ActiveFaults`]: what is done about faults, and what clears them |
//! | [`fault`] | [`Fault`]: what went wrong, as a value |
//! | [`event`] | [`Event`]: what happened, for people and recorders |
//! | [`power`] | [`PowerState`]: how far a group's drives are from torque |
//! | [`ramp`] | [`Ramp`]: a joint's quickest way to standstill, the same in each layer that stops it |
//! | [`range`] | what a configuration value may be |

pub mod core;
pub mod event;
pub mod fault;
pub mod group;
pub mod joint_set;
pub mod joint_vec;
pub mod limits;
pub mod motion;
pub mod power;
pub mod ramp;
pub mod range;
pub mod safety;
pub mod severity;
pub mod stamp;
pub mod stream;
pub mod tracking;

pub use crate::core::Core;
pub use event::{Event, EventKind};
pub use fault::Fault;
pub use group::{
    Capabilities, Drivetrain, Encoder, GroupDescription, GroupName, JointDescription, JointKind,
};
pub use joint_set::JointSet;
pub use joint_vec::{JointVec, MAX_JOINTS};
pub use limits::JointLimits;
pub use motion::{ExternalWrench, GroupMotion, MotionDeviation, ToolMotion};
pub use power::PowerState;
pub use ramp::Ramp;
pub use safety::{GroupSafety, OperatingMode, SafetyMode, SafetyState};
pub use severity::{ActiveFault, ActiveFaults, Clearing, Severity};
pub use stamp::Stamp;
pub use stream::{
    Command, CommandMode, DriveMode, Epoch, HopTimes, ServoState, Setpoint, Stopping, StreamTag,
};
pub use tracking::Tracking;
