//! What every bus has: its speed and its times, and the servos file's entries of who moves which joint.
//!
//! ```yaml
//! wires:
//!   elbow_joint: { id: 3 }
//! ```
//!
//! What an entry may hold is each backend's own.

use crate::config::DriverParams;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::time::Duration;

/// What is common to the devices of a bus.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BusSettings {
    /// Bits per second.
    pub baud: u32,
    /// How long a device goes on without hearing from the driver.
    pub watchdog: Duration,
    /// What port, adapter and operating system add at most to an answer's way.
    pub latency: Duration,
}

/// What a servos file says of the wires that can't be.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// It is no YAML, or something is misspelt.
    #[error("servos file: {0}")]
    Syntax(serde_norway::Error),
    /// A joint of the group has no device on the wire.
    #[error(
        "joint {joint} has no entry under `wires` in the servos file: say what moves it, as in `{joint}: {{ id: 1 }}`"
    )]
    NoWire {
        /// Which joint.
        joint: String,
    },
}

#[derive(Deserialize)]
struct File<W> {
    wires: Option<BTreeMap<String, W>>,
}

/// The entries of a group's joints in the text of its servos file, in the group's order.
///
/// # Errors
/// [`WireError`] names the joint, or the line.
pub fn of_file<W: DeserializeOwned>(servos: &str, params: &DriverParams) -> Result<Vec<W>, WireError> {
    let file: File<W> = serde_norway::from_str(servos).map_err(WireError::Syntax)?;
    let mut wires = file.wires.unwrap_or_default();
    let joints = params.group.joints.iter();
    joints
        .map(|joint| {
            wires.remove(&joint.name).ok_or_else(|| WireError::NoWire {
                joint: joint.name.clone(),
            })
        })
        .collect()
}
