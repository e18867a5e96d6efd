//! The core of the node: one gate per group, and what concerns all of them: stops, resets, speed scales.
//!
//! **Invariant:** an input for one group never changes the gate of another.
//! **Invariant:** whenever what a gate says of itself has changed, [`Output::State`] follows before the call's outputs end.

use crate::config::{Config, range};
use crate::gate::{Counts, Gate};
use servomesh_types::range::within;
use servomesh_types::*;
use std::collections::{BTreeMap, VecDeque};

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
#[derive(Debug)]
pub struct Safety {
    config: Config,
    gates: BTreeMap<GroupName, Gate>,
    said: BTreeMap<GroupName, GroupSafety>,
    /// How fast groups still to come may run, of what is planned.
    speed_scale: f64,
    out: VecDeque<Output>,
}

impl Safety {
    /// A gate keeper that knows no group yet.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            gates: BTreeMap::new(),
            said: BTreeMap::new(),
            speed_scale: config.speed_scale,
            // Room for what all groups can say at one instant, so that steady state never grows it.
            out: VecDeque::with_capacity(4 * MAX_GROUPS),
        }
    }

    /// How many values went which way, for each group, in the order of names.
    pub fn counts(&self) -> impl Iterator<Item = (GroupName, &Counts)> {
        self.gates.iter().map(|(name, gate)| (*name, gate.counts()))
    }

    fn describe(&mut self, now: Stamp, group: GroupDescription) {
        let refused = if group.joints.is_empty() || group.joints.len() > MAX_JOINTS {
            format!("{} joints, but a group has 1 to {MAX_JOINTS}", group.joints.len())
        } else if !self.gates.contains_key(&group.name) && self.gates.len() == MAX_GROUPS {
            format!("there are {MAX_GROUPS} groups already")
        } else {
            match self.gates.get_mut(&group.name) {
                Some(gate) => gate.describe(now, group, &mut self.out),
                None => {
                    self.gates
                        .insert(group.name, Gate::new(&self.config, group, self.speed_scale));
                }
            }
            return;
        };
        let text = format!("{}: not admitted: {refused}", group.name);
        self.out.push_back(Output::Event(Event {
            stamp: now,
            kind: EventKind::Fault,
            group: Some(group.name),
            text,
        }));
    }

    fn stop(&mut self, now: Stamp, request: u64) {
        let mut stopped = Vec::new();
        for (name, gate) in &mut self.gates {
            if gate.stop(now, &mut self.out) {
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

    fn set_speed_scale(&mut self, request: u64, group: &str, scale: f64) {
        let done = self.try_speed_scale(group, scale);
        self.out.push_back(Output::Answer {
            request,
            granted: done.is_ok(),
            text: done.unwrap_or_else(|refused| refused),
        });
    }

    /// Sets it for all gates meant, or for none; says what was done, or why not.
    fn try_speed_scale(&mut self, group: &str, scale: f64) -> Result<String, String> {
        let scale = within("scale", scale, range::SPEED_SCALE).map_err(|error| error.to_string())?;
        let percent = 100.0 * scale;
        if group.is_empty() {
            self.speed_scale = scale;
            for gate in self.gates.values_mut() {
                gate.set_speed_scale(scale);
            }
            return Ok(format!("all groups may run at {percent} % of what is planned"));
        }
        let gate = self
            .gates
            .iter_mut()
            .find(|(name, _)| name.as_str() == group)
            .map(|(_, gate)| gate);
        let Some(gate) = gate else {
            let known: Vec<_> = self.gates.keys().map(GroupName::as_str).collect();
            let known = match known.is_empty() {
                true => "none yet".to_owned(),
                false => known.join(", "),
            };
            return Err(format!("there is no group {group}; there are: {known}"));
        };
        gate.set_speed_scale(scale);
        Ok(format!("{group} may run at {percent} % of what is planned"))
    }

    /// Says how the gates are if any of them has changed.
    fn say_state(&mut self) {
        let now: &BTreeMap<_, Gate> = &self.gates;
        let changed = now
            .iter()
            .any(|(name, gate)| gate.view() != self.said.get(name).copied());
        if changed {
            self.said = now
                .iter()
                .filter_map(|(name, gate)| Some((*name, gate.view()?)))
                .collect();
            let groups = self.said.values().copied().collect();
            self.out.push_back(Output::State(SafetyState { groups }));
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
            } => self.set_speed_scale(request, &group, scale),
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
