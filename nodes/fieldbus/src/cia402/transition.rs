//! The transitions 0 to 16 of the standard's figure: where from, where to, and why.

use super::State;

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
