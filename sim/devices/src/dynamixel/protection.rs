//! Hardware errors: what sets them, and which of them take the torque away until a reboot.
//!
//! An error that is among those of Shutdown stays and takes the torque away; the others are told as long as they last. The manual does not say
//! when a load is an overload; here it is one while the motor is asked for all that the limits leave, takes more than 80 % of its stall current
//! and stands still, for a second. An electrical shock is a bridge that has switched itself off.

use servomesh_fieldbus::dynamixel::{Alarm, Alarms, Field};

use super::control::Controller;
use super::memory::ControlTable;
use crate::motor::MotorState;

/// Milliseconds after which a load is an overload.
const OVERLOAD_MS: u32 = 1000;

/// Milliseconds that a bridge may need to switch on.
const BRIDGE_MS: u32 = 10;

/// Watches over the motor.
#[derive(Clone, Debug, Default)]
pub(super) struct Protection {
    kept: Alarms,
    loaded_ms: u32,
    off_ms: u32,
}

impl Protection {
    /// Whether the torque is gone until a reboot.
    pub(super) fn has_shut_down(&self) -> bool {
        self.kept != Alarms::default()
    }

    /// A step: sets Hardware Error Status, and takes the torque away where Shutdown says so.
    pub(super) fn watch(&mut self, table: &mut ControlTable, motor: &MotorState, control: &Controller) {
        let mut now = Alarms::default();
        let voltage = table.get(Field::PresentInputVoltage);
        if !(table.get(Field::MinVoltageLimit)..=table.get(Field::MaxVoltageLimit)).contains(&voltage) {
            now = now.with(Alarm::InputVoltage);
        }
        if table.get(Field::PresentTemperature) > table.get(Field::TemperatureLimit) {
            now = now.with(Alarm::Overheating);
        }
        if self.has_no_bridge(table, motor) {
            now = now.with(Alarm::ElectricalShock);
        }
        if self.is_overloaded(table, motor, control) {
            now = now.with(Alarm::Overload);
        }
        let shutdown = Alarms(u8::try_from(table.get(Field::Shutdown)).unwrap_or(u8::MAX));
        self.kept = Alarms(self.kept.0 | now.and(shutdown).0);
        if self.has_shut_down() {
            table.set(Field::TorqueEnable, 0);
        }
        table.set(Field::HardwareErrorStatus, i32::from(self.kept.0 | now.0));
    }

    /// Whether the bridge has switched itself off though the torque is on.
    fn has_no_bridge(&mut self, table: &ControlTable, motor: &MotorState) -> bool {
        let off = table.get(Field::TorqueEnable) != 0 && !motor.drives;
        self.off_ms = if off { self.off_ms.saturating_add(1) } else { 0 };
        self.off_ms >= BRIDGE_MS
    }

    fn is_overloaded(&mut self, table: &ControlTable, motor: &MotorState, control: &Controller) -> bool {
        let stall_a = table.model.motor.stall_current_a;
        let loaded = table.get(Field::TorqueEnable) != 0
            && control.is_at_its_limit(table)
            && motor.current_a.abs() > 0.8 * stall_a
            && table.get(Field::PresentVelocity).abs() <= table.get(Field::MovingThreshold);
        self.loaded_ms = if loaded {
            self.loaded_ms.saturating_add(1)
        } else {
            0
        };
        self.loaded_ms >= OVERLOAD_MS
    }
}
