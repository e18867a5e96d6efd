//! How far the drives of a group are from torque, after the state machine of CiA 402 (IEC 61800-7-201).

use std::fmt;

/// A state of the power of a group's drives. Numbers in messages are stable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum PowerState {
    /// The drives have not been heard, or a joint doesn't know yet where it is.
    #[default]
    NotReadyToSwitchOn = 0,
    /// A drive's supply is missing or outside of its window.
    SwitchOnDisabled = 1,
    /// Torque off, brakes on; a command can switch it on.
    ReadyToSwitchOn = 2,
    /// Told to switch on; the torque is not there yet.
    SwitchedOn = 3,
    /// Follows commands under torque.
    OperationEnabled = 4,
    /// Comes to a stop by itself, under torque.
    QuickStopActive = 5,
    /// A fault came up, and the drives still have torque.
    FaultReactionActive = 6,
    /// Torque off, brakes on, after a fault.
    Fault = 7,
}

impl PowerState {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::NotReadyToSwitchOn,
        Self::SwitchOnDisabled,
        Self::ReadyToSwitchOn,
        Self::SwitchedOn,
        Self::OperationEnabled,
        Self::QuickStopActive,
        Self::FaultReactionActive,
        Self::Fault,
    ];

    /// The one with a number.
    pub fn of_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// What the standard calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotReadyToSwitchOn => "not ready to switch on",
            Self::SwitchOnDisabled => "switch on disabled",
            Self::ReadyToSwitchOn => "ready to switch on",
            Self::SwitchedOn => "switched on",
            Self::OperationEnabled => "operation enabled",
            Self::QuickStopActive => "quick stop active",
            Self::FaultReactionActive => "fault reaction active",
            Self::Fault => "fault",
        }
    }
}

impl fmt::Display for PowerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
