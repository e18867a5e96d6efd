//! The desk arm with its driver: the core and the link that run on a robot, a wire in virtual time, devices at the other end of it, and the
//! simulated arm behind them.

mod asserts;

use std::collections::VecDeque;
use std::time::Duration;

use servomesh_devices::motor::Machine;
use servomesh_devices::{LineFaults, Toward, Wire};
use servomesh_driver::coupling::Coupling;
use servomesh_driver::link::Link;
use servomesh_driver::{Driver, Input};
use servomesh_types::{JointVec, ServoState, Stamp};

use crate::commands::Commands;
use crate::desk::{BEGIN, JOINTS};
use crate::heard::Heard;

pub(crate) const MILLISECOND: Duration = Duration::from_millis(1);

/// The arm at work.
pub(crate) struct Rig {
    pub(crate) now: Stamp,
    pub(crate) bus: Box<dyn Wire>,
    pub(crate) heard: Heard,
    machine: Machine,
    coupling: Coupling,
    commands: Commands,
    /// One count of an encoder \[rad\].
    count: f64,
    /// Who it is, in the story of a test that fails.
    who: String,
    /// What came from the wire on its way to the driver, and when it gets there.
    held: VecDeque<(Stamp, Vec<u8>)>,
    held_until: Stamp,
    /// Where the arm truly was, millisecond by millisecond.
    truths: Vec<(Stamp, [f64; JOINTS])>,
    /// The driver's process is gone.
    dead: bool,
}

impl Rig {
    /// A driver's core and link on a bus of the arm that begins at [`BEGIN`]; `counts` is how many an encoder has in a turn.
    pub(crate) fn new(
        who: &str,
        (core, link): (Driver, Box<dyn Link>),
        machine: Machine,
        bus: impl Wire + 'static,
        counts: f64,
    ) -> Self {
        Self {
            now: BEGIN,
            bus: Box::new(bus),
            heard: Heard::default(),
            machine,
            coupling: Coupling::new(core, link),
            commands: Commands::new(BEGIN),
            count: std::f64::consts::TAU / counts,
            who: who.to_owned(),
            held: VecDeque::new(),
            held_until: BEGIN,
            truths: Vec::new(),
            dead: false,
        }
    }

    /// Opens the bus, switches the torque on and holds the start.
    pub(crate) fn opened(mut self) -> Self {
        self.run(Duration::from_millis(400), |_| None);
        self.enable();
        self
    }

    /// A new epoch that holds the arm where it is measured.
    pub(crate) fn enable(&mut self) {
        self.commands.epoch += 1;
        let here: JointVec = self.state().position;
        let here: [f64; JOINTS] = here[..].try_into().expect("six joints");
        self.run(Duration::from_millis(800), |_| {
            Some([here, [0.0; JOINTS], [0.0; JOINTS]])
        });
    }

    /// Somebody asks for homing: the commands of a new epoch home.
    pub(crate) fn begin_home(&mut self) {
        self.commands.epoch += 1;
        self.coupling.handle(self.now, Input::Home, &mut self.heard);
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
            let command = if self.dead { end } else { self.commands.next };
            let held = self.held.front().map_or(end, |(at, _)| *at);
            let next = due.min(self.bus.next_event()).min(command).min(held);
            self.now = next.min(end).max(self.now);
            self.bus.advance_to(self.now);
            self.note_truth();
            self.deliver();
            if self.dead {
                continue;
            }
            if let Some(command) = self.commands.due(self.now, &mut motion) {
                self.coupling
                    .handle(self.now, Input::Command(command), &mut self.heard);
            }
            self.coupling.tick(self.now, &mut self.heard);
            self.send(self.now);
        }
    }

    fn note_truth(&mut self) {
        let last = self.truths.last();
        if last.is_none_or(|(at, _)| self.now.since(*at) >= MILLISECOND) {
            self.truths.push((self.now, self.truth()));
        }
    }

    /// Gives the driver what has come by now, in the order in which it came: what is late keeps back what is behind it.
    fn deliver(&mut self) {
        while let Some((at, bytes)) = self.bus.read() {
            match self.held.back_mut() {
                Some((_, held)) if at <= self.held_until => held.extend(bytes),
                before => {
                    let behind = before.map_or(self.held_until, |(before, _)| *before);
                    self.held.push_back((at.max(behind).max(self.held_until), bytes));
                }
            }
        }
        while let Some((at, bytes)) = self.held.pop_front_if(|(at, _)| *at <= self.now) {
            if !self.dead {
                self.coupling.receive(at, &bytes, &mut self.heard);
                self.send(at);
            }
        }
    }

    /// Bytes come from the port that are not from the wire.
    pub(crate) fn receive(&mut self, bytes: &[u8]) {
        self.coupling.receive(self.now, bytes, &mut self.heard);
        self.send(self.now);
    }

    /// Keeps back what comes from the wire for a while, as a busy adapter or operating system does; then it comes in one piece.
    pub(crate) fn hold_answers(&mut self, duration: Duration) {
        self.held_until = self.now + duration;
    }

    /// What the driver said goes onto the wire.
    fn send(&mut self, at: Stamp) {
        if let Some(bytes) = self.heard.take() {
            self.bus.write(at, &bytes);
        }
    }

    /// Makes the line toward the driver bad, by chance as `seed` has it.
    pub(crate) fn disturb(&mut self, seed: u64, faults: LineFaults) {
        self.who.push_str(&format!(", seed {seed}"));
        self.bus.set_seed(seed);
        self.bus.set_faults(Toward::Master, faults);
    }

    /// Pulls the adapter out of the computer, or plugs it in again; the port notices.
    pub(crate) fn set_plugged(&mut self, there: bool) {
        self.bus.set_plugged(there);
        self.held.clear();
        self.coupling.plugged(self.now, there, &mut self.heard);
        self.send(self.now);
    }

    /// Ends the driver's process at once.
    pub(crate) fn die(&mut self) {
        self.dead = true;
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
        self.heard.state()
    }

    /// Who it is and everything that was said, for a test that fails.
    pub(crate) fn story(&self) -> String {
        format!("{}\n{}", self.who, self.heard.story())
    }
}
