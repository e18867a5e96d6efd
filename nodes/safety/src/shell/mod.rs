//! What is ROS about the gate: its parameters, and its requests.

pub(crate) mod parameters;
pub(crate) mod requests;
