//! Decides what is identified when: one run at a time for a group, from its beginning to its end.
//!
//! Somebody else makes the motion meanwhile. Samples count while the drives have torque and every encoder is believed; one in
//! [`EVERY`] is enough.

use crate::estimator::Estimator;
use crate::frames::Frames;
use crate::group::GroupTrack;
use crate::identification::{Identification, IdentificationError, Identified, Wanted};
use servomesh_types::{DriveMode, GroupName, ServoState};
use std::collections::BTreeMap;

/// The identifications under way.
#[derive(Debug, Default)]
pub(crate) struct Runs(BTreeMap<GroupName, (Identification, u32)>);

impl Runs {
    /// Lets the run of a group have its newest sample.
    pub(crate) fn take(&mut self, name: GroupName, group: &GroupTrack, state: &ServoState) {
        let Some((identification, skipped)) = self.0.get_mut(&name) else {
            return;
        };
        *skipped += 1;
        if *skipped >= EVERY && state.mode == DriveMode::Enabled && group.is_trusted() {
            *skipped = 0;
            let (q, qd, qdd) = group.state();
            identification.add(&q, &qd, &qdd, &state.effort);
        }
    }
}

impl Estimator {
    /// Begins to identify what a group carries or what friction its joints have, from now on. A run under way begins anew.
    ///
    /// # Errors
    /// There is no such group, no description of the robot, or no such link.
    pub fn begin_identification(
        &mut self,
        group: GroupName,
        wanted: Wanted,
    ) -> Result<(), IdentificationError> {
        let track = self
            .groups
            .get(&group)
            .ok_or(IdentificationError::NoGroup(group))?;
        let robot = self.frames.as_ref().map(Frames::model);
        let robot = robot.ok_or(IdentificationError::NoRobot)?;
        let identification = Identification::new(robot, track.description(), wanted)?;
        self.runs.0.insert(group, (identification, 0));
        Ok(())
    }

    /// Ends a group's run and says what was found.
    ///
    /// # Errors
    /// Nothing was begun, or the motion since then says too little; then the run goes on.
    pub fn finish_identification(&mut self, group: GroupName) -> Result<Identified, IdentificationError> {
        let (identification, _) = self
            .runs
            .0
            .get(&group)
            .ok_or(IdentificationError::NotBegun(group))?;
        let identified = identification.solve()?;
        self.runs.0.remove(&group);
        Ok(identified)
    }
}

/// One sample in so many is taken: 50 in a second at 500 Hz.
const EVERY: u32 = 10;
