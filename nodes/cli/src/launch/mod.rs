//! Launch files: from ROS 2's launch XML to a list of processes.
//!
//! XML → [`Description`] (all errors of form) → [`Plan`] (all substitutions performed). What is supported means exactly
//! what it means to `ros2 launch` of ROS 2 Jazzy; everything else is an error that names file, line and column.

mod description;
mod error;
mod names;
mod node;
mod packages;
mod parameter;
mod plan;
mod resolve;
mod scope;
mod template;
mod value;
mod words;
mod xml;

pub use description::{Declaration, Description};
pub use error::{LaunchError, Place, Problem};
pub use plan::{Argument, Parameters, Plan, Process, Respawn};
pub use resolve::{argument, read, resolve};
pub use scope::Host;
pub use template::Template;
pub use value::{Scalar, Type, Value};
