//! How well the loops do: following errors, saturation, lost replies, second by second.
//!
//! **Invariant:** nothing of one second is in the next one's figures.

use servomesh_types::{JointSet, JointVec, ServoState, Stamp, Tracking};
use std::time::Duration;

/// Adds up one second.
#[derive(Debug)]
pub(crate) struct Statistics {
    joints: usize,
    since: Option<Stamp>,
    /// The newest cycle of the bus.
    cycle: Option<u64>,
    sum: Tracking,
}

impl Statistics {
    pub(crate) fn new(joints: usize) -> Self {
        Self {
            joints,
            since: None,
            cycle: None,
            sum: empty(joints),
        }
    }

    /// Takes the state of one cycle; gives the second's figures once it is over. `saturated`: joints whose effort was at its limit, `None` where the
    /// group was not driven.
    pub(crate) fn note(
        &mut self,
        cycle: u64,
        state: &ServoState,
        saturated: Option<JointSet>,
    ) -> Option<Tracking> {
        let stamp = state.tag.stamp;
        let since = *self.since.get_or_insert(stamp);
        let skipped = self
            .cycle
            .map_or(0, |last| cycle.saturating_sub(last).saturating_sub(1));
        self.cycle = Some(cycle);
        let sum = &mut self.sum;
        sum.cycles += 1;
        sum.cycles_lost = sum
            .cycles_lost
            .saturating_add(u32::try_from(skipped).unwrap_or(u32::MAX));
        for joint in 0..self.joints {
            sum.replies_lost[joint] += f64::from(u8::from(!state.is_fresh(joint)));
            let Some(saturated) = saturated else { continue };
            let error = state.following_error(joint).abs();
            sum.error_rms[joint] += error * error;
            sum.error_max[joint] = sum.error_max[joint].max(error);
            sum.saturated[joint] += f64::from(u8::from(saturated.contains(joint)));
        }
        sum.driven += u32::from(saturated.is_some());
        let lasting = stamp.since(since);
        if lasting < WINDOW {
            return None;
        }
        let sum = std::mem::replace(&mut self.sum, empty(self.joints));
        self.since = Some(stamp);
        let (driven, cycles) = (f64::from(sum.driven.max(1)), f64::from(sum.cycles));
        let each = |vec: &JointVec, f: &dyn Fn(f64) -> f64| JointVec::from_fn(vec.len(), |i| f(vec[i]));
        Some(Tracking {
            stamp,
            lasting,
            error_rms: each(&sum.error_rms, &|square| (square / driven).sqrt()),
            saturated: each(&sum.saturated, &|count| count / driven),
            replies_lost: each(&sum.replies_lost, &|count| count / cycles),
            ..sum
        })
    }
}

fn empty(joints: usize) -> Tracking {
    let zeros = JointVec::zeros(joints);
    Tracking {
        error_rms: zeros,
        error_max: zeros,
        saturated: zeros,
        replies_lost: zeros,
        ..Tracking::default()
    }
}

const WINDOW: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use servomesh_types::StreamTag;

    #[test]
    fn a_second_gives_its_own_figures() {
        let mut statistics = Statistics::new(2);
        let mut given = Vec::new();
        for k in 0..=1000 {
            let second = k / 500;
            let state = ServoState {
                tag: StreamTag {
                    stamp: Stamp::from_millis(2 * k),
                    ..StreamTag::default()
                },
                position: JointVec::zeros(2),
                reference: [if k % 2 == 0 { 0.01 } else { -0.01 }, 0.0].into(),
                age_s: [0.0, if k % 4 == 0 { 0.002 } else { 0.0 }].into(),
                ..ServoState::default()
            };
            let mut saturated = JointSet::EMPTY;
            if k % 2 == 0 {
                saturated.insert(1);
            }
            // In the second second every other cycle is lost.
            let cycle = if second == 0 { k } else { 500 + 2 * (k - 500) };
            let driven = (second == 0).then_some(saturated);
            given.extend(statistics.note(cycle as u64, &state, driven));
        }
        assert_eq!(given.len(), 2);
        let first = &given[0];
        assert_eq!(first.cycles_lost, 0);
        assert!((first.error_rms[0] - 0.01).abs() < 1e-12 && (first.error_max[0] - 0.01).abs() < 1e-12);
        assert!((first.saturated[1] - 0.5).abs() < 0.01, "{first:?}");
        assert!((first.replies_lost[1] - 0.25).abs() < 0.01 && first.replies_lost[0].abs() < 1e-12);
        let second = &given[1];
        assert_eq!((second.driven, second.cycles), (0, 500));
        assert!(
            second.cycles_lost >= 499 && second.error_max.max_abs() < 1e-12,
            "{second:?}"
        );
    }
}
