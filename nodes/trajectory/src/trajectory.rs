//! All groups: who gets which input, and when the grid comes round.

use servomesh_types::{
    Core, Event, EventKind, GroupDescription, GroupName, GroupSafety, MAX_JOINTS, SafetyState, Stamp,
};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::config::Config;
use crate::peers::Peers;
use crate::planner::{Context, GripRequest, Phase, Planner, refuse};
use crate::robot::Robot;
use crate::{Code, GoalId, Input, Output, Refusal, Steer};

/// The core: a planner for each announced group. See the [crate] for what it does.
pub struct Trajectory {
    config: Config,
    robot: Option<Robot>,
    groups: BTreeMap<GroupName, Planner>,
    peers: Peers,
    /// What `safety` said last, also of groups that are not announced yet.
    gates: BTreeMap<GroupName, GroupSafety>,
    next: Option<Stamp>,
    out: VecDeque<Output>,
}

impl Trajectory {
    /// A core that knows no group yet.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            robot: None,
            groups: BTreeMap::new(),
            peers: Peers::default(),
            gates: BTreeMap::new(),
            next: None,
            out: VecDeque::with_capacity(QUEUE),
        }
    }

    /// The same core, with what there is to know of the machine: without it there are no tool paths, no twists and no torque
    /// limits. To be said before any group is announced.
    #[must_use]
    pub fn with_robot(mut self, robot: Option<Robot>) -> Self {
        self.robot = robot;
        self
    }

    /// What a group is doing at `now`; `None` if it was never announced.
    pub fn phase(&self, group: GroupName, now: Stamp) -> Option<Phase> {
        self.groups.get(&group).map(|planner| planner.phase(now))
    }

    /// A group as its driver announced it.
    pub fn group(&self, group: GroupName) -> Option<&GroupDescription> {
        self.groups.get(&group).map(Planner::group)
    }

    /// Ends all goals and all streams at once, since the node ends its duty. `safety` brings what moves to a stop.
    ///
    /// Groups are seeded anew from the next motion states that are handed in.
    pub fn give_up(&mut self, now: Stamp, why: &str) {
        let (groups, mut ctx) = self.context(now);
        for planner in groups.values_mut() {
            planner.unseed(&mut ctx, Code::NotReady, why.to_owned());
        }
    }

    /// What each group is doing at `now`, in the order of their names.
    pub fn phases(&self, now: Stamp) -> impl Iterator<Item = (GroupName, Phase)> {
        self.groups
            .iter()
            .map(move |(name, planner)| (*name, planner.phase(now)))
    }

    /// The planners, and what each of them is given beside its input.
    fn context(&mut self, now: Stamp) -> (&mut BTreeMap<GroupName, Planner>, Context<'_>) {
        let ctx = Context {
            now,
            config: &self.config,
            robot: self.robot.as_ref(),
            peers: &self.peers,
            out: &mut self.out,
        };
        (&mut self.groups, ctx)
    }

    fn announce(&mut self, now: Stamp, group: GroupDescription) {
        if self
            .groups
            .get(&group.name)
            .is_some_and(|planner| *planner.group() == group)
        {
            return;
        }
        let name = group.name;
        let (groups, mut ctx) = self.context(now);
        if let Some(planner) = groups.get_mut(&name) {
            planner.unseed(
                &mut ctx,
                Code::Stopped,
                "the group was announced with other joints or limits".into(),
            );
        }
        let planner = match unusable(&group) {
            Some(text) => Err(text),
            None => Planner::new(group, ctx.config, ctx.robot)
                .map_err(|error| format!("group {name} is not used: {error}")),
        };
        let mut planner = match planner {
            Ok(planner) => planner,
            Err(text) => {
                self.groups.remove(&name);
                self.peers.remove(name);
                self.out.push_back(Output::Event(Event {
                    stamp: now,
                    kind: EventKind::Fault,
                    group: Some(name),
                    text,
                }));
                return;
            }
        };
        if let Some(gate) = self.gates.get(&name).copied() {
            let (_, mut ctx) = self.context(now);
            planner.gate(&mut ctx, &gate);
        }
        self.peers.announce(planner.shared_group());
        self.groups.insert(name, planner);
        let period = self.config.period;
        self.next
            .get_or_insert_with(|| now.next_multiple(period, Duration::ZERO));
    }

    fn gate(&mut self, now: Stamp, safety: &SafetyState) {
        for gate in &safety.groups {
            self.gates.insert(gate.group, *gate);
        }
        let (groups, mut ctx) = self.context(now);
        for gate in &safety.groups {
            if let Some(planner) = groups.get_mut(&gate.group) {
                planner.gate(&mut ctx, gate);
            }
        }
    }

    /// Hands a goal to its group's planner.
    fn goal(
        &mut self,
        now: Stamp,
        group: GroupName,
        id: GoalId,
        take: impl FnOnce(&mut Planner, &mut Context<'_>),
    ) {
        let (groups, mut ctx) = self.context(now);
        match groups.get_mut(&group) {
            Some(planner) => take(planner, &mut ctx),
            None => {
                let refusal = Refusal::new(Code::NotReady, format!("group {group} was not announced"));
                refuse(&mut ctx, group, id, refusal);
            }
        }
    }

    /// Changes how one group moves, or all of them.
    fn steer(&mut self, now: Stamp, request: u64, group: Option<GroupName>, steer: Steer) {
        let (groups, mut ctx) = self.context(now);
        let done = match group {
            Some(name) => match groups.get_mut(&name) {
                Some(planner) => planner.steer(&mut ctx, steer),
                None => Err(format!("group {name} was not announced")),
            },
            None if groups.is_empty() => Err("no group was announced".to_owned()),
            None => {
                // Each does what it can; it is a refusal only if none could.
                let results: Vec<_> = groups
                    .values_mut()
                    .map(|planner| planner.steer(&mut ctx, steer))
                    .collect();
                match results.iter().any(Result::is_ok) {
                    true => Ok(()),
                    false => Err(results
                        .into_iter()
                        .filter_map(Result::err)
                        .collect::<Vec<_>>()
                        .join("; ")),
                }
            }
        };
        self.out.push_back(Output::Answer {
            request,
            granted: done.is_ok(),
            text: done.err().unwrap_or_default(),
        });
    }
}

impl Core for Trajectory {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, now: Stamp, input: Input) {
        match input {
            Input::Group(group) => self.announce(now, group),
            Input::Safety(safety) => self.gate(now, &safety),
            Input::Motion { group, motion } => {
                if let Some(peer) = self.peers.get_mut(group) {
                    peer.measured = Some(motion);
                }
                let (groups, mut ctx) = self.context(now);
                // The motion of a group whose announcement is still on its way says nothing that the next won't.
                if let Some(planner) = groups.get_mut(&group) {
                    planner.measure(&mut ctx, motion);
                }
            }
            Input::Follow { group, id, goal } => {
                self.goal(now, group, id, |planner, ctx| planner.follow(ctx, id, &goal));
            }
            Input::Move { group, id, goal } => {
                self.goal(now, group, id, |planner, ctx| planner.go(ctx, id, &goal));
            }
            Input::Grip {
                group,
                id,
                position,
                max_effort,
            } => {
                let request = GripRequest {
                    position,
                    max_velocity: 0.0,
                    max_effort,
                };
                self.goal(now, group, id, |planner, ctx| planner.grip(ctx, id, request));
            }
            Input::ParallelGrip { group, id, goal } => {
                self.goal(now, group, id, |planner, ctx| {
                    planner.parallel_grip(ctx, id, &goal)
                });
            }
            Input::Couple { group, id, goal } => {
                self.goal(now, group, id, |planner, ctx| planner.couple(ctx, id, &goal));
            }
            Input::Jog { group, request } => {
                let (groups, mut ctx) = self.context(now);
                // The next request finds a group whose announcement is on its way.
                if let Some(planner) = groups.get_mut(&group) {
                    planner.jog(&mut ctx, &request);
                }
            }
            Input::Steer {
                request,
                group,
                steer,
            } => self.steer(now, request, group, steer),
            Input::Planned(planned) => {
                let (groups, mut ctx) = self.context(now);
                if let Some(planner) = groups.get_mut(&planned.group) {
                    planner.planned(&mut ctx, planned);
                }
            }
            Input::Cancel { id } => {
                let (groups, mut ctx) = self.context(now);
                // None has it if it ended while its cancel was on the way: its sender has been told.
                let _known = groups.values_mut().any(|planner| planner.cancel(&mut ctx, id));
            }
        }
    }

    fn tick(&mut self, now: Stamp) {
        if self.next.is_none_or(|next| now < next) {
            return;
        }
        self.next = Some(now.next_multiple(self.config.period, Duration::ZERO));
        // Those that follow others come last: by then their leaders' setpoints of this tick are known.
        for following in [false, true] {
            for (name, planner) in &mut self.groups {
                if planner.follows() != following {
                    continue;
                }
                let mut ctx = Context {
                    now,
                    config: &self.config,
                    robot: self.robot.as_ref(),
                    peers: &self.peers,
                    out: &mut self.out,
                };
                planner.tick(&mut ctx);
                if let Some(peer) = self.peers.get_mut(*name) {
                    peer.setpoint = planner.commanded();
                    peer.follows = planner.follows();
                }
            }
        }
    }

    fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    fn deadline(&self) -> Option<Stamp> {
        self.next
    }
}

/// Why a group can't be planned for.
fn unusable(group: &GroupDescription) -> Option<String> {
    let joints = &group.joints;
    if joints.is_empty() || joints.len() > MAX_JOINTS {
        let count = joints.len();
        return Some(format!(
            "group {} has {count} joints, not 1 to {MAX_JOINTS}: it is not used",
            group.name
        ));
    }
    let twice = joints
        .iter()
        .enumerate()
        .find(|(i, joint)| group.joint_index(&joint.name) != Some(*i));
    twice.map(|(_, joint)| {
        format!(
            "group {} has two joints {}: it is not used",
            group.name, joint.name
        )
    })
}

/// Outputs of one call that need no growing: a setpoint and a feedback for each of a few groups.
const QUEUE: usize = 64;
