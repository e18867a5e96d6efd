//! The device: power and boot, what is heard and said, and the motor's step.
//!
//! A reboot takes 250 ms; the manual gives no figure. Protocol Type takes effect with a boot; with another than 2 the device is deaf here.
//!
//! **Invariant:** without power or while it boots it hears and says nothing and its motor is off.

use std::collections::VecDeque;
use std::time::Duration;

use servomesh_fieldbus::dynamixel::table::bits::startup;
use servomesh_fieldbus::dynamixel::{Field, Id, Memory, Mode, Model, ResetScope};
use servomesh_types::Stamp;
use thiserror::Error;

use super::access::TRIPPED;
use super::control::Controller;
use super::encoder::{Encoder, Sense};
use super::hearing::Hearing;
use super::memory::ControlTable;
use super::protection::Protection;
use super::turns::Turn;
use crate::device::{Device, Mishap, Saying};
use crate::motor::{MotorCommand, MotorState};

/// How long a boot takes.
pub(super) const BOOT: Duration = Duration::from_millis(250);

/// What one count of Bus Watchdog is.
const WATCHDOG: Duration = Duration::from_millis(20);

/// A DYNAMIXEL X servo on a serial line.
///
/// ```
/// use servomesh_devices::{Bus, Dynamixel, FreeMotor, Wire};
/// use servomesh_fieldbus::dynamixel::{Id, Instruction, Model, Packet};
/// use servomesh_types::Stamp;
///
/// let model = Model::named("XM430-W350").expect("a known model");
/// let id = Id::device(1).expect("a device's id");
/// let mut bus = Bus::new(Stamp::ZERO, 1_000_000);
/// bus.add(Dynamixel::new(model, id, 1_000_000)?, FreeMotor::xm430());
///
/// let mut ping = [0; 16];
/// let length = Instruction::Ping.encode(id, &mut ping).expect("room for a ping");
/// bus.write(Stamp::ZERO, &ping[..length]);
/// bus.advance_to(Stamp::from_millis(2));
/// let (end, mut answer) = bus.read().expect("an answer");
/// assert_eq!(end, Stamp::from_nanos(740_000)); // 10 bytes, 500 µs of return delay, 14 bytes
/// let status = Packet::decode(&mut answer).expect("a packet").status().expect("an answer");
/// assert_eq!(status.pong().expect("a pong").model, 1020);
/// # Ok::<(), servomesh_devices::DynamixelError>(())
/// ```
#[derive(Debug)]
pub struct Dynamixel {
    pub(super) table: ControlTable,
    pub(super) hearing: Hearing,
    pub(super) controller: Controller,
    pub(super) encoder: Encoder,
    pub(super) protection: Protection,
    pub(super) says: VecDeque<Saying>,
    pub(super) turn: Option<Turn>,
    /// A write that waits for an Action.
    pub(super) registered: Option<(u16, Vec<u8>)>,
    /// What is done once an answer is out.
    pub(super) next: Option<(Stamp, Next)>,
    /// When it was last spoken to.
    pub(super) spoken_to: Stamp,
    pub(super) motor: Option<MotorState>,
    pub(super) baud: u32,
    power: Power,
    /// Whether it was just started, and has not seen its motor since.
    waking: bool,
    started: Option<Stamp>,
    speaks: bool,
    /// Whether its firmware knows fast reads.
    pub(super) knows_fast_reads: bool,
    heat_degc: Option<f64>,
    supply_v: Option<f64>,
}

/// What is done once an answer is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Reboot,
    Reset(ResetScope),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Power {
    Off,
    Boots { until: Stamp },
    On,
}

impl Dynamixel {
    /// A servo as it comes from the factory but for its id and its baud rate, with its power on.
    ///
    /// # Errors
    /// It has no such baud rate, or the id is that of all devices.
    pub fn new(model: &'static Model, id: Id, baud: u32) -> Result<Self, DynamixelError> {
        let code = model.baud_code(baud).ok_or(DynamixelError::Baud {
            model: model.name,
            baud,
        })?;
        let mut servo = Self {
            table: ControlTable::new(model),
            hearing: Hearing::default(),
            controller: Controller::default(),
            encoder: Encoder::default(),
            protection: Protection::default(),
            says: VecDeque::new(),
            turn: None,
            registered: None,
            next: None,
            spoken_to: Stamp::ZERO,
            motor: None,
            baud,
            power: Power::On,
            waking: true,
            started: None,
            speaks: true,
            knows_fast_reads: true,
            heat_degc: None,
            supply_v: None,
        };
        servo = servo.with(Field::Id, i32::from(id.number()))?;
        servo.with(Field::BaudRate, i32::from(code))
    }

    /// The same with another number \[counts\] in a register of its EEPROM.
    ///
    /// # Errors
    /// It has no such register in its EEPROM, or the register does not take the number.
    pub fn with(mut self, field: Field, value: i32) -> Result<Self, DynamixelError> {
        let model = self.table.model;
        let register = model
            .register(field)
            .filter(|register| register.memory == Memory::Eeprom)
            .ok_or(DynamixelError::NoRegister {
                model: model.name,
                field,
            })?;
        if !register.takes(value) {
            return Err(DynamixelError::Value {
                register: register.name,
                value,
                min: register.min,
                max: register.max,
            });
        }
        self.table.set(field, value);
        self.boot();
        Ok(self)
    }

    /// The same with a firmware from before fast reads, which hears none: an XL330 has them from version 46 on, servos of the MX series never.
    #[must_use]
    pub fn without_fast_reads(mut self) -> Self {
        self.knows_fast_reads = false;
        self
    }

    /// What a register holds \[counts\], `None` if the model does not have it.
    #[must_use]
    pub fn register(&self, field: Field) -> Option<i32> {
        self.table.model.register(field)?;
        Some(self.table.get(field))
    }

    /// Begins anew with what its EEPROM holds.
    fn boot(&mut self) {
        self.table.boot();
        self.controller = Controller::default();
        self.protection = Protection::default();
        (self.turn, self.registered, self.next) = (None, None, None);
        self.hearing.clear();
        self.limits_as_goals();
        if let Some(baud) = u8::try_from(self.table.get(Field::BaudRate))
            .ok()
            .and_then(|code| self.table.model.baud_rate(code))
        {
            self.baud = baud;
        }
        self.speaks = self.table.get(Field::ProtocolType) == 2;
        self.waking = true;
        self.started = None;
    }

    /// Goals that limit the output begin as high as they may be, those that drive it at 0.
    pub(super) fn limits_as_goals(&mut self) {
        let mode = self.table.mode();
        let unless = |driven: Mode, limit: i32| if mode == driven { 0 } else { limit };
        let pwm = unless(Mode::Pwm, self.table.get(Field::PwmLimit));
        let current = unless(Mode::Current, self.table.get(Field::CurrentLimit));
        self.table.set(Field::GoalPwm, pwm);
        self.table.set(Field::GoalCurrent, current);
        self.table.set(Field::GoalVelocity, 0);
    }

    fn start_boot(&mut self, now: Stamp) {
        self.power = Power::Boots { until: now + BOOT };
        self.says.clear();
        self.hearing.clear();
        (self.turn, self.next) = (None, None);
    }

    pub(super) fn is_on(&self) -> bool {
        self.power == Power::On
    }

    /// Puts what the sensors see into the table.
    pub(super) fn sense(&mut self) {
        let Some(motor) = self.motor else { return };
        let sense = Sense::of(&self.table);
        let position = self.encoder.present(motor.position, sense);
        let sign = if sense.reverse { -1.0 } else { 1.0 };
        let current = match self.table.model.current_a {
            Some(unit_a) => sign * motor.current_a / unit_a,
            None => 0.0,
        };
        let voltage = self.supply_v.unwrap_or(motor.voltage_v) * 10.0;
        let degc = self.heat_degc.unwrap_or(motor.housing_degc);
        self.table.set(Field::PresentPosition, position);
        self.table.set(Field::PresentCurrent, current.round() as i32);
        self.table.set(Field::PresentInputVoltage, voltage.round() as i32);
        let degc = degc.round().clamp(0.0, 255.0);
        self.table.set(Field::PresentTemperature, degc as i32);
    }

    /// Turns the torque on, with every goal where nothing moves; not after a shutdown.
    pub(super) fn enable(&mut self) {
        if self.protection.has_shut_down() {
            return;
        }
        if self.table.mode() == Mode::Position {
            self.forget_turns();
        }
        self.controller.seed(&mut self.table);
        self.table.set(Field::TorqueEnable, 1);
    }

    pub(super) fn forget_turns(&mut self) {
        if let Some(motor) = self.motor {
            self.encoder.forget_turns(motor.position);
            self.sense();
        }
    }

    /// Whether the bus has been silent for too long; then it stops.
    fn watch_bus(&mut self, now: Stamp) {
        let Ok(counts @ 1..) = u32::try_from(self.table.get(Field::BusWatchdog)) else {
            return;
        };
        let on = self.table.get(Field::TorqueEnable) != 0;
        if on && now.since(self.spoken_to) > WATCHDOG * counts {
            self.table.set(Field::BusWatchdog, TRIPPED);
            self.controller.halt(&mut self.table);
        }
    }

    pub(super) fn do_next(&mut self, now: Stamp, next: Next) {
        if let Next::Reset(scope) = next {
            self.table.factory_reset(scope);
        }
        self.start_boot(now);
    }
}

impl Device for Dynamixel {
    fn receive(&mut self, now: Stamp, bytes: &[u8]) {
        if self.is_on() && self.speaks {
            self.listen(now, bytes);
        }
    }

    fn step(&mut self, now: Stamp, motor: &MotorState) -> MotorCommand {
        self.motor = Some(*motor);
        if !self.is_on() {
            return MotorCommand::Off;
        }
        let started = *self.started.get_or_insert(now);
        if std::mem::take(&mut self.waking) {
            self.spoken_to = now;
            self.forget_turns();
            self.controller.seed(&mut self.table);
            if self.table.has(Field::StartupConfiguration, startup::TORQUE_ON) {
                self.enable();
            }
        }
        self.sense();
        let tick = now.since(started).as_millis() % 32_768;
        self.table.set(Field::RealtimeTick, tick as i32);
        self.watch_bus(now);
        self.protection.watch(&mut self.table, motor, &self.controller);
        if self.table.get(Field::TorqueEnable) == 0 {
            self.controller.idle(&mut self.table, motor);
            return MotorCommand::Off;
        }
        self.controller.drive(&mut self.table, motor)
    }

    fn poll(&mut self) -> Option<Saying> {
        self.says.pop_front()
    }

    fn deadline(&self) -> Option<Stamp> {
        match self.power {
            Power::Off => None,
            Power::Boots { until } => Some(until),
            Power::On => {
                let next = self.next.map(|(stamp, _)| stamp);
                [next, self.hearing.deadline()].into_iter().flatten().min()
            }
        }
    }

    fn tick(&mut self, now: Stamp) {
        match self.power {
            Power::Boots { until } if until <= now => {
                self.power = Power::On;
                self.boot();
            }
            Power::On => {
                if self.hearing.is_stale(now) {
                    self.give_up(now);
                }
                if let Some((stamp, next)) = self.next
                    && stamp <= now
                {
                    self.next = None;
                    self.do_next(now, next);
                }
            }
            _ => {}
        }
    }

    fn baud(&self) -> u32 {
        self.baud
    }

    fn suffer(&mut self, now: Stamp, mishap: Mishap) {
        match mishap {
            Mishap::PowerLost => {
                self.start_boot(now);
                self.power = Power::Off;
            }
            Mishap::PowerBack if self.power == Power::Off => self.start_boot(now),
            Mishap::PowerBack => {}
            Mishap::Reboot if self.power == Power::Off => {}
            Mishap::Reboot => self.start_boot(now),
            Mishap::Heat(degc) => self.heat_degc = degc,
            Mishap::Supply(volts) => self.supply_v = volts,
            Mishap::Id(id) => self.table.set(Field::Id, i32::from(id)),
        }
    }
}

/// Why there is no such servo.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DynamixelError {
    /// Its model does not know this baud rate.
    #[error("{model} has no baud rate of {baud} bit/s")]
    Baud {
        /// The model.
        model: &'static str,
        /// Bits per second.
        baud: u32,
    },
    /// Its model does not have this register in its EEPROM.
    #[error("{model} has no {field:?} in its EEPROM")]
    NoRegister {
        /// The model.
        model: &'static str,
        /// The register.
        field: Field,
    },
    /// The register does not take the number.
    #[error("{register} takes {min} to {max}, not {value}")]
    Value {
        /// The register.
        register: &'static str,
        /// The number.
        value: i32,
        /// The lowest that it takes.
        min: i32,
        /// The highest.
        max: i32,
    },
}
