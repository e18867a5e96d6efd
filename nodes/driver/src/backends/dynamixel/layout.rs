//! Which registers are read and written in a cycle.
//!
//! Indirect addresses bring what is read into one row, so that any stretch of it is one read:
//!
//! ```text
//!   byte   0 1      2            3       4               5         6 7 8 9   10 11
//!         voltage  temperature  torque  hardware error  watchdog  position  current
//!         └──────────────── slow ──────────────────────────────────────┘
//!                               └──────────── state ───────────────────┘
//!                                                       └────── fast ──────────────┘
//! ```
//!
//! Every stretch holds the bus watchdog: a servo that lost its set-up reads 0 there. Goals that are one register are written straight;
//! those of [`Mode::CurrentBasedPosition`], current and position, are two, and go through indirect addresses behind the row.

use arrayvec::ArrayVec;
use servomesh_fieldbus::dynamixel::{Field, Mode, Model};

/// A stretch of the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Window {
    /// Watchdog, position, current: in most cycles.
    Fast,
    /// Torque, hardware error, watchdog, position: now and then, and while one of them changes.
    State,
    /// Voltage, temperature, and the same.
    Slow,
}

/// What one block says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Reading {
    pub(super) watchdog: u8,
    pub(super) position: i32,
    pub(super) current: Option<i16>,
    pub(super) torque: Option<bool>,
    pub(super) hardware_error: Option<u8>,
    pub(super) temperature: Option<u8>,
    pub(super) voltage: Option<u16>,
}

impl Window {
    /// Its first byte in the row.
    pub(super) fn offset(self) -> u16 {
        match self {
            Self::Fast => 5,
            Self::State => 3,
            Self::Slow => 0,
        }
    }

    /// How many bytes it has.
    pub(super) fn length(self) -> u16 {
        match self {
            Self::Fast | Self::State => 7,
            Self::Slow => 10,
        }
    }

    /// Takes a block apart; `None` if it has not as many bytes as this stretch.
    pub(super) fn read(self, block: &[u8]) -> Option<Reading> {
        let number = i32::from_le_bytes;
        match (self, block) {
            (Self::Fast, &[watchdog, a, b, c, d, low, high]) => Some(Reading {
                watchdog,
                position: number([a, b, c, d]),
                current: Some(i16::from_le_bytes([low, high])),
                ..Reading::default()
            }),
            (Self::State, &[torque, error, watchdog, a, b, c, d]) => Some(Reading {
                watchdog,
                position: number([a, b, c, d]),
                torque: Some(torque != 0),
                hardware_error: Some(error),
                ..Reading::default()
            }),
            (Self::Slow, [low, high, temperature, rest @ ..]) => Some(Reading {
                temperature: Some(*temperature),
                voltage: Some(u16::from_le_bytes([*low, *high])),
                ..Self::State.read(rest)?
            }),
            _ => None,
        }
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
const ENTRIES: usize = 18;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_window_is_a_stretch_of_the_row_with_the_watchdog_in_it() {
        let model = Model::named("XM430-W350").expect("a known model");
        let sizes = row(model).map(Field::size);
        assert_eq!(sizes.iter().sum::<u16>(), ROW_BYTES);
        let row: Vec<u8> = vec![120, 0, 31, 1, 4, 5, 0x78, 0x56, 0x34, 0x12, 0xFE, 0xFF];
        for window in [Window::Fast, Window::State, Window::Slow] {
            let from = usize::from(window.offset());
            let block = &row[from..from + usize::from(window.length())];
            let reading = window.read(block).expect("a block of its length");
            assert_eq!((reading.watchdog, reading.position), (5, 0x1234_5678));
            for value in [reading.torque.map(i32::from), reading.current.map(i32::from)] {
                assert!(matches!(value, None | Some(1 | -2)), "{reading:?}");
            }
            assert!(window.read(&block[1..]).is_none());
        }
        let slow = Window::Slow.read(&row[..10]).expect("a whole block");
        assert_eq!((slow.voltage, slow.temperature), (Some(120), Some(31)));
        assert_eq!((slow.hardware_error, slow.torque), (Some(4), Some(true)));
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
