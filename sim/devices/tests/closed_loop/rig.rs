//! The desk arm with its driver: the core and the link that run on a robot, a serial line in virtual time, servos at the other end of it,
//! DYNAMIXEL unless said otherwise, and the simulated arm behind them.

use std::time::Duration;

use crate::desk::{BAUD, JOINTS, SERVOS, START, driver, model};
use servomesh_devices::motor::Machine;
use servomesh_devices::{Bus, Dynamixel as Servo, LineFaults, Toward, Wire};
use servomesh_driver::backends::dynamixel::{Dynamixel, Settings};
use servomesh_driver::coupling::{Coupling, Outside};
use servomesh_driver::link::{Link, Notice};
use servomesh_driver::{Driver, Input, Output};
use servomesh_fieldbus::dynamixel::{Id, Model as ServoModel};
use servomesh_sim::{Plant, ServoCatalog};
use servomesh_types::{Command, CommandMode, Epoch, Event, JointVec, ServoState, Setpoint, Stamp, StreamTag};

const MILLISECOND: Duration = Duration::from_millis(1);
/// A servo samples its encoder once a millisecond.
const TOLERANCE: Duration = Duration::from_millis(2);
/// How often `safety` would send a command.
const COMMANDS: Duration = Duration::from_millis(2);
/// When the bus begins.
pub(crate) const BEGIN: Stamp = Stamp::from_millis(1_000_000);

/// The arm at work.
pub(crate) struct Rig {
    pub(crate) now: Stamp,
    pub(crate) machine: Machine,
    pub(crate) bus: Bus,
    pub(crate) coupling: Coupling,
    pub(crate) heard: Heard,
    pub(crate) epoch: u64,
    /// Where the arm truly was, millisecond by millisecond.
    truths: Vec<(Stamp, [f64; JOINTS])>,
    /// The driver's process is gone.
    dead: bool,
    next_command: Stamp,
    seq: u64,
    /// What came from the line and is held on its way to the driver, until when.
    held: Vec<u8>,
    held_until: Stamp,
}

/// What the driver said.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) to_send: Vec<u8>,
    pub(crate) states: Vec<ServoState>,
    pub(crate) events: Vec<Event>,
    pub(crate) notices: Vec<Notice>,
}

impl Outside for Heard {
    fn transmit(&mut self, bytes: &[u8]) {
        self.to_send.extend_from_slice(bytes);
    }

    fn output(&mut self, output: Output) {
        match output {
            Output::State(state) => self.states.push(state),
            Output::Event(event) => self.events.push(event),
            Output::Tracking(_) => {}
            Output::Bus(_) => unreachable!("answers go to the link"),
        }
    }

    fn notice(&mut self, notice: Notice) {
        self.notices.push(notice);
    }
}

/// The machine as it stands at the start, with the servos of a file.
pub(crate) fn plant(servos: &str) -> Plant {
    let mut plant = Plant::new(&model(), &ServoCatalog::from_yaml_str(servos).unwrap()).unwrap();
    plant.place(&START).unwrap();
    plant
}

impl Rig {
    pub(crate) fn new(rate_hz: f64) -> Self {
        Self::with(SERVOS, rate_hz, |_| true)
    }

    /// Only those servos are on the bus whose number `there` takes.
    pub(crate) fn with(servos: &str, rate_hz: f64, there: impl Fn(u8) -> bool) -> Self {
        let (core, settings) = driver(servos, rate_hz);
        Self::on_bus(core, settings, there)
    }

    /// With other settings of the bus than the file's.
    pub(crate) fn linked(settings: Settings) -> Self {
        let (core, _) = driver(SERVOS, 500.0);
        Self::on_bus(core, settings, |_| true)
    }

    fn on_bus(core: Driver, settings: Settings, there: impl Fn(u8) -> bool) -> Self {
        let machine = Machine::new(plant(SERVOS));
        let mut bus = Bus::new(BEGIN, BAUD);
        let models = [
            "XM540-W270",
            "XM540-W270",
            "XM540-W270",
            "XM430-W350",
            "XM430-W350",
            "XM430-W350",
        ];
        for ((number, name), joint) in (1..).zip(models).zip(model().joints()) {
            if there(number) {
                let servo = Servo::new(
                    ServoModel::named(name).unwrap(),
                    Id::device(number).unwrap(),
                    BAUD,
                )
                .unwrap();
                bus.add(servo, machine.motor(&joint.name, 1.0).unwrap());
            }
        }
        Self::assemble(core, Box::new(Dynamixel::new(settings).unwrap()), machine, bus)
    }

    /// A driver's core and link on a bus of the arm, both at [`BEGIN`].
    pub(crate) fn assemble(core: Driver, link: Box<dyn Link>, machine: Machine, bus: Bus) -> Self {
        let now = BEGIN;
        Self {
            now,
            machine,
            bus,
            coupling: Coupling::new(core, link),
            heard: Heard::default(),
            epoch: 0,
            truths: Vec::new(),
            dead: false,
            next_command: now,
            seq: 0,
            held: Vec::new(),
            held_until: now,
        }
    }

    /// Lets time pass; `motion` says where to be at a time, as long as it says something.
    pub(crate) fn run(
        &mut self,
        duration: Duration,
        mut motion: impl FnMut(Stamp) -> Option<[[f64; JOINTS]; 3]>,
    ) {
        let end = self.now + duration;
        while self.now < end {
            let due = self.coupling.deadline().filter(|_| !self.dead).unwrap_or(end);
            let command = if self.dead { end } else { self.next_command };
            let held = if self.held.is_empty() {
                end
            } else {
                self.held_until
            };
            let next = due.min(self.bus.next_event()).min(command).min(held);
            self.now = next.min(end).max(self.now);
            self.bus.advance_to(self.now);
            let truth = self.truth();
            if self
                .truths
                .last()
                .is_none_or(|(at, _)| self.now.since(*at) >= MILLISECOND)
            {
                self.truths.push((self.now, truth));
            }
            if self.dead {
                while self.bus.read().is_some() {}
                continue;
            }
            while let Some((at, bytes)) = self.bus.read() {
                self.held.extend_from_slice(&bytes);
                self.deliver(at);
            }
            self.deliver(self.now);
            if self.now >= self.next_command {
                self.next_command = self.next_command + COMMANDS;
                if let Some(motion) = motion(self.now) {
                    self.command(motion);
                }
            }
            self.coupling.tick(self.now, &mut self.heard);
            self.send(self.now);
        }
    }

    /// Keeps back what comes from the line for a while, as a busy adapter or operating system does; then it comes in one piece.
    pub(crate) fn hold_answers(&mut self, duration: Duration) {
        self.held_until = self.now + duration;
    }

    fn deliver(&mut self, at: Stamp) {
        if at >= self.held_until && !self.held.is_empty() {
            let bytes = std::mem::take(&mut self.held);
            self.coupling.receive(at, &bytes, &mut self.heard);
            self.send(at);
        }
    }

    /// What the driver said goes onto the line.
    fn send(&mut self, at: Stamp) {
        if !self.heard.to_send.is_empty() {
            let bytes = std::mem::take(&mut self.heard.to_send);
            self.bus.write(at, &bytes);
        }
    }

    fn command(&mut self, [position, velocity, acceleration]: [[f64; JOINTS]; 3]) {
        self.seq += 1;
        let setpoint = Setpoint {
            tag: StreamTag {
                stamp: self.now,
                epoch: Epoch(self.epoch),
                seq: self.seq,
                valid_for: Duration::from_millis(50),
                ..StreamTag::default()
            },
            position: position.into(),
            velocity: velocity.into(),
            acceleration: acceleration.into(),
            ..Setpoint::default()
        };
        let command = Command {
            mode: CommandMode::Track,
            setpoint,
        };
        self.coupling
            .handle(self.now, Input::Command(command), &mut self.heard);
    }

    /// Where the arm truly is.
    pub(crate) fn truth(&self) -> [f64; JOINTS] {
        self.machine
            .look(|plant| plant.positions().try_into().expect("six joints"))
    }

    /// The speed of the fastest joint \[rad/s\].
    pub(crate) fn fastest(&self) -> f64 {
        let speeds = self.machine.look(|plant| plant.velocities().to_vec());
        speeds.iter().fold(0.0, |most, speed| speed.abs().max(most))
    }

    pub(crate) fn state(&self) -> &ServoState {
        self.heard.states.last().expect("a state")
    }

    /// Ends the driver's process at once.
    pub(crate) fn die(&mut self) {
        self.dead = true;
    }

    /// Pulls the adapter out, or plugs it in again; the port notices.
    pub(crate) fn set_plugged(&mut self, there: bool) {
        self.bus.set_plugged(there);
        self.coupling.plugged(self.now, there, &mut self.heard);
        self.send(self.now);
    }

    /// The largest distance of a fresh measured position from where the joint truly was within two milliseconds of its sample, over the states
    /// from `first` on: by the count of an encoder, if nothing is made up.
    pub(crate) fn worst_measurement(&self, first: usize) -> f64 {
        let mut worst: f64 = 0.0;
        for state in &self.heard.states[first..] {
            for joint in 0..JOINTS {
                let age = Duration::from_secs_f64(state.age_s.get(joint).copied().unwrap_or(0.0));
                let sampled = state.tag.stamp - age;
                let from = self.truths.partition_point(|(at, _)| *at + TOLERANCE < sampled);
                let near = self.truths[from.saturating_sub(1)..]
                    .iter()
                    .take_while(|(at, _)| *at <= sampled + TOLERANCE);
                let off = near.map(|(_, truth)| (truth[joint] - state.position[joint]).abs());
                let nearest = off.fold(f64::INFINITY, f64::min);
                worst = worst.max(nearest);
            }
        }
        worst
    }

    pub(crate) fn set_faults(&mut self, faults: &LineFaults) {
        self.bus.set_faults(Toward::Master, *faults);
    }

    /// Everything that was said, for a test that fails.
    pub(crate) fn story(&self) -> String {
        let events = self.heard.events.iter().map(|event| event.text.clone());
        let notices = self.heard.notices.iter().map(|notice| notice.text.to_string());
        events.chain(notices).collect::<Vec<_>>().join("\n")
    }

    /// Opens the bus, switches the torque on and holds the start.
    pub(crate) fn enabled(rate_hz: f64) -> Self {
        Self::new(rate_hz).opened()
    }

    /// Opens the bus, switches the torque on and holds the start.
    pub(crate) fn opened(mut self) -> Self {
        self.run(Duration::from_millis(400), |_| None);
        self.enable();
        self
    }

    /// A new epoch that holds the arm where it is measured.
    pub(crate) fn enable(&mut self) {
        self.epoch += 1;
        let here: JointVec = self.state().position;
        let here: [f64; JOINTS] = here[..].try_into().expect("six joints");
        self.run(Duration::from_millis(800), |_| {
            Some([here, [0.0; JOINTS], [0.0; JOINTS]])
        });
    }
}
