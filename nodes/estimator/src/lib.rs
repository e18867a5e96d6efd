//! Says what the machine really does.
//!
//! Duty: from the servo states of all groups, estimate how each joint moves (position, velocity, acceleration, effort),
//! and say it in the three forms that others need: frames of motion for the control path, joint states and transforms
//! for everybody else.
//!
//! Inputs: descriptions of groups; servo states (rad or m, N·m or N). Outputs: frames of motion as soon as the leading
//! group is heard; joint states and transforms at fixed rates; events.
//!
//! **Invariant:** all positions of one output hold at one instant, its stamp. **Invariant:** nothing is said of a group
//! whose last sample is older than the longest prediction. **Invariant:** in steady state nothing allocates.
//!
//! | room | what it decides |
//! |---|---|
//! | [`estimator`] | what is said, and when |
//! | [`filter`] | what one joint does |
//! | [`intake`] | which samples are believed |
//! | [`frames`] | where the links are |
//! | [`identification`] | on request: what a group carries, what friction its joints have |
//! | [`tools`] | what the tools do, and what pushes them |
//! | `joints`, `encoder` | how a group's joints move; whether their encoders are believed |
//! | `bodies`, `friction`, `observer`, `contact`, `outside` | what motors do to bodies; what acts from outside, and what that means |
//! | [`config`] | which parameters are possible |
//!
//! ```
//! use servomesh_estimator::{Config, Estimator, Input, Output};
//! use servomesh_types::{
//!     Capabilities, Core, Drivetrain, GroupDescription, GroupName, JointDescription, JointKind, JointLimits, JointVec,
//!     ServoState, Stamp,
//! };
//!
//! let mut estimator = Estimator::new(Config::default(), None);
//! let belt = GroupName::new("conveyor")?;
//! let limits = JointLimits::new((f64::NEG_INFINITY, f64::INFINITY), 0.5, 1.0, 10.0, 200.0)?;
//! let joint = JointDescription { name: "belt".into(), kind: JointKind::Prismatic, limits, drivetrain: Drivetrain::default() };
//! estimator.handle(Stamp::ZERO, Input::Group(GroupDescription {
//!     name: belt,
//!     joints: vec![joint],
//!     rate_hz: 500.0,
//!     capabilities: Capabilities { endless: true, ..Capabilities::default() },
//!     backend: "sim".into(),
//! }));
//!
//! let mut last = None;
//! for i in 1..=200 {
//!     // The belt runs at 0.2 m/s, seen by an encoder that counts tenths of a millimetre.
//!     let now = Stamp::from_millis(2 * i);
//!     let mut state = ServoState::default();
//!     state.tag.stamp = now;
//!     state.position = JointVec::from([(0.2 * now.as_seconds() * 1e4).round() / 1e4]);
//!     (state.velocity, state.effort) = (JointVec::zeros(1), JointVec::zeros(1));
//!     estimator.handle(now, Input::ServoState { group: belt, state });
//!     while let Some(output) = estimator.poll() {
//!         if let Output::Motion(frame) = output {
//!             last = estimator.motions(frame.stamp).next();
//!         }
//!     }
//! }
//! assert!((last.expect("frames came").1.velocity[0] - 0.2).abs() < 0.01);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod admission;
mod bodies;
pub mod config;
mod contact;
mod encoder;
pub mod estimator;
pub mod filter;
pub mod frames;
mod friction;
mod group;
pub mod identification;
pub mod intake;
mod joints;
mod observer;
mod outside;
mod pace;
mod requests;
pub mod tools;

pub use config::{Config, ConfigError, Settings};
pub use estimator::{Estimator, Frame, Input, JointState, MAX_GROUPS, Output};
pub use frames::Transform;
pub use identification::{Identification, IdentificationError, Identified, Wanted};
pub use intake::Counters;
pub use tools::ToolState;
