//! Percentiles of a round and medians over rounds. Times in µs.
//!
//! **Invariant:** a sample whose answer never came counts as lost; it is neither dropped nor given a time.

use serde::Serialize;
use std::fmt;

/// Figures of one contestant: each the median over its rounds, except what is counted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// Half of the samples are quicker.
    pub p50_us: f64,
    /// One of a hundred is slower.
    pub p99_us: f64,
    /// One of a thousand is slower.
    pub p999_us: f64,
    /// The slowest of all rounds.
    pub worst_us: f64,
    /// Samples sent in all rounds.
    pub sent: usize,
    /// Samples never answered in all rounds.
    pub lost: usize,
}

impl Figures {
    /// Figures of one round; `None` if not a single sample was answered. Takes nanoseconds, `None` for a lost sample.
    pub fn of_round(samples_ns: &[Option<u64>]) -> Option<Self> {
        let mut times: Vec<u64> = samples_ns.iter().flatten().copied().collect();
        times.sort_unstable();
        let us = |ns: u64| ns as f64 / 1e3;
        Some(Self {
            p50_us: us(percentile(&times, 500)?),
            p99_us: us(percentile(&times, 990)?),
            p999_us: us(percentile(&times, 999)?),
            worst_us: us(*times.last()?),
            sent: samples_ns.len(),
            lost: samples_ns.len() - times.len(),
        })
    }

    /// Figures over several rounds; `None` without any.
    pub fn of_rounds(rounds: &[Self]) -> Option<Self> {
        Some(Self {
            p50_us: median(rounds, |r| r.p50_us)?,
            p99_us: median(rounds, |r| r.p99_us)?,
            p999_us: median(rounds, |r| r.p999_us)?,
            worst_us: rounds.iter().map(|r| r.worst_us).fold(0.0, f64::max),
            sent: rounds.iter().map(|r| r.sent).sum(),
            lost: rounds.iter().map(|r| r.lost).sum(),
        })
    }

    /// The same for a part of the way, such as one hop of a round trip.
    pub fn part(&self, parts: f64) -> Self {
        Self {
            p50_us: self.p50_us / parts,
            p99_us: self.p99_us / parts,
            p999_us: self.p999_us / parts,
            worst_us: self.worst_us / parts,
            ..*self
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            p50_us,
            p99_us,
            p999_us,
            worst_us,
            sent,
            lost,
        } = self;
        write!(
            f,
            "p50 {p50_us:7.1}  p99 {p99_us:8.1}  p99.9 {p999_us:8.1}  worst {worst_us:8.1} µs  lost {lost}/{sent}"
        )
    }
}

/// Nearest-rank percentile in per mille of sorted values.
fn percentile(sorted: &[u64], per_mille: usize) -> Option<u64> {
    let rank = (sorted.len() * per_mille).div_ceil(1000);
    sorted.get(rank.saturating_sub(1)).copied()
}

/// Middle value; of an even number the lower middle, so that it is a value that was measured.
fn median(rounds: &[Figures], of: impl Fn(&Figures) -> f64) -> Option<f64> {
    let mut values: Vec<f64> = rounds.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::Figures;

    #[test]
    fn percentiles_are_nearest_rank_and_lost_samples_are_counted() {
        let mut samples: Vec<_> = (1..=1000).rev().map(|us| Some(us * 1000)).collect();
        samples.push(None);
        let figures = Figures::of_round(&samples).expect("there are samples");
        let expected = Figures {
            p50_us: 500.0,
            p99_us: 990.0,
            p999_us: 999.0,
            worst_us: 1000.0,
            sent: 1001,
            lost: 1,
        };
        assert_eq!(figures, expected);
    }

    #[test]
    fn a_round_without_any_answer_has_no_figures() {
        assert_eq!(Figures::of_round(&[None, None]), None);
        assert_eq!(Figures::of_round(&[]), None);
        assert_eq!(Figures::of_rounds(&[]), None);
    }

    #[test]
    fn one_bad_round_does_not_move_the_median_but_the_worst() {
        let round = |us: u64| Figures::of_round(&[Some(us * 1000), None]).expect("there is a sample");
        let figures = Figures::of_rounds(&[round(50), round(9000), round(52)]).expect("there are rounds");
        let expected = Figures {
            p50_us: 52.0,
            p99_us: 52.0,
            p999_us: 52.0,
            worst_us: 9000.0,
            sent: 6,
            lost: 3,
        };
        assert_eq!(figures, expected);
    }

    #[test]
    fn a_hop_is_half_of_the_round_trip_with_the_same_losses() {
        let round_trip = Figures::of_round(&[Some(100_000), None]).expect("there is a sample");
        let hop = Figures::of_round(&[Some(50_000), None]).expect("there is a sample");
        assert_eq!(round_trip.part(2.0), hop);
    }
}
