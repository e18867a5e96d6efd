//! Asks the running simulation to break something, or to repair it.

use super::cell::{wait, wall};
use anyhow::{Context as _, bail};
use r2r::servomesh_msgs::srv::InjectFault;
use servomesh_shell::ros::Io;
use servomesh_shell::ros::wire::duration_to_msg;
use std::time::Duration;

/// What is to break.
#[derive(Clone, Debug)]
pub struct FaultRequest {
    /// The kind of fault; empty: which kinds there are; `none`: repair.
    pub kind: String,
    /// The joint, group, supply, link or body.
    pub target: String,
    /// How bad, in the kind's unit.
    pub value: f64,
    /// For how long, in simulated time; zero: until it is repaired.
    pub lasting: Duration,
}

/// Asks the simulation; says what it answers.
///
/// # Errors
/// No simulation answers in time, or it refuses; says why and what would be possible.
pub fn inject(request: &FaultRequest, timeout: Duration) -> anyhow::Result<String> {
    let mut io = Io::client("servomesh_fault")?;
    let client = io
        .r2r()
        .create_client::<InjectFault::Service>(SERVICE, r2r::QosProfile::default())?;
    let offered = r2r::Node::is_available(&client)?;
    let deadline = wall(&io) + timeout;
    wait(&mut io, offered, deadline)
        .with_context(|| format!("no simulation offers {SERVICE} within {timeout:?}"))??;
    let answer = client.request(&InjectFault::Request {
        kind: request.kind.clone(),
        target: request.target.clone(),
        value: request.value,
        lasting: duration_to_msg(request.lasting),
    })?;
    let response = wait(&mut io, answer, deadline)
        .with_context(|| format!("{SERVICE} did not answer within {timeout:?}"))??;
    if !response.success {
        bail!("{}", response.message);
    }
    Ok(response.message)
}

const SERVICE: &str = "sim/inject_fault";
