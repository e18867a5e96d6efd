//! Decides which servo states of a group are believed.
//!
//! Samples come over a network that delays, drops, doubles and reorders, from drives that now and then answer with
//! garbage. Refused is what is older than the newest sample, what claims a time that can't be, and what is not finite. A
//! position that its joint can't have reached is its encoder's matter (`encoder`).
//!
//! **Invariant:** stamps of accepted samples strictly increase, and lie within `coast` of the time they came.

use servomesh_types::{Fault, GroupDescription, ServoState, Stamp};
use std::time::Duration;

/// What became of the servo states of one group since it was announced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Samples that went into the filters.
    pub accepted: u64,
    /// Samples with the stamp of the newest one.
    pub duplicate: u64,
    /// Samples older than the newest one.
    pub out_of_order: u64,
    /// Samples stamped too far from the time they came.
    pub mistimed: u64,
    /// Samples of the wrong size, or not finite.
    pub implausible: u64,
    /// Readings of single encoders that were not believed.
    pub held: u64,
    /// Samples that never came, by the gaps in their numbers.
    pub lost: u64,
}

/// Why a sample was refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Refusal {
    /// It came twice.
    Duplicate,
    /// A newer one came before it.
    OutOfOrder,
    /// Its stamp is this far from the time it came [s]; positive lies ahead.
    Mistimed(f64),
    /// It can't be true.
    Implausible(Fault),
}

impl Refusal {
    /// Counts it.
    pub(crate) fn count(self, counters: &mut Counters) {
        *match self {
            Self::Duplicate => &mut counters.duplicate,
            Self::OutOfOrder => &mut counters.out_of_order,
            Self::Mistimed(_) => &mut counters.mistimed,
            Self::Implausible(_) => &mut counters.implausible,
        } += 1;
    }

    /// The sentence for people; `None` for what a network does on any day.
    pub(crate) fn describe(self, group: &GroupDescription) -> Option<String> {
        match self {
            Self::Duplicate | Self::OutOfOrder => None,
            Self::Mistimed(ahead_s) if ahead_s > 0.0 => Some(format!(
                "servo state refused: it is stamped {:.0} ms ahead of this node's clock",
                ahead_s * 1e3
            )),
            Self::Mistimed(ahead_s) => Some(format!(
                "servo state refused: it came {:.0} ms after it was measured",
                ahead_s * -1e3
            )),
            Self::Implausible(fault) => Some(format!("servo state refused: {}", fault.describe(group))),
        }
    }
}

/// Checks a sample by itself: its size, its numbers, its time.
pub(crate) fn check(
    group: &GroupDescription,
    state: &ServoState,
    newest: Option<Stamp>,
    now: Stamp,
    coast: Duration,
) -> Result<(), Refusal> {
    let stamp = state.tag.stamp;
    let expected = group.joints.len();
    for values in [&state.position, &state.velocity, &state.effort] {
        if values.len() != expected {
            let (got, expected) = (values.len() as u8, expected as u8);
            return Err(Refusal::Implausible(Fault::WrongSize { got, expected }));
        }
        if let Some(joint) = values.iter().position(|value| !value.is_finite()) {
            return Err(Refusal::Implausible(Fault::NotFinite { joint: joint as u8 }));
        }
    }
    // Before its order: a stamp far ahead must not make every later sample look old.
    if now.since(stamp).max(stamp.since(now)) > coast {
        return Err(Refusal::Mistimed(stamp.seconds_from(now)));
    }
    match newest {
        Some(newest) if stamp == newest => Err(Refusal::Duplicate),
        Some(newest) if stamp < newest => Err(Refusal::OutOfOrder),
        _ => Ok(()),
    }
}
