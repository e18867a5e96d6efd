//! When a process that ended is started again, and when it has ended too often.
//!
//! The first delay is the launch file's; each further one is twice as long, up to a cap, until the process has run long
//! enough to count as stable. More than `restarts_max` restarts within `window` end the attempts: a process that cannot
//! live is a fault to report, not a loop to hide (OTP's restart intensity).

use std::collections::VecDeque;
use std::time::Duration;

use super::cell::Limits;
use crate::launch::Respawn;

/// Shortest delay that doubling starts from, where the launch file asks for none.
const DELAY_MIN: Duration = Duration::from_millis(100);

/// The restarts of one process.
#[derive(Clone, Debug)]
pub struct Restarts {
    respawn: Respawn,
    limits: Limits,
    /// Restarts since the start of the run.
    count: u32,
    /// Times of the restarts within the window, oldest first.
    recent: VecDeque<Duration>,
    /// Delay of the next restart.
    delay: Duration,
}

/// What becomes of a process that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Start it again after this time.
    RestartAfter(Duration),
    /// It has been restarted too often within the window.
    TooOften,
    /// The launch file's `respawn_max_retries` is used up.
    NoRetriesLeft,
}

impl Restarts {
    /// No restart yet.
    pub fn new(respawn: Respawn, limits: Limits) -> Self {
        Self {
            respawn,
            limits,
            count: 0,
            recent: VecDeque::new(),
            delay: respawn.delay,
        }
    }

    /// Decides about a process that ended at `now` (time since the start of the run) after it `ran_for` some time.
    pub fn ended(&mut self, now: Duration, ran_for: Duration) -> Verdict {
        if self.respawn.max_retries.is_some_and(|most| self.count >= most) {
            return Verdict::NoRetriesLeft;
        }
        while self
            .recent
            .front()
            .is_some_and(|at| now.saturating_sub(*at) >= self.limits.window)
        {
            self.recent.pop_front();
        }
        if self.recent.len() >= self.limits.restarts_max as usize {
            return Verdict::TooOften;
        }
        if ran_for >= self.limits.stable_after {
            self.delay = self.respawn.delay;
        }
        let delay = self.delay;
        self.delay = (delay.max(DELAY_MIN) * 2)
            .min(self.limits.delay_max)
            .max(self.respawn.delay);
        self.recent.push_back(now);
        self.count += 1;
        Verdict::RestartAfter(delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn restarts(delay: Duration, max_retries: Option<u32>) -> Restarts {
        Restarts::new(Respawn { delay, max_retries }, Limits::default())
    }

    #[test]
    fn delays_double_up_to_the_cap() {
        let limits = Limits {
            restarts_max: 100,
            ..Limits::default()
        };
        let mut restarts = Restarts::new(
            Respawn {
                delay: SECOND / 2,
                max_retries: None,
            },
            limits,
        );
        let delays: Vec<_> = (0..8)
            .map(|_| match restarts.ended(SECOND, SECOND) {
                Verdict::RestartAfter(delay) => delay.as_secs_f64(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(delays, [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0]);
    }

    #[test]
    fn a_stable_run_resets_the_delay() {
        let mut restarts = restarts(SECOND / 2, None);
        restarts.ended(SECOND, SECOND);
        assert_eq!(restarts.ended(SECOND * 2, SECOND), Verdict::RestartAfter(SECOND));
        assert_eq!(
            restarts.ended(SECOND * 30, SECOND * 28),
            Verdict::RestartAfter(SECOND / 2)
        );
    }

    #[test]
    fn without_a_delay_the_first_restart_is_immediate_and_the_next_are_not() {
        let mut restarts = restarts(Duration::ZERO, None);
        assert_eq!(
            restarts.ended(SECOND, SECOND),
            Verdict::RestartAfter(Duration::ZERO)
        );
        assert_eq!(restarts.ended(SECOND, SECOND), Verdict::RestartAfter(SECOND / 5));
    }

    #[test]
    fn a_long_first_delay_is_never_shortened_by_the_cap() {
        let mut restarts = restarts(SECOND * 20, None);
        for at in 1..4 {
            assert_eq!(
                restarts.ended(SECOND * 21 * at, SECOND),
                Verdict::RestartAfter(SECOND * 20)
            );
        }
    }

    #[test]
    fn too_many_restarts_within_the_window_end_it() {
        let mut restarts = restarts(SECOND, None);
        for _ in 0..5 {
            assert!(matches!(restarts.ended(SECOND, SECOND), Verdict::RestartAfter(_)));
        }
        assert_eq!(restarts.ended(SECOND * 60, SECOND), Verdict::TooOften);
        assert!(
            matches!(restarts.ended(SECOND * 61, SECOND), Verdict::RestartAfter(_)),
            "the window has passed"
        );
    }

    #[test]
    fn the_launch_files_own_limit_counts_over_the_whole_run() {
        let mut restarts = restarts(SECOND, Some(1));
        assert!(matches!(restarts.ended(SECOND, SECOND), Verdict::RestartAfter(_)));
        assert_eq!(restarts.ended(SECOND * 1000, SECOND), Verdict::NoRetriesLeft);
    }
}
