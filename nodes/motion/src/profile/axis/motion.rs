//! One axis' way to rest as stretches of constant jerk.
//!
//! **Invariant:** at most nine, each with jerk at its limit or none; a cruise has its velocity stated exactly.

use crate::profile::track::Track;
use crate::profile::transfer::Transfer;

/// A way to rest: (duration in s, jerk) of each stretch.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::profile) struct Motion {
    pub(in crate::profile) stretches: [(f64, f64); 9],
    /// Which stretch starts the cruise, with what velocity, stated exactly.
    pub(super) cruise: Option<(usize, f64)>,
}

impl Motion {
    /// In s.
    pub(super) fn duration(&self) -> f64 {
        self.stretches.iter().map(|(t, _)| t).sum()
    }

    /// Appends it to a track that ends where it starts.
    #[inline]
    pub(in crate::profile) fn append_to(&self, track: &mut Track) {
        for (k, (t, jerk)) in self.stretches.iter().enumerate() {
            if let Some((start, v)) = self.cruise
                && k == start
            {
                track.end_at(track.end().p, v, 0.0);
            }
            track.push(*t, *jerk);
        }
    }

    #[inline]
    pub(super) fn of(first: &Transfer, steady: Option<f64>, cruise: f64, last: &Transfer, sign: f64) -> Self {
        let [a, b, c] = first.stretches();
        let [d, e, f] = last.stretches();
        Self {
            stretches: [a, b, c, (cruise, 0.0), d, e, f, NONE, NONE].map(|(t, jerk)| (t, sign * jerk)),
            cruise: steady.map(|v| (3, sign * v)),
        }
    }
}

/// No stretch.
const NONE: (f64, f64) = (0.0, 0.0);
