//! The electronic data sheet of a drive, as CiA 306 has it: its dictionary as text, made from the dictionary itself.

use std::fmt::Write;

use super::object::{Access, Kind, Map, Object};
use super::table::PARTED;

/// The data sheet of these objects, which are in the order of their addresses.
pub(crate) fn data_sheet(objects: &[Object]) -> String {
    let mut sheet = String::from(HEAD);
    let mut indices: Vec<u16> = objects.iter().map(|object| object.address.index).collect();
    indices.dedup();
    let list_of = |index: u16| match index {
        0x1000 | 0x1001 | 0x1018 => "MandatoryObjects",
        0x2000..0x6000 => "ManufacturerObjects",
        _ => "OptionalObjects",
    };
    for list in ["MandatoryObjects", "OptionalObjects", "ManufacturerObjects"] {
        let members: Vec<u16> = indices
            .iter()
            .copied()
            .filter(|&index| list_of(index) == list)
            .collect();
        sheet.push_str(&format!("\n[{list}]\nSupportedObjects={}\n", members.len()));
        for (place, index) in (1..).zip(members) {
            sheet.push_str(&format!("{place}=0x{index:04X}\n"));
        }
    }
    for index in indices {
        let parts: Vec<&Object> = objects
            .iter()
            .filter(|object| object.address.index == index)
            .collect();
        describe(&mut sheet, index, &parts);
    }
    sheet
}

fn describe(sheet: &mut String, index: u16, parts: &[&Object]) {
    let parted = PARTED.iter().find(|(parted, ..)| *parted == index);
    let Some((_, name, alike)) = parted else {
        return entry(sheet, &format!("{index:04X}"), parts[0]);
    };
    let kind = if *alike { 8 } else { 9 };
    sheet.push_str(&format!(
        "\n[{index:04X}]\nParameterName={name}\nObjectType=0x{kind}\nSubNumber={}\n",
        parts.len()
    ));
    for part in parts {
        entry(sheet, &format!("{index:04X}sub{:X}", part.address.sub), part);
    }
}

fn entry(sheet: &mut String, section: &str, object: &Object) {
    let kind = if object.kind.size().is_none() && !matches!(object.kind, Kind::Text(_)) {
        2
    } else {
        7
    };
    let access = match object.access {
        Access::Constant => "const",
        Access::ReadOnly => "ro",
        Access::ReadWrite => "rw",
    };
    let default = match object.kind {
        Kind::Text(text) => text.to_owned(),
        _ if object.plus_node => format!("$NODEID+0x{:X}", object.default),
        Kind::DataSheet | Kind::Bytes => String::new(),
        _ => object.default.to_string(),
    };
    let mapped = u8::from(object.map != Map::None);
    sheet.push_str(&format!(
        "\n[{section}]\nParameterName={}\nObjectType=0x{kind}\nDataType=0x{:04X}\nAccessType={access}\nDefaultValue={default}\nPDOMapping={mapped}\n",
        object.name,
        object.kind.data_type(),
    ));
    let full = object.kind.size().is_none() || object.access != Access::ReadWrite;
    if !full {
        let written = write!(sheet, "LowLimit={}\nHighLimit={}\n", object.low, object.high);
        written.expect("a String takes everything");
    }
}

const HEAD: &str = "[FileInfo]
FileName=servomesh_drive.eds
FileVersion=1
FileRevision=0
EDSVersion=4.0
Description=CiA 402 drive
CreationTime=12:00AM
CreationDate=01-01-2026
CreatedBy=Servomesh
ModificationTime=12:00AM
ModificationDate=01-01-2026
ModifiedBy=Servomesh

[DeviceInfo]
VendorName=Servomesh
VendorNumber=0x0
ProductName=Servomesh drive
ProductNumber=0x402
RevisionNumber=0x10000
OrderCode=simulated
BaudRate_10=1
BaudRate_20=1
BaudRate_50=1
BaudRate_125=1
BaudRate_250=1
BaudRate_500=1
BaudRate_800=1
BaudRate_1000=1
SimpleBootUpMaster=0
SimpleBootUpSlave=1
Granularity=1
DynamicChannelsSupported=0
GroupMessaging=0
NrOfRXPDO=4
NrOfTXPDO=4
LSS_Supported=1

[DummyUsage]
Dummy0001=0
Dummy0002=0
Dummy0003=0
Dummy0004=0
Dummy0005=0
Dummy0006=0
Dummy0007=0
";
