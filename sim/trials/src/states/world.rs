//! One cell as `safety` sees it: the gates of the real core, and behind each a machine that does as it is told.

use super::follower::Follower;
use super::ghost::Ghost;
use super::judge::{Call, Judge};
use super::moves::{Act, Device, Move, Stream};
use super::plan::PERIOD;
use super::profile::Profile;
use super::properties::{Property, Violation};
use servomesh_safety::{Function, Input, Output, Safety};
use servomesh_types::*;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A cell, and what is remembered of it to judge it by.
#[derive(Clone, Debug)]
pub struct World {
    safety: Safety,
    now: Stamp,
    pub(super) followers: Vec<Follower>,
    ghosts: Vec<Ghost>,
    device: Device,
    /// What it said last, and when.
    said: Option<(Stamp, bool)>,
    pub(super) manual: bool,
    requests: u64,
    seq: u64,
    /// How the gates are.
    pub(super) state: SafetyState,
}

impl World {
    /// A cell that has just been switched on: nobody has said anything yet.
    pub fn new(profile: &Profile) -> Self {
        let safety = Safety::new(profile.config).with_setup(profile.setup.clone());
        let followers: Vec<_> = profile.groups.iter().cloned().map(Follower::new).collect();
        Self {
            state: safety.state(),
            safety,
            // On the grid of periods.
            now: Stamp::ZERO + 1600 * PERIOD,
            ghosts: vec![Ghost::default(); followers.len()],
            followers,
            device: Device::Silent,
            said: None,
            manual: false,
            requests: 0,
            seq: 0,
        }
    }

    /// How the gates are.
    pub fn state(&self) -> &SafetyState {
        &self.state
    }

    /// The numbers of all faults that are active in some group.
    pub fn active_faults(&self) -> impl Iterator<Item = u16> {
        let active = self.state.groups.iter().flat_map(|group| group.active.iter());
        active.map(|active| active.fault.code())
    }

    /// All that decides about its future, as a number. Two different ones have the same by chance once in 2⁶⁴.
    pub fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.safety.digest(self.now, &mut hasher);
        (self.device, self.manual).hash(&mut hasher);
        for (index, follower) in self.followers.iter().enumerate() {
            let epoch = self.view(index).map_or(Epoch::NONE, |view| view.epoch);
            follower.digest(epoch, &mut hasher);
            self.ghosts[index].digest(self.now, &mut hasher);
        }
        hasher.finish()
    }

    /// Lets something happen, and has every call of the core judged.
    ///
    /// # Errors
    /// The first property that does not hold.
    pub fn take(&mut self, step: &Move, judge: &mut Judge) -> Result<(), Violation> {
        step.acts
            .iter()
            .try_for_each(|act| self.act(step.group, *act, judge))
    }

    pub(super) fn act(&mut self, group: usize, act: Act, judge: &mut Judge) -> Result<(), Violation> {
        self.requests += 1;
        let request = self.requests;
        let name = self.followers[group].group.name;
        let function = |function| Input::Function {
            request,
            group: name.as_str().to_owned(),
            function,
        };
        let input = match act {
            Act::Announce | Act::AnnounceOther => {
                let follower = &mut self.followers[group];
                if act == Act::AnnounceOther {
                    let limits = &mut follower.group.joints[0].limits;
                    *limits = super::profile::limits(if limits.effort() > 45.0 { 40.0 } else { 50.0 });
                }
                if !std::mem::replace(&mut follower.announced, true) || act == Act::AnnounceOther {
                    self.ghosts[group].begin_anew();
                }
                Input::Group(follower.group.clone())
            }
            Act::Period {
                servo,
                motion,
                stream,
            } => return self.pass_period(group, servo, motion, stream, judge),
            Act::Stop => Input::Stop { request },
            Act::Reset => Input::Reset { request },
            Act::TorqueOff => function(Function::TorqueOff),
            Act::SafeStop1 => function(Function::Stop1),
            Act::SafeStop2 => function(Function::Stop2),
            Act::Reduced(reduced) => function(Function::Reduced(reduced)),
            Act::Select(mode) => {
                self.manual = mode == OperatingMode::Manual;
                Input::SelectMode { request, mode }
            }
            Act::Enable(device) => {
                self.device = device;
                match device {
                    Device::Held => Input::Enabling { held: true },
                    Device::Released => Input::Enabling { held: false },
                    Device::Silent => return Ok(()),
                }
            }
            Act::Scale(percent) => Input::SetSpeedScale {
                request,
                group: name.as_str().to_owned(),
                scale: f64::from(percent) / 100.0,
            },
            Act::Recover => return self.recover(judge),
            machine => {
                self.happen(group, machine);
                return Ok(());
            }
        };
        self.call(Some(&input), judge)
    }

    /// What becomes of a machine; nobody hears of it before its next states.
    fn happen(&mut self, group: usize, act: Act) {
        let follower = &mut self.followers[group];
        match act {
            Act::DriveFails(fault) => follower.fail(fault),
            Act::Deaf(deaf) => follower.turn_deaf(deaf),
            Act::Restart => follower.restart(),
            Act::Heat(degc) => follower.temperature_degc = degc,
            Act::Touch(touched) => follower.touched = touched,
            Act::Hit => follower.hit(),
            Act::Doubt(fault) => follower.doubt(fault),
            Act::Stray(strays) => follower.strays = strays,
            Act::Creep(creeps) => follower.creeps = creeps,
            _ => {}
        }
    }

    /// One period; groups other than the one meant are well and swing.
    pub(super) fn pass_period(
        &mut self,
        group: usize,
        servo: bool,
        motion: bool,
        stream: Stream,
        judge: &mut Judge,
    ) -> Result<(), Violation> {
        let next = self.now + PERIOD;
        self.tick_until(next, judge)?;
        for (index, follower) in self.followers.iter_mut().enumerate() {
            follower.pass_time(if index == group { stream } else { Stream::Good });
        }
        if self.device == Device::Held {
            self.call(Some(&Input::Enabling { held: true }), judge)?;
        }
        for index in 0..self.followers.len() {
            let (servo, motion, stream) = match index == group {
                true => (servo, motion, stream),
                false => (true, true, Stream::Good),
            };
            let group = self.followers[index].group.name;
            if servo {
                let fresh = self.followers[index].is_fresh();
                let state = self.followers[index].servo_state(next);
                if self.followers[index].announced {
                    self.ghosts[index].hear_servo(&state, fresh);
                }
                self.call(Some(&Input::ServoState { group, state }), judge)?;
            }
            if motion {
                let motion = self.followers[index].motion(next);
                if self.followers[index].announced {
                    self.ghosts[index].hear_motion(&motion);
                }
                self.call(Some(&Input::Motion { group, motion }), judge)?;
            }
            let open = self.view(index).filter(|view| view.mode == SafetyMode::Normal);
            if let Some(epoch) = open.map(|view| view.epoch) {
                self.seq += 1;
                if let Some(setpoint) = self.followers[index].setpoint(next, epoch, stream, self.seq) {
                    self.call(Some(&Input::Setpoint { group, setpoint }), judge)?;
                }
            } else {
                self.followers[index].forget_plan();
            }
        }
        self.tick_until(next, judge)
    }

    /// Ticks at every deadline up to `until`, which becomes now.
    fn tick_until(&mut self, until: Stamp, judge: &mut Judge) -> Result<(), Violation> {
        while let Some(deadline) = self.safety.deadline().filter(|deadline| *deadline <= until) {
            self.now = self.now.max(deadline);
            self.call(None, judge)?;
            judge.hold(
                Property::TicksEnd,
                self.safety.deadline() != Some(deadline),
                || format!("a tick at the deadline {deadline} leaves it where it is"),
            )?;
        }
        self.now = until;
        Ok(())
    }

    /// One call of the core, its outputs taken and judged.
    fn call(&mut self, input: Option<&Input>, judge: &mut Judge) -> Result<(), Violation> {
        let apart = self.others_digests(input);
        match input {
            Some(input) => self.safety.handle(self.now, input.clone()),
            None => self.safety.tick(self.now),
        }
        if let Some(Input::Enabling { held }) = input {
            self.said = Some((self.now, *held));
        }
        let outputs: Vec<Output> = std::iter::from_fn(|| self.safety.poll()).collect();
        if let Some(apart) = apart {
            judge.hold(
                Property::GroupsApart,
                self.others_digests(input) == Some(apart),
                || format!("{input:?} changes another group's gate"),
            )?;
        }
        let after = self.safety.state();
        let before = std::mem::replace(&mut self.state, after);
        let call = Call {
            input,
            now: self.now,
            before: &before,
            after: &self.state,
            outputs: &outputs,
            manual: self.manual,
            device: self.said,
        };
        judge.check(&call, &self.followers, &mut self.ghosts)?;
        for output in &outputs {
            if let Output::Command { group, command } = output {
                let follower = self.followers.iter_mut().find(|one| one.group.name == *group);
                follower.into_iter().for_each(|follower| follower.obey(command));
            }
        }
        Ok(())
    }

    /// What an input for one group must leave alone.
    fn others_digests(&self, input: Option<&Input>) -> Option<u64> {
        if self.followers.len() < 2 {
            return None;
        }
        let group = match input? {
            Input::Group(description) => description.name,
            Input::Setpoint { group, .. } | Input::ServoState { group, .. } | Input::Motion { group, .. } => {
                *group
            }
            Input::Function { group, .. } | Input::SetSpeedScale { group, .. } => {
                GroupName::new(group).ok()?
            }
            _ => return None,
        };
        let mut hasher = DefaultHasher::new();
        for other in self.followers.iter().filter(|other| other.group.name != group) {
            self.safety.digest_of(other.group.name, self.now, &mut hasher);
        }
        Some(hasher.finish())
    }

    pub(super) fn view(&self, index: usize) -> Option<&GroupSafety> {
        self.state.group(self.followers[index].group.name)
    }
}
