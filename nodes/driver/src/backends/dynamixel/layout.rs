//! Which registers are read and written in a cycle.
//!
//! Indirect addresses bring what is read into one row, so that any stretch of it is one read:
//!
//! ```text
//!   byte   0 1      2            3       4               5         6 7 8 9   10 11    12 …
//!         voltage  temperature  torque  hardware error  watchdog  position  current  (of no meaning)
//!                                                       └────── fast, 7 ──────────┘
//!                               └──────────────────────── state, 9 ───────────────┘
//!         └────────────────────────────────────────────── slow, 12 ───────────────┘
//! ```
//!
//! Every stretch holds the bus watchdog: a servo that lost its set-up reads 0 there. Goals that are one register are written straight;
//! those of [`Mode::CurrentBasedPosition`], current and position, are two, and go through indirect addresses behind the row.
//!
//! A [`Stretch`] is known by its length ([`unanswered`](crate::backends::unanswered)): one that is a little longer has all of a shorter one.

use crate::backends::unanswered::IN_FLIGHT;
use arrayvec::ArrayVec;
use servomesh_fieldbus::dynamixel::{Field, Mode, Model};

/// A stretch of the row: where it begins follows from its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    length: u16,
}

/// What one block says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Reading {
    pub(super) watchdog: u8,
    pub(super) position: i32,
    pub(super) current: i16,
    pub(super) torque: Option<bool>,
    pub(super) hardware_error: Option<u8>,
    pub(super) temperature: Option<u8>,
    pub(super) voltage: Option<u16>,
}

impl Stretch {
    /// Watchdog, position, current: in most cycles.
    pub(super) const FAST: Self = Self { length: 7 };
    /// Torque and hardware error too: now and then, and while one of them changes.
    pub(super) const STATE: Self = Self { length: 9 };
    /// Voltage and temperature too.
    pub(super) const SLOW: Self = Self { length: 12 };

    /// The stretch of a length, from [`Self::FAST`]'s to [`LONGEST`].
    pub(super) const fn of(length: u16) -> Self {
        Self { length }
    }

    /// Its first byte in the row.
    pub(super) fn offset(self) -> u16 {
        match self.length {
            length if length < Self::STATE.length => 5,
            length if length < Self::SLOW.length => 3,
            _ => 0,
        }
    }

    /// How many bytes it has.
    pub(super) fn length(self) -> u16 {
        self.length
    }

    /// Takes a block apart; `None` if it has not as many bytes as this stretch.
    pub(super) fn read(self, block: &[u8]) -> Option<Reading> {
        if block.len() != usize::from(self.length) {
            return None;
        }
        let (slow, rest) = block.split_at(usize::from(3_u16.saturating_sub(self.offset())));
        let (state, rest) = rest.split_at(usize::from(5 - self.offset().max(3)));
        let &[watchdog, a, b, c, d, low, high, ..] = rest else {
            return None;
        };
        Some(Reading {
            watchdog,
            position: i32::from_le_bytes([a, b, c, d]),
            current: i16::from_le_bytes([low, high]),
            torque: state.first().map(|torque| *torque != 0),
            hardware_error: state.get(1).copied(),
            temperature: slow.get(2).copied(),
            voltage: slow.first_chunk().map(|counts| u16::from_le_bytes(*counts)),
        })
    }
}

/// The registers of the row, in its order. A model without a current has its load in its place.
pub(super) fn row(model: &Model) -> [Field; 7] {
    let current = if model.current_a.is_some() {
        Field::PresentCurrent
    } else {
        Field::PresentLoad
    };
    [
        Field::PresentInputVoltage,
        Field::PresentTemperature,
        Field::TorqueEnable,
        Field::HardwareErrorStatus,
        Field::BusWatchdog,
        Field::PresentPosition,
        current,
    ]
}

/// What the indirect addresses hold, as the bytes of one write to the first of them.
pub(super) fn indirect(model: &Model, mode: Mode) -> ArrayVec<u8, { 2 * ENTRIES }> {
    let goals: &[Field] = match mode {
        Mode::CurrentBasedPosition => &[Field::GoalCurrent, Field::GoalPosition],
        _ => &[],
    };
    let fields = row(model).into_iter().chain(goals.iter().copied());
    fields
        .flat_map(|field| (0..field.size()).map(move |byte| field.address() + byte))
        .flat_map(u16::to_le_bytes)
        .collect()
}

/// Where the goals of a mode are written, and how many bytes.
pub(super) fn goal_registers(mode: Mode, data: u16) -> (u16, u16) {
    let straight = |field: Field| (field.address(), field.size());
    match mode {
        Mode::Current => straight(Field::GoalCurrent),
        Mode::Velocity => straight(Field::GoalVelocity),
        Mode::Position | Mode::ExtendedPosition => straight(Field::GoalPosition),
        Mode::CurrentBasedPosition => (
            data + ROW_BYTES,
            Field::GoalCurrent.size() + Field::GoalPosition.size(),
        ),
        Mode::Pwm => straight(Field::GoalPwm),
    }
}

/// Bytes of the row.
const ROW_BYTES: u16 = 12;
/// The most indirect addresses that are used.
pub(super) const ENTRIES: usize = 18;
/// The longest stretch: indirect data that every model has.
pub(super) const LONGEST: u16 = 20;
const _: () = assert!(
    (LONGEST - Stretch::SLOW.length) as usize >= IN_FLIGHT,
    "a read has a length of its own while as many wait for answers"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stretch_is_known_by_its_length_and_says_what_is_in_it() {
        let model = Model::named("XM430-W350").expect("a known model");
        let sizes = row(model).map(Field::size);
        assert_eq!(sizes.iter().sum::<u16>(), ROW_BYTES);
        let mut row: Vec<u8> = vec![120, 0, 31, 1, 4, 5, 0x78, 0x56, 0x34, 0x12, 0xFE, 0xFF];
        row.resize(LONGEST.into(), 0xAA);
        for length in Stretch::FAST.length..=LONGEST {
            let stretch = Stretch { length };
            let from = usize::from(stretch.offset());
            let block = &row[from..from + usize::from(length)];
            let reading = stretch.read(block).expect("a block of its length");
            let always = (reading.watchdog, reading.position, reading.current);
            assert_eq!(always, (5, 0x1234_5678, -2));
            let has_state = length >= Stretch::STATE.length;
            let state = (reading.torque, reading.hardware_error);
            assert_eq!(state, (has_state.then_some(true), has_state.then_some(4)));
            let is_slow = length >= Stretch::SLOW.length;
            let slow = (reading.voltage, reading.temperature);
            assert_eq!(slow, (is_slow.then_some(120), is_slow.then_some(31)));
            for other in Stretch::FAST.length..=LONGEST {
                assert_eq!(Stretch { length: other }.read(block).is_some(), other == length);
            }
        }
    }

    #[test]
    fn every_model_has_as_many_indirect_data_in_a_row() {
        for model in Model::all() {
            let first = model.indirect_pair(0).map(|(_, data)| data);
            let last = model.indirect_pair(LONGEST - 1).map(|(_, data)| data);
            assert_eq!(last, first.map(|data| data + LONGEST - 1), "{}", model.name);
        }
    }

    #[test]
    fn indirect_addresses_name_each_byte_of_each_register() {
        let model = Model::named("XL330-M288").expect("a known model");
        let bytes = indirect(model, Mode::CurrentBasedPosition);
        let (addresses, _) = bytes.as_chunks::<2>();
        let addresses: Vec<u16> = addresses.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
        assert_eq!(
            addresses,
            [
                144, 145, 146, 64, 70, 98, 132, 133, 134, 135, 126, 127, 102, 103, 116, 117, 118, 119
            ]
        );
        assert_eq!(goal_registers(Mode::CurrentBasedPosition, 224), (236, 6));
        assert_eq!(goal_registers(Mode::Velocity, 224), (104, 4));
    }
}
