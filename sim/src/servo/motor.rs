//! The motor's winding under the drive's current controller.
//!
//! Decides the current: `L·di/dt = u − R·i − K·ω`, with u from a PI controller that runs at 10 kHz, and |u| no more than the bus gives.
//! K is the torque constant (N·m/A), which is also the voltage constant (V·s/rad) (SI).
//!
//! The controller's zero cancels the winding's pole (gains `ω_c·L` and `ω_c·R`), so that the current follows like a first-order lag of
//! 500 Hz; the back-EMF is fed forward, as drives with an encoder do. Over a period of the controller u and ω stand still, and the winding
//! is solved exactly.

/// Bandwidth of the current loop (rad/s).
const BANDWIDTH: f64 = std::f64::consts::TAU * 500.0;
/// Period of the current controller (s).
const PERIOD_S: f64 = 100e-6;

/// A winding at its present temperature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Electrics {
    /// Resistance (Ω).
    pub resistance_ohm: f64,
    /// Inductance (H).
    pub inductance_h: f64,
    /// Torque constant (N·m/A).
    pub torque_constant_nm_per_a: f64,
}

/// The current in a motor, and the controller's memory.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Motor {
    current_a: f64,
    voltage_v: f64,
    integral_v: f64,
}

impl Motor {
    /// The current that flows (A).
    pub fn current_a(&self) -> f64 {
        self.current_a
    }

    /// The voltage that the drive applied last (V).
    pub fn voltage_v(&self) -> f64 {
        self.voltage_v
    }

    /// Runs the current loop for `dt_s` at motor speed `speed` (rad/s) towards `target_a`.
    pub fn regulate(&mut self, electrics: &Electrics, speed: f64, target_a: f64, bus_v: f64, dt_s: f64) {
        let periods = (dt_s / PERIOD_S).round().max(1.0);
        let period_s = dt_s / periods;
        let &Electrics {
            resistance_ohm,
            inductance_h,
            torque_constant_nm_per_a,
        } = electrics;
        let keeps = (-period_s * resistance_ohm / inductance_h).exp();
        let back_v = torque_constant_nm_per_a * speed;
        for _ in 0..periods as usize {
            let error_a = target_a - self.current_a;
            let wanted_v = BANDWIDTH * inductance_h * error_a + self.integral_v + back_v;
            self.voltage_v = wanted_v.clamp(-bus_v, bus_v);
            // Out of voltage, the integral follows the winding's own drop instead of winding up.
            self.integral_v = if wanted_v.abs() > bus_v {
                resistance_ohm * self.current_a
            } else {
                self.integral_v + BANDWIDTH * resistance_ohm * error_a * period_s
            };
            let settled_a = (self.voltage_v - back_v) / resistance_ohm;
            self.current_a = settled_a + (self.current_a - settled_a) * keeps;
        }
    }

    /// Opens the bridge: no current, no torque.
    pub fn open(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ELECTRICS: Electrics = Electrics {
        resistance_ohm: 0.2,
        inductance_h: 0.0003,
        torque_constant_nm_per_a: 0.12,
    };

    #[test]
    fn the_current_reaches_its_target_within_two_milliseconds() {
        let mut motor = Motor::default();
        motor.regulate(&ELECTRICS, 100.0, 5.0, 48.0, 0.002);
        assert!((motor.current_a() - 5.0).abs() < 0.05, "{} A", motor.current_a());
        motor.regulate(&ELECTRICS, 100.0, 5.0, 48.0, 0.05);
        assert!((motor.current_a() - 5.0).abs() < 1e-6);
        assert!((motor.voltage_v() - 13.0).abs() < 1e-6);
    }

    #[test]
    fn no_more_current_flows_than_the_bus_can_drive_against_the_back_emf() {
        let mut motor = Motor::default();
        motor.regulate(&ELECTRICS, 350.0, 50.0, 48.0, 0.5);
        assert!((motor.current_a() - (48.0 - 42.0) / 0.2).abs() < 1e-6);
        // And it comes back from there without having wound up.
        motor.regulate(&ELECTRICS, 350.0, 5.0, 48.0, 0.003);
        assert!((motor.current_a() - 5.0).abs() < 0.5, "{} A", motor.current_a());
    }
}
