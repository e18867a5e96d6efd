//! Time laws of paths of every kind: tiny and huge, with knots that nearly meet, of one to sixteen joints, with efforts, with a tool,
//! starting in motion. Looked at from outside: at every node, on both sides of it, and in between.
//!
//! Each case has a seed of its own, which a failure prints; `SERVOMESH_TIMING_SEED=<seed>` runs that case of each test alone, and
//! `SERVOMESH_TIMING_CASES=<factor>` as many times more cases.

#[path = "timing_support/mod.rs"]
mod support;
#[path = "timing_support/tools.rs"]
mod tools;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use servomesh_motion::timing::{AlongLimits, Efforts, Limits, Untimeable, plan};
use servomesh_motion::{Bounds, Spline, State, TimedSpline};
use servomesh_robot::{Model, Workspace};
use servomesh_types::JointVec;
use support::{bounds, spline};

/// Runs that many cases; those that fail are told with their seeds.
fn cases(count: u64, case: impl Fn(&mut ChaCha8Rng)) {
    let variable = |name: &str| -> Option<u64> {
        let value = std::env::var(name).ok()?;
        Some(
            value
                .parse()
                .unwrap_or_else(|_| panic!("{name}={value} is not a number")),
        )
    };
    let seeds = match variable("SERVOMESH_TIMING_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..count * variable("SERVOMESH_TIMING_CASES").unwrap_or(1),
    };
    let fails = |seed: &u64| {
        let mut random = ChaCha8Rng::seed_from_u64(*seed);
        let run = std::panic::AssertUnwindSafe(|| case(&mut random));
        let failed = std::panic::catch_unwind(run).is_err();
        if failed {
            eprintln!("failed with SERVOMESH_TIMING_SEED={seed}\n");
        }
        failed
    };
    let failed: Vec<u64> = seeds.filter(fails).take(10).collect();
    assert!(failed.is_empty(), "cases that fail: {failed:?}");
}

/// Between two numbers, evenly by order of magnitude.
fn magnitude(random: &mut ChaCha8Rng, least: f64, most: f64) -> f64 {
    (least.ln() + random.random::<f64>() * (most / least).ln()).exp()
}

/// A path through random points; some of them nearly where the one before is.
fn path(random: &mut ChaCha8Rng, joints: usize, waypoints: usize, scale: f64) -> Spline {
    let mut points: Vec<Vec<f64>> = Vec::new();
    let mut steps = Vec::new();
    for k in 0..waypoints {
        let mut point: Vec<f64> = (0..joints)
            .map(|_| scale * random.random_range(-2.0..2.0))
            .collect();
        if k > 0 {
            let near = match random.random_range(0..20) {
                0 => Some(1e-3),
                1 | 2 => Some(1e-2),
                _ => None,
            };
            let before = &points[k - 1];
            if let Some(near) = near {
                for (value, before) in point.iter_mut().zip(before) {
                    *value = before + near * *value;
                }
            }
            let apart = point
                .iter()
                .zip(before)
                .map(|(a, b)| (a - b).powi(2))
                .sum::<f64>()
                .sqrt();
            steps.push(apart.max(1e-3 * scale));
        }
        points.push(point);
    }
    spline(&points, &steps)
}

fn limits_of_joints(random: &mut ChaCha8Rng, joints: usize, scale: f64, with_jerk: bool) -> Bounds {
    let mut draw = |least: f64, most: f64| -> Vec<f64> {
        (0..joints)
            .map(|_| scale * magnitude(random, least, most))
            .collect()
    };
    let (velocity, acceleration) = (draw(0.1, 10.0), draw(0.3, 30.0));
    let jerk = if with_jerk {
        draw(3.0, 1000.0)
    } else {
        vec![f64::INFINITY; joints]
    };
    bounds(&velocity, &acceleration, &jerk)
}

/// Times within each piece, and close to both its ends.
fn times(timed: &TimedSpline) -> impl Iterator<Item = f64> {
    timed.corners().windows(2).flat_map(|pair| {
        let whole = pair[1] - pair[0];
        [1e-6, 0.25, 0.5, 0.75, 1.0 - 1e-6].map(|share| pair[0] + share * whole)
    })
}

#[track_caller]
fn within(what: &str, t: f64, value: f64, limit: f64) {
    let least = 1e-9 * limit;
    assert!(
        value.abs() <= limit + least,
        "{what} {value} at {t} s is beyond {limit}"
    );
}

/// The law is one motion from the start to rest at the end, and its joints keep `bounds`.
#[track_caller]
fn judge(timed: &TimedSpline, limits: &Limits<'_>) {
    let bounds = limits.bounds;
    let (law, duration) = (timed.law(), timed.duration());
    assert!(duration.is_finite() && duration > 0.0, "{duration} s");
    assert!((law.at(0.0).rate - limits.start_rate).abs() <= 1e-9 * limits.start_rate);
    let jerk_limited = bounds.jerk.iter().any(|jerk| jerk.is_finite());
    let fastest = times(timed).map(|t| law.at(t).rate).fold(0.0, f64::max);
    let hardest = times(timed)
        .map(|t| law.at(t).acceleration.abs())
        .fold(0.0, f64::max);
    for pair in law.corners().windows(2) {
        let (middle, h) = (law.at(0.5 * (pair[0] + pair[1])), 0.5 * (pair[1] - pair[0]));
        let s = middle.s + h * (middle.rate + h * (middle.acceleration / 2.0 + h * middle.jerk / 6.0));
        let rate = middle.rate + h * (middle.acceleration + h * middle.jerk / 2.0);
        let next = law.at(pair[1]);
        let at = pair[1];
        // What rounding of the time may do at this rate comes on top.
        let off = 1e-9 * law.length() * 1e-2 + 1e-12 * fastest * duration;
        assert!(
            (next.s - s).abs() <= off,
            "λ jumps by {} at {at} s of {duration}",
            next.s - s
        );
        if pair[1] < duration {
            let off = 1e-9 * fastest + 1e-12 * hardest * duration;
            assert!(
                (next.rate - rate).abs() <= off,
                "λ̇ jumps by {} of {fastest} at {at} s",
                next.rate - rate
            );
            if jerk_limited {
                let acceleration = middle.acceleration + h * middle.jerk;
                let off = (next.acceleration - acceleration).abs();
                assert!(off <= 1e-7 * hardest, "λ̈ jumps by {off} of {hardest} at {at} s");
            }
        }
    }
    let mut before = 0.0;
    for t in times(timed) {
        let moment = law.at(t);
        assert!(
            moment.s >= before - 1e-12 * law.length() && moment.rate >= 0.0,
            "λ falls at {t} s"
        );
        before = moment.s;
        let sample = timed.at(t);
        for j in 0..bounds.velocity.len() {
            within("velocity", t, sample.state.velocity[j], bounds.velocity[j]);
            within(
                "acceleration",
                t,
                sample.state.acceleration[j],
                bounds.acceleration[j],
            );
            within("jerk", t, sample.jerk[j], bounds.jerk[j]);
        }
        if let Some(along) = limits.along {
            let most = along(moment.s);
            within("λ̇", t, moment.rate, most.rate);
            within("λ̈", t, moment.acceleration, most.acceleration);
        }
    }
    let end = timed.at(duration);
    assert!(end.state.is_at_rest(), "it ends at rest");
    let off = law.at(duration - 1e-12 * duration).s - law.length();
    assert!(off.abs() <= 1e-9 * law.length(), "it ends {off} before its end");
}

/// Limits of effort at the same times.
#[track_caller]
fn judge_efforts(timed: &TimedSpline, efforts: &Efforts<'_>) {
    let mut workspace = Workspace::new(efforts.model);
    for t in times(timed) {
        let State {
            position,
            velocity,
            acceleration,
        } = timed.at(t).state;
        let mut effort = JointVec::zeros(position.len());
        efforts
            .model
            .inverse_dynamics(&mut workspace, &position, &velocity, &acceleration, &mut effort);
        for j in 0..effort.len() {
            within("effort", t, effort[j], efforts.limit[j] * (1.0 + 1e-9));
        }
    }
}

#[test]
fn joints_keep_their_limits_on_paths_of_any_size() {
    cases(60, |random| {
        let joints = random.random_range(1..=16);
        let waypoints = random.random_range(2..40);
        let size = magnitude(random, 1e-4, 1e4);
        let scale = size * magnitude(random, 1e-2, 1e2);
        let path = path(random, joints, waypoints, size);
        let with_jerk = random.random_bool(0.7);
        let bounds = limits_of_joints(random, joints, scale, with_jerk);
        let limits = Limits::of(&bounds);
        let law = plan(&path, &limits).expect("standing still is within the limits everywhere");
        judge(&TimedSpline::new(path, law), &limits);
    });
}

#[test]
fn efforts_are_kept_together_with_jerk() {
    let model =
        Model::from_urdf_str(include_str!("../../robot/tests/golden/robots/six.urdf")).expect("is a robot");
    cases(20, |random| {
        let waypoints = random.random_range(2..20);
        let path = path(random, 6, waypoints, 1.0);
        let with_jerk = random.random_bool(0.8);
        let bounds = limits_of_joints(random, 6, 1.0, with_jerk);
        let mut workspace = Workspace::new(&model);
        let mut most = JointVec::zeros(6);
        for i in 0..=400 {
            let mut hold = JointVec::zeros(6);
            let q = path.at(path.duration() * f64::from(i) / 400.0).state.position;
            model.gravity_effort(&mut workspace, &q, &mut hold);
            most = JointVec::from_fn(6, |j| most[j].max(hold[j].abs()));
        }
        let share = random.random_range(1.2..4.0);
        let efforts = Efforts {
            model: &model,
            limit: JointVec::from_fn(6, |j| most[j] * share + 1.0),
        };
        let limits = Limits {
            efforts: Some(efforts),
            ..Limits::of(&bounds)
        };
        let law = plan(&path, &limits).expect("standing still is within the limits everywhere");
        let timed = TimedSpline::new(path, law);
        judge(&timed, &limits);
        judge_efforts(&timed, &efforts);
    });
}

#[test]
fn a_start_in_motion_is_kept_or_refused_as_too_fast() {
    cases(40, |random| {
        let joints = random.random_range(1..=7);
        let waypoints = random.random_range(2..20);
        let path = path(random, joints, waypoints, 1.0);
        let with_jerk = random.random_bool(0.7);
        let bounds = limits_of_joints(random, joints, 1.0, with_jerk);
        let start = path.at(0.0).state.velocity;
        let fastest = (0..joints)
            .map(|j| bounds.velocity[j] / start[j].abs().max(1e-9))
            .fold(f64::INFINITY, f64::min);
        let cap = magnitude(random, 0.1, 10.0);
        let along = move |_: f64| AlongLimits {
            rate: cap * fastest,
            ..AlongLimits::NONE
        };
        let mut limits = Limits {
            start_rate: fastest * random.random_range(0.0..1.2),
            along: random
                .random_bool(0.3)
                .then_some(&along as &dyn Fn(f64) -> AlongLimits),
            ..Limits::of(&bounds)
        };
        match plan(&path, &limits) {
            Ok(law) => judge(&TimedSpline::new(path, law), &limits),
            Err(Untimeable::StartTooFast { rate, .. }) => {
                assert!((rate - limits.start_rate).abs() <= 1e-12 * rate);
                limits.start_rate = 0.0;
                let law = plan(&path, &limits).expect("from rest it can be done");
                judge(&TimedSpline::new(path, law), &limits);
            }
            Err(error) => panic!("{error:?}"),
        }
    });
}

#[test]
fn a_path_through_a_thousand_points_keeps_its_limits() {
    cases(1, |random| {
        let path = path(random, 6, 1000, 1.0);
        let bounds = limits_of_joints(random, 6, 1.0, true);
        let limits = Limits::of(&bounds);
        let law = plan(&path, &limits).expect("standing still is within the limits everywhere");
        judge(&TimedSpline::new(path, law), &limits);
    });
}

#[test]
fn a_tool_keeps_its_limits_along_lines_arcs_and_blends() {
    let mut done = 0;
    let worst = std::cell::Cell::new([0.0_f64; 3]);
    let seen = std::cell::Cell::new(0);
    cases(25, |random| {
        let Some(run) = tools::run(random) else { return };
        seen.set(seen.get() + 1);
        let tools::Run { parts, bounds, tool } = &run;
        for (part, curve) in parts {
            let limits = Limits {
                tool: Some(tool.of(curve)),
                ..Limits::of(bounds)
            };
            let law = plan(part, &limits).expect("standing still is within the limits everywhere");
            let timed = TimedSpline::new(part.clone(), law);
            judge(&timed, &limits);
            let shares = tool.judge(&timed, curve);
            worst.set(std::array::from_fn(|k| worst.get()[k].max(shares[k])));
        }
    });
    done += seen.get();
    assert!(done > 0, "no path can be done");
    println!(
        "{done} paths; speed, acceleration and jerk of the arm's tool as shares of their limits: {:?}",
        worst.get()
    );
}
