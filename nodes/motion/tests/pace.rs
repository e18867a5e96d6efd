//! Overrides, pauses, steps back, stops and new motions at random moments: on the path, within the limits, and as announced.
//!
//! Random cases are seeded; `PACE_CASES` says how many there are, and a failure names its case.

mod pace_support;

use pace_support::{Case, Run, cases};
use rand::RngExt;
use servomesh_motion::{Entry, Motion, TimedPath};
use servomesh_types::JointVec;

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
    assert!(
        share(0.5) < 1.5,
        "announced times are far too long: {}",
        share(0.5)
    );
}

#[test]
fn a_stop_keeps_what_was_announced_before_a_resumption_at_the_same_moment() {
    for number in cases(150) {
        let mut run = Run::start(Case::new(5_000_000 + number));
        let until = run.duration() * run.case.rng.random_range(0.0..0.8);
        run.wait(until);
        run.pause();
        let wait = run.case.rng.random_range(0.0..0.1);
        run.wait(wait);
        let (now, bounds) = (run.now, run.case.bounds);
        let announced = run.motion.stopping(now, &bounds).time_s;
        run.resume();
        run.motion
            .stop(now, &bounds, 10.0, &mut run.case.point_to_point)
            .expect("it can stop");
        if let Some(end) = run.motion.end() {
            let taken = end.seconds_from(now);
            assert!(
                taken <= announced + 1e-8,
                "case {number}: {taken} s instead of {announced} s"
            );
        }
    }
}

#[test]
fn from_rest_there_is_always_a_way_on() {
    let mut delays = Vec::new();
    for number in cases(400) {
        let case = Case::new(4_000_000 + number);
        if !case.path.ends_at_rest() {
            continue;
        }
        let mut run = Run::start(case);
        let duration = run.duration();
        let when = match number % 4 {
            0 => run.case.rng.random_range(0.0..0.01),
            1 => duration - run.case.rng.random_range(0.0..0.3) * duration,
            2 => 10f64.powf(run.case.rng.random_range(-5.0..-1.0)),
            _ => run.case.rng.random_range(0.0..duration),
        };
        run.wait(when);
        run.pause();
        while run.motion.rate(run.now) != 0.0 && !run.motion.is_over(run.now) {
            run.wait(0.01);
        }
        if run.motion.is_over(run.now) {
            continue;
        }
        let (s, _) = run.motion.path_time(run.now).expect("it is on its path");
        run.resume();
        let resumed = run.now;
        while !run.motion.is_over(run.now) {
            run.wait(0.01);
            let waited = run.now.seconds_from(resumed);
            assert!(
                waited < 2.0 + 3.0 * duration,
                "case {number} does not go on from {s} s of {duration} s after {when} s: {:?}",
                run.motion.path_time(run.now)
            );
        }
        let end = run.motion.end().expect("it is over");
        delays.push(end.seconds_from(resumed) - (duration - s));
    }
    delays.sort_by(f64::total_cmp);
    let share = |p: f64| delays[((delays.len() - 1) as f64 * p) as usize];
    println!(
        "{} pauses: time lost by starting again: median {:.3} s, 90 % {:.3} s, most {:.3} s",
        delays.len(),
        share(0.5),
        share(0.9),
        share(1.0)
    );
    assert!(share(1.0) < 1.5, "{} s are lost", share(1.0));
}

#[test]
fn ticks_allocate_nothing() {
    for number in 0..20 {
        let case = Case::new(2_000_000 + number);
        let mut run = Run::start(case);
        if number % 2 == 0 {
            run.set_rate(0.6);
        }
        let (bounds, mut now) = (run.case.bounds, run.now);
        let allocated = allocation_counter::measure(|| {
            for _ in 0..1000 {
                now = now + std::time::Duration::from_millis(2);
                run.motion.tick(now, 2);
                let state = run.motion.at(now);
                assert!(state.position.is_finite() && run.motion.stopping(now, &bounds).time_s.is_finite());
            }
        });
        assert_eq!(allocated.count_total, 0, "case {number}");
    }
}

#[test]
fn stops_on_a_straight_line_are_nearly_as_quick_as_can_be() {
    let mut excess = Vec::new();
    for number in cases(150) {
        let case = Case::new(3_000_000 + number);
        let Some((path, s)) = pace_support::straight(&case) else {
            continue;
        };
        let mut run = Run::start(Case { path, ..case });
        let Motion::Along { path, pace, .. } = &mut run.motion else {
            unreachable!("it was started")
        };
        let still = JointVec::zeros(run.case.bounds.jerk.len());
        let quickest = run
            .case
            .point_to_point
            .velocity(&path.at(s).state, &still, &run.case.bounds);
        let quickest = quickest.expect("a stop is possible").duration();
        assert!(pace.stop(path, s, 10.0), "case {number}");
        let taken = pace.end(path).expect("it stops") - s;
        assert!(
            taken >= quickest * (1.0 - 1e-6),
            "case {number}: {taken} s is less than {quickest} s"
        );
        excess.push(taken / quickest - 1.0);
    }
    excess.sort_by(f64::total_cmp);
    let share = |p: f64| excess[((excess.len() - 1) as f64 * p) as usize] * 100.0;
    println!(
        "{} stops: excess over the quickest: median {:.2} %, 90 % {:.2} %, most {:.2} %",
        excess.len(),
        share(0.5),
        share(0.9),
        share(1.0)
    );
    assert!(share(0.5) < 5.0, "median {} %", share(0.5));
}

#[test]
fn whenever_a_motion_takes_over_it_goes_on_as_it_is() {
    let (mut begun, mut at_once) = (0, 0);
    for number in cases(25) {
        let mut run = Run::start(Case::new(6_000_000 + number));
        let mut wished = 1.0;
        for _ in 0..run.case.rng.random_range(2..8) {
            if run.case.rng.random_bool(0.6) {
                let extreme = [0.0, 1.0, 1e-3, 1e-9][run.case.rng.random_range(0..4)];
                let usual = run.case.rng.random_range(0.02..1.0);
                wished = if run.case.rng.random_bool(0.3) {
                    extreme
                } else {
                    usual
                };
                run.set_rate(wished);
            }
            if run.case.rng.random_bool(0.2) {
                run.pause();
            }
            let wait = run.case.rng.random_range(0.0..0.4);
            run.go_on(wait);
            let settled = (run.motion.rate(run.now) - wished).abs() < 1e-12;
            if let Some(rate) = take_over(&mut run, wished) {
                begun += u32::from(settled && wished > 1e-3);
                at_once += u32::from(settled && wished > 1e-3 && (rate - wished).abs() < 1e-12);
            }
            run.go_on(0.05);
        }
        run.resume_and_see();
    }
    println!("{at_once} of {begun} that took over at a steady rate went on at it");
    assert!(at_once * 10 >= begun * 9, "{at_once} of {begun}");
}

/// Replaces the motion by one to somewhere else; tells at which rate that begins.
fn take_over(run: &mut Run, wished: f64) -> Option<f64> {
    let (now, bounds) = (run.now, run.case.bounds);
    let present = run.motion.at(now);
    let n = present.position.len();
    let target = JointVec::from_fn(n, |_| run.case.rng.random_range(-2.0..2.0));
    for entry in Entry::all(&present, Some(&run.motion), now, wished, &bounds) {
        let planned = run.case.point_to_point.position(&entry.state, &target, &bounds);
        let Ok(profile) = planned else { continue };
        if profile.excess(&bounds).is_some() {
            continue;
        }
        let path = TimedPath::Profile(profile);
        if let Some(motion) = Motion::entering(path.clone(), now, &bounds, &entry, wished) {
            run.replace(motion, path);
            return Some(entry.time.rate);
        }
    }
    None
}
