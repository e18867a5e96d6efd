//! Gears and cams: what is refused, that curves are smooth, that followers catch up within limits and are then in step exactly.

use std::f64::consts::TAU;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use servomesh_motion::cam::{BadCam, CamTable, Coupling, Law};
use servomesh_motion::pursuit::{Axis, BadTick, Point};
use servomesh_motion::{Bounds, PointToPoint, Quantity, State};
use servomesh_types::JointVec;

const DT: f64 = 0.002;

fn axis(range: f64, velocity: f64, acceleration: f64, jerk: f64) -> Axis {
    Axis {
        lower: -range,
        upper: range,
        velocity,
        acceleration,
        jerk,
    }
}

fn bounds_of(axis: &Axis) -> Bounds {
    let one = |value: f64| JointVec::from([value]);
    Bounds {
        lower: one(axis.lower),
        upper: one(axis.upper),
        velocity: one(axis.velocity),
        acceleration: one(axis.acceleration),
        jerk: one(axis.jerk),
    }
}

/// A leader that goes to random places within its limits, retargeted in mid-motion: its setpoints and jerks.
fn leader(axis: &Axis, seed: u64, ticks: usize) -> Vec<(Point, f64)> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut planner = PointToPoint::new(1);
    let mut state = State::at_rest(JointVec::zeros(1));
    let mut motion = Vec::new();
    while motion.len() < ticks {
        let goal = JointVec::from([rng.random_range(axis.lower.max(-3.0)..axis.upper.min(3.0))]);
        let profile = planner
            .position(&state, &goal, &bounds_of(axis))
            .expect("a place within the limits");
        let count = 1 + (profile.duration() * rng.random_range(0.3..1.5) / DT) as usize;
        for tick in 1..=count {
            let sample = profile.at(tick as f64 * DT);
            motion.push((sample.state.joint(0), sample.jerk[0]));
        }
        state = profile.at(count as f64 * DT).state;
    }
    motion
}

fn check_step(axis: &Axis, from: Point, to: Point, what: &str) {
    let high = 1.0 + 1e-9;
    let keeps = to.p >= axis.lower - 1e-9
        && to.p <= axis.upper + 1e-9
        && to.v.abs() <= axis.velocity * high
        && to.a.abs() <= axis.acceleration * high
        && (to.a - from.a).abs() <= axis.jerk * DT * high + 1e-15;
    assert!(keeps, "{what}: {axis:?} {from:?} {to:?}");
}

#[test]
fn tables_that_are_no_cam_are_refused() {
    let check = |points: &[(f64, f64)], period: f64, expected: &str| {
        let error = CamTable::through(points, period).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(&[], 0.0, "0 points");
    check(&[(0.0, 1.0)], 0.0, "1 points");
    check(&vec![(0.0, 0.0); 1001], 0.0, "1001 points: a cam has 2 to 1000");
    check(
        &[(0.0, 0.0), (1.0, f64::NAN)],
        0.0,
        "point 1: leader 1, follower NaN",
    );
    check(&[(f64::INFINITY, 0.0), (1.0, 0.0)], 0.0, "point 0: leader inf");
    check(
        &[(0.0, 0.0), (1.0, 1.0), (1.0, 2.0)],
        0.0,
        "point 2: leader 1 is not above 1",
    );
    check(&[(1.0, 0.0), (0.0, 1.0)], 0.0, "point 1: leader 0 is not above 1");
    check(&[(1.0, 0.0), (1.0 + 1e-12, 1.0)], 0.0, "too close");
    check(&[(-1e308, 0.0), (1e308, 1.0)], 0.0, "point 1");
    check(
        &[(0.0, 0.0), (2.0, 1.0)],
        1.0,
        "period 1: it has to be at least 2",
    );
    check(&[(0.0, 0.0), (2.0, 1.0)], -3.0, "period -3");
    check(&[(0.0, 0.0), (2.0, 1.0)], f64::NAN, "period NaN");
    check(&[(0.0, 0.0), (2.0, 1.0)], 2.0, "the follower would jump");
    assert_eq!(
        CamTable::through(&[(0.0, 0.0)], 0.0).err(),
        Some(BadCam::Count { count: 1 })
    );
}

#[test]
fn a_cam_goes_through_its_points_with_continuous_curvature() {
    for seed in 0..200 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut at = rng.random_range(-5.0..5.0);
        let points: Vec<(f64, f64)> = (0..rng.random_range(2..12))
            .map(|_| {
                at += rng.random_range(0.1..2.0);
                (at, rng.random_range(-1.0..1.0))
            })
            .collect();
        let (first, last) = (points[0].0, points[points.len() - 1].0);
        let periodic = seed % 2 == 0;
        let period = last - first + rng.random_range(0.1..1.0);
        let table = CamTable::through(&points, if periodic { period } else { 0.0 }).unwrap();
        for (leader, follower) in &points {
            assert!((table.at(*leader)[0] - follower).abs() < 1e-12, "seed {seed}");
            for k in [-3.0, 0.0, 40.0] {
                let shifted = leader + k * period;
                if periodic {
                    assert!((table.at(shifted)[0] - follower).abs() < 1e-9, "seed {seed}");
                    let (a, b) = (table.at(shifted - 1e-9), table.at(shifted + 1e-9));
                    for order in 0..3 {
                        assert!((a[order] - b[order]).abs() < 1e-4, "seed {seed}: {a:?} {b:?}");
                    }
                }
            }
        }
        let mut at = first - 0.5;
        while at < last + 0.5 {
            let (a, b) = (table.at(at), table.at(at + 1e-6));
            for order in 0..3 {
                let slope = (b[order] - a[order]) / 1e-6;
                // Where the third derivative jumps, a difference lies between the two.
                let (low, high) = (a[order + 1].min(b[order + 1]), a[order + 1].max(b[order + 1]));
                let scale = 1e-3 * (1.0 + table_scale(&points));
                assert!(
                    slope > low - scale && slope < high + scale,
                    "seed {seed}, derivative {order} at {at}: {slope} is not in {low} … {high}"
                );
            }
            at += 0.0137;
        }
        if !periodic {
            let [before, rates @ ..] = table.at(first - 1.0);
            assert!((before - points[0].1).abs() <= 0.0 && rates.iter().all(|rate| rate.abs() <= 0.0));
            let [_, slope, curvature, _] = table.at(first);
            assert!(
                slope.abs() < 1e-12 && curvature.abs() < 1e-12,
                "it stands still at its ends"
            );
        }
    }
}

/// How large derivatives get where points lie close together.
fn table_scale(points: &[(f64, f64)]) -> f64 {
    let narrowest = points
        .windows(2)
        .map(|pair| pair[1].0 - pair[0].0)
        .fold(f64::INFINITY, f64::min);
    narrowest.powi(-4)
}

#[test]
fn a_periodic_cam_of_a_sine_is_one() {
    let points: Vec<(f64, f64)> = (0..64)
        .map(|k| TAU * f64::from(k) / 64.0)
        .map(|at| (at, at.sin()))
        .collect();
    let table = CamTable::through(&points, TAU).unwrap();
    for k in 0..1000 {
        let at = f64::from(k) * 0.05 - 20.0;
        let [p, v, a, _] = table.at(at);
        assert!((p - at.sin()).abs() < 1e-6, "{at}");
        assert!((v - at.cos()).abs() < 1e-4, "{at}");
        assert!((a + at.sin()).abs() < 3e-3, "{at}");
    }
}

#[test]
fn what_the_leader_may_do_has_to_fit_the_follower() {
    let follower = axis(1.0, 1.0, 4.0, 40.0);
    let fits = |law: &Law, leader: Axis| law.fits(&leader, &follower);
    assert_eq!(
        fits(&Law::gear(-2.0), axis(0.5, 0.5, 2.0, 20.0)),
        Ok(()),
        "exactly"
    );
    let check = |law: &Law, leader: Axis, quantity, value: f64, limit: f64| {
        let problem = fits(law, leader).expect_err("it does not fit");
        assert_eq!(
            (problem.quantity, problem.limit),
            (quantity, limit),
            "{problem:?}"
        );
        assert!((problem.value - value).abs() < 0.02 * value.abs(), "{problem:?}");
    };
    let gear = Law::gear(-2.0);
    check(&gear, axis(0.6, 0.5, 2.0, 20.0), Quantity::Position, 1.2, 1.0);
    check(&gear, axis(0.5, 0.6, 2.0, 20.0), Quantity::Velocity, 1.2, 1.0);
    check(&gear, axis(0.5, 0.5, 2.5, 20.0), Quantity::Acceleration, 5.0, 4.0);
    check(&gear, axis(0.5, 0.5, 2.0, 30.0), Quantity::Jerk, 60.0, 40.0);
    let nan = fits(&Law::gear(f64::NAN), axis(0.5, 0.5, 2.0, 20.0)).expect_err("no number");
    assert_eq!(nan.quantity, Quantity::Position);

    let sine: Vec<(f64, f64)> = (0..64)
        .map(|k| TAU * f64::from(k) / 64.0)
        .map(|at| (at, 0.9 * at.sin()))
        .collect();
    let cam = Law::Cam(CamTable::through(&sine, TAU).unwrap());
    assert_eq!(fits(&cam, axis(1e9, 1.0, 1.0, 5.0)), Ok(()));
    check(&cam, axis(1e9, 1.2, 1.0, 5.0), Quantity::Velocity, 1.08, 1.0);
    // |f″|v² + |f′|a is largest where both are: 0.9 · √(v⁴ + a²).
    let most = 0.9 * (1.0_f64 + 36.0).sqrt();
    let problem = fits(&cam, axis(1e9, 1.0, 6.0, 5.0)).expect_err("too quick");
    assert_eq!(problem.quantity, Quantity::Acceleration);
    assert!(
        problem.value > 4.0 && problem.value <= most * 1.01,
        "{problem:?} {most}"
    );
    let far = Law::Cam(CamTable::through(&[(0.0, 0.0), (9.0, 1.5)], 0.0).unwrap());
    check(&far, axis(1e9, 0.1, 0.1, 1.0), Quantity::Position, 1.0, 1.0);
    assert!(Coupling::engage(gear, Point::default(), follower, axis(0.6, 0.5, 2.0, 20.0)).is_err());
}

#[test]
fn followers_catch_up_within_their_limits_and_are_then_in_step_exactly() {
    let leader_axis = axis(4.0, 1.0, 3.0, 40.0);
    let follower_axis = axis(20.0, 8.0, 40.0, 900.0);
    let sine: Vec<(f64, f64)> = (0..32)
        .map(|k| TAU * f64::from(k) / 32.0)
        .map(|at| (at, (2.0 * at).sin()))
        .collect();
    let laws = [
        Law::gear(-2.0),
        Law::gear_from(0.7, 0.4, 1.0),
        Law::Cam(CamTable::through(&sine, TAU).unwrap()),
        Law::Cam(CamTable::through(&[(-1.0, 0.0), (0.0, 0.5), (1.5, -0.5)], 0.0).unwrap()),
    ];
    for (number, law) in laws.into_iter().enumerate() {
        for seed in 0..20 {
            let from = Point {
                p: 0.3,
                v: 0.2,
                a: -1.0,
            };
            let mut coupling = Coupling::engage(law.clone(), from, follower_axis, leader_axis).unwrap();
            let (mut before, mut caught) = (from, None);
            for (tick, (leader, jerk)) in leader(&leader_axis, seed, 3000).into_iter().enumerate() {
                let coupled = coupling.tick(DT, Some((leader, jerk))).unwrap();
                let what = format!("law {number}, seed {seed}, tick {tick}");
                check_step(&follower_axis, before, coupled.point, &what);
                let (wanted, wanted_jerk) = law.follower(leader, jerk);
                if coupled.in_step {
                    caught = caught.or(Some(tick));
                    assert_eq!((coupled.point, coupled.error), (wanted, Some(0.0)), "{what}");
                    assert!((coupled.jerk - wanted_jerk).abs() < 1e-9, "{what}");
                }
                assert_eq!(
                    caught.is_some(),
                    coupled.in_step,
                    "{what}: once in step, always in step"
                );
                before = coupled.point;
            }
            let caught = caught.unwrap_or(usize::MAX);
            assert!(
                caught < 1000,
                "law {number}, seed {seed}: in step at tick {caught}"
            );
        }
    }
}

#[test]
fn without_a_leader_the_follower_comes_to_rest_and_ticks_allocate_nothing() {
    let (leader_axis, follower_axis) = (axis(4.0, 1.0, 3.0, 40.0), axis(20.0, 4.0, 40.0, 900.0));
    let law = Law::Cam(CamTable::through(&[(0.0, 0.0), (1.0, 0.5), (2.0, 0.2)], 3.0).unwrap());
    let mut coupling = Coupling::engage(law, Point::default(), follower_axis, leader_axis).unwrap();
    let motion = leader(&leader_axis, 7, 1400);
    let count = allocation_counter::measure(|| {
        for step in &motion {
            coupling.tick(DT, Some(*step)).unwrap();
        }
        let mut before = coupling.point();
        for lost in [
            None,
            Some((
                Point {
                    p: f64::NAN,
                    v: 0.0,
                    a: 0.0,
                },
                0.0,
            )),
        ]
        .into_iter()
        .cycle()
        .take(400)
        {
            let coupled = coupling.tick(DT, lost).unwrap();
            assert!(!coupled.in_step && coupled.error.is_none());
            check_step(&follower_axis, before, coupled.point, "lost");
            before = coupled.point;
        }
        assert!(before.v.abs() <= 0.0 && before.a.abs() <= 0.0);
        assert!(matches!(coupling.tick(f64::NAN, None), Err(BadTick { .. })));
    });
    assert_eq!(count.count_total, 0);
}
