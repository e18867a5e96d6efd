//! How long bytes take on the wire, and when things are due.

use crate::bus::ACTS_PHASE;
use servomesh_types::Stamp;
use std::time::Duration;

/// The times of one bus.
#[derive(Clone, Copy, Debug)]
pub(in crate::backends) struct Pace {
    baud: u32,
    period: Duration,
    /// What the port, its adapter and the operating system add at most to an answer's way.
    latency: Duration,
    /// From the beginning of a cycle to the end of its goals.
    until_goals_end: Duration,
}

impl Pace {
    pub(in crate::backends) fn new(baud: u32, period: Duration, latency: Duration) -> Self {
        Self {
            baud,
            period,
            latency,
            until_goals_end: period,
        }
    }

    /// Lays out a cycle: reading takes so long on the wire, both ways, and its goals so long. A cycle begins early enough for its goals to end
    /// [`ACTS_PHASE`] after a whole multiple of the period. An answer may be late by half of the time to spare, as far as it can be late.
    pub(in crate::backends) fn lay_out(&mut self, reading: Duration, goals: Duration) {
        let busy = reading + HANDLING + goals;
        let spare = self.period.saturating_sub(busy);
        self.until_goals_end = (busy + self.latency.min(spare / 2)).min(self.period);
    }

    /// When the goals of the cycle that began at `begin` are to end.
    pub(in crate::backends) fn goals_end(&self, begin: Stamp) -> Stamp {
        begin + self.until_goals_end
    }

    /// How long so many bytes take.
    pub(in crate::backends) fn wire(&self, bytes: usize) -> Duration {
        wire_time(bytes, self.baud)
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

    /// When an answer that should be there by `missing` is given up, in a cycle whose goals have to begin by `latest`. It may come somewhat after that:
    /// then the goals and the next read are late, and the bus catches up in the time that it has to spare.
    pub(in crate::backends) fn give_up(&self, missing: Stamp, latest: Stamp) -> Stamp {
        missing.min(self.latest_answer(latest))
    }

    /// Until when an answer is waited for in a cycle whose goals have to begin by `latest`.
    pub(in crate::backends) fn latest_answer(&self, latest: Stamp) -> Stamp {
        latest + self.period / LATE
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
        // Shifted by a period, since phases are not negative.
        now.next_multiple(self.period, ACTS_PHASE + self.period - self.until_goals_end)
    }

    /// The number of the cycle that begins at `at`.
    pub(in crate::backends) fn cycle(&self, at: Stamp) -> u64 {
        (at.as_nanos() / self.period.as_nanos() as i64).unsigned_abs()
    }
}

/// How long so many bytes take at a speed \[bit/s\]: 8 bits, a start bit and a stop bit each.
pub(in crate::backends) fn wire_time(bytes: usize, baud: u32) -> Duration {
    Duration::from_nanos(bytes as u64 * 10_000_000_000 / u64::from(baud.max(1)))
}

/// From an answer's last byte to the goals: the core takes some 10 µs, two threads wake up.
pub(in crate::backends) const HANDLING: Duration = Duration::from_micros(100);
/// An answer may be late by a period over this.
const LATE: u32 = 4;
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
    fn goals_end_on_one_grid_whatever_the_bytes_of_a_bus() {
        for (baud, reading, goals, latency_us) in [
            (1_000_000, 112, 32, 300),
            (1_000_000, 37, 17, 2000),
            (115_200, 37, 17, 0),
            (57_600, 112, 32, 300),
        ] {
            let period = Duration::from_micros(2500);
            let mut pace = Pace::new(baud, period, Duration::from_micros(latency_us));
            pace.lay_out(pace.wire(reading), pace.wire(goals));
            let now = Stamp::from_millis(1001);
            let begin = pace.next_cycle(now);
            let end = pace.goals_end(begin);
            assert_eq!(
                end.next_multiple(period, ACTS_PHASE),
                end + period,
                "{baud} bit/s: {end:?}"
            );
            assert!(begin > now && end.since(begin) <= period);
            assert_eq!(pace.cycle(pace.next_cycle(begin)), pace.cycle(begin) + 1);
        }
    }
}
