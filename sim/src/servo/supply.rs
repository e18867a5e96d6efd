//! The supply that drives share, and its DC bus: its voltage sags when they draw and rises when they brake.
//!
//! Decides the voltage after a step in which the drives took a power P (mean, W): `C·dV/dt = (V₀ − V)/R − P/V`, implicit in V. A source
//! that takes nothing back stops where the bus is above V₀; the capacitor then takes what the drives return, up to the chopper's
//! voltage, where a resistor burns the rest.
//!
//! **Invariant:** the voltage is finite and above 0, whatever the drives take.

use serde::Deserialize;

/// A supply.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupplyParameters {
    /// Voltage without load, V₀ (V).
    pub voltage_v: f64,
    /// Resistance of the source and of the cable up to the bus, R (Ω).
    pub source_resistance_ohm: f64,
    /// Capacitance of the bus, C (F).
    #[serde(default)]
    pub capacitance_f: f64,
    /// Where the chopper switches on (V); without one there is no limit.
    #[serde(default)]
    pub chopper_v: Option<f64>,
    /// Whether the source takes back what the drives return, as a battery does.
    #[serde(default)]
    pub absorbs: bool,
}

/// A supply at work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Supply {
    parameters: SupplyParameters,
    /// The share of V₀ that is there (0 to 1).
    health: f64,
    voltage_v: f64,
    source_j: f64,
    burned_j: f64,
}

impl Supply {
    /// A supply without load.
    pub fn new(parameters: SupplyParameters) -> Self {
        Self {
            voltage_v: parameters.voltage_v,
            parameters,
            health: 1.0,
            source_j: 0.0,
            burned_j: 0.0,
        }
    }

    /// Sets the share of its voltage that is there (above 0, at most 1).
    pub fn set_health(&mut self, share: f64) {
        self.health = share;
    }

    /// Voltage of the bus (V).
    pub fn voltage_v(&self) -> f64 {
        self.voltage_v
    }

    /// Energy that its source gave, its resistance's loss included (J).
    pub fn source_j(&self) -> f64 {
        self.source_j
    }

    /// Energy that the chopper burned (J).
    pub fn burned_j(&self) -> f64 {
        self.burned_j
    }

    /// Energy in the capacitor (J).
    pub fn stored_j(&self) -> f64 {
        0.5 * self.parameters.capacitance_f * self.voltage_v * self.voltage_v
    }

    /// Goes through a step of `dt_s` in which the drives took `power_w` (W).
    pub fn step(&mut self, power_w: f64, dt_s: f64) {
        let &SupplyParameters {
            source_resistance_ohm,
            capacitance_f,
            chopper_v,
            absorbs,
            ..
        } = &self.parameters;
        let open_v = self.health * self.parameters.voltage_v;
        let alone_v = if capacitance_f > 0.0 {
            let left = self.voltage_v * self.voltage_v - 2.0 * power_w * dt_s / capacitance_f;
            left.max(0.0).sqrt()
        } else {
            0.0
        };
        let (after_v, drawn_a) = if !absorbs && alone_v > open_v {
            (alone_v, 0.0)
        } else if source_resistance_ohm > 0.0 {
            let conductance = 1.0 / source_resistance_ohm;
            let a = capacitance_f / dt_s + conductance;
            let b = capacitance_f / dt_s * self.voltage_v + conductance * open_v;
            // Past its greatest power the source can't follow: the voltage stays where that power is.
            let root = (b * b - 4.0 * a * power_w).max(0.0).sqrt();
            let after_v = (b + root) / (2.0 * a);
            (after_v, (open_v - after_v) * conductance)
        } else {
            (open_v, power_w / open_v)
        };
        self.source_j += open_v * drawn_a * dt_s;
        self.voltage_v = after_v;
        if let Some(chopper_v) = chopper_v
            && after_v > chopper_v
        {
            self.burned_j += 0.5 * capacitance_f * (after_v * after_v - chopper_v * chopper_v);
            self.voltage_v = chopper_v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUS: SupplyParameters = SupplyParameters {
        voltage_v: 48.0,
        source_resistance_ohm: 0.2,
        capacitance_f: 0.01,
        chopper_v: Some(56.0),
        absorbs: false,
    };

    #[test]
    fn it_sags_by_its_resistance_times_the_current() {
        let mut supply = Supply::new(BUS);
        for _ in 0..100 {
            supply.step(480.0, 1e-3);
        }
        let current_a = 480.0 / supply.voltage_v();
        assert!(
            (48.0 - supply.voltage_v() - 0.2 * current_a).abs() < 1e-9,
            "{supply:?}"
        );
        // And with the time constant R·C on its way there: a small load acts as a constant current.
        let mut supply = Supply::new(BUS);
        for step in 1..=10 {
            supply.step(0.048, 1e-5);
            let sag = 0.2 * 1e-3 * (1.0 - (-f64::from(step) * 1e-5 / 0.002_f64).exp());
            assert!((48.0 - supply.voltage_v() - sag).abs() < 0.003 * sag, "{step}");
        }
    }

    #[test]
    fn what_drives_return_charges_it_up_to_the_chopper() {
        let mut supply = Supply::new(BUS);
        supply.step(-2000.0, 1e-3);
        let charged_v = (48.0_f64 * 48.0 + 2.0 * 2.0 / 0.01).sqrt();
        assert!((supply.voltage_v() - charged_v).abs() < 1e-9);
        for _ in 0..99 {
            supply.step(-2000.0, 1e-3);
        }
        assert!((supply.voltage_v() - 56.0).abs() < 1e-9);
        let kept = 0.5 * 0.01 * (56.0_f64.powi(2) - 48.0_f64.powi(2));
        assert!((supply.burned_j() - (200.0 - kept)).abs() < 1e-9, "{supply:?}");
        for _ in 0..100 {
            supply.step(500.0, 1e-3);
        }
        assert!(supply.voltage_v() < 48.0, "drives used it up again");
    }

    #[test]
    fn a_battery_takes_back_and_an_overload_does_not_break_it() {
        let battery = SupplyParameters {
            absorbs: true,
            capacitance_f: 0.0,
            ..BUS
        };
        let mut supply = Supply::new(battery);
        supply.step(-100.0, 1e-3);
        let current_a = 100.0 / supply.voltage_v();
        assert!((supply.voltage_v() - 48.0 - 0.2 * current_a).abs() < 1e-9);
        assert!(supply.source_j() < 0.0);
        let mut supply = Supply::new(BUS);
        for _ in 0..1000 {
            supply.step(1e6, 1e-3);
        }
        assert!(
            supply.voltage_v() > 0.0 && supply.voltage_v() < 48.0,
            "{supply:?}"
        );
        supply.set_health(0.5);
        for _ in 0..1000 {
            supply.step(0.0, 1e-3);
        }
        assert!((supply.voltage_v() - 24.0).abs() < 1e-6, "{supply:?}");
    }
}
