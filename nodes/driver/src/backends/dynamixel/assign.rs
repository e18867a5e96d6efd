//! How a DYNAMIXEL servo is given another id or speed.

use super::scan::Protocol2;
use crate::backends::assign::{Assignable, Facts};
use servomesh_fieldbus::dynamixel::{Field, Id, Instruction, Model, Pong};

impl Assignable for Protocol2 {
    fn facts(pong: Pong, table: &[u8]) -> Option<Facts> {
        let model = Model::of(pong.model, pong.firmware)?;
        Some(Facts {
            model: model.name,
            torque: Field::TorqueEnable.get(table)? != 0,
            speeds: model.baud_rates,
            lock: None,
        })
    }

    fn lock(_id: u8, _facts: &Facts, _closed: bool) -> Option<Vec<u8>> {
        None // EEPROM is open while the torque is off
    }

    fn set_id(id: u8, new: u8) -> Vec<u8> {
        write(id, Field::Id, new)
    }

    fn set_speed(id: u8, place: u8) -> Vec<u8> {
        write(id, Field::BaudRate, place)
    }
}

/// A write to one servo; to none if it has no id.
fn write(id: u8, field: Field, value: u8) -> Vec<u8> {
    let address = field.address();
    let data = &[value];
    let instruction = Instruction::Write { address, data };
    Id::device(id).map_or_else(Vec::new, |id| super::scan::bytes(id, &instruction))
}
