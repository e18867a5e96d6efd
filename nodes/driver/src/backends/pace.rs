//! How long bytes take on the wire, and when things are due.

use servomesh_types::Stamp;
use std::time::Duration;

/// The times of one bus.
#[derive(Clone, Copy, Debug)]
pub(in crate::backends) struct Pace {
    baud: u32,
    period: Duration,
    /// What the port, its adapter and the operating system add at most to an answer's way.
    latency: Duration,
}

impl Pace {
    pub(in crate::backends) fn new(baud: u32, period: Duration, latency: Duration) -> Self {
        Self {
            baud,
            period,
            latency,
        }
    }

    /// How long so many bytes take: 8 bits, a start bit and a stop bit each.
    pub(in crate::backends) fn wire(&self, bytes: usize) -> Duration {
        Duration::from_nanos(bytes as u64 * 10_000_000_000 / u64::from(self.baud))
    }

    pub(in crate::backends) fn period(&self) -> Duration {
        self.period
    }

    pub(in crate::backends) fn latency(&self) -> Duration {
        self.latency
    }

    /// When an answer of so many bytes is missing whose instruction, of so many, begins now. `delays` are the return delays in it.
    pub(in crate::backends) fn missing(
        &self,
        now: Stamp,
        instruction: usize,
        answer: usize,
        delays: Duration,
    ) -> Stamp {
        now + self.wire(instruction + answer) + delays + self.latency
    }

    /// How much longer to wait for an answer that has been missed so often: a busy machine may be slower than its port.
    pub(in crate::backends) fn patience(&self, tries: u8) -> Duration {
        self.latency * (4_u32.saturating_pow(tries.into()) - 1)
    }

    /// Before this no answer of so many bytes can be complete: what is, answers an earlier instruction.
    pub(in crate::backends) fn earliest(&self, now: Stamp, instruction: usize, answer: usize) -> Stamp {
        now + self.wire(instruction + answer).mul_f64(CLOCK_TOLERANCE)
    }

    /// The beginning of the next cycle after `now`.
    pub(in crate::backends) fn next_cycle(&self, now: Stamp) -> Stamp {
        now.next_multiple(self.period, Duration::ZERO)
    }

    /// The number of the cycle that begins at `at`.
    pub(in crate::backends) fn cycle(&self, at: Stamp) -> u64 {
        (at.as_nanos() / self.period.as_nanos() as i64).unsigned_abs()
    }
}

/// What an answer may be quicker than its bytes: oscillators of servos are off by a few percent, bytes come in bunches.
const CLOCK_TOLERANCE: f64 = 0.9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_servos_fill_a_megabit_at_less_than_eight_hundred_hertz() {
        let pace = Pace::new(1_000_000, Duration::from_millis(2), Duration::ZERO);
        assert_eq!(pace.wire(20 + 74 + 32), Duration::from_micros(1260));
    }

    #[test]
    fn cycles_lie_on_one_grid_for_all_drivers() {
        let pace = Pace::new(1_000_000, Duration::from_micros(2500), Duration::ZERO);
        let at = pace.next_cycle(Stamp::from_millis(1001));
        assert_eq!(at, Stamp::from_nanos(1_002_500_000));
        assert_eq!(pace.cycle(at), 401);
    }
}
