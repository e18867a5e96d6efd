//! How severe a fault is, what clears it, and the list of those that are active.
//!
//! **Invariant:** severities are one ordered lattice: what is done about several faults is what the most severe one asks for.

use crate::{Fault, Stamp};
use std::time::Duration;

/// What is done about a fault, from least to most severe. Stops by the categories of IEC 60204-1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing is wrong.
    #[default]
    Normal,
    /// It is said; motion goes on.
    Warn,
    /// Motion goes on more slowly.
    Derate,
    /// Motion rests on its path.
    Hold,
    /// Stop category 2: stopped with limited jerk, then held under power and watched.
    Stop2,
    /// Stop category 1: stopped with limited jerk, then torque off and brakes on.
    Stop1,
    /// Stop category 0: torque off and brakes on at once.
    Stop0,
}

impl Severity {
    /// Whether it closes the gate.
    pub fn stops(self) -> bool {
        self >= Self::Stop2
    }
}

/// What it takes for a fault to be forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Clearing {
    /// It goes with its cause.
    Itself,
    /// Its cause is gone, and a reset is asked for.
    #[default]
    Reset,
    /// The group's driver starts anew, its cause is gone, and a reset is asked for.
    PowerCycle,
}

/// A fault that is not forgotten yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ActiveFault {
    /// What, with joint, value and limit as they were first seen.
    pub fault: Fault,
    /// What is done about it.
    pub severity: Severity,
    /// What it takes to be forgotten.
    pub clearing: Clearing,
    /// When it was first seen.
    pub since: Stamp,
    /// Whether its cause is still there.
    pub present: bool,
}

impl ActiveFault {
    /// How long ago it was first seen.
    pub fn age(&self, now: Stamp) -> Duration {
        now.since(self.since)
    }

    /// What would clear it now, as words.
    pub fn what_clears(&self) -> &'static str {
        match (self.clearing, self.present) {
            (Clearing::Itself, _) => "goes with its cause",
            (Clearing::Reset, true) => "a reset, once its cause is gone",
            (Clearing::Reset, false) => "a reset",
            (Clearing::PowerCycle, true) => "a restart of the drives, then a reset",
            (Clearing::PowerCycle, false) => "a reset, the drives were restarted",
        }
    }
}

/// The most faults of one group that are told apart.
pub const MAX_FAULTS: usize = 8;

/// The active faults of one group, oldest first; a plain value.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ActiveFaults {
    len: u8,
    list: [Option<ActiveFault>; MAX_FAULTS],
}

impl ActiveFaults {
    /// Those that there are, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &ActiveFault> {
        self.list.iter().flatten()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The most severe of them.
    pub fn severity(&self) -> Severity {
        self.iter()
            .map(|active| active.severity)
            .max()
            .unwrap_or_default()
    }

    /// The one of this number, if it is active.
    pub fn of_code(&mut self, code: u16) -> Option<&mut ActiveFault> {
        self.list
            .iter_mut()
            .flatten()
            .find(|active| active.fault.code() == code)
    }

    /// Adds one. Where there is no room it takes the place of the least severe, if that is less severe; of several that
    /// of the one which clears most easily. Says whether it was taken.
    pub fn push(&mut self, active: ActiveFault) -> bool {
        if let Some(free) = self.list.get_mut(usize::from(self.len)) {
            *free = Some(active);
            self.len += 1;
            return true;
        }
        // Not of the oldest: what is kept must not depend on the order in which faults came.
        let least = self
            .list
            .iter_mut()
            .flatten()
            .min_by_key(|kept| (kept.severity, kept.clearing, kept.fault.code()));
        match least {
            Some(kept) if kept.severity < active.severity => {
                *kept = active;
                true
            }
            _ => false,
        }
    }

    /// Changes each, and keeps those for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&mut ActiveFault) -> bool) {
        let before = *self;
        *self = Self::default();
        for mut active in before.list.into_iter().flatten() {
            if keep(&mut active) {
                self.push(active);
            }
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn active(severity: Severity) -> ActiveFault {
        ActiveFault {
            fault: Fault::StopRequested,
            severity,
            clearing: Clearing::Reset,
            since: Stamp::ZERO,
            present: true,
        }
    }

    #[test]
    fn a_full_list_never_forgets_the_most_severe() {
        let mut list = ActiveFaults::default();
        for _ in 0..MAX_FAULTS {
            assert!(list.push(active(Severity::Warn)));
        }
        assert!(!list.push(active(Severity::Warn)));
        assert!(list.push(active(Severity::Stop0)));
        assert!(!list.push(active(Severity::Warn)));
        assert_eq!((list.len(), list.severity()), (MAX_FAULTS, Severity::Stop0));
        list.retain(|active| active.severity == Severity::Stop0);
        assert_eq!(list.len(), 1);
    }
}
