//! Takes a narrow band out of what a velocity loop asks for, so that it does not shake what resonates there.
//!
//! ```text
//! H(s) = (s² + (1 − depth)·b·s + ω²) / (s² + b·s + ω²)      b = 2π · width      ω = 2π · frequency
//! ```
//!
//! Discretised by the bilinear transform, warped so that the notch is where it should be on a bus of the given rate.
//!
//! **Invariant:** what does not change passes unchanged; a filter that settles at a value goes on from there without a step.

use std::f64::consts::{PI, TAU};

/// A band that is taken out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Notch {
    /// Its middle \[Hz\].
    pub frequency_hz: f64,
    /// How wide it is, where half of the power of a full notch is left \[Hz\].
    pub width_hz: f64,
    /// How much is taken out in its middle: 1 for all.
    pub depth: f64,
}

impl Notch {
    /// The phase that it costs at a frequency below its own \[rad\].
    pub fn lag(&self, at_hz: f64) -> f64 {
        let (width, middle) = (
            self.width_hz * at_hz,
            self.frequency_hz * self.frequency_hz - at_hz * at_hz,
        );
        width.atan2(middle) - ((1.0 - self.depth) * width).atan2(middle)
    }
}

/// A notch at work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotchFilter {
    /// Coefficients of the input, now and before.
    b: [f64; 3],
    /// Coefficients of the output before.
    a: [f64; 2],
    state: [f64; 2],
}

impl NotchFilter {
    /// At rest, for a bus of a rate.
    pub(crate) fn new(notch: &Notch, rate_hz: f64) -> Self {
        let warped = (PI * notch.frequency_hz / rate_hz).tan();
        let width = warped * notch.width_hz / notch.frequency_hz;
        let square = warped * warped;
        let norm = 1.0 / (1.0 + width + square);
        let left = (1.0 - notch.depth) * width;
        let middle = 2.0 * (square - 1.0) * norm;
        Self {
            b: [(1.0 + left + square) * norm, middle, (1.0 - left + square) * norm],
            a: [middle, (1.0 - width + square) * norm],
            state: [0.0; 2],
        }
    }

    /// As if the input had been `value` for ever.
    pub(crate) fn settle(&mut self, value: f64) {
        self.state = [(1.0 - self.b[0]) * value, (self.b[2] - self.a[1]) * value];
    }

    pub(crate) fn filter(&mut self, input: f64) -> f64 {
        let output = self.b[0] * input + self.state[0];
        self.state = [
            self.b[1] * input - self.a[0] * output + self.state[1],
            self.b[2] * input - self.a[1] * output,
        ];
        output
    }
}

/// Checks a frequency against the rate of the bus: above half of it there is nothing to take out.
pub(crate) fn is_below_nyquist(frequency_hz: f64, rate_hz: f64) -> bool {
    TAU * frequency_hz <= 0.9 * PI * rate_hz
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTCH: Notch = Notch {
        frequency_hz: 60.0,
        width_hz: 20.0,
        depth: 0.9,
    };

    /// Gain and lag [rad] at a frequency, once settled.
    fn response(notch: &Notch, rate_hz: f64, at_hz: f64) -> (f64, f64) {
        let mut filter = NotchFilter::new(notch, rate_hz);
        let (mut sine, mut cosine, mut count) = (0.0, 0.0, 0.0);
        let cycles = (40.0 * rate_hz / at_hz).round() as u32;
        for k in 0..2 * cycles {
            let phase = TAU * at_hz * f64::from(k) / rate_hz;
            let out = filter.filter(phase.sin());
            if k >= cycles {
                sine += out * phase.sin();
                cosine += out * phase.cos();
                count += 0.5;
            }
        }
        (f64::hypot(sine, cosine) / count, -f64::atan2(cosine, sine))
    }

    #[test]
    fn its_middle_is_taken_out_and_the_rest_is_left() {
        let gain = |at_hz| response(&NOTCH, 500.0, at_hz).0;
        assert!((gain(60.0) - 0.1).abs() < 0.01, "{}", gain(60.0));
        assert!(gain(3.0) > 0.99 && gain(200.0) > 0.95);
    }

    #[test]
    fn the_lag_below_is_what_it_says() {
        for at_hz in [5.0, 15.0, 25.0] {
            let (_, lag) = response(&NOTCH, 2000.0, at_hz);
            assert!((lag - NOTCH.lag(at_hz)).abs() < 0.02, "{at_hz} Hz: {lag}");
        }
    }

    #[test]
    fn it_goes_on_from_where_it_is_settled() {
        let mut filter = NotchFilter::new(&NOTCH, 500.0);
        filter.settle(7.0);
        for _ in 0..10 {
            assert!((filter.filter(7.0) - 7.0).abs() < 1e-12);
        }
    }
}
