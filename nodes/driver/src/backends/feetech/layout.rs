//! Which registers are read in a cycle, and what a block of them may say.
//!
//! ```text
//!   register  40 … 54                            55     56 57     58 59  60 61  62       63           64       65      66      …  69 70
//!             torque, goals, torque limit        lock   position  speed  load   voltage  temperature  pending  alarms  moving     current
//!             └─────────────────── state ──────────────────────┘
//!                                                └───────────────────────────── locked data ───────────────────────────────────────┘
//!                                                       └───────────────────────── data ─────────────────────────────────────────┘
//! ```
//!
//! Data and locked data take turns, so that the answers to successive reads differ in length; now and then, and while torque changes, the state is read.

use servomesh_fieldbus::feetech::number::ByteOrder;
use servomesh_fieldbus::feetech::sts3215::{
    LOCK, MOVING, PENDING, PRESENT_CURRENT, PRESENT_POSITION, PRESENT_SPEED, PRESENT_TEMPERATURE,
    PRESENT_VOLTAGE, STATUS, TORQUE_ENABLE,
};
use servomesh_fieldbus::feetech::table::Register;

/// A stretch of registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Window {
    /// Position, voltage, temperature, alarms, current.
    Data,
    /// The same with the lock before it.
    LockedData,
    /// Torque and position.
    State,
}

/// What one block says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Reading {
    pub(super) position: i32,
    pub(super) torque: Option<bool>,
    pub(super) voltage_v: Option<f64>,
    pub(super) temperature_degc: Option<f64>,
    pub(super) current_a: Option<f64>,
}

impl Window {
    pub(super) const LONGEST: Self = Self::State;

    /// Its first register.
    pub(super) const fn address(self) -> u8 {
        match self {
            Self::Data => PRESENT_POSITION.address,
            Self::LockedData => LOCK.address,
            Self::State => TORQUE_ENABLE.address,
        }
    }

    /// How many bytes it has.
    pub(super) const fn length(self) -> u8 {
        let end = match self {
            Self::Data | Self::LockedData => PRESENT_CURRENT.end(),
            Self::State => PRESENT_POSITION.end(),
        };
        end as u8 - self.address()
    }

    /// Takes a block apart; `None` if it has not as many bytes as this stretch, or a register holds what it can't.
    pub(super) fn read(self, block: &[u8]) -> Option<Reading> {
        if block.len() != usize::from(self.length()) {
            return None;
        }
        let get = |register: &Register| counts(register, self.address(), block);
        for register in [&LOCK, &PENDING, &STATUS, &MOVING, &PRESENT_SPEED] {
            if let Some(counts) = get(register)
                && !register.takes(counts)
            {
                return None;
            }
        }
        let position = get(&PRESENT_POSITION).filter(|counts| counts.abs() < TURN)?;
        let torque = match get(&TORQUE_ENABLE) {
            None => None,
            Some(0) => Some(false),
            Some(1) => Some(true),
            Some(_) => return None,
        };
        let si = |register: &Register| get(register).map(|counts| register.to_si(counts));
        Some(Reading {
            position,
            torque,
            voltage_v: si(&PRESENT_VOLTAGE),
            temperature_degc: si(&PRESENT_TEMPERATURE),
            current_a: si(&PRESENT_CURRENT),
        })
    }
}

/// What a register holds in a block of bytes from `address` on; `None` if it is not in it.
pub(super) fn counts(register: &Register, address: u8, block: &[u8]) -> Option<i32> {
    let from = register.address.checked_sub(address).map(usize::from)?;
    let bytes = block.get(from..from + usize::from(register.size))?;
    register.get(ByteOrder::Little, bytes).ok()
}

/// Counts of a turn.
pub(super) const TURN: i32 = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_read_only_if_each_register_holds_what_it_can() {
        // Position 2100, speed −5, duty 30 ‰, 11.9 V, 31 °C, well, at rest, 200 mA backwards.
        let data = [0x34, 0x08, 0x05, 0x80, 30, 0, 119, 31, 0, 0, 0, 0, 0, 0x1F, 0x80];
        let reading = Window::Data.read(&data).expect("a block of its length");
        assert_eq!((reading.position, reading.torque), (2100, None));
        let said = [reading.voltage_v, reading.temperature_degc, reading.current_a]
            .map(|value| value.expect("in the block"));
        for (said, is) in said.into_iter().zip([11.9, 31.0, -0.2015]) {
            assert!((said - is).abs() < 1e-9, "{said} is not {is}");
        }
        let mut locked = vec![1];
        locked.extend(data);
        assert_eq!(Window::LockedData.read(&locked), Some(reading));
        assert_eq!(Window::Data.read(&locked), None, "an answer to another read");
        for (place, byte) in [(1, 0x18), (8, 2), (9, 0x80), (10, 2)] {
            let mut wrong = data;
            wrong[place] = byte;
            assert_eq!(Window::Data.read(&wrong), None, "byte {place} is {byte}");
        }
    }

    #[test]
    fn answers_to_different_stretches_differ_in_length() {
        let lengths = [Window::Data, Window::LockedData, Window::State].map(Window::length);
        assert_eq!(lengths, [15, 16, 18]);
        assert!(lengths.iter().all(|length| *length <= Window::LONGEST.length()));
        let mut state = [0; 18];
        (state[0], state[15], state[16], state[17]) = (1, 1, 0x34, 0x08);
        let reading = Window::State.read(&state).expect("a block of its length");
        assert_eq!((reading.position, reading.torque), (2100, Some(true)));
    }
}
