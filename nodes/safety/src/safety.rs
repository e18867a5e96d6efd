//! The core of the node: one gate per group, and what concerns all of them: stops, resets, speed scales.
//!
//! **Invariant:** an input for one group never changes the gate of another.
//! **Invariant:** whenever what a gate says of itself has changed, [`Output::State`] follows before the call's outputs end.

use crate::config::{Config, range};
use crate::digest::Digest;
use crate::gate::{Counts, Gate};
use crate::operation::Operation;
use crate::setup::Setup;
use servomesh_types::range::within;
use servomesh_types::*;
use std::collections::{BTreeMap, VecDeque};
use std::hash::Hasher;

/// The most groups one gate keeper can have: the bound of the message.
pub const MAX_GROUPS: usize = 16;

/// Everything that can reach the core.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A driver announced its group.
    Group(GroupDescription),
    /// `trajectory` wants a group to be somewhere.
    Setpoint {
        /// Which group.
        group: GroupName,
        /// Where to be.
        setpoint: Setpoint,
    },
    /// A driver measured its group.
    ServoState {
        /// Which group.
        group: GroupName,
        /// What it measured.
        state: ServoState,
    },
    /// `estimator` says what a group does.
    Motion {
        /// Which group.
        group: GroupName,
        /// What it does.
        motion: GroupMotion,
    },
    /// Someone asks for all groups to stop.
    Stop {
        /// Comes back in the answer.
        request: u64,
    },
    /// Someone asks for a safety function.
    Function {
        /// Comes back in the answer.
        request: u64,
        /// Which group, by name; empty for all.
        group: String,
        /// Which function.
        function: Function,
    },
    /// The mode selector was turned.
    SelectMode {
        /// Comes back in the answer.
        request: u64,
        /// What it says now.
        mode: OperatingMode,
    },
    /// The enabling device says whether it is held in its middle position.
    Enabling {
        /// Whether it is.
        held: bool,
    },
    /// Someone asks for the latched faults to be forgotten.
    Reset {
        /// Comes back in the answer.
        request: u64,
    },
    /// Someone says how fast groups may run.
    SetSpeedScale {
        /// Comes back in the answer.
        request: u64,
        /// Which group, by name; empty for all, also those still to come.
        group: String,
        /// Of what is planned, 0 … 1.
        scale: f64,
    },
}

/// Safety functions that can be asked for (IEC 61800-5-2). Brakes are on whenever torque is off (SBC); a standstill under power
/// is watched (SOS).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// Safe torque off (STO): stop category 0.
    TorqueOff,
    /// Safe stop 1 (SS1): a ramp, then torque off.
    Stop1,
    /// Safe stop 2 (SS2): a ramp, then a watched standstill under power (SOS).
    Stop2,
    /// The limits of reduced mode (SLS, SLA, SLP, SLT, SDI), or those of normal mode again.
    Reduced(bool),
}

/// Everything the core can cause.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// A command for a group's driver.
    Command {
        /// Which group.
        group: GroupName,
        /// What to do.
        command: Command,
    },
    /// What each gate is doing, whenever it changes.
    State(SafetyState),
    /// The answer to a request.
    Answer {
        /// Which request.
        request: u64,
        /// Whether it was done, for every group.
        granted: bool,
        /// What was done, or what is in the way.
        text: String,
    },
    /// Something that happened.
    Event(Event),
}

/// The gate keeper of all groups.
#[derive(Clone, Debug)]
pub struct Safety {
    config: Config,
    setup: Setup,
    operation: Operation,
    gates: BTreeMap<GroupName, Gate>,
    said: BTreeMap<GroupName, GroupSafety>,
    said_mode: OperatingMode,
    /// How fast groups still to come may run, of what is planned.
    speed_scale: f64,
    out: VecDeque<Output>,
}

impl Safety {
    /// A gate keeper that knows no group yet.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            setup: Setup::default(),
            operation: Operation::default(),
            gates: BTreeMap::new(),
            said: BTreeMap::new(),
            said_mode: OperatingMode::Automatic,
            speed_scale: config.speed_scale,
            // Room for what all groups can say at one instant, so that steady state never grows it.
            out: VecDeque::with_capacity(4 * MAX_GROUPS),
        }
    }

    /// The same, with what is set up for its groups.
    #[must_use]
    pub fn with_setup(mut self, setup: Setup) -> Self {
        self.setup = setup;
        self
    }

    /// How the gates are now, with what a stop would take from here.
    pub fn state(&self) -> SafetyState {
        let say = |gate: &Gate| {
            let stopping = gate.stopping();
            gate.view().map(|view| GroupSafety { stopping, ..view })
        };
        SafetyState {
            operation: self.operation.mode,
            groups: self.gates.values().filter_map(say).collect(),
        }
    }

    /// How many values went which way, for each group, in the order of names.
    pub fn counts(&self) -> impl Iterator<Item = (GroupName, &Counts)> {
        self.gates.iter().map(|(name, gate)| (*name, gate.counts()))
    }

    /// Feeds a hasher with all that decides about the future, as seen at `now`: two gate keepers of one configuration and set-up that
    /// feed the same will do the same. Whoever asks has taken all outputs.
    pub fn digest(&self, now: Stamp, hasher: &mut impl Hasher) {
        let Self {
            config,
            setup: _,
            operation,
            gates,
            // All said and taken: nothing but what the gates say of themselves.
            said: _,
            said_mode: _,
            out: _,
            speed_scale,
        } = self;
        let mut digest = Digest::new(now, config, hasher);
        operation.digest(&mut digest);
        digest.value(gates.len());
        digest.number(*speed_scale);
        gates.values().for_each(|gate| gate.digest(&mut digest));
    }

    /// The same of one group's gate alone; nothing is fed for a group that was not announced.
    pub fn digest_of(&self, group: GroupName, now: Stamp, hasher: &mut impl Hasher) {
        let mut digest = Digest::new(now, &self.config, hasher);
        if let Some(gate) = self.gates.get(&group) {
            gate.digest(&mut digest);
        }
    }

    fn describe(&mut self, now: Stamp, group: GroupDescription) {
        let name = group.name;
        let Err(refused) = self.admit(now, group) else {
            return;
        };
        let text = format!("{name}: not admitted: {refused}");
        self.out.push_back(Output::Event(Event {
            stamp: now,
            kind: EventKind::Fault,
            group: Some(name),
            text,
        }));
    }

    fn admit(&mut self, now: Stamp, group: GroupDescription) -> Result<(), String> {
        if group.joints.is_empty() || group.joints.len() > MAX_JOINTS {
            let joints = group.joints.len();
            return Err(format!("{joints} joints, but a group has 1 to {MAX_JOINTS}"));
        }
        if !self.gates.contains_key(&group.name) && self.gates.len() == MAX_GROUPS {
            return Err(format!("there are {MAX_GROUPS} groups already"));
        }
        match self.gates.get_mut(&group.name) {
            Some(gate) if gate.is_of(&group) => {}
            Some(gate) => {
                let setup = self.setup.of(&self.config, &group)?;
                gate.describe(now, group, setup, &mut self.out);
            }
            None => {
                let setup = self.setup.of(&self.config, &group)?;
                let name = group.name;
                let gate = Gate::new(&self.config, setup, group, self.speed_scale, self.operation);
                self.gates.insert(name, gate);
            }
        }
        Ok(())
    }

    fn stop(&mut self, now: Stamp, request: u64) {
        let mut stopped = Vec::new();
        for (name, gate) in &mut self.gates {
            if gate.stop(now, Fault::StopRequested, &mut self.out) {
                stopped.push(name.as_str());
            }
        }
        let text = match stopped.is_empty() {
            true => "nothing moves: no group's gate is open".to_owned(),
            false => format!("stopping {}", stopped.join(", ")),
        };
        self.out.push_back(Output::Answer {
            request,
            granted: true,
            text,
        });
    }

    fn reset(&mut self, now: Stamp, request: u64) {
        let (mut reset, mut refused) = (Vec::new(), Vec::new());
        for (name, gate) in &mut self.gates {
            match gate.reset(now, &mut self.out) {
                Ok(true) => reset.push(name.as_str()),
                Ok(false) => {}
                Err(obstacle) => refused.push(gate.explain(&obstacle)),
            }
        }
        let granted = refused.is_empty();
        let done = match reset.is_empty() {
            true => None,
            false => Some(format!("reset {}", reset.join(", "))),
        };
        let not_done = (!granted).then(|| format!("refused {}", refused.join("; ")));
        let text = match (done, not_done) {
            (None, None) => "nothing to reset".to_owned(),
            (done, not_done) => done.into_iter().chain(not_done).collect::<Vec<_>>().join("; "),
        };
        self.out.push_back(Output::Answer {
            request,
            granted,
            text,
        });
    }

    fn answer(&mut self, request: u64, done: Result<String, String>) {
        self.out.push_back(Output::Answer {
            request,
            granted: done.is_ok(),
            text: done.unwrap_or_else(|refused| refused),
        });
    }

    /// Does a safety function for the groups meant; says what was done, or why not.
    fn function(&mut self, now: Stamp, group: &str, function: Function) -> Result<String, String> {
        let cause = match function {
            Function::TorqueOff => Some(Fault::TorqueOffRequested),
            Function::Stop1 => Some(Fault::SafeStop1Requested),
            Function::Stop2 => Some(Fault::SafeStop2Requested),
            Function::Reduced(_) => None,
        };
        self.known(group)?;
        let meant = |name: &GroupName| group.is_empty() || name.as_str() == group;
        for (_, gate) in self.gates.iter_mut().filter(|(name, _)| meant(name)) {
            match (cause, function) {
                (Some(cause), _) => {
                    gate.stop(now, cause, &mut self.out);
                }
                (None, function) => gate.set_reduced(now, function == Function::Reduced(true)),
            }
        }
        let whom = if group.is_empty() { "all groups" } else { group };
        Ok(match cause {
            Some(cause) => format!("{whom}: {cause}"),
            None if function == Function::Reduced(true) => format!("{whom}: reduced limits"),
            None => format!("{whom}: normal limits"),
        })
    }

    /// Tells all gates what mode selector and enabling device say.
    fn operate(&mut self, now: Stamp, operation: Operation) {
        self.operation = operation;
        for gate in self.gates.values_mut() {
            gate.operate(now, operation, &mut self.out);
        }
    }

    /// Whether there is a group of that name; empty means all.
    fn known(&self, group: &str) -> Result<(), String> {
        if group.is_empty() || self.gates.keys().any(|name| name.as_str() == group) {
            return Ok(());
        }
        let known: Vec<_> = self.gates.keys().map(GroupName::as_str).collect();
        let known = match known.is_empty() {
            true => "none yet".to_owned(),
            false => known.join(", "),
        };
        Err(format!("there is no group {group}; there are: {known}"))
    }

    /// Sets it for all gates meant, or for none; says what was done, or why not.
    fn set_speed_scale(&mut self, now: Stamp, group: &str, scale: f64) -> Result<String, String> {
        let scale = within("scale", scale, range::SPEED_SCALE).map_err(|error| error.to_string())?;
        let percent = 100.0 * scale;
        self.known(group)?;
        if group.is_empty() {
            self.speed_scale = scale;
        }
        let meant = |name: &GroupName| group.is_empty() || name.as_str() == group;
        for (_, gate) in self.gates.iter_mut().filter(|(name, _)| meant(name)) {
            gate.set_speed_scale(now, scale);
        }
        let whom = if group.is_empty() { "all groups" } else { group };
        Ok(format!("{whom} may run at {percent} % of what is planned"))
    }

    /// Says how the gates are if any of them has changed.
    fn say_state(&mut self) {
        let now: &BTreeMap<_, Gate> = &self.gates;
        let changed = now
            .iter()
            .any(|(name, gate)| gate.view().as_ref() != self.said.get(name));
        if changed || self.operation.mode != self.said_mode {
            self.said = now
                .iter()
                .filter_map(|(name, gate)| Some((*name, gate.view()?)))
                .collect();
            self.said_mode = self.operation.mode;
            self.out.push_back(Output::State(self.state()));
        }
    }
}

impl Core for Safety {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, now: Stamp, input: Input) {
        match input {
            Input::Group(group) => self.describe(now, group),
            Input::Setpoint { group, setpoint } => {
                if let Some(gate) = self.gates.get_mut(&group) {
                    gate.setpoint(now, &setpoint, &mut self.out);
                }
            }
            Input::ServoState { group, state } => {
                if let Some(gate) = self.gates.get_mut(&group) {
                    gate.servo_state(now, &state, &mut self.out);
                }
            }
            Input::Motion { group, motion } => {
                if let Some(gate) = self.gates.get_mut(&group) {
                    gate.motion(now, &motion, &mut self.out);
                }
            }
            Input::Stop { request } => self.stop(now, request),
            Input::Reset { request } => self.reset(now, request),
            Input::SetSpeedScale {
                request,
                group,
                scale,
            } => {
                let done = self.set_speed_scale(now, &group, scale);
                self.answer(request, done);
            }
            Input::Function {
                request,
                group,
                function,
            } => {
                let done = self.function(now, &group, function);
                self.answer(request, done);
            }
            Input::SelectMode { request, mode } => {
                self.operate(
                    now,
                    Operation {
                        mode,
                        ..self.operation
                    },
                );
                let text = match mode {
                    OperatingMode::Automatic => "automatic mode",
                    OperatingMode::Manual => {
                        "manual mode: reduced limits, and the enabling device must be held"
                    }
                };
                self.answer(request, Ok(text.to_owned()));
            }
            Input::Enabling { held } => {
                let enabling = Some((now, held));
                self.operate(
                    now,
                    Operation {
                        enabling,
                        ..self.operation
                    },
                );
            }
        }
        self.say_state();
    }

    fn tick(&mut self, now: Stamp) {
        for gate in self.gates.values_mut() {
            if gate.deadline().is_some_and(|deadline| now >= deadline) {
                gate.tick(now, &mut self.out);
            }
        }
        self.say_state();
    }

    fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    fn deadline(&self) -> Option<Stamp> {
        self.gates.values().filter_map(Gate::deadline).min()
    }
}
