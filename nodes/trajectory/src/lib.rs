//! Turns goals into smooth, feasible setpoints in time, for all announced groups.
//!
//! In: groups as their drivers announce them, what they really do, what `safety` says of them, and goals
//! ([`Input`]). Out: one setpoint a group on each point of the time grid, feedback, one outcome a goal, events
//! ([`Output`]). Positions in rad (m for prismatic joints), velocities per second, efforts in N·m (N).
//!
//! **Invariant:** setpoints start at the measured state and are one continuous motion from there on. Position, velocity,
//! acceleration and jerk keep the joints' limits, whatever goals, cancels and new goals come, at whatever time.
//!
//! **Invariant:** a goal that is refused changes nothing; a goal that is taken ends with exactly one [`Output::Done`].
//!
//! | room | what it decides |
//! |---|---|
//! | [`config`] | what can be set, checked once |
//! | `interface`, `goal`, `outcome` | the values at the border: inputs, outputs, goals, outcomes and their codes |
//! | `plan` | what takes too long between two setpoints |
//! | `trajectory` | [`Trajectory`]: the core; which group gets what, and when the grid comes round |
//! | `planner` | one group: what it is doing, for which goal; `accept` takes goals on, `judge` ends them |
//! | `follow` | whether a trajectory can be followed, and the path through it |
//! | `grip` | when a gripper holds something |
//! | `tolerance` | how far off is too far |
//!
//! Paths, profiles, stops and limits themselves are [`servomesh_motion`]'s.
//!
//! A joint is moved by 0.2 rad, on a machine that follows perfectly:
//!
//! ```
//! use servomesh_trajectory::{Config, GoalId, Input, MoveGoal, MoveMode, Output, Status, Trajectory};
//! use servomesh_types::{
//!     Capabilities, Core, Drivetrain, Epoch, GroupDescription, GroupMotion, GroupName, GroupSafety, JointDescription, JointKind,
//!     JointLimits, JointVec, SafetyMode, SafetyState, Stamp,
//! };
//!
//! let group = GroupName::new("turntable")?;
//! let limits = JointLimits::new((-1.0, 1.0), 1.0, 5.0, 50.0, 10.0)?;
//! let joint = JointDescription { name: "turn".into(), kind: JointKind::Revolute, limits, drivetrain: Drivetrain::default() };
//! let description = GroupDescription {
//!     name: group,
//!     joints: vec![joint],
//!     rate_hz: 500.0,
//!     capabilities: Capabilities::default(),
//!     backend: "sim".into(),
//! };
//! let epoch = Epoch(1);
//! let gate = GroupSafety::open(group, epoch);
//!
//! let mut core = Trajectory::new(Config::default());
//! core.handle(Stamp::ZERO, Input::Group(description));
//! core.handle(Stamp::ZERO, Input::Safety(SafetyState::new(vec![gate])));
//!
//! let (mut now, mut position, mut outcome) = (Stamp::ZERO, JointVec::from([0.3]), None);
//! let mut velocity = JointVec::from([0.0]);
//! while outcome.is_none() {
//!     let motion = GroupMotion { stamp: now, holds_at: now, position, velocity, ..GroupMotion::default() };
//!     core.handle(now, Input::Motion { group, motion });
//!     if now == Stamp::from_millis(10) {
//!         let goal = MoveGoal {
//!             mode: MoveMode::Joint,
//!             joint_names: vec![],
//!             target: vec![0.5],
//!             velocity_scale: 0.0,
//!             acceleration_scale: 0.0,
//!             ..MoveGoal::default()
//!         };
//!         core.handle(now, Input::Move { group, id: GoalId(7), goal });
//!     }
//!     core.tick(now);
//!     while let Some(output) = core.poll() {
//!         match output {
//!             Output::Setpoint { setpoint, .. } => (position, velocity) = (setpoint.position, setpoint.velocity),
//!             Output::Done { id: GoalId(7), outcome: done } => outcome = Some(done),
//!             _ => {}
//!         }
//!     }
//!     now = core.deadline().expect("a group was announced");
//! }
//! assert_eq!(outcome.map(|outcome| outcome.status), Some(Status::Succeeded));
//! assert!((position[0] - 0.5).abs() < 1e-9);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod config;
mod effort;
mod follow;
mod goal;
mod grip;
mod interface;
mod outcome;
mod peers;

mod plan;
mod planner;
mod robot;
mod tolerance;
mod torque;
mod trajectory;

pub use config::{Config, ConfigError, GripperSettings, LimitFactors, Settings, Tolerances, ToolSettings};
pub use goal::{
    CoupleGoal, FollowGoal, GoalId, JogRequest, JointTolerance, MoveGoal, MoveMode, ParallelGripGoal,
    PathGoal, Point, Segment, Steer,
};
pub use interface::{Input, Output};
pub(crate) use outcome::Refusal;
pub use outcome::{Code, CouplingState, Feedback, GripResult, Outcome, Status};

pub use plan::{Plan, Planned};
pub use planner::Phase;
pub use robot::Robot;
pub use servomesh_motion::State;
pub use trajectory::Trajectory;
