//! The state machine of CiA 402 drives as a table: states, words, transitions, modes, and the names of errors.
//!
//! Both ends use it: a master asks for a [`State`] and gets the controlword that leads there ([`State::toward`]); a drive is given a
//! controlword and gets the [`Transition`] it has to make ([`State::obey`]). How a motor is brought to rest is said by the option codes, as
//! a [`Reaction`]; when it rests is the drive's own to know.
//!
//! **Invariant:** a controlword never leads out of a fault but by a rising reset bit; only transitions 4 and 16 lead to
//! [`State::OperationEnabled`]; the statusword of a state reads back as that state whatever its other bits are.
//!
//! Sources: IEC 61800-7-201 (CiA 402-2), its state machine, option codes 605A to 605E and error codes 603F; bit masks as in Beckhoff's slave
//! stack code (`cia402appl.h`); the table of transitions agrees with `p402.py` of python's `canopen` 2.4.1.
//!
//! ```
//! use servomesh_fieldbus::cia402::{Controlword, State, Transition};
//!
//! let state = State::of(0x0250).expect("a state");
//! assert_eq!(state, State::SwitchOnDisabled);
//! let word = state.toward(State::OperationEnabled).expect("a way");
//! assert_eq!(word, Controlword::SHUTDOWN);
//! assert_eq!(state.obey(word, Controlword(0)), Some(Transition::T2));
//! assert_eq!(Transition::T2.to(), State::ReadyToSwitchOn);
//! ```

mod controlword;
mod error;
mod mode;
mod reaction;
mod transition;

pub use controlword::{Command, Controlword};
pub use error::{ErrorCode, error_name};
pub use mode::Mode;
pub use reaction::{Ramp, Reaction, fault_reaction, halt, leave, quick_stop};
pub use transition::{Cause, Transition};

use std::fmt;

/// Where a drive is. The numbers are stable: messages have them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum State {
    /// It starts, and tests itself.
    #[default]
    NotReadyToSwitchOn = 0,
    /// It waits; parameters may be set, power stays off.
    SwitchOnDisabled = 1,
    /// High voltage may be applied.
    ReadyToSwitchOn = 2,
    /// High voltage is on, the motor has no torque.
    SwitchedOn = 3,
    /// The motor follows setpoints.
    OperationEnabled = 4,
    /// The motor is brought to rest, or held there.
    QuickStopActive = 5,
    /// Something is wrong; the motor is brought to rest.
    FaultReactionActive = 6,
    /// Something was wrong; the motor has no torque.
    Fault = 7,
}

/// The bits of the statusword 6041h that are no state.
pub mod status {
    /// Voltage is applied to the power stage.
    pub const VOLTAGE_ENABLED: u16 = 1 << 4;
    /// A warning is present; the state is kept.
    pub const WARNING: u16 = 1 << 7;
    /// The drive obeys its controlword.
    pub const REMOTE: u16 = 1 << 9;
    /// The target is reached; after a halt or quick stop, the motor rests.
    pub const TARGET_REACHED: u16 = 1 << 10;
    /// A limit inside the drive cuts a setpoint off.
    pub const INTERNAL_LIMIT: u16 = 1 << 11;
    /// PP: setpoint acknowledged; PV: speed is 0; HM: home attained; cyclic modes: the drive follows its setpoints.
    pub const MODE_12: u16 = 1 << 12;
    /// PP and CSP: following error; PV: slippage; HM: homing error.
    pub const MODE_13: u16 = 1 << 13;
}

impl State {
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

    /// The state in a statusword; `None` if its bits are none of the standard's.
    pub const fn of(statusword: u16) -> Option<Self> {
        Some(match (statusword & 0x4F, statusword & 0x20 != 0) {
            (0x00, _) => Self::NotReadyToSwitchOn,
            (0x40, _) => Self::SwitchOnDisabled,
            (0x01, true) => Self::ReadyToSwitchOn,
            (0x03, true) => Self::SwitchedOn,
            (0x07, true) => Self::OperationEnabled,
            (0x07, false) => Self::QuickStopActive,
            (0x0F, _) => Self::FaultReactionActive,
            (0x08, _) => Self::Fault,
            _ => return None,
        })
    }

    /// Its bits in the statusword: 0 to 3, 5 and 6.
    pub const fn bits(self) -> u16 {
        match self {
            Self::NotReadyToSwitchOn => 0x00,
            Self::SwitchOnDisabled => 0x40,
            Self::ReadyToSwitchOn => 0x21,
            Self::SwitchedOn => 0x23,
            Self::OperationEnabled => 0x27,
            Self::QuickStopActive => 0x07,
            Self::FaultReactionActive => 0x0F,
            Self::Fault => 0x08,
        }
    }

    /// What it is called.
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

    /// Whether the motor has torque.
    pub const fn is_powered(self) -> bool {
        matches!(
            self,
            Self::OperationEnabled | Self::QuickStopActive | Self::FaultReactionActive
        )
    }

    /// What a drive in this state does on a controlword that comes after another; `None`: it stays. From "ready to switch on" a command to
    /// enable operation is transition 3 first; given again in "switched on" it is 4.
    pub const fn obey(self, word: Controlword, before: Controlword) -> Option<Transition> {
        if matches!(self, Self::Fault) {
            return if word.resets_after(before) {
                Some(Transition::T15)
            } else {
                None
            };
        }
        let Some(command) = word.command() else {
            return None;
        };
        match (self, command) {
            (Self::SwitchOnDisabled, Command::Shutdown) => Some(Transition::T2),
            (Self::ReadyToSwitchOn, Command::SwitchOn | Command::EnableOperation) => Some(Transition::T3),
            (Self::ReadyToSwitchOn, Command::QuickStop | Command::DisableVoltage) => Some(Transition::T7),
            (Self::SwitchedOn, Command::EnableOperation) => Some(Transition::T4),
            (Self::SwitchedOn, Command::Shutdown) => Some(Transition::T6),
            (Self::SwitchedOn, Command::QuickStop | Command::DisableVoltage) => Some(Transition::T10),
            (Self::OperationEnabled, Command::SwitchOn) => Some(Transition::T5),
            (Self::OperationEnabled, Command::Shutdown) => Some(Transition::T8),
            (Self::OperationEnabled, Command::DisableVoltage) => Some(Transition::T9),
            (Self::OperationEnabled, Command::QuickStop) => Some(Transition::T11),
            (Self::QuickStopActive, Command::DisableVoltage) => Some(Transition::T12),
            (Self::QuickStopActive, Command::EnableOperation) => Some(Transition::T16),
            _ => None,
        }
    }

    /// What a drive in this state does when a fault comes up; `None` where one is already seen to.
    pub const fn fail(self) -> Option<Transition> {
        match self {
            Self::Fault | Self::FaultReactionActive => None,
            _ => Some(Transition::T13),
        }
    }

    /// The controlword for the next step of the way to `goal`; `None` where the drive has to move by itself first, is there already, or no
    /// controlword leads there. A fault is reset by a rising bit: the controlword before must have it 0.
    pub fn toward(self, goal: Self) -> Option<Controlword> {
        use State::{
            Fault, FaultReactionActive, NotReadyToSwitchOn, OperationEnabled, QuickStopActive,
            ReadyToSwitchOn, SwitchOnDisabled, SwitchedOn,
        };
        match (self, goal) {
            (from, to) if from == to => None,
            (NotReadyToSwitchOn | FaultReactionActive, _)
            | (_, NotReadyToSwitchOn | FaultReactionActive | Fault) => None,
            (Fault, _) => Some(Controlword::FAULT_RESET),
            (OperationEnabled, QuickStopActive) => Some(Controlword::QUICK_STOP),
            (QuickStopActive, OperationEnabled) => Some(Controlword::ENABLE_OPERATION),
            (_, SwitchOnDisabled) | (QuickStopActive, _) => Some(Controlword::DISABLE_VOLTAGE),
            (SwitchOnDisabled, _) | (_, ReadyToSwitchOn) => Some(Controlword::SHUTDOWN),
            (ReadyToSwitchOn, _) | (_, SwitchedOn) => Some(Controlword::SWITCH_ON),
            (SwitchedOn, _) | (OperationEnabled, _) => Some(Controlword::ENABLE_OPERATION),
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
