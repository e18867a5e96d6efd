//! What a subscription hands over.
//!
//! r2r hands samples over in a channel of 10 and drops the newest when that is full. The loop drains every
//! channel after every spin, so it never fills: **Invariant:** the newest sample of a stream is never lost here, and
//! what was passed over is counted.

use crate::seq_watch::SeqWatch;
use futures::{FutureExt, Stream, StreamExt};

type Samples<T> = Box<dyn Stream<Item = T> + Unpin>;

/// The newest sample of a stream; older ones are counted and passed over.
pub struct Latest<T> {
    samples: Samples<T>,
    seq: Option<fn(&T) -> u64>,
    watch: SeqWatch,
}

impl<T: 'static> Latest<T> {
    /// Samples that carry a sequence number, so that losses can be counted.
    pub fn new(samples: impl Stream<Item = T> + Unpin + 'static, seq: fn(&T) -> u64) -> Self {
        Self {
            samples: Box::new(samples),
            seq: Some(seq),
            watch: SeqWatch::default(),
        }
    }

    /// Samples without a number: what never came can't be counted.
    pub fn unnumbered(samples: impl Stream<Item = T> + Unpin + 'static) -> Self {
        Self {
            samples: Box::new(samples),
            seq: None,
            watch: SeqWatch::default(),
        }
    }

    /// The newest sample since the last call.
    pub fn take(&mut self) -> Option<T> {
        let mut newest = None;
        while let Some(sample) = ready(&mut self.samples) {
            match self.seq {
                Some(seq) => self.watch.note(seq(&sample)),
                None => self.watch.received += 1,
            }
            if newest.replace(sample).is_some() {
                self.watch.superseded += 1;
            }
        }
        newest
    }

    /// What came and what was lost.
    pub fn watch(&self) -> &SeqWatch {
        &self.watch
    }
}

/// All samples, in order.
pub struct Queue<T> {
    samples: Samples<T>,
}

impl<T: 'static> Queue<T> {
    pub(super) fn new(samples: impl Stream<Item = T> + Unpin + 'static) -> Self {
        Self {
            samples: Box::new(samples),
        }
    }

    /// The next sample, if one is there.
    pub fn take(&mut self) -> Option<T> {
        ready(&mut self.samples)
    }
}

/// The next item of a stream if it is there already.
pub(super) fn ready<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    stream.next().now_or_never().flatten()
}
