//! A sample of the explorer of states, that it can fail, and that what it takes for the same state is.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use servomesh_safety::Output;
use servomesh_safety::lattice::TABLE;
use servomesh_trials::states::explorer::{Bounds, explore};
use servomesh_trials::states::judge::Judge;
use servomesh_trials::states::moves::Act;
use servomesh_trials::states::profile::{Profile, Sketch};
use servomesh_trials::states::properties::Property;
use servomesh_trials::states::themes::Theme;
use servomesh_trials::states::world::World;
use servomesh_trials::states::{Args, orders, run, sketches, themed, two_groups};
use servomesh_types::{Clearing, Severity, Stamp};
use std::collections::{BTreeMap, BTreeSet};

const EVERY: Bounds = Bounds {
    depth: usize::MAX,
    states: usize::MAX,
};

fn to_depth(depth: usize) -> Bounds {
    Bounds { depth, ..EVERY }
}

fn plain(theme: Theme) -> Profile {
    themed(&Sketch::default(), theme).expect("its file is good")
}

#[test]
fn every_state_that_setpoints_lead_to_keeps_its_promises() {
    let report = explore(&plain(Theme::Setpoints), EVERY).unwrap_or_else(|counter| panic!("{counter}"));
    assert!(report.complete && report.states > 5_000, "{report}");
    let untried: Vec<_> = report.checks.iter().filter(|(_, count)| *count == 0).collect();
    assert!(matches!(untried[..], [(Property::GroupsApart, 0)]), "{untried:?}");
}

#[test]
fn what_was_not_gone_on_from_is_said() {
    let profile = plain(Theme::Setpoints);
    let bounds = Bounds { states: 500, ..EVERY };
    let report = explore(&profile, bounds).unwrap_or_else(|counter| panic!("{counter}"));
    assert!(!report.complete && report.waiting > 0, "{report}");
    assert!(
        (500..500 + profile.moves.len()).contains(&report.states),
        "{report}"
    );
    let gone_on_from = (report.states - report.waiting) as u64;
    assert_eq!(report.transitions, gone_on_from * profile.moves.len() as u64);
}

#[test]
fn every_theme_keeps_its_promises_for_a_few_moves() {
    for theme in Theme::ALL {
        for sketch in sketches(theme) {
            let profile = themed(&sketch, theme).expect("its file is good");
            explore(&profile, to_depth(4)).unwrap_or_else(|counter| panic!("{counter}"));
        }
    }
}

#[test]
fn each_pair_of_faults_ends_in_a_stop_that_can_be_reset() {
    let mut raised = BTreeSet::new();
    for (category, manual) in [
        (servomesh_safety::StopCategory::Two, false),
        (servomesh_safety::StopCategory::One, true),
    ] {
        let profile = orders::profile(category, manual).expect("its file is good");
        let report = explore(&profile, to_depth(2)).unwrap_or_else(|counter| panic!("{counter}"));
        raised.extend(report.faults);
    }
    let missing: Vec<_> = TABLE.iter().filter(|rule| !raised.contains(&rule.code)).collect();
    assert!(missing.is_empty(), "never raised: {missing:?}");
}

#[test]
fn inputs_for_one_group_leave_the_other_alone() {
    let profile = two_groups().expect("its file is good");
    let report = explore(&profile, to_depth(3)).unwrap_or_else(|counter| panic!("{counter}"));
    let apart = report
        .checks
        .iter()
        .find(|(property, _)| *property == Property::GroupsApart);
    assert!(apart.is_some_and(|(_, count)| *count > 1000), "{apart:?}");
}

#[test]
fn a_name_that_no_profile_has_is_an_error() {
    let args = Args {
        depth: 1,
        moves: 1,
        states: 1,
        only: "nothing of the kind".to_owned(),
        jobs: 1,
    };
    let error = run(&args, |_| ()).expect_err("nothing was explored");
    assert!(error.to_string().contains(&args.only), "{error}");
}

/// What is reported if the table said something else of a fault.
fn reported(theme: Theme, code: u16, severity: Severity, clearing: Clearing) -> (Property, Vec<Act>) {
    let mut profile = plain(theme);
    profile.documented = profile.documented.with(code, severity, clearing);
    let counter = explore(&profile, to_depth(8)).expect_err("the table is wrong");
    let text = counter.to_string();
    assert!(
        text.lines().count() == 1 + counter.moves.len(),
        "one line each: {text}"
    );
    let acts = counter.moves.into_iter().flat_map(|step| step.acts);
    (counter.violation.property, acts.collect())
}

#[test]
fn a_gate_that_does_less_than_is_asked_for_is_reported_with_the_shortest_way() {
    let (property, acts) = reported(Theme::Requests, 1, Severity::Stop0, Clearing::Reset);
    assert_eq!(property, Property::AsSevereAsTheWorst);
    assert!(
        acts.len() == 3 && acts[0] == Act::Announce && acts.contains(&Act::Stop),
        "{acts:?}"
    );
}

#[test]
fn a_fault_that_is_forgotten_too_soon_or_too_late_is_reported_with_the_shortest_way() {
    let (property, acts) = reported(Theme::Heat, 76, Severity::Derate, Clearing::Reset);
    assert_eq!(property, Property::ClearsAsDocumented);
    assert!(
        acts.len() == 4 && acts[3] == Act::Recover,
        "announced, warm, heard, cooled: {acts:?}"
    );
    let (property, acts) = reported(Theme::Requests, 1, Severity::Stop2, Clearing::Itself);
    assert_eq!(property, Property::ClearsAsDocumented);
    assert!(acts.contains(&Act::Stop) && acts.len() <= 4, "{acts:?}");
}

#[test]
fn a_power_cycle_that_is_not_waited_for_is_reported() {
    let (property, acts) = reported(Theme::Requests, 5, Severity::Stop0, Clearing::PowerCycle);
    assert_eq!(property, Property::ClearsAsDocumented);
    assert!(
        acts.contains(&Act::TorqueOff) && acts.last() == Some(&Act::Reset),
        "{acts:?}"
    );
}

/// What is caused, without what is only told.
fn caused(record: Vec<(Stamp, Output)>) -> Vec<String> {
    let of = |(now, output): (Stamp, Output)| match output {
        Output::Command { group, command } => {
            let setpoint = command.setpoint;
            let stamp = setpoint.tag.stamp.seconds_from(now);
            let motion = (
                setpoint.position,
                setpoint.velocity,
                setpoint.acceleration,
                setpoint.effort_limit,
            );
            format!("{group} {:?} {stamp} {motion:?}", command.mode)
        }
        Output::State(state) => {
            let groups = state.groups.iter().map(|view| {
                let mut active: Vec<_> = view.active.iter().collect();
                active.sort_by_key(|active| active.fault.code());
                let active = active
                    .into_iter()
                    .map(|active| (active.fault.code(), active.severity, active.present));
                let active: Vec<_> = active.collect();
                let first = view.fault.map(|fault| fault.code());
                let stop = (view.mode, view.severity, view.resettable, view.stopping);
                format!(
                    "{} {stop:?} {first:?} {active:?} {} {}",
                    view.group, view.speed_scale, view.reduced
                )
            });
            format!("{:?} {:?}", state.operation, groups.collect::<Vec<_>>())
        }
        Output::Answer { granted, .. } => format!("granted: {granted}"),
        Output::Event(event) => format!("{:?} {:?}", event.kind, event.group),
    };
    record.into_iter().map(of).collect()
}

#[test]
fn two_histories_with_equal_digests_have_the_same_future() {
    let seed = 7;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut compared = 0;
    for theme in Theme::ALL {
        let profile = plain(theme);
        let mut judge = Judge::new(profile.config, profile.documented.clone()).recording();
        let mut known: BTreeMap<u64, (Vec<usize>, World)> = BTreeMap::new();
        for walk in 0..100 {
            let mut world = World::new(&profile);
            let mut way = Vec::new();
            for _ in 0..25 {
                let step = rng.random_range(0..profile.moves.len());
                way.push(step);
                world
                    .take(&profile.moves[step], &mut judge)
                    .expect("it keeps its promises");
                let Some((other, twin)) = known.get(&world.digest()) else {
                    known.insert(world.digest(), (way.clone(), world.clone()));
                    continue;
                };
                if *other == way || rng.random_range(0..4) > 0 {
                    continue;
                }
                compared += 1;
                let (mut one, mut two) = (world.clone(), twin.clone());
                let _ = judge.take_record();
                for further in 0..15 {
                    let step = &profile.moves[rng.random_range(0..profile.moves.len())];
                    let [one, two] = [&mut one, &mut two].map(|world| {
                        world.take(step, &mut judge).expect("it keeps its promises");
                        (world.digest(), caused(judge.take_record()))
                    });
                    assert_eq!(
                        one, two,
                        "seed {seed}, {theme:?}, walk {walk}, {way:?} and {other:?}, {further} later: {step}"
                    );
                }
            }
        }
    }
    assert!(compared > 500, "{compared}");
}
