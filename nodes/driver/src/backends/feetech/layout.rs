//! Which registers are read in a cycle, and what a block of them may say.
//!
//! ```text
//!   register  40 … 54                            55     56 57     58 59  60 61  62       63           64       65      66      …  69 70
//!             torque, goals, torque limit        lock   position  speed  load   voltage  temperature  pending  alarms  moving     current
//!             └─────────────────── state, 18 ──────────────────┘
//!                                                       └──────────────────────── data, STS 15, SCS 11 ────────────────────────────┘
//! ```
//!
//! An SCS servo has its lock at 48 and no current: its data end with whether it moves. Now and then, and while torque changes, the state is read. A
//! [`Stretch`] is known by its length ([`unanswered`](crate::backends::unanswered)): one that is a little longer than the data has registers of no meaning
//! behind them, one that is longer than the state has the data one after the other.

use super::series::Series;
use crate::backends::unanswered::IN_FLIGHT;
use servomesh_fieldbus::feetech::number::ByteOrder;
use servomesh_fieldbus::feetech::sts3215::{
    BYTE_ORDER, MODEL_NUMBER, MOVING, PENDING, PRESENT_POSITION, PRESENT_SPEED, PRESENT_TEMPERATURE,
    PRESENT_VOLTAGE, STATUS, TORQUE_ENABLE,
};
use servomesh_fieldbus::feetech::table::Register;

/// A stretch of registers: where it begins follows from its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    series: Series,
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
    /// Position, voltage, temperature, alarms, current if there is one: in most cycles.
    pub(super) const fn data(series: Series) -> Self {
        let length = series.last_data().end() as u8 - PRESENT_POSITION.address;
        Self { series, length }
    }

    /// Torque and position.
    pub(super) const fn state(series: Series) -> Self {
        let length = PRESENT_POSITION.end() as u8 - TORQUE_ENABLE.address;
        Self { series, length }
    }

    /// The longest that is read: torque, and all of the data.
    pub(super) const fn longest(series: Series) -> Self {
        let length = series.last_data().end() as u8 - TORQUE_ENABLE.address;
        Self { series, length }
    }

    /// The stretch of a length, from that of [`Self::data`] to that of [`Self::longest`].
    pub(super) const fn of(series: Series, length: u8) -> Self {
        Self { series, length }
    }

    /// Its first register.
    pub(super) const fn address(self) -> u8 {
        if self.length < Self::state(self.series).length {
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
        let (series, order) = (self.series, self.series.order());
        let get = |register: &Register| counts(order, register, self.address(), block);
        for register in [series.model().lock, &PENDING, &STATUS, &MOVING, &PRESENT_SPEED] {
            if let Some(counts) = get(register)
                && !register.takes(counts)
            {
                return None;
            }
        }
        let position = get(series.position()).filter(|counts| series.takes(*counts))?;
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
            current_a: series.current().and_then(si),
        })
    }
}

/// What a register holds in a block of bytes from `address` on; `None` if it is not in it.
pub(super) fn counts(order: ByteOrder, register: &Register, address: u8, block: &[u8]) -> Option<i32> {
    let from = register.address.checked_sub(address).map(usize::from)?;
    let bytes = block.get(from..from + usize::from(register.size))?;
    register.get(order, bytes).ok()
}

/// The byte order and the model number that a servo's registers from 0 on tell; `None` if they are no servo's.
pub(super) fn model_number(table: &[u8]) -> Option<(ByteOrder, u16)> {
    let order = byte_order(table)?;
    let number = table.get(usize::from(MODEL_NUMBER.address)..)?.first_chunk()?;
    Some((order, order.get(*number)))
}

/// The byte order that a servo's registers from 0 on tell.
pub(super) fn byte_order(table: &[u8]) -> Option<ByteOrder> {
    match table.get(usize::from(BYTE_ORDER.address))? {
        0 => Some(ByteOrder::Little),
        1 => Some(ByteOrder::Big),
        _ => None,
    }
}

const fn has_lengths_to_spare(series: Series) -> bool {
    (Stretch::longest(series).length - Stretch::state(series).length) as usize >= IN_FLIGHT
}
const _: () = assert!(
    has_lengths_to_spare(Series::Sts) && has_lengths_to_spare(Series::Scs),
    "a read has a length of its own while as many wait for answers"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_read_only_if_each_register_holds_what_it_can() {
        // Position 2100, speed −5, duty 30 ‰, 11.9 V, 31 °C, well, at rest, 200 mA backwards.
        let data = [0x34, 0x08, 0x05, 0x80, 30, 0, 119, 31, 0, 0, 0, 0, 0, 0x1F, 0x80];
        let reading = Stretch::data(Series::Sts)
            .read(&data)
            .expect("a block of its length");
        assert_eq!((reading.position, reading.torque), (2100, None));
        let said = [reading.voltage_v, reading.temperature_degc, reading.current_a]
            .map(|value| value.expect("in the block"));
        for (said, is) in said.into_iter().zip([11.9, 31.0, -0.2015]) {
            assert!((said - is).abs() < 1e-9, "{said} is not {is}");
        }
        let mut longer = data.to_vec();
        longer.push(0x34);
        assert_eq!(Stretch::of(Series::Sts, 16).read(&longer), Some(reading));
        assert_eq!(
            Stretch::data(Series::Sts).read(&longer),
            None,
            "an answer to another read"
        );
        for (place, byte) in [(1, 0x18), (8, 2), (9, 0x80), (10, 2)] {
            let mut wrong = data;
            wrong[place] = byte;
            assert_eq!(
                Stretch::data(Series::Sts).read(&wrong),
                None,
                "byte {place} is {byte}"
            );
        }
    }

    #[test]
    fn an_scs_servo_says_no_current_and_no_position_beyond_its_ends() {
        // Position 600, speed −5, duty 30 ‰, 6.1 V, 31 °C, well, at rest.
        let data = [0x02, 0x58, 0x80, 0x05, 0, 30, 61, 31, 0, 0, 0];
        let reading = Stretch::data(Series::Scs)
            .read(&data)
            .expect("a block of its length");
        assert_eq!(
            (reading.position, reading.torque, reading.current_a),
            (600, None, None)
        );
        let voltage = reading.voltage_v.expect("in the block");
        assert!((voltage - 6.1).abs() < 1e-9, "{voltage}");
        for (place, byte) in [(0, 4), (0, 0x82), (8, 2), (9, 0x80), (10, 2)] {
            let mut wrong = data;
            wrong[place] = byte;
            assert_eq!(
                Stretch::data(Series::Scs).read(&wrong),
                None,
                "byte {place} is {byte}"
            );
        }
    }

    #[test]
    fn every_stretch_is_known_by_its_length_and_says_what_is_in_it() {
        for (series, lengths, without_voltage) in [
            (Series::Sts, [15, 18, 31], 18..23),
            (Series::Scs, [11, 18, 27], 18..23),
        ] {
            let order = series.order();
            let mut table = vec![0; usize::from(TORQUE_ENABLE.address) + 40];
            let mut set = |register: &Register, counts| {
                let bytes = &mut table[usize::from(register.address)..register.end()];
                register.put(order, counts, bytes).expect("it takes it");
            };
            set(&TORQUE_ENABLE, 1);
            set(series.model().lock, 1);
            set(&PRESENT_POSITION, 900);
            set(&PRESENT_VOLTAGE, 119);
            let usual =
                [Stretch::data, Stretch::state, Stretch::longest].map(|stretch| stretch(series).length());
            assert_eq!(usual, lengths);
            for length in lengths[0]..=lengths[2] {
                let stretch = Stretch::of(series, length);
                let from = usize::from(stretch.address());
                let block = &table[from..from + usize::from(length)];
                let reading = stretch.read(block).expect("a block of its length");
                assert_eq!(reading.position, 900);
                let has_state = length >= lengths[1];
                assert_eq!(reading.torque, has_state.then_some(true));
                assert_eq!(reading.voltage_v.is_some(), !without_voltage.contains(&length));
                for other in lengths[0]..=lengths[2] {
                    let other_reads = Stretch::of(series, other).read(block).is_some();
                    assert_eq!(other_reads, other == length);
                }
            }
        }
    }
}
