//! Even samples of one joint out of the states of its group that were heard.
//!
//! States come best effort and may be lost; they carry their stamps. **Invariant:** a sample lies between two states of the driver, or is one.

use servomesh_driver::identify::Sample;
use servomesh_types::{DriveMode, ServoState, Stamp};

/// What was heard of a joint.
#[derive(Clone, Debug)]
pub struct Record {
    joint: usize,
    rate_hz: f64,
    heard: Vec<(Stamp, Sample)>,
    left: Option<DriveMode>,
}

/// Why what was heard is no record.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum RecordError {
    /// The driver stopped following.
    #[error("the driver was {0:?} meanwhile: the events and servo_state.fault say why")]
    Left(DriveMode),
    /// Nothing was heard at all.
    #[error("no servo_state came with new values of the joint")]
    Silent,
    /// Too much is missing in one piece.
    #[error(
        "nothing was heard of the joint for {gap_s:.3} s, but {LONGEST_GAP_S} s may be missing: is this machine, or the network, too busy?"
    )]
    Gap {
        /// How long \[s\].
        gap_s: f64,
    },
    /// Too much is missing altogether.
    #[error("{:.0} % of the states did not come, but {:.0} % may be missing: is this machine, or the network, too busy?", 100.0 * share, 100.0 * MOST_LOST)]
    Lost {
        /// Share of the states that did not come.
        share: f64,
    },
}

impl Record {
    /// Nothing heard yet of a joint of a group that is told `rate_hz` states a second.
    pub fn new(joint: usize, rate_hz: f64) -> Self {
        Self {
            joint,
            rate_hz,
            heard: Vec::new(),
            left: None,
        }
    }

    /// Takes a state in.
    pub fn hear(&mut self, state: &ServoState) {
        if state.mode != DriveMode::Enabled {
            self.left.get_or_insert(state.mode);
            return;
        }
        let (Some(&position), Some(&effort)) = (state.position.get(self.joint), state.effort.get(self.joint))
        else {
            return;
        };
        let newer = self
            .heard
            .last()
            .is_none_or(|(stamp, _)| *stamp < state.tag.stamp);
        if newer && state.is_fresh(self.joint) {
            self.heard.push((state.tag.stamp, Sample { position, effort }));
        }
    }

    /// Samples at the group's rate, straight between those that were heard.
    ///
    /// # Errors
    /// [`RecordError`]: the driver stopped following, or too much is missing.
    pub fn samples(&self) -> Result<Vec<Sample>, RecordError> {
        if let Some(mode) = self.left {
            return Err(RecordError::Left(mode));
        }
        let (Some((first, _)), Some((last, _))) = (self.heard.first(), self.heard.last()) else {
            return Err(RecordError::Silent);
        };
        let count = (last.seconds_from(*first) * self.rate_hz).round() as usize + 1;
        let share = 1.0 - self.heard.len() as f64 / count as f64;
        if share > MOST_LOST {
            return Err(RecordError::Lost { share });
        }
        let mut samples = Vec::with_capacity(count);
        for pair in self.heard.windows(2) {
            let [(from, before), (to, after)] = pair else {
                continue;
            };
            let gap_s = to.seconds_from(*from);
            if gap_s > LONGEST_GAP_S {
                return Err(RecordError::Gap { gap_s });
            }
            let (begin_s, end_s) = (from.seconds_from(*first), to.seconds_from(*first));
            while samples.len() as f64 / self.rate_hz < end_s {
                let share = (samples.len() as f64 / self.rate_hz - begin_s) / gap_s;
                let between = |a: f64, b: f64| a + share * (b - a);
                samples.push(Sample {
                    position: between(before.position, after.position),
                    effort: between(before.effort, after.effort),
                });
            }
        }
        Ok(samples)
    }
}

/// A quarter of the swings that say most. What a few such holes spoil is little, and what many of them do shows in how little is explained.
const LONGEST_GAP_S: f64 = 0.25;
/// Share of the states that may be missing.
const MOST_LOST: f64 = 0.3;

#[cfg(test)]
mod tests {
    use super::*;
    use servomesh_types::StreamTag;

    fn state(milliseconds: i64, position: f64) -> ServoState {
        ServoState {
            tag: StreamTag {
                stamp: Stamp::from_millis(milliseconds),
                ..StreamTag::default()
            },
            mode: DriveMode::Enabled,
            position: [0.0, position].into(),
            effort: [0.0, 10.0 * position].into(),
            ..ServoState::default()
        }
    }

    fn record(heard: impl IntoIterator<Item = i64>) -> Record {
        let mut record = Record::new(1, 500.0);
        for at in heard {
            record.hear(&state(at, 1e-3 * at as f64));
        }
        record
    }

    #[test]
    fn what_was_lost_is_put_between_its_neighbours() {
        let whole = record((0..1000).map(|k| 2 * k)).samples().unwrap();
        let holes = record((0..1000).filter(|k| k % 7 < 5).map(|k| 2 * k));
        let holes = holes.samples().unwrap();
        assert!(holes.len() + 3 > whole.len(), "{}", holes.len());
        for (k, sample) in holes.iter().enumerate() {
            let at = 2e-3 * k as f64;
            assert!((sample.position - at).abs() < 1e-9 && (sample.effort - 10.0 * at).abs() < 1e-8);
        }
    }

    #[test]
    fn states_that_are_late_or_stale_say_nothing() {
        let mut record = record([0, 2, 4, 4, 2]);
        let mut stale = state(6, 77.0);
        stale.age_s = [0.0, 0.004].into();
        record.hear(&stale);
        record.hear(&state(8, 8e-3));
        let samples = record.samples().unwrap();
        assert!(samples.iter().all(|sample| sample.position < 0.01), "{samples:?}");
    }

    #[test]
    fn too_little_is_refused_with_its_figure() {
        assert_eq!(record([]).samples(), Err(RecordError::Silent));
        let gap = record((0..500).map(|k| if k < 300 { 2 * k } else { 2 * k + 350 }));
        let error = gap.samples().unwrap_err().to_string();
        assert!(error.contains("for 0.352 s"), "{error}");
        let lost = record((0..500).map(|k| 4 * k)).samples().unwrap_err();
        assert!(lost.to_string().starts_with("50 % of the states"), "{lost}");
        let mut left = record((0..500).map(|k| 2 * k));
        left.hear(&ServoState {
            mode: DriveMode::Stopping,
            ..state(1000, 1.0)
        });
        assert_eq!(left.samples(), Err(RecordError::Left(DriveMode::Stopping)));
    }
}
