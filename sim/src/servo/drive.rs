//! The drive of one servo: what it does with a command, and when it stops by itself.
//!
//! Modes and what leads from one to the other:
//!
//! | mode | current | brake | leaves when |
//! |---|---|---|---|
//! | off | none | engaged | a command enables it and no fault is latched |
//! | driving | as commanded, within the drive's limit | released | a command disables it (→ off), or a fault (→ stopping) |
//! | stopping | brakes the motor as a shorted winding would, within the limit | released | it stands, or after [`STOPPING_LIMIT`] (→ off) |
//!
//! Faults are latched: the bus watchdog (no command for longer than its timeout while driving) and an overheated winding. A command that
//! disables acknowledges them; until then commands that enable are ignored.
//!
//! **Invariant:** a drive that hears nothing ends with its torque off and its brake engaged.

use std::time::Duration;

use servomesh_types::Stamp;
use servomesh_types::fault::DriveFault;

use crate::servo::Reaction;
use crate::servo::brake::Brake;
use crate::servo::catalog::ServoParameters;
use crate::servo::encoder::{Encoder, Ticks};
use crate::servo::motor::{Electrics, Motor};
use crate::servo::winding::Winding;

/// How long a drive lives without a command, unless it is told otherwise: ten periods of a 500 Hz bus.
pub const WATCHDOG: Duration = Duration::from_millis(20);
/// How long the motor may brake before the brake has to: a rated servo stops from full speed in a third of that.
pub const STOPPING_LIMIT: Duration = Duration::from_millis(250);
/// Standstill, in stiction velocities of the joint.
const STANDSTILL: f64 = 10.0;
/// How far below its limit a winding must cool before an overheated drive can be enabled again (K).
const COOLS_K: f64 = 10.0;
/// How high braking can drive the bus, as a factor of the supply; a chopper burns the rest.
const CHOPPER: f64 = 1.15;

/// What a drive is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DriveCommand {
    /// Whether it shall drive; `false` takes torque off, engages the brake and acknowledges faults.
    pub enable: bool,
    /// The current that shall flow (A); held within the drive's limit.
    pub current_a: f64,
}

/// What a drive reports.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DriveState {
    /// What the encoder counts.
    pub ticks: Ticks,
    /// The position in the middle of that tick (rad, m).
    pub position: f64,
    /// The current that flows (A).
    pub current_a: f64,
    /// The voltage of the drive's supply (V).
    pub bus_voltage_v: f64,
    /// The winding's temperature (°C).
    pub winding_degc: f64,
    /// Whether it drives the commanded current.
    pub enabled: bool,
    /// Whether the brake holds.
    pub brake_engaged: bool,
    /// A latched fault.
    pub fault: Option<DriveFault>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Mode {
    Off,
    Driving { target_a: f64 },
    Stopping { since: Stamp },
}

/// A drive with its motor, brake and encoder.
#[derive(Debug, Clone)]
pub struct Drive {
    parameters: ServoParameters,
    watchdog: Duration,
    mode: Mode,
    fault: Option<DriveFault>,
    heard_at: Stamp,
    bus_voltage_v: f64,
    motor: Motor,
    winding: Winding,
    brake: Brake,
    encoder: Encoder,
}

impl Drive {
    /// A drive that is off, at `position`. `rotary` says whether encoder ticks are counted for each turn or for each metre.
    pub fn new(parameters: &ServoParameters, rotary: bool, position: f64) -> Self {
        let turn = if rotary { std::f64::consts::TAU } else { 1.0 };
        Self {
            parameters: *parameters,
            watchdog: WATCHDOG,
            mode: Mode::Off,
            fault: None,
            heard_at: Stamp::ZERO,
            bus_voltage_v: parameters.supply_voltage_v,
            motor: Motor::default(),
            winding: Winding::cold(),
            brake: Brake::new(parameters.brake, position),
            encoder: Encoder::new(parameters.encoder_ticks / turn),
        }
    }

    /// The data it was made from.
    pub fn parameters(&self) -> &ServoParameters {
        &self.parameters
    }

    /// Sets how long it drives on without a command.
    pub fn set_watchdog(&mut self, timeout: Duration) {
        self.watchdog = timeout;
    }

    /// Takes a command that arrives at `now`. Its current must be finite.
    pub fn command(&mut self, now: Stamp, command: DriveCommand) {
        self.heard_at = now;
        if !command.enable {
            self.mode = Mode::Off;
            let cool = self.winding.degc() < self.parameters.thermal.limit_degc - COOLS_K;
            if self.fault != Some(DriveFault::Overheated) || cool {
                self.fault = None;
            }
        } else if self.fault.is_none() {
            let limit_a = self.parameters.max_current_a;
            self.mode = Mode::Driving {
                target_a: command.current_a.clamp(-limit_a, limit_a),
            };
        }
    }

    /// Puts a joint that stands still somewhere else: the brake catches there.
    pub(crate) fn place(&mut self, position: f64) {
        if self.brake.is_engaged() {
            self.brake = Brake::new(self.parameters.brake, position);
        }
    }

    /// Runs the drive for the coming step, with the joint at `position` and `velocity`, and says what the servo does to the joint.
    pub(crate) fn react(&mut self, now: Stamp, position: f64, velocity: f64, dt_s: f64) -> Reaction {
        self.supervise(now, velocity);
        let servo = &self.parameters;
        let electrics = Electrics {
            resistance_ohm: self.winding.resistance_ohm(servo.resistance_ohm),
            inductance_h: servo.inductance_h,
            torque_constant_nm_per_a: servo.torque_constant_nm_per_a,
        };
        let speed = velocity * servo.gear_ratio;
        let target_a = match self.mode {
            Mode::Off => None,
            Mode::Driving { target_a } => Some(target_a),
            Mode::Stopping { .. } => {
                let shorted_a = -servo.torque_constant_nm_per_a * speed / electrics.resistance_ohm;
                Some(shorted_a.clamp(-servo.max_current_a, servo.max_current_a))
            }
        };
        match target_a {
            Some(target_a) => {
                self.brake.release();
                self.motor
                    .regulate(&electrics, speed, target_a, self.bus_voltage_v, dt_s);
            }
            None => {
                self.brake.engage(position);
                self.motor.open();
            }
        }
        let current_a = self.motor.current_a();
        let loss_w = current_a * current_a * electrics.resistance_ohm;
        self.winding.warm(&servo.thermal, loss_w, dt_s);
        let drawn_a = self.motor.voltage_v() * current_a / self.bus_voltage_v;
        let sagged_v = servo.supply_voltage_v - servo.source_resistance_ohm * drawn_a;
        self.bus_voltage_v = sagged_v.clamp(0.5 * servo.supply_voltage_v, CHOPPER * servo.supply_voltage_v);

        let effort = self.motor_effort();
        Reaction { effort, damping: 0.0 }
            + servo.friction.reaction(velocity, effort, servo.efficiency)
            + self.brake.reaction(position, velocity, dt_s)
    }

    fn supervise(&mut self, now: Stamp, velocity: f64) {
        if let Mode::Driving { .. } = self.mode {
            let fault = if now.since(self.heard_at) > self.watchdog {
                Some(DriveFault::Watchdog)
            } else if self.winding.degc() > self.parameters.thermal.limit_degc {
                Some(DriveFault::Overheated)
            } else {
                None
            };
            if fault.is_some() {
                self.fault = fault;
                self.mode = Mode::Stopping { since: now };
            }
        }
        if let Mode::Stopping { since } = self.mode {
            let stands = velocity.abs() < STANDSTILL * self.parameters.friction.stiction_velocity;
            if stands || now.since(since) > STOPPING_LIMIT {
                self.mode = Mode::Off;
            }
        }
    }

    /// The motor's effort at the joint, before the gearbox's losses (N·m, N).
    pub fn motor_effort(&self) -> f64 {
        self.parameters.effort_per_ampere() * self.motor.current_a()
    }

    /// What it reports with the joint at `position`.
    pub(crate) fn state(&self, position: f64) -> DriveState {
        let ticks = self.encoder.read(position);
        DriveState {
            ticks,
            position: self.encoder.position(ticks),
            current_a: self.motor.current_a(),
            bus_voltage_v: self.bus_voltage_v,
            winding_degc: self.winding.degc(),
            enabled: matches!(self.mode, Mode::Driving { .. }),
            brake_engaged: self.brake.is_engaged(),
            fault: self.fault,
        }
    }
}
