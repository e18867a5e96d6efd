//! What `safety` says of each group.

use crate::{ActiveFaults, Epoch, Fault, GroupName, Severity, Stopping};

/// What the gate of one group is doing, from least to most severe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SafetyMode {
    /// Setpoints pass.
    #[default]
    Normal,
    /// The gate brings the group to a stop by itself.
    Stopping,
    /// The group stands still under power (stop category 2); no setpoint passes until a reset.
    Stopped,
    /// Torque is off and the brakes are on; no setpoint passes until a reset.
    Off,
}

/// The state of one group's gate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupSafety {
    /// Which group.
    pub group: GroupName,
    /// What its gate is doing.
    pub mode: SafetyMode,
    /// The epoch in which setpoints pass.
    pub epoch: Epoch,
    /// Why it is not in [`SafetyMode::Normal`]: the first cause since the last reset.
    pub fault: Option<Fault>,
    /// Whether the cause is gone, so that a reset would be granted.
    pub resettable: bool,
    /// How fast the group may run, of what is planned: 0 … 1.
    pub speed_scale: f64,
    /// What the faults ask for: what the most severe one does.
    pub severity: Severity,
    /// Every fault that is not forgotten yet.
    pub active: ActiveFaults,
    /// What a stop would take from here, at the time at which this was said; nothing where it stands still.
    pub stopping: Option<Stopping>,
    /// Whether reduced limits are in force.
    pub reduced: bool,
    /// Whether the gate knows the machine's model: without it there are no checks of tool speed, distances and efforts.
    pub modelled: bool,
}

impl GroupSafety {
    /// An open gate with nothing wrong, at full speed.
    pub fn open(group: GroupName, epoch: Epoch) -> Self {
        Self {
            group,
            mode: SafetyMode::Normal,
            epoch,
            fault: None,
            resettable: false,
            speed_scale: 1.0,
            severity: Severity::Normal,
            active: ActiveFaults::default(),
            stopping: None,
            reduced: false,
            modelled: false,
        }
    }
}

/// Who moves the cell, as its mode selector says (ISO 10218-1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OperatingMode {
    /// It runs by itself.
    #[default]
    Automatic,
    /// Someone moves it by hand with an enabling device, at reduced speed.
    Manual,
}

/// The state of the whole gate: one entry a group, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SafetyState {
    /// What the mode selector says.
    pub operation: OperatingMode,
    /// Each group's gate.
    pub groups: Vec<GroupSafety>,
}

impl SafetyState {
    /// These gates, of a cell that runs by itself.
    pub fn new(groups: Vec<GroupSafety>) -> Self {
        Self {
            operation: OperatingMode::Automatic,
            groups,
        }
    }

    /// The most severe mode of any group.
    pub fn mode(&self) -> SafetyMode {
        self.groups
            .iter()
            .map(|group| group.mode)
            .max()
            .unwrap_or_default()
    }

    /// One group's gate.
    pub fn group(&self, name: GroupName) -> Option<&GroupSafety> {
        self.groups.iter().find(|group| group.group == name)
    }
}
