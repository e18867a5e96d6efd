//! What tests ask of the arm, each with the whole story where it is not so.

use std::time::Duration;

use servomesh_types::DriveMode;

use super::Rig;
use crate::desk::JOINTS;

/// A device samples its encoder once a millisecond, and hears what all are to sample at up to a frame late.
const TOLERANCE: Duration = Duration::from_millis(2);
/// Slower than this the arm stands: without brakes it creeps within the play of its gears \[rad/s\].
const STILL: f64 = 0.01;

impl Rig {
    #[track_caller]
    pub(crate) fn assert_mode(&self, mode: DriveMode) {
        assert_eq!(self.state().mode, mode, "{}", self.story());
    }

    /// Nothing was made up in the states from `first` on: each fresh position is within a count of an encoder.
    #[track_caller]
    pub(crate) fn assert_true(&self, first: usize) {
        let worst = self.worst_measurement(first);
        assert!(worst < self.count, "{worst} rad from the truth\n{}", self.story());
    }

    #[track_caller]
    pub(crate) fn assert_still(&self) {
        let speed = self.fastest();
        assert!(speed < STILL, "{speed} rad/s\n{}", self.story());
    }

    /// People were told so, once.
    #[track_caller]
    pub(crate) fn assert_said(&self, part: &str) {
        assert_eq!(self.heard.said(part), 1, "{part}: {}", self.story());
    }

    /// People were told so, once, and nothing else.
    #[track_caller]
    pub(crate) fn assert_said_only(&self, part: &str) {
        self.assert_said(part);
        assert_eq!(self.heard.notices.len(), 1, "{}", self.story());
    }

    /// A new epoch enables the arm, of which no joint moves by as much as `jump` \[rad\].
    #[track_caller]
    pub(crate) fn assert_goes_on(&mut self, jump: f64) {
        let before = self.truth();
        self.enable();
        self.assert_mode(DriveMode::Enabled);
        self.assert_near(before, jump);
    }

    /// No joint is as far as `distance` from where it was \[rad\].
    #[track_caller]
    pub(crate) fn assert_near(&self, before: [f64; JOINTS], distance: f64) {
        let after = self.truth();
        for joint in 0..JOINTS {
            assert!(
                (after[joint] - before[joint]).abs() < distance,
                "joint {joint} moved: {before:?} {after:?}\n{}",
                self.story()
            );
        }
    }

    /// The largest distance of a fresh measured position from where the joint truly was within [`TOLERANCE`] of its sample, over the states
    /// from `first` on.
    fn worst_measurement(&self, first: usize) -> f64 {
        let mut worst: f64 = 0.0;
        for state in &self.heard.states[first..] {
            for joint in 0..JOINTS {
                let age = Duration::from_secs_f64(state.age_s.get(joint).copied().unwrap_or(0.0));
                let sampled = state.tag.stamp - age;
                let from = self.truths.partition_point(|(at, _)| *at + TOLERANCE < sampled);
                let near = self.truths[from.saturating_sub(1)..]
                    .iter()
                    .take_while(|(at, _)| *at <= sampled + TOLERANCE);
                let off = near.map(|(_, truth)| (truth[joint] - state.position[joint]).abs());
                let nearest = off.fold(f64::INFINITY, f64::min);
                worst = worst.max(nearest);
            }
        }
        worst
    }
}
