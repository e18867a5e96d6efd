//! A group on a byte bus: a driver's core and link, a serial line in virtual time, DYNAMIXEL servos at the other end, and a tap on the line
//! that hears when goals have come to their end.

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use servomesh_devices::motor::{MotorCommand, MotorState};
use servomesh_devices::{Bus, Device, FreeMotor, LineFaults, Mishap, Saying, Toward, Wire};
use servomesh_driver::Input;
use servomesh_driver::backends::dynamixel::Dynamixel;
use servomesh_driver::bus::DriveCommand;
use servomesh_driver::coupling::Coupling;
use servomesh_driver::link::{Action, Link};
use servomesh_fieldbus::dynamixel::{self as packets, Field, Instruction, Received};
use servomesh_types::{DriveMode, Stamp};

use super::group::{Goal, Goals, Motion, Stream};
use crate::desk::{self, JOINTS, START};
use crate::dynamixel;
use crate::heard::Heard;

/// A group with its bus.
pub(crate) struct Wired {
    now: Stamp,
    bus: Bus,
    baud: u32,
    rate_hz: f64,
    coupling: Option<Coupling>,
    heard: Heard,
    commands: Stream,
    /// When the goals of the newest frame are meant to act.
    meant: Arc<Mutex<Option<Stamp>>>,
    tapped: Arc<Mutex<Vec<Stamp>>>,
    pub(crate) goals: Goals,
}

impl Wired {
    /// Those joints of the desk arm: all of them with the arm behind them, or single ones with a motor on a bench each.
    pub(crate) fn new(now: Stamp, joints: Range<usize>, rate_hz: f64, baud: u32) -> Self {
        let mut bus = Bus::new(now, baud);
        let machine = desk::machine(desk::SERVOS);
        for joint in joints.clone() {
            let servo = dynamixel::servo(joint, baud);
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
            heard: Heard::default(),
            commands: Stream::new(joints, now),
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
        let (core, settings) = dynamixel::driver(desk::SERVOS, joints, self.rate_hz, self.baud);
        let link = Watched {
            link: Dynamixel::new(settings).unwrap(),
            meant: Arc::clone(&self.meant),
        };
        self.coupling = Some(Coupling::new(core, Box::new(link)));
        self.heard.states.clear();
    }

    /// Ends it, as a crash does.
    pub(crate) fn die(&mut self) {
        self.coupling = None;
    }

    /// Whether the driver has frames.
    pub(crate) fn is_heard(&self) -> bool {
        !self.heard.states.is_empty()
    }

    pub(crate) fn enable(&mut self) {
        self.commands.start();
    }

    pub(crate) fn mode(&self) -> Option<DriveMode> {
        Some(self.coupling.as_ref()?.core().mode())
    }

    /// What was said, for a test that fails.
    pub(crate) fn story(&self) -> String {
        self.heard.story()
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
            let next = due.min(self.bus.next_event()).min(self.commands.next());
            self.now = next.min(until).max(self.now);
            self.bus.advance_to(self.now);
            self.note();
            let command = self.commands.take(self.now, motion);
            while let Some((at, bytes)) = self.bus.read() {
                self.with(at, |coupling, heard| coupling.receive(at, &bytes, heard));
            }
            let now = self.now;
            if let Some(command) = command {
                self.with(now, |coupling, heard| {
                    coupling.handle(now, Input::Command(command), heard)
                });
            }
            self.with(now, |coupling, heard| coupling.tick(now, heard));
        }
    }

    fn with(&mut self, at: Stamp, call: impl FnOnce(&mut Coupling, &mut Heard)) {
        let Some(coupling) = &mut self.coupling else {
            return;
        };
        call(coupling, &mut self.heard);
        if let Some(bytes) = self.heard.take() {
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
    stream: packets::Stream,
    goals: Arc<Mutex<Vec<Stamp>>>,
}

impl Tap {
    fn new(baud: u32, goals: Arc<Mutex<Vec<Stamp>>>) -> Self {
        Self {
            baud,
            stream: packets::Stream::new(),
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
