//! The one adapter between cores and ROS 2.
//!
//! A node's `main.rs` implements [`ros::Node`] and calls [`ros::run()`]; everything that all nodes share is here, so that a
//! `main.rs` only translates messages and core types. With a node's `main.rs`, the module `ros` (feature `ros`) is
//! the only code that names r2r. The other rooms are pure and tested without ROS.
//!
//! | room | what it decides |
//! |---|---|
//! | [`params`] | what a parameter may be, when it may change; one error that says what is wrong |
//! | [`lifecycle`] | the states and transitions of a managed node |
//! | [`seq_watch`] | how many samples of a stream came, and how many were lost |
//! | [`latency`] | how long hops took, as percentiles of a window |
//! | [`tools`] | the parameters that give groups their tools |
//! | [`health`] | what a node says of itself on `diagnostics` |
//! | `ros` | the spin loop, time, QoS, services, actions, discovery, messages ↔ types |

pub mod health;
pub mod latency;
pub mod lifecycle;
pub mod params;
#[cfg(feature = "ros")]
pub mod ros;
pub mod seq_watch;
pub mod tools;

/// The exit code of a node whose configuration can't be used (`EX_CONFIG` of BSD's sysexits): restarting it won't help.
pub const EXIT_CONFIG: u8 = 78;
