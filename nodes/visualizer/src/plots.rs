//! Decides which samples become points of a plot: one each period, collected and handed over together.
//!
//! **Invariant:** stamps within one curve strictly increase, whatever the network does.

use crate::record::{Rows, Series};
use servomesh_types::{GroupName, JointVec, Stamp};
use std::time::Duration;

/// The points of one curve that were not handed over yet.
#[derive(Debug)]
pub(crate) struct Curve {
    period: Duration,
    /// The stamp from which on a sample is the next point.
    next: Option<Stamp>,
    stamps: Vec<Stamp>,
    values: Vec<JointVec>,
}

impl Curve {
    pub(crate) fn new(period: Duration) -> Self {
        Self {
            period,
            next: None,
            stamps: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Takes a sample if it is time for a point.
    pub(crate) fn sample(&mut self, stamp: Stamp, value: JointVec) {
        if self.next.is_some_and(|next| stamp < next) {
            return;
        }
        self.next = Some(stamp.next_multiple(self.period, Duration::ZERO));
        self.stamps.push(stamp);
        self.values.push(value);
    }

    /// Hands over what was collected.
    pub(crate) fn take(&mut self, group: GroupName, series: Series) -> Option<Rows> {
        if self.stamps.is_empty() {
            return None;
        }
        let (stamps, values) = (std::mem::take(&mut self.stamps), std::mem::take(&mut self.values));
        Some(Rows {
            group,
            series,
            stamps,
            values,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn points(period_ms: u64, stamps_ms: &[i64]) -> Vec<i64> {
        let mut curve = Curve::new(Duration::from_millis(period_ms));
        for ms in stamps_ms {
            curve.sample(Stamp::from_millis(*ms), JointVec::zeros(1));
        }
        let rows = curve.take(GroupName::new("arm").expect("a good name"), Series::Measured);
        rows.map_or(Vec::new(), |rows| {
            rows.stamps.iter().map(|s| s.as_nanos() / 1_000_000).collect()
        })
    }

    #[test]
    fn one_sample_each_period_becomes_a_point() {
        let stamps: Vec<i64> = (0..50).map(|i| 2 * i + 1).collect();
        assert_eq!(points(10, &stamps), [1, 11, 21, 31, 41, 51, 61, 71, 81, 91]);
    }

    #[test]
    fn a_late_sample_is_no_point() {
        assert_eq!(points(10, &[5, 12, 8, 25]), [5, 12, 25]);
    }

    proptest! {
        #[test]
        fn stamps_strictly_increase(stamps in prop::collection::vec(0_i64..1000, 0..200)) {
            let points = points(7, &stamps);
            prop_assert!(points.windows(2).all(|w| w[0] < w[1]), "{:?}", points);
        }
    }
}
