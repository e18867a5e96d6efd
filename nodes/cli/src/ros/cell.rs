//! A running cell as its clients see it: descriptions, measured states, safety, events, losses.

use crate::program::{Machine, Program, Summary};
use anyhow::{Context as _, bail};
use futures::FutureExt;
use r2r::diagnostic_msgs::msg::DiagnosticArray;
use r2r::servomesh_msgs::msg;
use servomesh_shell::ros::wire::safety_state_from_msg;
use servomesh_shell::ros::{Groups, Io, Latest, Queue, Wire, qos};
use servomesh_types::{DriveMode, GroupDescription, JointKind, SafetyMode, SafetyState, ServoState, Stamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// What is known of a running cell.
pub(super) struct Cell {
    groups: Groups,
    known: BTreeMap<String, Group>,
    safety: Latest<msg::SafetyState>,
    safety_state: Option<SafetyState>,
    events: Queue<msg::Event>,
    /// Those of the newest look.
    new_events: Vec<msg::Event>,
    robot: Latest<r2r::std_msgs::msg::String>,
    urdf: Option<String>,
    diagnostics: Queue<DiagnosticArray>,
    pub(super) summary: Summary,
}

struct Group {
    description: GroupDescription,
    servo_states: Latest<msg::ServoState>,
    state: Option<ServoState>,
}

impl Cell {
    pub(super) fn open(io: &mut Io) -> anyhow::Result<Self> {
        Ok(Self {
            groups: Groups::new(),
            known: BTreeMap::new(),
            safety: io.latest("safety/state", qos::LATCHED, |_| 0)?,
            safety_state: None,
            events: io.queue("events", qos::EVENT)?,
            new_events: Vec::new(),
            robot: io.latest("robot_description", qos::LATCHED, |_| 0)?,
            urdf: None,
            diagnostics: io.queue("/diagnostics", qos::STATE)?,
            summary: Summary::default(),
        })
    }

    /// Takes in what arrived.
    pub(super) fn take_in(&mut self, io: &mut Io) -> anyhow::Result<()> {
        while let Some(description) = self.groups.take(io) {
            let name = description.name.to_string();
            let topic = format!("{name}/servo_state");
            let servo_states = io.latest::<msg::ServoState>(&topic, qos::STREAM, |m| m.tag.seq)?;
            self.known.insert(
                name,
                Group {
                    description,
                    servo_states,
                    state: None,
                },
            );
        }
        if let Some(message) = self.safety.take() {
            self.safety_state = Some(safety_state_from_msg(&message).context("topic safety/state")?);
        }
        for (name, group) in &mut self.known {
            let Some(message) = group.servo_states.take() else {
                continue;
            };
            let state =
                ServoState::from_msg(&message).with_context(|| format!("topic {name}/servo_state"))?;
            let joints = &group.description.joints;
            self.summary.servo_state(name, &state, |i| {
                (joints[i].name.clone(), joints[i].kind == JointKind::Prismatic)
            });
            group.state = Some(state);
        }
        self.new_events.clear();
        self.new_events.extend(std::iter::from_fn(|| self.events.take()));
        if let Some(description) = self.robot.take() {
            self.urdf = Some(description.data);
        }
        while let Some(array) = self.diagnostics.take() {
            for status in &array.status {
                let node = status.name.split(':').next().unwrap_or_default();
                for value in &status.values {
                    if value.key.ends_with(".lost") || value.key.ends_with(".superseded") {
                        let count = value.value.parse().unwrap_or(0);
                        self.summary.loss(format!("{node}: {}", value.key), count);
                    }
                }
            }
        }
        Ok(())
    }

    /// What a program still waits for; `None` when all groups that it names are there, and those that it moves can be moved.
    pub(super) fn missing(&self, program: &Program) -> Option<String> {
        self.missing_of(&program.named_groups(), &program.groups())
    }

    /// What is still waited for by who names some groups, and moves some of them.
    pub(super) fn missing_of(&self, named: &[String], moved: &[String]) -> Option<String> {
        let Some(safety) = &self.safety_state else {
            return Some("safety/state (is the cell up?)".to_owned());
        };
        let unknown = named.iter().find(|name| !self.known.contains_key(*name));
        if let Some(name) = unknown {
            let known: Vec<_> = self.known.keys().map(String::as_str).collect();
            let known = known.join(", ");
            return Some(format!(
                "{name}/description (is the driver of {name} up? There are: {known})"
            ));
        }
        moved.iter().find_map(|name| {
            let group = self.known.get(name)?;
            match safety.group(group.description.name) {
                None => Some(format!("safety to know group {name}")),
                Some(gate) if gate.mode != SafetyMode::Normal => {
                    let why = gate.fault.map(|fault| fault.describe(&group.description)).unwrap_or_default();
                    Some(format!("group {name}, which is stopped: {why}; reset it with `ros2 service call /safety/reset std_srvs/srv/Trigger`"))
                }
                // Driven, so trajectory has heard of the group and streams for it.
                Some(_) if group.state.is_none_or(|state| state.mode != DriveMode::Enabled) => {
                    Some(format!("group {name} to be driven"))
                }
                Some(_) => None,
            }
        })
    }

    /// The cell's time: that of its newest servo state.
    pub(super) fn now(&self) -> Option<Stamp> {
        let states = self.known.values().filter_map(|group| group.state.as_ref());
        states.map(|state| state.tag.stamp).max()
    }

    /// The events that came with the newest look.
    pub(super) fn events(&self) -> &[msg::Event] {
        &self.new_events
    }

    /// What is known of the machine.
    pub(super) fn machine(&self) -> Result<Machine, roxmltree::Error> {
        let links = self.urdf.as_deref().map(Machine::links_of).transpose()?;
        Ok(Machine {
            groups: self
                .known
                .values()
                .map(|group| group.description.clone())
                .collect(),
            links: links.unwrap_or_default(),
        })
    }

    /// The measured position of a joint.
    pub(super) fn measured(&self, group: &str, joint: usize) -> Option<f64> {
        let state = self.known.get(group)?.state.as_ref()?;
        state.position.get(joint).copied()
    }

    /// A group's description.
    pub(super) fn description(&self, group: &str) -> anyhow::Result<&GroupDescription> {
        match self.known.get(group) {
            Some(group) => Ok(&group.description),
            None => bail!("group {group} is not announced"),
        }
    }

    /// Where the loop of a group has its joints: the reference, or before the first command the measured positions.
    pub(super) fn positions(&self, group: &str) -> anyhow::Result<Vec<f64>> {
        let state = self.known.get(group).and_then(|group| group.state.as_ref());
        let state = state.with_context(|| format!("group {group}: no servo state yet"))?;
        let reference = if state.reference.is_empty() {
            &state.position
        } else {
            &state.reference
        };
        Ok(reference.to_vec())
    }
}

/// What time it is for those who wait.
pub(super) fn wall(io: &Io) -> Stamp {
    Stamp::from_nanos(io.system_ns())
}

/// Spins until a future is done; `None` if that is too late.
pub(super) fn wait<T>(io: &mut Io, future: impl Future<Output = T>, deadline: Stamp) -> Option<T> {
    let mut future = std::pin::pin!(future);
    loop {
        if let Some(done) = future.as_mut().now_or_never() {
            return Some(done);
        }
        if wall(io) > deadline {
            return None;
        }
        io.r2r().spin_once(LOOK);
    }
}

/// How long to wait for messages between two looks.
pub(super) const LOOK: Duration = Duration::from_millis(5);
