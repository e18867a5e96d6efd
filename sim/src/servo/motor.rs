//! The motor's winding under the drive's current controller.
//!
//! Decides the current: `L·di/dt = u − R·i − Ke·ω`, with u from a PI controller that runs at 10 kHz, and |u| no more than the drive
//! can give. Motor speed ω in rad/s, constants in SI, where Kt (N·m/A) and Ke (V·s/rad) of one motor are the same number.
//!
//! The controller's zero cancels the winding's pole (gains `ω_c·L` and `ω_c·R`), so that the current follows like a first-order lag of
//! 500 Hz; the back-EMF is fed forward, as drives with an encoder do. Over a period of the controller u and ω stand still, and the winding
//! is solved exactly: current, charge and heat.

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
    /// Back-EMF constant (V·s/rad).
    pub back_emf_v_s_per_rad: f64,
}

/// What flows during a step, as far as it is known while the motor's speed at the end is not.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Flow {
    /// Mean current (A), should the speed stay.
    pub current_a: f64,
    /// How much the mean current falls for each rad/s that the motor gains in the step (A·s/rad): where the voltage is at its limit the
    /// back-EMF decides; otherwise 0, and the voltage follows the speed.
    pub droop_a_s_per_rad: f64,
    /// Likewise for the current at the end.
    last_droop_a_s_per_rad: f64,
    /// Energy that the drive puts into the winding (J), should the speed stay; negative while the motor generates.
    electric_j: f64,
    /// Energy in the field before (J).
    field_j: f64,
    /// What is aimed at (A).
    target_a: f64,
    dt_s: f64,
}

/// What a step took.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Spent {
    /// Energy that the drive put into the winding (J); negative while the motor generates.
    pub electric_j: f64,
    /// Energy that became heat in the winding (J).
    pub copper_j: f64,
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

    /// Energy in the winding's magnetic field (J).
    pub fn stored_j(&self, inductance_h: f64) -> f64 {
        0.5 * inductance_h * self.current_a * self.current_a
    }

    /// Runs the current loop for `dt_s` at motor speed `speed` (rad/s) towards `target_a`, with at most `limit_v` at the winding.
    pub fn regulate(
        &mut self,
        electrics: &Electrics,
        speed: f64,
        target_a: f64,
        limit_v: f64,
        dt_s: f64,
    ) -> Flow {
        let periods = (dt_s / PERIOD_S).round().max(1.0);
        let period_s = dt_s / periods;
        let &Electrics {
            resistance_ohm,
            inductance_h,
            back_emf_v_s_per_rad,
        } = electrics;
        let time_s = inductance_h / resistance_ohm;
        let keeps = (-period_s / time_s).exp();
        let back_v = back_emf_v_s_per_rad * speed;
        let mut flow = Flow {
            field_j: self.stored_j(inductance_h),
            target_a,
            dt_s,
            ..Flow::default()
        };
        let (mut charge_c, mut at_limit) = (0.0, true);
        for _ in 0..periods as usize {
            let error_a = target_a - self.current_a;
            let wanted_v = BANDWIDTH * inductance_h * error_a + self.integral_v + back_v;
            self.voltage_v = wanted_v.clamp(-limit_v, limit_v);
            // Out of voltage, the integral follows the winding's own drop instead of winding up.
            self.integral_v = if wanted_v.abs() > limit_v {
                resistance_ohm * self.current_a
            } else {
                at_limit = false;
                self.integral_v + BANDWIDTH * resistance_ohm * error_a * period_s
            };
            let settled_a = (self.voltage_v - back_v) / resistance_ohm;
            let from_settled_a = self.current_a - settled_a;
            let passed_c = settled_a * period_s + from_settled_a * time_s * (1.0 - keeps);
            self.current_a = settled_a + from_settled_a * keeps;
            charge_c += passed_c;
            flow.electric_j += self.voltage_v * passed_c;
        }
        flow.current_a = charge_c / dt_s;
        if at_limit {
            let falls = back_emf_v_s_per_rad / resistance_ohm;
            let rest = (-dt_s / time_s).exp();
            flow.last_droop_a_s_per_rad = falls * (1.0 - rest);
            flow.droop_a_s_per_rad = falls * (1.0 - time_s / dt_s * (1.0 - rest));
        }
        flow
    }

    /// Ends a step in which the motor went on from `speed` and gained `gained` (rad/s): the current and the energies that follow.
    pub fn finish(&mut self, electrics: &Electrics, flow: &Flow, speed: f64, gained: f64) -> Spent {
        let Flow { dt_s, .. } = *flow;
        let back_emf = electrics.back_emf_v_s_per_rad;
        // After a blow the controller would have left the limit in between: it lets no more flow than it aims at.
        let within = |found_a: f64, foreseen_a: f64| {
            let most_a = flow.target_a.abs().max(foreseen_a.abs());
            found_a.clamp(-most_a, most_a)
        };
        self.current_a = within(
            self.current_a - flow.last_droop_a_s_per_rad * gained,
            self.current_a,
        );
        let mean_a = within(flow.current_a - flow.droop_a_s_per_rad * gained, flow.current_a);
        let charge_c = mean_a * dt_s;
        // At the limit the voltage stood still, and the end's back-EMF acted throughout; else the voltage followed the mean.
        let (electric_j, back_v) = if flow.droop_a_s_per_rad > 0.0 {
            (self.voltage_v * charge_c, back_emf * (speed + gained))
        } else {
            let mean_v = back_emf * (speed + 0.5 * gained);
            let followed_j = 0.5 * back_emf * gained * charge_c;
            (flow.electric_j + followed_j, mean_v)
        };
        let stored_j = self.stored_j(electrics.inductance_h) - flow.field_j;
        Spent {
            electric_j,
            copper_j: electric_j - back_v * charge_c - stored_j,
        }
    }

    /// Opens the bridge: no current, no torque. What the field held turns to heat.
    pub fn open(&mut self, inductance_h: f64, dt_s: f64) -> Flow {
        let field_j = self.stored_j(inductance_h);
        *self = Self::default();
        Flow {
            field_j,
            dt_s,
            ..Flow::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ELECTRICS: Electrics = Electrics {
        resistance_ohm: 0.2,
        inductance_h: 0.0003,
        back_emf_v_s_per_rad: 0.12,
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

    #[test]
    fn a_voltage_step_raises_the_current_as_the_closed_form_says() {
        // i = u/R·(1 − e^(−tR/L)); its mean and its heat likewise.
        let (u, r, l) = (6.0, ELECTRICS.resistance_ohm, ELECTRICS.inductance_h);
        let mut motor = Motor::default();
        let (mut time_s, mut charge_c, mut copper_j) = (0.0_f64, 0.0, 0.0);
        for _ in 0..10 {
            let flow = motor.regulate(&ELECTRICS, 0.0, 1e6, u, 0.001);
            time_s += 0.001;
            charge_c += flow.current_a * 0.001;
            copper_j += motor.finish(&ELECTRICS, &flow, 0.0, 0.0).copper_j;
            let rest = (-time_s * r / l).exp();
            let closed_a = u / r * (1.0 - rest);
            assert!((motor.current_a() - closed_a).abs() < 1e-9, "{time_s} s");
            let closed_c = u / r * (time_s - l / r * (1.0 - rest));
            assert!((charge_c - closed_c).abs() < 1e-9);
            let closed_j = u * closed_c - 0.5 * l * closed_a * closed_a;
            assert!((copper_j - closed_j).abs() < 1e-9);
        }
    }

    #[test]
    fn at_the_voltage_limit_the_current_falls_with_speed_as_if_it_had_been_so_all_along() {
        let run = |speed, gained| {
            let mut motor = Motor::default();
            let flow = motor.regulate(&ELECTRICS, speed, 1e3, 48.0, 0.001);
            let spent = motor.finish(&ELECTRICS, &flow, speed, gained);
            (motor.current_a(), spent)
        };
        let (known_a, known) = run(130.0, 0.0);
        let (found_a, found) = run(100.0, 30.0);
        assert!((found_a - known_a).abs() < 1e-9, "{found_a} A, not {known_a} A");
        assert!((found.electric_j - known.electric_j).abs() < 1e-9);
        assert!((found.copper_j - known.copper_j).abs() < 1e-9);
    }

    #[test]
    fn a_blow_drives_no_more_current_than_is_aimed_at() {
        let mut motor = Motor::default();
        let flow = motor.regulate(&ELECTRICS, 350.0, 20.0, 48.0, 0.001);
        let spent = motor.finish(&ELECTRICS, &flow, 350.0, -350.0);
        assert!((motor.current_a() - 20.0).abs() < 1e-9, "{} A", motor.current_a());
        assert!(spent.copper_j.is_finite());
    }

    #[test]
    fn below_the_limit_the_current_holds_and_the_voltage_follows() {
        let mut motor = Motor::default();
        motor.regulate(&ELECTRICS, 100.0, 5.0, 48.0, 0.05);
        let flow = motor.regulate(&ELECTRICS, 100.0, 5.0, 48.0, 0.001);
        let spent = motor.finish(&ELECTRICS, &flow, 100.0, 20.0);
        assert!((motor.current_a() - 5.0).abs() < 1e-6);
        assert!((spent.copper_j - 25.0 * 0.2 * 1e-3).abs() < 1e-9, "{spent:?}");
        assert!((spent.electric_j - (25.0 * 0.2 + 5.0 * 0.12 * 110.0) * 1e-3).abs() < 1e-9);
    }
}
