//! What a program waits for beside goals: times, events, joints.
//!
//! Times in s of the cell's time, as its servo states carry it: a simulation that runs fast or stands still takes the waits
//! along.

use super::cell::Cell;
use super::goals::Outcome;
use crate::program::machine::joint_of;
use crate::program::progress::Progress;
use crate::program::step::{Passing, Until, Wait};
use servomesh_types::Stamp;

/// A wait that has begun.
pub(super) struct Waiting {
    wait: Wait,
    /// When it began; known once the cell has told its time.
    began: Option<Stamp>,
    /// Where the joint was then.
    start: Option<f64>,
    progress: Progress,
}

impl Waiting {
    pub(super) fn new(wait: Wait) -> Self {
        Self {
            wait,
            began: None,
            start: None,
            progress: Progress::default(),
        }
    }

    /// Whether the wait says itself when it ends.
    pub(super) fn ends_by_itself(&self) -> bool {
        self.wait.timeout_s.is_some() || matches!(self.wait.until, Until::Elapsed(_))
    }

    pub(super) fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// How it ended, once it has.
    pub(super) fn poll(&mut self, cell: &Cell) -> Option<Outcome> {
        let now = cell.now()?;
        let began = *self.began.get_or_insert(now);
        let waited_s = now.seconds_from(began);
        let holds = match &self.wait.until {
            Until::Elapsed(seconds) => {
                self.progress.done = Some((waited_s / seconds).clamp(0.0, 1.0));
                self.progress.remaining_s = Some((seconds - waited_s).max(0.0));
                waited_s >= *seconds
            }
            Until::Event { kind, group, text } => cell.events().iter().any(|event| {
                kind.is_none_or(|kind| event.kind == kind as u8)
                    && group.as_ref().is_none_or(|group| event.group == *group)
                    && text.as_ref().is_none_or(|text| event.text.contains(text))
            }),
            Until::Joint {
                group,
                joint,
                position: passing,
            } => {
                let position = match measured(cell, group, joint.as_deref()) {
                    Ok(position) => position,
                    Err(error) => return Some(Err(error)),
                };
                let start = *self.start.get_or_insert(position);
                self.progress.done = share(*passing, start, position);
                self.progress.note = format!("at {position:.3}");
                passing.holds(start, position)
            }
        };
        match self.wait.timeout_s {
            _ if holds => Some(Ok(())),
            Some(timeout_s) if waited_s >= timeout_s => Some(Err(format!("not within {timeout_s} s"))),
            _ => None,
        }
    }
}

fn measured(cell: &Cell, group: &str, joint: Option<&str>) -> Result<f64, String> {
    let description = cell.description(group).map_err(|error| error.to_string())?;
    let index = joint_of(description, joint)?;
    cell.measured(group, index)
        .ok_or_else(|| format!("group {group}: no servo state yet"))
}

/// How much of the way from `start` is done.
fn share(passing: Passing, start: f64, position: f64) -> Option<f64> {
    let (whole, done) = match passing {
        Passing::Above(limit) | Passing::Below(limit) => (limit - start, position - start),
        Passing::Travelled(distance) => (distance, (position - start).abs()),
    };
    (whole.abs() > 0.0).then(|| (done / whole).clamp(0.0, 1.0))
}
