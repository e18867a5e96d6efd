//! What the core asks to be drawn.

mod bench;

use servomesh_types::{DriveMode, GroupName, SafetyMode, Stamp};
use servomesh_visualizer::{Config, Record, Visualizer};

fn records(seconds: f64) -> Vec<Record> {
    let mut visualizer = Visualizer::new(Config::default(), Some(bench::model()));
    let mut records = Vec::new();
    bench::run(&mut visualizer, seconds, |record| records.push(record));
    records
}

const EXPECTED: [SafetyMode; 4] = [
    SafetyMode::Normal,
    SafetyMode::Stopping,
    SafetyMode::Stopped,
    SafetyMode::Normal,
];

#[test]
fn every_change_of_a_gate_is_drawn_when_it_happens() {
    let arm = bench::name("arm");
    let changes: Vec<(Stamp, SafetyMode)> = records(9.9)
        .iter()
        .filter_map(|record| match record {
            Record::Gate { stamp, group, mode } if *group == arm => Some((*stamp, *mode)),
            _ => None,
        })
        .collect();
    let modes: Vec<SafetyMode> = changes.iter().map(|(_, mode)| *mode).collect();
    assert_eq!(modes[..4], EXPECTED);
    assert!((changes[1].0.as_seconds() - 7.6).abs() < 0.003, "{changes:?}");
}

#[test]
fn a_driver_that_does_what_it_did_is_not_drawn_again_at_once() {
    let drives: Vec<(GroupName, DriveMode)> = records(5.0)
        .iter()
        .filter_map(|record| match record {
            Record::Drive { group, mode, .. } => Some((*group, *mode)),
            _ => None,
        })
        .collect();
    assert_eq!(drives.len(), 3, "{drives:?}");
}

#[test]
fn the_tool_draws_its_last_path_only() {
    let longest = records(8.0)
        .iter()
        .filter_map(|record| match record {
            Record::Poses(poses) => Some(poses.trail.len()),
            _ => None,
        })
        .max();
    // Three seconds at 30 Hz, both ends included.
    assert!(
        longest.is_some_and(|points| (88..=92).contains(&points)),
        "{longest:?}"
    );
}

#[test]
fn the_same_run_gives_the_same_records() {
    assert!(records(2.0) == records(2.0));
}
