//! The same world gives the same bytes: on every run, in debug and in release, and without asking for memory once it lies still.

use nalgebra::{Isometry3, Point3, Translation3, UnitQuaternion, Vector3};
use rand::{RngExt, SeedableRng};
use servomesh_robot::Twist;
use servomesh_sim::mechanics::{Carrier, MassProperties, Material, Shape, Surface, World};

/// Parts of every shape fall onto a running belt between two walls, and from its end to the floor.
fn heap(seed: u64) -> World {
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let mut world = World::new();
    let material = Material {
        friction: 0.5,
        torsion: 0.001,
        restitution: 0.1,
    };
    let mut fixed = |shape: Shape, x: f64, y: f64, z: f64| {
        let pose = Isometry3::translation(x, y, z);
        world
            .add_shape(Carrier::Ground, &shape, pose, material)
            .expect("it can be")
    };
    fixed(Shape::HalfSpace, 0.0, 0.0, -0.5);
    let wall = Shape::Box {
        size: Vector3::new(2.0, 0.02, 0.3),
    };
    fixed(wall.clone(), 0.0, 0.2, 0.1);
    fixed(wall, 0.0, -0.2, 0.1);
    let bed = Shape::Box {
        size: Vector3::new(1.0, 0.4, 0.1),
    };
    let belt = fixed(bed, 0.0, 0.0, -0.05);
    let velocity = Vector3::new(0.25, 0.0, 0.0);
    world.set_surface(belt, Surface::Speed { velocity });
    let wedge = [[0.0, 0.0], [0.05, 0.0], [0.0, 0.03]];
    let wedge = wedge
        .iter()
        .flat_map(|[x, z]| [-0.02, 0.02].map(|y| Point3::new(*x, y, *z)));
    let shapes = [
        Shape::Box {
            size: Vector3::new(0.05, 0.04, 0.03),
        },
        Shape::Cylinder {
            radius: 0.02,
            length: 0.06,
        },
        Shape::Sphere { radius: 0.025 },
        Shape::Capsule {
            radius: 0.015,
            length: 0.04,
        },
        Shape::Convex {
            points: wedge.collect(),
        },
    ];
    for index in 0..15 {
        let shape = &shapes[index % shapes.len()];
        let mass = MassProperties::of(shape, 0.05 + 0.1 * random.random::<f64>()).expect("it has mass");
        let turn = Vector3::from_fn(|_, _| 3.0 * (random.random::<f64>() - 0.5));
        let place = Translation3::new(
            0.1 * (random.random::<f64>() - 0.5) - 0.2,
            0.1 * (random.random::<f64>() - 0.5),
            0.1 + 0.07 * index as f64,
        );
        let pose = Isometry3::from_parts(place, UnitQuaternion::from_scaled_axis(turn));
        let body = world.add_body("part", mass, pose).expect("it can be");
        world
            .add_shape(Carrier::Body(body), shape, Isometry3::identity(), material)
            .expect("it can be");
        let twist = Twist {
            linear: turn * 0.1,
            angular: turn,
        };
        world.place_body(body, &pose, &twist);
    }
    world
}

/// FNV-1a over the bytes of every number of the state.
fn digest(world: &World) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for (_, body) in world.bodies() {
        let pose = body.pose;
        let numbers = [
            pose.translation.vector.as_slice(),
            pose.rotation.coords.as_slice(),
            body.twist.linear.as_slice(),
            body.twist.angular.as_slice(),
        ];
        for byte in numbers.concat().iter().flat_map(|number| number.to_le_bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}

#[test]
fn a_heap_of_parts_ends_in_the_same_bytes_everywhere() {
    let mut world = heap(5);
    let mut most_contacts = 0;
    for _ in 0..3000 {
        world.step(0.001, &[], &[]);
        most_contacts = most_contacts.max(world.contacts().len());
    }
    assert!(most_contacts > 30, "{most_contacts}");
    for (_, body) in world.bodies() {
        assert!(body.pose.translation.z > -0.5, "nothing fell through the floor");
    }
    // Made in debug and in release. A change of the mechanics changes it, and says so here.
    assert_eq!(format!("{:016x}", digest(&world)), DIGEST);
}

const DIGEST: &str = "0566d649cf58c323";

#[test]
fn a_clone_goes_on_as_the_original_does() {
    let mut world = heap(6);
    for _ in 0..700 {
        world.step(0.001, &[], &[]);
    }
    let mut other = world.clone();
    for _ in 0..300 {
        world.step(0.001, &[], &[]);
        other.step(0.001, &[], &[]);
    }
    assert_eq!(digest(&world), digest(&other));
}

#[test]
fn what_lies_still_asks_for_no_memory() {
    let mut world = World::new();
    let material = Material::default();
    // A box: parry copies the points of a half-space in every step.
    let floor = Shape::Box {
        size: Vector3::new(1.0, 1.0, 0.2),
    };
    world
        .add_shape(
            Carrier::Ground,
            &floor,
            Isometry3::translation(0.0, 0.0, -0.1),
            material,
        )
        .unwrap();
    let cube = Shape::Box {
        size: Vector3::repeat(0.1),
    };
    for level in 0..4 {
        let mass = MassProperties::of(&cube, 0.5).unwrap();
        let pose = Isometry3::translation(0.0, 0.0, 0.05 + 0.1 * f64::from(level));
        let body = world.add_body("box", mass, pose).unwrap();
        world
            .add_shape(Carrier::Body(body), &cube, Isometry3::identity(), material)
            .unwrap();
    }
    for _ in 0..500 {
        world.step(0.001, &[], &[]);
    }
    assert!(world.contacts().len() >= 16);
    let allocated = allocation_counter::measure(|| {
        for _ in 0..1000 {
            world.step(0.001, &[], &[]);
        }
    });
    assert_eq!(allocated.count_total, 0);
}
