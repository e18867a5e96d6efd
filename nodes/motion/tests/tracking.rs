//! Following the belt of the default cell: accuracy with measurements that are old and noisy, limits, joining, leaving, refusals. Seeded.

use nalgebra::Vector3;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
mod jog_cell;

use jog_cell::{cell, check_step};
use servomesh_motion::pursuit::{Axis, Point};
use servomesh_motion::tracking::{
    Because, Heard, Infeasible, LeaderSettings, Measured, Phase, PoseMove, Settings, Tracking,
};
use servomesh_motion::{Bounds, PointToPoint, Profile, State};
use servomesh_types::JointVec;

const DT: f64 = 0.002;

/// Of c: well quicker than the belt.
fn settings(range: (f64, f64)) -> Settings {
    Settings {
        coordinate: Axis {
            lower: range.0,
            upper: range.1,
            velocity: 0.4,
            acceleration: 1.5,
            jerk: 17.0,
        },
        leader: LeaderSettings::default(),
        margin: 1.0,
    }
}

/// A belt that starts, runs at 0.2 m/s, changes its speed and stops, within its limits: time-optimal pieces of constant jerk.
struct Belt {
    pieces: Vec<(f64, Profile)>,
}

impl Belt {
    fn new(start: f64, speeds: &[(f64, f64)]) -> Self {
        let one = |value: f64| JointVec::from([value]);
        let bounds = Bounds {
            lower: one(f64::NEG_INFINITY),
            upper: one(f64::INFINITY),
            velocity: one(0.5),
            acceleration: one(1.0),
            jerk: one(10.0),
        };
        let mut planner = PointToPoint::new(1);
        let mut state = State::at_rest(one(start));
        let mut pieces: Vec<(f64, Profile)> = Vec::new();
        for (k, (begins_s, speed)) in speeds.iter().enumerate() {
            if let Some((before_s, profile)) = pieces.last() {
                state = profile.at(begins_s - before_s).state;
            }
            let profile = planner
                .velocity(&state, &one(*speed), &bounds)
                .expect("within the limits");
            assert!(k > 0 || *begins_s <= 0.0);
            pieces.push((*begins_s, profile));
        }
        Self { pieces }
    }

    fn at(&self, time_s: f64) -> Point {
        let piece = self
            .pieces
            .iter()
            .rfind(|(begins_s, _)| *begins_s <= time_s)
            .unwrap_or(&self.pieces[0]);
        piece.1.at(time_s - piece.0).state.joint(0)
    }

    /// As an estimator tells it: some milliseconds late, with noise of the encoder's size.
    fn measured(&self, time_s: f64, rng: &mut ChaCha8Rng) -> Measured {
        let age_s = rng.random_range(0.002..0.006);
        let mut point = self.at((time_s - age_s).max(0.0));
        if time_s < age_s {
            point = self.at(0.0);
        }
        point.p += rng.random_range(-2e-5..2e-5);
        point.v += rng.random_range(-1e-2..1e-2);
        point.a += rng.random_range(-0.8..0.8);
        Measured { point, age_s }
    }
}

#[test]
fn the_tool_stays_on_the_belt_while_it_accelerates() {
    let cell = cell();
    let belt = Belt::new(
        0.0,
        &[
            (0.0, 0.0),
            (0.2, 0.2),
            (1.2, 0.05),
            (1.8, 0.2),
            (2.6, 0.1),
            (3.2, 0.0),
        ],
    );
    let (q, pose) = cell.over_the_belt(-0.25, 0.1);
    for (seed, is_told) in (0..6).flat_map(|seed| [(seed, false), (seed, true)]) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut frame = cell.frame();
        let start = frame.pose(0.0).inverse() * pose;
        let mut down = start;
        down.translation.vector += Vector3::new(0.03, 0.02, -0.06);
        let motion = PoseMove::between(start, down, 0.8);
        let mut tracking = Tracking::join(
            cell.arm(),
            cell.frame(),
            motion,
            &q,
            belt.at(0.0),
            &cell.bounds,
            settings((-0.1, 0.55)),
        )
        .expect("the arm can follow");
        let (mut worst, mut before, mut ticks_on) = (0.0_f64, *tracking.state(), 0);
        let mut arm = cell.arm();
        for tick in 1..=1900 {
            let time_s = f64::from(tick) * DT;
            let tracked = tracking
                .tick(
                    DT,
                    Heard {
                        measured: Some(belt.measured(time_s, &mut rng)),
                        // The belt's servo is 1 ms late.
                        told: is_told.then(|| belt.at(time_s + 1e-3)),
                    },
                )
                .expect("a tick");
            let what = format!("seed {seed}, told {is_told}, tick {tick}");
            check_step(&cell.bounds, &before, &tracked.sample.state, DT, &what);
            assert_eq!(tracked.phase, Phase::Following, "{what}: {tracked:?}");
            before = tracked.sample.state;
            // The true point of the belt, and the tool that was commanded.
            let in_frame = servomesh_motion::tracking::RelativeMotion::at(&motion, tracked.time_s).pose;
            let wanted = frame.pose(belt.at(time_s).p) * in_frame;
            let is = arm.pose(&tracked.sample.state.position);
            let error = (wanted.translation.vector - is.translation.vector).norm();
            worst = worst.max(error);
            ticks_on += usize::from(tracked.caught_up);
        }
        println!(
            "seed {seed}, told {is_told}: worst {:.3} mm, caught up {ticks_on} of 1900",
            worst * 1e3
        );
        let limit = if is_told { 0.2e-3 } else { 6e-3 };
        assert!(worst < limit, "seed {seed}, told {is_told}: {worst} m");
    }
}

#[test]
fn a_running_belt_is_joined_and_left_smoothly() {
    let cell = cell();
    let belt = Belt::new(10.0, &[(-5.0, 0.2)]);
    let (q, pose) = cell.over_the_belt(-0.25, 0.1);
    let mut frame = cell.frame();
    let start = belt.at(0.0);
    let motion = PoseMove::stay(frame.pose(start.p).inverse() * pose);
    let mut tracking = Tracking::join(
        cell.arm(),
        cell.frame(),
        motion,
        &q,
        start,
        &cell.bounds,
        settings((start.p - 0.05, start.p + 0.5)),
    )
    .expect("the arm can follow");
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut before = *tracking.state();
    let mut caught = None;
    let mut tick = 0;
    while tracking.state().velocity.max_abs() > 0.0 || tick < 10 {
        tick += 1;
        // Now and then a tick comes late by some.
        let dt = if tick % 97 == 0 { 5.0 * DT } else { DT };
        let time_s = f64::from(tick) * DT + f64::from(tick / 97) * 4.0 * DT;
        let tracked = tracking
            .tick(dt, Heard::measured(Some(belt.measured(time_s, &mut rng))))
            .expect("a tick");
        check_step(
            &cell.bounds,
            &before,
            &tracked.sample.state,
            dt,
            &format!("tick {tick}"),
        );
        before = tracked.sample.state;
        if tracked.caught_up && tracked.error < 1e-3 {
            caught = caught.or(Some(time_s));
        }
        if tick == 500 {
            assert!(tracked.error < 1e-3, "{tracked:?}");
            tracking.leave();
        }
        assert!(tick < 1000);
    }
    let caught = caught.expect("it catches up");
    // From rest to 0.2 m/s and the lost way made good, with 1.5 m/s² and 15 m/s³.
    assert!(caught < 0.9, "{caught} s");
    assert!(tick < 700, "it comes to rest soon, not after {tick} ticks");
    let ended = tracking.tick(DT, Heard::default()).expect("a tick");
    assert_eq!(ended.phase, Phase::AtRest(Because::Asked));
    assert!(ended.sample.state.is_at_rest());
}

/// A stop along the frame takes what was told before anyone asked for it: never more, and not much less.
#[test]
fn leaving_takes_no_more_than_was_told_before() {
    let cell = cell();
    let belt = Belt::new(0.0, &[(0.0, 0.2), (1.0, 0.05), (1.5, 0.2)]);
    let (q, pose) = cell.over_the_belt(-0.25, 0.1);
    let mut frame = cell.frame();
    let start = frame.pose(0.0).inverse() * pose;
    let mut down = start;
    down.translation.vector += Vector3::new(0.03, 0.02, -0.06);
    let mut tracking = Tracking::join(
        cell.arm(),
        cell.frame(),
        PoseMove::between(start, down, 0.8),
        &q,
        Point::default(),
        &cell.bounds,
        settings((-0.1, 0.5)),
    )
    .expect("the arm can follow");
    let (mut longest, mut farthest) = (0.0_f64, 0.0_f64);
    for tick in 1..1000 {
        let point = belt.at(f64::from(tick) * DT);
        let heard = Heard::measured(Some(Measured { point, age_s: 0.0 }));
        tracking.tick(DT, heard).expect("a tick");
        if tick % 7 != 0 {
            continue;
        }
        let (from, told, mut leaving) = (*tracking.state(), tracking.stopping(), tracking.clone());
        leaving.leave();
        let mut ticks = 0;
        let mut went = JointVec::zeros(6);
        while !leaving.state().is_at_rest() {
            let phase = leaving.tick(DT, Heard::default()).expect("a tick").phase;
            assert!(
                !matches!(phase, Phase::Stopping(_)),
                "tick {tick}: beside the frame"
            );
            ticks += 1;
            for i in 0..6 {
                went[i] = went[i].max((leaving.state().position[i] - from.position[i]).abs());
                assert!(
                    went[i] <= told.distance[i],
                    "tick {tick}, joint {i}: {} of {told:?}",
                    went[i]
                );
            }
        }
        // The motion ends within the last tick.
        let took_s = f64::from(ticks) * DT;
        assert!(took_s < told.time_s + DT, "tick {tick}: {took_s} s of {told:?}");
        longest = longest.max(told.time_s / (took_s + 0.02));
        for i in 0..6 {
            farthest = farthest.max(told.distance[i] / (went[i] + 0.01));
        }
    }
    println!("at most {longest:.2} times as long and {farthest:.2} times as far was told");
    assert!(longest < 2.0 && farthest < 2.5, "{longest} {farthest}");
}

#[test]
fn what_is_out_of_reach_is_refused_or_left_in_time() {
    let cell = cell();
    let (q, pose) = cell.over_the_belt(-0.25, 0.1);
    let mut frame = cell.frame();
    let motion = PoseMove::stay(frame.pose(0.0).inverse() * pose);
    let join = |motion: PoseMove, range: (f64, f64), velocity: f64| {
        let mut settings = settings(range);
        settings.coordinate.velocity = velocity;
        Tracking::join(
            cell.arm(),
            cell.frame(),
            motion,
            &q,
            Point::default(),
            &cell.bounds,
            settings,
        )
    };
    let far = join(motion, (-0.1, 3.0), 0.4).expect_err("the belt is longer than the arm");
    let where_to = match far {
        Infeasible::OutOfReach { coordinate, .. } | Infeasible::Beyond { coordinate, .. } => coordinate,
        other => panic!("{other:?}"),
    };
    assert!(where_to > 0.5, "{far:?}");
    let fast = join(motion, (-0.1, 0.5), 6.0).expect_err("too fast");
    assert!(matches!(fast, Infeasible::Beyond { .. }), "{fast:?}");
    let mut moved = frame.pose(0.0).inverse() * pose;
    moved.translation.vector.z += 0.01;
    let elsewhere = join(PoseMove::stay(moved), (-0.1, 0.5), 0.4).expect_err("it would jump");
    assert!(
        matches!(elsewhere, Infeasible::StartsElsewhere { distance, .. } if (distance - 0.01).abs() < 1e-6),
        "{elsewhere:?}"
    );

    // The range that was asked for ends before the belt does.
    let belt = Belt::new(0.0, &[(0.0, 0.2)]);
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for lost in [false, true] {
        let mut tracking = join(motion, (-0.1, 0.3), 0.4).expect("the arm can follow");
        let mut before = *tracking.state();
        let mut phase = Phase::Following;
        for tick in 1..2500 {
            let time_s = f64::from(tick) * DT;
            let measured = (!lost || tick < 300).then(|| belt.measured(time_s, &mut rng));
            let tracked = tracking.tick(DT, Heard::measured(measured)).expect("a tick");
            check_step(
                &cell.bounds,
                &before,
                &tracked.sample.state,
                DT,
                &format!("tick {tick}"),
            );
            (before, phase) = (tracked.sample.state, tracked.phase);
        }
        assert!(before.velocity.max_abs() < 1e-9, "{before:?}");
        if lost {
            assert_eq!(phase, Phase::AtRest(Because::FrameLost));
        } else {
            assert!(
                (tracking.coordinate().p - 0.3).abs() < 1e-6,
                "it stops at the end of the range"
            );
        }
    }
}

#[test]
fn a_belt_that_runs_away_never_makes_the_arm_break_its_limits() {
    let cell = cell();
    let (q, pose) = cell.over_the_belt(-0.25, 0.1);
    for seed in 0..8 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut frame = cell.frame();
        let mut narrow = cell.bounds;
        // An arm that can do what was checked, but not what comes.
        narrow.velocity = JointVec::from_fn(6, |i| cell.bounds.velocity[i] * 0.25);
        let motion = PoseMove::stay(frame.pose(0.0).inverse() * pose);
        let mut tracking = Tracking::join(
            cell.arm(),
            cell.frame(),
            motion,
            &q,
            Point::default(),
            &narrow,
            settings((-0.1, 0.5)),
        )
        .expect("the arm can follow");
        let mut before = *tracking.state();
        let mut measured = Point::default();
        for tick in 1..1500 {
            if rng.random_bool(0.02) {
                measured = Point {
                    p: rng.random_range(-1.0..1.0),
                    v: rng.random_range(-2.0..2.0),
                    a: rng.random_range(-9.0..9.0),
                };
            }
            let told = rng.random_bool(0.9).then_some(Measured {
                point: measured,
                age_s: 0.004,
            });
            let tracked = tracking.tick(DT, Heard::measured(told)).expect("a tick");
            check_step(
                &narrow,
                &before,
                &tracked.sample.state,
                DT,
                &format!("seed {seed}, tick {tick}"),
            );
            before = tracked.sample.state;
        }
    }
}

#[test]
fn ticks_allocate_nothing() {
    let cell = cell();
    let (q, pose) = cell.over_the_belt(-0.25, 0.1);
    let mut frame = cell.frame();
    let motion = PoseMove::stay(frame.pose(0.0).inverse() * pose);
    let belt = Belt::new(0.0, &[(0.0, 0.2)]);
    let mut tracking = Tracking::join(
        cell.arm(),
        cell.frame(),
        motion,
        &q,
        Point::default(),
        &cell.bounds,
        settings((-0.1, 0.5)),
    )
    .expect("the arm can follow");
    let count = allocation_counter::measure(|| {
        for tick in 1..800 {
            let point = belt.at(f64::from(tick) * DT);
            tracking
                .tick(DT, Heard::measured(Some(Measured { point, age_s: 0.0 })))
                .expect("a tick");
        }
        tracking.leave();
        for _ in 0..400 {
            tracking.tick(DT, Heard::default()).expect("a tick");
        }
    });
    assert_eq!(count.count_total, 0);
    assert!(tracking.state().is_at_rest());
}
