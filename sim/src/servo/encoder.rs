//! The absolute encoder at a joint's output.

/// A raw encoder count: whole ticks from the joint's zero, over as many turns as it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Ticks(pub i64);

/// Turns positions into ticks and back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Encoder {
    ticks_per_unit: f64,
}

impl Encoder {
    /// An encoder with a number of ticks for each unit of joint position (rad, m).
    pub fn new(ticks_per_unit: f64) -> Self {
        Self { ticks_per_unit }
    }

    /// What the encoder counts at a position.
    pub fn read(&self, position: f64) -> Ticks {
        Ticks((position * self.ticks_per_unit).floor() as i64)
    }

    /// The position in the middle of a tick.
    pub fn position(&self, ticks: Ticks) -> f64 {
        (ticks.0 as f64 + 0.5) / self.ticks_per_unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_comes_back_within_half_a_tick() {
        let encoder = Encoder::new(4096.0 / std::f64::consts::TAU);
        for position in [0.0, 1.234, -5.4321, 700.0] {
            let back = encoder.position(encoder.read(position));
            assert!((back - position).abs() <= 0.5 / 4096.0 * std::f64::consts::TAU + 1e-9);
        }
        assert_eq!(encoder.read(-1e-9), Ticks(-1));
    }
}
