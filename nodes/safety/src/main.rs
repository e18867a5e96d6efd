//! The gate's ROS shell: messages to core types and back, nothing else.

mod shell;

use r2r::servomesh_msgs::msg::{
    Command as CommandMsg, EnablingDevice, MotionState, SafetyState as SafetyStateMsg,
    ServoState as ServoStateMsg, Setpoint as SetpointMsg,
};
use servomesh_safety::{Input, Output, Safety};
use servomesh_shell::health::{Level, Report};
use servomesh_shell::latency::Latency;
use servomesh_shell::params::{ParamSpec, Params};
use servomesh_shell::ros::{Groups, Io, Latest, Node, Publisher, Queue, Wire, qos, wire};
use servomesh_types::{
    Core, GroupDescription, GroupName, GroupSafety, SafetyMode, SafetyState, ServoState, Setpoint, Stamp,
};
use shell::requests::Requests;
use std::collections::BTreeMap;
use std::time::Duration;

fn main() -> std::process::ExitCode {
    servomesh_shell::ros::run::<SafetyNode>()
}

struct SafetyNode {
    core: Option<Safety>,
    /// Whether the gates have been open since the core was built: they are then closed by it, not by silence.
    began: bool,
    discovery: Groups,
    groups: BTreeMap<GroupName, Ports>,
    motion: Latest<MotionState>,
    enabling: Queue<EnablingDevice>,
    state: Publisher<SafetyStateMsg>,
    requests: Requests,
    said: SafetyState,
    /// When the state was said last.
    said_at: Stamp,
    latency: Latency,
    /// Messages that were no values at all.
    unreadable: u64,
}

/// A group that was announced, and its topics.
struct Ports {
    description: GroupDescription,
    setpoint: Latest<SetpointMsg>,
    servo_state: Latest<ServoStateMsg>,
    command: Publisher<CommandMsg>,
}

impl Node for SafetyNode {
    const NAME: &'static str = "safety";

    fn parameters() -> Vec<ParamSpec> {
        shell::parameters::specs()
    }

    fn open(io: &mut Io, _params: &Params) -> anyhow::Result<Self> {
        Ok(Self {
            core: None,
            began: false,
            discovery: Groups::new(),
            groups: BTreeMap::new(),
            motion: io.latest("motion_state", qos::STREAM, |message: &MotionState| message.seq)?,
            enabling: io.queue("safety/enabling", qos::EVENT)?,
            state: io.publisher("safety/state", qos::LATCHED)?,
            requests: Requests::open(io)?,
            said: SafetyState::default(),
            said_at: Stamp::ZERO,
            latency: Latency::new(),
            unreadable: 0,
        })
    }

    fn configure(&mut self, _io: &mut Io, params: &Params, _now: Stamp) -> anyhow::Result<()> {
        let (config, setup) = shell::parameters::read(params)?;
        self.core = Some(Safety::new(config).with_setup(setup));
        self.began = false;
        Ok(())
    }

    fn activate(&mut self, io: &mut Io, now: Stamp) -> anyhow::Result<()> {
        if !self.began {
            self.began = true;
            let known: Vec<_> = self
                .groups
                .values()
                .map(|ports| ports.description.clone())
                .collect();
            for description in known {
                self.feed(io, now, Input::Group(description));
            }
        }
        Ok(())
    }

    fn deactivate(&mut self, io: &mut Io, now: Stamp) {
        // The stop goes on in `step`. Where the process ends with it, the drivers take silence for what it is.
        let request = self.requests.own();
        self.feed(io, now, Input::Stop { request });
    }

    fn cleanup(&mut self, _io: &mut Io) {
        self.core = None;
        self.began = false;
        // What is latched must not go on saying that gates are open.
        self.said = SafetyState::default();
        self.state.publish(&SafetyStateMsg::default());
    }

    fn step(&mut self, io: &mut Io, now: Stamp, active: bool) {
        while let Some(description) = self.discovery.take(io) {
            self.announce(io, now, description);
        }
        self.take_requests(io, now, active);
        // In the order of their names, so that the same arrivals give the same outputs.
        let names: Vec<GroupName> = self.groups.keys().copied().collect();
        for &group in &names {
            let message = self
                .groups
                .get_mut(&group)
                .and_then(|ports| ports.servo_state.take());
            match message.map(|message| ServoState::from_msg(&message)) {
                Some(Ok(state)) => self.feed(io, now, Input::ServoState { group, state }),
                Some(Err(error)) => self.complain(io, &format!("{group}/servo_state: {error}")),
                None => {}
            }
        }
        for message in self
            .motion
            .take()
            .map(|message| message.groups)
            .unwrap_or_default()
        {
            match wire::motion_from_msg(&message) {
                Ok((group, motion)) => self.feed(io, now, Input::Motion { group, motion }),
                Err(error) => self.complain(io, &format!("motion_state: {error}")),
            }
        }
        for group in names {
            let message = self
                .groups
                .get_mut(&group)
                .and_then(|ports| ports.setpoint.take());
            match message.map(|message| Setpoint::from_msg(&message)) {
                Some(Ok(setpoint)) if active => self.feed(io, now, Input::Setpoint { group, setpoint }),
                Some(Err(error)) => self.complain(io, &format!("{group}/setpoint: {error}")),
                _ => {}
            }
        }
        if let Some(core) = self.core.as_mut().filter(|_| self.began) {
            core.tick(now);
        }
        self.drain(io, now);
        self.repeat_state(now);
    }

    fn deadline(&self) -> Option<Stamp> {
        self.core.as_ref().and_then(Core::deadline)
    }

    fn set_parameters(&mut self, _params: &Params) -> Result<(), String> {
        Ok(())
    }

    fn report(&mut self, report: &mut Report) {
        if self.groups.is_empty() {
            report.finding(Level::Warn, "no group was announced yet");
        }
        for state in &self.said.groups {
            if state.mode != SafetyMode::Normal {
                let description = self.groups.get(&state.group).map(|ports| &ports.description);
                let why = match (state.fault, description) {
                    (Some(fault), Some(description)) => fault.describe(description),
                    _ => String::new(),
                };
                let how = if state.resettable {
                    "a reset would be granted"
                } else {
                    "not resettable yet"
                };
                report.finding(
                    Level::Error,
                    format!("group {} is stopped: {why} ({how})", state.group),
                );
            }
        }
        report.latency("setpoint_to_command", &self.latency.take());
        report.stream("motion_state", self.motion.watch());
        for (name, ports) in &self.groups {
            report.stream(&format!("{name}.setpoint"), ports.setpoint.watch());
            report.stream(&format!("{name}.servo_state"), ports.servo_state.watch());
        }
        for (name, counts) in self.core.iter().flat_map(Safety::counts) {
            report.figure(format!("{name}.passed"), &counts.passed);
            report.figure(format!("{name}.extrapolated"), &counts.extrapolated);
            report.figure(format!("{name}.own"), &counts.own);
            report.figure(format!("{name}.stale_epoch"), &counts.stale_epoch);
            report.figure(format!("{name}.out_of_order"), &counts.out_of_order);
            report.figure(format!("{name}.untimely"), &counts.untimely);
            report.figure(format!("{name}.closed"), &counts.closed);
            report.figure(format!("{name}.unsafe"), &counts.unsafe_setpoints);
            report.figure(format!("{name}.early_releases"), &counts.early_releases);
            report.figure(format!("{name}.bad_states"), &counts.bad_states);
        }
        report.figure("unreadable", &self.unreadable);
    }
}

impl SafetyNode {
    fn announce(&mut self, io: &mut Io, now: Stamp, description: GroupDescription) {
        let name = description.name;
        if let Some(ports) = self.groups.get_mut(&name) {
            ports.description = description.clone();
        } else {
            match Ports::open(io, description.clone()) {
                Ok(ports) => {
                    self.groups.insert(name, ports);
                }
                Err(error) => return io.warn(&format!("group {name} can't be gated: {error:#}")),
            }
        }
        self.feed(io, now, Input::Group(description));
    }

    fn take_requests(&mut self, io: &mut Io, now: Stamp, active: bool) {
        while let Some(input) = self.requests.take(active) {
            self.feed(io, now, input);
        }
        while let Some(message) = self.enabling.take() {
            // What was sent long ago is not held now.
            let age = now.since(wire::stamp_from_msg(&message.stamp));
            let held = message.held && age < OLD;
            self.feed(io, now, Input::Enabling { held });
        }
    }

    /// Says the state again while something moves, so that what a stop would take is known.
    fn repeat_state(&mut self, now: Stamp) {
        let Some(core) = self.core.as_ref().filter(|_| now.since(self.said_at) >= REPEAT) else {
            return;
        };
        let state = core.state();
        if state
            .groups
            .iter()
            .any(|group| group.stopping.is_some_and(|stopping| stopping.time_s > 0.0))
        {
            self.say(&state, now);
        }
    }

    fn say(&mut self, state: &SafetyState, now: Stamp) {
        self.state.publish(&self.state_to_msg(state, now));
        self.said_at = now;
    }

    fn feed(&mut self, io: &mut Io, now: Stamp, input: Input) {
        if let Some(core) = self.core.as_mut().filter(|_| self.began) {
            core.handle(now, input);
            self.drain(io, now);
        }
    }

    fn drain(&mut self, io: &mut Io, now: Stamp) {
        while let Some(output) = self.core.as_mut().and_then(Core::poll) {
            match output {
                Output::Command { group, mut command } => {
                    let Some(ports) = self.groups.get(&group) else {
                        continue;
                    };
                    let hops = &mut command.setpoint.tag.hops;
                    hops.gated_ns = io.system_ns();
                    if hops.born_ns != 0 {
                        self.latency.note(hops.born_ns, hops.gated_ns);
                    }
                    ports.command.publish(&command.to_msg());
                }
                Output::State(state) => {
                    self.say(&state, now);
                    self.said = state;
                }
                Output::Answer {
                    request,
                    granted,
                    text,
                } => self.requests.answer(request, granted, text),
                Output::Event(event) => io.event(&event),
            }
        }
    }

    fn state_to_msg(&self, state: &SafetyState, now: Stamp) -> SafetyStateMsg {
        let group = |state: &GroupSafety| {
            let ports = self.groups.get(&state.group);
            wire::group_safety_to_msg(state, ports.map(|ports| &ports.description), now)
        };
        SafetyStateMsg {
            stamp: wire::stamp_to_msg(now),
            mode: wire::safety_mode_to_msg(state.mode()),
            operation: wire::operating_mode_to_msg(state.operation),
            groups: state.groups.iter().map(group).collect(),
        }
    }

    /// Reports a message that can't be read, ever more rarely.
    fn complain(&mut self, io: &Io, text: &str) {
        self.unreadable += 1;
        if self.unreadable.is_power_of_two() {
            io.warn(&format!("{text} ({} unreadable so far)", self.unreadable));
        }
    }
}

impl Ports {
    fn open(io: &mut Io, description: GroupDescription) -> anyhow::Result<Self> {
        let name = description.name;
        Ok(Self {
            setpoint: io.latest(&format!("{name}/setpoint"), qos::STREAM, |m: &SetpointMsg| {
                m.tag.seq
            })?,
            servo_state: io.latest(
                &format!("{name}/servo_state"),
                qos::STREAM,
                |m: &ServoStateMsg| m.tag.seq,
            )?,
            command: io.publisher(&format!("{name}/command"), qos::STREAM)?,
            description,
        })
    }
}

/// How often the state is said while something moves.
const REPEAT: Duration = Duration::from_millis(100);
/// What an enabling device said longer ago than this says nothing about now.
const OLD: Duration = Duration::from_millis(200);
