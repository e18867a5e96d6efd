//! The same work for many numbers, shared out among threads.
//!
//! **Invariant:** what comes of it does not depend on how many threads there are.

use anyhow::Result;
use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{available_parallelism, scope};

/// Works on 0 … `count` − 1 with `jobs` threads, 0 for one on each core, and gives what came of each in their order.
///
/// # Errors
/// One that the work gave; no further number is begun after it.
pub(crate) fn each<T: Send>(
    count: u64,
    jobs: usize,
    work: impl Fn(u64) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let cores = available_parallelism().map_or(1, NonZero::get);
    let jobs = if jobs == 0 { cores } else { jobs };
    let next = AtomicU64::new(0);
    let share = || -> Result<Vec<(u64, T)>> {
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return Ok(done);
            }
            let result = work(number).inspect_err(|_| next.store(count, Ordering::Relaxed))?;
            done.push((number, result));
        }
    };
    let shares: Result<Vec<_>> = scope(|scope| {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(share)).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().expect("a worker does not panic"))
            .collect()
    });
    let mut done: Vec<_> = shares?.into_iter().flatten().collect();
    done.sort_unstable_by_key(|(number, _)| *number);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    #[test]
    fn each_number_is_worked_on_once_and_told_of_in_order() {
        for jobs in [0, 1, 7] {
            let squares = each(100, jobs, |number| Ok(number * number)).expect("nothing fails");
            assert!(squares.into_iter().eq((0..100).map(|number| number * number)));
        }
    }

    #[test]
    fn what_fails_ends_the_work() {
        let failed = each(
            1_000_000,
            2,
            |number| if number == 5 { bail!("five") } else { Ok(()) },
        );
        assert_eq!(failed.expect_err("it fails").to_string(), "five");
    }
}
