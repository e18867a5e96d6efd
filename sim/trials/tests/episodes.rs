//! A sample of the episodes; `cargo xtask trials episodes` plays as many as one likes.
//!
//! `SERVOMESH_EPISODES` and `SERVOMESH_EPISODES_SEED` say how many here, and which.

use servomesh_trials::episodes::{Args, Gate, Kind, Limit, Tally, run};
use std::collections::BTreeSet;

fn play(count: u64, seed: u64, gate: Gate) -> Tally {
    let args = Args {
        count,
        seed,
        gate,
        ..Args::default()
    };
    run(args).expect("the default cell's files are sound")
}

fn broken(tally: &Tally) -> BTreeSet<Limit> {
    tally.violations.iter().map(|violation| violation.limit).collect()
}

fn given(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn whatever_is_streamed_the_machine_keeps_its_limits() {
    let seed = given("SERVOMESH_EPISODES_SEED", 1);
    let tally = play(given("SERVOMESH_EPISODES", 1000), seed, Gate::Whole);
    assert!(tally.violations.is_empty(), "seed {seed}: {tally}");
    // Otherwise it would hold for want of motion.
    assert!(
        tally.kinds.len() == Kind::ALL.len() && tally.sites.len() == 6,
        "{tally}"
    );
    assert!(tally.in_motion > 20 * tally.episodes, "{tally}");
    assert!(
        tally.stops.contains_key("Clearance") && tally.stops.contains_key("Position"),
        "{tally}"
    );
}

#[test]
fn behind_a_gate_that_knows_nothing_of_what_stands_around_the_machine_runs_into_it() {
    let broken = broken(&play(120, 1, Gate::Blind));
    for limit in [
        Limit::Clearance,
        Limit::ToolSpeed,
        Limit::Velocity,
        Limit::Direction,
    ] {
        assert!(broken.contains(&limit), "{limit:?} is not seen: {broken:?}");
    }
}

#[test]
fn without_a_gate_the_machine_breaks_its_own_limits() {
    let broken = broken(&play(60, 1, Gate::Bypassed));
    for limit in [Limit::Acceleration, Limit::Clearance, Limit::Touch] {
        assert!(broken.contains(&limit), "{limit:?} is not seen: {broken:?}");
    }
}

#[test]
fn an_episode_is_the_same_alone_and_among_others() {
    let some = |from, count, jobs| {
        let args = Args {
            from,
            count,
            jobs,
            ..Args::default()
        };
        run(args).expect("the default cell's files are sound")
    };
    let together = some(7, 3, 2);
    let mut alone = Tally::default();
    for only in [9, 7, 8] {
        let args = Args {
            only: Some(only),
            ..Args::default()
        };
        alone.add(run(args).expect("the default cell's files are sound"));
    }
    assert_eq!(together, alone);
}
