//! The registers of a PCA9685: which writes they take, and which pulses they stand for.
//!
//! An I²C write is the number of a register and what goes into it and, with auto-increment, into those after it. Outputs change when the write has ended.
//! While it sleeps there are no pulses, and only then PRE_SCALE takes a value. Awake, it takes [`START`] until its oscillator runs.
//!
//! Source: NXP, PCA9685 product data sheet, rev. 4, section 7.3.
//! Not here: sub-addresses and the all-call address, RESTART, EXTCLK, inverted and open-drain outputs, the output enable pin.

use std::time::Duration;

use servomesh_fieldbus::pwm::Pca9685;
use servomesh_types::Stamp;

/// From the end of sleep until there are pulses.
pub const START: Duration = Duration::from_micros(500);

/// The chip.
#[derive(Clone, Debug)]
pub struct Chip {
    registers: [u8; 256],
    awake: Option<Stamp>,
}

impl Default for Chip {
    /// As it is after its power came.
    fn default() -> Self {
        let mut registers = [0; 256];
        registers[usize::from(MODE1)] = SLEEP | ALL_CALL;
        registers[usize::from(MODE2)] = TOTEM_POLE;
        registers[usize::from(PRE_SCALE)] = 0x1E;
        for output in 0..OUTPUTS {
            registers[FIRST_OUTPUT + 4 * output + 3] = THROUGHOUT;
        }
        Self {
            registers,
            awake: None,
        }
    }
}

impl Chip {
    /// A write that ended at `now`: a register, and what goes there.
    pub fn write(&mut self, now: Stamp, bytes: &[u8]) {
        let Some((&first, data)) = bytes.split_first() else {
            return;
        };
        let mut register = first;
        for &byte in data {
            self.put(now, register, byte);
            if self.registers[usize::from(MODE1)] & AUTO_INCREMENT != 0 {
                // After the last output comes the first register, by the sheet.
                register = if register == LAST_OUTPUT {
                    0
                } else {
                    register.wrapping_add(1)
                };
            }
        }
    }

    /// What a register holds.
    pub fn read(&self, register: u8) -> u8 {
        self.registers[usize::from(register)]
    }

    /// Its power went and came back.
    pub fn restart(&mut self) {
        *self = Self::default();
    }

    /// When its oscillator began to run; `None` while it sleeps, or has not begun at `now`.
    pub fn runs_since(&self, now: Stamp) -> Option<Stamp> {
        self.awake
            .map(|awake| awake + START)
            .filter(|begin| *begin <= now)
    }

    /// From pulse to pulse.
    pub fn period(&self) -> Duration {
        Duration::from_secs_f64(1.0 / self.counter().rate_hz())
    }

    /// How long the pulses of an output are \[µs\], 0 without pulses; `None` where it is on throughout, or there is no such output.
    pub fn width_us(&self, output: usize) -> Option<f64> {
        let from = FIRST_OUTPUT + 4 * output;
        let four = self.registers.get(from..from + 4).filter(|_| output < OUTPUTS)?;
        let [on, off] = [[four[0], four[1]], [four[2], four[3]]].map(u16::from_le_bytes);
        self.counter().width_us(on, off)
    }

    fn counter(&self) -> Pca9685 {
        Pca9685::with_prescale(Pca9685::OSCILLATOR_HZ, self.registers[usize::from(PRE_SCALE)])
            .expect("the register takes what is possible only")
    }

    fn put(&mut self, now: Stamp, register: u8, byte: u8) {
        let sleeps = self.registers[usize::from(MODE1)] & SLEEP != 0;
        match register {
            MODE1 => {
                self.registers[usize::from(MODE1)] = byte & !RESTART;
                match (sleeps, byte & SLEEP != 0) {
                    (true, false) => self.awake = Some(now),
                    (_, true) => self.awake = None,
                    (false, false) => {}
                }
            }
            PRE_SCALE if !sleeps => {}
            PRE_SCALE => self.registers[usize::from(register)] = byte.max(Pca9685::LEAST_PRESCALE),
            ALL_FIRST..=ALL_LAST => {
                let place = usize::from(register - ALL_FIRST);
                for output in 0..OUTPUTS {
                    self.registers[FIRST_OUTPUT + 4 * output + place] = byte;
                }
            }
            _ => self.registers[usize::from(register)] = byte,
        }
    }
}

/// How many outputs it has.
pub const OUTPUTS: usize = 16;
const MODE1: u8 = 0x00;
const MODE2: u8 = 0x01;
const FIRST_OUTPUT: usize = 0x06;
const LAST_OUTPUT: u8 = 0x45;
const ALL_FIRST: u8 = 0xFA;
const ALL_LAST: u8 = 0xFD;
const PRE_SCALE: u8 = 0xFE;
const RESTART: u8 = 1 << 7;
const AUTO_INCREMENT: u8 = 1 << 5;
const SLEEP: u8 = 1 << 4;
const ALL_CALL: u8 = 1;
const TOTEM_POLE: u8 = 1 << 2;
/// In the high byte of OFF: off throughout.
const THROUGHOUT: u8 = 1 << 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sleeps_without_pulses_until_it_is_told_otherwise() {
        let now = Stamp::from_millis(5);
        let mut chip = Chip::default();
        assert_eq!((chip.read(0), chip.read(1), chip.read(0xFE)), (0x11, 0x04, 0x1E));
        assert_eq!(chip.runs_since(now), None);
        assert_eq!(chip.width_us(0), Some(0.0), "off throughout");
        assert_eq!(chip.width_us(16), None);
        chip.write(now, &[0xFE, 121]);
        chip.write(now, &[0x00, 0x20]);
        chip.write(now, &[0xFE, 50]);
        assert_eq!(chip.read(0xFE), 121, "awake it takes no prescale");
        assert_eq!(chip.runs_since(now), None);
        assert_eq!(chip.runs_since(now + START), Some(now + START));
        assert!(
            (chip.period().as_secs_f64() - 0.019989).abs() < 1e-6,
            "{:?}",
            chip.period()
        );
    }

    #[test]
    fn outputs_are_written_one_by_one_and_all_at_once() {
        let now = Stamp::ZERO;
        let mut chip = Chip::default();
        chip.write(now, &[0x06, 1, 2]);
        assert_eq!((chip.read(6), chip.read(7)), (2, 0), "without auto-increment");
        chip.write(now, &[0x00, 0x31]);
        chip.write(now, &[0xFE, 121]);
        chip.write(now, &[0x0A, 0, 0, 0x33, 0x01]);
        let width_us = chip.width_us(1).expect("pulses");
        assert!((width_us - 307.0 * 4.88).abs() < 1e-6, "{width_us}");
        chip.write(now, &[0x45, 0x10, 0x31]);
        assert_eq!(
            chip.read(0),
            0x31,
            "after the last output comes the first register"
        );
        chip.write(now, &[0xFD, 0x10]);
        assert!((0..OUTPUTS).all(|output| chip.width_us(output) == Some(0.0)));
        chip.restart();
        assert_eq!(chip.read(0), 0x11);
    }
}
