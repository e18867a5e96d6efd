//! Against ROBOTIS' SDK: its control tables of the X series are ours, register by register.

#![allow(clippy::unwrap_used)] // a test that fails says where

use serde_json::Value;
use servomesh_fieldbus::dynamixel::{Field, MODELS, Model, Place};

/// What the SDK's files do not name, and the manual does.
const OURS: [Field; 2] = [Field::StartupConfiguration, Field::BackupReady];

#[test]
fn control_tables_are_those_of_the_sdk() {
    let golden: Value = serde_json::from_str(include_str!("golden/control_tables.json")).unwrap();
    let mut compared = 0;
    for table in golden.as_array().unwrap() {
        let number = u16::try_from(table[0].as_u64().unwrap()).unwrap();
        let file = table[1].as_str().unwrap();
        let firmware = if file.contains("_fw52") { 52 } else { u8::MAX };
        let Some(model) = Model::of(number, firmware) else {
            continue;
        };
        compared += 1;
        let stem = file.trim_end_matches(".model").replace("_fw52", "");
        assert_eq!(
            Model::named(&stem).map(|model| model.number),
            Some(number),
            "{file}"
        );
        let registers = table[2].as_array().unwrap();
        for register in registers {
            let address = u16::try_from(register[0].as_u64().unwrap()).unwrap();
            let name = register[2].as_str().unwrap();
            let size = match model.at(address) {
                Some(Place::Register(ours)) => {
                    assert_eq!((ours.address, ours.name), (address, name), "{file}");
                    ours.kind.size()
                }
                Some(Place::IndirectAddress(area, 0)) => {
                    assert_eq!((area.addresses, name), (address, "Indirect Address 1"), "{file}");
                    2
                }
                Some(Place::IndirectData(area, 0)) => {
                    assert_eq!((area.data, name), (address, "Indirect Data 1"), "{file}");
                    1
                }
                other => panic!("{file}: {name} at {address} is {other:?}"),
            };
            assert_eq!(u64::from(size), register[1].as_u64().unwrap(), "{file}: {name}");
        }
        for register in model.registers {
            let named = registers.iter().any(|theirs| theirs[2] == register.name);
            assert_eq!(
                named,
                !OURS.contains(&register.field),
                "{file}: {}",
                register.name
            );
        }
    }
    assert_eq!(compared, MODELS.len());
}
