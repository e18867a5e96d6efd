//! How warm the winding is: one heat capacity, one way out.
//!
//! `C·dT/dt = I²·R(T) − (T − T_ambient)/R_th`, and copper's resistance grows with T.

use serde::Deserialize;

/// Ambient temperature, and where all servo data holds (°C).
pub const AMBIENT_DEGC: f64 = 25.0;
/// Copper's temperature coefficient of resistance (1/K).
const COPPER_PER_K: f64 = 0.003_93;

/// How a motor heats up.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thermal {
    /// From winding to ambient (K/W).
    pub resistance_k_per_w: f64,
    /// Of the winding with what it warms at once (J/K).
    pub capacity_j_per_k: f64,
    /// Where the drive switches off (°C).
    pub limit_degc: f64,
}

/// A winding's temperature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Winding {
    degc: f64,
}

impl Winding {
    /// A motor that has rested.
    pub fn cold() -> Self {
        Self { degc: AMBIENT_DEGC }
    }

    /// Its temperature (°C).
    pub fn degc(&self) -> f64 {
        self.degc
    }

    /// Its resistance, given the one at ambient temperature (Ω).
    pub fn resistance_ohm(&self, at_ambient_ohm: f64) -> f64 {
        at_ambient_ohm * (1.0 + COPPER_PER_K * (self.degc - AMBIENT_DEGC))
    }

    /// Heats it with `loss_w` for `dt_s`.
    pub fn warm(&mut self, thermal: &Thermal, loss_w: f64, dt_s: f64) {
        let out_w = (self.degc - AMBIENT_DEGC) / thermal.resistance_k_per_w;
        self.degc += dt_s * (loss_w - out_w) / thermal.capacity_j_per_k;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_settles_where_loss_and_cooling_balance() {
        let thermal = Thermal {
            resistance_k_per_w: 2.0,
            capacity_j_per_k: 5.0,
            limit_degc: 120.0,
        };
        let mut winding = Winding::cold();
        for _ in 0..100_000 {
            winding.warm(&thermal, 30.0, 0.001);
        }
        assert!((winding.degc() - 85.0).abs() < 0.01, "{} °C", winding.degc());
    }
}
