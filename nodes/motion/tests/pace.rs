//! Overrides, pauses, steps back and stops at random moments: on the path, within the limits, and as announced.
//!
//! Random cases are seeded; `PACE_CASES` says how many there are, and a failure names its case.

mod pace_support;

use pace_support::{Case, Run, cases};
use rand::RngExt;

#[test]
fn whatever_is_asked_at_whatever_tick_the_limits_are_kept_and_every_wish_comes_true() {
    for number in cases(150) {
        let case = Case::new(number);
        let mut run = Run::start(case);
        let wishes = run.case.rng.random_range(1..8);
        for _ in 0..wishes {
            let wait = if run.case.rng.random_bool(0.5) { 0.05 } else { 0.6 };
            let wait = run.case.rng.random_range(0.0..wait);
            run.go_on(wait);
            let rate = run.case.rng.random_range(0.05..1.0);
            let extreme = [0.0, 1.0, 0.001][run.case.rng.random_range(0..3)];
            let back = run.case.rng.random_range(0.0..2.0);
            match run.case.rng.random_range(0..10) {
                0..3 => run.set_rate(rate),
                3 => run.set_rate(extreme),
                4..7 => run.pause(),
                7..9 => run.resume(),
                _ => run.step_back(back),
            }
        }
        match number % 3 {
            0 => run.pause_and_see(),
            1 => {
                run.stop_and_see();
            }
            _ => run.resume_and_see(),
        }
    }
}

#[test]
fn a_stop_takes_no_longer_and_leads_no_farther_than_was_announced() {
    let mut over = Vec::new();
    for number in cases(150) {
        let case = Case::new(1_000_000 + number);
        let mut run = Run::start(case);
        let duration = run.duration();
        let until = run.case.rng.random_range(0.0..duration);
        run.go_on(until);
        if number % 4 == 0 {
            let rate = run.case.rng.random_range(0.1..1.0);
            run.set_rate(rate);
            let wait = run.case.rng.random_range(0.0..0.5);
            run.go_on(wait);
        }
        if let Some((announced, taken)) = run.stop_and_see() {
            over.push(announced / taken);
        }
    }
    over.sort_by(f64::total_cmp);
    let share = |p: f64| over[((over.len() - 1) as f64 * p) as usize];
    println!(
        "{} stops: announced over taken: median {:.3}, 90 % {:.3}, most {:.3}",
        over.len(),
        share(0.5),
        share(0.9),
        share(1.0)
    );
    assert!(share(0.5) < 1.5, "announced times are far too long: {}", share(0.5));
}
