//! Bodies that touch behave as Newton and Coulomb say.

use nalgebra::{Isometry3, Point3, Translation3, UnitQuaternion, Vector3};
use servomesh_robot::Twist;
use servomesh_sim::mechanics::{BodyId, Carrier, MassProperties, Material, Shape, ShapeId, Surface, World};

const G: f64 = 9.80665;
const DT: f64 = 0.001;

fn slippery(friction: f64) -> Material {
    Material {
        friction,
        torsion: 0.0,
        restitution: 0.0,
    }
}

fn cube(side: f64) -> Shape {
    Shape::Box {
        size: Vector3::repeat(side),
    }
}

/// A floor whose top is z = 0.
fn floor(world: &mut World, friction: f64) -> ShapeId {
    world
        .add_shape(
            Carrier::Ground,
            &Shape::HalfSpace,
            Isometry3::identity(),
            slippery(friction),
        )
        .expect("a floor can be")
}

fn drop_in(world: &mut World, shape: &Shape, mass: f64, pose: Isometry3<f64>, friction: f64) -> BodyId {
    let properties = MassProperties::of(shape, mass).expect("the shape has mass");
    let body = world.add_body("part", properties, pose).expect("the body can be");
    world
        .add_shape(
            Carrier::Body(body),
            shape,
            Isometry3::identity(),
            slippery(friction),
        )
        .expect("the shape can be");
    body
}

fn at(x: f64, y: f64, z: f64) -> Isometry3<f64> {
    Isometry3::translation(x, y, z)
}

fn run(world: &mut World, seconds: f64) {
    for _ in 0..(seconds / DT).round() as usize {
        world.step(DT, &[], &[]);
    }
}

fn send(world: &mut World, body: BodyId, linear: Vector3<f64>, angular: Vector3<f64>) {
    let pose = world.body(body).pose;
    world.place_body(body, &pose, &Twist { linear, angular });
}

#[test]
fn free_fall_gains_g_each_second() {
    let mut world = World::new();
    let body = drop_in(&mut world, &cube(0.1), 0.7, at(0.0, 0.0, 100.0), 0.5);
    run(&mut world, 2.0);
    let state = world.body(body);
    assert!((state.twist.linear.z + 2.0 * G).abs() < 1e-10);
    // Semi-implicit Euler: −g·h²·n·(n + 1)/2.
    let fallen = G * DT * DT * 2000.0 * 2001.0 / 2.0;
    assert!((state.pose.translation.z - (100.0 - fallen)).abs() < 1e-9);
}

#[test]
fn a_spinning_body_keeps_its_angular_momentum_and_its_energy() {
    let mut world = World::new();
    world.set_gravity(Vector3::zeros());
    let brick = Shape::Box {
        size: Vector3::new(0.3, 0.2, 0.05),
    };
    let inertia = MassProperties::of(&brick, 2.0).unwrap().inertia;
    let body = drop_in(&mut world, &brick, 2.0, at(0.0, 0.0, 0.0), 0.5);
    // Nearly about the middle axis: it tumbles.
    send(&mut world, body, Vector3::zeros(), Vector3::new(0.05, 8.0, 0.02));
    let momentum = |world: &World| {
        let state = world.body(body);
        state.pose.rotation * (inertia * (state.pose.rotation.inverse() * state.twist.angular))
    };
    let (momentum_before, energy_before) = (momentum(&world), world.energy());
    let mut flips = false;
    for _ in 0..10_000 {
        world.step(DT, &[], &[]);
        flips |= (world.body(body).pose.rotation * Vector3::y()).y < -0.9;
        assert!((world.energy() / energy_before - 1.0).abs() < 1e-3);
    }
    assert!(flips);
    assert!((momentum(&world) - momentum_before).norm() < 1e-9 * momentum_before.norm());
}

#[test]
fn a_dropped_box_lies_still_on_the_floor() {
    let mut world = World::new();
    floor(&mut world, 0.5);
    let body = drop_in(&mut world, &cube(0.1), 0.5, at(0.0, 0.0, 0.3), 0.5);
    run(&mut world, 1.0);
    let settled = world.body(body).pose;
    assert!(
        (settled.translation.z - 0.05).abs() < 1e-5,
        "{}",
        settled.translation.z
    );
    let force: f64 = world.contacts().iter().map(|contact| contact.force.z).sum();
    assert!((force.abs() - 0.5 * G).abs() < 1e-5, "{force}");
    run(&mut world, 5.0);
    let later = world.body(body);
    assert!((later.pose.translation.vector - settled.translation.vector).norm() < 1e-7);
    assert!(later.twist.linear.norm() < 1e-7 && later.twist.angular.norm() < 1e-6);
}

#[test]
fn a_stack_of_boxes_stands() {
    let mut world = World::new();
    floor(&mut world, 0.5);
    let bodies: Vec<BodyId> = (0..8)
        .map(|level| {
            let z = 0.051 + 0.101 * f64::from(level);
            drop_in(
                &mut world,
                &cube(0.1),
                0.5,
                at(0.003 * f64::from(level % 3), 0.0, z),
                0.5,
            )
        })
        .collect();
    run(&mut world, 2.0);
    let settled: Vec<_> = bodies.iter().map(|body| world.body(*body).pose).collect();
    run(&mut world, 8.0);
    for (level, (body, settled)) in bodies.iter().zip(&settled).enumerate() {
        let pose = world.body(*body).pose;
        let height = 0.05 + 0.1 * level as f64;
        assert!(
            (pose.translation.z - height).abs() < 1e-4,
            "{level}: {}",
            pose.translation.z
        );
        assert!((pose.translation.vector - settled.translation.vector).norm() < 1e-6);
        assert!(world.body(*body).twist.linear.norm() < 1e-6);
    }
}

#[test]
fn sliding_slows_down_by_friction_times_g() {
    for friction in [0.1, 0.4, 0.9] {
        let mut world = World::new();
        floor(&mut world, friction);
        let flat = Shape::Box {
            size: Vector3::new(0.2, 0.2, 0.04),
        };
        let body = drop_in(&mut world, &flat, 1.3, at(0.0, 0.0, 0.02), friction);
        run(&mut world, 0.05);
        // Along no axis of the solver.
        let direction = Vector3::new(0.6, 0.8, 0.0);
        send(&mut world, body, direction * 2.0, Vector3::zeros());
        for step in 1..=150 {
            world.step(DT, &[], &[]);
            let expected = 2.0 - friction * G * DT * f64::from(step);
            let velocity = world.body(body).twist.linear;
            let error = (velocity - direction * expected).norm();
            assert!(
                error < 5e-3 * (2.0 - expected) + 3e-4,
                "μ {friction}, step {step}: {velocity:?}"
            );
            assert!((world.body(body).pose.translation.z - 0.02).abs() < 1e-4);
        }
    }
}

#[test]
fn what_slides_stops_and_stays() {
    let mut world = World::new();
    floor(&mut world, 0.4);
    let flat = Shape::Box {
        size: Vector3::new(0.2, 0.2, 0.04),
    };
    let body = drop_in(&mut world, &flat, 1.3, at(0.0, 0.0, 0.02), 0.4);
    send(&mut world, body, Vector3::new(1.0, 0.0, 0.0), Vector3::zeros());
    run(&mut world, 1.0);
    let x = world.body(body).pose.translation.x;
    assert!((x - 1.0 / (2.0 * 0.4 * G)).abs() < 2e-3, "{x}");
    run(&mut world, 5.0);
    assert!((world.body(body).pose.translation.x - x).abs() < 1e-7);
}

#[test]
fn a_box_holds_on_a_slope_below_the_friction_angle_and_slides_above() {
    for (friction, slides) in [(0.55, false), (0.6, false), (0.45, true)] {
        let mut world = World::new();
        let angle = 0.5_f64.atan();
        let tilt = UnitQuaternion::from_axis_angle(&Vector3::y_axis(), angle);
        let slope = Isometry3::from_parts(Translation3::identity(), tilt);
        world
            .add_shape(Carrier::Ground, &Shape::HalfSpace, slope, slippery(friction))
            .unwrap();
        let body = drop_in(&mut world, &cube(0.1), 0.4, slope * at(0.0, 0.0, 0.05), friction);
        run(&mut world, 1.0);
        let way = (slope.inverse() * world.body(body).pose).translation.x;
        if slides {
            let expected = 0.5 * G * (angle.sin() - friction * angle.cos());
            assert!((way / expected - 1.0).abs() < 0.01, "{way} of {expected}");
        } else {
            assert!(way.abs() < 2e-6, "{way}");
        }
    }
}

#[test]
fn a_ball_starts_to_roll_with_five_sevenths_of_its_speed() {
    let mut world = World::new();
    floor(&mut world, 0.3);
    let body = drop_in(
        &mut world,
        &Shape::Sphere { radius: 0.05 },
        0.3,
        at(0.0, 0.0, 0.05),
        0.3,
    );
    send(&mut world, body, Vector3::new(1.0, 0.5, 0.0), Vector3::zeros());
    run(&mut world, 1.0);
    let Twist { linear, angular } = world.body(body).twist;
    assert!(
        (linear - Vector3::new(1.0, 0.5, 0.0) * (5.0 / 7.0)).norm() < 2e-3,
        "{linear:?}"
    );
    let rim = linear + angular.cross(&Vector3::new(0.0, 0.0, -0.05));
    assert!(rim.norm() < 1e-4, "{rim:?}");
}

#[test]
fn a_cylinder_rolls_down_a_slope_with_two_thirds_of_the_pull() {
    let mut world = World::new();
    let tilt = UnitQuaternion::from_axis_angle(&Vector3::y_axis(), 0.2);
    let slope = Isometry3::from_parts(Translation3::identity(), tilt);
    world
        .add_shape(Carrier::Ground, &Shape::HalfSpace, slope, slippery(0.5))
        .unwrap();
    // Its axis along y, across the slope.
    let lying = UnitQuaternion::from_axis_angle(&Vector3::x_axis(), std::f64::consts::FRAC_PI_2);
    let cylinder = Shape::Cylinder {
        radius: 0.04,
        length: 0.1,
    };
    let pose = slope * Isometry3::from_parts(Translation3::new(0.0, 0.0, 0.04), lying);
    let body = drop_in(&mut world, &cylinder, 0.5, pose, 0.5);
    run(&mut world, 1.0);
    let way = (slope.inverse() * world.body(body).pose).translation;
    let expected = 0.5 * G * 0.2_f64.sin() * 2.0 / 3.0;
    assert!((way.x / expected - 1.0).abs() < 0.01, "{} of {expected}", way.x);
    assert!(way.y.abs() < 1e-3 && (way.z - 0.04).abs() < 2e-4, "{way:?}");
}

#[test]
fn a_blow_gives_back_what_the_restitution_says() {
    for restitution in [0.0, 0.5, 0.8] {
        let mut world = World::new();
        let bouncy = Material {
            restitution,
            ..slippery(0.3)
        };
        world
            .add_shape(Carrier::Ground, &Shape::HalfSpace, Isometry3::identity(), bouncy)
            .unwrap();
        let body = drop_in(
            &mut world,
            &Shape::Sphere { radius: 0.03 },
            0.1,
            at(0.0, 0.0, 0.53),
            0.3,
        );
        let mut highest = 0.0_f64;
        let mut has_hit = false;
        for _ in 0..700 {
            world.step(DT, &[], &[]);
            let state = world.body(body);
            has_hit |= state.pose.translation.z < 0.04;
            if has_hit {
                highest = highest.max(state.pose.translation.z - 0.03);
            }
            assert!(state.pose.translation.z > 0.029);
        }
        let expected = 0.5 * restitution * restitution;
        assert!(
            (highest - expected).abs() < 0.02,
            "e {restitution}: {highest} m of {expected} m"
        );
    }
}

#[test]
fn a_belt_takes_a_part_along_after_it_has_slipped() {
    let mut world = World::new();
    let belt = Shape::Box {
        size: Vector3::new(4.0, 0.4, 0.1),
    };
    let surface = world
        .add_shape(Carrier::Ground, &belt, at(0.0, 0.0, -0.05), slippery(0.3))
        .unwrap();
    let body = drop_in(&mut world, &cube(0.05), 0.2, at(-1.0, 0.0, 0.025), 0.3);
    run(&mut world, 0.1);
    let velocity = Vector3::new(0.5, 0.0, 0.0);
    world.set_surface(surface, Surface::Speed { velocity });
    run(&mut world, 0.1);
    let speed = world.body(body).twist.linear.x;
    assert!((speed - 0.3 * G * 0.1).abs() < 5e-3, "{speed}");
    run(&mut world, 1.0);
    let state = world.body(body);
    assert!(
        (state.twist.linear - velocity).norm() < 1e-5,
        "{:?}",
        state.twist.linear
    );
    // It slipped for v/(μ·g), which costs v²/(2·μ·g) of way.
    let slipped = 0.25 / (2.0 * 0.3 * G);
    let way = state.pose.translation.x + 1.0;
    assert!((way - (0.5 * 1.1 - slipped)).abs() < 2e-3, "{way}");
    world.set_surface(surface, Surface::Still);
    run(&mut world, 0.5);
    assert!(world.body(body).twist.linear.norm() < 1e-6);
}

#[test]
fn every_shape_rests_on_every_other() {
    let tetrahedron = Shape::Convex {
        points: vec![
            Point3::new(0.08, 0.0, -0.02),
            Point3::new(-0.05, 0.07, -0.02),
            Point3::new(-0.05, -0.07, -0.02),
            Point3::new(0.0, 0.0, 0.06),
        ],
    };
    let shapes = [
        (cube(0.1), 0.05),
        (
            Shape::Cylinder {
                radius: 0.05,
                length: 0.1,
            },
            0.05,
        ),
        (tetrahedron, 0.02),
    ];
    for (below, top) in [
        (cube(0.3), 0.15),
        (
            Shape::Cylinder {
                radius: 0.15,
                length: 0.3,
            },
            0.15,
        ),
    ] {
        for (shape, bottom) in &shapes {
            let mut world = World::new();
            world
                .add_shape(Carrier::Ground, &below, at(0.0, 0.0, -top), slippery(0.6))
                .unwrap();
            let body = drop_in(&mut world, shape, 0.3, at(0.01, -0.02, bottom + 0.005), 0.6);
            run(&mut world, 1.0);
            let state = world.body(body);
            let error = state.pose.translation.vector - Vector3::new(0.01, -0.02, *bottom);
            assert!(error.norm() < 5e-4, "{shape:?} on {below:?}: {error:?}");
            assert!(state.twist.linear.norm() < 1e-5 && state.twist.angular.norm() < 1e-4);
        }
    }
    // A ball and a capsule, each in a corner of two walls, so that they stay.
    for shape in [
        Shape::Sphere { radius: 0.05 },
        Shape::Capsule {
            radius: 0.05,
            length: 0.1,
        },
    ] {
        let mut world = World::new();
        for side in [-1.0, 1.0] {
            let tilt = UnitQuaternion::from_axis_angle(&Vector3::y_axis(), 0.7 * side);
            let wall = Isometry3::from_parts(Translation3::identity(), tilt) * at(0.0, 0.0, -0.5);
            world
                .add_shape(Carrier::Ground, &cube(1.0), wall, slippery(0.5))
                .unwrap();
        }
        let lying = UnitQuaternion::from_axis_angle(&Vector3::x_axis(), std::f64::consts::FRAC_PI_2);
        let height = 0.05 / 0.7_f64.cos();
        let pose = Isometry3::from_parts(Translation3::new(0.0, 0.0, height + 0.003), lying);
        let body = drop_in(&mut world, &shape, 0.3, pose, 0.5);
        run(&mut world, 1.0);
        let state = world.body(body);
        assert!(
            (state.pose.translation.z - height).abs() < 2e-4,
            "{shape:?}: {}",
            state.pose.translation.z
        );
        assert!(state.twist.linear.norm() < 1e-5, "{shape:?}: {:?}", state.twist);
    }
}

#[test]
fn torsion_of_a_pad_stops_a_spinning_ball() {
    let spin_after = |torsion: f64| {
        let mut world = World::new();
        floor(&mut world, 0.5);
        let ball = Shape::Sphere { radius: 0.05 };
        let mass = MassProperties::of(&ball, 0.3).unwrap();
        let body = world.add_body("ball", mass, at(0.0, 0.0, 0.05)).unwrap();
        let soft = Material {
            torsion,
            ..slippery(0.5)
        };
        world
            .add_shape(Carrier::Body(body), &ball, Isometry3::identity(), soft)
            .unwrap();
        run(&mut world, 0.05);
        send(&mut world, body, Vector3::zeros(), Vector3::new(0.0, 0.0, 10.0));
        run(&mut world, 0.1);
        world.body(body).twist.angular.z
    };
    assert!((spin_after(0.0) - 10.0).abs() < 1e-6);
    // ω̇ = −torsion·m·g/(0.4·m·r²).
    let expected = 10.0 - 0.1 * 0.002 * G / (0.4 * 0.05 * 0.05);
    assert!(
        (spin_after(0.002) - expected).abs() < 0.02,
        "{}",
        spin_after(0.002)
    );
    assert!(spin_after(0.05).abs() < 1e-5);
}

#[test]
fn nothing_passes_through_a_thin_wall() {
    let mut world = World::new();
    let wall = Shape::Box {
        size: Vector3::new(0.002, 1.0, 1.0),
    };
    world
        .add_shape(Carrier::Ground, &wall, Isometry3::identity(), slippery(0.3))
        .unwrap();
    world.set_gravity(Vector3::zeros());
    let body = drop_in(&mut world, &cube(0.02), 0.1, at(-0.5, 0.0, 0.0), 0.3);
    send(&mut world, body, Vector3::new(30.0, 0.0, 0.0), Vector3::zeros());
    run(&mut world, 0.2);
    let x = world.body(body).pose.translation.x;
    assert!(x < -0.011 + 1e-4 && x > -0.02, "{x}");
}

#[test]
fn a_push_moves_a_body_once_it_beats_friction() {
    use servomesh_sim::Wrench;
    let mut world = World::new();
    floor(&mut world, 0.5);
    let body = drop_in(&mut world, &cube(0.1), 1.0, at(0.0, 0.0, 0.05), 0.5);
    for (force, moves) in [(0.48 * G, false), (0.6 * G, true)] {
        world.set_push(
            body,
            Some(Wrench {
                force: Vector3::new(0.0, force, 0.0),
                moment: Vector3::zeros(),
            }),
        );
        run(&mut world, 0.5);
        let speed = world.body(body).twist.linear.y;
        if moves {
            assert!((speed - 0.5 * (force - 0.5 * G)).abs() < 0.01, "{speed}");
        } else {
            assert!(speed.abs() < 1e-5, "{speed}");
        }
    }
}
