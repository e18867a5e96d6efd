//! The emulated network: when a message arrives, and whether it does.

use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use servomesh_types::Stamp;
use std::time::Duration;

/// What the network does to messages.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NetworkConfig {
    /// How long a message takes at the least.
    pub delay: Duration,
    /// How much longer it takes at the most; beyond the time between two messages it reorders them.
    pub jitter: Duration,
    /// Share of streamed messages that never arrive, 0 to 1.
    pub loss: f64,
    /// Share of streamed messages that arrive twice, 0 to 1.
    pub duplication: f64,
}

impl Default for NetworkConfig {
    /// Processes on one quiet machine.
    fn default() -> Self {
        Self {
            delay: Duration::from_micros(80),
            jitter: Duration::from_micros(40),
            loss: 0.0,
            duplication: 0.0,
        }
    }
}

/// How a topic treats a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// It may be lost, doubled or overtaken.
    Stream,
    /// It arrives, in order.
    Reliable,
}

#[derive(Debug)]
pub(super) struct Network {
    config: NetworkConfig,
    random: ChaCha8Rng,
    lost: u64,
    last_reliable: Stamp,
}

impl Network {
    pub(super) fn new(config: NetworkConfig, seed: u64) -> Self {
        Self {
            config,
            random: ChaCha8Rng::seed_from_u64(seed),
            lost: 0,
            last_reliable: Stamp::ZERO,
        }
    }

    pub(super) fn set(&mut self, config: NetworkConfig) {
        self.config = config;
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    /// When a message that is sent at `now` arrives: never, once or twice.
    pub(super) fn arrivals(&mut self, now: Stamp, delivery: Delivery) -> impl Iterator<Item = Stamp> + use<> {
        let mut arrivals = [None, None];
        match delivery {
            Delivery::Reliable => {
                self.last_reliable = self.last_reliable.max(self.arrival(now));
                arrivals[0] = Some(self.last_reliable);
            }
            Delivery::Stream if self.happens(self.config.loss) => self.lost += 1,
            Delivery::Stream => {
                arrivals[0] = Some(self.arrival(now));
                if self.happens(self.config.duplication) {
                    arrivals[1] = Some(self.arrival(now));
                }
            }
        }
        arrivals.into_iter().flatten()
    }

    fn arrival(&mut self, now: Stamp) -> Stamp {
        let jitter_ns = u64::try_from(self.config.jitter.as_nanos()).unwrap_or(u64::MAX);
        let extra = if jitter_ns == 0 {
            0
        } else {
            self.random.next_u64() % jitter_ns
        };
        now + self.config.delay + Duration::from_nanos(extra)
    }

    fn happens(&mut self, share: f64) -> bool {
        share > 0.0 && self.random.random::<f64>() < share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_lose_and_double_their_share_and_reliable_topics_keep_order() {
        let config = NetworkConfig {
            loss: 0.1,
            duplication: 0.2,
            ..NetworkConfig::default()
        };
        let mut network = Network::new(config, 7);
        let arrived: usize = (0..10_000)
            .map(|ms| network.arrivals(Stamp::from_millis(ms), Delivery::Stream).count())
            .sum();
        assert!(
            (10_600..11_000).contains(&arrived),
            "0.9 · 1.2 of 10,000, not {arrived}"
        );
        let order: Vec<_> = (0..1000)
            .flat_map(|us| network.arrivals(Stamp::from_nanos(us * 1000), Delivery::Reliable))
            .collect();
        assert!(order.is_sorted() && order.len() == 1000);
    }
}
