//! Random and adversarial state-to-state motions: every one that is possible is found, arrives, and keeps all limits.
//!
//! `SERVOMESH_CASES` sets how many; `SERVOMESH_SEED` which.

mod cases;
mod known;
mod velocity;
mod verdict;

use cases::{Case, Cases};
use servomesh_motion::profile::Synchronization;
use servomesh_motion::{NoProfile, PointToPoint, Profile};
use verdict::Verdict;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a whole number"))
}

/// Runs that many cases: the same ones on any number of cores.
fn run(count: u64, seed: u64) -> Verdict {
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let workers: Vec<_> = (0..threads as u64)
        .map(|worker| {
            std::thread::spawn(move || {
                let mut total = Verdict::default();
                let mut planner = PointToPoint::new(7);
                for lot in (worker..count.div_ceil(LOT)).step_by(threads) {
                    let mut cases = Cases::new(seed, lot);
                    for _ in 0..LOT.min(count - lot * LOT) {
                        let case = cases.next();
                        let planned = ask(&mut planner, &case);
                        total.judge(&case, &planned);
                        cases.remember(&case, planned.ok());
                    }
                }
                total
            })
        })
        .collect();
    workers
        .into_iter()
        .map(|worker| worker.join().expect("no case fails"))
        .fold(Verdict::default(), Verdict::plus)
}

fn ask(planner: &mut PointToPoint, case: &Case) -> Result<Profile, NoProfile> {
    planner.position_with(&case.from, &case.target, &case.bounds, case.synchronization)
}

/// How many questions follow each other from one start of the random numbers.
const LOT: u64 = 10_000;

#[test]
fn every_possible_motion_is_found_and_keeps_all_limits() {
    let (count, seed) = (number("SERVOMESH_CASES", 1_000_000), number("SERVOMESH_SEED", 4));
    let verdict = run(count, seed);
    println!("{verdict:?}");
    assert!(
        verdict.failures.is_empty(),
        "seed {seed}: {} fail: {:#?}",
        verdict.failed,
        verdict.failures
    );
    // A run that looked at nothing would prove nothing.
    assert!(verdict.planned > count * 3 / 4, "{verdict:?}");
    assert!(
        verdict.refused_for_range > 0 && verdict.refused_for_line > 0,
        "{verdict:?}"
    );
    assert!(
        verdict.straight > 0 && verdict.from_beyond > 0 && verdict.retargeted > 0,
        "{verdict:?}"
    );
}

#[test]
fn every_velocity_is_reached_within_all_limits() {
    let (count, seed) = (
        number("SERVOMESH_CASES", 1_000_000) / 5,
        number("SERVOMESH_SEED", 4),
    );
    let mut planner = PointToPoint::new(7);
    let (mut reached, mut refused) = (0, 0);
    for lot in 0..count.div_ceil(LOT) {
        let mut cases = Cases::new(seed, lot);
        for k in 0..LOT.min(count - lot * LOT) {
            let case = cases.next();
            let target = cases.velocities(&case);
            let planned = planner.velocity_with(&case.from, &target, &case.bounds, case.synchronization);
            match velocity::judge(&case, &target, &planned) {
                Ok(true) => reached += 1,
                Ok(false) => refused += 1,
                Err(why) => panic!("seed {seed}, lot {lot}, {k}: {why}\nto {target:?} in {case:?}"),
            }
            cases.remember(&case, planned.ok());
        }
    }
    println!("{reached} reached, {refused} refused for their line");
    assert!(reached > count / 2 && refused > 0);
}

#[test]
fn what_failed_once_is_right() {
    let mut verdict = Verdict::default();
    for case in known::cases() {
        verdict.judge(&case, &ask(&mut PointToPoint::new(7), &case));
    }
    println!("{verdict:?}");
    assert!(verdict.failures.is_empty(), "{:#?}", verdict.failures);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let mut cases = Cases::new(1, 0);
    let case: Case = cases.next();
    let n = case.target.len();
    let mut planner = PointToPoint::new(n);
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut wrong = case.clone();
        wrong.target[0] = bad;
        let refused = planner.position_with(&wrong.from, &wrong.target, &wrong.bounds, Synchronization::Time);
        assert!(refused.is_err());
        let mut wrong = case.clone();
        wrong.from.velocity[0] = bad;
        assert!(
            planner
                .position(&wrong.from, &wrong.target, &wrong.bounds)
                .is_err()
        );
        assert!(planner.rest(&wrong.from, &wrong.bounds).is_err());
    }
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let mut wrong = case.clone();
        wrong.bounds.jerk[0] = bad;
        assert!(
            planner
                .position(&wrong.from, &wrong.target, &wrong.bounds)
                .is_err()
        );
    }
}

#[test]
fn planning_and_evaluating_allocate_nothing() {
    let mut cases = Cases::new(7, 0);
    let mut planner = PointToPoint::new(7);
    for _ in 0..200 {
        let case = cases.next();
        let mut planned = None;
        let info = allocation_counter::measure(|| {
            planned = planner
                .position_with(&case.from, &case.target, &case.bounds, Synchronization::Time)
                .ok();
            if let Some(profile) = &planned {
                std::hint::black_box(profile.at(0.3 * profile.duration()));
            }
        });
        assert_eq!(info.count_total, 0);
    }
}
