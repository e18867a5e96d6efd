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

mod error;
mod mode;
mod reaction;

pub use error::{ErrorCode, error_name};
pub use mode::Mode;
pub use reaction::{Ramp, Reaction, fault_reaction, halt, leave, quick_stop};

/// Where a drive is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It starts, and tests itself.
    NotReadyToSwitchOn,
    /// It waits; parameters may be set, power stays off.
    SwitchOnDisabled,
    /// High voltage may be applied.
    ReadyToSwitchOn,
    /// High voltage is on, the motor has no torque.
    SwitchedOn,
    /// The motor follows setpoints.
    OperationEnabled,
    /// The motor is brought to rest, or held there.
    QuickStopActive,
    /// Something is wrong; the motor is brought to rest.
    FaultReactionActive,
    /// Something was wrong; the motor has no torque.
    Fault,
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

/// What object 6040h holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Controlword(pub u16);

impl Controlword {
    /// Towards "ready to switch on": transitions 2, 6, 8.
    pub const SHUTDOWN: Self = Self(0x06);
    /// Towards "switched on": transition 3, and 5 as "disable operation".
    pub const SWITCH_ON: Self = Self(0x07);
    /// Towards "operation enabled": transitions 4 and 16, and 3 before 4.
    pub const ENABLE_OPERATION: Self = Self(0x0F);
    /// Power off at once, the motor coasts: transitions 7, 9, 10, 12.
    pub const DISABLE_VOLTAGE: Self = Self(0x00);
    /// Stops by option code 605A: transition 11, and 7 and 10.
    pub const QUICK_STOP: Self = Self(0x02);
    /// Resets a fault where the bit was 0 before: transition 15.
    pub const FAULT_RESET: Self = Self(0x80);

    /// Bit 4: PP a new setpoint, HM the start of homing.
    pub const MODE_4: u16 = 1 << 4;
    /// Bit 5: PP changes to the new setpoint at once.
    pub const MODE_5: u16 = 1 << 5;
    /// Bit 6: PP takes the setpoint as relative.
    pub const MODE_6: u16 = 1 << 6;
    /// Bit 8: halts by option code 605D, operation stays enabled.
    pub const HALT: u16 = 1 << 8;
    /// Bit 9: PP changes to the next setpoint without stopping at this one.
    pub const CHANGE_ON_SETPOINT: u16 = 1 << 9;

    const RESET: u16 = 1 << 7;

    /// The command it is, by its bits 0 to 3 and 7; bits of modes are not looked at. A held reset bit commands nothing.
    pub const fn command(self) -> Option<Command> {
        if self.0 & Self::RESET != 0 {
            return None;
        }
        Some(match self.0 & 0x0F {
            bits if bits & 0b10 == 0 => Command::DisableVoltage,
            bits if bits & 0b100 == 0 => Command::QuickStop,
            bits if bits & 0b1 == 0 => Command::Shutdown,
            bits if bits & 0b1000 == 0 => Command::SwitchOn,
            _ => Command::EnableOperation,
        })
    }

    /// Whether it resets a fault, coming after that one: the bit rises.
    pub const fn resets_after(self, before: Self) -> bool {
        self.0 & Self::RESET != 0 && before.0 & Self::RESET == 0
    }
}

/// What a controlword commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Bits `x110`.
    Shutdown,
    /// Bits `0111`: switch on, or disable operation.
    SwitchOn,
    /// Bits `1111`: enable operation, after switching on where that is missing.
    EnableOperation,
    /// Bits `xx0x`.
    DisableVoltage,
    /// Bits `x01x`.
    QuickStop,
}

/// The numbered ways from state to state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(
    missing_docs,
    reason = "each is what its number is in the standard's figure; from, to and cause are in its table"
)]
pub enum Transition {
    T0,
    T1,
    T2,
    T3,
    T4,
    T5,
    T6,
    T7,
    T8,
    T9,
    T10,
    T11,
    T12,
    T13,
    T14,
    T15,
    T16,
}

/// What makes a drive take a transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The drive takes it by itself: tests passed, motor at rest.
    Automatic,
    /// One of the commands takes it; transition 12 can also be automatic.
    Commanded,
    /// A rising reset bit, if the fault's cause is gone.
    Reset,
    /// A fault.
    Fault,
}

impl State {
    /// All of them.
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

impl Transition {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 17] = [
        Self::T0,
        Self::T1,
        Self::T2,
        Self::T3,
        Self::T4,
        Self::T5,
        Self::T6,
        Self::T7,
        Self::T8,
        Self::T9,
        Self::T10,
        Self::T11,
        Self::T12,
        Self::T13,
        Self::T14,
        Self::T15,
        Self::T16,
    ];

    /// Its number.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Where it begins; `None` for 0 (power on) and 13 (any state).
    pub const fn from(self) -> Option<State> {
        Some(match self {
            Self::T0 | Self::T13 => return None,
            Self::T1 => State::NotReadyToSwitchOn,
            Self::T2 => State::SwitchOnDisabled,
            Self::T3 | Self::T7 => State::ReadyToSwitchOn,
            Self::T4 | Self::T6 | Self::T10 => State::SwitchedOn,
            Self::T5 | Self::T8 | Self::T9 | Self::T11 => State::OperationEnabled,
            Self::T12 | Self::T16 => State::QuickStopActive,
            Self::T14 => State::FaultReactionActive,
            Self::T15 => State::Fault,
        })
    }

    /// Where it leads.
    pub const fn to(self) -> State {
        match self {
            Self::T0 => State::NotReadyToSwitchOn,
            Self::T1 | Self::T7 | Self::T9 | Self::T10 | Self::T12 | Self::T15 => State::SwitchOnDisabled,
            Self::T2 | Self::T6 | Self::T8 => State::ReadyToSwitchOn,
            Self::T3 | Self::T5 => State::SwitchedOn,
            Self::T4 | Self::T16 => State::OperationEnabled,
            Self::T11 => State::QuickStopActive,
            Self::T13 => State::FaultReactionActive,
            Self::T14 => State::Fault,
        }
    }

    /// What makes a drive take it.
    pub const fn cause(self) -> Cause {
        match self {
            Self::T0 | Self::T1 | Self::T14 => Cause::Automatic,
            Self::T13 => Cause::Fault,
            Self::T15 => Cause::Reset,
            _ => Cause::Commanded,
        }
    }
}
