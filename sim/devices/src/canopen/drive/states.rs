//! How the state machine goes on: by controlwords, options, stops that end, and faults.

use servomesh_fieldbus::cia402::{self, Command, Controlword, Mode, Ramp, Reaction, State, Transition};

use super::{DT_S, Drive, Notice, Stop, Timers};
use crate::canopen::homing::Homing;
use crate::canopen::loops::Gains;
use crate::canopen::motion::{Demand, Interpolation};
use crate::canopen::objects::Objects;
use crate::canopen::table;

/// How long a motor is braked before it is given up \[s\].
const LONGEST_STOP_S: f64 = 3.0;

pub(super) mod error {
    pub(in crate::canopen::drive) const OVER_CURRENT: u16 = 0x2310;
    pub(in crate::canopen::drive) const OVER_VOLTAGE: u16 = 0x3210;
    pub(in crate::canopen::drive) const UNDER_VOLTAGE: u16 = 0x3220;
    pub(in crate::canopen::drive) const TOO_HOT: u16 = 0x4310;
    pub(in crate::canopen::drive) const FOLLOWING: u16 = 0x8611;
}

impl Drive {
    pub(super) fn obey(&mut self, word: Controlword, objects: &mut Objects) {
        let before = std::mem::replace(&mut self.control, word);
        while let Some(transition) = self.state.obey(word, before) {
            match transition {
                Transition::T3 if fault(objects, true).is_some() => return,
                Transition::T4 | Transition::T16 => self.enable(objects),
                Transition::T5 => self.leave(objects.get(table::DISABLE_OPTION) as i16, State::SwitchedOn),
                Transition::T8 => {
                    self.leave(objects.get(table::SHUTDOWN_OPTION) as i16, State::ReadyToSwitchOn);
                }
                Transition::T11 => self.quick_stop(objects.get(table::QUICK_STOP_OPTION) as i16),
                Transition::T15 => self.reset_fault(objects),
                Transition::T9 | Transition::T12 => self.switch_off(transition.to()),
                _ => self.state = transition.to(),
            }
            // A command to enable operation leads over "switched on", all others are done in one step.
            if transition != Transition::T3 {
                break;
            }
        }
        if self.state == State::OperationEnabled && word.command() == Some(Command::EnableOperation) {
            self.stop = self.stop.filter(|stop| stop.then.is_none());
            self.obey_mode(word, before, objects);
        }
    }

    /// The bits that the mode gives a meaning.
    fn obey_mode(&mut self, word: Controlword, before: Controlword, objects: &mut Objects) {
        let halts = word.0 & Controlword::HALT != 0;
        if halts && self.stop.is_none() {
            let ramp = cia402::halt(objects.get(table::HALT_OPTION) as i16);
            self.begin_stop(ramp.map_or(Ramp::SlowDown, |reaction| reaction.ramp), None);
        } else if !halts && self.stop.take().is_some() {
            self.line = Interpolation::at(self.demand.position);
        }
        let rises = word.0 & !before.0 & Controlword::MODE_4 != 0;
        match self.mode {
            Some(Mode::ProfilePosition) => self.take_setpoint(word, rises, objects),
            Some(Mode::Homing) if rises && !halts => self.begin_homing(objects),
            Some(Mode::Homing) if word.0 & Controlword::MODE_4 == 0 && self.homing.is_running() => {
                self.homing = Homing::Interrupted;
            }
            _ => {}
        }
    }

    fn enable(&mut self, objects: &mut Objects) {
        self.state = State::OperationEnabled;
        self.stop = None;
        self.loops.reset();
        self.timers = Timers::default();
        (self.setpoint, self.next_setpoint) = (None, None);
        self.demand = Demand {
            position: self.measured.position,
            velocity: 0.0,
        };
        self.settle_mode(objects);
    }

    fn leave(&mut self, option: i16, then: State) {
        if self.stop.is_some_and(|stop| stop.then == Some(then)) {
            return;
        }
        match cia402::leave(option, then) {
            Some(Reaction { ramp, then }) => self.begin_stop(ramp, Some(then)),
            None => self.switch_off(then),
        }
    }

    pub(super) fn quick_stop(&mut self, option: i16) {
        self.state = State::QuickStopActive;
        match cia402::quick_stop(option) {
            Some(Reaction { ramp, then }) => self.begin_stop(ramp, Some(then)),
            None => self.switch_off(State::SwitchOnDisabled),
        }
    }

    pub(super) fn fail(&mut self, code: u16, objects: &mut Objects) {
        let Some(transition) = self.state.fail() else {
            return;
        };
        self.notices.push(Notice::Fault(code));
        self.fault = Some(code);
        objects.set(table::ERROR_CODE, i64::from(code));
        if !self.state.is_powered() {
            return self.switch_off(State::Fault);
        }
        self.state = transition.to();
        let ramp = match code {
            error::UNDER_VOLTAGE | error::OVER_CURRENT => Ramp::Coast,
            _ => cia402::fault_reaction(objects.get(table::FAULT_OPTION) as i16)
                .map_or(Ramp::Coast, |reaction| reaction.ramp),
        };
        self.begin_stop(ramp, Some(State::Fault));
    }

    /// Back from a fault, if its cause is gone.
    fn reset_fault(&mut self, objects: &mut Objects) {
        if fault(objects, true).is_some() {
            return;
        }
        self.fault = None;
        objects.set(table::ERROR_CODE, 0);
        self.notices.push(Notice::Reset);
        self.state = State::SwitchOnDisabled;
    }

    fn begin_stop(&mut self, ramp: Ramp, then: Option<State>) {
        if self.homing.is_running() {
            self.homing = Homing::Interrupted;
        }
        (self.setpoint, self.next_setpoint) = match then {
            Some(_) => (None, None),
            None => (self.setpoint, self.next_setpoint),
        };
        match (ramp, then) {
            (Ramp::Coast, Some(then)) => self.switch_off(then),
            _ => {
                self.stop = Some(Stop {
                    ramp,
                    then,
                    elapsed_s: 0.0,
                });
            }
        }
    }

    pub(super) fn switch_off(&mut self, then: State) {
        self.state = then;
        self.free();
    }

    /// The motor has no torque: whatever it was to follow is forgotten.
    pub(super) fn free(&mut self) {
        self.stop = None;
        self.loops.reset();
        self.current_a = 0.0;
        self.demand = self.measured;
        (self.setpoint, self.next_setpoint) = (None, None);
        if self.homing.is_running() {
            self.homing = Homing::Interrupted;
        }
    }

    pub(super) fn brake(&mut self, stop: Stop, gains: &Gains, limit_a: f64, objects: &Objects) {
        let deceleration = match stop.ramp {
            Ramp::SlowDown | Ramp::Coast => Some(objects.float(table::PROFILE_DECELERATION)),
            Ramp::QuickStop => Some(objects.float(table::QUICK_STOP_DECELERATION)),
            Ramp::CurrentLimit | Ramp::VoltageLimit => None,
        };
        match deceleration {
            Some(deceleration) => {
                self.demand.toward_velocity(0.0, deceleration, deceleration, DT_S);
                self.hold(gains, limit_a);
            }
            None if self.measured.velocity.abs() > objects.float(table::STANDSTILL_VELOCITY) => {
                self.demand.velocity = 0.0;
                self.turn(0.0, gains, 0.0, limit_a);
            }
            None => self.hold(gains, limit_a),
        }
        let elapsed_s = stop.elapsed_s + DT_S;
        self.stop = Some(Stop { elapsed_s, ..stop });
        let rests = self.rests(objects) || elapsed_s > LONGEST_STOP_S;
        match stop.then {
            Some(then) if rests && then.is_powered() => (self.state, self.stop) = (then, None),
            Some(then) if rests => self.switch_off(then),
            _ => {}
        }
    }

    pub(super) fn rests(&self, objects: &Objects) -> bool {
        self.demand.velocity.abs() < 1e-9
            && self.measured.velocity.abs() <= objects.float(table::STANDSTILL_VELOCITY)
    }
}

/// What is wrong with temperature and, while power is on, supply.
pub(super) fn fault(objects: &Objects, on: bool) -> Option<u16> {
    if objects.get(table::TEMPERATURE) > objects.get(table::TEMPERATURE_LIMIT) {
        return Some(error::TOO_HOT);
    }
    fault_of_supply(objects).filter(|_| on)
}

pub(super) fn fault_of_supply(objects: &Objects) -> Option<u16> {
    let supply = objects.get(table::SUPPLY);
    if supply < objects.get(table::SUPPLY_LOW) {
        return Some(error::UNDER_VOLTAGE);
    }
    (supply > objects.get(table::SUPPLY_HIGH)).then_some(error::OVER_VOLTAGE)
}
