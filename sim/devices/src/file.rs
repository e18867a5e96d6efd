//! The file that says which buses there are, with which devices, and what moves behind them.
//!
//! ```yaml
//! machine:                     # without it each device has a motor on a bench
//!   urdf: cell.urdf            # paths are relative to this file
//!   servos: cell.servos.yaml
//!   start: { elbow_joint: 1.57 }
//! buses:
//!   arm:
//!     baud: 1000000            # of the devices, and of the master until it sets its own
//!     devices:
//!       - { protocol: dynamixel, model: XM430-W350, id: 1, joint: elbow_joint }
//!       - { protocol: feetech, id: 2, joint: slide_joint, ratio: 50.0 }  # rad of its output for each m
//!       - { protocol: feetech, id: 3, baud: 57600, motor: { inertia: 0.002, load: 0.5, position: 3.14 } }
//!   wheels:                    # CANopen drives have a bus of their own, and a port that speaks slcan
//!     baud: 500000
//!     devices:
//!       - { protocol: canopen, id: 5 }
//!   lift:                      # ... or an interface of a kernel that has CAN
//!     interface: vcan0
//!     devices:
//!       - { protocol: canopen, id: 1 }
//! ```
//!
//! **Invariant:** what is read names no joint twice, and every figure can be.

use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::PI;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::DevicesError;

/// A whole file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BusFile {
    /// What the devices' joints belong to.
    #[serde(default)]
    pub machine: Option<MachineEntry>,
    /// The buses by name.
    pub buses: BTreeMap<String, BusEntry>,
}

/// A machine.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MachineEntry {
    /// Its description.
    pub urdf: PathBuf,
    /// The servos at its joints.
    pub servos: PathBuf,
    /// Where joints stand at the start \[rad, m\]; 0 unless given.
    #[serde(default)]
    pub start: BTreeMap<String, f64>,
}

/// A bus.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BusEntry {
    /// Bits per second.
    #[serde(default = "baud")]
    pub baud: u32,
    /// Seed of what is random on the line.
    #[serde(default)]
    pub seed: u64,
    /// The CAN interface of the kernel on which its devices answer; a pseudo-terminal unless given.
    #[serde(default)]
    pub interface: Option<String>,
    /// What hangs on it.
    pub devices: Vec<DeviceEntry>,
}

/// A device.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceEntry {
    /// What it speaks.
    pub protocol: Protocol,
    /// Its model; the protocol's usual one unless given.
    #[serde(default)]
    pub model: Option<String>,
    /// Its id on the bus; 0 for a CANopen drive that waits to be given one. Two may have the same, as on real buses.
    pub id: u8,
    /// Bits per second, where it is set to others than its bus.
    #[serde(default)]
    pub baud: Option<u32>,
    /// The machine's joint that it moves.
    #[serde(default)]
    pub joint: Option<String>,
    /// How far its output turns for each unit of the joint \[1, rad/m\]; 1 unless given.
    #[serde(default)]
    pub ratio: Option<f64>,
    /// The motor on a bench that it moves, where it moves no joint.
    #[serde(default)]
    pub motor: Option<MotorEntry>,
}

/// What a device can speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// ROBOTIS' Protocol 2.0, X series.
    Dynamixel,
    /// FEETECH's serial bus, STS.
    Feetech,
    /// CiA 402 on a CAN bus; the port is that of an slcan adapter, or an interface of the kernel.
    Canopen,
}

/// A motor on a bench.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MotorEntry {
    /// Data sheet of the servo; unless given that of the STS3215 for FEETECH's, else that of the XM430-W350.
    pub sheet: Option<PathBuf>,
    /// The flywheel that it turns \[kg·m²\].
    pub inertia: f64,
    /// The torque that turns it backwards \[N·m\].
    pub load: f64,
    /// Where it stands at the start \[rad\].
    pub position: f64,
}

impl Default for MotorEntry {
    fn default() -> Self {
        Self {
            sheet: None,
            inertia: 0.002,
            load: 0.0,
            position: PI,
        }
    }
}

impl BusFile {
    /// Reads a file; paths in it become relative to where it is.
    ///
    /// # Errors
    /// It can't be read, or says what can't be; names file, bus, device and value.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, DevicesError> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|reason| DevicesError::Read {
            path: path.to_owned(),
            reason,
        })?;
        let mut file = Self::parse(&text, &path.display().to_string())?;
        let folder = path.parent().unwrap_or(Path::new(""));
        if let Some(machine) = &mut file.machine {
            machine.urdf = folder.join(&machine.urdf);
            machine.servos = folder.join(&machine.servos);
        }
        let devices = file.buses.values_mut().flat_map(|bus| &mut bus.devices);
        for sheet in devices.filter_map(|device| device.motor.as_mut()?.sheet.as_mut()) {
            *sheet = folder.join(&sheet);
        }
        Ok(file)
    }

    /// Reads the text of a file; `file` is what errors call it.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(text: &str, file: &str) -> Result<Self, DevicesError> {
        let invalid = |reason| DevicesError::Invalid {
            file: file.to_owned(),
            reason,
        };
        let parsed: Self = serde_norway::from_str(text).map_err(|error| invalid(error.to_string()))?;
        parsed.check().map_err(invalid)?;
        Ok(parsed)
    }

    fn check(&self) -> Result<(), String> {
        if self.buses.is_empty() {
            return Err("there is no bus; name at least one under `buses:`".to_owned());
        }
        let start = self.machine.iter().flat_map(|machine| &machine.start);
        if let Some((joint, value)) = start.into_iter().find(|(_, value)| !value.is_finite()) {
            return Err(format!("start of joint {joint} is {value}; it must be finite"));
        }
        let mut joints = BTreeSet::new();
        for (name, bus) in &self.buses {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
            if name.is_empty() || !name.bytes().all(plain) {
                return Err(format!(
                    "bus {name:?}: a name is of letters, digits, _ and -, as it becomes a file's"
                ));
            }
            bus.check().map_err(|reason| format!("bus {name}: {reason}"))?;
            for device in &bus.devices {
                let Some(joint) = &device.joint else { continue };
                if !joints.insert(joint) {
                    return Err(format!("bus {name}: joint {joint} has two devices"));
                }
            }
        }
        Ok(())
    }
}

impl BusEntry {
    fn check(&self) -> Result<(), String> {
        if self.devices.is_empty() {
            return Err("it has no devices; list at least one under `devices:`".to_owned());
        }
        if !RATES.contains(&self.baud) {
            return Err(format!("baud is {}; it must be {RATES_WORDS}", self.baud));
        }
        let on_can = |device: &DeviceEntry| device.protocol == Protocol::Canopen;
        let count = self.devices.iter().filter(|device| on_can(device)).count();
        if count > 0 && count < self.devices.len() {
            return Err(
                "some of its devices are on CAN and some on a serial line; give each kind a bus".to_owned(),
            );
        }
        if let Some(interface) = &self.interface
            && (count == 0 || !is_interface(interface))
        {
            return Err(format!(
                "interface is {interface:?}; it must be the name of a CAN interface, such as vcan0, and its devices CANopen drives"
            ));
        }
        for device in &self.devices {
            device
                .check()
                .map_err(|reason| format!("device {}: {reason}", device.id))?;
        }
        Ok(())
    }
}

impl DeviceEntry {
    fn check(&self) -> Result<(), String> {
        if let Some(baud) = self.baud
            && !RATES.contains(&baud)
        {
            return Err(format!("baud is {baud}; it must be {RATES_WORDS}"));
        }
        if self.joint.is_some() && self.motor.is_some() {
            return Err("it has a joint and a motor; it moves one of them".to_owned());
        }
        if self.ratio.is_some() && self.joint.is_none() {
            return Err("it has a ratio, but no joint".to_owned());
        }
        let possible = |ratio: f64| ratio.is_finite() && ratio.abs() > 1e-9;
        if let Some(ratio) = self.ratio.filter(|ratio| !possible(*ratio)) {
            return Err(format!("ratio is {ratio}; it must be finite and not 0"));
        }
        let Some(motor) = &self.motor else {
            return Ok(());
        };
        if !(motor.inertia.is_finite() && motor.inertia >= 0.0) {
            return Err(format!(
                "motor.inertia is {}; it must be finite and at least 0",
                motor.inertia
            ));
        }
        for (name, value) in [("load", motor.load), ("position", motor.position)] {
            if !value.is_finite() {
                return Err(format!("motor.{name} is {value}; it must be finite"));
            }
        }
        Ok(())
    }
}

/// Whether an interface of the kernel can have this name.
fn is_interface(name: &str) -> bool {
    (1..16).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/')
}

fn baud() -> u32 {
    1_000_000
}

/// What serial ports can do.
const RATES: std::ops::RangeInclusive<u32> = 1200..=12_000_000;
const RATES_WORDS: &str = "from 1200 to 12000000 bits per second";

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        BusFile::parse(text, "here.yaml").expect_err(text).to_string()
    }

    #[test]
    fn the_example_is_read() {
        let docs = include_str!("file.rs").lines();
        let yaml = docs.skip_while(|line| *line != "//! ```yaml").skip(1);
        let lines = yaml
            .take_while(|line| *line != "//! ```")
            .filter_map(|line| line.strip_prefix("//! "));
        let text = lines.collect::<Vec<_>>().join("\n");
        let file = BusFile::parse(&text, "docs").expect("the example");
        assert_eq!(file.buses["wheels"].devices[0].protocol, Protocol::Canopen);
        let devices = &file.buses["arm"].devices;
        assert_eq!(devices.len(), 3);
        assert_eq!((devices[1].ratio, devices[2].baud), (Some(50.0), Some(57_600)));
    }

    #[test]
    fn what_cannot_be_names_file_bus_device_and_value() {
        let with = |device: &str| error(&format!("buses: {{ arm: {{ devices: [{{ {device} }}] }} }}"));
        for (device, words) in [
            (
                "protocol: feetech, id: 1, baud: 5",
                "here.yaml: bus arm: device 1: baud is 5",
            ),
            ("protocol: feetech, id: 300", "300"),
            ("protocol: modbus, id: 3", "unknown variant `modbus`"),
            ("protocol: feetech, id: 3, speed: 1", "unknown field `speed`"),
            (
                "protocol: feetech, id: 3, ratio: 2",
                "it has a ratio, but no joint",
            ),
            (
                "protocol: feetech, id: 3, motor: { inertia: -1 }",
                "motor.inertia is -1",
            ),
            (
                "protocol: feetech, id: 3, motor: { load: .nan }",
                "motor.load is NaN",
            ),
        ] {
            let message = with(device);
            assert!(message.contains(words), "{message:?} lacks {words:?}");
        }
        let mixed = with("protocol: feetech, id: 1 }, { protocol: canopen, id: 2");
        assert!(mixed.contains("give each kind a bus"), "{mixed}");
        for (interface, protocol) in [
            ("vcan0", "feetech"),
            ("a/b", "canopen"),
            ("a_name_far_too_long", "canopen"),
        ] {
            let text = error(&format!(
                "buses: {{ arm: {{ interface: {interface}, devices: [{{ protocol: {protocol}, id: 1 }}] }} }}"
            ));
            assert!(text.contains("bus arm: interface is"), "{text}");
        }
        assert!(error("buses: {}").contains("there is no bus"));
        assert!(error("buses: { a/b: { devices: [] } }").contains("bus \"a/b\""));
        assert!(error("buses: { arm: { devices: [] } }").contains("bus arm: it has no devices"));
    }

    #[test]
    fn a_joint_has_one_device() {
        let text = "machine: { urdf: a, servos: b }\nbuses:\n  \
                    a: { devices: [{ protocol: feetech, id: 1, joint: elbow }] }\n  \
                    b: { devices: [{ protocol: feetech, id: 1, joint: elbow }] }\n";
        assert!(error(text).contains("bus b: joint elbow has two devices"));
    }
}
