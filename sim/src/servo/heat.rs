//! How warm a motor is: its winding, its housing, the air around.
//!
//! Decides: `Cw·dTw/dt = P_copper − (Tw − Th)/Rw` and `Ch·dTh/dt = P_friction + (Tw − Th)/Rw − (Th − Ta)/Rh`, by the implicit midpoint rule
//! (second order, stable for any parameters); copper's resistance at Tw; and how much current the drive still allows. Temperatures in °C.
//! Without data of the housing, the winding faces the air.

use serde::Deserialize;

/// The air around, unless told otherwise, and where all servo data holds (°C).
pub const AMBIENT_DEGC: f64 = 25.0;
/// Copper's temperature coefficient of resistance near 25 °C (1/K).
const COPPER_PER_K: f64 = 0.003_93;

/// How a motor heats up.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thermal {
    /// From the winding to the housing, or to the air where no housing is given (K/W).
    pub resistance_k_per_w: f64,
    /// Of the winding with what it warms at once (J/K).
    pub capacity_j_per_k: f64,
    /// Between winding and air.
    #[serde(default)]
    pub housing: Option<Housing>,
    /// How the drive saves a hot winding before it has to switch off.
    #[serde(default)]
    pub derating: Option<Derating>,
    /// Where the drive switches off (°C).
    pub limit_degc: f64,
}

/// What is between winding and air.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Housing {
    /// From the housing to the air (K/W).
    pub resistance_k_per_w: f64,
    /// Of the housing with all that it holds (J/K).
    pub capacity_j_per_k: f64,
}

/// A limit of current that falls in a straight line between two temperatures of the winding.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Derating {
    /// Up to here all of the current limit is allowed (°C).
    pub from_degc: f64,
    /// The share of the current limit that is left where the drive switches off (0 to 1).
    pub share_at_limit: f64,
}

impl Thermal {
    /// The share of the current limit that a winding at `degc` may carry.
    pub fn current_share(&self, degc: f64) -> f64 {
        self.derating.map_or(1.0, |derating| {
            let way = (degc - derating.from_degc) / (self.limit_degc - derating.from_degc);
            1.0 - way.clamp(0.0, 1.0) * (1.0 - derating.share_at_limit)
        })
    }
}

/// A motor's temperatures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heat {
    winding_degc: f64,
    housing_degc: f64,
}

impl Heat {
    /// A motor that has rested.
    pub fn cold() -> Self {
        Self {
            winding_degc: AMBIENT_DEGC,
            housing_degc: AMBIENT_DEGC,
        }
    }

    /// The winding's temperature (°C).
    pub fn winding_degc(&self) -> f64 {
        self.winding_degc
    }

    /// The housing's temperature (°C); that of the air where no housing is given.
    pub fn housing_degc(&self) -> f64 {
        self.housing_degc
    }

    /// The winding's resistance, given the one at 25 °C (Ω).
    pub fn resistance_ohm(&self, cold_ohm: f64) -> f64 {
        cold_ohm * (1.0 + COPPER_PER_K * (self.winding_degc - AMBIENT_DEGC))
    }

    /// Warms the winding with `copper_j` and the housing with `friction_j` over `dt_s`, in air of `ambient_degc`.
    pub fn warm(&mut self, thermal: &Thermal, copper_j: f64, friction_j: f64, ambient_degc: f64, dt_s: f64) {
        let half = 0.5 * dt_s;
        let winding = thermal.capacity_j_per_k;
        let inner = half / thermal.resistance_k_per_w;
        let Some(housing) = thermal.housing else {
            let rise = (copper_j + 2.0 * inner * (ambient_degc - self.winding_degc)) / (winding + inner);
            self.winding_degc += rise;
            self.housing_degc = ambient_degc;
            return;
        };
        let outer = half / housing.resistance_k_per_w;
        // (C + dt/2·G)·ΔT = heat − dt·G·T, for both at once.
        let into_winding = copper_j - 2.0 * inner * (self.winding_degc - self.housing_degc);
        let into_housing = friction_j + 2.0 * inner * (self.winding_degc - self.housing_degc)
            - 2.0 * outer * (self.housing_degc - ambient_degc);
        let (a, d) = (winding + inner, housing.capacity_j_per_k + inner + outer);
        let determinant = a * d - inner * inner;
        self.winding_degc += (d * into_winding + inner * into_housing) / determinant;
        self.housing_degc += (inner * into_winding + a * into_housing) / determinant;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_MASSES: Thermal = Thermal {
        resistance_k_per_w: 2.0,
        capacity_j_per_k: 5.0,
        housing: Some(Housing {
            resistance_k_per_w: 3.0,
            capacity_j_per_k: 60.0,
        }),
        derating: Some(Derating {
            from_degc: 90.0,
            share_at_limit: 0.4,
        }),
        limit_degc: 120.0,
    };

    /// The temperatures above the air after `t`, with constant powers: x(t) = x∞ + Σ cᵢ·vᵢ·e^(λᵢ·t).
    fn closed_form(copper_w: f64, friction_w: f64, t: f64) -> (f64, f64) {
        let (rw, cw) = (TWO_MASSES.resistance_k_per_w, TWO_MASSES.capacity_j_per_k);
        let Some(Housing {
            resistance_k_per_w: rh,
            capacity_j_per_k: ch,
        }) = TWO_MASSES.housing
        else {
            unreachable!("this motor has a housing")
        };
        let (a, b, c, d) = (
            -1.0 / (rw * cw),
            1.0 / (rw * cw),
            1.0 / (rw * ch),
            -(1.0 / rw + 1.0 / rh) / ch,
        );
        let (mean, spread) = ((a + d) / 2.0, (((a - d) / 2.0).powi(2) + b * c).sqrt());
        let housing = rh * (copper_w + friction_w);
        let winding = housing + rw * copper_w;
        // Eigenvectors (b, λ − a); both coefficients from x(0) = 0.
        let (l1, l2) = (mean + spread, mean - spread);
        let determinant = b * (l2 - a) - b * (l1 - a);
        let c1 = (-winding * (l2 - a) + housing * b) / determinant;
        let c2 = (-housing * b + winding * (l1 - a)) / determinant;
        let (e1, e2) = ((l1 * t).exp(), (l2 * t).exp());
        (
            winding + b * (c1 * e1 + c2 * e2),
            housing + (l1 - a) * c1 * e1 + (l2 - a) * c2 * e2,
        )
    }

    #[test]
    fn both_masses_follow_the_closed_form() {
        let mut heat = Heat::cold();
        let dt_s = 0.001;
        let mut worst = 0.0_f64;
        for step in 1..=200_000_u32 {
            heat.warm(&TWO_MASSES, 12.0 * dt_s, 4.0 * dt_s, AMBIENT_DEGC, dt_s);
            if step % 1000 == 0 {
                let (winding, housing) = closed_form(12.0, 4.0, f64::from(step) * dt_s);
                worst = worst.max((heat.winding_degc() - AMBIENT_DEGC - winding).abs());
                worst = worst.max((heat.housing_degc() - AMBIENT_DEGC - housing).abs());
            }
        }
        println!("largest distance from the closed form: {worst:.1e} K");
        assert!(worst < 1e-6, "{worst} K");
    }

    #[test]
    fn it_settles_where_loss_and_cooling_balance_whatever_the_step() {
        for dt_s in [0.01, 500.0] {
            let mut heat = Heat::cold();
            for _ in 0..(5_000.0_f64 / dt_s) as usize + 200 {
                heat.warm(&TWO_MASSES, 12.0 * dt_s, 4.0 * dt_s, 40.0, dt_s);
            }
            assert!((heat.housing_degc() - 88.0).abs() < 0.01, "{heat:?}");
            assert!((heat.winding_degc() - 112.0).abs() < 0.01, "{heat:?}");
        }
        let one_mass = Thermal {
            housing: None,
            ..TWO_MASSES
        };
        let mut heat = Heat::cold();
        for _ in 0..100_000 {
            heat.warm(&one_mass, 0.030, 0.5, AMBIENT_DEGC, 0.001);
        }
        assert!((heat.winding_degc() - 85.0).abs() < 0.01, "{heat:?}");
    }

    #[test]
    fn a_hot_winding_resists_more_and_carries_less() {
        let mut heat = Heat::cold();
        assert!((heat.resistance_ohm(2.0) - 2.0).abs() < 1e-12);
        heat.warm(&TWO_MASSES, 500.0, 0.0, AMBIENT_DEGC, 1e-6);
        assert!((heat.winding_degc() - 125.0).abs() < 1e-3);
        assert!((heat.resistance_ohm(2.0) - 2.786).abs() < 1e-3);
        assert!((TWO_MASSES.current_share(80.0) - 1.0).abs() < 1e-12);
        assert!((TWO_MASSES.current_share(105.0) - 0.7).abs() < 1e-12);
        assert!((TWO_MASSES.current_share(130.0) - 0.4).abs() < 1e-12);
    }
}
