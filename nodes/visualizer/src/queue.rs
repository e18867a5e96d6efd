//! Decides what is lost when the pictures can't keep up: the oldest pose or point, never the control path's time.
//!
//! Sending to rerun takes microseconds as a rule and tens of milliseconds now and then; whoever hands over a record must
//! not wait for that. So the queue is bounded, and a full queue drops the oldest record of a kind that comes again soon;
//! only if there is none, the oldest of the rest.
//!
//! **Invariant:** `push` never waits for the drawing side, and everything that it takes is drawn or counted as dropped.

use crate::record::Record;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Records on their way to the sink's thread.
#[derive(Debug)]
pub(crate) struct Queue {
    capacity: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    records: VecDeque<Record>,
    dropped: u64,
    closed: bool,
}

impl Queue {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Adds a record; a closed queue takes none.
    pub(crate) fn push(&self, record: Record) {
        let mut state = self.lock();
        if state.closed {
            return;
        }
        if state.records.len() >= self.capacity {
            let oldest = state.records.iter().position(Record::comes_again).unwrap_or(0);
            state.records.remove(oldest);
            state.dropped += 1;
        }
        state.records.push_back(record);
        self.changed.notify_one();
    }

    /// Waits for records and takes all there are; `None` once the queue is closed and empty.
    pub(crate) fn take_all(&self) -> Option<VecDeque<Record>> {
        let mut state = self.lock();
        while state.records.is_empty() && !state.closed {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let records = std::mem::take(&mut state.records);
        (!records.is_empty()).then_some(records)
    }

    /// Takes no more records; what is in it can still be taken.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Records lost since the start.
    pub(crate) fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    // A thread that panicked while it held the lock left a queue of whole records.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Poses, Rows, Series};
    use servomesh_types::{GroupName, SafetyMode, Stamp};

    fn poses(ms: i64) -> Record {
        Record::Poses(Poses {
            stamp: Stamp::from_millis(ms),
            links: Vec::new(),
            trail: Vec::new(),
        })
    }

    fn gate(ms: i64) -> Record {
        let group = GroupName::new("arm").expect("a good name");
        Record::Gate {
            stamp: Stamp::from_millis(ms),
            group,
            mode: SafetyMode::Stopped,
        }
    }

    fn rows(ms: i64) -> Record {
        let group = GroupName::new("arm").expect("a good name");
        let stamps = vec![Stamp::from_millis(ms)];
        Record::Rows(Rows {
            group,
            series: Series::Desired,
            stamps,
            values: Vec::new(),
        })
    }

    #[test]
    fn a_full_queue_drops_the_oldest_and_counts_it() {
        let queue = Queue::new(3);
        (0..5).for_each(|i| queue.push(poses(i)));
        assert_eq!(queue.dropped(), 2);
        assert_eq!(queue.take_all().unwrap(), [poses(2), poses(3), poses(4)]);
    }

    #[test]
    fn facts_outlive_pictures() {
        let queue = Queue::new(3);
        [gate(0), poses(1), rows(2), gate(3), poses(4)]
            .into_iter()
            .for_each(|record| queue.push(record));
        assert_eq!(queue.take_all().unwrap(), [gate(0), gate(3), poses(4)]);
        (0..4).for_each(|i| queue.push(gate(i)));
        assert_eq!(
            queue.take_all().unwrap(),
            [gate(1), gate(2), gate(3)],
            "only facts: the oldest goes"
        );
        assert_eq!(queue.dropped(), 3);
    }

    #[test]
    fn a_closed_queue_is_emptied_and_then_over() {
        let queue = Queue::new(3);
        queue.push(poses(1));
        queue.close();
        queue.push(poses(2));
        assert_eq!(queue.take_all().unwrap(), [poses(1)]);
        assert_eq!(queue.take_all(), None);
    }
}
