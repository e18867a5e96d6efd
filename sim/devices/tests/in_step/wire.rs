//! A group on a byte bus: a driver's core and link, a serial line in virtual time, DYNAMIXEL servos at the other end, and a tap on the line
//! that hears when goals have come to their end.

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use servomesh_devices::motor::{Machine, MotorCommand, MotorState};
use servomesh_devices::{
    Bus, Device, Dynamixel as Servo, FreeMotor, LineFaults, Mishap, Saying, Toward, Wire,
};
use servomesh_driver::backends::dynamixel::Dynamixel;
use servomesh_driver::bus::DriveCommand;
use servomesh_driver::coupling::{Coupling, Outside};
use servomesh_driver::link::{Action, Link, Notice};
use servomesh_driver::{Input, Output};
use servomesh_fieldbus::dynamixel::{Field, Id, Instruction, Model, Received, Stream};
use servomesh_sim::{Plant, ServoCatalog};
use servomesh_types::{DriveMode, Stamp};

use crate::desk::{self, JOINTS, START};
use crate::group::{Commands, Goal, Goals, Motion};

/// A group with its bus.
pub(crate) struct Wired {
    now: Stamp,
    bus: Bus,
    baud: u32,
    rate_hz: f64,
    coupling: Option<Coupling>,
    said: Said,
    commands: Commands,
    /// When the goals of the newest frame are meant to act.
    meant: Arc<Mutex<Option<Stamp>>>,
    tapped: Arc<Mutex<Vec<Stamp>>>,
    pub(crate) goals: Goals,
}

#[derive(Default)]
struct Said {
    to_send: Vec<u8>,
    frames: u64,
    texts: Vec<String>,
}

impl Outside for Said {
    fn transmit(&mut self, bytes: &[u8]) {
        self.to_send.extend_from_slice(bytes);
    }

    fn output(&mut self, output: Output) {
        match output {
            Output::State(_) => self.frames += 1,
            Output::Event(event) => self.texts.push(event.text),
            Output::Bus(_) | Output::Tracking(_) => {}
        }
    }

    fn notice(&mut self, notice: Notice) {
        self.texts.push(notice.text.into_owned());
    }
}

impl Wired {
    /// Those joints of the desk arm: all of them with the arm behind them, or single ones with a motor on a bench each.
    pub(crate) fn new(now: Stamp, joints: Range<usize>, rate_hz: f64, baud: u32) -> Self {
        let mut bus = Bus::new(now, baud);
        let catalog = ServoCatalog::from_yaml_str(desk::SERVOS).unwrap();
        let mut plant = Plant::new(&desk::model(), &catalog).unwrap();
        plant.place(&START).unwrap();
        let machine = Machine::new(plant);
        for joint in joints.clone() {
            let model = if joint < 3 { "XM540-W270" } else { "XM430-W350" };
            let (model, id) = (Model::named(model).unwrap(), Id::device(joint as u8 + 1).unwrap());
            let servo = Servo::new(model, id, baud).unwrap();
            if joints.len() == JOINTS {
                let name = desk::model().joints()[joint].name.clone();
                bus.add(servo, machine.motor(&name, 1.0).unwrap());
            } else {
                let at = START[joint] + std::f64::consts::PI;
                bus.add(servo, FreeMotor::xm430_with(0.002, at));
            }
        }
        let tapped = Arc::new(Mutex::new(Vec::new()));
        bus.add(Tap::new(baud, Arc::clone(&tapped)), FreeMotor::xm430());
        let mut wired = Self {
            now,
            bus,
            baud,
            rate_hz,
            coupling: None,
            said: Said::default(),
            commands: Commands::new(joints, now),
            meant: Arc::new(Mutex::new(None)),
            tapped,
            goals: Goals::default(),
        };
        wired.start();
        wired
    }

    /// Starts the driver's process.
    pub(crate) fn start(&mut self) {
        let joints = self.commands.joints.clone();
        let (core, settings) = desk::group(desk::SERVOS, joints, self.rate_hz, self.baud);
        let link = Watched {
            link: Dynamixel::new(settings).unwrap(),
            meant: Arc::clone(&self.meant),
        };
        self.coupling = Some(Coupling::new(core, Box::new(link)));
        self.said.frames = 0;
    }

    /// Ends it, as a crash does.
    pub(crate) fn die(&mut self) {
        self.coupling = None;
    }

    /// Whether the driver has frames.
    pub(crate) fn is_heard(&self) -> bool {
        self.said.frames > 0
    }

    pub(crate) fn enable(&mut self) {
        self.commands.epoch += 1;
    }

    pub(crate) fn mode(&self) -> Option<DriveMode> {
        Some(self.coupling.as_ref()?.core().mode())
    }

    /// What was said, for a test that fails.
    pub(crate) fn story(&self) -> String {
        self.said.texts.join("\n")
    }

    pub(crate) fn set_faults(&mut self, faults: LineFaults) {
        self.bus.set_faults(Toward::Master, faults);
    }

    pub(crate) fn run(&mut self, until: Stamp, motion: &Motion) {
        while self.now < until {
            let due = self
                .coupling
                .as_ref()
                .and_then(Coupling::deadline)
                .unwrap_or(until);
            let next = due.min(self.bus.next_event()).min(self.commands.next);
            self.now = next.min(until).max(self.now);
            self.bus.advance_to(self.now);
            self.note();
            let command = if self.now >= self.commands.next {
                self.commands.take(motion)
            } else {
                None
            };
            while let Some((at, bytes)) = self.bus.read() {
                self.with(at, |coupling, said| coupling.receive(at, &bytes, said));
            }
            let now = self.now;
            if let Some(command) = command {
                self.with(now, |coupling, said| {
                    coupling.handle(now, Input::Command(command), said)
                });
            }
            self.with(now, |coupling, said| coupling.tick(now, said));
        }
    }

    fn with(&mut self, at: Stamp, call: impl FnOnce(&mut Coupling, &mut Said)) {
        let Some(coupling) = &mut self.coupling else {
            return;
        };
        call(coupling, &mut self.said);
        if !self.said.to_send.is_empty() {
            let bytes = std::mem::take(&mut self.said.to_send);
            self.bus.write(at, &bytes);
        }
    }

    fn note(&mut self) {
        let meant = *self.meant.lock().unwrap();
        for acted in self.tapped.lock().unwrap().drain(..) {
            let meant = meant.expect("goals answer a frame");
            self.goals.0.push(Goal { meant, acted });
        }
    }
}

/// A link that is looked at: when its frames say that their answers act.
struct Watched {
    link: Dynamixel,
    meant: Arc<Mutex<Option<Stamp>>>,
}

impl Link for Watched {
    fn receive(&mut self, now: Stamp, bytes: &[u8]) {
        self.link.receive(now, bytes);
    }

    fn plugged(&mut self, now: Stamp, there: bool) {
        self.link.plugged(now, there);
    }

    fn tick(&mut self, now: Stamp) {
        self.link.tick(now);
    }

    fn command(&mut self, now: Stamp, command: &DriveCommand) {
        self.link.command(now, command);
    }

    fn poll(&mut self) -> Option<Action<'_>> {
        let action = self.link.poll();
        if let Some(Action::Frame(status)) = &action {
            *self.meant.lock().unwrap() = status.acts;
        }
        action
    }

    fn deadline(&self) -> Option<Stamp> {
        self.link.deadline()
    }
}

/// Hears the line as a servo does, and says nothing.
struct Tap {
    baud: u32,
    stream: Stream,
    goals: Arc<Mutex<Vec<Stamp>>>,
}

impl Tap {
    fn new(baud: u32, goals: Arc<Mutex<Vec<Stamp>>>) -> Self {
        Self {
            baud,
            stream: Stream::new(),
            goals,
        }
    }
}

impl Device for Tap {
    fn receive(&mut self, now: Stamp, bytes: &[u8]) {
        let mut bytes = bytes;
        while let Some(received) = self.stream.read(&mut bytes) {
            let Received::Packet(packet) = received else {
                continue;
            };
            if let Ok(Instruction::SyncWrite(write)) = packet.instruction()
                && write.address == Field::GoalCurrent.address()
            {
                self.goals.lock().unwrap().push(now);
            }
        }
    }

    fn step(&mut self, _now: Stamp, _motor: &MotorState) -> MotorCommand {
        MotorCommand::Off
    }

    fn poll(&mut self) -> Option<Saying> {
        None
    }

    fn deadline(&self) -> Option<Stamp> {
        None
    }

    fn tick(&mut self, _now: Stamp) {}

    fn baud(&self) -> u32 {
        self.baud
    }

    fn suffer(&mut self, _now: Stamp, _mishap: Mishap) {}
}

/// A bus of whose answers a share comes late by so much.
pub(crate) fn late(share: f64, by: Duration) -> LineFaults {
    LineFaults {
        late: share,
        late_s: by.as_secs_f64(),
        ..LineFaults::default()
    }
}
