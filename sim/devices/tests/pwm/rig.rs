//! The camera with its driver, in virtual time.

use std::convert::Infallible;
use std::time::Duration;

use servomesh_devices::motor::Machine;
use servomesh_devices::pwm::{Board, HobbyServo};
use servomesh_driver::backends::pwm::orders::{self, Order};
use servomesh_driver::backends::pwm::pca9685::Writer;
use servomesh_driver::backends::pwm::{Pwm, Settings};
use servomesh_driver::coupling::{Coupling, Outside};
use servomesh_driver::link::Notice;
use servomesh_driver::{Config, Driver, Input, JointFiles, Output, Wanted};
use servomesh_fieldbus::pwm::Pulses;
use servomesh_robot::Model;
use servomesh_sim::{Plant, ServoCatalog};
use servomesh_types::{
    Capabilities, Command, CommandMode, Epoch, Event, GroupName, ServoState, Setpoint, Stamp, StreamTag,
};

pub(crate) const JOINTS: usize = 2;
const URDF: &str = include_str!("pan_tilt.urdf");
const SERVOS: &str = include_str!("pan_tilt.servos.yaml");
const LIMITS: &str = include_str!("pan_tilt.limits.yaml");
/// Where the servos really are before their first pulse.
pub(crate) const START: [f64; JOINTS] = [0.3, -0.2];
const BEGIN: Stamp = Stamp::from_millis(1_000_000);
/// How often `safety` would send a command.
const COMMANDS: Duration = Duration::from_millis(2);
/// From pulse to pulse.
const RATE_HZ: f64 = 50.0;
/// Of an HS-311 \[µs\].
const DEAD_BAND_US: f64 = 5.0;

pub(crate) struct Rig {
    pub(crate) now: Stamp,
    pub(crate) board: Board,
    pub(crate) events: Vec<Event>,
    machine: Machine,
    coupling: Coupling,
    heard: Heard,
    epoch: u64,
    seq: u64,
    next_command: Stamp,
    writer: Writer,
}

#[derive(Default)]
struct Heard {
    orders: Vec<Order>,
    states: Vec<ServoState>,
    events: Vec<Event>,
}

impl Outside for Heard {
    fn transmit(&mut self, bytes: &[u8]) {
        self.orders.extend(orders::decode(bytes));
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
        unreachable!("nothing is told of servos that say nothing: {notice:?}");
    }
}

fn model() -> Model {
    Model::from_urdf_str(URDF).unwrap()
}

/// The driver's core and its link.
pub(crate) fn coupling() -> Coupling {
    let model = model();
    let wanted = Wanted {
        name: GroupName::new("camera").unwrap(),
        joints: model.joints().iter().map(|joint| joint.name.clone()).collect(),
        rate_hz: RATE_HZ,
        capabilities: Capabilities::default(),
        backend: "pwm".to_owned(),
    };
    let files = JointFiles::parse(SERVOS, LIMITS).unwrap();
    let (mut params, dynamics) = files.driver(&model, wanted).unwrap();
    let settings = Settings::of_file(SERVOS, &mut params).unwrap();
    let core = Driver::new(Config::new(params).unwrap(), Some(dynamics));
    Coupling::new(core, Box::new(Pwm::new(&settings).unwrap()))
}

impl Rig {
    pub(crate) fn new() -> Self {
        let model = model();
        let mut plant = Plant::new(&model, &ServoCatalog::from_yaml_str(SERVOS).unwrap()).unwrap();
        plant.place(&START).unwrap();
        let machine = Machine::new(plant);
        let mut board = Board::new(BEGIN);
        for (channel, joint, ends) in [
            (0, "pan_joint", [-0.698, 0.698]),
            (3, "tilt_joint", [0.698, -0.698]),
        ] {
            let pulses = Pulses::new([1100.0, 1900.0], ends).unwrap();
            let motor = machine.motor(joint, 1.0).unwrap();
            board.add(channel, HobbyServo::new(pulses, DEAD_BAND_US), motor);
        }
        Self {
            now: BEGIN,
            board,
            events: Vec::new(),
            machine,
            coupling: coupling(),
            heard: Heard::default(),
            epoch: 0,
            seq: 0,
            next_command: BEGIN,
            writer: Writer::default(),
        }
    }

    /// Switched on, at zero.
    pub(crate) fn enabled() -> Self {
        let mut rig = Self::new();
        rig.run(Duration::from_millis(100), |_| None);
        rig.enable();
        rig
    }

    /// A new epoch that holds what is estimated.
    pub(crate) fn enable(&mut self) {
        self.epoch += 1;
        let here: [f64; JOINTS] = self.state().position[..].try_into().unwrap();
        self.run(Duration::from_secs(1), |_| {
            Some([here, [0.0; JOINTS], [0.0; JOINTS]])
        });
    }

    pub(crate) fn run(
        &mut self,
        duration: Duration,
        mut motion: impl FnMut(Stamp) -> Option<[[f64; JOINTS]; 3]>,
    ) {
        let end = self.now + duration;
        while self.now < end {
            let due = self.coupling.deadline().unwrap_or(end);
            let next = due.min(self.board.next_event()).min(self.next_command).min(end);
            self.now = next.max(self.now);
            self.board.advance_to(self.now);
            if self.now >= self.next_command {
                self.next_command = self.next_command + COMMANDS;
                if let Some(motion) = motion(self.now) {
                    self.command(motion);
                }
            }
            self.coupling.tick(self.now, &mut self.heard);
            self.follow();
        }
        self.events.append(&mut self.heard.events);
    }

    /// The driver's process ends; time goes on.
    pub(crate) fn die(&mut self, duration: Duration) {
        self.now = self.now + duration;
        self.board.advance_to(self.now);
    }

    /// The link's orders go to the chip.
    fn follow(&mut self) {
        for order in std::mem::take(&mut self.heard.orders) {
            let (board, now) = (&mut self.board, self.now);
            self.writer
                .follow(order, |bytes| {
                    board.write(now, bytes);
                    Ok::<_, Infallible>(())
                })
                .unwrap();
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
        let mode = CommandMode::Track;
        let command = Input::Command(Command { mode, setpoint });
        self.coupling.handle(self.now, command, &mut self.heard);
    }

    pub(crate) fn set_plugged(&mut self, there: bool) {
        self.coupling.plugged(self.now, there, &mut self.heard);
        self.follow();
    }

    pub(crate) fn state(&self) -> &ServoState {
        self.heard.states.last().expect("a state")
    }

    pub(crate) fn truth(&self) -> [f64; JOINTS] {
        self.machine.look(|plant| plant.positions().try_into().unwrap())
    }
}
