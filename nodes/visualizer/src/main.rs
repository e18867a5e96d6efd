//! The visualizer's ROS shell: messages to core types, records to the sink, nothing else.

mod hearing;
mod surroundings;

use anyhow::Context as _;
use hearing::Hearing;
use servomesh_robot::Model;
use servomesh_shell::health::{Level, Report};
use servomesh_shell::params::{ParamSpec, Params};
use servomesh_shell::ros::{Io, Node};
use servomesh_types::{Core, Stamp};
use servomesh_visualizer::config::range;
use servomesh_visualizer::sink::DEFAULT_PORT;
use servomesh_visualizer::{Config, Input, Output, Serve, Settings, Sink, Visualizer};

fn main() -> std::process::ExitCode {
    servomesh_shell::ros::run::<VisualizerNode>()
}

struct VisualizerNode {
    core: Option<Visualizer>,
    sink: Option<Sink>,
    /// How often a sink was opened: a later recording must not overwrite an earlier one.
    runs: u32,
    /// What is drawn; nobody listens while nothing is.
    hearing: Option<Hearing>,
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

    fn open(_io: &mut Io, _params: &Params) -> anyhow::Result<Self> {
        Ok(Self {
            core: None,
            sink: None,
            runs: 0,
            hearing: None,
        })
    }

    fn configure(&mut self, io: &mut Io, params: &Params, _now: Stamp) -> anyhow::Result<()> {
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
            return Ok(());
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
        self.hearing = Some(Hearing::open(io)?);
        Ok(())
    }

    fn activate(&mut self, _io: &mut Io, _now: Stamp) -> anyhow::Result<()> {
        Ok(())
    }

    fn deactivate(&mut self, _io: &mut Io, _now: Stamp) {}

    fn cleanup(&mut self, io: &mut Io) {
        self.core = None;
        self.hearing = None;
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
        let (Some(core), Some(sink), Some(hearing)) = (&mut self.core, &self.sink, &mut self.hearing) else {
            return;
        };
        for input in hearing.take(io) {
            // Groups are announced once.
            if active || matches!(input, Input::Group(_)) {
                core.handle(now, input);
            }
        }
        if active {
            core.tick(now);
        }
        while let Some(record) = core.poll() {
            sink.draw(record);
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
        if let Some(hearing) = &self.hearing {
            report.figure("unreadable", &hearing.unreadable());
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
