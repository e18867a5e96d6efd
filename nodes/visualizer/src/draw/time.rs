//! Decides how ROS time is shown: as a date where it is one, as time since the start in a simulation.
//!
//! **Invariant:** one recording shows all its times in one way: that of its first stamp.

use rerun::{RecordingStream, TimeCell, TimeColumn};
use servomesh_types::Stamp;

/// The one timeline.
pub(super) const TIMELINE: &str = "ros_time";

/// How this recording shows time.
#[derive(Debug, Default)]
pub(super) struct Clock {
    dates: Option<bool>,
}

impl Clock {
    /// Sets the time of what is logged next.
    pub(super) fn set(&mut self, stream: &RecordingStream, stamp: Stamp) {
        let ns = stamp.as_nanos();
        let cell = if self.shows_dates(stamp) {
            TimeCell::from_timestamp_nanos_since_epoch(ns)
        } else {
            TimeCell::from_duration_nanos(ns)
        };
        stream.set_time(TIMELINE, cell);
    }

    /// The times of rows that are sent together.
    pub(super) fn column(&mut self, stamps: &[Stamp]) -> TimeColumn {
        let ns = stamps.iter().map(|stamp| stamp.as_nanos());
        if stamps.first().is_some_and(|first| self.shows_dates(*first)) {
            TimeColumn::new_timestamp_nanos_since_epoch(TIMELINE, ns)
        } else {
            TimeColumn::new_duration_nanos(TIMELINE, ns)
        }
    }

    fn shows_dates(&mut self, stamp: Stamp) -> bool {
        *self.dates.get_or_insert(stamp > FIRST_DATE)
    }
}

/// September 2001: no simulation runs that long, and no clock that was ever set shows less.
const FIRST_DATE: Stamp = Stamp::from_nanos(1_000_000_000_000_000_000);
