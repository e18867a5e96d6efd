//! Efforts that a trajectory asks for beside its motion: added to what the driver's own model says.
//!
//! Linear between the points, in N·m (N), over the path's own time in s: a motion that is slowed down keeps the effort of
//! the place where it is.
//!
//! **Invariant:** nothing is added before a motion starts and after it ends.

use servomesh_types::JointVec;

/// Efforts over the time of a path.
#[derive(Clone, Debug)]
pub(crate) struct EffortTrack {
    /// In s, ascending.
    times: Vec<f64>,
    efforts: Vec<JointVec>,
}

impl EffortTrack {
    /// At least one point, by ascending time.
    pub(crate) fn new(points: impl IntoIterator<Item = (f64, JointVec)>) -> Self {
        let (times, efforts) = points.into_iter().unzip();
        Self { times, efforts }
    }

    /// The efforts at a time of the path; empty outside of it.
    pub(crate) fn at(&self, time_s: f64) -> JointVec {
        let after = self.times.partition_point(|time| *time <= time_s);
        let Some(before) = after.checked_sub(1) else {
            return JointVec::EMPTY;
        };
        let Some((next_s, next)) = self.times.get(after).zip(self.efforts.get(after)) else {
            return JointVec::EMPTY;
        };
        let (from_s, from) = (self.times[before], &self.efforts[before]);
        let share = (time_s - from_s) / (next_s - from_s);
        JointVec::from_fn(from.len(), |joint| {
            from[joint] + share * (next[joint] - from[joint])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn efforts_run_straight_from_point_to_point_and_end_with_the_path() {
        let track = EffortTrack::new([
            (0.5, JointVec::from([2.0, -1.0])),
            (1.5, JointVec::from([4.0, -3.0])),
        ]);
        assert_eq!(track.at(1.0).to_vec(), [3.0, -2.0]);
        assert_eq!(track.at(0.5).to_vec(), [2.0, -1.0]);
        for outside in [0.4, 1.5, 2.0] {
            assert!(track.at(outside).is_empty(), "at {outside} s");
        }
    }
}
