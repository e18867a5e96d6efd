//! What the harness is made of: the parts that can die, and the messages between them.

use servomesh_driver::bus::{DriveCommand, DriveStatus};
use servomesh_trajectory::Planned;
use servomesh_types::{Command, GroupDescription, GroupMotion, GroupName, SafetyState, ServoState, Setpoint};
use std::sync::Arc;

/// A process of the cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Goals to setpoints.
    Trajectory,
    /// Setpoints to commands.
    Safety,
    /// What the machine does.
    Estimator,
    /// Commands to servos, for one group.
    Driver(GroupName),
}

/// A message on its way to one part, or to the drives.
#[derive(Clone, Debug)]
pub(super) enum Message {
    Setpoint {
        group: GroupName,
        setpoint: Setpoint,
    },
    Command(Command),
    ServoState {
        group: GroupName,
        state: ServoState,
    },
    /// Shared by those who hear it.
    Motion(Arc<[(GroupName, GroupMotion)]>),
    Safety(SafetyState),
    Description(GroupDescription),
    Planned(Box<Planned>),
    DriveStatus(DriveStatus),
    DriveCommand {
        group: GroupName,
        command: DriveCommand,
    },
}

/// Where a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Address {
    Part(Part),
    Drives,
}
