//! The visualizer's ROS shell: messages to core types, records to the sink, nothing else.

mod surroundings;

use anyhow::Context as _;
use r2r::servomesh_msgs::msg::{
    Event as EventMsg, MotionState, SafetyState as SafetyStateMsg, ServoState as ServoStateMsg,
    Setpoint as SetpointMsg, SimScene, SimTruth,
};
use servomesh_robot::Model;
use servomesh_shell::health::{Level, Report};
use servomesh_shell::params::{ParamSpec, Params};
use servomesh_shell::ros::{Groups, Io, Latest, Node, Queue, Wire, qos, wire};
use servomesh_types::{Core, Event, GroupDescription, GroupName, ServoState, Setpoint, Stamp};
use servomesh_visualizer::config::range;
use servomesh_visualizer::sink::DEFAULT_PORT;
use servomesh_visualizer::{Config, Input, Output, Serve, Settings, Sink, Visualizer};
use std::collections::BTreeMap;

fn main() -> std::process::ExitCode {
    servomesh_shell::ros::run::<VisualizerNode>()
}

struct VisualizerNode {
    core: Option<Visualizer>,
    sink: Option<Sink>,
    /// How often a sink was opened: a later recording must not overwrite an earlier one.
    runs: u32,
    discovery: Groups,
    groups: BTreeMap<GroupName, Ports>,
    motion: Latest<MotionState>,
    safety: Queue<SafetyStateMsg>,
    events: Queue<EventMsg>,
    scene: Queue<SimScene>,
    truth: Latest<SimTruth>,
    /// Messages that were no values at all.
    unreadable: u64,
}

/// A group that was announced, and its topics.
struct Ports {
    description: GroupDescription,
    setpoint: Latest<SetpointMsg>,
    servo_state: Latest<ServoStateMsg>,
}

impl Node for VisualizerNode {
    const NAME: &'static str = "visualizer";

    fn parameters() -> Vec<ParamSpec> {
        let default = Settings::default();
        vec![
            ParamSpec::text(
                "record",
                "",
                "Path of the recording to write (.rrd); empty for none",
            ),
            ParamSpec::switch(
                "viewer",
                false,
                "Whether to serve a live picture to rerun viewers, on 127.0.0.1",
            ),
            ParamSpec::integer(
                "viewer_port",
                DEFAULT_PORT.into(),
                (1, 65535),
                "TCP port for live viewers",
            ),
            ParamSpec::integer(
                "memory_limit_mb",
                256,
                (16, 16384),
                "How much is kept for live viewers that come late [MB]",
            ),
            ParamSpec::text("robot_description_file", "", "Path of the URDF; empty: no 3D"),
            ParamSpec::number(
                "scene_rate_hz",
                default.scene_rate_hz,
                range::SCENE_RATE_HZ,
                "Rate at which links are drawn anew [Hz]",
            ),
            ParamSpec::number(
                "plot_rate_hz",
                default.plot_rate_hz,
                range::PLOT_RATE_HZ,
                "Rate of the points of a plot [Hz]",
            ),
            ParamSpec::number(
                "batch_s",
                default.batch_s,
                range::BATCH_S,
                "How long points are collected before they are sent together [s]",
            ),
            ParamSpec::number(
                "trail_s",
                default.trail_s,
                range::TRAIL_S,
                "How much of its last path the tool draws behind itself [s]; 0 for none",
            ),
            ParamSpec::text(
                "trail_link",
                &default.trail_link,
                "The link whose path is drawn; empty, or a link that the robot has not: none",
            ),
        ]
    }

    fn open(io: &mut Io, _params: &Params) -> anyhow::Result<Self> {
        Ok(Self {
            core: None,
            sink: None,
            runs: 0,
            discovery: Groups::new(),
            groups: BTreeMap::new(),
            motion: io.latest("motion_state", qos::STREAM, |m: &MotionState| m.seq)?,
            safety: io.queue("safety/state", qos::LATCHED)?,
            events: io.queue("events", qos::EVENT)?,
            scene: io.queue("sim/scene", qos::LATCHED)?,
            truth: io.latest("sim/truth", qos::STREAM, |m: &SimTruth| m.seq)?,
            unreadable: 0,
        })
    }

    fn configure(&mut self, io: &mut Io, params: &Params, now: Stamp) -> anyhow::Result<()> {
        let config = Config::new(&Settings {
            scene_rate_hz: params.number("scene_rate_hz"),
            plot_rate_hz: params.number("plot_rate_hz"),
            batch_s: params.number("batch_s"),
            trail_s: params.number("trail_s"),
            trail_link: params.text("trail_link").to_owned(),
        })?;
        let file = params.text("robot_description_file");
        let model = (!file.is_empty())
            .then(|| Model::from_urdf_file(file))
            .transpose()
            .context("robot_description_file")?;
        let output = output(params)?;
        if output == Output::default() {
            io.warn("neither record nor viewer is set: nothing will be drawn");
        }
        self.runs += 1;
        let output = output.of_run(self.runs);
        self.sink = Some(Sink::open(&output, model.as_ref())?);
        if let Some(path) = &output.record {
            io.info(&format!("recording to {}", path.display()));
        }
        if let Some(serve) = &output.serve {
            io.info(&format!(
                "live: rerun rerun+http://127.0.0.1:{}/proxy",
                serve.port
            ));
        }
        self.core = Some(Visualizer::new(config, model));
        for description in self
            .groups
            .values()
            .map(|ports| ports.description.clone())
            .collect::<Vec<_>>()
        {
            self.feed(now, Input::Group(description));
        }
        Ok(())
    }

    fn activate(&mut self, _io: &mut Io, _now: Stamp) -> anyhow::Result<()> {
        Ok(())
    }

    fn deactivate(&mut self, _io: &mut Io, _now: Stamp) {}

    fn cleanup(&mut self, io: &mut Io) {
        self.core = None;
        if let Some(sink) = self.sink.take() {
            let health = sink.close();
            if health.refused > 0 {
                io.warn(&format!(
                    "rerun refused {} records, the last: {}",
                    health.refused, health.last_refusal
                ));
            }
        }
    }

    fn step(&mut self, io: &mut Io, now: Stamp, active: bool) {
        while let Some(description) = self.discovery.take(io) {
            self.announce(io, now, description);
        }
        for input in self.take_inputs(io) {
            if active {
                self.feed(now, input);
            }
        }
        if let (true, Some(core)) = (active, &mut self.core) {
            core.tick(now);
            self.drain();
        }
    }

    fn deadline(&self) -> Option<Stamp> {
        self.core.as_ref().and_then(Core::deadline)
    }

    fn set_parameters(&mut self, _params: &Params) -> Result<(), String> {
        Ok(())
    }

    fn report(&mut self, report: &mut Report) {
        if let Some(sink) = &self.sink {
            let health = sink.health();
            if health.refused > 0 {
                report.finding(
                    Level::Warn,
                    format!("rerun refuses records: {}", health.last_refusal),
                );
            }
            if health.dropped > 0 {
                report.finding(Level::Warn, format!("{} pictures were dropped", health.dropped));
            }
            report.figure("drawn", &health.drawn);
            report.figure("dropped", &health.dropped);
            report.figure("refused", &health.refused);
        }
        report.figure("unreadable", &self.unreadable);
    }
}

impl VisualizerNode {
    fn announce(&mut self, io: &mut Io, now: Stamp, description: GroupDescription) {
        let name = description.name;
        if let Some(ports) = self.groups.get_mut(&name) {
            ports.description = description.clone();
        } else {
            let opened = io
                .latest(&format!("{name}/setpoint"), qos::STREAM, |m: &SetpointMsg| {
                    m.tag.seq
                })
                .and_then(|setpoint| {
                    let servo_state = io.latest(
                        &format!("{name}/servo_state"),
                        qos::STREAM,
                        |m: &ServoStateMsg| m.tag.seq,
                    )?;
                    Ok(Ports {
                        description: description.clone(),
                        setpoint,
                        servo_state,
                    })
                });
            match opened {
                Ok(ports) => self.groups.insert(name, ports),
                Err(error) => return io.warn(&format!("group {name} can't be heard: {error:#}")),
            };
        }
        self.feed(now, Input::Group(description));
    }

    /// Everything that came since the last call.
    fn take_inputs(&mut self, io: &Io) -> Vec<Input> {
        let mut inputs = Vec::new();
        let mut read = |what: &str, input: Result<Input, wire::WireError>| match input {
            Ok(input) => inputs.push(input),
            Err(error) => {
                self.unreadable += 1;
                if self.unreadable.is_power_of_two() {
                    io.warn(&format!(
                        "{what}: {error} ({} unreadable so far)",
                        self.unreadable
                    ));
                }
            }
        };
        while let Some(message) = self.safety.take() {
            read(
                "safety/state",
                wire::safety_state_from_msg(&message).map(Input::Safety),
            );
        }
        while let Some(message) = self.events.take() {
            let event = Event::from_msg(&message);
            read(
                "events",
                event.map(|event| Input::Event {
                    node: message.node,
                    event,
                }),
            );
        }
        while let Some(message) = self.scene.take() {
            read(
                "sim/scene",
                surroundings::of_scene(&message).map(Input::Surroundings),
            );
        }
        if let Some(message) = self.truth.take() {
            read("sim/truth", surroundings::of_truth(&message).map(Input::Bodies));
        }
        for (&group, ports) in &mut self.groups {
            if let Some(message) = ports.setpoint.take() {
                let setpoint = Setpoint::from_msg(&message);
                read(
                    "setpoint",
                    setpoint.map(|setpoint| Input::Setpoint { group, setpoint }),
                );
            }
            if let Some(message) = ports.servo_state.take() {
                let state = ServoState::from_msg(&message);
                read(
                    "servo_state",
                    state.map(|state| Input::ServoState { group, state }),
                );
            }
        }
        if let Some(message) = self.motion.take() {
            for motion in &message.groups {
                let motion = wire::motion_from_msg(motion);
                read(
                    "motion_state",
                    motion.map(|(group, motion)| Input::Motion { group, motion }),
                );
            }
        }
        inputs
    }

    fn feed(&mut self, now: Stamp, input: Input) {
        if let Some(core) = &mut self.core {
            core.handle(now, input);
            self.drain();
        }
    }

    fn drain(&mut self) {
        let (Some(core), Some(sink)) = (&mut self.core, &self.sink) else {
            return;
        };
        while let Some(record) = core.poll() {
            sink.draw(record);
        }
    }
}

fn output(params: &Params) -> anyhow::Result<Output> {
    let record = params.text("record");
    let serve = if params.switch("viewer") {
        let port = u16::try_from(params.integer("viewer_port")).context("viewer_port")?;
        let memory_limit_mb = u32::try_from(params.integer("memory_limit_mb")).context("memory_limit_mb")?;
        Some(Serve {
            port,
            memory_limit_mb,
        })
    } else {
        None
    };
    Ok(Output {
        record: (!record.is_empty()).then(|| record.into()),
        serve,
    })
}
