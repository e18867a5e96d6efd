//! A CiA 402 drive: its state machine, what makes it fault, and how each mode moves the motor.
//!
//! | file | what it decides |
//! |---|---|
//! | `states` | how the state machine goes on: controlwords, options, stops, faults |
//! | `modes` | what each mode makes of its setpoints |
//! | `search` | how it searches for home |
//! | `report` | statusword, demands and measurements |
//!
//! Knows the dictionary and the motor, not the bus. When operation is enabled it holds the motor where it is: nothing jumps until a setpoint
//! comes. Units are counts, counts/s and counts/s², thousandths of the rated torque, and A.
//!
//! **Invariant:** the motor has torque only in "operation enabled", "quick stop active" and "fault reaction active".
//!
//! Source: IEC 61800-7-201 (CiA 402-2).

mod modes;
mod report;
mod search;
mod states;

use std::f64::consts::TAU;

use servomesh_fieldbus::canopen::sdo::Address;
use servomesh_fieldbus::cia402::{Controlword, Mode, Ramp, State};

use self::modes::gains;
use self::report::held;
use self::states::{error, fault};
use super::homing::Homing;
use super::loops::Loops;
use super::motion::{Demand, Interpolation};
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
