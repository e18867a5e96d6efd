//! The cell on a virtual clock.

use super::digest::Digest;
use super::files::{CellFiles, FilesError};
use super::network::{Delivery, Network, NetworkConfig};
use super::parts::{Address, Message, Part};
use super::wired::WiredDriver;
use crate::hardware::Hardware;
use crate::plant::PERIOD;
use servomesh_driver::{Driver, Input as DriverInput, Output as DriverOutput};
use servomesh_estimator::{Estimator, Input as EstimatorInput, Output as EstimatorOutput, Settings};
use servomesh_robot::Model;
use servomesh_safety::{Input as SafetyInput, Output as SafetyOutput, Safety};
use servomesh_trajectory::{
    Feedback, GoalId, Input as TrajectoryInput, Outcome, Output as TrajectoryOutput, Trajectory,
};
use servomesh_types::{
    Core, DriveMode, Event, GroupDescription, GroupMotion, GroupName, SafetyState, ServoState, Setpoint,
    Stamp,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The cell: all cores, the machine, and the network between them.
pub struct Cell {
    pub(super) files: CellFiles,
    pub(super) now: Stamp,
    pub(super) hardware: Hardware,
    pub(super) trajectory: Option<Trajectory>,
    pub(super) safety: Option<Safety>,
    pub(super) estimator: Option<Estimator>,
    pub(super) drivers: BTreeMap<GroupName, Option<Driver>>,
    /// Drivers with a bus of their own, by group.
    pub(super) wired: BTreeMap<GroupName, Box<dyn WiredDriver>>,
    pub(super) network: Network,
    /// How long `trajectory` works on a plan.
    plan_time: Duration,
    /// On their way, by time of arrival and order of sending; boxed, since a tree moves its entries about.
    pub(super) mail: BTreeMap<(Stamp, u64), (Address, Box<Message>)>,
    sent: u64,
    pub(super) latched_safety: Option<SafetyState>,
    pub(super) last_request: u64,
    pub(super) answers: BTreeMap<u64, bool>,
    pub(super) last_goal: u64,
    pub(super) outcomes: BTreeMap<GoalId, Outcome>,
    pub(super) feedback: BTreeMap<GoalId, Feedback>,
    /// Answers of `trajectory`, by request.
    pub(super) steered: BTreeMap<u64, Result<(), String>>,
    /// The newest setpoint of each group.
    pub(super) setpoints: BTreeMap<GroupName, Setpoint>,
    pub(super) events: Vec<Event>,
    pub(super) states: BTreeMap<GroupName, ServoState>,
    /// What the estimator said last of each group.
    pub(super) motions: BTreeMap<GroupName, GroupMotion>,
    /// What the estimator is told of itself and of the robot.
    pub(super) estimator_setup: (Settings, Model),
    /// When the drives of each group took a frame last.
    pub(super) frames: BTreeMap<GroupName, Stamp>,
    pub(super) largest_error: BTreeMap<GroupName, f64>,
    pub(super) digest: Digest,
}

impl Cell {
    /// The cell at rest at time 0, all parts running, every group announced.
    ///
    /// # Errors
    /// The files don't fit each other; names what is missing.
    pub fn new(files: &CellFiles, network: NetworkConfig, seed: u64) -> Result<Self, FilesError> {
        let mut hardware = Hardware::new(&files.model, &files.servos, &files.wiring, Stamp::ZERO)?;
        hardware.plant_mut().add_scene(&files.scene)?;
        hardware.set_seed(seed);
        let mut cell = Self {
            drivers: files
                .drivers()?
                .into_iter()
                .map(|(name, driver)| (name, Some(driver)))
                .collect(),
            files: files.clone(),
            now: hardware.now(),
            hardware,
            trajectory: None,
            safety: None,
            estimator: None,
            wired: BTreeMap::new(),
            network: Network::new(network, seed),
            plan_time: Duration::ZERO,
            mail: BTreeMap::new(),
            sent: 0,
            latched_safety: None,
            last_request: 0,
            answers: BTreeMap::new(),
            last_goal: 0,
            outcomes: BTreeMap::new(),
            feedback: BTreeMap::new(),
            steered: BTreeMap::new(),
            setpoints: BTreeMap::new(),
            events: Vec::new(),
            states: BTreeMap::new(),
            motions: BTreeMap::new(),
            estimator_setup: (Settings::default(), files.model.clone()),
            frames: BTreeMap::new(),
            largest_error: BTreeMap::new(),
            digest: Digest::new(),
        };
        for part in [Part::Safety, Part::Trajectory, Part::Estimator] {
            cell.start(part)?;
        }
        Ok(cell)
    }

    /// Changes what the network does from now on.
    pub fn set_network(&mut self, config: NetworkConfig) {
        self.network.set(config);
    }

    /// Changes how long `trajectory` works on a plan from now on: beside its loop, as its shell does. No time at first.
    pub fn set_plan_time(&mut self, time: Duration) {
        self.plan_time = time;
    }

    /// Runs for a time.
    pub fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        self.run_until(time, |cell| cell.now >= end);
    }

    /// Runs until something holds; whether it came to hold within `limit`.
    pub fn run_until(&mut self, limit: Duration, holds: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + limit;
        while !holds(self) {
            if self.now >= end {
                return false;
            }
            self.turn(end);
        }
        true
    }

    /// Goes on to the next thing that happens: a message, a deadline, or a step of the machine.
    fn turn(&mut self, end: Stamp) {
        let step = self.hardware.now() + PERIOD;
        let mail = self.mail.first_key_value().map(|((at, _), _)| *at);
        let (deadline, due) = self.first_deadline();
        let wired = self.next_wired_event();
        let next = [Some(step), mail, deadline, wired, Some(end)]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(end);
        self.now = self.now.max(next);
        if mail.is_some_and(|at| at <= self.now) {
            if let Some((_, (address, message))) = self.mail.pop_first() {
                self.deliver(address, *message);
            }
        } else if let (Some(part), true) = (due, deadline.is_some_and(|at| at <= self.now)) {
            self.tick(part);
        } else if step <= self.now {
            self.hardware.step();
            while let Some((group, status)) = self.hardware.poll() {
                self.send(
                    Part::Driver(group),
                    Delivery::Reliable,
                    Message::DriveStatus(status),
                );
            }
        } else if wired.is_some_and(|at| at <= self.now) {
            self.advance_wired();
        }
    }

    fn first_deadline(&self) -> (Option<Stamp>, Option<Part>) {
        let fixed = [
            (
                Part::Trajectory,
                self.trajectory.as_ref().and_then(Core::deadline),
            ),
            (Part::Safety, self.safety.as_ref().and_then(Core::deadline)),
            (Part::Estimator, self.estimator.as_ref().and_then(Core::deadline)),
        ];
        let drivers = self
            .drivers
            .iter()
            .map(|(group, driver)| (Part::Driver(*group), driver.as_ref().and_then(Core::deadline)));
        let first = fixed
            .into_iter()
            .chain(drivers)
            .filter_map(|(part, deadline)| Some((deadline?, part)))
            .min();
        (first.map(|(deadline, _)| deadline), first.map(|(_, part)| part))
    }

    fn tick(&mut self, part: Part) {
        let now = self.now;
        match part {
            Part::Trajectory => {
                if let Some(core) = &mut self.trajectory {
                    core.tick(now);
                }
                self.drain_trajectory();
            }
            Part::Safety => {
                if let Some(core) = &mut self.safety {
                    core.tick(now);
                }
                self.drain_safety();
            }
            Part::Estimator => {
                if let Some(core) = &mut self.estimator {
                    core.tick(now);
                }
                self.drain_estimator();
            }
            Part::Driver(group) => {
                if let Some(Some(core)) = self.drivers.get_mut(&group) {
                    core.tick(now);
                }
                self.drain_driver(group);
            }
        }
    }

    fn deliver(&mut self, address: Address, message: Message) {
        match address {
            Address::Drives => {
                if let Message::DriveCommand { group, command } = message {
                    let lost = self.hardware.frames_lost(group);
                    self.hardware
                        .command(group, &command)
                        .expect("a driver's frame fits its own bus");
                    if self.hardware.frames_lost(group) == lost {
                        self.frames.insert(group, self.now);
                    }
                }
            }
            Address::Part(Part::Trajectory) => self.hand_to_trajectory(message),
            Address::Part(Part::Safety) => self.hand_to_safety(message),
            Address::Part(Part::Estimator) => self.hand_to_estimator(message),
            Address::Part(Part::Driver(group)) if self.wired.contains_key(&group) => {
                self.hand_to_wired(group, message);
            }
            Address::Part(Part::Driver(group)) => self.hand_to_driver(group, message),
        }
    }

    fn hand_to_trajectory(&mut self, message: Message) {
        let Some(core) = &mut self.trajectory else { return };
        match message {
            Message::Motion(motions) => {
                for &(group, motion) in motions.iter() {
                    core.handle(self.now, TrajectoryInput::Motion { group, motion });
                }
            }
            Message::Safety(state) => core.handle(self.now, TrajectoryInput::Safety(state)),
            Message::Description(group) => core.handle(self.now, TrajectoryInput::Group(group)),
            Message::Planned(planned) => core.handle(self.now, TrajectoryInput::Planned(*planned)),
            _ => {}
        }
        self.drain_trajectory();
    }

    fn hand_to_safety(&mut self, message: Message) {
        let Some(core) = &mut self.safety else { return };
        match message {
            Message::Setpoint { group, setpoint } => {
                core.handle(self.now, SafetyInput::Setpoint { group, setpoint });
            }
            Message::ServoState { group, state } => {
                core.handle(self.now, SafetyInput::ServoState { group, state });
            }
            Message::Motion(motions) => {
                for &(group, motion) in motions.iter() {
                    core.handle(self.now, SafetyInput::Motion { group, motion });
                }
            }
            Message::Description(group) => core.handle(self.now, SafetyInput::Group(group)),
            _ => {}
        }
        self.drain_safety();
    }

    fn hand_to_estimator(&mut self, message: Message) {
        let Some(core) = &mut self.estimator else { return };
        match message {
            Message::ServoState { group, state } => {
                core.handle(self.now, EstimatorInput::ServoState { group, state });
            }
            Message::Description(group) => core.handle(self.now, EstimatorInput::Group(group)),
            _ => {}
        }
        self.drain_estimator();
    }

    fn hand_to_driver(&mut self, group: GroupName, message: Message) {
        let Some(Some(core)) = self.drivers.get_mut(&group) else {
            return;
        };
        match message {
            Message::Command(command) => core.handle(self.now, DriverInput::Command(command)),
            Message::DriveStatus(status) => core.handle(self.now, DriverInput::Bus(status)),
            _ => {}
        }
        self.drain_driver(group);
    }

    pub(super) fn drain_trajectory(&mut self) {
        while let Some(output) = self.trajectory.as_mut().and_then(Core::poll) {
            match output {
                TrajectoryOutput::Setpoint { group, setpoint } => {
                    self.setpoints.insert(group, setpoint);
                    self.send(
                        Part::Safety,
                        Delivery::Stream,
                        Message::Setpoint { group, setpoint },
                    );
                }
                TrajectoryOutput::Done { id, outcome } => {
                    self.outcomes.insert(id, outcome);
                }
                TrajectoryOutput::Event(event) => self.events.push(event),
                TrajectoryOutput::Feedback { id, feedback, .. } => {
                    self.feedback.insert(id, feedback);
                }
                TrajectoryOutput::Plan(plan) => {
                    let planned = Message::Planned(Box::new(plan.run()));
                    let address = Address::Part(Part::Trajectory);
                    self.put_in_mail(self.now + self.plan_time, address, planned);
                }
                TrajectoryOutput::Answer {
                    request,
                    granted,
                    text,
                } => {
                    let answer = if granted { Ok(()) } else { Err(text) };
                    self.steered.insert(request, answer);
                }
            }
        }
    }

    pub(super) fn drain_safety(&mut self) {
        while let Some(output) = self.safety.as_mut().and_then(Core::poll) {
            match output {
                SafetyOutput::Command { group, mut command } => {
                    // As its shell does, but in virtual time.
                    command.setpoint.tag.hops.gated_ns = self.now.as_nanos();
                    self.send(Part::Driver(group), Delivery::Stream, Message::Command(command));
                }
                SafetyOutput::State(state) => {
                    self.latched_safety = Some(state.clone());
                    self.send(Part::Trajectory, Delivery::Reliable, Message::Safety(state));
                }
                SafetyOutput::Answer { request, granted, .. } => {
                    self.answers.insert(request, granted);
                }
                SafetyOutput::Event(event) => self.events.push(event),
            }
        }
    }

    fn drain_estimator(&mut self) {
        while let Some(output) = self.estimator.as_mut().and_then(Core::poll) {
            match output {
                EstimatorOutput::Motion(frame) => {
                    let estimator = self.estimator.as_ref();
                    let motions: Arc<[_]> = estimator
                        .iter()
                        .flat_map(|estimator| estimator.motions(frame.stamp))
                        .collect();
                    self.motions.extend(motions.iter().copied());
                    self.send(
                        Part::Trajectory,
                        Delivery::Stream,
                        Message::Motion(Arc::clone(&motions)),
                    );
                    self.send(Part::Safety, Delivery::Stream, Message::Motion(motions));
                }
                EstimatorOutput::Event(event) => self.events.push(event),
                EstimatorOutput::JointStates(_)
                | EstimatorOutput::Transforms(_)
                | EstimatorOutput::Tools(_)
                | EstimatorOutput::StaticTransforms(_) => {}
            }
        }
    }

    pub(super) fn drain_driver(&mut self, group: GroupName) {
        while let Some(output) = self
            .drivers
            .get_mut(&group)
            .and_then(Option::as_mut)
            .and_then(Core::poll)
        {
            self.take_from_driver(group, output);
        }
    }

    pub(super) fn take_from_driver(&mut self, group: GroupName, output: DriverOutput) {
        match output {
            DriverOutput::Bus(command) => self.post(
                Address::Drives,
                Delivery::Reliable,
                Message::DriveCommand { group, command },
            ),
            DriverOutput::State(state) => {
                self.note(group, &state);
                for listener in [Part::Safety, Part::Estimator] {
                    self.send(listener, Delivery::Stream, Message::ServoState { group, state });
                }
            }
            DriverOutput::Tracking(_) => {}
            DriverOutput::Event(event) => self.events.push(event),
        }
    }

    fn note(&mut self, group: GroupName, state: &ServoState) {
        self.digest.add(state.tag.stamp.as_nanos().unsigned_abs());
        state
            .position
            .iter()
            .chain(state.current_a.iter())
            .for_each(|value| self.digest.add(value.to_bits()));
        if state.mode == DriveMode::Enabled {
            let error =
                (0..state.position.len()).fold(0.0, |max: f64, i| max.max(state.following_error(i).abs()));
            let largest = self.largest_error.entry(group).or_insert(0.0);
            *largest = largest.max(error);
        }
        self.states.insert(group, *state);
    }

    pub(super) fn send(&mut self, to: Part, delivery: Delivery, message: Message) {
        self.post(Address::Part(to), delivery, message);
    }

    fn post(&mut self, address: Address, delivery: Delivery, message: Message) {
        let copies = std::iter::repeat_n(message, 2);
        for (at, copy) in self.network.arrivals(self.now, delivery).zip(copies) {
            self.put_in_mail(at, address, copy);
        }
    }

    fn put_in_mail(&mut self, at: Stamp, address: Address, message: Message) {
        self.sent += 1;
        self.mail.insert((at, self.sent), (address, Box::new(message)));
    }

    pub(super) fn descriptions(&self) -> Vec<GroupDescription> {
        let own = self.drivers.values().flatten();
        own.map(|driver| driver.config().group().clone())
            .chain(self.wired.values().map(|driver| driver.description()))
            .collect()
    }
}
