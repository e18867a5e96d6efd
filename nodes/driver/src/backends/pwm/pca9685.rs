//! How a PCA9685 is told: orders to writes of its registers.
//!
//! ```text
//! period ► all outputs off ► sleep, which is when the prescale can be set ► prescale ► awake, with auto-increment ► outputs with totem poles
//! pulse  ► ON and OFF of its output in one write, so that no pulse is torn: they count when the write ends
//! ```
//!
//! Pulses all begin at count 0. A chip that has lost its power sleeps, without pulses, until the next period.
//!
//! Source: NXP, PCA9685 product data sheet, rev. 4, sections 7.3 (registers) and 7.6 (outputs).

use super::orders::Order;
use servomesh_fieldbus::pwm::{Error, Pca9685};
use std::time::Duration;

/// Turns orders into writes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Writer {
    chip: Option<Pca9685>,
}

impl Writer {
    /// Follows an order: each slice that `write` gets is one write on the I²C bus, the register's number first.
    ///
    /// # Errors
    /// That of `write`, or [`WriteError::Rate`]; the rest is not written.
    pub fn follow<E>(
        &mut self,
        order: Order,
        mut write: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), WriteError<E>> {
        let mut tell = |bytes: &[u8]| write(bytes).map_err(WriteError::Bus);
        match order {
            Order::Period(period) => {
                let rate_hz = 1.0 / period.as_secs_f64();
                let chip = Pca9685::new(Pca9685::OSCILLATOR_HZ, rate_hz).map_err(WriteError::Rate)?;
                tell(&[ALL_OFF_HIGH, THROUGHOUT])?;
                tell(&[MODE1, SLEEP | AUTO_INCREMENT])?;
                tell(&[PRESCALE, chip.prescale()])?;
                tell(&[MODE2, TOTEM_POLE])?;
                tell(&[MODE1, AUTO_INCREMENT])?;
                self.chip = Some(chip);
                Ok(())
            }
            Order::Pulse { channel, .. } if channel > LAST => Err(WriteError::Channel { channel }),
            Order::Pulse { channel, width } => {
                let Some(chip) = &self.chip else { return Ok(()) };
                let [low, high] = match width {
                    Some(width) => counts(chip, width).to_le_bytes(),
                    None => [0, THROUGHOUT],
                };
                tell(&[FIRST_ON_LOW + 4 * channel, 0, 0, low, high])
            }
        }
    }
}

/// Why an order was not followed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WriteError<E> {
    /// The bus.
    #[error("{0}")]
    Bus(E),
    /// It can't repeat pulses that often.
    #[error(transparent)]
    Rate(Error),
    /// It has no such output.
    #[error("a PCA9685 has channels 0 to {LAST}, not {channel}")]
    Channel {
        /// What was asked for.
        channel: u8,
    },
}

/// The nearest number of counts to a width, at least one, and less than a period.
fn counts(chip: &Pca9685, width: Duration) -> u16 {
    let counts = (1e6 * width.as_secs_f64() / chip.count_us()).round();
    counts.clamp(1.0, f64::from(Pca9685::COUNTS - 1)) as u16
}

const MODE1: u8 = 0x00;
const MODE2: u8 = 0x01;
const FIRST_ON_LOW: u8 = 0x06;
const ALL_OFF_HIGH: u8 = 0xFD;
const PRESCALE: u8 = 0xFE;
/// Of [`MODE1`].
const SLEEP: u8 = 1 << 4;
/// Of [`MODE1`].
const AUTO_INCREMENT: u8 = 1 << 5;
/// Of [`MODE2`].
const TOTEM_POLE: u8 = 1 << 2;
/// In the high byte of OFF: off throughout.
const THROUGHOUT: u8 = (Pca9685::THROUGHOUT >> 8) as u8;
/// The last output.
const LAST: u8 = 15;

#[cfg(test)]
mod tests {
    use super::*;

    fn written(writer: &mut Writer, order: Order) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        writer
            .follow(order, |bytes| {
                all.push(bytes.to_vec());
                Ok::<_, std::convert::Infallible>(())
            })
            .expect("a bus without faults");
        all
    }

    #[test]
    fn it_is_set_up_asleep_and_then_told_its_pulses() {
        let mut writer = Writer::default();
        let pulse = |channel, us| Order::Pulse {
            channel,
            width: Some(Duration::from_micros(us)),
        };
        assert!(
            written(&mut writer, pulse(0, 1500)).is_empty(),
            "not before its period"
        );
        assert_eq!(
            written(&mut writer, Order::Period(Duration::from_millis(20))),
            [
                [0xFD, 0x10],
                [0x00, 0x30],
                [0xFE, 121],
                [0x01, 0x04],
                [0x00, 0x20]
            ]
        );
        assert_eq!(written(&mut writer, pulse(0, 1500)), [[0x06, 0, 0, 0x33, 0x01]]);
        assert_eq!(written(&mut writer, pulse(15, 1500)), [[0x42, 0, 0, 0x33, 0x01]]);
        let none = Order::Pulse {
            channel: 1,
            width: None,
        };
        assert_eq!(written(&mut writer, none), [[0x0A, 0, 0, 0, 0x10]]);
    }

    #[test]
    fn what_it_can_not_do_is_an_error() {
        let mut writer = Writer::default();
        let mut follow = |order| writer.follow(order, |_| Err("no answer")).expect_err("it can't");
        assert_eq!(
            follow(Order::Period(Duration::from_millis(20))),
            WriteError::Bus("no answer")
        );
        let rate = follow(Order::Period(Duration::from_millis(200)));
        assert!(rate.to_string().contains("23.8 to 1525.9 Hz"), "{rate}");
        let channel = 16;
        assert_eq!(
            follow(Order::Pulse { channel, width: None }),
            WriteError::Channel { channel }
        );
    }
}
