//! A hash of all that decides about a core's future: what tells an explorer of states that it has been somewhere before.
//!
//! Stamps go in relative to now, and not older than they count; epochs as what they are to one another. Left out is what is only told: counts,
//! numbers of commands, ages, values and order of faults, which the core repeats and never asks about again.
//!
//! **Invariant:** of two cores with the same configuration, set-up and digest, the same inputs, as much later, cause the same outputs, but for what is
//! only told, and equal digests again. That holds for streams as they are meant to be: numbered on, states in the order of their stamps, setpoints
//! not valid for longer than the gate's own commands, epochs as far from the gate's. `sim/trials` tries it.

use crate::config::Config;
use servomesh_types::{Epoch, Fault, JointVec, Stamp};
use std::hash::{Hash, Hasher};
use std::time::Duration;

/// What takes a state in, at one instant.
pub(crate) struct Digest<'a, H> {
    hasher: &'a mut H,
    config: &'a Config,
    now: Stamp,
}

impl<'a, H: Hasher> Digest<'a, H> {
    pub(crate) fn new(now: Stamp, config: &'a Config, hasher: &'a mut H) -> Self {
        Self { hasher, config, now }
    }

    pub(crate) fn config(&self) -> &'a Config {
        self.config
    }

    pub(crate) fn now(&self) -> Stamp {
        self.now
    }

    pub(crate) fn value(&mut self, value: impl Hash) {
        value.hash(self.hasher);
    }

    pub(crate) fn number(&mut self, number: f64) {
        // Zero is zero.
        self.value((number + 0.0).to_bits());
    }

    pub(crate) fn joints(&mut self, numbers: &JointVec) {
        self.value(numbers.len());
        for number in numbers.iter() {
            self.number(*number);
        }
    }

    /// A stamp whose age counts until it is so long ago.
    pub(crate) fn stamp(&mut self, stamp: Stamp, counts: Duration) {
        self.stamp_exactly(stamp.max(self.now - counts));
    }

    /// A stamp that counts however old it is.
    pub(crate) fn stamp_exactly(&mut self, stamp: Stamp) {
        self.value(stamp.as_nanos().saturating_sub(self.now.as_nanos()));
    }

    pub(crate) fn epoch(&mut self, epoch: Epoch, of_gate: Epoch) {
        self.value((epoch == Epoch::NONE, epoch.cmp(&of_gate)));
    }

    pub(crate) fn fault(&mut self, fault: Option<&Fault>) {
        self.value(fault.map(|fault| (fault.code(), fault.joint())));
    }
}
