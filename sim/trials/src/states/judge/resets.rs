//! What a reset may forget, and when it is granted.

use super::{Call, Judge};
use crate::states::ghost::Ghost;
use crate::states::properties::{Property, Violation};
use servomesh_safety::{Input, Output};
use servomesh_types::*;

impl Judge {
    /// Faults go as the table says.
    pub(super) fn clearing(
        &mut self,
        call: &Call<'_>,
        before: &GroupSafety,
        after: &GroupSafety,
        ghost: &Ghost,
    ) -> Result<(), Violation> {
        let reset = after.epoch > before.epoch;
        let is_in = |view: &GroupSafety, code| view.active.iter().any(|active| active.fault.code() == code);
        for active in before.active.iter() {
            let code = active.fault.code();
            let clearing = self.documented.clearing(&active.fault);
            let gone = !is_in(after, code);
            let cooled = ghost.hottest_degc() <= self.documented.cool_degc;
            let heard = matches!(call.input, Some(Input::ServoState { group, .. }) if *group == after.group);
            let displaced = before.active.len() == severity::MAX_FAULTS;
            let right = match (clearing, gone) {
                (Clearing::Itself, true) => cooled || displaced,
                (Clearing::Itself, false) => !(heard && cooled),
                (Clearing::Reset, true) => reset || displaced,
                (Clearing::PowerCycle, true) => (reset && ghost.restarted.contains(&code)) || displaced,
                // Only what a reset lets go on may come again at once.
                (Clearing::Reset | Clearing::PowerCycle, false) => !reset,
            };
            self.hold(Property::ClearsAsDocumented, right, || {
                let what = if gone { "is forgotten" } else { "is kept" };
                format!(
                    "{:?} {what} after {:?}, but it clears by {clearing:?}",
                    active.fault, call.input
                )
            })?;
        }
        Ok(())
    }

    /// Resets are granted if and only if nothing bars them.
    pub(super) fn reset(
        &mut self,
        call: &Call<'_>,
        before: &GroupSafety,
        after: &GroupSafety,
        ghost: &Ghost,
    ) -> Result<(), Violation> {
        if !matches!(call.input, Some(Input::Reset { .. })) || before.mode == SafetyMode::Normal {
            return Ok(());
        }
        let granted = after.epoch > before.epoch;
        let enabled = call
            .device
            .is_some_and(|(heard, held)| held && call.now.since(heard) < self.config.enabling_timeout);
        let Some(why) = ghost.obstacle(call.now, &self.config, before, call.manual.then_some(enabled)) else {
            return self.hold(Property::ResetWithoutACause, granted, || {
                format!("a reset is refused: {:?}", call.outputs.last())
            });
        };
        let refused = call.outputs.iter().find_map(|output| match output {
            Output::Answer {
                granted: false, text, ..
            } => Some(text),
            _ => None,
        });
        let named = format!("{}: ", after.group);
        let said = refused
            .and_then(|text| text.split_once(&named))
            .is_some_and(|(_, reason)| !reason.is_empty());
        self.hold(Property::NoResetWithACause, !granted && said, || {
            format!(
                "a reset is granted, or refused without a reason, though {why}: {:?}",
                call.outputs.last()
            )
        })
    }
}
