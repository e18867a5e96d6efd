//! The core on a virtual clock with machines that follow its setpoints, and all that it answered.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use servomesh_trajectory::{
    Config, CoupleGoal, Feedback, FollowGoal, GoalId, Input, JogRequest, MoveGoal, Outcome, Output, Phase,
    Plan, Robot, Settings, Steer, Trajectory,
};
use servomesh_types::{
    Core as _, Event, Fault, GroupDescription, GroupMotion, GroupName, GroupSafety, JointVec, SafetyMode,
    SafetyState, Stamp,
};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::machine::{LATENCY, Machine};

pub(crate) const PERIOD: Duration = Duration::from_millis(2);

/// The core and its surroundings.
pub(crate) struct Rig {
    pub(crate) core: Trajectory,
    pub(crate) now: Stamp,
    pub(crate) machines: BTreeMap<GroupName, Machine>,
    pub(crate) asked: Vec<GoalId>,
    pub(crate) done: BTreeMap<GoalId, Outcome>,
    pub(crate) feedback: BTreeMap<GoalId, Feedback>,
    pub(crate) plans: VecDeque<Plan>,
    pub(crate) events: Vec<Event>,
    /// Whether motion states are published.
    pub(crate) talks: bool,
    answers: BTreeMap<u64, Result<(), String>>,
    requests: u64,
}

impl Rig {
    /// Groups that stand, ready to be asked for something.
    pub(crate) fn new(groups: &[(GroupDescription, JointVec)]) -> Self {
        Self::with(Self::settings(), None, groups)
    }

    /// As everywhere, but for stops that may take their time on the path, and machines as late as these.
    pub(crate) fn settings() -> Settings {
        Settings {
            max_stop_on_path: Duration::from_secs(10),
            tracking_lead: PERIOD * LATENCY,
            ..Settings::default()
        }
    }

    /// The same with what is known of the machine.
    pub(crate) fn with(
        settings: Settings,
        robot: Option<Robot>,
        groups: &[(GroupDescription, JointVec)],
    ) -> Self {
        let config = Config::new(settings).expect("settings of the test");
        let mut rig = Self {
            core: Trajectory::new(config).with_robot(robot),
            now: Stamp::from_millis(1000),
            machines: BTreeMap::new(),
            asked: Vec::new(),
            done: BTreeMap::new(),
            feedback: BTreeMap::new(),
            plans: VecDeque::new(),
            events: Vec::new(),
            talks: true,
            answers: BTreeMap::new(),
            requests: 0,
        };
        for (description, position) in groups {
            let machine = Machine::new(description, position);
            rig.machines.insert(description.name, machine);
            rig.handle(Input::Group(description.clone()));
            rig.gate(description.name, SafetyMode::Normal, None);
        }
        rig.run(10);
        rig
    }

    /// Tells what is asked for, where one case is run alone.
    pub(crate) fn say(&self, what: &dyn std::fmt::Debug) {
        if std::env::var_os("SERVOMESH_RANDOM_SEED").is_some() {
            eprintln!("{}: {what:?}", self.now);
        }
    }

    pub(crate) fn handle(&mut self, input: Input) {
        self.core.handle(self.now, input);
        self.drain();
    }

    pub(crate) fn gate(&mut self, group: GroupName, mode: SafetyMode, fault: Option<Fault>) {
        let machine = &self.machines[&group];
        let gate = GroupSafety {
            mode,
            fault,
            speed_scale: machine.speed_scale,
            ..GroupSafety::open(group, machine.epoch)
        };
        self.handle(Input::Safety(SafetyState::new(vec![gate])));
    }

    /// Safety stops a group; once it stands, it is reset.
    pub(crate) fn stop_and_reset(&mut self, group: GroupName) {
        self.gate(group, SafetyMode::Stopping, Some(Fault::StopRequested));
        self.run(10);
        self.machine(group).start_anew();
        self.gate(group, SafetyMode::Normal, None);
    }

    /// The node ends its duty.
    pub(crate) fn give_up(&mut self) {
        self.core.give_up(self.now, "the node ends its duty");
        self.drain();
    }

    pub(crate) fn machine(&mut self, group: GroupName) -> &mut Machine {
        self.machines.get_mut(&group).expect("a group of the rig")
    }

    pub(crate) fn phase(&self, group: GroupName) -> Phase {
        self.core.phase(group, self.now).expect("the group was announced")
    }

    /// The next point of the grid: machines move and say so, the core ticks.
    pub(crate) fn step(&mut self) {
        self.now = self.now.next_multiple(PERIOD, Duration::ZERO);
        let stamp = self.now;
        for machine in self.machines.values_mut() {
            machine.follow();
        }
        if self.talks {
            let motions: Vec<(GroupName, GroupMotion)> = self
                .machines
                .iter()
                .map(|(group, machine)| (*group, machine.motion(stamp)))
                .collect();
            for (group, motion) in motions {
                self.handle(Input::Motion { group, motion });
            }
        }
        self.core.tick(self.now);
        self.drain();
    }

    pub(crate) fn run(&mut self, ticks: u32) {
        for _ in 0..ticks {
            self.step();
        }
    }

    /// Lets less than a period pass.
    pub(crate) fn wait_a_little(&mut self, random: &mut ChaCha8Rng) {
        let to_next = self.now.next_multiple(PERIOD, Duration::ZERO).since(self.now);
        self.now = self.now + Duration::from_nanos(random.random_range(0..to_next.as_nanos() as u64));
    }

    pub(crate) fn follow(&mut self, group: GroupName, goal: FollowGoal) -> GoalId {
        self.ask(|id| Input::Follow { group, id, goal })
    }

    pub(crate) fn go(&mut self, group: GroupName, goal: MoveGoal) -> GoalId {
        self.ask(|id| Input::Move { group, id, goal })
    }

    pub(crate) fn couple(&mut self, group: GroupName, goal: CoupleGoal) -> GoalId {
        self.ask(|id| Input::Couple { group, id, goal })
    }

    /// Keeps a group moving for a moment.
    pub(crate) fn jog(&mut self, group: GroupName, request: JogRequest) {
        let input = Input::Jog { group, request };
        self.say(&input);
        self.handle(input);
    }

    /// Asks for anything that is a goal.
    pub(crate) fn ask(&mut self, input: impl FnOnce(GoalId) -> Input) -> GoalId {
        let id = GoalId(self.asked.len() as u64 + 1);
        self.asked.push(id);
        let input = input(id);
        self.say(&input);
        self.handle(input);
        id
    }

    /// Gives up a goal; holds the group to the stop it published, if it was that group's.
    pub(crate) fn cancel(&mut self, id: GoalId) {
        self.say(&("cancel", id));
        self.handle(Input::Cancel { id });
    }

    pub(crate) fn steer(&mut self, group: GroupName, steer: Steer) -> Result<(), String> {
        self.requests += 1;
        let (request, stop) = (self.requests, matches!(steer, Steer::Stop { .. }));
        let seeded = self.phase(group) != Phase::Unseeded;
        self.say(&(group, steer));
        self.handle(Input::Steer {
            request,
            group: Some(group),
            steer,
        });
        let now = self.now;
        let answer = self
            .answers
            .remove(&request)
            .expect("each request is answered at once");
        if stop && seeded && answer.is_ok() {
            self.machine(group).promise(now);
        }
        answer
    }

    /// Works out the plan that has waited longest, and hands it in.
    pub(crate) fn plan_one(&mut self) {
        if let Some(plan) = self.plans.pop_front() {
            self.handle(Input::Planned(plan.run()));
        }
    }

    /// Runs until all goals are over, and groups rest if they were told to.
    pub(crate) fn settle(&mut self) {
        for group in self.machines.keys().copied().collect::<Vec<_>>() {
            let _not_paused = self.steer(group, Steer::Resume);
            self.steer(group, Steer::Scale(1.0))
                .expect("a scale of 1 is always possible");
            self.machine(group).speed_scale = 1.0;
            self.gate(group, SafetyMode::Normal, None);
        }
        for _ in 0..LONGEST_TICKS {
            while !self.plans.is_empty() {
                self.plan_one();
            }
            if self.asked.iter().all(|id| self.done.contains_key(id)) {
                return self.rest();
            }
            self.step();
        }
        let open: Vec<_> = self
            .asked
            .iter()
            .filter(|id| !self.done.contains_key(id))
            .collect();
        let newest: Vec<_> = self.machines.values().map(|machine| machine.newest).collect();
        panic!("goals {open:?} do not end; setpoints {newest:?}");
    }

    /// Runs until no group is about to come to rest.
    fn rest(&mut self) {
        for _ in 0..10_000 {
            self.run(10);
            if !self
                .core
                .phases(self.now)
                .any(|(_, phase)| phase == Phase::Stopping)
            {
                return;
            }
        }
        panic!("a group does not come to rest");
    }

    fn drain(&mut self) {
        while let Some(output) = self.core.poll() {
            match output {
                Output::Setpoint { group, setpoint } => self.machine(group).take(setpoint),
                Output::Feedback { id, feedback, .. } => {
                    assert!((0.0..=1.0).contains(&feedback.progress), "{feedback:?}");
                    assert!(
                        (-1.0 - 1e-9..=1.0 + 1e-9).contains(&feedback.rate),
                        "{feedback:?}"
                    );
                    assert!(!self.done.contains_key(&id), "feedback of {id:?}, which is over");
                    self.feedback.insert(id, feedback);
                }
                Output::Done { id, outcome } => {
                    self.say(&("done", id, outcome.status, &outcome.text));
                    let twice = self.done.insert(id, outcome);
                    assert!(twice.is_none(), "{id:?} is done twice: {twice:?}");
                }
                Output::Event(event) => self.events.push(event),
                Output::Plan(plan) => self.plans.push_back(plan),
                Output::Answer {
                    request,
                    granted,
                    text,
                    ..
                } => {
                    assert_eq!(granted, text.is_empty(), "{text}");
                    let answer = if granted { Ok(()) } else { Err(text) };
                    self.answers.insert(request, answer);
                }
            }
        }
        for (group, machine) in &mut self.machines {
            if self.core.phase(*group, self.now) == Some(Phase::Unseeded) {
                machine.unseed();
            }
        }
    }
}

/// A slow axis that is asked to go far and slowly takes minutes.
const LONGEST_TICKS: u32 = 400_000;
