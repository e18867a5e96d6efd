//! Hobby servos: pulse width ↔ angle, and the counts of a PCA9685.
//!
//! A servo turns to the angle its pulse stands for and says nothing back. Widths are in µs, as makers state them; angles in rad.
//!
//! **Invariant:** a width or count that comes out of here lies within the servo's pulses; an angle beyond them gives the nearest, never none.
//!
//! Source: NXP, PCA9685 product data sheet, rev. 4, sections 7.3.3 (LEDn_ON, LEDn_OFF) and 7.3.5 (PRE_SCALE).

/// Why there is no such servo or no such chip setting.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// The pulses' widths are not positive, finite and one below the other.
    #[error("pulses of {low_us} to {high_us} µs: the first must be positive and below the second")]
    Pulses {
        /// The shorter one \[µs\].
        low_us: f64,
        /// The longer one \[µs\].
        high_us: f64,
    },
    /// The angles at both ends are the same or not finite.
    #[error("angles of {low} and {high} rad at the ends of the range: they must differ")]
    Angles {
        /// That of the shorter pulse \[rad\].
        low: f64,
        /// That of the longer pulse \[rad\].
        high: f64,
    },
    /// A PCA9685 can't repeat pulses that often or that seldom.
    #[error(
        "a PCA9685 at {clock_hz} Hz repeats pulses at {lowest_hz:.1} to {highest_hz:.1} Hz, not at {rate_hz} Hz"
    )]
    Rate {
        /// The rate asked for \[Hz\].
        rate_hz: f64,
        /// The chip's clock \[Hz\].
        clock_hz: f64,
        /// The lowest rate with this clock \[Hz\].
        lowest_hz: f64,
        /// The highest rate with this clock \[Hz\].
        highest_hz: f64,
    },
}

/// How a servo's pulses stand for angles: a straight line between two ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pulses {
    width_us: [f64; 2],
    angle: [f64; 2],
}

impl Pulses {
    /// A servo that stands at `angle[0]` \[rad\] with pulses of `width_us[0]` \[µs\] and at `angle[1]` with the longer `width_us[1]`; the
    /// angles may fall.
    ///
    /// # Errors
    /// [`Error::Pulses`], [`Error::Angles`].
    pub fn new(width_us: [f64; 2], angle: [f64; 2]) -> Result<Self, Error> {
        let [low_us, high_us] = width_us;
        if !(0.0 < low_us && low_us < high_us && high_us.is_finite()) {
            return Err(Error::Pulses { low_us, high_us });
        }
        let [low, high] = angle;
        let span = (high - low).abs();
        if !(span > 0.0 && span.is_finite()) {
            return Err(Error::Angles { low, high });
        }
        Ok(Self { width_us, angle })
    }

    /// The width \[µs\] for an angle \[rad\], cut off at the ends; `None` for what is no number.
    pub fn width_us(&self, angle: f64) -> Option<f64> {
        let share = (angle - self.angle[0]) / (self.angle[1] - self.angle[0]);
        let [low_us, high_us] = self.width_us;
        // Rounding may lead past an end by a last digit.
        (!share.is_nan()).then(|| between(self.width_us, share.clamp(0.0, 1.0)).clamp(low_us, high_us))
    }

    /// The angle \[rad\] a servo turns to with this width \[µs\]; it follows no pulse beyond its ends, for which this is `None`.
    pub fn angle(&self, width_us: f64) -> Option<f64> {
        let share = (width_us - self.width_us[0]) / (self.width_us[1] - self.width_us[0]);
        (0.0..=1.0).contains(&share).then(|| between(self.angle, share))
    }

    /// The shortest and the longest pulse \[µs\].
    pub const fn widths_us(&self) -> [f64; 2] {
        self.width_us
    }
}

/// A PCA9685: sixteen outputs with one period, 4096 counts long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pca9685 {
    clock_hz: f64,
    prescale: u8,
}

impl Pca9685 {
    /// Its own oscillator \[Hz\], true to some percent; measure it where widths have to be exact.
    pub const OSCILLATOR_HZ: f64 = 25e6;

    /// Counts of a period.
    pub const COUNTS: u16 = 4096;

    /// The least register PRE_SCALE takes.
    pub const LEAST_PRESCALE: u8 = 3;

    /// In the high byte of LEDn_ON or LEDn_OFF: the output is on or off throughout.
    pub const THROUGHOUT: u16 = 1 << 12;

    /// A chip whose period repeats as near to `rate_hz` \[Hz\] as its clock of `clock_hz` \[Hz\] lets it.
    ///
    /// # Errors
    /// [`Error::Rate`].
    pub fn new(clock_hz: f64, rate_hz: f64) -> Result<Self, Error> {
        let chip = |prescale| Self { clock_hz, prescale };
        let divider = (clock_hz / (f64::from(Self::COUNTS) * rate_hz)).round() - 1.0;
        if !(f64::from(Self::LEAST_PRESCALE)..=255.0).contains(&divider) || !clock_hz.is_finite() {
            return Err(Error::Rate {
                rate_hz,
                clock_hz,
                lowest_hz: chip(0xFF).rate_hz(),
                highest_hz: chip(Self::LEAST_PRESCALE).rate_hz(),
            });
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number from 3 to 255"
        )]
        Ok(chip(divider as u8))
    }

    /// A chip that is set to this; `None` below [`Pca9685::LEAST_PRESCALE`] or with a clock \[Hz\] that is not positive.
    pub fn with_prescale(clock_hz: f64, prescale: u8) -> Option<Self> {
        let possible = prescale >= Self::LEAST_PRESCALE && clock_hz > 0.0 && clock_hz.is_finite();
        possible.then_some(Self { clock_hz, prescale })
    }

    /// What register PRE_SCALE is to hold.
    pub const fn prescale(&self) -> u8 {
        self.prescale
    }

    /// How often the period really repeats \[Hz\].
    pub fn rate_hz(&self) -> f64 {
        1e6 / (self.count_us() * f64::from(Self::COUNTS))
    }

    /// How long a count is \[µs\].
    pub fn count_us(&self) -> f64 {
        (f64::from(self.prescale) + 1.0) * 1e6 / self.clock_hz
    }

    /// What LEDn_OFF is to hold for a pulse that begins at count 0: the nearest count that is among the servo's pulses. `None` for what is no
    /// number, and where none of the servo's pulses is a whole number of counts within the period.
    pub fn counts(&self, pulses: &Pulses, angle: f64) -> Option<u16> {
        let [low, high] = pulses.widths_us().map(|width_us| width_us / self.count_us());
        let (low, high) = (low.ceil().max(1.0), high.floor().min(f64::from(Self::COUNTS - 1)));
        let counts = (pulses.width_us(angle)? / self.count_us()).round();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number from 1 to 4095"
        )]
        (low <= high).then(|| counts.clamp(low, high) as u16)
    }

    /// The width \[µs\] of a pulse that begins at `on` and ends at `off`; 0 for an output that is off throughout, `None` for one that is on
    /// throughout. Off has precedence, and a pulse may reach into the next period.
    pub fn width_us(&self, on: u16, off: u16) -> Option<f64> {
        if off & Self::THROUGHOUT != 0 {
            return Some(0.0);
        }
        if on & Self::THROUGHOUT != 0 {
            return None;
        }
        let counts = off.wrapping_sub(on) % Self::COUNTS;
        Some(f64::from(counts) * self.count_us())
    }
}

fn between(ends: [f64; 2], share: f64) -> f64 {
    ends[0] * (1.0 - share) + ends[1] * share
}

#[cfg(test)]
mod tests {
    use super::{Error, Pca9685, Pulses};
    use proptest::prelude::*;
    use std::f64::consts::FRAC_PI_2;

    fn hobby() -> Pulses {
        Pulses::new([1000.0, 2000.0], [-FRAC_PI_2, FRAC_PI_2]).expect("a servo")
    }

    #[track_caller]
    fn near(ours: f64, theirs: f64) {
        assert!(
            (ours - theirs).abs() < 1e-9 * theirs.abs().max(1.0),
            "{ours} is not {theirs}"
        );
    }

    /// The data sheet's example: 200 Hz with the inner oscillator is a prescale of 30.
    #[test]
    fn the_prescale_is_that_of_the_data_sheet() {
        let chip = |rate_hz| Pca9685::new(Pca9685::OSCILLATOR_HZ, rate_hz);
        assert_eq!(chip(200.0).map(|chip| chip.prescale()), Ok(30));
        assert_eq!(chip(50.0).map(|chip| chip.prescale()), Ok(121));
        assert_eq!(chip(1526.0).map(|chip| chip.prescale()), Ok(3));
        assert_eq!(chip(24.0).map(|chip| chip.prescale()), Ok(253));
        for rate_hz in [0.0, -50.0, 20.0, 2000.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(chip(rate_hz), Err(Error::Rate { .. })), "{rate_hz} Hz");
        }
        assert_eq!(Pca9685::with_prescale(25e6, 2), None);
        near(chip(50.0).expect("possible").rate_hz(), 25e6 / 4096.0 / 122.0);
    }

    #[test]
    fn a_pulse_stands_for_an_angle() {
        let servo = hobby();
        near(servo.width_us(0.0).expect("a number"), 1500.0);
        near(servo.width_us(9.0).expect("a number"), 2000.0);
        near(servo.width_us(f64::NEG_INFINITY).expect("a number"), 1000.0);
        assert_eq!(servo.width_us(f64::NAN), None);
        near(servo.angle(1250.0).expect("within"), -FRAC_PI_2 / 2.0);
        assert_eq!(servo.angle(2001.0), None);
        let falling = Pulses::new([500.0, 2500.0], [1.0, -1.0]).expect("a servo");
        near(falling.width_us(1.0).expect("a number"), 500.0);

        let chip = Pca9685::new(25e6, 50.0).expect("possible");
        assert_eq!(
            chip.counts(&servo, 0.0),
            Some(307),
            "1500 µs in counts of 4.88 µs"
        );
        near(chip.width_us(0, 307).expect("a pulse"), 307.0 * 4.88);
        near(chip.width_us(4000, 211).expect("a pulse"), 307.0 * 4.88);
        assert_eq!(chip.width_us(Pca9685::THROUGHOUT, 0), None);
        near(
            chip.width_us(Pca9685::THROUGHOUT, Pca9685::THROUGHOUT)
                .expect("off"),
            0.0,
        );
        let fast = Pca9685::new(25e6, 1526.0).expect("possible");
        assert_eq!(
            fast.counts(&servo, 0.0),
            None,
            "the shortest pulse is longer than the period"
        );
    }

    #[test]
    fn what_is_no_servo_is_refused() {
        for widths in [
            [0.0, 1.0],
            [2.0, 1.0],
            [1.0, 1.0],
            [f64::NAN, 1.0],
            [1.0, f64::INFINITY],
        ] {
            assert!(
                matches!(Pulses::new(widths, [0.0, 1.0]), Err(Error::Pulses { .. })),
                "{widths:?}"
            );
        }
        for angles in [[1.0, 1.0], [0.0, f64::NAN], [f64::NEG_INFINITY, 0.0]] {
            assert!(
                matches!(Pulses::new([1.0, 2.0], angles), Err(Error::Angles { .. })),
                "{angles:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn an_angle_comes_back(low in 300.0..1400.0, span in 100.0..2000.0, first in -4.0..4.0, turn in 0.1..7.0, falls: bool, share in 0.0..=1.0) {
            let last = if falls { first - turn } else { first + turn };
            let servo = Pulses::new([low, low + span], [first, last]).expect("a servo");
            let angle = first * (1.0 - share) + last * share;
            let width_us = servo.width_us(angle).expect("a number");
            prop_assert!((low..=low + span).contains(&width_us));
            let back = servo.angle(width_us).expect("within");
            prop_assert!((back - angle).abs() < 1e-9);
        }

        #[test]
        fn counts_never_leave_the_pulses(rate_hz in 30.0..300.0, angle in any::<f64>(), low in 300.0..1400.0, span in 100.0..1000.0) {
            let chip = Pca9685::new(Pca9685::OSCILLATOR_HZ, rate_hz).expect("possible");
            prop_assert!((chip.rate_hz() / rate_hz - 1.0).abs() < 0.03);
            let servo = Pulses::new([low, low + span], [-1.0, 1.0]).expect("a servo");
            if let Some(counts) = chip.counts(&servo, angle) {
                let width_us = chip.width_us(0, counts).expect("a pulse");
                prop_assert!(low - 1e-9 <= width_us && width_us <= low + span + 1e-9);
                let wanted = servo.width_us(angle).expect("a number");
                prop_assert!((width_us - wanted).abs() <= chip.count_us() + 1e-9);
            }
        }
    }
}
