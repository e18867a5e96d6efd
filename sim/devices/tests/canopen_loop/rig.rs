//! The desk arm with its driver: the core and the link that run on a robot, an slcan adapter and a CAN bus in virtual time, CiA 402 drives at the other end
//! of it, and the simulated arm behind them.

use std::collections::VecDeque;
use std::time::Duration;

use servomesh_devices::motor::Machine;
use servomesh_devices::{CanBus, CanopenDrive, LineFaults, Toward, Wire};
use servomesh_driver::backends::canopen::{Canopen, Settings};
use servomesh_driver::coupling::{Coupling, Outside};
use servomesh_driver::link::Notice;
use servomesh_driver::{Driver, Input, Output};
use servomesh_fieldbus::canopen::NodeId;
use servomesh_sim::{Plant, ServoCatalog};
use servomesh_types::{Command, CommandMode, Epoch, Event, JointVec, ServoState, Setpoint, Stamp, StreamTag};

use crate::desk::{BIT_RATE, JOINTS, START, driver, model, servos};

const MILLISECOND: Duration = Duration::from_millis(1);
/// A drive samples its encoder once a millisecond, and hears a SYNC up to a frame late.
const TOLERANCE: Duration = Duration::from_millis(2);
/// How often `safety` would send a command.
const COMMANDS: Duration = Duration::from_millis(2);

/// The arm at work.
pub(crate) struct Rig {
    pub(crate) now: Stamp,
    pub(crate) machine: Machine,
    pub(crate) bus: CanBus,
    pub(crate) coupling: Coupling,
    pub(crate) heard: Heard,
    pub(crate) epoch: u64,
    /// Lines that the adapter holds back.
    held: VecDeque<(Stamp, Vec<u8>)>,
    /// Where the arm truly was, millisecond by millisecond.
    truths: Vec<(Stamp, [f64; JOINTS])>,
    /// The driver's process is gone.
    dead: bool,
    next_command: Stamp,
    seq: u64,
}

/// What the driver said.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) to_send: Vec<u8>,
    /// Everything that was sent.
    pub(crate) sent: Vec<u8>,
    pub(crate) states: Vec<ServoState>,
    pub(crate) events: Vec<Event>,
    pub(crate) notices: Vec<Notice>,
}

impl Outside for Heard {
    fn transmit(&mut self, bytes: &[u8]) {
        self.to_send.extend_from_slice(bytes);
        self.sent.extend_from_slice(bytes);
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

/// Who is on the bus in place of a drive, if it is not as it should be.
#[derive(Clone, Copy, Default)]
pub(crate) struct Bus {
    /// The drive with this number is missing.
    pub(crate) without: Option<u8>,
    /// Two drives have this number.
    pub(crate) twice: Option<u8>,
    /// The bit rate of all drives \[bit/s\], where it is not the driver's.
    pub(crate) bit_rate: Option<u32>,
}

impl Rig {
    /// The arm with drives in `mode`.
    pub(crate) fn new(mode: &str) -> Self {
        Self::with(&servos(mode), Bus::default())
    }

    /// The arm by this servos file, with these drives on the bus.
    pub(crate) fn with(servos: &str, bus: Bus) -> Self {
        let (core, settings) = driver(servos, 500.0);
        Self::on_bus(core, settings, servos, bus)
    }

    /// With other settings of the bus than the file's.
    pub(crate) fn linked(change: impl FnOnce(&mut Settings)) -> Self {
        let servos = servos("cst");
        let (core, mut settings) = driver(&servos, 500.0);
        change(&mut settings);
        Self::on_bus(core, settings, &servos, Bus::default())
    }

    fn on_bus(core: Driver, settings: Settings, servos: &str, on_bus: Bus) -> Self {
        let now = Stamp::from_millis(1_000_000);
        let mut plant = Plant::new(&model(), &ServoCatalog::from_yaml_str(servos).unwrap()).unwrap();
        plant.place(&START).unwrap();
        let machine = Machine::new(plant);
        let mut bus = CanBus::new(now, BIT_RATE);
        let bit_rate = on_bus.bit_rate.unwrap_or(BIT_RATE);
        let joints: Vec<String> = model().joints().iter().map(|joint| joint.name.clone()).collect();
        for (number, joint) in (1..).zip(&joints) {
            if on_bus.without != Some(number) {
                let drive = CanopenDrive::new(now, NodeId::new(number), bit_rate, 100 + u32::from(number));
                bus.add(drive, machine.motor(joint, 1.0).unwrap());
            }
        }
        if on_bus.twice.is_some() {
            let drive = CanopenDrive::new(now, on_bus.twice.and_then(NodeId::new), bit_rate, 1);
            bus.add(drive, servomesh_devices::FreeMotor::xm430());
        }
        Self {
            now,
            machine,
            bus,
            coupling: Coupling::new(core, Box::new(Canopen::new(settings).unwrap())),
            heard: Heard::default(),
            epoch: 0,
            held: VecDeque::new(),
            truths: Vec::new(),
            dead: false,
            next_command: now,
            seq: 0,
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
            let held = self.held.front().map_or(end, |(at, _)| *at);
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
            // A line that comes late keeps back those after it.
            while let Some((at, bytes)) = self.bus.read() {
                let behind = self.held.back().map_or(at, |(before, _)| at.max(*before));
                self.held.push_back((behind, bytes));
            }
            while let Some((at, bytes)) = self.held.pop_front_if(|(at, _)| *at <= self.now) {
                if !self.dead {
                    self.coupling.receive(at, &bytes, &mut self.heard);
                    self.send();
                }
            }
            if self.dead {
                continue;
            }
            if self.now >= self.next_command {
                self.next_command = self.next_command + COMMANDS;
                if let Some(motion) = motion(self.now) {
                    self.command(motion);
                }
            }
            self.coupling.tick(self.now, &mut self.heard);
            self.send();
        }
    }

    /// What the driver said goes to the adapter.
    fn send(&mut self) {
        if !self.heard.to_send.is_empty() {
            let bytes = std::mem::take(&mut self.heard.to_send);
            self.bus.write(self.now, &bytes);
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
        self.send();
    }

    /// Where the arm truly is.
    pub(crate) fn truth(&self) -> [f64; JOINTS] {
        self.machine
            .look(|plant| plant.positions().try_into().expect("six joints"))
    }

    /// The fastest joint \[rad/s\].
    pub(crate) fn speed(&self) -> f64 {
        let velocities = self.machine.look(|plant| plant.velocities().to_vec());
        velocities
            .iter()
            .fold(0.0, |most: f64, velocity| most.max(velocity.abs()))
    }

    pub(crate) fn state(&self) -> &ServoState {
        self.heard.states.last().expect("a state")
    }

    /// Ends the driver's process at once.
    pub(crate) fn die(&mut self) {
        self.dead = true;
    }

    /// Pulls the adapter out of the computer, or plugs it in again; the port notices.
    pub(crate) fn set_adapter(&mut self, there: bool) {
        self.bus.set_plugged(there);
        self.held.clear();
        self.coupling.plugged(self.now, there, &mut self.heard);
        self.send();
    }

    /// The largest distance of a fresh measured position from where the joint truly was within two milliseconds of its sample, over the states
    /// from `first` on: by the count of an encoder and a millisecond of motion, if nothing is made up.
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

    /// How many notices have this part.
    pub(crate) fn said(&self, part: &str) -> usize {
        let notices = self.heard.notices.iter();
        notices.filter(|notice| notice.text.contains(part)).count()
    }

    /// Opens the bus, switches the torque on and holds the start.
    pub(crate) fn enabled(mode: &str) -> Self {
        let mut rig = Self::new(mode);
        rig.run(Duration::from_millis(400), |_| None);
        assert!(!rig.heard.states.is_empty(), "{}", rig.story());
        rig.enable();
        rig
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
