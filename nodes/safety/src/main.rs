//! The gate's ROS shell: messages to core types and back, nothing else.

use r2r::servomesh_msgs::msg::{
    Command as CommandMsg, MotionState, SafetyState as SafetyStateMsg, ServoState as ServoStateMsg,
    Setpoint as SetpointMsg,
};
use r2r::servomesh_msgs::srv::SetSpeedScale;
use r2r::std_srvs::srv::Trigger;
use servomesh_safety::config::{MIN_TOLERANCE, TOLERANCES, range};
use servomesh_safety::{Config, Input, Output, Parameters, Safety, StopCategory, Tolerances};
use servomesh_shell::health::{Level, Report};
use servomesh_shell::latency::Latency;
use servomesh_shell::params::{ParamSpec, Params};
use servomesh_shell::ros::{Groups, Io, Latest, Node, Publisher, Request, Service, Wire, qos, wire};
use servomesh_types::{
    Core, GroupDescription, GroupName, GroupSafety, SafetyMode, SafetyState, ServoState, Setpoint, Stamp,
};
use std::collections::BTreeMap;

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
    state: Publisher<SafetyStateMsg>,
    stop: Service<Trigger::Service>,
    reset: Service<Trigger::Service>,
    speed_scale: Service<SetSpeedScale::Service>,
    waiting: BTreeMap<u64, Waiting>,
    last_request: u64,
    said: SafetyState,
    latency: Latency,
    /// Messages that were no values at all.
    unreadable: u64,
}

/// Who waits for an answer.
enum Waiting {
    Trigger(Request<Trigger::Service>),
    SpeedScale(Request<SetSpeedScale::Service>),
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
        let default = Parameters::default();
        let seconds = |name, value: std::time::Duration, range, text| {
            ParamSpec::number(name, value.as_secs_f64(), range, text)
        };
        let mut specs = vec![
            ParamSpec::number(
                "rate_hz",
                default.rate_hz,
                range::RATE_HZ,
                "Rate at which setpoints are expected and own commands are sent [Hz]",
            ),
            ParamSpec::integer(
                "stop_category",
                2,
                (1, 2),
                "What follows a stop: 1 torque off and brakes on, 2 standstill under power (IEC 60204-1)",
            ),
            ParamSpec::integer(
                "extrapolate",
                default.extrapolate.into(),
                (range::EXTRAPOLATE.0 as i64, range::EXTRAPOLATE.1 as i64),
                "Missing setpoints in a row that are filled in; one more is a fault",
            ),
            seconds(
                "valid_for_s",
                default.valid_for,
                range::VALID_FOR_S,
                "Validity of own commands, at least two periods [s]",
            ),
            seconds(
                "lead_s",
                default.lead,
                range::LEAD_S,
                "How far ahead of now a setpoint may be stamped [s]",
            ),
            seconds(
                "timeout.servo_state_s",
                default.servo_state_timeout,
                range::TIMEOUT_S,
                "Silence of a servo state that is a fault, at least two periods [s]",
            ),
            seconds(
                "timeout.motion_state_s",
                default.motion_state_timeout,
                range::TIMEOUT_S,
                "Silence of the motion state that is a fault, at least two periods [s]",
            ),
            seconds(
                "timeout.engage_s",
                default.engage_timeout,
                range::TIMEOUT_S,
                "How long a driver may take to follow a new epoch, at least two periods [s]",
            ),
            ParamSpec::number(
                "limit_tolerance",
                default.limit_tolerance,
                range::LIMIT_TOLERANCE,
                "How far velocity and acceleration limits may be exceeded, as a fraction of them",
            ),
            ParamSpec::number(
                "winding_degc",
                default.winding_degc,
                range::WINDING_DEGC,
                "Highest winding temperature [°C]",
            ),
            ParamSpec::number(
                "winding_hysteresis_degc",
                default.winding_hysteresis_degc,
                range::WINDING_HYSTERESIS_DEGC,
                "How far below that a winding must cool before a reset [°C]",
            ),
            ParamSpec::number(
                "speed_scale",
                default.speed_scale,
                range::SPEED_SCALE,
                "How fast groups may run until safety/set_speed_scale says otherwise, of what is planned",
            ),
        ];
        for (names, tolerances) in [(REVOLUTE, default.revolute), (PRISMATIC, default.prismatic)] {
            let all = names.into_iter().zip(tolerances.to_array()).zip(TOLERANCES);
            specs.extend(all.map(|((name, value), (_, max, text))| {
                ParamSpec::number(name, value, (MIN_TOLERANCE, max), text)
            }));
        }
        specs
    }

    fn open(io: &mut Io, _params: &Params) -> anyhow::Result<Self> {
        Ok(Self {
            core: None,
            began: false,
            discovery: Groups::new(),
            groups: BTreeMap::new(),
            motion: io.latest("motion_state", qos::STREAM, |message: &MotionState| message.seq)?,
            state: io.publisher("safety/state", qos::LATCHED)?,
            stop: io.service("safety/stop")?,
            reset: io.service("safety/reset")?,
            speed_scale: io.service("safety/set_speed_scale")?,
            waiting: BTreeMap::new(),
            last_request: 0,
            said: SafetyState::default(),
            latency: Latency::new(),
            unreadable: 0,
        })
    }

    fn configure(&mut self, _io: &mut Io, params: &Params, _now: Stamp) -> anyhow::Result<()> {
        let tolerances = |names: [&str; 7]| Tolerances::from_array(names.map(|name| params.number(name)));
        self.core = Some(Safety::new(Config::new(Parameters {
            rate_hz: params.number("rate_hz"),
            stop_category: match params.integer("stop_category") {
                1 => StopCategory::One,
                _ => StopCategory::Two,
            },
            extrapolate: u32::try_from(params.integer("extrapolate"))?,
            valid_for: params.seconds("valid_for_s"),
            lead: params.seconds("lead_s"),
            servo_state_timeout: params.seconds("timeout.servo_state_s"),
            motion_state_timeout: params.seconds("timeout.motion_state_s"),
            engage_timeout: params.seconds("timeout.engage_s"),
            limit_tolerance: params.number("limit_tolerance"),
            winding_degc: params.number("winding_degc"),
            winding_hysteresis_degc: params.number("winding_hysteresis_degc"),
            speed_scale: params.number("speed_scale"),
            revolute: tolerances(REVOLUTE),
            prismatic: tolerances(PRISMATIC),
        })?));
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
        self.last_request += 1;
        self.feed(
            io,
            now,
            Input::Stop {
                request: self.last_request,
            },
        );
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
        while let Some(request) = self.stop.take() {
            let request = Waiting::Trigger(request);
            self.ask(io, now, active, request, |request| Input::Stop { request });
        }
        while let Some(request) = self.reset.take() {
            let request = Waiting::Trigger(request);
            self.ask(io, now, active, request, |request| Input::Reset { request });
        }
        while let Some(request) = self.speed_scale.take() {
            let SetSpeedScale::Request { group, scale } = request.message().clone();
            self.ask(io, now, active, Waiting::SpeedScale(request), |request| {
                Input::SetSpeedScale {
                    request,
                    group,
                    scale,
                }
            });
        }
    }

    fn ask(
        &mut self,
        io: &mut Io,
        now: Stamp,
        active: bool,
        request: Waiting,
        input: impl FnOnce(u64) -> Input,
    ) {
        if !active {
            let message = "safety is not active, so no gate is open".to_owned();
            return request.respond(false, message);
        }
        self.last_request += 1;
        self.waiting.insert(self.last_request, request);
        self.feed(io, now, input(self.last_request));
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
                    self.state.publish(&self.state_to_msg(&state, now));
                    self.said = state;
                }
                Output::Answer {
                    request,
                    granted,
                    text,
                } => {
                    if let Some(request) = self.waiting.remove(&request) {
                        request.respond(granted, text);
                    }
                }
                Output::Event(event) => io.event(&event),
            }
        }
    }

    fn state_to_msg(&self, state: &SafetyState, now: Stamp) -> SafetyStateMsg {
        let group = |state: &GroupSafety| {
            let ports = self.groups.get(&state.group);
            wire::group_safety_to_msg(state, ports.map(|ports| &ports.description))
        };
        SafetyStateMsg {
            stamp: wire::stamp_to_msg(now),
            mode: wire::safety_mode_to_msg(state.mode()),
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

impl Waiting {
    fn respond(self, success: bool, message: String) {
        match self {
            Self::Trigger(request) => request.respond(Trigger::Response { success, message }),
            Self::SpeedScale(request) => request.respond(SetSpeedScale::Response { success, message }),
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

/// Parameters' names in the order of [`TOLERANCES`].
const REVOLUTE: [&str; 7] = [
    "revolute.position",
    "revolute.jump",
    "revolute.velocity_jump",
    "revolute.seed_position",
    "revolute.seed_velocity",
    "revolute.following",
    "revolute.standstill",
];
const PRISMATIC: [&str; 7] = [
    "prismatic.position",
    "prismatic.jump",
    "prismatic.velocity_jump",
    "prismatic.seed_position",
    "prismatic.seed_velocity",
    "prismatic.following",
    "prismatic.standstill",
];
