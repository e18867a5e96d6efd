//! Counts what a stream delivered and what it lost, by the sequence numbers of its samples.
//!
//! **Invariant:** every sample published between the first and the newest one seen is counted once: as taken, as
//! superseded (a newer one was there before it was handled) or as lost.

/// Counters of one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeqWatch {
    last: Option<u64>,
    /// Samples that reached this process.
    pub received: u64,
    /// Samples that never came, by the gaps between sequence numbers.
    pub lost: u64,
    /// Samples that came but were not handled, since a newer one was already there.
    pub superseded: u64,
    /// How often the sequence began anew: the publisher was restarted.
    pub restarts: u64,
}

impl SeqWatch {
    /// Notes a sample with this sequence number.
    pub fn note(&mut self, seq: u64) {
        self.received += 1;
        match self.last {
            Some(last) if seq > last => self.lost += seq - last - 1,
            Some(_) => self.restarts += 1,
            None => {}
        }
        self.last = Some(seq);
    }

    /// Samples that did not reach the core, for either reason.
    pub fn dropped(&self) -> u64 {
        self.lost + self.superseded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_restarted_publisher_is_no_loss() {
        let mut watch = SeqWatch::default();
        for seq in [7, 8, 10, 1, 2] {
            watch.note(seq);
        }
        assert_eq!((watch.received, watch.lost, watch.restarts), (5, 1, 1));
    }

    proptest! {
        #[test]
        fn every_sample_is_either_received_or_lost(kept in proptest::collection::vec(any::<bool>(), 1..200)) {
            let mut watch = SeqWatch::default();
            let seqs: Vec<u64> = (1u64..).zip(&kept).filter(|(_, k)| **k).map(|(s, _)| s).collect();
            for seq in &seqs {
                watch.note(*seq);
            }
            let between = match (seqs.first(), seqs.last()) {
                (Some(first), Some(last)) => last - first + 1,
                _ => 0,
            };
            prop_assert_eq!(watch.received + watch.lost, between);
        }
    }
}
