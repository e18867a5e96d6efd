//! The node: drains its inputs into the core, and publishes what the core says.

use super::goals;
use super::parameters;
use super::planning::Planning;
use super::ports::{Asked, Ports};
use super::steering::Steering;
use anyhow::Context as _;
use r2r::servomesh_msgs::msg::{MotionState, SafetyState as SafetyStateMsg};
use servomesh_shell::health::{Level, Report};
use servomesh_shell::latency::Latency;
use servomesh_shell::params::{ParamSpec, Params};
use servomesh_shell::ros::{Groups, Io, Latest, Node, Queue, Wire as _, qos, wire};
use servomesh_trajectory::{Input, Output, Phase, Trajectory};
use servomesh_types::{Core as _, GroupDescription, GroupName, SafetyState, Stamp};
use std::collections::BTreeMap;

pub(crate) struct TrajectoryNode {
    core: Option<Trajectory>,
    discovery: Groups,
    groups: BTreeMap<GroupName, Ports>,
    steering: Steering,
    planning: Planning,
    motion: Latest<MotionState>,
    safety: Queue<SafetyStateMsg>,
    said: Option<SafetyState>,
    /// From a setpoint's time on the grid to its publication, by the node's own clock.
    lateness: Latency,
    setpoints: u64,
    unreadable: u64,
    /// When it was last called.
    now: Stamp,
}

impl Node for TrajectoryNode {
    const NAME: &'static str = "trajectory";

    fn parameters() -> Vec<ParamSpec> {
        parameters::specs()
    }

    fn open(io: &mut Io, _params: &Params) -> anyhow::Result<Self> {
        Ok(Self {
            core: None,
            discovery: Groups::new(),
            groups: BTreeMap::new(),
            steering: Steering::open(io)?,
            planning: Planning::start().context("no thread for planning")?,
            motion: io.latest("motion_state", qos::STREAM, |message: &MotionState| message.seq)?,
            safety: io.queue("safety/state", qos::LATCHED)?,
            said: None,
            lateness: Latency::new(),
            setpoints: 0,
            unreadable: 0,
            now: Stamp::ZERO,
        })
    }

    fn configure(&mut self, _io: &mut Io, params: &Params, _now: Stamp) -> anyhow::Result<()> {
        let robot = parameters::robot(params)?;
        self.core = Some(Trajectory::new(parameters::config(params)?).with_robot(robot));
        Ok(())
    }

    fn activate(&mut self, io: &mut Io, now: Stamp) -> anyhow::Result<()> {
        let known: Vec<_> = self
            .groups
            .values()
            .map(|ports| ports.description.clone())
            .collect();
        for description in known {
            self.feed(io, now, Input::Group(description));
        }
        if let Some(state) = self.said.clone() {
            self.feed(io, now, Input::Safety(state));
        }
        Ok(())
    }

    fn deactivate(&mut self, io: &mut Io, now: Stamp) {
        // Setpoints end here, and `safety` takes their silence for what it is.
        if let Some(core) = &mut self.core {
            core.give_up(now, goals::NOT_ACTIVE);
        }
        self.drain(io, now);
    }

    fn cleanup(&mut self, _io: &mut Io) {
        self.core = None;
    }

    fn step(&mut self, io: &mut Io, now: Stamp, active: bool) {
        self.now = now;
        while let Some(description) = self.discovery.take(io) {
            self.announce(io, now, active, description);
        }
        while let Some(message) = self.safety.take() {
            match wire::safety_state_from_msg(&message) {
                Ok(state) => {
                    self.said = Some(state.clone());
                    if active {
                        self.feed(io, now, Input::Safety(state));
                    }
                }
                Err(error) => self.complain(io, &format!("safety/state: {error}")),
            }
        }
        if let Some(frame) = self.motion.take() {
            for message in frame.groups {
                match wire::motion_from_msg(&message) {
                    Ok((group, motion)) if active => {
                        self.feed(io, now, Input::Motion { group, motion });
                    }
                    Ok(_) => {}
                    Err(error) => self.complain(io, &format!("motion_state: {error}")),
                }
            }
        }
        while let Some(planned) = self.planning.take() {
            self.feed(io, now, Input::Planned(planned));
        }
        while let Some(input) = self.steering.take() {
            match input {
                Input::Steer { request, .. } if !active => {
                    self.steering.answer(request, false, goals::NOT_ACTIVE.to_owned());
                }
                input => self.feed(io, now, input),
            }
        }
        let names: Vec<GroupName> = self.groups.keys().copied().collect();
        for name in names {
            let asked = self
                .groups
                .get_mut(&name)
                .map(|ports| ports.take(io))
                .unwrap_or_default();
            for asked in asked {
                self.answer(io, now, active, name, asked);
            }
        }
        if let (true, Some(core)) = (active, &mut self.core) {
            core.tick(now);
        }
        self.drain(io, now);
    }

    fn deadline(&self) -> Option<Stamp> {
        self.core.as_ref()?.deadline()
    }

    fn set_parameters(&mut self, _params: &Params) -> Result<(), String> {
        Ok(())
    }

    fn report(&mut self, report: &mut Report) {
        if self.groups.is_empty() {
            report.finding(Level::Warn, "no group was announced yet");
        }
        let now = self.now;
        for (name, phase) in self.core.iter().flat_map(|core| core.phases(now)) {
            if phase == Phase::Unseeded {
                report.finding(
                    Level::Warn,
                    format!("group {name} is not ready: it is stopped, or its state is not known"),
                );
            }
            report.figure(format!("{name}.phase"), phase.name());
        }
        report.latency("setpoint_lateness", &self.lateness.take());
        report.figure("setpoints", &self.setpoints);
        report.stream("motion_state", self.motion.watch());
        report.figure("unreadable", &self.unreadable);
    }
}

impl TrajectoryNode {
    fn announce(&mut self, io: &mut Io, now: Stamp, active: bool, description: GroupDescription) {
        let name = description.name;
        if let Some(ports) = self.groups.get_mut(&name) {
            ports.description = description.clone();
        } else {
            match Ports::open(io, description.clone()) {
                Ok(ports) => {
                    self.groups.insert(name, ports);
                }
                Err(error) => return io.warn(&format!("group {name} can't be moved: {error:#}")),
            }
        }
        if active {
            self.feed(io, now, Input::Group(description));
        }
    }

    fn answer(&mut self, io: &mut Io, now: Stamp, active: bool, group: GroupName, asked: Asked) {
        match asked {
            Asked::Goal(_, input) if active => self.feed(io, now, input),
            Asked::Told(input) if active => self.feed(io, now, input),
            Asked::Told(_) => {} // as if it had come later
            Asked::Goal(id, _) => {
                if let Some(ports) = self.groups.get_mut(&group) {
                    ports.end(id, &goals::not_active());
                }
            }
            Asked::Cancel(id) => self.feed(io, now, Input::Cancel { id }),
        }
    }

    fn feed(&mut self, io: &mut Io, now: Stamp, input: Input) {
        if let Some(core) = &mut self.core {
            core.handle(now, input);
        }
        self.drain(io, now);
    }

    fn drain(&mut self, io: &mut Io, now: Stamp) {
        while let Some(output) = self.core.as_mut().and_then(servomesh_types::Core::poll) {
            match output {
                Output::Setpoint { group, mut setpoint } => {
                    let Some(ports) = self.groups.get(&group) else {
                        continue;
                    };
                    self.setpoints += 1;
                    self.lateness.note(setpoint.tag.stamp.as_nanos(), now.as_nanos());
                    setpoint.tag.hops.born_ns = io.system_ns();
                    ports.setpoint.publish(&setpoint.to_msg());
                }
                Output::Feedback { group, id, feedback } => {
                    if let Some(ports) = self.groups.get(&group) {
                        ports.feedback(id, &feedback);
                    }
                }
                Output::Done { id, outcome } => {
                    for ports in self.groups.values_mut() {
                        ports.end(id, &outcome);
                    }
                }
                Output::Event(event) => io.event(&event),
                Output::Plan(plan) => {
                    // Without the thread it takes longer here, and no plan is lost.
                    if let Err(plan) = self.planning.begin(plan)
                        && let Some(core) = &mut self.core
                    {
                        core.handle(now, Input::Planned(plan.run()));
                    }
                }
                Output::Answer {
                    request,
                    granted,
                    text,
                } => self.steering.answer(request, granted, text),
            }
        }
    }

    fn complain(&mut self, io: &Io, text: &str) {
        self.unreadable += 1;
        if self.unreadable.is_power_of_two() {
            io.warn(&format!(
                "{text} (message {} that can't be read)",
                self.unreadable
            ));
        }
    }
}
