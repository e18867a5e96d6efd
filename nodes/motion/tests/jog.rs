//! Jogging the arm of the default cell: limits, directions, expiry, singular poses, obstacles. Seeded.

mod jog_cell;

use jog_cell::{Cell, JOINTS, cell, check_step};
use nalgebra::{Isometry3, Rotation3, UnitQuaternion, Vector3, Vector6};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use servomesh_motion::jog::{Axes, BadRequest, JogGenerator, JogSettings, Jogged, Request, Surroundings};
use servomesh_motion::{PointToPoint, State};
use servomesh_robot::collision::{CollisionModel, CollisionSettings, Solid};
use servomesh_types::JointVec;

const DT: f64 = 0.002;
const CLEARANCE: f64 = 0.03;

fn generator(cell: &Cell, q: &JointVec) -> JogGenerator {
    JogGenerator::new(
        State::at_rest(*q),
        &cell.bounds,
        Some(cell.arm()),
        None,
        JogSettings::default(),
    )
}

fn twist(linear: [f64; 3], angular: [f64; 3], axes: Axes) -> Request {
    let twist = Vector6::new(
        linear[0], linear[1], linear[2], angular[0], angular[1], angular[2],
    );
    Request::Twist { twist, axes }
}

/// A tick, with every limit looked at.
fn checked_tick(cell: &Cell, jog: &mut JogGenerator, dt: f64, what: &str) -> Jogged {
    let before = *jog.state();
    let jogged = jog.tick(dt).expect("a tick");
    check_step(&cell.bounds, &before, &jogged.sample.state, dt, what);
    jogged
}

#[test]
fn a_twist_moves_the_tool_straight_and_expires() {
    let cell = cell();
    let (q, start) = cell.over_the_belt(-0.1, 0.25);
    let mut arm = cell.arm();
    let cases = [
        (twist([0.1, 0.0, 0.0], [0.0; 3], Axes::Base), 1.0),
        (twist([0.0, -0.2, 0.0], [0.0; 3], Axes::Base), 1.0),
        (twist([0.05, 0.1, 0.05], [0.0; 3], Axes::Base), 0.8),
        (twist([0.0, 0.0, 0.1], [0.0; 3], Axes::Tool), 1.0),
        (twist([0.0; 3], [0.3, 0.0, 0.2], Axes::Base), 1.0),
        (twist([0.0; 3], [0.0, 0.4, 0.0], Axes::Tool), 1.0),
        (twist([0.05, 0.0, 0.0], [0.0, 0.0, 0.5], Axes::Base), 1.0),
    ];
    for (number, (request, seconds)) in cases.into_iter().enumerate() {
        let mut jog = generator(&cell, &q);
        let Request::Twist { twist, axes } = request else {
            unreachable!()
        };
        let (linear, angular): (Vector3<f64>, Vector3<f64>) =
            (twist.fixed_rows::<3>(0).into(), twist.fixed_rows::<3>(3).into());
        let turned = |v: Vector3<f64>| if axes == Axes::Tool { start.rotation * v } else { v };
        let (mut farthest_off, mut fastest) = (0.0_f64, 0.0_f64);
        let ticks = (seconds / DT) as u32;
        for tick in 0..ticks {
            if tick % 10 == 0 {
                jog.command(request, 0.0).expect("a request");
            }
            let jogged = checked_tick(&cell, &mut jog, DT, &format!("case {number}, tick {tick}"));
            assert!(!jogged.off_direction, "case {number}, tick {tick}");
            let pose = arm.pose(&jogged.sample.state.position);
            let moved = pose.translation.vector - start.translation.vector;
            if linear.norm() > 0.0 {
                let along = turned(linear).normalize();
                farthest_off = farthest_off.max((moved - along * moved.dot(&along)).norm());
            } else {
                farthest_off = farthest_off.max(moved.norm());
            }
            let rotation = (pose.rotation * start.rotation.inverse()).scaled_axis();
            if angular.norm() > 0.0 {
                let about = turned(angular).normalize();
                farthest_off = farthest_off.max((rotation - about * rotation.dot(&about)).norm());
            } else {
                farthest_off = farthest_off.max(rotation.norm());
            }
            fastest = fastest.max(jogged.sample.state.velocity.max_abs());
        }
        assert!(
            farthest_off < 1e-6,
            "case {number}: {farthest_off} off the direction"
        );
        // At the speed that was asked for.
        let pose = arm.pose(&jog.state().position);
        let before = pose.translation.vector;
        jog.command(request, 0.0).expect("a request");
        let next = checked_tick(&cell, &mut jog, DT, "speed").sample.state;
        let pose_after = arm.pose(&next.position);
        let speed = (pose_after.translation.vector - before).norm() / DT;
        let turning = pose_after.rotation.angle_to(&pose.rotation) / DT;
        assert!(
            (speed - linear.norm()).abs() < 0.01 * linear.norm() + 1e-6,
            "case {number}: {speed}"
        );
        assert!(
            (turning - angular.norm()).abs() < 0.01 * angular.norm() + 1e-4,
            "case {number}: {turning}"
        );
        // It counts for 100 ms, then the tool comes to rest on its line.
        let mut rested = None;
        for tick in 1..400 {
            let jogged = checked_tick(&cell, &mut jog, DT, &format!("case {number}, stop {tick}"));
            assert_eq!(jogged.asked, tick <= 49, "case {number}, stop {tick}");
            assert!(!jogged.off_direction, "case {number}, stop {tick}");
            if jogged.sample.state.is_at_rest() {
                rested = rested.or(Some(tick));
            }
        }
        let rested = rested.expect("it comes to rest");
        assert!(
            rested > 49 && rested < 350,
            "case {number}: at rest after {rested} ticks"
        );
        assert!(fastest > 0.0);
    }
}

#[test]
fn joints_start_change_and_stop_within_their_limits() {
    let cell = cell();
    for seed in 0..10 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (q, _) = cell.over_the_belt(-0.1, 0.2);
        let mut jog = JogGenerator::new(
            State::at_rest(q),
            &cell.bounds,
            None,
            None,
            JogSettings::default(),
        );
        for tick in 0..4000 {
            if rng.random_bool(0.01) {
                let velocity = JointVec::from_fn(6, |_| rng.random_range(-5.0..5.0));
                jog.command(Request::Joints(velocity), 0.0).expect("a request");
            }
            checked_tick(&cell, &mut jog, DT, &format!("seed {seed}, tick {tick}"));
        }
        // Into the limit of each joint, and no farther.
        for tick in 0..8000 {
            let request = Request::Joints(JointVec::from_fn(6, |i| if i % 2 == 0 { 3.0 } else { -3.0 }));
            jog.command(request, 0.0).expect("a request");
            checked_tick(&cell, &mut jog, DT, &format!("seed {seed}, tick {tick}"));
        }
        for i in 0..6 {
            let limit = if i % 2 == 0 {
                cell.bounds.upper[i]
            } else {
                cell.bounds.lower[i]
            };
            assert!(
                (jog.state().position[i] - limit).abs() < 1e-8,
                "seed {seed}, joint {i}"
            );
        }
    }
}

#[test]
fn whatever_twists_come_limits_hold() {
    let cell = cell();
    let (mut off, mut moving) = (0, 0);
    for seed in 0..24 {
        let mut rng = ChaCha8Rng::seed_from_u64(100 + seed);
        let (q, _) = cell.over_the_belt(rng.random_range(-0.2..0.2), rng.random_range(0.1..0.4));
        let mut jog = generator(&cell, &q);
        let mut request = twist([0.0; 3], [0.0; 3], Axes::Base);
        for tick in 0..2000 {
            if rng.random_bool(0.01) {
                let size = if rng.random_bool(0.1) { 20.0 } else { 0.5 };
                let mut draw = || rng.random_range(-size..size);
                let (linear, angular) = ([draw(), draw(), draw()], [draw(), draw(), draw()]);
                request = match rng.random_range(0..4) {
                    0 => twist(linear, angular, Axes::Base),
                    1 => twist(linear, [0.0; 3], Axes::Base),
                    2 => twist(linear, angular, Axes::Tool),
                    _ => Request::Joints(JointVec::from_fn(6, |_| rng.random_range(-2.0..2.0))),
                };
            }
            if tick % 25 == 0 && !rng.random_bool(0.05) {
                jog.command(request, 0.0).expect("a request");
            }
            let dt = if rng.random_bool(0.02) {
                rng.random_range(0.001..0.03)
            } else {
                DT
            };
            let jogged = checked_tick(&cell, &mut jog, dt, &format!("seed {seed}, tick {tick}"));
            off += usize::from(jogged.off_direction);
            moving += usize::from(!jogged.sample.state.is_at_rest());
        }
    }
    println!("off the direction in {off} of {moving} ticks of motion");
    assert!(moving > 20_000 && off * 4 < moving, "{off} of {moving}");
}

/// As a joystick does it: slowly changing directions, well within reach.
#[test]
fn changes_of_direction_are_met_without_leaving_it() {
    let cell = cell();
    let mut arm = cell.arm();
    let (mut worst, mut off) = (0.0_f64, 0);
    for seed in 0..8 {
        let mut rng = ChaCha8Rng::seed_from_u64(200 + seed);
        let (q, start) = cell.over_the_belt(0.0, 0.25);
        let mut jog = generator(&cell, &q);
        let mut speed = Vector3::zeros();
        for tick in 0..3000 {
            let here = arm.pose(&jog.state().position).translation.vector;
            if tick % 500 == 0 {
                // Towards somewhere around the start.
                let around = Vector3::from_fn(|_, _| rng.random_range(-0.1..0.1));
                speed = (start.translation.vector + around - here) / 1.0;
            }
            if tick % 10 == 0 {
                let axes = if seed % 2 == 0 { Axes::Base } else { Axes::Tool };
                let meant = if seed % 2 == 0 {
                    speed
                } else {
                    start.rotation.inverse() * speed
                };
                jog.command(twist(meant.into(), [0.0; 3], axes), 0.0)
                    .expect("a request");
            }
            let jogged = checked_tick(&cell, &mut jog, DT, &format!("seed {seed}, tick {tick}"));
            off += usize::from(jogged.off_direction);
            if tick % 500 > 450 {
                let moved = arm.pose(&jogged.sample.state.position).translation.vector - here;
                let across = moved - speed.normalize() * moved.dot(&speed.normalize());
                worst = worst.max(across.norm() / DT / speed.norm());
            }
        }
    }
    println!("{off} ticks off the direction, {worst:.2e} of the speed across at the end of each");
    assert!(off == 0 && worst < 1e-3, "{off} {worst}");
}

/// A joystick that never keeps still: each request is somewhat another one.
#[test]
fn a_tool_is_about_as_fast_as_it_is_asked_to_be_while_that_changes_all_the_time() {
    let cell = cell();
    let mut arm = cell.arm();
    for axes in [Axes::Base, Axes::Tool] {
        let (mut went, mut asked) = (0.0, 0.0);
        for seed in 0..8 {
            let mut rng = ChaCha8Rng::seed_from_u64(500 + seed);
            let (q, _) = cell.over_the_belt(0.0, 0.25);
            let mut jog = generator(&cell, &q);
            let mut wanted = Vector6::zeros();
            for tick in 0..1500 {
                if tick % 10 == 0 {
                    let change = Vector6::from_fn(|_, _| rng.random_range(-0.1..0.1));
                    wanted = wanted * 0.9 + change.component_mul(&Vector6::new(0.4, 0.4, 0.4, 1.0, 1.0, 1.0));
                    jog.command(Request::Twist { twist: wanted, axes }, 0.0)
                        .expect("a request");
                }
                let before = arm.pose(&jog.state().position).translation.vector;
                let jogged = checked_tick(&cell, &mut jog, DT, &format!("seed {seed}, tick {tick}"));
                assert!(!jogged.off_direction, "seed {seed}, tick {tick}");
                let after = arm.pose(&jogged.sample.state.position).translation.vector;
                went += (after - before).norm();
                asked += DT * wanted.fixed_rows::<3>(0).norm();
            }
        }
        println!("{axes:?}: {:.3} of what was asked for", went / asked);
        assert!(went > 0.7 * asked, "{axes:?}: {went} m of {asked} m");
    }
}

#[test]
fn towards_singular_poses_and_limits_the_twist_slows_down_and_keeps_its_direction() {
    let cell = cell();
    let (q, start) = cell.over_the_belt(0.0, 0.2);
    let mut arm = cell.arm();
    for (number, direction) in [
        [0.3, 0.0, 0.0],
        [0.2, 0.2, 0.1],
        [-0.3, 0.0, 0.0],
        [0.0, 0.0, 0.4],
        [0.0, 0.5, 0.0],
    ]
    .into_iter()
    .enumerate()
    {
        let request = twist(direction, [0.0; 3], Axes::Base);
        let along = Vector3::from(direction).normalize();
        let mut jog = generator(&cell, &q);
        let mut off = 0.0_f64;
        for tick in 0..5000 {
            jog.command(request, 0.0).expect("a request");
            let jogged = checked_tick(&cell, &mut jog, DT, &format!("case {number}, tick {tick}"));
            assert!(!jogged.off_direction, "case {number}, tick {tick}: {jogged:?}");
            let moved = arm.pose(&jogged.sample.state.position).translation.vector - start.translation.vector;
            off = off.max((moved - along * moved.dot(&along)).norm());
        }
        let speed = jog.state().velocity.max_abs();
        assert!(speed < 0.02, "case {number}: still {speed}");
        assert!(off < 1e-4, "case {number}: {off} m off the line");
        // And back again.
        let back = twist(direction.map(|v| -v), [0.0; 3], Axes::Base);
        let stuck = arm.pose(&jog.state().position).translation.vector;
        for tick in 0..500 {
            jog.command(back, 0.0).expect("a request");
            checked_tick(&cell, &mut jog, DT, &format!("case {number}, back {tick}"));
        }
        let moved = (arm.pose(&jog.state().position).translation.vector - stuck).dot(&along);
        assert!(moved < -0.015, "case {number}: {moved} m back");
    }
}

/// The cell with a floor, a post and a wall.
fn surroundings(cell: &Cell) -> CollisionModel {
    // Fingers that touch each other are no matter of the arm's: it is the only one that moves here.
    let arm = cell
        .model
        .subset(&JOINTS, &cell.positions)
        .expect("the arm has them");
    let mut collision = CollisionModel::new(&arm, &CollisionSettings::default());
    let wall = Isometry3::from_parts(
        nalgebra::Translation3::new(0.0, -0.75, 0.0),
        UnitQuaternion::from_rotation_matrix(&Rotation3::from_axis_angle(
            &Vector3::x_axis(),
            -std::f64::consts::FRAC_PI_2,
        )),
    );
    collision
        .add_obstacle("wall", Solid::half_space(), &wall)
        .expect("a new name");
    collision
        .add_obstacle(
            "post",
            Solid::cylinder(0.06, 1.2).expect("a size"),
            &Isometry3::translation(0.45, 0.45, 0.6),
        )
        .expect("a new name");
    collision
        .add_obstacle(
            "shelf",
            Solid::cuboid(&Vector3::new(0.4, 0.4, 0.05)).expect("a size"),
            &Isometry3::translation(0.5, 0.0, 1.25),
        )
        .expect("a new name");
    collision
}

fn with_surroundings(cell: &Cell, q: &JointVec, collision: CollisionModel) -> JogGenerator {
    JogGenerator::new(
        State::at_rest(*q),
        &cell.bounds,
        Some(cell.arm()),
        Some(Surroundings::new(collision, &[0, 1, 2, 3, 4, 5], q, CLEARANCE)),
        JogSettings::default(),
    )
}

#[test]
fn nothing_is_touched_and_moving_away_is_always_possible() {
    let cell = cell();
    let scene = surroundings(&cell);
    let mut check = scene.clone();
    let mut distance = |q: &JointVec| {
        check.place(q);
        check.minimum_distance().expect("there are pairs").distance
    };
    let (mut nearest, mut off, mut moving) = (f64::INFINITY, 0, 0);
    for seed in 0..16 {
        let mut rng = ChaCha8Rng::seed_from_u64(300 + seed);
        let (q, _) = cell.over_the_belt(rng.random_range(-0.1..0.1), 0.25);
        let mut jog = with_surroundings(&cell, &q, scene.clone());
        assert!(distance(&q) > CLEARANCE);
        let mut request = twist([0.0; 3], [0.0; 3], Axes::Base);
        for tick in 0..1200 {
            if tick % 300 == 0 {
                let mut draw = |size: f64| rng.random_range(-size..size);
                let (linear, angular) = (
                    [draw(0.5), draw(0.5), draw(0.5)],
                    [draw(0.5), draw(0.5), draw(0.5)],
                );
                let velocity = JointVec::from_fn(6, |_| draw(1.5));
                request = match seed % 3 {
                    0 => twist(linear, [0.0; 3], Axes::Base),
                    1 => twist(linear, angular, Axes::Tool),
                    _ => Request::Joints(velocity),
                };
            }
            jog.command(request, 0.0).expect("a request");
            let jogged = checked_tick(&cell, &mut jog, DT, &format!("seed {seed}, tick {tick}"));
            let near = distance(&jogged.sample.state.position);
            assert!(near >= CLEARANCE - 1e-6, "seed {seed}, tick {tick}: {near} m");
            nearest = nearest.min(near);
            off += usize::from(jogged.off_direction);
            moving += usize::from(!jogged.sample.state.is_at_rest());
        }
    }
    println!("nearest {nearest:.4} m; off the direction in {off} of {moving} ticks of motion");
    assert!(nearest < CLEARANCE + 0.004, "{nearest}: obstacles are reached");
    assert!(off * 25 < moving, "{off} of {moving}");

    // Down onto the belt, then up again.
    let mut stops = 0;
    let (q, _) = cell.over_the_belt(0.0, 0.3);
    let mut jog = with_surroundings(&cell, &q, scene);
    for (request, ticks) in [
        (twist([0.0, 0.0, -0.3], [0.0; 3], Axes::Base), 2000),
        (twist([0.0, 0.0, 0.3], [0.0; 3], Axes::Base), 300),
    ] {
        let before = distance(&jog.state().position);
        for tick in 0..ticks {
            jog.command(request, 0.0).expect("a request");
            let jogged = checked_tick(&cell, &mut jog, DT, &format!("belt {tick}"));
            assert!(
                distance(&jogged.sample.state.position) >= CLEARANCE - 1e-6,
                "belt {tick}"
            );
            stops += usize::from(jogged.off_direction);
        }
        let after = distance(&jog.state().position);
        if ticks == 2000 {
            assert!(
                (CLEARANCE..CLEARANCE + 0.004).contains(&after),
                "it stops {after} m above the belt"
            );
            assert!(jog.state().velocity.max_abs() < 1e-3, "at rest");
        } else {
            assert!(after > before + 0.03, "away from {before} m to {after} m");
        }
    }
    println!("{stops} ticks of stopping joint by joint above the belt");
    assert_eq!(stops, 0);
}

#[test]
fn a_motion_that_is_taken_over_comes_off_smoothly() {
    let cell = cell();
    let (q, _) = cell.over_the_belt(-0.1, 0.2);
    let goal = JointVec::from_fn(6, |i| q[i] + 0.8);
    let profile = PointToPoint::new(6)
        .position(&State::at_rest(q), &goal, &cell.bounds)
        .expect("within the limits");
    for k in 1..20 {
        let state = profile.at(profile.duration() * f64::from(k) / 20.0).state;
        let mut jog = JogGenerator::new(
            state,
            &cell.bounds,
            Some(cell.arm()),
            None,
            JogSettings::default(),
        );
        let request = twist([0.0, 0.1, 0.0], [0.0; 3], Axes::Base);
        let mut last = None;
        for tick in 0..1500 {
            jog.command(request, 0.0).expect("a request");
            last = Some(checked_tick(
                &cell,
                &mut jog,
                DT,
                &format!("from {k}, tick {tick}"),
            ));
            if tick == 900 {
                break;
            }
        }
        let mut arm = cell.arm();
        let here = arm.pose(&jog.state().position).translation.vector;
        jog.tick(DT).expect("a tick");
        let speed = (arm.pose(&jog.state().position).translation.vector - here) / DT;
        let allowed = last.map_or(1.0, |jogged| jogged.allowed);
        assert!(
            (speed - Vector3::y() * speed.y).norm() < 1e-6 && (speed.y > 0.05 || allowed < 1.0),
            "from {k}: {speed:?}, {last:?}"
        );
    }
}

#[test]
fn requests_that_are_none_are_refused_and_ticks_allocate_nothing() {
    let cell = cell();
    let (q, _) = cell.over_the_belt(0.0, 0.3);
    let mut jog = with_surroundings(&cell, &q, surroundings(&cell));
    assert_eq!(
        jog.command(Request::Joints(JointVec::zeros(5)), 0.0),
        Err(BadRequest::Length { got: 5, joints: 6 })
    );
    let nan = jog.command(twist([0.0, f64::NAN, 0.0], [0.0; 3], Axes::Base), 0.0);
    assert!(
        matches!(nan, Err(BadRequest::NotFinite { index: 1, .. })),
        "{nan:?}"
    );
    let mut blind = JogGenerator::new(
        State::at_rest(q),
        &cell.bounds,
        None,
        None,
        JogSettings::default(),
    );
    let request = twist([0.0, 0.2, -0.2], [0.0; 3], Axes::Base);
    assert_eq!(blind.command(request, 0.0), Err(BadRequest::NoTool));
    for old in [0.1, 5.0, f64::NAN] {
        jog.command(request, old).expect("a request, but too old");
        assert!(!jog.tick(DT).expect("a tick").asked);
    }
    for bad in [0.0, -1.0, f64::NAN, 1.0] {
        assert!(jog.tick(bad).is_err());
    }
    let count = allocation_counter::measure(|| {
        for tick in 0..900 {
            if tick < 600 {
                jog.command(request, 0.0).expect("a request");
            }
            jog.tick(DT).expect("a tick");
        }
    });
    assert_eq!(count.count_total, 0);
    assert!(jog.state().is_at_rest());
}
