//! Decides when something may happen again: on a grid of ROS time, or at most so often on average.
//!
//! **Invariant:** neither ever asks for a time that has passed twice: late calls skip what was missed.

use servomesh_types::Stamp;
use std::time::Duration;

/// Something that happens at each multiple of its period.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    period: Duration,
    next: Stamp,
}

impl Grid {
    /// Due at once, then on the grid.
    pub(crate) fn new(period: Duration) -> Self {
        Self {
            period,
            next: Stamp::ZERO,
        }
    }

    /// When it is due.
    pub(crate) fn next(&self) -> Stamp {
        self.next
    }

    /// Says whether it is due, and if so moves on to the first point after `now`.
    pub(crate) fn take(&mut self, now: Stamp) -> bool {
        let due = now >= self.next;
        if due {
            self.next = now.next_multiple(self.period, Duration::ZERO);
        }
        due
    }
}

/// A limit on a mean rate that lets one event come up to half a period early, so that jitter costs no latency.
///
/// It is the generic cell rate algorithm of ITU-T I.371 with a tolerance of half a period.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RateLimit {
    period: Duration,
    /// When the next event is expected at the full rate.
    expected: Stamp,
    waiting: bool,
}

impl RateLimit {
    /// A limit of one event in a `period`.
    pub(crate) fn new(period: Duration) -> Self {
        Self {
            period,
            expected: Stamp::ZERO,
            waiting: false,
        }
    }

    /// Asks for an event, at once or as soon as the rate allows.
    pub(crate) fn ask(&mut self) {
        self.waiting = true;
    }

    /// When an event that was asked for may happen.
    pub(crate) fn next(&self) -> Option<Stamp> {
        self.waiting.then(|| self.expected - self.period / 2)
    }

    /// Says whether an event that was asked for happens now.
    pub(crate) fn take(&mut self, now: Stamp) -> bool {
        let due = self.next().is_some_and(|next| now >= next);
        if due {
            self.waiting = false;
            self.expected = self.expected.max(now) + self.period;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_call_skips_what_was_missed() {
        let mut grid = Grid::new(Duration::from_millis(10));
        assert!(grid.take(Stamp::from_millis(103)));
        assert_eq!(grid.next(), Stamp::from_millis(110));
        assert!(!grid.take(Stamp::from_millis(109)));
        assert!(grid.take(Stamp::from_millis(147)));
        assert_eq!(grid.next(), Stamp::from_millis(150));
    }

    #[test]
    fn jitter_costs_no_latency_and_twice_the_rate_is_halved() {
        let times_taken = |times_us: &mut dyn Iterator<Item = i64>| {
            let mut limit = RateLimit::new(Duration::from_millis(2));
            times_us
                .filter(|us| {
                    limit.ask();
                    limit.take(Stamp::from_nanos(us * 1000))
                })
                .count()
        };
        assert_eq!(
            times_taken(&mut (0..100).map(|i| i * 2000 + [0, 600, -300][i as usize % 3])),
            100
        );
        let taken = times_taken(&mut (0..100).map(|i| i * 1000));
        assert!((50..=51).contains(&taken), "{taken}");
    }
}
