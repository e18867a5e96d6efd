//! The core of the node `sim`: the hardware, paced by the wall clock and in lockstep with those who listen.
//!
//! Unlike in other cores, `now` is wall time here; simulated time is this core's output ([`Output::Clock`]).

use crate::hardware::Hardware;
use crate::pacing::{Listener, Pacer, PacingConfig};
use servomesh_driver::bus::{DriveCommand, DriveStatus};
use servomesh_types::{Core, GroupName, Stamp};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// What reaches the simulation.
#[derive(Clone, Debug)]
pub enum Input {
    /// A frame from a driver.
    Drives {
        /// For which group's drives.
        group: GroupName,
        /// What they are to do.
        command: DriveCommand,
    },
    /// A stream of the mesh has come up to `stamp`. Lockstep only.
    Heard {
        /// Which stream.
        stream: Stream,
        /// The stamp of its newest value.
        stamp: Stamp,
    },
}

/// The streams that tell whether the mesh keeps up. Each is that of another process: `safety` goes on for a while without
/// setpoints, and `trajectory` without the motion state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stream {
    /// A group's setpoints, from `trajectory`.
    Setpoint(GroupName),
    /// A group's commands, from `safety`.
    Command(GroupName),
    /// The motion state, from `estimator`.
    Motion,
}

/// What the simulation causes.
#[derive(Clone, Debug)]
pub enum Output {
    /// Simulated time went on.
    Clock(Stamp),
    /// A frame from the drives of a group.
    Drives {
        /// From which group's drives.
        group: GroupName,
        /// What they measured.
        status: DriveStatus,
    },
    /// It is time to publish the ground truth.
    Truth(Stamp),
    /// A driver's frame could not be used; says why.
    Refused(String),
}

/// The core of the node `sim`.
#[derive(Debug)]
pub struct Simulation {
    hardware: Hardware,
    pacing: PacingConfig,
    pacer: Pacer,
    answers: BTreeMap<GroupName, Answers>,
    streams: BTreeMap<Stream, Listener>,
    out: VecDeque<Output>,
    next_look: Stamp,
    /// Stamps of frames must be wall time: nobody listens to the clock.
    follows_wall: bool,
    slips: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Answers {
    listener: Listener,
    asked: Option<(u64, Stamp)>,
}

impl Simulation {
    /// A simulation of `hardware`. With `follows_wall`, simulated time is held to the wall clock by skipping what it lacks.
    pub fn new(hardware: Hardware, pacing: PacingConfig, follows_wall: bool) -> Self {
        let mut pacer = Pacer::new(pacing.speed);
        if follows_wall {
            pacer.begin_at(hardware.now(), hardware.now());
        }
        Self {
            answers: hardware
                .buses()
                .map(|group| (group, Answers::default()))
                .collect(),
            streams: BTreeMap::new(),
            pacer,
            hardware,
            pacing,
            out: VecDeque::new(),
            next_look: Stamp::ZERO,
            follows_wall,
            slips: 0,
        }
    }

    /// The hardware, for ground truth.
    pub fn hardware(&self) -> &Hardware {
        &self.hardware
    }

    /// The hardware, to break something.
    pub fn hardware_mut(&mut self) -> &mut Hardware {
        &mut self.hardware
    }

    /// How often the simulation fell behind the wall clock for good.
    pub fn slips(&self) -> u64 {
        self.slips
    }

    /// How often a listener was given up.
    pub fn missed(&self) -> u64 {
        self.answers.values().map(|a| a.listener.missed()).sum::<u64>()
            + self.streams.values().map(Listener::missed).sum::<u64>()
    }

    /// Whether someone must be waited for before time may go on.
    fn is_held(&mut self, wall: Stamp) -> bool {
        if !self.pacing.lockstep {
            return false;
        }
        let PacingConfig {
            patience, max_lag, ..
        } = self.pacing;
        let now = self.hardware.now();
        let mut held = false;
        for answers in self.answers.values_mut() {
            if let Some((_, asked)) = answers.asked {
                held |= answers.listener.holds(wall, asked, Duration::ZERO, patience);
            }
        }
        for stream in self.streams.values_mut() {
            held |= stream.holds(wall, now, max_lag, patience);
        }
        held
    }

    fn step(&mut self) {
        self.hardware.step();
        let now = self.hardware.now();
        if divides(CLOCK_PERIOD, now) {
            self.out.push_back(Output::Clock(now));
        }
        while let Some((group, status)) = self.hardware.poll() {
            if let Some(answers) = self.answers.get_mut(&group) {
                answers.asked = Some((status.cycle, status.stamp));
            }
            self.out.push_back(Output::Drives { group, status });
        }
        if divides(TRUTH_PERIOD, now) {
            self.out.push_back(Output::Truth(now));
        }
    }

    fn catch_up_with(&mut self, wall: Stamp) {
        if self.pacer.slips() > self.slips {
            self.slips = self.pacer.slips();
            if self.follows_wall {
                self.hardware.skip_to(wall);
                self.pacer.begin_at(self.hardware.now(), self.hardware.now());
            }
        }
    }
}

impl Core for Simulation {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, _now: Stamp, input: Input) {
        match input {
            Input::Drives { group, command } => {
                if let Some(answers) = self.answers.get_mut(&group)
                    && let Some((cycle, asked)) = answers.asked
                    && command.cycle >= cycle
                {
                    answers.listener.hear(asked);
                }
                if let Err(error) = self.hardware.command(group, &command) {
                    self.out.push_back(Output::Refused(error.to_string()));
                }
            }
            Input::Heard { stream, stamp } => self.streams.entry(stream).or_default().hear(stamp),
        }
    }

    /// Takes at most one step that causes output, so that it is out before the next.
    fn tick(&mut self, now: Stamp) {
        while self.out.is_empty() {
            if !self.pacer.is_due(now, self.hardware.now() + STEP) {
                self.next_look = self.pacer.due_at(now, self.hardware.now() + STEP);
                return;
            }
            self.catch_up_with(now);
            if self.is_held(now) {
                self.next_look = now + LOOK_AGAIN;
                return;
            }
            self.step();
            self.next_look = now;
        }
    }

    fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    fn deadline(&self) -> Option<Stamp> {
        Some(self.next_look)
    }
}

fn divides(period: Duration, now: Stamp) -> bool {
    now.as_nanos().rem_euclid(period.as_nanos() as i64) == 0
}

const STEP: Duration = crate::plant::PERIOD;

/// `/clock` ticks at the rate of the setpoints, on their grid.
const CLOCK_PERIOD: Duration = Duration::from_millis(2);

const TRUTH_PERIOD: Duration = Duration::from_millis(20);

/// Who holds the simulation is heard by a message; this is only for the patience to end.
const LOOK_AGAIN: Duration = Duration::from_millis(2);
