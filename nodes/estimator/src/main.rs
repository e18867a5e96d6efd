//! The estimator's ROS shell: messages to core types and back, nothing else.

use anyhow::Context as _;
use r2r::geometry_msgs::msg::TransformStamped;
use r2r::sensor_msgs::msg::JointState as JointStateMsg;
use r2r::servomesh_msgs::msg::{MotionState, ServoState as ServoStateMsg, ToolMotion as ToolMotionMsg};
use r2r::servomesh_msgs::srv::Identify;
use r2r::std_msgs::msg::String as StringMsg;
use r2r::tf2_msgs::msg::TFMessage;
use servomesh_estimator::config::range;
use servomesh_estimator::{Config, Estimator, Frame, Identified, Input, Output, Settings, Transform, Wanted};
use servomesh_robot::Model;
use servomesh_shell::health::{Level, Report};
use servomesh_shell::params::{ParamSpec, Params};
use servomesh_shell::ros::{Groups, Io, Latest, Node, Publisher, Service, Wire, qos, wire};
use servomesh_shell::tools;
use servomesh_types::{Core, GroupDescription, GroupName, ServoState, Stamp};
use std::collections::BTreeMap;

fn main() -> std::process::ExitCode {
    servomesh_shell::ros::run::<EstimatorNode>()
}

struct EstimatorNode {
    core: Option<Estimator>,
    discovery: Groups,
    groups: BTreeMap<GroupName, Heard>,
    motion: Publisher<MotionState>,
    joint_states: Publisher<JointStateMsg>,
    tf: Publisher<TFMessage>,
    tf_static: Publisher<TFMessage>,
    robot_description: Publisher<StringMsg>,
    /// `<group>/tool_state` of each group that has a tool.
    tools: BTreeMap<GroupName, Publisher<ToolMotionMsg>>,
    identify: Service<Identify::Service>,
    /// Where what was identified is written; none: nowhere.
    identified_file: String,
    motion_msg: MotionState,
    joint_states_msg: JointStateMsg,
    /// Servo states that were no values at all.
    unreadable: u64,
}

/// A group that was announced, and its stream.
struct Heard {
    description: GroupDescription,
    servo_state: Latest<ServoStateMsg>,
}

impl Node for EstimatorNode {
    const NAME: &'static str = "estimator";

    fn parameters() -> Vec<ParamSpec> {
        let default = Settings::default();
        let [tool_groups, tool_links] = tools::specs();
        vec![
            ParamSpec::number(
                "bandwidth_hz",
                default.bandwidth_hz,
                range::BANDWIDTH_HZ,
                "Bandwidth of the filters of joints whose bodies are not known [Hz]: lower is smoother, higher lags less",
            ),
            ParamSpec::number(
                "model_bandwidth_hz",
                default.model_bandwidth_hz,
                range::BANDWIDTH_HZ,
                "Bandwidth at which what the model does not explain is followed, where the bodies are known [Hz]",
            ),
            ParamSpec::number(
                "coast_s",
                default.coast_s,
                range::COAST_S,
                "How long a group is predicted without a sample before it is dropped [s]",
            ),
            ParamSpec::number(
                "observer_hz",
                default.observer_hz,
                range::BANDWIDTH_HZ,
                "Bandwidth of the momentum observer [Hz]",
            ),
            ParamSpec::number(
                "mass_error",
                default.mass_error,
                range::ERROR,
                "Share by which masses and inertias may be off",
            ),
            ParamSpec::number(
                "friction_error",
                default.friction_error,
                range::ERROR,
                "Share by which announced friction and gear losses may be off",
            ),
            ParamSpec::number(
                "contact_floor",
                default.contact_floor,
                range::CONTACT_FLOOR,
                "External effort that a contact always takes, of the joint's effort limit",
            ),
            ParamSpec::number(
                "collision_factor",
                default.collision_factor,
                range::COLLISION_FACTOR,
                "A collision takes so many times what a contact takes",
            ),
            ParamSpec::number(
                "motion_rate_max_hz",
                default.motion_rate_max_hz,
                range::RATE_HZ,
                "Most frames of motion in a second [Hz]",
            ),
            ParamSpec::number(
                "joint_states_rate_hz",
                default.joint_states_rate_hz,
                range::RATE_HZ,
                "Rate of joint_states [Hz]",
            ),
            ParamSpec::number(
                "tf_rate_hz",
                default.tf_rate_hz,
                range::RATE_HZ,
                "Rate of tf [Hz]",
            ),
            ParamSpec::number(
                "tool_rate_hz",
                default.tool_rate_hz,
                range::RATE_HZ,
                "Rate of each group's tool_state [Hz]",
            ),
            ParamSpec::text(
                "robot_description_file",
                "",
                "Path of the URDF; empty: no transforms, no mimic joints, no robot_description, no external efforts",
            ),
            ParamSpec::text(
                "identified_file",
                "",
                "Path of the YAML file that gets what was identified; empty: none",
            ),
            tool_groups,
            tool_links,
        ]
    }

    fn open(io: &mut Io, _params: &Params) -> anyhow::Result<Self> {
        Ok(Self {
            core: None,
            discovery: Groups::new(),
            groups: BTreeMap::new(),
            motion: io.publisher("motion_state", qos::STREAM)?,
            joint_states: io.publisher("joint_states", qos::STATE)?,
            tf: io.publisher("/tf", qos::TF)?,
            tf_static: io.publisher("/tf_static", qos::TF_STATIC)?,
            robot_description: io.publisher("robot_description", qos::LATCHED)?,
            tools: BTreeMap::new(),
            identify: io.service("~/identify")?,
            identified_file: String::new(),
            motion_msg: MotionState::default(),
            joint_states_msg: JointStateMsg::default(),
            unreadable: 0,
        })
    }

    fn configure(&mut self, io: &mut Io, params: &Params, now: Stamp) -> anyhow::Result<()> {
        let config = Config::new(&Settings {
            bandwidth_hz: params.number("bandwidth_hz"),
            model_bandwidth_hz: params.number("model_bandwidth_hz"),
            coast_s: params.number("coast_s"),
            observer_hz: params.number("observer_hz"),
            mass_error: params.number("mass_error"),
            friction_error: params.number("friction_error"),
            contact_floor: params.number("contact_floor"),
            collision_factor: params.number("collision_factor"),
            tool_rate_hz: params.number("tool_rate_hz"),
            motion_rate_max_hz: params.number("motion_rate_max_hz"),
            joint_states_rate_hz: params.number("joint_states_rate_hz"),
            tf_rate_hz: params.number("tf_rate_hz"),
        })?;
        let mut model = None;
        let file = params.text("robot_description_file");
        if !file.is_empty() {
            let urdf = std::fs::read_to_string(file)
                .with_context(|| format!("robot_description_file {file} can't be read"))?;
            let parsed =
                Model::from_urdf_str(&urdf).with_context(|| format!("robot_description_file {file}"))?;
            for warning in parsed.warnings() {
                io.warn(&format!("{file}: {warning}"));
            }
            self.robot_description.publish(&StringMsg { data: urdf });
            model = Some(parsed);
        }
        params
            .text("identified_file")
            .clone_into(&mut self.identified_file);
        let tools = tools::read(params)?;
        let mut core = Estimator::new(config, model)
            .with_tools(&tools)
            .context("tools.links")?;
        for group in tools.keys() {
            if !self.tools.contains_key(group) {
                let publisher = io.publisher(&format!("{group}/tool_state"), qos::STREAM)?;
                self.tools.insert(*group, publisher);
            }
        }
        for heard in self.groups.values() {
            core.handle(now, Input::Group(heard.description.clone()));
        }
        self.core = Some(core);
        Ok(())
    }

    fn activate(&mut self, _io: &mut Io, _now: Stamp) -> anyhow::Result<()> {
        Ok(())
    }

    fn deactivate(&mut self, _io: &mut Io, _now: Stamp) {}

    fn cleanup(&mut self, _io: &mut Io) {
        self.core = None;
    }

    fn step(&mut self, io: &mut Io, now: Stamp, active: bool) {
        while let Some(description) = self.discovery.take(io) {
            self.announce(io, now, description);
        }
        // In the order of their names, so that the same arrivals give the same outputs.
        let names: Vec<GroupName> = self.groups.keys().copied().collect();
        for name in names {
            let Some(message) = self
                .groups
                .get_mut(&name)
                .and_then(|heard| heard.servo_state.take())
            else {
                continue;
            };
            match ServoState::from_msg(&message) {
                Ok(state) if active => self.feed(io, now, Input::ServoState { group: name, state }),
                Ok(_) => {}
                Err(error) => {
                    self.unreadable += 1;
                    if self.unreadable.is_power_of_two() {
                        io.warn(&format!(
                            "{name}/servo_state: {error} ({} so far)",
                            self.unreadable
                        ));
                    }
                }
            }
        }
        while let Some(request) = self.identify.take() {
            let response = self.identified(request.message());
            request.respond(response);
        }
        if active {
            if let Some(core) = &mut self.core {
                core.tick(now);
            }
            self.drain(io);
        }
    }

    fn deadline(&self) -> Option<Stamp> {
        self.core.as_ref().and_then(Core::deadline)
    }

    fn set_parameters(&mut self, _params: &Params) -> Result<(), String> {
        Ok(())
    }

    fn report(&mut self, report: &mut Report) {
        let Some(core) = &self.core else { return };
        if self.groups.is_empty() {
            report.finding(Level::Warn, "no group was announced yet");
        }
        for (name, heard) in &self.groups {
            report.stream(&format!("{name}.servo_state"), heard.servo_state.watch());
            let Some(counters) = core.counters(*name) else {
                continue;
            };
            if !core.is_live(*name) {
                report.finding(Level::Warn, format!("group {name} is silent"));
            }
            report.figure(format!("{name}.accepted"), &counters.accepted);
            report.figure(format!("{name}.duplicate"), &counters.duplicate);
            report.figure(format!("{name}.out_of_order"), &counters.out_of_order);
            report.figure(format!("{name}.mistimed"), &counters.mistimed);
            report.figure(format!("{name}.implausible"), &counters.implausible);
            report.figure(format!("{name}.held"), &counters.held);
        }
        report.figure("unreadable", &self.unreadable);
    }
}

impl EstimatorNode {
    /// Answers a request to begin or to finish an identification.
    fn identified(&mut self, request: &Identify::Request) -> Identify::Response {
        let asked = self.begin_or_finish(request);
        let mut response = Identify::Response::default();
        match asked {
            Ok(None) => response.success = true,
            Ok(Some(identified)) => {
                fill_identified(&mut response, &identified);
                response.success = true;
                if !self.identified_file.is_empty() {
                    match std::fs::write(&self.identified_file, identified.to_yaml()) {
                        Ok(()) => self.identified_file.clone_into(&mut response.file),
                        Err(error) => {
                            response.success = false;
                            response.message = format!("{} can't be written: {error}", self.identified_file);
                        }
                    }
                }
            }
            Err(error) => response.message = format!("{error:#}"),
        }
        response
    }

    fn begin_or_finish(&mut self, request: &Identify::Request) -> anyhow::Result<Option<Identified>> {
        let core = self.core.as_mut().context("the estimator is not configured")?;
        let group = GroupName::new(&request.group)?;
        if request.finish {
            return Ok(Some(core.finish_identification(group)?));
        }
        let link = &request.payload_link;
        let wanted = Wanted {
            payload_link: (!link.is_empty()).then(|| link.clone()),
            friction: request.friction,
        };
        core.begin_identification(group, wanted)?;
        Ok(None)
    }

    fn announce(&mut self, io: &mut Io, now: Stamp, description: GroupDescription) {
        let name = description.name;
        if let Some(heard) = self.groups.get_mut(&name) {
            heard.description = description.clone();
        } else {
            match io.latest::<ServoStateMsg>(&format!("{name}/servo_state"), qos::STREAM, |m| m.tag.seq) {
                Ok(servo_state) => {
                    let heard = Heard {
                        description: description.clone(),
                        servo_state,
                    };
                    self.groups.insert(name, heard);
                }
                Err(error) => return io.warn(&format!("group {name} can't be heard: {error:#}")),
            }
        }
        self.feed(io, now, Input::Group(description));
    }

    fn feed(&mut self, io: &Io, now: Stamp, input: Input) {
        if let Some(core) = &mut self.core {
            core.handle(now, input);
            self.drain(io);
        }
    }

    fn drain(&mut self, io: &Io) {
        let Some(core) = &mut self.core else { return };
        while let Some(output) = core.poll() {
            match output {
                Output::Motion(frame) => {
                    fill_motion(&mut self.motion_msg, core, frame);
                    self.motion.publish(&self.motion_msg);
                }
                Output::JointStates(at) => {
                    fill_joint_states(&mut self.joint_states_msg, core, at);
                    self.joint_states.publish(&self.joint_states_msg);
                }
                Output::Transforms(at) => self.tf.publish(&transforms(core.transforms(), at)),
                Output::Tools(_) => {
                    for tool in core.tools() {
                        if let Some(publisher) = self.tools.get(&tool.group) {
                            publisher.publish(&wire::tool_to_msg(tool.base, tool.link, tool.motion));
                        }
                    }
                }
                Output::StaticTransforms(at) => {
                    self.tf_static.publish(&transforms(core.static_transforms(), at));
                }
                Output::Event(event) => io.event(&event),
            }
        }
    }
}

fn fill_identified(response: &mut Identify::Response, identified: &Identified) {
    if let Some((_, mass, centre)) = &identified.payload {
        (response.mass, response.mass_deviation) = (mass.value, mass.deviation);
        response.centre = centre.iter().map(|figure| figure.value).collect();
        response.centre_deviation = centre.iter().map(|figure| figure.deviation).collect();
    } else {
        (response.centre, response.centre_deviation) = (vec![0.0; 3], vec![0.0; 3]);
    }
    for (joint, [coulomb, viscous, offset]) in &identified.joints {
        response.joint.push(joint.clone());
        response.coulomb.push(coulomb.value);
        response.viscous.push(viscous.value);
        response.offset.push(offset.value);
    }
    response.residual = identified.residual;
}

fn fill_motion(message: &mut MotionState, core: &Estimator, frame: Frame) {
    message.stamp = wire::stamp_to_msg(frame.stamp);
    message.seq = frame.seq;
    message.groups.clear();
    let motions = core.motions(frame.stamp);
    (message.groups).extend(motions.map(|(name, motion)| wire::motion_to_msg(name, &motion)));
}

fn fill_joint_states(message: &mut JointStateMsg, core: &Estimator, at: Stamp) {
    message.header.stamp = wire::stamp_to_msg(at);
    message.name.clear();
    message.position.clear();
    message.velocity.clear();
    message.effort.clear();
    for joint in core.joint_states(at) {
        message.name.push(joint.name.to_owned());
        message.position.push(joint.position);
        message.velocity.push(joint.velocity);
        message.effort.push(joint.effort);
    }
}

fn transforms<'a>(all: impl Iterator<Item = Transform<'a>>, at: Stamp) -> TFMessage {
    let message = |transform: Transform<'_>| {
        let mut message = TransformStamped::default();
        message.header.stamp = wire::stamp_to_msg(at);
        transform.parent.clone_into(&mut message.header.frame_id);
        transform.child.clone_into(&mut message.child_frame_id);
        let translation = transform.parent_from_child.translation.vector;
        let rotation = transform.parent_from_child.rotation.coords;
        (message.transform.translation.x, message.transform.translation.y) = (translation.x, translation.y);
        message.transform.translation.z = translation.z;
        (message.transform.rotation.x, message.transform.rotation.y) = (rotation.x, rotation.y);
        (message.transform.rotation.z, message.transform.rotation.w) = (rotation.z, rotation.w);
        message
    };
    TFMessage {
        transforms: all.map(message).collect(),
    }
}
