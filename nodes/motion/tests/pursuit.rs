//! Following moving targets: limits, exactness once caught up, and how quickly that is reached. Seeded.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use servomesh_motion::pursuit::{Axis, BadTick, Point};
use servomesh_motion::{Bounds, PointToPoint, Pursuit, State};
use servomesh_types::JointVec;

/// Of a limit.
const TOLERANCE: f64 = 1e-9;

fn random_axis(rng: &mut ChaCha8Rng) -> Axis {
    let velocity = rng.random_range(0.1..4.0_f64);
    let acceleration = velocity * rng.random_range(0.5..20.0);
    let lower = rng.random_range(-3.0..0.0_f64);
    Axis {
        lower,
        upper: lower + rng.random_range(0.5..4.0),
        velocity,
        acceleration,
        jerk: acceleration * rng.random_range(2.0..200.0),
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

fn one(point: Point) -> State {
    let mut state = State::at_rest(JointVec::zeros(1));
    state.set_joint(0, point);
    state
}

/// Fails if going from one point to the other in `dt` breaks a limit.
fn check_step(axis: &Axis, from: Point, to: Point, dt: f64, what: &str) {
    let slack = (axis.upper - axis.lower) * TOLERANCE;
    let high = 1.0 + TOLERANCE;
    let case = || format!("{what}: {axis:?} {from:?} {to:?} in {dt}");
    assert!(
        to.p >= axis.lower - slack && to.p <= axis.upper + slack,
        "{}",
        case()
    );
    assert!(to.v.abs() <= axis.velocity * high, "{}", case());
    assert!(to.a.abs() <= axis.acceleration * high, "{}", case());
    assert!(
        (to.a - from.a).abs() <= axis.jerk * dt * high + 1e-15,
        "{}",
        case()
    );
    // What constant jerk can do to velocity and position in that time.
    let (dv, dp) = (axis.jerk * dt * dt / 2.0, axis.jerk * dt.powi(3) / 6.0);
    let (v, p) = (from.v + dt * from.a, from.p + dt * (from.v + dt * from.a / 2.0));
    assert!((to.v - v).abs() <= dv * (1.0 + 1e-6) + 1e-14, "{}", case());
    assert!((to.p - p).abs() <= dp * (1.0 + 1e-6) + 1e-13, "{}", case());
}

#[test]
fn no_limit_is_exceeded_whatever_the_target_does() {
    let mut caught = 0;
    for seed in 0..300 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let axis = random_axis(&mut rng);
        let mut from = Point {
            p: rng.random_range(axis.lower..axis.upper),
            ..Point::default()
        };
        let mut target = from;
        for tick in 0..600 {
            let dt = if rng.random_bool(0.05) {
                rng.random_range(1e-5..0.05)
            } else {
                0.002
            };
            if rng.random_bool(0.02) {
                // Jumps, also to where no joint can be.
                target = Point {
                    p: rng.random_range(axis.lower - 1.0..axis.upper + 1.0),
                    v: rng.random_range(-1.5..1.5) * axis.velocity,
                    a: rng.random_range(-1.5..1.5) * axis.acceleration,
                };
            } else {
                let j = rng.random_range(-1.0..1.0) * axis.jerk;
                target = Point {
                    p: target.p + dt * (target.v + dt * (target.a / 2.0 + dt * j / 6.0)),
                    v: target.v + dt * (target.a + dt * j / 2.0),
                    a: target.a + dt * j,
                };
                if seed % 2 == 0 {
                    (target.v, target.a) = (0.0, 0.0);
                }
            }
            let followed = axis.follow(from, target, dt);
            check_step(
                &axis,
                from,
                followed.point,
                dt,
                &format!("seed {seed}, tick {tick}"),
            );
            assert!(
                axis.can_stop(followed.point),
                "seed {seed}, tick {tick}: {axis:?} {followed:?}"
            );
            caught += usize::from(followed.on_target);
            from = followed.point;
        }
    }
    assert!(caught > 2000, "{caught} ticks on the target");
}

#[test]
fn velocities_are_followed_up_to_the_limits_and_no_farther() {
    for seed in 0..200 {
        let mut rng = ChaCha8Rng::seed_from_u64(1000 + seed);
        let axis = random_axis(&mut rng);
        let mut from = Point {
            p: rng.random_range(axis.lower..axis.upper),
            ..Point::default()
        };
        let mut velocity = 0.0;
        for tick in 0..800 {
            if rng.random_bool(0.005) {
                velocity = rng.random_range(-1.5..1.5) * axis.velocity;
            }
            let to = axis.follow_velocity(from, velocity, 0.002);
            check_step(&axis, from, to, 0.002, &format!("seed {seed}, tick {tick}"));
            assert!(axis.can_stop(to), "seed {seed}, tick {tick}: {axis:?} {to:?}");
            from = to;
        }
        for _ in 0..5000 {
            from = axis.follow_velocity(from, axis.velocity, 0.01);
        }
        assert!(
            (from.p - axis.upper).abs() < 1e-9 * (axis.upper - axis.lower),
            "seed {seed}: {axis:?} comes to its upper limit, not to {from:?}"
        );
    }
}

#[test]
fn a_target_that_keeps_the_limits_is_caught_and_then_met_exactly() {
    for seed in 0..200 {
        let mut rng = ChaCha8Rng::seed_from_u64(2000 + seed);
        let mut axis = random_axis(&mut rng);
        (axis.lower, axis.upper) = (-1000.0, 1000.0);
        // The leader: a joint with somewhat lower limits that is sent around by Ruckig.
        let leader_bounds = bounds_of(&axis).scaled(0.7, 0.7, 0.7);
        let mut planner = PointToPoint::new(1);
        let mut leader = one(Point {
            p: rng.random_range(-2.0..2.0),
            ..Point::default()
        });
        let mut from = Point::default();
        let dt = 0.002;
        let mut caught = false;
        for leg in 0..6 {
            let goal = JointVec::from([rng.random_range(-3.0..3.0)]);
            let profile = planner.position(&leader, &goal, &leader_bounds).unwrap();
            // Cut off in mid-motion, except the first legs, which leave time to catch up.
            let share = if leg < 2 { 2.0 } else { rng.random_range(0.3..1.2) };
            let ticks = (profile.duration() * share / dt) as usize + usize::from(leg < 2) * 1000;
            for tick in 1..=ticks {
                leader = profile.at(tick as f64 * dt).state;
                let target = leader.joint(0);
                let followed = axis.follow(from, target, dt);
                let what = format!("seed {seed}, leg {leg}, tick {tick}");
                check_step(&axis, from, followed.point, dt, &what);
                assert!(
                    !caught || followed.on_target && followed.point == target,
                    "{what}: {axis:?} {from:?} {target:?} {followed:?}"
                );
                caught |= followed.on_target;
                from = followed.point;
            }
        }
        assert!(caught, "seed {seed}: never caught");
    }
}

/// Time-optimality: the number of ticks until a target that runs at a constant velocity is met, against Ruckig's duration in the frame of
/// the target. Velocities have other limits there, so only pursuits that don't reach them are compared.
#[test]
fn catching_up_takes_as_long_as_the_solver_says() {
    let mut compared = 0;
    for seed in 0..2000 {
        let mut rng = ChaCha8Rng::seed_from_u64(4000 + seed);
        let mut axis = random_axis(&mut rng);
        (axis.lower, axis.upper) = (f64::NEG_INFINITY, f64::INFINITY);
        let speed = rng.random_range(-0.3..0.3) * axis.velocity;
        let start = Point {
            p: 0.0,
            v: rng.random_range(-0.3..0.3) * axis.velocity,
            a: rng.random_range(-0.5..0.5) * axis.acceleration,
        };
        let gap = rng.random_range(-0.2..0.2) * axis.velocity;
        if start.v.abs() + start.a * start.a / (2.0 * axis.jerk) > axis.velocity {
            continue;
        }
        let bounds = bounds_of(&axis);
        let seen = one(Point {
            v: start.v - speed,
            ..start
        });
        let profile = PointToPoint::new(1)
            .position(&seen, &JointVec::from([gap]), &bounds.scaled(3.0, 1.0, 1.0))
            .unwrap();
        let fastest = (0..=200)
            .map(|k| {
                profile
                    .at(profile.duration() * f64::from(k) / 200.0)
                    .state
                    .velocity[0]
                    + speed
            })
            .fold(0.0, |most: f64, v| most.max(v.abs()));
        if fastest > axis.velocity {
            continue;
        }
        compared += 1;
        let dt = profile.duration() / 50.5;
        let mut from = start;
        let mut ticks = 0;
        loop {
            ticks += 1;
            let target = Point {
                p: gap + speed * dt * f64::from(ticks),
                v: speed,
                a: 0.0,
            };
            let followed = axis.follow(from, target, dt);
            from = followed.point;
            if followed.on_target {
                break;
            }
            assert!(ticks < 60, "seed {seed}: {axis:?} {start:?} {gap} at {speed}");
        }
        assert_eq!(ticks, 51, "seed {seed}: {axis:?} {start:?} {gap} at {speed}");
    }
    assert!(compared > 700, "{compared} compared");
}

#[test]
fn a_joint_outside_its_limits_comes_back_and_goes_no_farther_than_it_must() {
    let axis = Axis {
        lower: -1.0,
        upper: 1.0,
        velocity: 1.0,
        acceleration: 5.0,
        jerk: 100.0,
    };
    let mut from = Point {
        p: 1.1,
        v: 1.2,
        a: 6.0,
    };
    let (farthest, _) = axis.resting_place(from);
    let target = Point {
        p: 3.0,
        v: 0.5,
        a: 0.0,
    };
    let mut most = from.p;
    for _ in 0..3000 {
        from = axis.follow(from, target, 0.002).point;
        most = most.max(from.p);
    }
    assert!(most <= farthest + 1e-9, "{most} {farthest}");
    assert!((from.p - 1.0).abs() < 1e-9 && from.v.abs() < 1e-12, "{from:?}");
}

#[test]
fn several_joints_follow_each_its_own_and_a_bad_tick_moves_nothing() {
    let bounds = Bounds {
        lower: JointVec::from([-1.0, -1.0]),
        upper: JointVec::from([1.0, 1.0]),
        velocity: JointVec::from([1.0, 2.0]),
        acceleration: JointVec::from([5.0, 8.0]),
        jerk: JointVec::from([50.0, 90.0]),
    };
    let mut pursuit = Pursuit::new(State::at_rest(JointVec::from([0.0, 0.5])), &bounds);
    let target = State::at_rest(JointVec::from([0.5, -0.5]));
    for bad in [0.0, -0.1, f64::NAN, f64::INFINITY, 0.3] {
        let before = *pursuit.state();
        assert!(matches!(pursuit.tick(bad, &target), Err(BadTick { .. })));
        assert_eq!(before, *pursuit.state());
    }
    let allocations = allocation_counter::measure(|| {
        for _ in 0..1000 {
            pursuit.tick(0.002, &target).unwrap();
        }
    });
    assert_eq!(allocations.count_total, 0);
    assert!(pursuit.is_on_target() && *pursuit.state() == target);
    let lost = State::at_rest(JointVec::from([f64::NAN, 0.0]));
    let sample = pursuit.tick(0.002, &lost).unwrap();
    assert!(sample.state.is_at_rest() && !pursuit.is_on_target());
}
