//! Which registers are read in a cycle, and what a block of them may say.
//!
//! ```text
//!   register  40 … 54                            55     56 57     58 59  60 61  62       63           64       65      66      …  69 70
//!             torque, goals, torque limit        lock   position  speed  load   voltage  temperature  pending  alarms  moving     current
//!             └─────────────────── state, 18 ──────────────────┘
//!                                                       └─────────────────────────── data, 15 ───────────────────────────────────┘
//! ```
//!
//! Now and then, and while torque changes, the state is read. A [`Stretch`] is known by its length
//! ([`unanswered`](crate::backends::unanswered)): one that is a little longer than the data has registers of no meaning behind them, one that is longer than
//! the state has the data one after the other.

use crate::backends::unanswered::IN_FLIGHT;
use servomesh_fieldbus::feetech::number::ByteOrder;
use servomesh_fieldbus::feetech::sts3215::{
    LOCK, MOVING, PENDING, PRESENT_CURRENT, PRESENT_POSITION, PRESENT_SPEED, PRESENT_TEMPERATURE,
    PRESENT_VOLTAGE, STATUS, TORQUE_ENABLE,
};
use servomesh_fieldbus::feetech::table::Register;

/// A stretch of registers: where it begins follows from its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    length: u8,
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

impl Stretch {
    /// Position, voltage, temperature, alarms, current: in most cycles.
    pub(super) const DATA: Self = Self {
        length: PRESENT_CURRENT.end() as u8 - PRESENT_POSITION.address,
    };
    /// Torque and position.
    pub(super) const STATE: Self = Self {
        length: PRESENT_POSITION.end() as u8 - TORQUE_ENABLE.address,
    };
    /// The longest that is read: torque, and all of the data.
    pub(super) const LONGEST: Self = Self {
        length: PRESENT_CURRENT.end() as u8 - TORQUE_ENABLE.address,
    };

    /// The stretch of a length, from that of [`Self::DATA`] to that of [`Self::LONGEST`].
    pub(super) const fn of(length: u8) -> Self {
        Self { length }
    }

    /// Its first register.
    pub(super) const fn address(self) -> u8 {
        if self.length < Self::STATE.length {
            PRESENT_POSITION.address
        } else {
            TORQUE_ENABLE.address
        }
    }

    /// How many bytes it has.
    pub(super) const fn length(self) -> u8 {
        self.length
    }

    /// Takes a block apart; `None` if it has not as many bytes as this stretch, or a register holds what it can't.
    pub(super) fn read(self, block: &[u8]) -> Option<Reading> {
        if block.len() != usize::from(self.length) {
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

const _: () = assert!(
    (Stretch::LONGEST.length - Stretch::STATE.length) as usize >= IN_FLIGHT,
    "a read has a length of its own while as many wait for answers"
);
/// Counts of a turn.
pub(super) const TURN: i32 = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_read_only_if_each_register_holds_what_it_can() {
        // Position 2100, speed −5, duty 30 ‰, 11.9 V, 31 °C, well, at rest, 200 mA backwards.
        let data = [0x34, 0x08, 0x05, 0x80, 30, 0, 119, 31, 0, 0, 0, 0, 0, 0x1F, 0x80];
        let reading = Stretch::DATA.read(&data).expect("a block of its length");
        assert_eq!((reading.position, reading.torque), (2100, None));
        let said = [reading.voltage_v, reading.temperature_degc, reading.current_a]
            .map(|value| value.expect("in the block"));
        for (said, is) in said.into_iter().zip([11.9, 31.0, -0.2015]) {
            assert!((said - is).abs() < 1e-9, "{said} is not {is}");
        }
        let mut longer = data.to_vec();
        longer.push(0x34);
        assert_eq!(Stretch::of(16).read(&longer), Some(reading));
        assert_eq!(Stretch::DATA.read(&longer), None, "an answer to another read");
        for (place, byte) in [(1, 0x18), (8, 2), (9, 0x80), (10, 2)] {
            let mut wrong = data;
            wrong[place] = byte;
            assert_eq!(Stretch::DATA.read(&wrong), None, "byte {place} is {byte}");
        }
    }

    #[test]
    fn every_stretch_is_known_by_its_length_and_says_what_is_in_it() {
        let mut table = vec![0; TORQUE_ENABLE.address.into()];
        table.resize(usize::from(TORQUE_ENABLE.address) + 40, 0);
        let mut set = |register: &Register, counts| {
            let bytes = &mut table[usize::from(register.address)..register.end()];
            register
                .put(ByteOrder::Little, counts, bytes)
                .expect("it takes it");
        };
        set(&TORQUE_ENABLE, 1);
        set(&LOCK, 1);
        set(&PRESENT_POSITION, 2100);
        set(&PRESENT_VOLTAGE, 119);
        let lengths = [Stretch::DATA, Stretch::STATE, Stretch::LONGEST].map(Stretch::length);
        assert_eq!(lengths, [15, 18, 31]);
        for length in Stretch::DATA.length..=Stretch::LONGEST.length {
            let stretch = Stretch::of(length);
            let from = usize::from(stretch.address());
            let block = &table[from..from + usize::from(length)];
            let reading = stretch.read(block).expect("a block of its length");
            assert_eq!(reading.position, 2100);
            let has_state = length >= Stretch::STATE.length;
            assert_eq!(reading.torque, has_state.then_some(true));
            assert_eq!(reading.voltage_v.is_some(), !(18..23).contains(&length));
            for other in Stretch::DATA.length..=Stretch::LONGEST.length {
                assert_eq!(Stretch::of(other).read(block).is_some(), other == length);
            }
        }
    }
}
