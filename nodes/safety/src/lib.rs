//! The gate between setpoints and servos.
//!
//! Duty: let a command through only if it is safe; bring motion to a stop if not. Positions in rad (m), everything else
//! per second, second², second³.
//!
//! | room | what it decides |
//! |---|---|
//! | [`config`] | what the gate tolerates and how long it waits |
//! | [`safety`] | [`Safety`], the core: which gate an input is for; `stop` and `reset` for all of them |
//! | [`lattice`] | what is done about each fault, and what clears it |
//! | [`setup`] | what each group is set up with: functions, actions, model, zones |
//! | [`functions`] | the limits of the safety functions |
//! | [`operation`] | mode selector and enabling device |
//! | [`gate`] | one group's gate: what passes, what stops it, what it sends by itself |
//! | [`checks`] | whether one setpoint is safe, joint by joint |
//! | [`machine`] | what only the model knows: efforts, speed of the tool, distances |
//! | [`speed`] | how fast a group may run, and what of that is enforced |
//! | [`measured`] | what is known of the machine, how old that is, and what is still in the way of a reset |
//! | [`stop`] | the jerk-limited way to standstill |
//! | [`retreat`] | the way back after a collision |
//!
//! **Invariant:** nothing reaches a servo except a setpoint that passed every check, or the gate's own stop.
//! **Invariant:** from every command sent, the group can be brought to rest within its position limits.
//! **Invariant:** once a fault is latched, no setpoint passes until a reset was granted, and then only in a new epoch.
//!
//! ```
//! use servomesh_safety::{Config, Input, Output, Safety};
//! use servomesh_types::*;
//! use std::time::Duration;
//!
//! let mut safety = Safety::new(Config::default());
//! let belt = GroupName::new("belt")?;
//! let limits = JointLimits::new((f64::NEG_INFINITY, f64::INFINITY), 0.5, 1.0, 10.0, 100.0)?;
//! let joint = JointDescription { name: "belt_joint".into(), kind: JointKind::Prismatic, limits, drivetrain: Drivetrain::default() };
//! safety.handle(Stamp::ZERO, Input::Group(GroupDescription {
//!     name: belt,
//!     joints: vec![joint],
//!     rate_hz: 500.0,
//!     capabilities: Capabilities { gripper: false, endless: true },
//!     backend: "sim".into(),
//! }));
//!
//! // The first servo state makes the group known; its epoch says that nobody had commanded it before.
//! let now = Stamp::from_millis(2);
//! let zero = JointVec::from([0.0]);
//! let tag = StreamTag { stamp: now, ..StreamTag::default() };
//! let state = ServoState { tag, position: zero, velocity: zero, temperature_degc: zero, ..ServoState::default() };
//! safety.handle(now, Input::ServoState { group: belt, state });
//! let Some(Output::State(said)) = safety.poll() else { panic!("a new group is announced") };
//! let epoch = said.group(belt).expect("just announced").epoch;
//!
//! // A setpoint in that epoch, at the measured position, is answered by a command at once.
//! let tag = StreamTag { stamp: now, epoch, seq: 1, valid_for: Duration::from_millis(50), ..StreamTag::default() };
//! let setpoint = Setpoint { tag, position: zero, velocity: zero, acceleration: zero, ..Setpoint::default() };
//! safety.handle(now, Input::Setpoint { group: belt, setpoint });
//! assert!(matches!(safety.poll(), Some(Output::Command { .. })));
//!
//! // One from somewhere else is not: the gate closes, and holds the group where it stands.
//! let later = Stamp::from_millis(4);
//! let far = Setpoint { tag: StreamTag { stamp: later, seq: 2, ..tag }, position: JointVec::from([1.0]), ..setpoint };
//! safety.handle(later, Input::Setpoint { group: belt, setpoint: far });
//! let outputs: Vec<_> = std::iter::from_fn(|| safety.poll()).collect();
//! assert!(outputs.iter().any(|out| matches!(out, Output::State(state) if state.mode() == SafetyMode::Stopped)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod checks;
pub mod config;
mod digest;
pub mod drift;
pub mod functions;
pub mod gate;
pub mod lattice;
pub mod machine;
pub mod measured;
pub mod operation;
pub mod retreat;
pub mod safety;
pub mod setup;
pub mod speed;
pub mod stop;

pub use config::{Config, ConfigError, Parameters, StopCategory, Tolerances};
pub use gate::Counts;
pub use safety::{Function, Input, MAX_GROUPS, Output, Safety};
pub use setup::file::SafetyFile;
pub use setup::{Setup, SetupError};
