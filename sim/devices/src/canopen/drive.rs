//! A CiA 402 drive: its state machine, what makes it fault, and how each mode moves the motor.
//!
//! Knows the dictionary and the motor, not the bus. When operation is enabled it holds the motor where it is: nothing jumps until a setpoint
//! comes. Units are counts, counts/s and counts/s², thousandths of the rated torque, and A.
//!
//! **Invariant:** the motor has torque only in "operation enabled", "quick stop active" and "fault reaction active".
//!
//! Source: IEC 61800-7-201 (CiA 402-2).

use std::f64::consts::TAU;

use servomesh_fieldbus::canopen::sdo::Address;
use servomesh_fieldbus::cia402::{
    self, Command, Controlword, Mode, Ramp, Reaction, State, Transition, status,
};

use super::homing::{Homing, Method};
use super::loops::{Gains, Loops};
use super::motion::{Bounds, Demand, Interpolation};
use super::objects::Objects;
use super::table;
use crate::motor::{MotorCommand, MotorState};

/// The modes it has, as object 6502h says it.
pub(crate) const MODES: u32 = Mode::ProfilePosition.bit()
    | Mode::ProfileVelocity.bit()
    | Mode::Homing.bit()
    | Mode::CyclicSyncPosition.bit()
    | Mode::CyclicSyncVelocity.bit()
    | Mode::CyclicSyncTorque.bit();

/// A step of the motor \[s\].
const DT_S: f64 = 1e-3;

const COUNTS_PER_RAD: f64 = table::COUNTS_PER_TURN as f64 / TAU;

/// How long a motor is braked before it is given up \[s\].
const LONGEST_STOP_S: f64 = 3.0;

/// How long a motor has to be blocked to stand at a hard stop \[s\].
const BLOCKED_S: f64 = 0.05;

/// How far below the limit it warns of its temperature \[0.1 °C\].
const WARNING_BELOW: f64 = 100.0;

mod error {
    pub(super) const OVER_CURRENT: u16 = 0x2310;
    pub(super) const OVER_VOLTAGE: u16 = 0x3210;
    pub(super) const UNDER_VOLTAGE: u16 = 0x3220;
    pub(super) const TOO_HOT: u16 = 0x4310;
    pub(super) const FOLLOWING: u16 = 0x8611;
}

/// What a master is to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// This is wrong.
    Fault(u16),
    /// Faults were reset.
    Reset,
}

/// A motor that is brought to rest.
#[derive(Clone, Copy, Debug)]
struct Stop {
    ramp: Ramp,
    /// The state once it rests; `None`: a halt.
    then: Option<State>,
    elapsed_s: f64,
}

/// How long each condition has held \[s\].
#[derive(Clone, Copy, Debug, Default)]
struct Timers {
    following_s: f64,
    position_s: f64,
    velocity_s: f64,
    standstill_s: f64,
}

/// A drive without its bus.
pub(crate) struct Drive {
    state: State,
    control: Controlword,
    mode: Option<Mode>,
    stop: Option<Stop>,
    measured: Demand,
    demand: Demand,
    line: Interpolation,
    loops: Loops,
    current_a: f64,
    /// Counts of the sensor where the position is 0.
    zero: f64,
    /// PP: where it goes, and where then.
    setpoint: Option<f64>,
    next_setpoint: Option<f64>,
    acknowledged: bool,
    homing: Homing,
    timers: Timers,
    rated_a: f64,
    following_error: bool,
    target_cut: bool,
    driven: bool,
    fault: Option<u16>,
    notices: Vec<Notice>,
    /// What its thermometer and voltmeter read instead \[°C, V\].
    pub(crate) heat_degc: Option<f64>,
    pub(crate) supply_v: Option<f64>,
}

impl Drive {
    /// One that has started.
    pub(crate) fn new() -> Self {
        Self {
            state: State::SwitchOnDisabled,
            control: Controlword(0),
            mode: None,
            stop: None,
            measured: Demand::default(),
            demand: Demand::default(),
            line: Interpolation::default(),
            loops: Loops::default(),
            current_a: 0.0,
            zero: 0.0,
            setpoint: None,
            next_setpoint: None,
            acknowledged: false,
            homing: Homing::Idle,
            timers: Timers::default(),
            rated_a: 0.0,
            following_error: false,
            target_cut: false,
            driven: false,
            fault: None,
            notices: Vec::new(),
            heat_degc: None,
            supply_v: None,
        }
    }

    /// Starts again: the motor is free. Where home is, it still knows.
    pub(crate) fn restart(&mut self) {
        *self = Self {
            zero: self.zero,
            heat_degc: self.heat_degc,
            supply_v: self.supply_v,
            ..Self::new()
        };
    }

    /// What a master is to hear of since this was asked last.
    pub(crate) fn notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// Acts on an object that was written.
    pub(crate) fn written(&mut self, address: Address, objects: &mut Objects) {
        match address {
            table::CONTROLWORD => self.obey(Controlword(objects.get(address) as u16), objects),
            table::TARGET_POSITION if self.mode == Some(Mode::CyclicSyncPosition) => self.aim(objects),
            _ => {}
        }
        self.report(objects);
    }

    /// The connection to the master is lost: what object 6007h says of a motor that is powered.
    pub(crate) fn lose_connection(&mut self, objects: &mut Objects, code: u16) {
        if !self.state.is_powered() {
            return;
        }
        match objects.get(table::ABORT_CONNECTION) {
            1 => self.fail(code, objects),
            2 => self.switch_off(State::SwitchOnDisabled),
            3 if self.state == State::OperationEnabled => {
                let option = objects.get(table::QUICK_STOP_OPTION) as i16;
                self.quick_stop(option);
            }
            _ => {}
        }
        self.report(objects);
    }

    /// Learns of its motor, and says what it shall do.
    pub(crate) fn step(&mut self, motor: &MotorState, objects: &mut Objects) -> MotorCommand {
        self.measure(motor, objects);
        self.supervise(motor, objects);
        self.choose_mode(objects);
        if self.state.is_powered() {
            let limit_a = self.limit_a(motor, objects);
            let gains = gains(motor, objects);
            match self.stop {
                Some(stop) => self.brake(stop, &gains, limit_a, objects),
                None if self.state == State::OperationEnabled => self.operate(&gains, limit_a, objects),
                None => self.hold(&gains, limit_a),
            }
        }
        let command = if self.state.is_powered() {
            MotorCommand::Current(self.current_a)
        } else {
            self.free();
            MotorCommand::Off
        };
        self.driven = command != MotorCommand::Off;
        self.watch(objects);
        self.report(objects);
        command
    }

    // What it sees.

    fn measure(&mut self, motor: &MotorState, objects: &mut Objects) {
        let sensor = motor.position * COUNTS_PER_RAD;
        self.measured = Demand {
            position: sensor.floor() - self.zero,
            velocity: motor.velocity * COUNTS_PER_RAD,
        };
        self.rated_a = motor.parameters.max_current_a / 3.0;
        objects.set_float(table::RATED_CURRENT, 1e3 * self.rated_a);
        objects.set_float(
            table::RATED_TORQUE,
            1e3 * self.rated_a * motor.parameters.torque_nm_per_a,
        );
        objects.set_float(table::POSITION_INTERNAL, sensor.floor());
        objects.set_float(table::CURRENT, self.thousandths(motor.current_a));
        objects.set_float(table::TORQUE, self.thousandths(motor.current_a));
        objects.set_float(table::SUPPLY, 1e3 * self.supply_v.unwrap_or(motor.voltage_v));
        objects.set_float(
            table::TEMPERATURE,
            10.0 * self.heat_degc.unwrap_or(motor.housing_degc),
        );
    }

    fn supervise(&mut self, motor: &MotorState, objects: &mut Objects) {
        if self.state == State::Fault {
            return;
        }
        let on = self.state.is_powered() || self.state == State::SwitchedOn;
        if let Some(code) = fault(objects, on) {
            self.fail(code, objects);
        } else if self.driven && !motor.drives && self.state.is_powered() {
            self.fail(error::OVER_CURRENT, objects);
            self.switch_off(State::Fault);
        }
    }

    /// Whether it follows, and has arrived.
    fn watch(&mut self, objects: &mut Objects) {
        let tick = |held: &mut f64, holds: bool| *held = if holds { *held + DT_S } else { 0.0 };
        let lag = self.demand.position - self.measured.position;
        objects.set_float(table::FOLLOWING_ERROR, lag);
        let window = objects.float(table::FOLLOWING_WINDOW);
        let followed = matches!(self.mode, Some(Mode::ProfilePosition | Mode::CyclicSyncPosition));
        let enabled = self.state == State::OperationEnabled;
        self.following_error = enabled && followed && window < f64::from(u32::MAX) && lag.abs() > window;
        tick(&mut self.timers.following_s, self.following_error);
        if self.following_error && held(self.timers.following_s, objects, table::FOLLOWING_TIME) {
            self.fail(error::FOLLOWING, objects);
        }
        let target = self.setpoint.unwrap_or(self.demand.position);
        let there = (target - self.measured.position).abs() <= objects.float(table::POSITION_WINDOW);
        tick(&mut self.timers.position_s, there && enabled);
        let wanted = objects.float(table::TARGET_VELOCITY);
        let fast = (wanted - self.measured.velocity).abs() <= objects.float(table::VELOCITY_WINDOW);
        tick(&mut self.timers.velocity_s, fast && enabled);
        let rests = self.measured.velocity.abs() <= objects.float(table::STANDSTILL_VELOCITY);
        tick(&mut self.timers.standstill_s, rests);
    }

    // The state machine.

    fn obey(&mut self, word: Controlword, objects: &mut Objects) {
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

    fn quick_stop(&mut self, option: i16) {
        self.state = State::QuickStopActive;
        match cia402::quick_stop(option) {
            Some(Reaction { ramp, then }) => self.begin_stop(ramp, Some(then)),
            None => self.switch_off(State::SwitchOnDisabled),
        }
    }

    fn fail(&mut self, code: u16, objects: &mut Objects) {
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

    fn switch_off(&mut self, then: State) {
        self.state = then;
        self.free();
    }

    /// The motor has no torque: whatever it was to follow is forgotten.
    fn free(&mut self) {
        self.stop = None;
        self.loops.reset();
        self.current_a = 0.0;
        self.demand = self.measured;
        (self.setpoint, self.next_setpoint) = (None, None);
        if self.homing.is_running() {
            self.homing = Homing::Interrupted;
        }
    }

    // Modes.

    fn choose_mode(&mut self, objects: &mut Objects) {
        let chosen = i8::try_from(objects.get(table::MODE)).ok().and_then(Mode::of);
        if chosen == self.mode {
            return;
        }
        self.mode = chosen;
        (self.setpoint, self.next_setpoint, self.acknowledged) = (None, None, false);
        (self.homing, self.target_cut) = (Homing::Idle, false);
        self.settle_mode(objects);
    }

    /// A mode begins where the motor is.
    fn settle_mode(&mut self, objects: &mut Objects) {
        self.line = Interpolation::at(self.demand.position);
        if self.mode == Some(Mode::CyclicSyncPosition) {
            objects.set_float(table::TARGET_POSITION, self.demand.position);
        }
    }

    fn operate(&mut self, gains: &Gains, limit_a: f64, objects: &mut Objects) {
        let offset_a = objects.float(table::TORQUE_OFFSET) * 1e-3 * self.rated_a;
        match self.mode {
            Some(Mode::ProfilePosition) => {
                self.follow_setpoints(objects);
                self.hold(gains, limit_a);
            }
            None => {
                self.slow_down(objects);
                self.hold(gains, limit_a);
            }
            Some(Mode::CyclicSyncPosition) => {
                self.line.step(&mut self.demand, DT_S);
                let ahead = Demand {
                    velocity: self.demand.velocity + objects.float(table::VELOCITY_OFFSET),
                    ..self.demand
                };
                self.current_a = self
                    .loops
                    .position(ahead, self.measured, gains, offset_a, limit_a, DT_S);
            }
            Some(Mode::ProfileVelocity) => {
                let wanted = self.bounded_velocity(objects.float(table::TARGET_VELOCITY), objects);
                let bounds = bounds(objects);
                self.demand
                    .toward_velocity(wanted, bounds.acceleration, bounds.deceleration, DT_S);
                self.turn(self.demand.velocity, gains, 0.0, limit_a);
            }
            Some(Mode::CyclicSyncVelocity) => {
                let wanted = objects.float(table::TARGET_VELOCITY) + objects.float(table::VELOCITY_OFFSET);
                let wanted = self.bounded_velocity(wanted, objects);
                self.demand.velocity = wanted;
                self.turn(wanted, gains, offset_a, limit_a);
            }
            Some(Mode::CyclicSyncTorque) => {
                let wanted_a = objects.float(table::TARGET_TORQUE) * 1e-3 * self.rated_a + offset_a;
                self.current_a = self.loops.torque(wanted_a, limit_a);
                self.demand = self.measured;
            }
            Some(Mode::Homing) => self.home(gains, limit_a, objects),
            _ => self.hold(gains, limit_a),
        }
    }

    fn hold(&mut self, gains: &Gains, limit_a: f64) {
        self.current_a = self
            .loops
            .position(self.demand, self.measured, gains, 0.0, limit_a, DT_S);
    }

    fn slow_down(&mut self, objects: &Objects) {
        let deceleration = objects.float(table::PROFILE_DECELERATION);
        self.demand.toward_velocity(0.0, deceleration, deceleration, DT_S);
    }

    /// Follows a velocity wherever that leads.
    fn turn(&mut self, velocity: f64, gains: &Gains, ahead_a: f64, limit_a: f64) {
        self.current_a = self
            .loops
            .velocity(velocity, self.measured.velocity, gains, ahead_a, limit_a, DT_S);
        self.demand.position = self.measured.position;
    }

    fn brake(&mut self, stop: Stop, gains: &Gains, limit_a: f64, objects: &Objects) {
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

    fn rests(&self, objects: &Objects) -> bool {
        self.demand.velocity.abs() < 1e-9
            && self.measured.velocity.abs() <= objects.float(table::STANDSTILL_VELOCITY)
    }

    /// CSP: a setpoint has come.
    fn aim(&mut self, objects: &Objects) {
        let wanted = objects.float(table::TARGET_POSITION) + objects.float(table::POSITION_OFFSET);
        let target = self.bounded_position(wanted, objects);
        let exponent = i32::try_from(objects.get(table::INTERPOLATION_INDEX)).unwrap_or(0);
        let period_s = objects.float(table::INTERPOLATION_PERIOD) * 10_f64.powi(exponent);
        self.line.aim(self.demand.position, target, period_s.max(DT_S));
    }

    /// PP: takes a setpoint, if its bit rises and there is room for it.
    fn take_setpoint(&mut self, word: Controlword, rises: bool, objects: &Objects) {
        if word.0 & Controlword::MODE_4 == 0 {
            self.acknowledged = self.next_setpoint.is_some();
            return;
        }
        let at_once = word.0 & Controlword::MODE_5 != 0;
        if !rises || self.next_setpoint.is_some() && !at_once {
            return;
        }
        let mut wanted = objects.float(table::TARGET_POSITION);
        if word.0 & Controlword::MODE_6 != 0 {
            let last = self.next_setpoint.or(self.setpoint);
            wanted += last.unwrap_or(self.demand.position);
        }
        let target = Some(self.bounded_position(wanted, objects));
        if self.setpoint.is_none() || at_once {
            (self.setpoint, self.next_setpoint) = (target, None);
        } else {
            self.next_setpoint = target;
        }
        self.acknowledged = true;
        self.timers.position_s = 0.0;
    }

    fn follow_setpoints(&mut self, objects: &Objects) {
        let Some(target) = self.setpoint else {
            return self.slow_down(objects);
        };
        self.demand.toward_position(target, bounds(objects), DT_S);
        if self.demand.rests_at(target)
            && let Some(next) = self.next_setpoint.take()
        {
            self.setpoint = Some(next);
            self.acknowledged = self.control.0 & Controlword::MODE_4 != 0;
        } else if self.demand.rests_at(target) {
            self.setpoint = None;
        }
    }

    fn bounded_position(&mut self, wanted: f64, objects: &Objects) -> f64 {
        let bounded = wanted.clamp(
            objects.float(table::LOWEST_POSITION),
            objects.float(table::HIGHEST_POSITION),
        );
        self.target_cut = (wanted - bounded).abs() > 0.0;
        bounded
    }

    fn bounded_velocity(&mut self, wanted: f64, objects: &Objects) -> f64 {
        let most = bounds(objects).most_velocity(objects);
        let position = self.measured.position;
        let up = position < objects.float(table::HIGHEST_POSITION);
        let down = position > objects.float(table::LOWEST_POSITION);
        let bounded = wanted.clamp(if down { -most } else { 0.0 }, if up { most } else { 0.0 });
        self.target_cut = (wanted - bounded).abs() > 0.0;
        bounded
    }

    // Homing.

    fn begin_homing(&mut self, objects: &mut Objects) {
        let Some(method) = Method::of(objects.get(table::HOMING_METHOD)) else {
            return;
        };
        self.stop = None;
        self.homing = match method {
            Method { stop: Some(_), .. } => Homing::Stop { blocked_s: 0.0 },
            Method {
                index: Some(direction),
                ..
            } => self.next_index(direction),
            _ => {
                self.place_home(self.measured.position, objects);
                Homing::Rest
            }
        };
    }

    fn home(&mut self, gains: &Gains, limit_a: f64, objects: &mut Objects) {
        let Some(method) = Method::of(objects.get(table::HOMING_METHOD)) else {
            return self.hold(gains, limit_a);
        };
        let acceleration = objects.float(table::HOMING_ACCELERATION);
        match self.homing {
            Homing::Stop { blocked_s } => {
                let speed = objects.float(table::SEARCH_VELOCITY);
                let most_a = (objects.float(table::HOMING_TORQUE) * 1e-3 * self.rated_a).min(limit_a);
                let wanted = method.stop.unwrap_or(0.0) * speed;
                self.demand
                    .toward_velocity(wanted, acceleration, acceleration, DT_S);
                self.turn(self.demand.velocity, gains, 0.0, most_a);
                let pushes = self.current_a.abs() > 0.95 * most_a;
                let blocked = pushes && self.measured.velocity.abs() < 0.05 * speed;
                let blocked_s = if blocked { blocked_s + DT_S } else { 0.0 };
                self.homing = Homing::Stop { blocked_s };
                if blocked_s > BLOCKED_S {
                    self.demand.velocity = 0.0;
                    self.loops.reset();
                    match method.index {
                        Some(direction) => self.homing = self.next_index(direction),
                        None => self.arrive(self.measured.position, objects),
                    }
                }
            }
            Homing::Index { at, direction } => {
                let wanted = direction * objects.float(table::ZERO_VELOCITY);
                self.demand
                    .toward_velocity(wanted, acceleration, acceleration, DT_S);
                self.hold(gains, limit_a);
                if (self.measured.position + self.zero - at) * direction >= 0.0 {
                    self.arrive(at - self.zero, objects);
                }
            }
            Homing::Rest => {
                self.demand.toward_velocity(0.0, acceleration, acceleration, DT_S);
                self.hold(gains, limit_a);
                if self.rests(objects) {
                    self.homing = Homing::Attained;
                }
            }
            Homing::Idle | Homing::Attained | Homing::Interrupted => {
                self.slow_down(objects);
                self.hold(gains, limit_a);
            }
        }
    }

    /// The encoder's next zero in a direction, in counts of the sensor.
    fn next_index(&self, direction: f64) -> Homing {
        let turn = table::COUNTS_PER_TURN as f64;
        let turns = (self.measured.position + self.zero) / turn;
        let next = if direction > 0.0 {
            turns.floor() + 1.0
        } else {
            turns.ceil() - 1.0
        };
        Homing::Index {
            at: next * turn,
            direction,
        }
    }

    fn arrive(&mut self, home: f64, objects: &Objects) {
        self.place_home(home, objects);
        self.homing = Homing::Rest;
    }

    /// The position is the home offset at home.
    fn place_home(&mut self, home: f64, objects: &Objects) {
        let shift = home - objects.float(table::HOME_OFFSET);
        self.zero += shift;
        self.measured.position -= shift;
        self.demand.position -= shift;
    }

    // What it tells.

    fn report(&mut self, objects: &mut Objects) {
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
            set(status::MODE_13, self.following_error);
        }
        word
    }

    fn thousandths(&self, current_a: f64) -> f64 {
        if self.rated_a > 0.0 {
            1e3 * current_a / self.rated_a
        } else {
            0.0
        }
    }

    fn limit_a(&self, motor: &MotorState, objects: &Objects) -> f64 {
        let most = objects
            .float(table::MAX_TORQUE)
            .min(objects.float(table::MAX_CURRENT));
        (1e-3 * most * self.rated_a).min(motor.parameters.max_current_a)
    }
}

impl Bounds {
    fn most_velocity(self, objects: &Objects) -> f64 {
        objects
            .float(table::MAX_PROFILE_VELOCITY)
            .min(objects.float(table::MAX_MOTOR_SPEED))
    }
}

fn bounds(objects: &Objects) -> Bounds {
    let bounds = Bounds {
        velocity: objects.float(table::PROFILE_VELOCITY),
        acceleration: objects.float(table::PROFILE_ACCELERATION),
        deceleration: objects.float(table::PROFILE_DECELERATION),
    };
    Bounds {
        velocity: bounds.velocity.min(bounds.most_velocity(objects)),
        ..bounds
    }
}

/// The gains of the dictionary; those that are 0 there by the rotor's inertia, for a velocity loop of 60 rad/s.
fn gains(motor: &MotorState, objects: &Objects) -> Gains {
    let set = objects.float(table::VELOCITY_GAIN);
    let a_s_per_rad = if set > 0.0 {
        1e-3 * set
    } else {
        60.0 * 1.2 * motor.parameters.rotor_inertia / motor.parameters.torque_nm_per_a
    };
    let integral = objects.float(table::VELOCITY_INTEGRAL_TIME);
    Gains {
        position: 0.01 * objects.float(table::POSITION_GAIN),
        velocity: a_s_per_rad / COUNTS_PER_RAD,
        integral_s: (integral > 0.0).then_some(1e-3 * integral),
        max_velocity: objects.float(table::MAX_MOTOR_SPEED),
    }
}

/// Whether a condition has held for as long as an object says \[ms\].
fn held(for_s: f64, objects: &Objects, address: Address) -> bool {
    for_s * 1e3 >= objects.float(address) - 0.5 && for_s > 0.0
}

/// What is wrong with temperature and, while power is on, supply.
fn fault(objects: &Objects, on: bool) -> Option<u16> {
    if objects.get(table::TEMPERATURE) > objects.get(table::TEMPERATURE_LIMIT) {
        return Some(error::TOO_HOT);
    }
    fault_of_supply(objects).filter(|_| on)
}

fn fault_of_supply(objects: &Objects) -> Option<u16> {
    let supply = objects.get(table::SUPPLY);
    if supply < objects.get(table::SUPPLY_LOW) {
        return Some(error::UNDER_VOLTAGE);
    }
    (supply > objects.get(table::SUPPLY_HIGH)).then_some(error::OVER_VOLTAGE)
}
