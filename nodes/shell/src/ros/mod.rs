//! The ROS side of the shell (feature `ros`).
//!
//! | file | duty |
//! |---|---|
//! | [`run`](mod@run) | the trait [`Node`] and the loop that drives it: one thread that spins, steps the core and publishes |
//! | `io` | [`Io`]: a node's publishers, subscriptions, services, actions; time; log |
//! | `time` | ROS time: the system clock, or `/clock` |
//! | [`qos`] | the QoS profiles of the mesh, by purpose |
//! | [`stream`] | [`Latest`] and [`Queue`]: what a subscription hands over |
//! | [`service`] | [`Service`] and its requests |
//! | [`action`] | [`ActionServer`]: goals by number |
//! | [`discovery`] | [`Groups`]: the groups that drivers announce |
//! | [`wire`] | [`Wire`]: core types ↔ messages |
//! | `managed`, `parameters` | the lifecycle and parameter services |

pub mod action;
pub mod discovery;
mod io;
mod managed;
mod parameters;
pub mod qos;
pub mod run;
pub mod service;
pub mod stream;
mod time;
pub mod wire;

pub use action::{ActionServer, GoalNumber};
pub use discovery::Groups;
pub use io::{Io, Publisher};
pub use run::{Node, run};
pub use service::{Request, Service};
pub use stream::{Latest, Queue};
pub use time::system_ns;
pub use wire::Wire;
