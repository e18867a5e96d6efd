//! The node `sim`: messages ↔ the simulation's core.

mod breaking;
mod byte_buses;
mod surroundings;

use anyhow::{Context as _, bail};
use byte_buses::ByteBuses;
use r2r::rosgraph_msgs::msg::Clock;
use r2r::servomesh_msgs::{msg, srv::InjectFault};
use servomesh_driver::bus::{DriveCommand, DriveStatus};
use servomesh_robot::Model;
use servomesh_shell::health::{Level, Report};
use servomesh_shell::params::{ParamSpec, Params};
use servomesh_shell::ros::wire::{stamp_from_msg, stamp_to_msg};
use servomesh_shell::ros::{Io, Latest, Node, Publisher, Queue, Service, qos};
use servomesh_sim::mechanics::Scene;
use servomesh_sim::pacing::PacingConfig;
use servomesh_sim::simulation::{Input, Output, Stream};
use servomesh_sim::{Hardware, ServoCatalog, Simulation, Wiring};
use servomesh_types::fault::DriveFault;
use servomesh_types::{Core as _, GroupName, JointVec, Stamp};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

fn main() -> std::process::ExitCode {
    servomesh_shell::ros::run::<SimNode>()
}

struct SimNode {
    core: Option<Simulation>,
    byte_buses: Option<ByteBuses>,
    /// Why the byte buses are served no longer.
    byte_failure: Option<String>,
    files: Files,
    buses: BTreeMap<GroupName, BusPorts>,
    streams: Option<Streams>,
    clock: Publisher<Clock>,
    truth: Publisher<msg::SimTruth>,
    truth_message: msg::SimTruth,
    scene: Publisher<msg::SimScene>,
    breaking: Service<InjectFault::Service>,
    pace: Pace,
    refused: u64,
}

/// The machine, as its files describe it.
struct Files {
    model: Model,
    servos: ServoCatalog,
    wiring: Wiring,
    scene: Option<Scene>,
}

struct BusPorts {
    status: Publisher<msg::DriveStatus>,
    commands: Queue<msg::DriveCommand>,
}

/// The streams of the mesh, heard in lockstep only.
struct Streams {
    motion: Latest<msg::MotionState>,
    groups: BTreeMap<GroupName, (Latest<msg::Setpoint>, Latest<msg::Command>)>,
}

/// Simulated over wall time, over the last second.
#[derive(Default)]
struct Pace {
    mark: Option<(Stamp, Stamp)>,
    factor: f64,
}

impl Node for SimNode {
    const NAME: &'static str = "sim";

    fn parameters() -> Vec<ParamSpec> {
        vec![
            ParamSpec::text("robot_description_file", "", "The machine's URDF (path)"),
            ParamSpec::text(
                "servos_file",
                "",
                "Motors, gears, encoders of its joints (path, YAML)",
            ),
            ParamSpec::text("wiring_file", "", "Which servos hang on which bus (path, YAML)"),
            ParamSpec::text(
                "scene_file",
                "",
                "What stands and lies around the machine (path, YAML); empty for nothing",
            ),
            ParamSpec::text(
                "buses_file",
                "",
                "Servos that answer bytes, with the machine's motors behind them (path, YAML); empty for none. In real time only",
            ),
            ParamSpec::text(
                "bus_links",
                "",
                "Folder for a link to the port of each of these buses, named like the bus (path); empty for none",
            ),
            ParamSpec::integer(
                "seed",
                0,
                (0, i64::MAX),
                "Seed of all that is random: noise of encoders, lost frames",
            ),
            ParamSpec::number(
                "speed",
                1.0,
                (0.0, 1000.0),
                "Simulated over wall time [1]; 0 for as fast as possible",
            ),
            ParamSpec::switch(
                "lockstep",
                true,
                "Whether simulated time waits for drivers and for the streams of the mesh; for nodes with use_sim_time",
            ),
            ParamSpec::number(
                "patience_s",
                0.5,
                (0.01, 60.0),
                "How long to wait for a silent listener, in wall time [s]",
            ),
            ParamSpec::number(
                "max_lag_s",
                0.02,
                (0.002, 10.0),
                "How far the streams of the mesh may lag in lockstep [s]",
            ),
        ]
    }

    fn open(io: &mut Io, params: &Params) -> anyhow::Result<Self> {
        let path = |name: &str| match params.text(name) {
            "" => anyhow::bail!("parameter {name} is not set: give the path of the file"),
            path => Ok(path.to_owned()),
        };
        let files = Files {
            model: Model::from_urdf_file(path("robot_description_file")?)?,
            servos: ServoCatalog::from_yaml_file(path("servos_file")?)?,
            wiring: Wiring::from_yaml_file(path("wiring_file")?)?,
            scene: match params.text("scene_file") {
                "" => None,
                path => Some(Scene::from_yaml_file(path)?),
            },
        };
        let mut buses = BTreeMap::new();
        for (group, _) in files.wiring.buses() {
            buses.insert(
                group,
                BusPorts {
                    status: io.publisher(&format!("{group}/bus/status"), qos::BUS)?,
                    commands: io.queue(&format!("{group}/bus/command"), qos::BUS)?,
                },
            );
        }
        let streams = if params.switch("lockstep") {
            Some(Streams::open(io, &files.wiring)?)
        } else {
            None
        };
        let joint = files
            .model
            .joints()
            .iter()
            .map(|joint| joint.name.clone())
            .collect();
        Ok(Self {
            core: None,
            byte_buses: None,
            byte_failure: None,
            buses,
            streams,
            clock: io.publisher("/clock", qos::CLOCK)?,
            truth: io.publisher("sim/truth", qos::STREAM)?,
            scene: io.publisher("sim/scene", qos::LATCHED)?,
            breaking: io.service("sim/inject_fault")?,
            truth_message: msg::SimTruth {
                joint,
                ..Default::default()
            },
            pace: Pace::default(),
            refused: 0,
            files,
        })
    }

    fn configure(&mut self, io: &mut Io, params: &Params, now: Stamp) -> anyhow::Result<()> {
        let Files {
            model,
            servos,
            wiring,
            scene,
        } = &self.files;
        let mut hardware = Hardware::new(model, servos, wiring, now).context("the simulated machine")?;
        if let Some(scene) = scene {
            hardware.plant_mut().add_scene(scene).context("scene_file")?;
        }
        hardware.set_seed(params.integer("seed") as u64);
        self.scene.publish(&surroundings::scene(hardware.plant()));
        let pacing = PacingConfig {
            speed: params.number("speed"),
            lockstep: params.switch("lockstep"),
            patience: params.seconds("patience_s"),
            max_lag: params.seconds("max_lag_s"),
        };
        self.byte_buses = None;
        self.byte_failure = None;
        if let Some(file) = path(params, "buses_file") {
            if pacing.lockstep || (pacing.speed - 1.0).abs() > f64::EPSILON {
                bail!(
                    "buses_file is set, but servos on a wire live in real time: they need lockstep false and speed 1"
                );
            }
            let links = path(params, "bus_links");
            let buses = ByteBuses::start(file, links, &mut hardware).context("buses_file")?;
            for port in buses.ports.lines() {
                io.info(&format!("byte bus {port}"));
            }
            self.byte_buses = Some(buses);
        }
        // Nodes on the system clock see frames stamped by it: then simulated time must be wall time.
        self.core = Some(Simulation::new(hardware, pacing, !pacing.lockstep));
        Ok(())
    }

    fn activate(&mut self, _io: &mut Io, _now: Stamp) -> anyhow::Result<()> {
        Ok(())
    }

    fn deactivate(&mut self, _io: &mut Io, _now: Stamp) {}

    fn cleanup(&mut self, _io: &mut Io) {
        self.byte_buses = None;
        self.core = None;
    }

    fn step(&mut self, io: &mut Io, now: Stamp, active: bool) {
        for (group, ports) in &mut self.buses {
            while let Some(message) = ports.commands.take() {
                let Ok(current_a) = JointVec::try_from(&message.current_a[..]) else {
                    self.refused += 1;
                    continue;
                };
                let command = DriveCommand {
                    cycle: message.cycle,
                    enable: message.enable,
                    clear_faults: message.clear_faults,
                    current_a,
                    ..DriveCommand::default() // drives of the simulation close their current only
                };
                if let (true, Some(core)) = (active, &mut self.core) {
                    core.handle(
                        now,
                        Input::Drives {
                            group: *group,
                            command,
                        },
                    );
                }
            }
        }
        if let Some(streams) = &mut self.streams {
            streams.take(|stream, stamp| {
                if let (true, Some(core)) = (active, &mut self.core) {
                    core.handle(now, Input::Heard { stream, stamp });
                }
            });
        }
        while let Some(request) = self.breaking.take() {
            let response = match &mut self.core {
                Some(core) => breaking::answer(core.hardware_mut(), request.message()),
                None => InjectFault::Response {
                    success: false,
                    message: "the simulation is not configured".to_owned(),
                },
            };
            if !request.message().kind.is_empty() {
                io.info(&format!("fault on demand: {}", response.message));
            }
            request.respond(response);
        }
        if let Some(failure) = self.byte_buses.as_ref().and_then(ByteBuses::failure) {
            io.warn(&format!("the byte buses are gone: {failure}"));
            self.byte_failure = Some(failure);
        }
        let (true, Some(core)) = (active, &mut self.core) else {
            return;
        };
        core.tick(now);
        while let Some(output) = core.poll() {
            match output {
                Output::Clock(stamp) => self.clock.publish(&Clock {
                    clock: stamp_to_msg(stamp),
                }),
                Output::Drives { group, status } => {
                    if let Some(ports) = self.buses.get(&group) {
                        ports.status.publish(&status_to_msg(&status));
                    }
                }
                Output::Truth(stamp) => {
                    self.pace.note(now, stamp);
                    let plant = core.hardware().plant();
                    let truth = &mut self.truth_message;
                    truth.stamp = stamp_to_msg(stamp);
                    truth.seq += 1;
                    truth.bodies = surroundings::bodies(plant);
                    truth.position = plant.positions().to_vec();
                    truth.velocity = plant.velocities().to_vec();
                    truth.effort = (0..truth.joint.len())
                        .map(|joint| plant.motor_effort(joint))
                        .collect();
                    truth.real_time_factor = self.pace.factor;
                    self.truth.publish(truth);
                }
                Output::Refused(reason) => {
                    self.refused += 1;
                    io.warn(&format!("a frame was refused: {reason}"));
                }
            }
        }
    }

    fn deadline(&self) -> Option<Stamp> {
        self.core.as_ref()?.deadline()
    }

    fn set_parameters(&mut self, _params: &Params) -> Result<(), String> {
        Ok(())
    }

    fn report(&mut self, report: &mut Report) {
        let Some(core) = &self.core else { return };
        report.figure("real_time_factor", &format!("{:.3}", self.pace.factor));
        report.figure("slips", &core.slips());
        report.figure("listeners_given_up", &core.missed());
        report.figure("frames_refused", &self.refused);
        if let Some(failure) = &self.byte_failure {
            report.finding(Level::Error, format!("the byte buses are gone: {failure}"));
        }
        for active in core.hardware().faults() {
            report.finding(Level::Warn, format!("broken on demand: {}", active.fault));
        }
        if core.slips() > 0 {
            report.finding(
                Level::Warn,
                "the machine is too slow for this speed: simulated time was let go",
            );
        }
    }
}

/// A path that is given.
fn path<'a>(params: &'a Params, name: &str) -> Option<&'a Path> {
    Some(params.text(name))
        .filter(|text| !text.is_empty())
        .map(Path::new)
}

impl Streams {
    fn open(io: &mut Io, wiring: &Wiring) -> anyhow::Result<Self> {
        let mut groups = BTreeMap::new();
        for (group, _) in wiring.buses() {
            let setpoint = io.latest(&format!("{group}/setpoint"), qos::STREAM, |m: &msg::Setpoint| {
                m.tag.seq
            })?;
            let command = io.latest(&format!("{group}/command"), qos::STREAM, |m: &msg::Command| {
                m.setpoint.tag.seq
            })?;
            groups.insert(group, (setpoint, command));
        }
        Ok(Self {
            motion: io.latest("motion_state", qos::STREAM, |m: &msg::MotionState| m.seq)?,
            groups,
        })
    }

    fn take(&mut self, mut heard: impl FnMut(Stream, Stamp)) {
        if let Some(message) = self.motion.take() {
            heard(Stream::Motion, stamp_from_msg(&message.stamp));
        }
        for (group, (setpoint, command)) in &mut self.groups {
            if let Some(message) = setpoint.take() {
                heard(Stream::Setpoint(*group), stamp_from_msg(&message.tag.stamp));
            }
            if let Some(message) = command.take() {
                heard(
                    Stream::Command(*group),
                    stamp_from_msg(&message.setpoint.tag.stamp),
                );
            }
        }
    }
}

impl Pace {
    fn note(&mut self, wall: Stamp, sim: Stamp) {
        let (wall_mark, sim_mark) = *self.mark.get_or_insert((wall, sim));
        if wall.since(wall_mark) >= Duration::from_secs(1) {
            self.factor = sim.seconds_from(sim_mark) / wall.seconds_from(wall_mark);
            self.mark = Some((wall, sim));
        }
    }
}

fn status_to_msg(status: &DriveStatus) -> msg::DriveStatus {
    msg::DriveStatus {
        stamp: stamp_to_msg(status.stamp),
        cycle: status.cycle,
        enabled: status.enabled,
        without_torque: status.without_torque.bits(),
        position_ticks: status.position_ticks.iter().map(|ticks| ticks.0).collect(),
        current_a: status.current_a.to_vec(),
        winding_degc: status.winding_degc.to_vec(),
        voltage_v: status.voltage_v.to_vec(),
        fault: status
            .fault
            .iter()
            .map(|fault| fault.map_or(0, DriveFault::number))
            .collect(),
    }
}
