//! Motion as mathematics: where joints are at which time, within which limits.
//!
//! Duty: plan motions of one group of joints and evaluate them at any time. Positions in rad (m for prismatic joints),
//! times in s, limits per joint. No messages, no clock, no goals: those are `trajectory`'s.
//!
//! | room | what it decides |
//! |---|---|
//! | [`state`], [`bounds`] | where and how fast; how much at most, and sentences about what goes beyond |
//! | [`profile`] | time-optimal, jerk-limited motion from any state to a position or a velocity |
//! | [`quintic`], [`spline`] | curves through knots, and whether they keep limits |
//! | [`estimate`] | velocities and accelerations a trajectory does not give |
//! | [`timed_path`], [`path_time`] | joint positions as a function of time, however they were planned; where a path is at one moment |
//! | [`pace`] | how a planned path is run in real time: override, pause, steps back, stops |
//! | [`pursuit`] | following a moving target, decided anew at each tick |
//! | [`timing`] | how fast to go along a path: the quickest time law within all limits |
//! | [`path`] | geometry: lines, arcs and waypoints with their corners, as joint positions over a length |
//! | [`cam`] | gears and cams: one joint in step with another |
//! | [`tracking`] | moving relative to a frame that another group moves |
//! | [`jog`] | moving for as long as someone asks for it |
//! | [`motion`] | what a group is doing as a function of ROS time; how it stops |

pub mod bounds;
pub mod cam;
pub mod estimate;
pub mod jog;
pub mod motion;
pub mod pace;
pub mod path;
pub mod path_time;
pub mod profile;
pub mod pursuit;
pub mod quintic;
pub mod spline;
pub mod state;
pub mod timed_path;
pub mod timing;
pub mod tracking;

pub use bounds::{Bounds, Excess, Quantity};
pub use motion::Motion;
pub use pace::{Entry, NotPaused, Pace};
pub use path_time::PathTime;
pub use profile::{NoProfile, PointToPoint, Profile, Synchronization};
pub use pursuit::Pursuit;
pub use spline::{Knot, Spline};
pub use state::{Sample, State};
pub use timed_path::TimedPath;
pub use timing::{TimeLaw, TimedSpline, Untimeable};
