//! What the visualizer hears: the mesh's topics, as inputs of its core.

use crate::surroundings;
use r2r::servomesh_msgs::msg::{
    Event as EventMsg, MotionState, SafetyState as SafetyStateMsg, ServoState as ServoStateMsg,
    Setpoint as SetpointMsg, SimScene, SimTruth,
};
use servomesh_shell::ros::{Groups, Io, Latest, Queue, Wire, qos, wire};
use servomesh_types::{Event, GroupName, ServoState, Setpoint};
use servomesh_visualizer::Input;
use std::collections::BTreeMap;

/// All that is drawn, from all groups that are announced.
pub(crate) struct Hearing {
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

/// The topics of a group.
struct Ports {
    setpoint: Latest<SetpointMsg>,
    servo_state: Latest<ServoStateMsg>,
}

impl Hearing {
    /// Listens to what there is for all groups together.
    pub(crate) fn open(io: &mut Io) -> anyhow::Result<Self> {
        Ok(Self {
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

    /// How many messages were no values at all.
    pub(crate) fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// Listens to a group, once.
    fn listen_to(&mut self, io: &mut Io, group: GroupName) -> anyhow::Result<()> {
        if self.groups.contains_key(&group) {
            return Ok(());
        }
        let setpoint = format!("{group}/setpoint");
        let servo_state = format!("{group}/servo_state");
        let ports = Ports {
            setpoint: io.latest(&setpoint, qos::STREAM, |m: &SetpointMsg| m.tag.seq)?,
            servo_state: io.latest(&servo_state, qos::STREAM, |m: &ServoStateMsg| m.tag.seq)?,
        };
        self.groups.insert(group, ports);
        Ok(())
    }

    /// Everything that came since the last call.
    pub(crate) fn take(&mut self, io: &mut Io) -> Vec<Input> {
        let mut inputs = Vec::new();
        while let Some(description) = self.discovery.take(io) {
            match self.listen_to(io, description.name) {
                Ok(()) => inputs.push(Input::Group(description)),
                Err(error) => io.warn(&format!("group {} can't be heard: {error:#}", description.name)),
            }
        }
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
}
