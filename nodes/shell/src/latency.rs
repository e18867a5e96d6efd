//! How long something took, as percentiles over a window.

use hdrhistogram::Histogram;

/// Latencies in ns: the window since the last [`take`](Latency::take).
#[derive(Debug)]
pub struct Latency {
    window: Histogram<u64>,
}

/// Percentiles of one window \[µs\].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Percentiles {
    /// How many latencies the window had.
    pub count: u64,
    /// Median.
    pub p50_us: f64,
    /// 99 of 100 were at most this long.
    pub p99_us: f64,
    /// 999 of 1000 were at most this long.
    pub p999_us: f64,
    /// The longest.
    pub max_us: f64,
}

impl Latency {
    /// An empty window.
    pub fn new() -> Self {
        let mut window =
            Histogram::new_with_bounds(1, MAX_NS, 3).expect("bounds and digits are in hdrhistogram's range");
        window.auto(false);
        Self { window }
    }

    /// Notes one latency, from two readings of the same clock \[ns\]. Clocks that went back count as 0, and what is longer
    /// than a minute counts as a minute.
    pub fn note(&mut self, from_ns: i64, to_ns: i64) {
        let ns = u64::try_from(to_ns.saturating_sub(from_ns)).unwrap_or(0);
        self.window.saturating_record(ns.clamp(1, MAX_NS));
    }

    /// The percentiles of the window, without ending it.
    pub fn percentiles(&self) -> Percentiles {
        let us = |ns: u64| ns as f64 * 1e-3;
        Percentiles {
            count: self.window.len(),
            p50_us: us(self.window.value_at_quantile(0.5)),
            p99_us: us(self.window.value_at_quantile(0.99)),
            p999_us: us(self.window.value_at_quantile(0.999)),
            max_us: us(self.window.max()),
        }
    }

    /// The percentiles of the window; a new one begins.
    pub fn take(&mut self) -> Percentiles {
        let percentiles = self.percentiles();
        self.window.reset();
        percentiles
    }
}

impl Default for Latency {
    fn default() -> Self {
        Self::new()
    }
}

const MAX_NS: u64 = 60_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_window() {
        let mut latency = Latency::new();
        (1..=1000).for_each(|us| latency.note(0, us * 1000));
        let p = latency.take();
        assert_eq!(p.count, 1000);
        assert!(
            (p.p50_us - 500.0).abs() < 2.0 && (p.p99_us - 990.0).abs() < 2.0,
            "{p:?}"
        );
        assert_eq!(latency.take().count, 0);
    }

    #[test]
    fn a_clock_that_went_back_counts_as_no_time() {
        let mut latency = Latency::new();
        latency.note(1_000_000, 0);
        assert!(latency.take().max_us < 0.01);
    }
}
