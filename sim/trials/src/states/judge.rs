//! Holds each call of the core against the properties, and counts how often each was tried.
//!
//! **Invariant:** nothing here asks the core what is right: that is the documented table, and what the gates were told.

mod commands;
mod resets;

use super::follower::Follower;
use super::ghost::Ghost;
use super::profile::Documented;
use super::properties::{Property, Violation};
use servomesh_safety::{Config, Input, Output};
use servomesh_types::*;

/// One call of the core, before and after.
pub(crate) struct Call<'a> {
    /// What it was called with; nothing for a tick.
    pub(crate) input: Option<&'a Input>,
    pub(crate) now: Stamp,
    pub(crate) before: &'a SafetyState,
    pub(crate) after: &'a SafetyState,
    pub(crate) outputs: &'a [Output],
    pub(crate) manual: bool,
    /// What the enabling device said last, and when.
    pub(crate) device: Option<(Stamp, bool)>,
}

/// Holds calls against the table, and counts.
#[derive(Clone, Debug)]
pub struct Judge {
    config: Config,
    documented: Documented,
    checks: [u64; Property::ALL.len()],
    record: Option<Vec<(Stamp, Output)>>,
}

impl Judge {
    /// One that goes by this table.
    pub fn new(config: Config, documented: Documented) -> Self {
        Self {
            config,
            documented,
            checks: [0; Property::ALL.len()],
            record: None,
        }
    }

    /// The same, that keeps all outputs.
    #[must_use]
    pub fn recording(mut self) -> Self {
        self.record = Some(Vec::new());
        self
    }

    /// The outputs since the last time, and when they came.
    pub fn take_record(&mut self) -> Vec<(Stamp, Output)> {
        self.record.replace(Vec::new()).unwrap_or_default()
    }

    /// How often each property was tried.
    pub fn checks(&self) -> impl Iterator<Item = (Property, u64)> {
        Property::ALL.into_iter().zip(self.checks)
    }

    pub(crate) fn hold(
        &mut self,
        property: Property,
        holds: bool,
        what: impl FnOnce() -> String,
    ) -> Result<(), Violation> {
        self.checks[property as usize] += 1;
        if holds {
            return Ok(());
        }
        Err(Violation {
            property,
            what: what(),
        })
    }

    pub(crate) fn check(
        &mut self,
        call: &Call<'_>,
        followers: &[Follower],
        ghosts: &mut [Ghost],
    ) -> Result<(), Violation> {
        if let Some(record) = &mut self.record {
            record.extend(call.outputs.iter().map(|output| (call.now, output.clone())));
        }
        self.state_is_said(call)?;
        for (follower, ghost) in followers.iter().zip(ghosts) {
            let name = follower.group.name;
            let (before, after) = (call.before.group(name), call.after.group(name));
            if let Some(after) = after {
                self.commands(call, before, after, ghost)?;
                self.severity(after)?;
                self.standstill(call, before, after, ghost)?;
                if let Some(before) = before {
                    self.closed(call, before, after)?;
                    self.clearing(call, before, after, ghost)?;
                    self.reset(call, before, after, ghost)?;
                } else {
                    self.hold(
                        Property::NoRestartByItself,
                        after.mode != SafetyMode::Normal || after.fault.is_none(),
                        || format!("open at first in spite of {:?}", after.fault),
                    )?;
                }
                ghost.active = after.active.iter().map(|active| active.fault.code()).collect();
                // What is seen again waits for another restart.
                let again = |code: u16| {
                    let present = |view: &GroupSafety| {
                        let mut active = view.active.iter();
                        active.any(|active| active.fault.code() == code && active.present)
                    };
                    present(after) && !before.is_some_and(present)
                };
                ghost
                    .restarted
                    .retain(|code| ghost.active.contains(code) && !again(*code));
                // What is there when the drives are heard to be started anew waits for no other restart.
                if ghost.fresh
                    && matches!(call.input, Some(Input::ServoState { group, .. }) if *group == name)
                {
                    ghost.restarted.clone_from(&ghost.active);
                }
            }
        }
        Ok(())
    }

    fn state_is_said(&mut self, call: &Call<'_>) -> Result<(), Violation> {
        let bare = |state: &SafetyState| {
            let mut bare = state.clone();
            bare.groups.iter_mut().for_each(|group| group.stopping = None);
            bare
        };
        let said = call.outputs.iter().rev().find_map(|output| match output {
            Output::State(state) => Some(bare(state)),
            _ => None,
        });
        let (before, after) = (bare(call.before), bare(call.after));
        let expected = (before != after).then_some(after);
        self.hold(Property::StateIsSaid, said == expected, || {
            format!("said is {said:?}, but it should be {expected:?}")
        })
    }

    /// What the table asks for is done.
    fn severity(&mut self, view: &GroupSafety) -> Result<(), Violation> {
        let worst = view
            .active
            .iter()
            .map(|active| self.documented.severity(&active.fault))
            .max();
        let worst = worst.unwrap_or_default();
        let done = match worst {
            Severity::Normal | Severity::Warn => true,
            Severity::Derate => view.speed_scale < 1.0 || view.mode != SafetyMode::Normal,
            Severity::Hold => view.speed_scale <= 0.0 || view.mode != SafetyMode::Normal,
            Severity::Stop2 => view.mode >= SafetyMode::Stopping,
            Severity::Stop1 => matches!(view.mode, SafetyMode::Stopping | SafetyMode::Off),
            Severity::Stop0 => view.mode == SafetyMode::Off,
        };
        self.hold(
            Property::AsSevereAsTheWorst,
            done && view.severity >= worst,
            || {
                format!(
                    "{:?} with {:?} at {}, but {worst:?} is asked for by {:?}",
                    view.mode, view.severity, view.speed_scale, view.active
                )
            },
        )
    }

    /// What is closed stays closed, and gets only worse.
    fn closed(
        &mut self,
        call: &Call<'_>,
        before: &GroupSafety,
        after: &GroupSafety,
    ) -> Result<(), Violation> {
        let by_reset = matches!(call.input, Some(Input::Reset { .. })) && before.mode != SafetyMode::Normal;
        self.hold(
            Property::EpochGrows,
            after.epoch == before.epoch || (by_reset && after.epoch > before.epoch),
            || format!("{:?} after {:?} by {:?}", after.epoch, before.epoch, call.input),
        )?;
        let reset = after.epoch > before.epoch;
        if before.mode == SafetyMode::Normal {
            return Ok(());
        }
        self.hold(
            Property::NoRestartByItself,
            after.mode != SafetyMode::Normal || reset,
            || format!("it opened by {:?}", call.input),
        )?;
        let worse =
            after.mode >= before.mode && after.severity >= before.severity && after.fault == before.fault;
        self.hold(Property::OnlyMoreSevere, reset || worse, || {
            format!("{before:?} became {after:?}")
        })
    }
}
