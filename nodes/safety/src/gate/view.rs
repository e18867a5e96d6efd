//! What one group's gate says of itself.
//!
//! **Invariant:** what is said again and again while nothing happens is equal, but for what a stop would take.

use super::{Gate, Phase};
use crate::measured::Obstacle;
use crate::stop::Stop;
use servomesh_types::*;

impl Gate {
    /// What the gate says of itself; nothing until the group's servo state was heard.
    pub(crate) fn view(&self) -> Option<GroupSafety> {
        let mode = match self.phase {
            Phase::Unheard => return None,
            Phase::Idle { .. } | Phase::Tracking => SafetyMode::Normal,
            Phase::Stopping | Phase::Retreating => SafetyMode::Stopping,
            Phase::Stopped { .. } => SafetyMode::Stopped,
            Phase::Off => SafetyMode::Off,
        };
        Some(GroupSafety {
            mode,
            fault: self.faults.first(),
            resettable: self.resettable,
            speed_scale: self.speed.scale(),
            severity: self.faults.severity(),
            active: *self.faults.active(),
            reduced: self.in_reduced_mode(),
            modelled: self.setup.machine.is_some(),
            ..GroupSafety::open(self.group.name, self.epoch)
        })
    }

    /// What a stop would take from here; nothing where the gate commands nothing.
    pub(crate) fn stopping(&self) -> Option<Stopping> {
        let sent = self.sent.filter(|_| self.commanding())?;
        Some(Stop::plan(&sent, &self.rules).stopping())
    }

    /// What is in the way of a reset, as a sentence.
    pub(crate) fn explain(&self, obstacle: &Obstacle) -> String {
        match obstacle {
            Obstacle::Fault(fault) => format!("{}: {}", self.group.name, fault.describe(&self.group)),
            other => format!("{}: {other}", self.group.name),
        }
    }
}
