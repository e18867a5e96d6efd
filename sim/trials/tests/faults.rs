//! A sample of the fault table: what stops the arm does so, is found by the layer that should, and in the time that this layer has for it.

use servomesh_trials::faults::table::Row;
use servomesh_trials::faults::{Args, run};

fn tried(only: &str) -> Row {
    let args = Args {
        runs: 1,
        seed: 1,
        only: only.to_owned(),
        markdown: None,
        json: None,
    };
    let summary = run(&args, |row| println!("{row:?}")).expect("the cell can be set up");
    let amiss: Vec<String> = summary.amiss().collect();
    assert!(amiss.is_empty(), "{amiss:#?}");
    summary.rows.into_iter().next().expect("a row")
}

/// Asserts when a fault is found at the latest, that the drives do otherwise a period later, and that the stop then takes no longer than was published before.
fn check(only: &str, found_ms: f64) {
    let row = tried(only);
    let found = row.found_ms.expect("it is found").max;
    assert!(found <= found_ms, "{only}: found after {found} ms");
    let acted = row.acted_ms.expect("something is done").max;
    assert!(acted <= found_ms + PERIOD_MS, "{only}: done after {acted} ms");
    let late = row.late_ms.expect("a stop was published").max;
    // What was published holds for the moment at which that was said; while a layer waits, the arm may still get faster.
    assert!(late <= found_ms, "{only}: {late} ms longer than published");
    assert_eq!(row.beyond, 0, "{only}: within its limits");
}

#[test]
fn a_collision_stops_the_arm() {
    check("collision with a post", 10.0);
}

#[test]
fn a_stuck_encoder_stops_the_arm() {
    check("encoder stuck, joint moves", 40.0);
}

#[test]
fn silence_stops_the_arm() {
    // Three setpoints that are filled in, and one and a half that are waited for.
    check("trajectory killed", 11.0);
    // The driver's command_timeout.
    check("safety killed", 40.0);
}

#[test]
fn what_can_be_borne_stops_nothing() {
    assert_eq!(tried("bus silent for 6 ms").stops, 0);
}

/// Until the next frame to the drives, and on its way.
const PERIOD_MS: f64 = 2.5;
