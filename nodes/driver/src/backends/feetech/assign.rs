//! How a FEETECH servo is given another id or speed: between opening and closing the lock of its EPROM.

use super::layout::model_number;
use super::scan::{Scs, bytes};
use crate::backends::assign::{Assignable, Facts};
use servomesh_fieldbus::feetech::instruction::Instruction;
use servomesh_fieldbus::feetech::sts3215::{BAUD_RATE, ID, TORQUE_ENABLE};
use servomesh_fieldbus::feetech::table::{BAUD_RATES, Model};

impl Assignable for Scs {
    fn facts((): (), table: &[u8]) -> Option<Facts> {
        let byte = |address: u8| table.get(usize::from(address)).copied();
        let (order, number) = model_number(table)?;
        let model = Model::of(number).filter(|model| model.order == order)?;
        Some(Facts {
            model: model.name,
            torque: byte(TORQUE_ENABLE.address)? == 1,
            speeds: &BAUD_RATES,
            lock: Some(model.lock.address),
        })
    }

    fn lock(id: u8, facts: &Facts, closed: bool) -> Option<Vec<u8>> {
        facts.lock.map(|address| write(id, address, closed.into()))
    }

    fn set_id(id: u8, new: u8) -> Vec<u8> {
        write(id, ID.address, new)
    }

    fn set_speed(id: u8, place: u8) -> Vec<u8> {
        write(id, BAUD_RATE.address, place)
    }
}

fn write(id: u8, address: u8, value: u8) -> Vec<u8> {
    let data = &[value];
    bytes(id, &Instruction::Write { address, data })
}
