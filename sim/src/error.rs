//! What can be wrong with the data that a simulation is built from, or with a command.

use std::path::PathBuf;

use servomesh_robot::RobotError;
use servomesh_types::GroupName;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The robot's model refused.
    #[error(transparent)]
    Robot(#[from] RobotError),
    /// The file could not be read.
    #[error("{}: cannot be read: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        reason: std::io::Error,
    },
    /// The servo data is not of the documented form.
    #[error("{file}: {reason}")]
    Syntax {
        /// The file, or `<string>`.
        file: String,
        /// Where and why.
        reason: String,
    },
    /// A parameter that no servo can have.
    #[error("{file}: servo {servo}: {parameter} is {value}; it must be {must_be}")]
    Parameter {
        /// The file, or `<string>`.
        file: String,
        /// The joint or class.
        servo: String,
        /// Which one.
        parameter: &'static str,
        /// What was given.
        value: f64,
        /// What is allowed.
        must_be: &'static str,
    },
    /// A movable joint without a motor.
    #[error("joint {joint} has no servo; add it under `servos:` (there are: {known})")]
    NoServo {
        /// The joint.
        joint: String,
        /// The names that exist.
        known: String,
    },
    /// A joint whose motor has an electronics of its own already.
    #[error("joint {joint} has an electronics of its own already; a motor has one pair of terminals")]
    Connected {
        /// The joint.
        joint: String,
    },
    /// A joint that the wiring puts on two buses.
    #[error("joint {joint} is on two buses, {} and {}; a servo has one", buses[0], buses[1])]
    TwoBuses {
        /// The joint.
        joint: String,
        /// The buses.
        buses: [GroupName; 2],
    },
    /// A fault that does not exist.
    #[error("there is no fault {kind}; there are: {known}")]
    NoFault {
        /// The name.
        kind: String,
        /// The names that exist.
        known: String,
    },
    /// A fault that can't be so bad.
    #[error("{kind}: {value} is out of its range, {least} to {most} [{unit}]")]
    FaultValue {
        /// The fault.
        kind: &'static str,
        /// What was given.
        value: f64,
        /// The unit of its figure.
        unit: &'static str,
        /// The least it can be.
        least: f64,
        /// The most it can be.
        most: f64,
    },
    /// A fault of something that is not there.
    #[error("{kind}: there is no {target:?} that it could happen to; there are: {known}")]
    NoTarget {
        /// The fault.
        kind: &'static str,
        /// The name.
        target: String,
        /// The names that exist.
        known: String,
    },
    /// A fault of a bus, for a machine without one.
    #[error("{kind} happens on a bus: inject it into the hardware, not into the machine behind it")]
    NoBusHere {
        /// The fault.
        kind: &'static str,
    },
    /// A frame for a bus that is not there.
    #[error("there is no bus for group {group}")]
    NoBus {
        /// The group.
        group: GroupName,
    },
    /// A frame with the wrong number of joints.
    #[error("group {group}: a frame for {got} joints, but the bus has {expected}")]
    FrameSize {
        /// The group.
        group: GroupName,
        /// Joints of the frame.
        got: usize,
        /// Joints on the bus.
        expected: usize,
    },
    /// A command or a placement that is not a number.
    #[error("joint {joint}: {what} is {value}; it must be finite")]
    NotFinite {
        /// The joint.
        joint: String,
        /// "current" or "position".
        what: &'static str,
        /// The value.
        value: f64,
    },
    /// A body, a shape or a scene that can't be.
    #[error("{item}: {what} is {value}; it must be {must_be}")]
    Mechanics {
        /// The body, shape or entry of a scene.
        item: String,
        /// Which of its properties.
        what: &'static str,
        /// What was given.
        value: f64,
        /// What is allowed.
        must_be: &'static str,
    },
}

/// A file's text.
pub(crate) fn text_of(path: &std::path::Path) -> Result<String, SimError> {
    std::fs::read_to_string(path).map_err(|reason| SimError::Read {
        path: path.to_owned(),
        reason,
    })
}
