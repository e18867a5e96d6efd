//! What a scan finds at an id.

use crate::backends::scan;
use servomesh_fieldbus::dynamixel::{Alarms, Field, Mode, Model, Pong};

/// Somebody who answers to an id at a speed.
pub type Found = scan::Found<Identity>;
/// Who answers to an id.
pub type Who = scan::Who<Identity>;
/// What the registers of a servo hold.
pub type Registers = scan::Registers<State>;

/// What one servo says of itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Identity {
    /// Its model number.
    pub number: u16,
    /// The version of its firmware.
    pub firmware: u8,
    /// The model of that number, if it is known here.
    pub model: Option<&'static Model>,
    /// What its registers hold.
    pub registers: Registers,
}

/// How a servo is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    /// What it controls; `None`: its register holds a number that is no mode.
    pub mode: Option<Mode>,
    /// Whether its torque is on.
    pub torque: bool,
    /// Its hardware errors.
    pub alarms: Alarms,
    /// Its supply \[V\].
    pub voltage_v: f64,
    /// Its temperature \[°C\].
    pub temperature_degc: f64,
    /// Its position \[ticks\].
    pub position_ticks: i32,
    /// Its position \[rad\].
    pub position: f64,
}

impl Identity {
    pub(super) fn of(pong: Pong, registers: scan::Registers<&[u8]>) -> Self {
        let model = Model::of(pong.model, pong.firmware);
        let registers = match registers {
            scan::Registers::Read(table) => model
                .and_then(|model| State::of(model, table))
                .map_or(Registers::Unknown, Registers::Read),
            scan::Registers::Silent => Registers::Silent,
            scan::Registers::Unknown => Registers::Unknown,
        };
        Self {
            number: pong.model,
            firmware: pong.firmware,
            model,
            registers,
        }
    }
}

impl State {
    /// What a control table from address 0 on says; `None` if it is too short.
    pub(super) fn of(model: &Model, table: &[u8]) -> Option<Self> {
        let si = |field: Field| {
            let counts = field.get(table)?;
            model.register(field).map(|register| register.to_si(counts))
        };
        let byte = |field: Field| field.get(table).and_then(|counts| u8::try_from(counts).ok());
        Some(Self {
            mode: Mode::of(byte(Field::OperatingMode)?),
            torque: byte(Field::TorqueEnable)? != 0,
            alarms: Alarms(byte(Field::HardwareErrorStatus)?),
            voltage_v: si(Field::PresentInputVoltage)?,
            temperature_degc: si(Field::PresentTemperature)?,
            position_ticks: Field::PresentPosition.get(table)?,
            position: si(Field::PresentPosition)?,
        })
    }
}
