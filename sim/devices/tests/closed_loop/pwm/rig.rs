//! The camera with its driver, in virtual time.

use std::convert::Infallible;
use std::time::Duration;

use servomesh_devices::motor::Machine;
use servomesh_devices::pwm::{Board, HobbyServo};
use servomesh_driver::Input;
use servomesh_driver::backends::Backend;
use servomesh_driver::backends::pwm::orders;
use servomesh_driver::backends::pwm::pca9685::Writer;
use servomesh_driver::backends::pwm::{Pwm, Settings};
use servomesh_driver::coupling::Coupling;
use servomesh_fieldbus::pwm::Pulses;
use servomesh_robot::Model;
use servomesh_sim::{Plant, ServoCatalog};
use servomesh_types::{Capabilities, ServoState, Stamp};

use crate::commands::Commands;
use crate::group::{Group, names};
use crate::heard::Heard;

pub(crate) const JOINTS: usize = 2;
const URDF: &str = include_str!("pan_tilt.urdf");
const SERVOS: &str = include_str!("pan_tilt.servos.yaml");
const LIMITS: &str = include_str!("pan_tilt.limits.yaml");
/// Where the servos really are before their first pulse.
pub(crate) const START: [f64; JOINTS] = [0.3, -0.2];
const BEGIN: Stamp = Stamp::from_millis(1_000_000);
/// From pulse to pulse.
const RATE_HZ: f64 = 50.0;
/// Of an HS-311 \[µs\].
const DEAD_BAND_US: f64 = 5.0;

pub(crate) struct Rig {
    pub(crate) now: Stamp,
    pub(crate) board: Board,
    pub(crate) heard: Heard,
    machine: Machine,
    coupling: Coupling,
    commands: Commands,
    writer: Writer,
}

fn model() -> Model {
    Model::from_urdf_str(URDF).unwrap()
}

/// The driver's core and its link.
pub(crate) fn coupling() -> Coupling {
    let model = model();
    let group = Group {
        name: "camera",
        model: &model,
        files: [SERVOS, LIMITS],
        joints: names(&model),
        rate_hz: RATE_HZ,
        capabilities: Capabilities::default(),
        backend: Backend::Pwm,
        gains: None,
    };
    let (core, settings) = group.driver(|servos, params| Settings::of_file(servos, params).unwrap());
    Coupling::new(core, Box::new(Pwm::new(&settings).unwrap()))
}

impl Rig {
    pub(crate) fn new() -> Self {
        let mut plant = Plant::new(&model(), &ServoCatalog::from_yaml_str(SERVOS).unwrap()).unwrap();
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
            heard: Heard::default(),
            machine,
            coupling: coupling(),
            commands: Commands::new(BEGIN),
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
        self.commands.epoch += 1;
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
            let next = due.min(self.board.next_event()).min(self.commands.next).min(end);
            self.now = next.max(self.now);
            self.board.advance_to(self.now);
            if let Some(command) = self.commands.due(self.now, &mut motion) {
                self.coupling
                    .handle(self.now, Input::Command(command), &mut self.heard);
            }
            self.coupling.tick(self.now, &mut self.heard);
            self.follow();
        }
        assert!(
            self.heard.notices.is_empty(),
            "nothing is told of servos that say nothing: {:?}",
            self.heard.notices
        );
    }

    /// The driver's process ends; time goes on.
    pub(crate) fn die(&mut self, duration: Duration) {
        self.now = self.now + duration;
        self.board.advance_to(self.now);
    }

    /// The link's orders go to the chip.
    fn follow(&mut self) {
        let bytes = self.heard.take().unwrap_or_default();
        for order in orders::decode(&bytes) {
            let (board, now) = (&mut self.board, self.now);
            self.writer
                .follow(order, |bytes| {
                    board.write(now, bytes);
                    Ok::<_, Infallible>(())
                })
                .unwrap();
        }
    }

    pub(crate) fn set_plugged(&mut self, there: bool) {
        self.coupling.plugged(self.now, there, &mut self.heard);
        self.follow();
    }

    pub(crate) fn state(&self) -> &ServoState {
        self.heard.state()
    }

    pub(crate) fn truth(&self) -> [f64; JOINTS] {
        self.machine.look(|plant| plant.positions().try_into().unwrap())
    }
}
