//! The result of reading a launch file: which processes to start, and with what.
//!
//! **Invariant:** nothing here needs the launch file any more; all substitutions have been performed, and every
//! executable and parameter file existed when the plan was made.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::error::Place;
use super::value::Value;

/// All processes of a launch file, in the order in which it starts them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The processes.
    pub processes: Vec<Process>,
}

/// One process to start.
#[derive(Clone, Debug, PartialEq)]
pub struct Process {
    /// What it is called in logs: unique within the plan.
    pub label: String,
    /// The element that asked for it.
    pub place: Place,
    /// Program and arguments; not empty.
    pub command: Vec<Argument>,
    /// Working folder, where it differs from the one of `servomesh`.
    pub folder: Option<PathBuf>,
    /// Environment variables set, or removed (`None`), against the environment of `servomesh`.
    pub environment: BTreeMap<String, Option<String>>,
    /// Whether and how it is started again after it ended.
    pub respawn: Option<Respawn>,
    /// Its end ends everything: `on_exit="shutdown"`.
    pub ends_all: bool,
}

/// Restarting, as the launch file asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Respawn {
    /// Delay before the first restart.
    pub delay: Duration,
    /// Most restarts in the whole run, where limited.
    pub max_retries: Option<u32>,
}

/// One word of a command line.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// As it is.
    Text(String),
    /// The path of a file with these parameters, written when the process starts.
    Parameters(Parameters),
}

/// The parameters that a launch file gives to one node.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    /// The node they are for: its full name, or `/**` where that is not known.
    pub node: String,
    /// Values by name; nested names are joined by dots.
    pub values: BTreeMap<String, Value>,
}

/// The content of a ROS parameter file.
impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}:\n  ros__parameters:", self.node)?;
        self.values
            .iter()
            .try_for_each(|(name, value)| writeln!(f, "    {name}: {value}"))
    }
}
