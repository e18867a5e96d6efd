//! Decides what is said about the machine, and when.
//!
//! A frame of motion goes out as soon as the leading group is heard, so that those who act on it wait for nobody. The
//! lead is the group with the fastest loop (then the most joints, then the first name) among those heard at their own
//! rate; the others ride along, predicted to the same instant. Joint states and transforms go out on a grid of ROS time.
//!
//! **Invariant:** all positions of one output hold at one instant, its stamp; nothing is said of a group whose last
//! sample is older than `coast`.

use crate::admission;
use crate::config::Config;
use crate::frames::{Frames, Transform};
use crate::group::{Change, GroupTrack};
use crate::intake::Counters;
use crate::pace::{Grid, RateLimit};
use crate::requests::Runs;
use crate::tools::{Known, ToolState, Tools};
use servomesh_robot::{Model, RobotError};
use servomesh_types::{Core, Event, EventKind, GroupDescription, GroupMotion, GroupName, ServoState, Stamp};
use std::collections::{BTreeMap, VecDeque};

/// The most groups the estimator follows: the bound of the message's array.
pub const MAX_GROUPS: usize = 16;

/// What can reach the estimator.
#[derive(Clone, Debug)]
pub enum Input {
    /// A driver announced its group, for the first time or again.
    Group(GroupDescription),
    /// A driver measured.
    ServoState {
        /// Which group.
        group: GroupName,
        /// What it measured.
        state: ServoState,
    },
}

/// What the estimator says.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// What all groups do is due, as this frame: [`Estimator::motions`] has it.
    Motion(Frame),
    /// Joint states are due: [`Estimator::joint_states`] has them.
    JointStates(Stamp),
    /// Transforms are due: [`Estimator::transforms`] has them.
    Transforms(Stamp),
    /// Motions of tools are due: [`Estimator::tools`] has them.
    Tools(Stamp),
    /// The transforms that never change are known: [`Estimator::static_transforms`] has them. Said once.
    StaticTransforms(Stamp),
    /// Something happened.
    Event(Event),
}

/// One frame of what all groups do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The instant that every value holds for.
    pub stamp: Stamp,
    /// One more for each frame.
    pub seq: u64,
}

/// One joint at the stamp of the joint states.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JointState<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its position.
    pub position: f64,
    /// Its velocity.
    pub velocity: f64,
    /// Its effort; 0 for a joint that mimics another one.
    pub effort: f64,
}

/// Says what the machine really does.
#[derive(Debug)]
pub struct Estimator {
    config: Config,
    pub(crate) groups: BTreeMap<GroupName, GroupTrack>,
    pub(crate) frames: Option<Frames>,
    pub(crate) runs: Runs,
    tools: Tools,
    /// For each joint of the robot's description, who measures it.
    measured_by: Vec<Option<(GroupName, usize)>>,
    motion: RateLimit,
    joint_states: Grid,
    tf: Grid,
    tool: Grid,
    seq: u64,
    unknown: u64,
    due: Due,
    events: VecDeque<Event>,
}

/// Outputs that `poll` has yet to hand over.
#[derive(Clone, Copy, Debug, Default)]
struct Due {
    motion: Option<Stamp>,
    joint_states: Option<Stamp>,
    transforms: Option<Stamp>,
    tools: Option<Stamp>,
    static_transforms: Option<Stamp>,
    static_said: bool,
}

impl Estimator {
    /// An estimator that knows no group yet. Without a robot's description it says nothing of transforms and mimics.
    pub fn new(config: Config, model: Option<Model>) -> Self {
        let joints = model.as_ref().map_or(0, Model::joint_count);
        Self {
            config,
            groups: BTreeMap::new(),
            frames: model.map(Frames::new),
            runs: Runs::default(),
            tools: Tools::default(),
            measured_by: vec![None; joints],
            motion: RateLimit::new(config.motion_period()),
            joint_states: Grid::new(config.joint_states_period()),
            tf: Grid::new(config.tf_period()),
            tool: Grid::new(config.tool_period()),
            seq: 0,
            unknown: 0,
            due: Due::default(),
            events: VecDeque::new(),
        }
    }

    /// Tells which link is each group's tool. Without a robot's description there are none.
    ///
    /// # Errors
    /// A link that the robot does not have.
    pub fn with_tools(mut self, tools: &BTreeMap<GroupName, String>) -> Result<Self, RobotError> {
        if let Some(frames) = &self.frames {
            self.tools = Tools::new(frames.model(), tools)?;
        }
        Ok(self)
    }

    /// Each live group by name, its values predicted to the stamp of [`Output::Motion`]; its own stamp is that of the
    /// measurement behind them, and so tells how far they were predicted.
    pub fn motions(&self, at: Stamp) -> impl Iterator<Item = (GroupName, GroupMotion)> {
        self.groups
            .iter()
            .filter_map(move |(name, group)| Some((*name, group.motion(at)?)))
    }

    /// What the tools of live groups do, at the stamp of the last [`Output::Tools`].
    pub fn tools(&self) -> impl Iterator<Item = ToolState<'_>> {
        let frames = self.frames.iter();
        frames.flat_map(|frames| self.tools.states(frames.model()))
    }

    /// The joints of all live groups, by group, and then those that mimic them, at the stamp of
    /// [`Output::JointStates`].
    pub fn joint_states(&self, at: Stamp) -> impl Iterator<Item = JointState<'_>> {
        let measured = self
            .groups
            .values()
            .filter(|group| group.is_live())
            .flat_map(move |group| {
                group
                    .description()
                    .joints
                    .iter()
                    .enumerate()
                    .filter(|(joint, _)| !group.is_lost(*joint))
                    .map(move |(joint, described)| {
                        let (motion, effort) = group.joint(joint, at);
                        JointState {
                            name: &described.name,
                            position: motion.position,
                            velocity: motion.velocity,
                            effort,
                        }
                    })
            });
        let mimics = self
            .frames
            .iter()
            .flat_map(Frames::mimics)
            .filter_map(move |mimic| {
                let (group, joint) = self.source(mimic.joint)?;
                let (motion, _) = group.joint(joint, at);
                Some(JointState {
                    name: &mimic.name,
                    position: mimic.multiplier * motion.position + mimic.offset,
                    velocity: mimic.multiplier * motion.velocity,
                    effort: 0.0,
                })
            });
        measured.chain(mimics)
    }

    /// Where the links are that joints of live groups move, at the stamp of the last [`Output::Transforms`].
    pub fn transforms(&self) -> impl Iterator<Item = Transform<'_>> {
        self.frames.iter().flat_map(Frames::moving)
    }

    /// Where the links are that nothing moves.
    pub fn static_transforms(&self) -> impl Iterator<Item = Transform<'_>> {
        self.frames.iter().flat_map(Frames::fixed)
    }

    /// What became of a group's servo states; `None` for a group that was never announced.
    pub fn counters(&self, group: GroupName) -> Option<Counters> {
        self.groups.get(&group).map(GroupTrack::counters)
    }

    /// Whether a group was heard of lately enough to say where it is.
    pub fn is_live(&self, group: GroupName) -> bool {
        self.groups.get(&group).is_some_and(GroupTrack::is_live)
    }

    /// Servo states of groups that were not announced (yet).
    pub fn unknown(&self) -> u64 {
        self.unknown
    }

    /// The live group that measures a joint of the robot's description.
    fn source(&self, model_joint: usize) -> Option<(&GroupTrack, usize)> {
        let (name, joint) = self.measured_by[model_joint]?;
        let group = self.groups.get(&name).filter(|group| group.is_live())?;
        (!group.is_lost(joint)).then_some((group, joint))
    }

    fn announce(&mut self, now: Stamp, description: GroupDescription) {
        let name = description.name;
        match admission::objection(&self.config, &self.groups, &description) {
            Some(text) => self.say(now, EventKind::Fault, Some(name), text),
            // Announced again as it was: a restarted driver goes on where it is.
            None if self
                .groups
                .get(&name)
                .is_some_and(|group| same_joints(group, &description)) => {}
            None => {
                let robot = self.frames.as_ref().map(Frames::model);
                let group = GroupTrack::new(description, robot, &self.config);
                self.groups.insert(name, group);
                self.find_sources();
            }
        }
    }

    fn find_sources(&mut self) {
        self.measured_by.fill(None);
        let Some(frames) = &self.frames else { return };
        for (name, group) in &self.groups {
            for (joint, described) in group.description().joints.iter().enumerate() {
                if let Some(index) = frames.joint_index(&described.name) {
                    self.measured_by[index] = Some((*name, joint));
                }
            }
        }
    }

    fn measure(&mut self, now: Stamp, name: GroupName, state: &ServoState) {
        let Some(group) = self.groups.get_mut(&name) else {
            self.unknown += 1;
            return;
        };
        let taken = group.take(now, state, &self.config);
        if taken {
            self.runs.take(name, group, state);
        }
        while let Some(change) = group.take_change() {
            let recovered = |text: &str| (EventKind::Recovered, text.to_owned());
            let (kind, text) = match change {
                Change::Back => recovered("the group's motion is known again"),
                Change::Good => recovered("servo states are good again"),
                Change::Forgiven => recovered("a new epoch: faults of encoders and collisions are forgotten"),
                Change::Refused(text) => (EventKind::Fault, text),
                Change::Found(fault) => (EventKind::Fault, fault.describe(group.description())),
            };
            self.events.push_back(Event {
                stamp: now,
                kind,
                group: Some(name),
                text,
            });
        }
        if taken && self.lead(now) == Some(name) {
            self.motion.ask();
        }
    }

    /// Whose samples set off frames of motion.
    fn lead(&self, now: Stamp) -> Option<GroupName> {
        let prompt = self.groups.iter().filter(|(_, group)| group.is_prompt(now));
        // `max_by` keeps the last of equals; reversed, that is the first name.
        let leads = prompt.rev().max_by(|(_, a), (_, b)| {
            let (a, b) = (a.description(), b.description());
            a.rate_hz
                .total_cmp(&b.rate_hz)
                .then(a.joints.len().cmp(&b.joints.len()))
        });
        leads.map(|(name, _)| *name)
    }

    /// Does what time alone brings: groups that fell silent, outputs whose turn has come.
    fn advance(&mut self, now: Stamp) {
        let coast = self.config.coast();
        for (name, group) in &mut self.groups {
            if let Some(fault) = group.expire(now, coast) {
                let text = format!("{fault}: the group's motion is not known");
                self.events.push_back(Event {
                    stamp: now,
                    kind: EventKind::Fault,
                    group: Some(*name),
                    text,
                });
            }
        }
        let any_live = self.groups.values().any(GroupTrack::is_live);
        if self.motion.take(now) && any_live {
            self.due.motion = Some(now);
        }
        if self.joint_states.take(now) && any_live {
            self.due.joint_states = Some(now);
        }
        if self.tf.take(now) && any_live && self.frames.is_some() {
            self.place_links(now);
            self.due.transforms = Some(now);
        }
        if self.tool.take(now) && any_live {
            self.place_tools(now);
            self.due.tools = Some(now);
        }
        if !self.due.static_said && self.frames.is_some() {
            (self.due.static_said, self.due.static_transforms) = (true, Some(now));
        }
    }

    fn place_links(&mut self, at: Stamp) {
        let Some(mut frames) = self.frames.take() else {
            return;
        };
        frames.place(|index| {
            self.source(index)
                .map(|(group, joint)| group.joint(joint, at).0.position)
        });
        self.frames = Some(frames);
    }

    fn place_tools(&mut self, at: Stamp) {
        let (mut tools, frames) = (std::mem::take(&mut self.tools), self.frames.take());
        if let Some(frames) = &frames {
            let known = |index: usize| {
                let (track, joint) = self.source(index)?;
                Some(Known {
                    group: track.description().name,
                    joint,
                    position: track.joint(joint, at).0.position,
                })
            };
            tools.place(frames.model(), known, |group| self.groups.get(&group)?.motion(at));
        }
        (self.tools, self.frames) = (tools, frames);
    }

    fn say(&mut self, stamp: Stamp, kind: EventKind, group: Option<GroupName>, text: String) {
        self.events.push_back(Event {
            stamp,
            kind,
            group,
            text,
        });
    }
}

impl Core for Estimator {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, now: Stamp, input: Input) {
        match input {
            Input::Group(description) => self.announce(now, description),
            Input::ServoState { group, state } => self.measure(now, group, &state),
        }
        self.advance(now);
    }

    fn tick(&mut self, now: Stamp) {
        self.advance(now);
    }

    fn poll(&mut self) -> Option<Output> {
        if let Some(event) = self.events.pop_front() {
            return Some(Output::Event(event));
        }
        if let Some(stamp) = self.due.motion.take() {
            self.seq += 1;
            let seq = self.seq;
            return Some(Output::Motion(Frame { stamp, seq }));
        }
        let due = &mut self.due;
        (due.static_transforms.take().map(Output::StaticTransforms))
            .or_else(|| due.joint_states.take().map(Output::JointStates))
            .or_else(|| due.transforms.take().map(Output::Transforms))
            .or_else(|| due.tools.take().map(Output::Tools))
    }

    fn deadline(&self) -> Option<Stamp> {
        let silent = self
            .groups
            .values()
            .filter_map(|group| group.silent_at(self.config.coast()));
        let grids = [self.joint_states.next(), self.tf.next(), self.tool.next()];
        silent.chain(grids).chain(self.motion.next()).min()
    }
}

fn same_joints(group: &GroupTrack, description: &GroupDescription) -> bool {
    group.description().joints == description.joints
        && group
            .description()
            .rate_hz
            .total_cmp(&description.rate_hz)
            .is_eq()
}
