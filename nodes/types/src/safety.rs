//! What `safety` says of each group.

use crate::{Epoch, Fault, GroupName};

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
}

/// The state of the whole gate: one entry a group, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SafetyState {
    /// Each group's gate.
    pub groups: Vec<GroupSafety>,
}

impl SafetyState {
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
