//! What a servo complains of, and what then becomes of its torque.
//!
//! Registers are those of the STS; the SCS have theirs elsewhere, and no sensor of the current ([`super::series`]).
//!
//! Voltage and temperature are alarms while they are outside of registers 15 to 14, and above 13. A current above register 28 for longer than
//! register 38 says, and a load above register 36 while nothing moves for longer than register 35 says, are alarms until the torque is
//! taken off. An alarm whose bit is in register 19 takes the torque away; an overload leaves the share of register 34, so that the servo still holds a little.
//!
//! That a load counts only while nothing moves is an assumption: else each long way at full speed would be one.

use servomesh_fieldbus::feetech::status::{Alarm, Alarms};
use servomesh_fieldbus::feetech::sts3215::{MAX_TEMPERATURE, MAX_VOLTAGE, MIN_VOLTAGE, UNLOAD};

use super::memory::Memory;

/// What a servo's sensors see.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sensors {
    /// Voltage of the supply \[V\].
    pub voltage_v: f64,
    /// Temperature \[°C\].
    pub degc: f64,
    /// Current \[A\].
    pub current_a: f64,
    /// The share of the supply at the motor, −1 to 1.
    pub duty: f64,
    /// Whether the output turns faster than what counts as moving.
    pub moves: bool,
}

/// The alarms of a servo, and for how long what may become one has lasted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Protection {
    alarms: Alarms,
    overcurrent_s: f64,
    overload_s: f64,
}

impl Protection {
    /// What it complains of.
    pub fn alarms(&self) -> Alarms {
        self.alarms
    }

    /// Forgets what lasts until the torque is taken off.
    pub fn acknowledge(&mut self) {
        self.alarms = self.alarms.without(Alarm::OverCurrent).without(Alarm::Overload);
        (self.overcurrent_s, self.overload_s) = (0.0, 0.0);
    }

    /// Goes on by a step of `dt_s`.
    pub fn watch(&mut self, memory: &Memory, sensors: &Sensors, dt_s: f64) {
        let mut set = |alarm, holds| {
            self.alarms = if holds {
                self.alarms.with(alarm)
            } else {
                self.alarms.without(alarm)
            };
        };
        let low = sensors.voltage_v < memory.si(&MIN_VOLTAGE);
        let high = sensors.voltage_v > memory.si(&MAX_VOLTAGE);
        set(Alarm::Voltage, low || high);
        set(Alarm::Overheat, sensors.degc > memory.si(&MAX_TEMPERATURE));

        let lasts = |holds, before_s: f64| if holds { before_s + dt_s } else { 0.0 };
        let series = memory.series();
        if let Some((limit, time)) = &series.overcurrent {
            let strong = sensors.current_a.abs() > memory.si(limit);
            self.overcurrent_s = lasts(strong, self.overcurrent_s);
            if self.overcurrent_s > memory.si(time) {
                self.alarms = self.alarms.with(Alarm::OverCurrent);
            }
        }
        let loaded = sensors.duty.abs() > memory.si(&series.overload_torque) && !sensors.moves;
        self.overload_s = lasts(loaded, self.overload_s);
        if self.overload_s > memory.si(&series.protection_time) {
            self.alarms = self.alarms.with(Alarm::Overload);
        }
    }

    /// The share of the duty cycle that it still allows, 0 to 1; `None` if it takes the torque away.
    pub fn allows(&self, memory: &Memory) -> Option<f64> {
        let unloads =
            |alarm: Alarm| self.alarms.has(alarm) && memory.get(&UNLOAD) & i32::from(alarm.bit()) != 0;
        let off = [Alarm::Voltage, Alarm::Angle, Alarm::Overheat, Alarm::OverCurrent];
        if off.into_iter().any(unloads) {
            None
        } else if unloads(Alarm::Overload) {
            Some(memory.si(&memory.series().protection_torque))
        } else {
            Some(1.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use servomesh_fieldbus::feetech::sts3215::MODEL;

    const WELL: Sensors = Sensors {
        voltage_v: 12.0,
        degc: 30.0,
        current_a: 0.5,
        duty: 0.5,
        moves: false,
    };

    fn after(sensors: Sensors, seconds: f64) -> (Vec<Alarm>, Option<f64>) {
        let memory = Memory::new(&MODEL);
        let mut protection = Protection::default();
        for _ in 0..(seconds / 0.001) as usize {
            protection.watch(&memory, &sensors, 0.001);
        }
        (protection.alarms().iter().collect(), protection.allows(&memory))
    }

    #[test]
    fn what_lasts_too_long_takes_the_torque_away() {
        assert_eq!(after(WELL, 3.0), (vec![], Some(1.0)));
        let strong = Sensors {
            current_a: -3.3,
            ..WELL
        };
        assert_eq!(after(strong, 1.9), (vec![], Some(1.0)));
        assert_eq!(after(strong, 2.1), (vec![Alarm::OverCurrent], None));
        let blocked = Sensors { duty: 0.9, ..WELL };
        assert_eq!(after(blocked, 2.1), (vec![Alarm::Overload], Some(0.2)));
        let fast = Sensors {
            moves: true,
            ..blocked
        };
        assert_eq!(after(fast, 9.0), (vec![], Some(1.0)));
    }

    #[test]
    fn heat_and_voltage_are_alarms_at_once_and_only_heat_takes_the_torque_away() {
        let hot = Sensors { degc: 70.5, ..WELL };
        assert_eq!(after(hot, 0.002), (vec![Alarm::Overheat], None));
        let low = Sensors {
            voltage_v: 3.9,
            ..WELL
        };
        assert_eq!(after(low, 0.002), (vec![Alarm::Voltage], Some(1.0)));
    }
}
