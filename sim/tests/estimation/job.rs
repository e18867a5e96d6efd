//! Runs the cell, and lets others look at it each millisecond.

pub(crate) use servomesh_sim::harness::job::{ABOVE_BELT, MIDWAY, go};
pub(crate) use servomesh_sim::harness::{ARM, Cell, HOME, LineJob};
use servomesh_trajectory::{GoalId, Status};
use std::time::Duration;

/// A cell whose machine is off by a tenth of what drivers and estimator think, after half a second.
pub(crate) fn wrong_cell(seed: u64) -> Cell {
    let mut cell = Cell::mismatched(seed, 0.1).expect("a possible machine");
    cell.run_for(Duration::from_millis(500));
    cell
}

/// Something that looks at the cell each millisecond.
pub(crate) trait Watcher {
    fn look(&mut self, cell: &mut Cell);
}

impl<F: FnMut(&mut Cell)> Watcher for F {
    fn look(&mut self, cell: &mut Cell) {
        self(cell);
    }
}

pub(crate) fn wait(cell: &mut Cell, time: Duration, watcher: &mut dyn Watcher) {
    let end = cell.now() + time;
    while cell.now() < end {
        cell.run_for(Duration::from_millis(1));
        watcher.look(cell);
    }
}

/// Waits for goals; each has to succeed.
pub(crate) fn done(cell: &mut Cell, goals: &[GoalId], watcher: &mut dyn Watcher) {
    let end = cell.now() + Duration::from_secs(6);
    while goals.iter().any(|id| cell.outcome(*id).is_none()) {
        assert!(cell.now() < end, "the goals end; {:?}", cell.events());
        cell.run_for(Duration::from_millis(1));
        watcher.look(cell);
    }
    for id in goals {
        let outcome = cell.outcome(*id).expect("it has ended");
        assert_eq!(
            outcome.status,
            Status::Succeeded,
            "{}; {:?}",
            outcome.text,
            cell.events()
        );
    }
}

/// Takes one part from the belt to the bin.
pub(crate) fn cycle(cell: &mut Cell, watcher: &mut dyn Watcher) {
    let mut job = LineJob::default();
    while job.parts() == 0 {
        if let Err(error) = job.go_on(cell) {
            panic!("{error}; {:?}", cell.events());
        }
        cell.run_for(Duration::from_millis(1));
        watcher.look(cell);
    }
}
