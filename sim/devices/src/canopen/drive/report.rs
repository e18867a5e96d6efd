//! What it tells of itself: statusword, demands and measurements.

use servomesh_fieldbus::canopen::sdo::Address;
use servomesh_fieldbus::cia402::{Mode, State, status};

use super::Drive;
use super::states::fault_of_supply;
use crate::canopen::homing::Homing;
use crate::canopen::objects::Objects;
use crate::canopen::table;

/// How far below the limit it warns of its temperature \[0.1 °C\].
const WARNING_BELOW: f64 = 100.0;

impl Drive {
    pub(super) fn report(&mut self, objects: &mut Objects) {
        objects.powered = self.state.is_powered();
        let mode = self.mode.map_or(0, Mode::code);
        objects.set(table::MODE_DISPLAY, i64::from(mode));
        objects.set_float(table::POSITION, self.measured.position);
        objects.set_float(table::VELOCITY, self.measured.velocity);
        objects.set_float(table::POSITION_DEMAND, self.demand.position);
        objects.set_float(table::VELOCITY_DEMAND, self.demand.velocity);
        objects.set_float(table::TORQUE_DEMAND, self.thousandths(self.current_a));
        objects.set(table::STATUSWORD, i64::from(self.statusword(objects)));
    }

    fn statusword(&self, objects: &Objects) -> u16 {
        let mut word = self.state.bits() | status::REMOTE;
        let mut set = |bit, on| word |= if on { bit } else { 0 };
        set(status::VOLTAGE_ENABLED, fault_of_supply(objects).is_none());
        let warm = objects.float(table::TEMPERATURE_LIMIT) - WARNING_BELOW;
        set(status::WARNING, objects.float(table::TEMPERATURE) > warm);
        let enabled = self.state == State::OperationEnabled;
        set(
            status::INTERNAL_LIMIT,
            enabled && (self.loops.limited || self.target_cut),
        );
        let rests = held(self.timers.standstill_s, objects, table::STANDSTILL_TIME);
        let halted = self.stop.is_some_and(|stop| stop.then.is_none());
        if self.state == State::QuickStopActive || enabled && halted {
            set(status::TARGET_REACHED, rests && self.rests(objects));
        } else if enabled {
            let arrived =
                self.setpoint.is_none() && held(self.timers.position_s, objects, table::POSITION_TIME);
            let fast = held(self.timers.velocity_s, objects, table::VELOCITY_TIME);
            let reached = match self.mode {
                Some(Mode::ProfilePosition) => arrived,
                Some(Mode::ProfileVelocity) => fast,
                Some(Mode::Homing) => !self.homing.is_running(),
                _ => false,
            };
            set(status::TARGET_REACHED, reached);
        }
        if enabled {
            let twelve = match self.mode {
                Some(Mode::ProfilePosition) => self.acknowledged,
                Some(Mode::ProfileVelocity) => rests,
                Some(Mode::Homing) => self.homing == Homing::Attained,
                Some(mode) => mode.is_cyclic() && !halted,
                None => false,
            };
            set(status::MODE_12, twelve);
            let thirteen = match self.mode {
                Some(Mode::Homing) => self.homing == Homing::Failed,
                _ => self.following_error,
            };
            set(status::MODE_13, thirteen);
        }
        word
    }
}

/// Whether a condition has held for as long as an object says \[ms\].
pub(super) fn held(for_s: f64, objects: &Objects, address: Address) -> bool {
    for_s * 1e3 >= objects.float(address) - 0.5 && for_s > 0.0
}
