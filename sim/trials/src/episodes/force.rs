//! What the machine is held to since its epoch began.
//!
//! m, rad. **Invariant:** what stands outside of what it may do need not jump back, only go no further.

use super::site::Site;
use servomesh_types::{Epoch, GroupSafety, JointVec, OperatingMode, SafetyMode};

/// What is in force in one epoch.
#[derive(Clone, Debug, Default)]
pub(super) struct InForce {
    epoch: Epoch,
    /// Whether that is what reduced mode allows.
    pub(super) reduced: bool,
    /// The highest speed scale since the epoch began: a lower one is enforced only after a while.
    pub(super) scale: f64,
    /// Where each joint may be.
    pub(super) ranges: Vec<(f64, f64)>,
    /// How near anything may come.
    pub(super) clearance: f64,
    /// How far the tool must be inside of its box: 0, or less where it began outside.
    pub(super) inside: f64,
}

impl InForce {
    /// Whether it still is what is in force.
    pub(super) fn holds_on(&mut self, gate: &GroupSafety, operation: OperatingMode) -> bool {
        if gate.mode != SafetyMode::Normal && !self.ranges.is_empty() {
            // A closing gate is held to what was in force when it closed.
            return true;
        }
        let same = (self.epoch, self.reduced) == (gate.epoch, operation == OperatingMode::Manual);
        if same {
            self.scale = self.scale.max(gate.speed_scale);
        }
        same
    }

    /// What is in force from now on, where the machine is at `position`, `distance` from what is nearest and `inside` of its workspace.
    pub(super) fn next(
        &self,
        site: &Site,
        gate: &GroupSafety,
        operation: OperatingMode,
        position: &JointVec,
        distance: f64,
        inside: f64,
    ) -> Self {
        let reduced = operation == OperatingMode::Manual;
        let law = site.law.narrowing(reduced);
        let ranges = site.limits.iter().enumerate().map(|(joint, limits)| {
            let (lower, upper) = law.range(joint, limits);
            (lower.min(position[joint]), upper.max(position[joint]))
        });
        // A lower scale is in force from a reset or a choice of mode on; what is asked for at the very beginning may take its time.
        let first = self.ranges.is_empty();
        Self {
            epoch: gate.epoch,
            reduced,
            scale: if first && !reduced { 1.0 } else { gate.speed_scale },
            ranges: ranges.collect(),
            clearance: site.law.clearance.min(distance),
            inside: inside.min(0.0),
        }
    }
}
