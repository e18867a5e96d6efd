//! How a drive brings its motor to rest: the option codes 605A to 605E.

use super::State;

/// By which limit the motor is slowed down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ramp {
    /// Power off: the motor coasts, or its brake holds it.
    Coast,
    /// The slow-down ramp 6084h.
    SlowDown,
    /// The quick stop ramp 6085h.
    QuickStop,
    /// As fast as the current limit lets it.
    CurrentLimit,
    /// As fast as the voltage limit lets it.
    VoltageLimit,
}

/// How the motor comes to rest, and where the drive is then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// By which limit.
    pub ramp: Ramp,
    /// The state once it rests.
    pub then: State,
}

/// By which limit a code from 0 to 4 slows down; each option takes all of these, or some.
const fn ramp(code: i16) -> Option<Ramp> {
    Some(match code {
        0 => Ramp::Coast,
        1 => Ramp::SlowDown,
        2 => Ramp::QuickStop,
        3 => Ramp::CurrentLimit,
        4 => Ramp::VoltageLimit,
        _ => return None,
    })
}

const fn reaction(code: i16, then: State) -> Option<Reaction> {
    match ramp(code) {
        Some(ramp) => Some(Reaction { ramp, then }),
        None => None,
    }
}

/// Object 605Ah, quick stop: 0 to 4 go on to "switch on disabled", 5 to 8 stay in "quick stop active". `None`: no such code of the standard.
pub const fn quick_stop(code: i16) -> Option<Reaction> {
    match code {
        5..=8 => reaction(code - 4, State::QuickStopActive),
        _ => reaction(code, State::SwitchOnDisabled),
    }
}

/// Objects 605Bh (shutdown, transition 8) and 605Ch (disable operation, transition 5): on the way out of "operation enabled" to `then`.
/// `None`: no such code of the standard.
pub const fn leave(code: i16, then: State) -> Option<Reaction> {
    match code {
        0 | 1 => reaction(code, then),
        _ => None,
    }
}

/// Object 605Dh, halt: the motor comes to rest and operation stays enabled. `None`: no such code of the standard.
pub const fn halt(code: i16) -> Option<Reaction> {
    match code {
        0 => None,
        _ => reaction(code, State::OperationEnabled),
    }
}

/// Object 605Eh, fault reaction: the motor comes to rest, then transition 14. `None`: no such code of the standard.
pub const fn fault_reaction(code: i16) -> Option<Reaction> {
    reaction(code, State::Fault)
}
