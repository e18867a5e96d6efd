//! The driver's ROS shell: messages to core types and back, nothing else.

mod machine;
mod sim_bus;
mod teller;

use anyhow::{Context as _, bail};
use machine::{Machine, SIM, lock};
use r2r::servomesh_msgs::msg;
use r2r::std_srvs::srv::Trigger;
use servomesh_driver::{Config, Driver, Gains, Input, JointFiles, Notch, Output, Tuning, Wanted};
use servomesh_robot::Model;
use servomesh_shell::health::{Level, Report};
use servomesh_shell::params::{ParamSpec, Params, Value};
use servomesh_shell::ros::{Io, Latest, Node, Publisher, Queue, Service, Wire, qos};
use servomesh_shell::seq_watch::SeqWatch;
use servomesh_types::{Capabilities, Command, Core, DriveMode, GroupName, Stamp};
use std::fs::read_to_string;
use std::sync::{Arc, Mutex};
use teller::Teller;

fn main() -> std::process::ExitCode {
    servomesh_shell::ros::run::<DriverNode>()
}

struct DriverNode {
    machine: Option<Machine>,
    config: Option<Config>,
    group: GroupName,
    commands: Latest<msg::Command>,
    home: Service<Trigger::Service>,
    bus_status: Queue<msg::DriveStatus>,
    bus_command: Publisher<msg::DriveCommand>,
    description: Publisher<msg::GroupDescription>,
    bus_command_msg: msg::DriveCommand,
    /// Gains that came while no step was running.
    tuning: Option<Tuning>,
    teller: Arc<Mutex<Teller>>,
    cycles: SeqWatch,
    unreadable: u64,
}

impl Node for DriverNode {
    const NAME: &'static str = "driver";

    fn parameters() -> Vec<ParamSpec> {
        let gains =
            |name, description| ParamSpec::new(name, Value::DoubleArray(Vec::new()), description).live();
        let mut specs = vec![
            ParamSpec::text("group", "", "The group's name: the first part of its topics"),
            ParamSpec::new(
                "joints",
                Value::StringArray(Vec::new()),
                "The group's joints, by their names in the robot's description, in the order of the bus",
            ),
            ParamSpec::text(
                "backend",
                SIM,
                "What drives the group: sim, or on a serial port dynamixel for DYNAMIXEL X servos, feetech for FEETECH STS servos, or pwm for hobby servos",
            ),
            ParamSpec::number("rate_hz", 500.0, (10.0, 10_000.0), "Rate of the bus [Hz]"),
            ParamSpec::switch(
                "gripper",
                false,
                "Whether the group grips: takes GripperCommand goals",
            ),
            ParamSpec::switch(
                "endless",
                false,
                "Whether the group runs on without end, as a conveyor does",
            ),
            ParamSpec::text("robot_description_file", "", "The machine's URDF (path)"),
            ParamSpec::text(
                "servos_file",
                "",
                "Motors, gears and encoders of its joints (path, YAML)",
            ),
            ParamSpec::text(
                "limits_file",
                "",
                "Accelerations and jerks of its joints (path, YAML)",
            ),
            ParamSpec::number(
                "command_timeout_s",
                0.04,
                (0.002, 10.0),
                "How long a command is followed when no newer one comes; then the driver stops by itself [s]",
            ),
            ParamSpec::number(
                "bus_timeout_s",
                0.1,
                (0.002, 10.0),
                "How long the drives may be silent before that is a fault [s]",
            ),
            ParamSpec::number(
                "following_limit",
                0.0,
                (0.0, 10.0),
                "Largest distance of a joint from its reference [rad, m]; 0 for 0.1 rad, 0.02 m",
            ),
            ParamSpec::number(
                "near_tolerance",
                0.0,
                (0.0, 10.0),
                "How near to the measured position the first command of an epoch must be [rad, m]; 0 for 0.05 rad, 0.01 m",
            ),
            gains(
                "gains.position_hz",
                "Bandwidth of the position loops [Hz]: one, or one for each joint; empty for what suits the rate",
            ),
            gains(
                "gains.velocity_hz",
                "Bandwidth of the velocity loops [Hz]; as gains.position_hz",
            ),
            gains(
                "gains.integral_hz",
                "Corner of the integral part [Hz], 0 for none; as gains.position_hz",
            ),
            gains(
                "gains.filter_hz",
                "Low-pass over the measured velocity [Hz]; as gains.position_hz",
            ),
            gains(
                "notch.frequency_hz",
                "Middle of a band that the velocity loops leave alone [Hz], 0 for none; as gains.position_hz",
            ),
            gains("notch.width_hz", "Width of that band [Hz]; empty for 10 Hz"),
            gains(
                "notch.depth",
                "Share that is taken out in its middle, above 0 and at most 1; empty for 0.9",
            ),
        ];
        specs.extend(machine::parameters());
        specs
    }

    fn open(io: &mut Io, params: &Params) -> anyhow::Result<Self> {
        let group = GroupName::new(params.text("group")).context("parameter group")?;
        machine::backend(params.text("backend"))?;
        Ok(Self {
            machine: None,
            config: None,
            group,
            commands: io.latest(&format!("{group}/command"), qos::STREAM, |m: &msg::Command| {
                m.setpoint.tag.seq
            })?,
            home: io.service("~/home")?,
            bus_status: io.queue(&format!("{group}/bus/status"), qos::BUS)?,
            bus_command: io.publisher(&format!("{group}/bus/command"), qos::BUS)?,
            teller: Arc::new(Mutex::new(Teller::new(
                io.publisher(&format!("{group}/servo_state"), qos::STREAM)?,
                io.publisher(&format!("{group}/tracking"), qos::STATE)?,
            ))),
            description: io.publisher(&format!("{group}/description"), qos::LATCHED)?,
            bus_command_msg: msg::DriveCommand::default(),
            tuning: None,
            cycles: SeqWatch::default(),
            unreadable: 0,
        })
    }

    fn configure(&mut self, io: &mut Io, params: &Params, _now: Stamp) -> anyhow::Result<()> {
        let file = |name: &str| match params.text(name) {
            "" => bail!("parameter {name} is not set: give the path of the file"),
            path => read_to_string(path).with_context(|| format!("parameter {name}: {path} can't be read")),
        };
        let model = Model::from_urdf_str(&file("robot_description_file")?)?;
        for warning in model.warnings() {
            io.warn(&warning.to_string());
        }
        let servos = file("servos_file")?;
        let files = JointFiles::parse(&servos, &file("limits_file")?)?;
        let (mut driver, dynamics) = files.driver(
            &model,
            Wanted {
                name: self.group,
                joints: params.texts("joints").to_vec(),
                rate_hz: params.number("rate_hz"),
                capabilities: Capabilities {
                    gripper: params.switch("gripper"),
                    endless: params.switch("endless"),
                },
                backend: params.text("backend").to_owned(),
            },
        )?;
        driver.command_timeout = params.seconds("command_timeout_s");
        driver.bus_timeout = params.seconds("bus_timeout_s");
        let gains = gains(params, driver.joints.len(), driver.group.rate_hz)?;
        for (joint, gains) in driver.joints.iter_mut().zip(gains) {
            joint.gains = gains;
            let set = |field: &mut f64, name: &str| {
                if params.number(name) > 0.0 {
                    *field = params.number(name);
                }
            };
            set(&mut joint.following_limit, "following_limit");
            set(&mut joint.near_tolerance, "near_tolerance");
        }
        let link = machine::link(params, &servos, &mut driver)?;
        let config = Config::new(driver)?;
        lock(&self.teller).group = Some(config.group().clone());
        let core = Driver::new(config.clone(), Some(dynamics));
        self.machine = Some(Machine::new(core, link, params));
        self.config = Some(config);
        Ok(())
    }

    fn activate(&mut self, _io: &mut Io, _now: Stamp) -> anyhow::Result<()> {
        let config = self.config.as_ref().context("not configured")?;
        let machine = self.machine.take().context("not configured")?;
        self.machine = Some(machine.start(self.group, &self.teller)?);
        self.description.publish(&config.group().to_msg());
        Ok(())
    }

    fn deactivate(&mut self, io: &mut Io, now: Stamp) {
        self.feed(io, now, Input::SwitchOff);
    }

    fn cleanup(&mut self, _io: &mut Io) {
        self.machine = None;
        self.config = None;
        self.tuning = None;
    }

    fn step(&mut self, io: &mut Io, now: Stamp, active: bool) {
        if let Some(tuning) = self.tuning.take() {
            self.feed(io, now, Input::Tune(tuning));
        }
        while let Some(request) = self.home.take() {
            if active {
                self.feed(io, now, Input::Home);
            }
            let message = if active {
                "the next commands home what is not homed, as long as they come"
            } else {
                "the driver is not active"
            };
            request.respond(Trigger::Response {
                success: active,
                message: message.to_owned(),
            });
        }
        if let Some(message) = self.commands.take().filter(|_| active) {
            match Command::from_msg(&message) {
                Ok(mut command) => {
                    let hops = &mut command.setpoint.tag.hops;
                    hops.received_ns = io.system_ns();
                    lock(&self.teller)
                        .latencies
                        .gated_to_received
                        .note(hops.gated_ns, hops.received_ns);
                    self.feed(io, now, Input::Command(command));
                }
                Err(error) => self.complain(io, "command", &error),
            }
        }
        while let Some(message) = self.bus_status.take() {
            // Beside a wire the simulation may send the frames of another backend.
            let is_heard = self.machine.as_mut().and_then(Machine::core).is_some();
            if !active || !is_heard {
                continue;
            }
            self.cycles.note(message.cycle);
            match sim_bus::status_from_msg(&message) {
                Ok(frame) => self.feed(io, now, Input::Bus(frame)),
                Err(error) => self.complain(io, "bus/status", &error),
            }
        }
        if active {
            if let Some(core) = self.machine.as_mut().and_then(Machine::core) {
                core.tick(now);
            }
            self.drain(io);
            while let Some(event) = self.machine.as_ref().and_then(Machine::event) {
                io.event(&event);
            }
        }
    }

    fn deadline(&self) -> Option<Stamp> {
        self.machine.as_ref().and_then(Machine::deadline)
    }

    fn set_parameters(&mut self, params: &Params) -> Result<(), String> {
        let Some(config) = &self.config else { return Ok(()) };
        let gains =
            gains(params, config.joint_count(), config.group().rate_hz).map_err(|error| error.to_string())?;
        self.tuning = Some(config.tuning(&gains).map_err(|error| error.to_string())?);
        Ok(())
    }

    fn report(&mut self, report: &mut Report) {
        let Some(machine) = &self.machine else { return };
        match machine.mode() {
            DriveMode::Faulted => report.finding(Level::Error, format!("group {} has a fault", self.group)),
            DriveMode::Stopping => {
                report.finding(Level::Warn, format!("group {} stops: no command", self.group));
            }
            DriveMode::Disabled | DriveMode::Enabled => {}
        }
        if let Some(rate_hz) = machine.other_bus_rate_hz() {
            report.finding(
                Level::Error,
                format!("the bus runs at {rate_hz:.1} Hz: set rate_hz to that"),
            );
        }
        report.figure("mode", &format!("{:?}", machine.mode()).to_lowercase());
        let mut teller = lock(&self.teller);
        report.figure("refused", &teller.refused);
        if let (Some(second), Some(config)) = (&teller.last_second, &self.config) {
            report.figure("cycles_lost", &second.cycles_lost);
            for (joint, described) in config.group().joints.iter().enumerate() {
                let mut figure = |what: &str, value: f64| {
                    report.figure(format!("{}.{what}", described.name), &format!("{value:.3e}"));
                };
                figure("error_rms", second.error_rms[joint]);
                figure("error_max", second.error_max[joint]);
                figure("saturated", second.saturated[joint]);
                figure("replies_lost", second.replies_lost[joint]);
            }
        }
        report.figure("unreadable", &self.unreadable);
        report.stream("command", self.commands.watch());
        report.stream("bus.status", &self.cycles);
        report.latency("born_to_applied", &teller.latencies.born_to_applied.take());
        report.latency("gated_to_received", &teller.latencies.gated_to_received.take());
    }
}

impl DriverNode {
    fn feed(&mut self, io: &Io, now: Stamp, input: Input) {
        if let Some(machine) = &mut self.machine
            && !machine.give(now, input)
        {
            self.drain(io);
        }
    }

    fn drain(&mut self, io: &Io) {
        while let Some(output) = self.machine.as_mut().and_then(Machine::core).and_then(Core::poll) {
            match output {
                Output::Bus(command) => {
                    sim_bus::fill_command(&mut self.bus_command_msg, &command);
                    self.bus_command.publish(&self.bus_command_msg);
                }
                Output::State(state) => lock(&self.teller).publish(state),
                Output::Tracking(tracking) => lock(&self.teller).tell_tracking(tracking),
                Output::Event(event) => io.event(&event),
            }
        }
    }

    fn complain(&mut self, io: &Io, topic: &str, error: &dyn std::error::Error) {
        self.unreadable += 1;
        if self.unreadable.is_power_of_two() {
            io.warn(&format!(
                "{}/{topic}: {error} ({} so far)",
                self.group, self.unreadable
            ));
        }
    }
}

/// Each joint's gains: what suits the rate, where nothing else is given.
fn gains(params: &Params, joints: usize, rate_hz: f64) -> anyhow::Result<Vec<Gains>> {
    let suits = Gains::for_rate(rate_hz);
    let given = |name: &str, suits: f64, joint: usize| match params.numbers(name) {
        [] => Ok(suits),
        [one] => Ok(*one),
        all if all.len() == joints => Ok(all[joint]),
        all => bail!(
            "parameter {name}: has {} numbers for {joints} joints; give none, one or {joints}",
            all.len()
        ),
    };
    (0..joints)
        .map(|joint| {
            let notch = Notch {
                frequency_hz: given("notch.frequency_hz", 0.0, joint)?,
                width_hz: given("notch.width_hz", 10.0, joint)?,
                depth: given("notch.depth", 0.9, joint)?,
            };
            Ok(Gains {
                position_hz: given("gains.position_hz", suits.position_hz, joint)?,
                velocity_hz: given("gains.velocity_hz", suits.velocity_hz, joint)?,
                integral_hz: given("gains.integral_hz", suits.integral_hz, joint)?,
                filter_hz: given("gains.filter_hz", suits.filter_hz, joint)?,
                notch: (notch.frequency_hz > 0.0).then_some(notch),
            })
        })
        .collect()
}
