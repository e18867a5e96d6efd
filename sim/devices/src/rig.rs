//! Buses, devices and motors as a file describes them, all on one time.
//!
//! **Invariant:** all buses of a rig have gone through a millisecond before one begins the next, so that joints of one machine move in step.

use std::time::Duration;

use servomesh_fieldbus::canopen::NodeId;
use servomesh_fieldbus::dynamixel::{Id, MODELS, Model};
use servomesh_sim::plant::PERIOD;
use servomesh_sim::{DataSheet, Plant, ServoCatalog};
use servomesh_types::Stamp;

use crate::bus::Bus;
use crate::canopen::{CanBus, CanopenDrive};
use crate::device::{Device, Mishap};
use crate::dynamixel::Dynamixel;
use crate::error::DevicesError;
use crate::feetech;
use crate::file::{BusEntry, BusFile, DeviceEntry, MachineEntry, Protocol};
use crate::motor::{FreeMotor, Machine, Motor};
use crate::wire::Wire;

/// Everything that a file describes.
pub struct Rig {
    buses: Vec<NamedBus>,
    machine: Option<Machine>,
    now: Stamp,
}

/// A bus with its name.
pub struct NamedBus {
    /// As in the file.
    pub name: String,
    /// Bits per second of its port, until the master sets others.
    pub baud: u32,
    /// The CAN interface of the kernel in place of a port.
    pub interface: Option<String>,
    /// What its master has.
    pub wire: Box<dyn Wire>,
    /// The devices' ids, in the order of their indices.
    pub ids: Vec<u8>,
    /// What hangs on it, in words.
    pub devices: String,
}

/// Gives the motor of a joint by its name, whose servo's output turns so far for each unit of the joint \[1, rad/m\]; or says why there is none.
pub type Joints<'a> = dyn FnMut(&str, f64) -> Result<Box<dyn Motor>, String> + 'a;

impl Rig {
    /// Builds what a file describes, at the time `now`.
    ///
    /// # Errors
    /// A file that it names can't be used, or a device can't be; names bus and device.
    pub fn new(file: &BusFile, now: Stamp) -> Result<Self, DevicesError> {
        let machine = file.machine.as_ref().map(build_machine).transpose()?;
        let mut joints = |joint: &str, ratio| match &machine {
            Some(machine) => match machine.motor(joint, ratio) {
                Ok(motor) => Ok(Box::new(motor) as Box<dyn Motor>),
                Err(error) => Err(error.to_string()),
            },
            None => Err(format!("it moves joint {joint}, but the file has no `machine:`")),
        };
        let buses = build_buses(file, &mut joints, now)?;
        Ok(Self { buses, machine, now })
    }

    /// Builds the buses of a file around a machine that somebody else runs, at the time `now`. `joints` gives the motor of a joint, whose servo's output
    /// turns so far for each unit of it \[1, rad/m\].
    ///
    /// # Errors
    /// As [`new`](Self::new); or the file has a machine of its own.
    pub fn around(file: &BusFile, joints: &mut Joints<'_>, now: Stamp) -> Result<Self, DevicesError> {
        if let (Some(_), Some(bus)) = (&file.machine, file.buses.keys().next()) {
            return Err(DevicesError::Bus {
                bus: bus.clone(),
                reason: "its file has a `machine:` of its own; take it out where another one is moved"
                    .to_owned(),
            });
        }
        let buses = build_buses(file, joints, now)?;
        let machine = None;
        Ok(Self { buses, machine, now })
    }

    /// The buses, in the order of their names.
    pub fn buses_mut(&mut self) -> &mut [NamedBus] {
        &mut self.buses
    }

    /// The machine, if it is the file's own.
    pub fn machine(&self) -> Option<&Machine> {
        self.machine.as_ref()
    }

    /// A bus by its name.
    ///
    /// # Errors
    /// There is none; names those there are.
    pub fn bus_mut(&mut self, name: &str) -> Result<&mut NamedBus, DevicesError> {
        let known: Vec<_> = self.buses.iter().map(|bus| bus.name.clone()).collect();
        let found = self.buses.iter_mut().find(|bus| bus.name == name);
        found.ok_or_else(|| {
            DevicesError::Command(format!("there is no bus {name}; there are {}", known.join(", ")))
        })
    }

    /// Goes on to `now`, millisecond by millisecond with all buses.
    pub fn advance_to(&mut self, now: Stamp) {
        while self.now < now {
            self.now = self.now.next_multiple(PERIOD, Duration::ZERO).min(now);
            for bus in &mut self.buses {
                bus.wire.advance_to(self.now);
            }
        }
    }

    /// When something happens next on one of the buses.
    pub fn next_event(&self) -> Stamp {
        let events = self.buses.iter().map(|bus| bus.wire.next_event());
        events.fold(self.now + PERIOD, Stamp::min)
    }
}

impl NamedBus {
    /// Something befalls the devices with an id, or all of them.
    ///
    /// # Errors
    /// There is no such device; names those there are.
    pub fn suffer(&mut self, id: Option<u8>, mishap: Mishap) -> Result<(), DevicesError> {
        let concerned = |(index, own): (usize, &u8)| id.is_none_or(|id| id == *own).then_some(index);
        let indices: Vec<_> = self.ids.iter().enumerate().filter_map(concerned).collect();
        if indices.is_empty() {
            let known: Vec<_> = self.ids.iter().map(u8::to_string).collect();
            return Err(DevicesError::Command(format!(
                "bus {} has no device {}; it has {}",
                self.name,
                id.unwrap_or_default(),
                known.join(", ")
            )));
        }
        for index in indices {
            self.wire.suffer(index, mishap);
            if let Mishap::Id(id) = mishap {
                self.ids[index] = id;
            }
        }
        Ok(())
    }
}

fn build_buses(file: &BusFile, joints: &mut Joints<'_>, now: Stamp) -> Result<Vec<NamedBus>, DevicesError> {
    let mut buses = Vec::new();
    for (name, entry) in &file.buses {
        let refused = |reason| DevicesError::Bus {
            bus: name.clone(),
            reason,
        };
        buses.push(NamedBus {
            name: name.clone(),
            baud: entry.baud,
            interface: entry.interface.clone(),
            wire: build_bus(entry, joints, now).map_err(refused)?,
            ids: entry.devices.iter().map(|device| device.id).collect(),
            devices: in_words(&entry.devices),
        });
    }
    Ok(buses)
}

fn build_machine(entry: &MachineEntry) -> Result<Machine, DevicesError> {
    let model = servomesh_robot::Model::from_urdf_file(&entry.urdf).map_err(servomesh_sim::SimError::from)?;
    let servos = ServoCatalog::from_yaml_file(&entry.servos)?;
    let mut plant = Plant::new(&model, &servos)?;
    let mut positions = plant.positions().to_vec();
    for (joint, start) in &entry.start {
        let index = model.joint_index(joint).map_err(servomesh_sim::SimError::from)?;
        positions[index] = *start;
    }
    plant.place(&positions)?;
    Ok(Machine::new(plant))
}

fn build_bus(entry: &BusEntry, joints: &mut Joints<'_>, now: Stamp) -> Result<Box<dyn Wire>, String> {
    if entry
        .devices
        .iter()
        .any(|device| device.protocol == Protocol::Canopen)
    {
        return build_can(entry, joints, now);
    }
    let mut bus = Bus::new(now, entry.baud);
    bus.set_seed(entry.seed);
    for device in &entry.devices {
        let named = |reason: String| format!("device {}: {reason}", device.id);
        let motor = build_motor(device, joints).map_err(named)?;
        bus.add_boxed(build_face(device, entry.baud).map_err(named)?, motor);
    }
    Ok(Box::new(bus))
}

fn build_can(entry: &BusEntry, joints: &mut Joints<'_>, now: Stamp) -> Result<Box<dyn Wire>, String> {
    let mut bus = match entry.interface {
        Some(_) => CanBus::with_interface(now, entry.baud),
        None => CanBus::new(now, entry.baud),
    };
    bus.set_seed(entry.seed);
    for (serial_number, device) in (1..).zip(&entry.devices) {
        let named = |reason: String| format!("device {}: {reason}", device.id);
        let id = match device.id {
            0 => None,
            id => Some(NodeId::new(id).ok_or_else(|| named("node ids are 1 to 127".to_owned()))?),
        };
        let drive = CanopenDrive::new(now, id, device.baud.unwrap_or(entry.baud), serial_number);
        bus.add_boxed(Box::new(drive), build_motor(device, joints).map_err(named)?);
    }
    Ok(Box::new(bus))
}

/// The device itself, on a serial line.
fn build_face(entry: &DeviceEntry, bus_baud: u32) -> Result<Box<dyn Device>, String> {
    let baud = entry.baud.unwrap_or(bus_baud);
    match entry.protocol {
        Protocol::Dynamixel => {
            let name = entry.model.as_deref().unwrap_or("XM430-W350");
            let model = Model::named(name).ok_or_else(|| {
                let known: Vec<_> = MODELS.iter().map(|model| model.name).collect();
                format!("model {name} is unknown; there are {}", known.join(", "))
            })?;
            let id = Id::device(entry.id).ok_or("ids are 0 to 252")?;
            let servo = Dynamixel::new(model, id, baud).map_err(|error| error.to_string())?;
            Ok(Box::new(servo))
        }
        Protocol::Canopen => Err("it is no device of a serial line".to_owned()),
        Protocol::Feetech => {
            let model = feetech_model(entry)?;
            let servo = feetech::Servo::of(model, entry.id, baud).ok_or_else(|| {
                let rates = servomesh_fieldbus::feetech::table::BAUD_RATES;
                format!("id or baud can't be: ids are 0 to 253, baud rates {rates:?}; here {baud}")
            })?;
            Ok(Box::new(servo))
        }
    }
}

/// The model of a device of FEETECH's.
fn feetech_model(entry: &DeviceEntry) -> Result<&'static servomesh_fieldbus::feetech::table::Model, String> {
    let models = servomesh_fieldbus::feetech::MODELS;
    let name = entry.model.as_deref().unwrap_or("STS3215");
    models
        .into_iter()
        .find(|model| model.name == name)
        .ok_or_else(|| {
            let known = models.map(|model| model.name).join(" and ");
            format!("model {name} is unknown; of FEETECH there are {known}")
        })
}

fn build_motor(entry: &DeviceEntry, joints: &mut Joints<'_>) -> Result<Box<dyn Motor>, String> {
    if let Some(joint) = &entry.joint {
        return joints(joint, entry.ratio.unwrap_or(1.0));
    }
    let bench = entry.motor.clone().unwrap_or_default();
    let mut motor = match &bench.sheet {
        Some(sheet) => {
            let sheet = DataSheet::from_yaml_file(sheet).map_err(|error| error.to_string())?;
            FreeMotor::new(&sheet.servo, bench.inertia, bench.position)
        }
        None if entry.protocol == Protocol::Feetech && feetech_model(entry)?.name == "SCS0009" => {
            FreeMotor::hs311_with(bench.inertia, bench.position)
        }
        None if entry.protocol == Protocol::Feetech => FreeMotor::sts3215_with(bench.inertia, bench.position),
        None => FreeMotor::xm430_with(bench.inertia, bench.position),
    };
    motor.set_load(bench.load);
    Ok(Box::new(motor))
}

fn in_words(devices: &[DeviceEntry]) -> String {
    let word = |device: &DeviceEntry| {
        let protocol = match device.protocol {
            Protocol::Dynamixel => "dynamixel",
            Protocol::Feetech => "feetech",
            Protocol::Canopen => "canopen",
        };
        let joint = device
            .joint
            .as_ref()
            .map_or(String::new(), |joint| format!(" {joint}"));
        format!("{protocol} {}{joint}", device.id)
    };
    devices.iter().map(word).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOINT: &str =
        "buses: { arm: { devices: [{ protocol: feetech, id: 3, joint: elbow, ratio: 2.0 }] } }";

    fn file(text: &str) -> BusFile {
        BusFile::parse(text, "here.yaml").expect("a file")
    }

    #[test]
    fn a_joint_needs_a_machine_the_files_own_or_another() {
        let error = Rig::new(&file(JOINT), Stamp::ZERO)
            .err()
            .expect("no machine")
            .to_string();
        assert!(
            error.contains("bus arm: device 3: it moves joint elbow, but the file has no `machine:`"),
            "{error}"
        );
        let mut asked = Vec::new();
        let mut joints = |joint: &str, ratio: f64| {
            asked.push((joint.to_owned(), ratio));
            Ok(Box::new(FreeMotor::xm430()) as Box<dyn Motor>)
        };
        Rig::around(&file(JOINT), &mut joints, Stamp::ZERO).expect("a motor for each joint");
        assert_eq!(asked, [("elbow".to_owned(), 2.0)]);
    }

    #[test]
    fn a_file_with_a_machine_of_its_own_fits_around_no_other() {
        let own = format!("machine: {{ urdf: a.urdf, servos: b.yaml }}\n{JOINT}");
        let mut none = |joint: &str, _| Err(joint.to_owned());
        let error = Rig::around(&file(&own), &mut none, Stamp::ZERO)
            .err()
            .expect("refused");
        assert!(error.to_string().contains("a `machine:` of its own"), "{error}");
    }
}
