//! Points in ROS time, in whole nanoseconds.
//!
//! ROS time is the system clock, or `/clock` where `use_sim_time` is set. A core gets it as an argument and never reads it.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

/// A point in ROS time: nanoseconds since its origin (the Unix epoch, or the start of the simulation).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(i64);

impl Stamp {
    /// The origin. A `/clock` that has not ticked yet reads this.
    pub const ZERO: Self = Self(0);

    /// The stamp `ns` nanoseconds after the origin.
    pub const fn from_nanos(ns: i64) -> Self {
        Self(ns)
    }

    /// The stamp `ms` milliseconds after the origin.
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms * 1_000_000)
    }

    /// Nanoseconds since the origin.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// Seconds since the origin. Exact to about 0.2 µs for dates of this century.
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 * 1e-9
    }

    /// Whole seconds and the nanoseconds within them, as `builtin_interfaces/Time` wants them.
    pub const fn to_parts(self) -> (i32, u32) {
        (
            self.0.div_euclid(NANOS_PER_SECOND) as i32,
            self.0.rem_euclid(NANOS_PER_SECOND) as u32,
        )
    }

    /// The inverse of [`to_parts`](Self::to_parts).
    pub const fn from_parts(sec: i32, nanosec: u32) -> Self {
        Self(sec as i64 * NANOS_PER_SECOND + nanosec as i64)
    }

    /// How long ago `earlier` was; zero if it lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0).max(0).unsigned_abs())
    }

    /// Signed distance from `other` to `self` \[s\]: positive if `self` is later.
    pub fn seconds_from(self, other: Self) -> f64 {
        self.0.saturating_sub(other.0) as f64 * 1e-9
    }

    /// The first multiple of `period` after `self`, so that all nodes tick on the same grid.
    ///
    /// A `period` of zero gives `self`.
    pub fn next_multiple(self, period: Duration, phase: Duration) -> Self {
        let (period, phase) = (nanos(period), nanos(phase));
        if period == 0 {
            return self;
        }
        Self(((self.0 - phase).div_euclid(period) + 1) * period + phase)
    }
}

impl Add<Duration> for Stamp {
    type Output = Self;
    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(nanos(rhs)))
    }
}

impl Sub<Duration> for Stamp {
    type Output = Self;
    fn sub(self, rhs: Duration) -> Self {
        Self(self.0.saturating_sub(nanos(rhs)))
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sec, nanosec) = self.to_parts();
        write!(f, "{sec}.{nanosec:09} s")
    }
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

const NANOS_PER_SECOND: i64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_round_trip_also_before_the_origin() {
        for ns in [0, 1, 999_999_999, 1_000_000_000, -1, -1_500_000_000] {
            let stamp = Stamp::from_nanos(ns);
            let (sec, nanosec) = stamp.to_parts();
            assert_eq!(Stamp::from_parts(sec, nanosec), stamp);
        }
    }

    #[test]
    fn the_next_multiple_is_strictly_later_and_on_the_grid() {
        let period = Duration::from_millis(2);
        let phase = Duration::from_millis(1);
        assert_eq!(
            Stamp::from_millis(4).next_multiple(period, Duration::ZERO),
            Stamp::from_millis(6)
        );
        assert_eq!(
            Stamp::from_millis(4).next_multiple(period, phase),
            Stamp::from_millis(5)
        );
        assert_eq!(
            Stamp::from_millis(5).next_multiple(period, phase),
            Stamp::from_millis(7)
        );
    }

    #[test]
    fn an_age_is_never_negative() {
        assert_eq!(Stamp::from_millis(1).since(Stamp::from_millis(2)), Duration::ZERO);
    }
}
