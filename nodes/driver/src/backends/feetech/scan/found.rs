//! What a scan finds at an id.

use crate::backends::feetech::layout::{counts, model_number};
use crate::backends::feetech::setup::STS_SERIES;
use crate::backends::scan;
use servomesh_fieldbus::feetech::number::ByteOrder;
use servomesh_fieldbus::feetech::status::Alarms;
use servomesh_fieldbus::feetech::sts3215::{
    FIRMWARE_MAJOR, FIRMWARE_MINOR, MODE, PRESENT_POSITION, PRESENT_TEMPERATURE, PRESENT_VOLTAGE, STATUS,
    TORQUE_ENABLE,
};
use servomesh_fieldbus::feetech::table::{Model, Register};

/// Somebody who answers to an id at a speed.
pub type Found = scan::Found<Identity>;
/// Who answers to an id.
pub type Who = scan::Who<Identity>;
/// What the registers of a servo hold.
pub type Registers = scan::Registers<State>;

/// What one servo says of itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Identity {
    /// Its model; `None`: it was not read, or its number is not known here.
    pub model: Option<&'static str>,
    /// What its registers hold.
    pub registers: Registers,
}

/// How a servo is: registers that the tables of the series STS and SCS have alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    /// Its model number.
    pub number: u16,
    /// The version of its firmware: major, minor.
    pub firmware: (u8, u8),
    /// What it controls, for a servo of the series STS.
    pub mode: Option<&'static str>,
    /// Whether its torque is on.
    pub torque: bool,
    /// What it complains of.
    pub alarms: Alarms,
    /// Its supply \[V\].
    pub voltage_v: f64,
    /// Its temperature \[°C\].
    pub temperature_degc: f64,
    /// Its position \[ticks\].
    pub position_ticks: i32,
    /// Its position \[rad\]; `None`: its model is not known, so neither is what a tick is.
    pub position: Option<f64>,
}

impl Identity {
    pub(super) fn of(registers: scan::Registers<&[u8]>) -> Self {
        let registers = match registers {
            scan::Registers::Read(table) => State::of(table).map_or(Registers::Unknown, Registers::Read),
            scan::Registers::Silent => Registers::Silent,
            scan::Registers::Unknown => Registers::Unknown,
        };
        let model = match registers {
            Registers::Read(state) => Model::of(state.number).map(|model| model.name),
            Registers::Silent | Registers::Unknown => None,
        };
        Self { model, registers }
    }
}

impl State {
    /// What registers from address 0 on say; `None`: they are no servo's of these series, or too few.
    fn of(table: &[u8]) -> Option<Self> {
        let byte = |register: &Register| table.get(usize::from(register.address)).copied();
        let (order, number) = model_number(table)?;
        let model = Model::of(number).filter(|model| model.order == order);
        let known = model.and_then(|model| model.at(PRESENT_POSITION.address));
        let register = known.unwrap_or(&PRESENT_POSITION);
        let bytes = table.get(usize::from(register.address)..register.end())?;
        let position = register.get(order, bytes).ok()?;
        let is_sts = order == ByteOrder::Little && number.to_le_bytes()[0] == STS_SERIES;
        let si = |register: &Register| counts(order, register, 0, table).map(|counts| register.to_si(counts));
        Some(Self {
            number,
            firmware: (byte(&FIRMWARE_MAJOR)?, byte(&FIRMWARE_MINOR)?),
            mode: byte(&MODE).filter(|_| is_sts).and_then(mode),
            torque: byte(&TORQUE_ENABLE)? == 1,
            alarms: Alarms::new(byte(&STATUS)?)?,
            voltage_v: si(&PRESENT_VOLTAGE)?,
            temperature_degc: si(&PRESENT_TEMPERATURE)?,
            position_ticks: position,
            position: known.map(|register| register.to_si(position)),
        })
    }
}

/// What a number in the mode's register of an STS servo means.
fn mode(number: u8) -> Option<&'static str> {
    ["position", "velocity", "pwm", "step"]
        .get(usize::from(number))
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use servomesh_fieldbus::feetech::{scs0009, sts3215};

    /// The registers of a model at the start, at a position.
    fn table(model: &Model, position: i32, room: usize) -> Vec<u8> {
        let mut table = vec![0; model.size().max(room)];
        model.reset(&mut table).expect("room for all registers");
        let register = model.at(PRESENT_POSITION.address).expect("a position");
        let place = usize::from(register.address)..register.end();
        register
            .put(model.order, position, &mut table[place])
            .expect("it takes it");
        table.truncate(room);
        table
    }

    #[test]
    fn servos_of_both_byte_orders_say_what_they_are() {
        let read = |table: &[u8]| match Identity::of(scan::Registers::Read(table)) {
            Identity {
                model,
                registers: Registers::Read(state),
            } => (model, state),
            other => panic!("{other:?}"),
        };
        let (model, state) = read(&table(&sts3215::MODEL, -100, 71));
        assert_eq!((model, state.number), (Some("STS3215"), 777));
        assert_eq!((state.mode, state.position_ticks), (Some("position"), -100));
        let (model, state) = read(&table(&scs0009::MODEL, 512, 71));
        assert_eq!((model, state.number), (Some("SCS0009"), 1284));
        assert_eq!((state.mode, state.position_ticks), (None, 512));
        let turned = state.position.expect("a known model");
        assert!((turned - 150_f64.to_radians()).abs() < 1e-9, "{turned}");
    }

    #[test]
    fn a_model_that_is_not_known_is_read_all_the_same() {
        let mut table = table(&sts3215::MODEL, 2100, 71);
        table[4] = 11; // an STS3250
        let identity = Identity::of(scan::Registers::Read(&table));
        let Registers::Read(state) = identity.registers else {
            panic!("{identity:?}");
        };
        assert_eq!((identity.model, state.number), (None, 2825));
        assert_eq!((state.position_ticks, state.position), (2100, None));
        table[2] = 7;
        let identity = Identity::of(scan::Registers::Read(&table));
        assert_eq!(identity.registers, Registers::Unknown, "no byte order");
    }
}
