//! The gripper's driver on a byte bus: core, link and serial line in virtual time, a DYNAMIXEL at the other end, and behind that the
//! motor of the cell's gripper.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use servomesh_devices::{BusFile, Motor, Rig, TerminalMotor};
use servomesh_driver::backends::Backend;
use servomesh_driver::backends::wires::BusSettings;
use servomesh_driver::coupling::{Coupling, Outside};
use servomesh_driver::link::Notice;
use servomesh_driver::{Input, Output};
use servomesh_sim::Terminals;
use servomesh_sim::harness::{CellFiles, WiredDriver};
use servomesh_types::{Capabilities, GroupDescription, Stamp};

use crate::group::Group;

pub(crate) const JOINT: &str = "gripper_finger_joint";
const SERVOS: &str = include_str!("../../../../../launch/robots/cell.gripper.servos.yaml");
const LIMITS: &str = include_str!("../../../../../launch/robots/cell.limits.yaml");
const BUSES: &str = include_str!("../../../../../launch/robots/cell.buses.yaml");

/// The driver with its bus.
pub(crate) struct Wired {
    rig: Rig,
    coupling: Coupling,
    heard: Heard,
    now: Stamp,
    description: GroupDescription,
}

/// What the driver said and did.
#[derive(Default)]
struct Heard {
    to_send: Vec<u8>,
    outputs: VecDeque<Output>,
    notices: Vec<String>,
}

impl Outside for Heard {
    fn transmit(&mut self, bytes: &[u8]) {
        self.to_send.extend_from_slice(bytes);
    }

    fn output(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    fn notice(&mut self, notice: Notice) {
        self.notices.push(notice.text.into_owned());
    }
}

impl Wired {
    /// A driver that has just been started, on a bus whose servo drives the motor at these terminals.
    pub(crate) fn new(files: &CellFiles, terminals: Terminals, now: Stamp) -> Self {
        let group = Group {
            name: "gripper",
            model: &files.model,
            files: [SERVOS, LIMITS],
            joints: vec![JOINT.to_owned()],
            rate_hz: 250.0,
            capabilities: Capabilities {
                gripper: true,
                endless: false,
            },
            backend: Backend::Dynamixel,
            gains: None,
        };
        let bus = BusSettings {
            baud: 1_000_000,
            watchdog: Duration::from_millis(100),
            latency: Duration::from_millis(2),
        };
        let port = Path::new("/dev/ttyUSB0");
        let (core, link) =
            group.driver(|servos, params| Backend::Dynamixel.link(port, servos, bus, params).unwrap());
        let mut terminals = Some(terminals);
        let mut joints = |joint: &str, ratio| {
            assert_eq!(joint, JOINT);
            let terminals = terminals.take().ok_or("it has one servo")?;
            Ok(Box::new(TerminalMotor::new(terminals, ratio)) as Box<dyn Motor>)
        };
        let file = BusFile::parse(BUSES, "cell.buses.yaml").unwrap();
        Self {
            rig: Rig::around(&file, &mut joints, now).unwrap(),
            description: core.config().group().clone(),
            coupling: Coupling::new(core, link),
            heard: Heard::default(),
            now,
        }
    }

    fn go_to(&mut self, at: Stamp) {
        self.rig.advance_to(at);
        while let Some((heard_at, bytes)) = self.rig.buses_mut()[0].wire.read() {
            self.coupling.receive(heard_at, &bytes, &mut self.heard);
            self.send(heard_at);
        }
        self.coupling.tick(at, &mut self.heard);
        self.send(at);
        self.now = at;
    }

    fn send(&mut self, at: Stamp) {
        if !self.heard.to_send.is_empty() {
            let bytes = std::mem::take(&mut self.heard.to_send);
            self.rig.buses_mut()[0].wire.write(at, &bytes);
        }
    }
}

impl WiredDriver for Wired {
    fn description(&self) -> GroupDescription {
        self.description.clone()
    }

    fn handle(&mut self, now: Stamp, input: Input) {
        self.coupling.handle(now, input, &mut self.heard);
        self.send(now);
    }

    fn advance_to(&mut self, now: Stamp) {
        while self.next_event() < now {
            self.go_to(self.next_event());
        }
        self.go_to(now);
        assert_eq!(
            self.heard.notices,
            Vec::<String>::new(),
            "nothing is wrong with the bus"
        );
    }

    fn next_event(&self) -> Stamp {
        let due = self.coupling.deadline().unwrap_or(self.rig.next_event());
        due.min(self.rig.next_event()).max(self.now)
    }

    fn poll(&mut self) -> Option<Output> {
        self.heard.outputs.pop_front()
    }
}
