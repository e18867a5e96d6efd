//! The arm of the default cell against Coal's numbers, and what its users rely on: which pairs are checked, gradients, obstacles, held
//! parts. `golden/collision.py` writes Coal's.

use std::f64::consts::FRAC_PI_2;
use std::sync::LazyLock;

use nalgebra::{Isometry3, Point3, Translation3, Vector3};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use servomesh_robot::Model;
use servomesh_robot::collision::{
    Collider, CollisionError, CollisionModel, CollisionSettings, CollisionWarning, LinkSolids, MissingMesh,
    Proximity, Solid, Verdict,
};

/// Coal's numbers are kept where two of its own tolerances agree.
const TOLERANCE: f64 = 1e-8;

const HOME: [f64; 6] = [0.0, -FRAC_PI_2, FRAC_PI_2, -FRAC_PI_2, -FRAC_PI_2, 0.0];

#[derive(Deserialize)]
struct Golden {
    joints: Vec<String>,
    finger: f64,
    pairs: Vec<[String; 2]>,
    cases: Vec<Case>,
    touched: Vec<[String; 2]>,
}

#[derive(Deserialize)]
struct Case {
    q: Vec<f64>,
    distances: Vec<Option<f64>>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/collision_arm.json")).expect("the script wrote it")
}

fn arm() -> Model {
    let golden = golden();
    let cell = Model::from_urdf_str(include_str!("../../../launch/robots/cell.urdf")).expect("it is a robot");
    let mut positions = vec![0.0; cell.joint_count()];
    positions[cell.joint_index("gripper_finger_joint").expect("it has a finger")] = golden.finger;
    let names: Vec<&str> = golden.joints.iter().map(String::as_str).collect();
    cell.subset(&names, &positions).expect("they are its joints")
}

/// The arm with its pairs judged: once for all tests.
fn collision() -> CollisionModel {
    static MODEL: LazyLock<CollisionModel> =
        LazyLock::new(|| CollisionModel::new(&arm(), &CollisionSettings::default()));
    MODEL.clone()
}

fn named(collision: &CollisionModel, pair: [Collider; 2]) -> [String; 2] {
    let mut names = pair.map(|collider| collision.name(collider).expect("it exists").to_owned());
    names.sort();
    names
}

fn random_positions(rng: &mut ChaCha8Rng) -> [f64; 6] {
    std::array::from_fn(|_| rng.random_range(-3.1..3.1))
}

/// Ten obstacles of all kinds within the arm's reach.
fn add_obstacles(collision: &mut CollisionModel, rng: &mut ChaCha8Rng) {
    for index in 0..10 {
        let mut size = || rng.random_range(0.05..0.3);
        let solid = match index % 5 {
            0 => Solid::cuboid(&Vector3::new(size(), size(), size())),
            1 => Solid::sphere(size()),
            2 => Solid::capsule(size() / 2.0, size()),
            3 => Solid::cylinder(size(), size()),
            _ => {
                let points: Vec<Point3<f64>> = (0..12).map(|_| Point3::new(size(), size(), size())).collect();
                Solid::convex_hull(&points)
            }
        };
        let mut draw = |bound: f64| Vector3::from_fn(|_, _| rng.random_range(-bound..bound));
        let place = draw(0.9) + Vector3::z() * 0.8;
        let pose = Isometry3::new(place, draw(2.0));
        collision
            .add_obstacle(
                &format!("obstacle {index}"),
                solid.expect("sizes are positive"),
                &pose,
            )
            .expect("names differ and poses are finite");
    }
}

#[test]
fn distances_of_links_agree_with_coal() {
    let golden = golden();
    let mut collision = collision();
    let (mut compared, mut worst) = (0, 0.0_f64);
    for case in &golden.cases {
        collision.place(&case.q);
        let found = collision.pairs_within(f64::INFINITY).to_vec();
        for proximity in found {
            let pair = named(&collision, [proximity.a, proximity.b]);
            let index = golden.pairs.iter().position(|other| *other == pair).unwrap();
            let Some(distance) = case.distances[index] else {
                continue;
            };
            // Of several solids that are deep in another link, the deepest counts.
            let error = (proximity.distance - distance).abs();
            assert!(
                error < TOLERANCE,
                "{pair:?} at {:?}: {} is not {distance}",
                case.q,
                proximity.distance
            );
            worst = worst.max(error);
            compared += 1;
        }
    }
    println!("{compared} distances, worst error {worst:e} m");
    assert!(compared > 1500, "{compared}");
}

#[test]
fn no_pair_that_coal_found_touching_is_left_out() {
    let golden = golden();
    let collision = collision();
    let verdict_of = |pair: &[String; 2]| {
        let is_pair = |links: &[_; 2]| named(&collision, links.map(Collider::Link)) == *pair;
        let found = collision.link_pairs().iter().find(|(links, _)| is_pair(links));
        found.unwrap_or_else(|| panic!("{pair:?} is not judged")).1
    };
    for pair in &golden.touched {
        let verdict = verdict_of(pair);
        assert!(
            verdict.is_checked() || verdict == Verdict::Adjacent,
            "{pair:?}: {verdict:?}"
        );
    }
    let count = |wanted: Verdict| {
        golden
            .pairs
            .iter()
            .filter(|pair| verdict_of(pair) == wanted)
            .count()
    };
    // Linked by one joint: six. Proved apart: all but one of those that 6,000 random positions found no touch of.
    assert_eq!(count(Verdict::Adjacent), 6);
    let never = golden
        .pairs
        .iter()
        .filter(|pair| verdict_of(pair) == Verdict::NeverTouch);
    let never: Vec<_> = never.collect();
    println!("proved never to touch: {never:?}");
    assert!(never.len() >= 12, "{never:?}");
    assert!(never.contains(&&["pedestal".to_owned(), "shoulder_link".to_owned()]));
}

#[test]
fn the_same_settings_give_the_same_pairs() {
    let (one, other) = (
        collision(),
        CollisionModel::new(&arm(), &CollisionSettings::default()),
    );
    assert_eq!(one.link_pairs(), other.link_pairs());
    assert!(one.checked_pairs().eq(other.checked_pairs()));
}

#[test]
fn the_arm_is_free_at_home_and_touches_itself_when_folded() {
    let mut collision = collision();
    collision.place(&HOME);
    let near = collision.minimum_distance().unwrap();
    assert!(
        near.distance > 0.02,
        "{:?} {near:?}",
        named(&collision, [near.a, near.b])
    );
    assert_eq!(collision.closer_than(0.02), None);

    // The elbow folded all the way lays the wrist and the gripper on the upper arm.
    collision.place(&[0.0, -FRAC_PI_2, 3.0, 0.0, 0.0, 0.0]);
    let near = collision.minimum_distance().unwrap();
    assert!(near.distance < -0.01, "{near:?}");
    assert!(collision.closer_than(0.0).is_some());

    // Reaching down through the belt's frame.
    collision.place(&[0.0, 0.6, 0.3, 0.0, 0.0, 0.0]);
    let conveyor = collision.collider("conveyor").unwrap();
    let touching = collision.pairs_within(0.0).to_vec();
    assert!(
        touching
            .iter()
            .any(|near| near.a == conveyor || near.b == conveyor),
        "{touching:?}"
    );
}

#[test]
fn the_three_questions_agree() {
    let mut collision = collision();
    for seed in 0..200 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        if seed == 100 {
            add_obstacles(&mut collision, &mut rng);
        }
        collision.place(&random_positions(&mut rng));
        let all = collision.pairs_within(f64::INFINITY).to_vec();
        let least = all.iter().map(|near| near.distance).fold(f64::INFINITY, f64::min);
        let near = collision.minimum_distance().unwrap();
        assert!(
            (near.distance - least).abs() < 1e-9,
            "seed {seed}: {near:?} {least}"
        );
        assert!(collision.closer_than(least + 1e-6).is_some(), "seed {seed}");
        assert_eq!(collision.closer_than(least - 1e-6), None, "seed {seed}");
        let margin = rng.random_range(0.0..0.3);
        let within = collision.pairs_within(margin).to_vec();
        let expected: Vec<&Proximity> = all.iter().filter(|near| near.distance <= margin).collect();
        assert_eq!(within.len(), expected.len(), "seed {seed}");
        for (near, expected) in within.iter().zip(expected) {
            assert_eq!((near.a, near.b), (expected.a, expected.b), "seed {seed}");
            assert!((near.distance - expected.distance).abs() < 1e-9, "seed {seed}");
        }
    }
}

#[test]
fn an_answer_does_not_depend_on_what_was_asked_before() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut one = collision();
    add_obstacles(&mut one, &mut rng);
    let fresh = one.clone();
    for _ in 0..100 {
        let q = random_positions(&mut rng);
        let mut other = fresh.clone();
        one.place(&q);
        other.place(&q);
        assert_eq!(one.minimum_distance(), other.minimum_distance());
    }
}

#[test]
fn gradients_are_the_slopes_of_the_distance() {
    let mut collision = collision();
    add_obstacles(&mut collision, &mut ChaCha8Rng::seed_from_u64(3));
    let (mut compared, mut kinks) = (0, 0);
    for seed in 0..30 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let q = random_positions(&mut rng);
        collision.place(&q);
        for near in collision.pairs_within(0.3).to_vec() {
            collision.place(&q);
            let mut gradient = [0.0; 6];
            collision.distance_gradient(&near, &mut gradient).unwrap();
            for joint in 0..6 {
                let mut at = |offset: f64| {
                    let mut moved = q;
                    moved[joint] += offset;
                    collision.place(&moved);
                    let around = collision.pairs_within(near.distance + 1e-4).iter();
                    let same = around.filter(|other| (other.a, other.b) == (near.a, near.b));
                    same.map(|other| other.distance).next().unwrap()
                };
                let (above, below) = (at(1e-5) - near.distance, near.distance - at(-1e-5));
                if (above - below).abs() > 1e-8 {
                    // A kink: another corner, edge or way out takes over within the step.
                    kinks += 1;
                    continue;
                }
                let slope = (above + below) / 2e-5;
                assert!(
                    (gradient[joint] - slope).abs() < 2e-4,
                    "seed {seed} joint {joint}: {gradient:?} {slope} {near:?}"
                );
                compared += 1;
            }
        }
    }
    println!("{compared} slopes, {kinks} at kinks");
    assert!(compared > 2000 && kinks * 50 < compared, "{compared} {kinks}");
}

#[test]
fn a_distance_changes_by_no_more_than_the_joints_can_move_the_arm() {
    let mut collision = collision();
    add_obstacles(&mut collision, &mut ChaCha8Rng::seed_from_u64(8));
    for seed in 0..300 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let q = random_positions(&mut rng);
        let step: [f64; 6] = std::array::from_fn(|_| rng.random_range(-0.02..0.02));
        collision.place(&q);
        let before = collision.minimum_distance().unwrap().distance;
        collision.place(&std::array::from_fn::<f64, 6, _>(|joint| q[joint] + step[joint]));
        let after = collision.minimum_distance().unwrap().distance;
        // No point of the arm and gripper is farther than 1.5 m from any joint.
        let bound: f64 = step.iter().map(|step| 1.5 * step.abs()).sum();
        assert!(
            (after - before).abs() <= bound + 1e-9,
            "seed {seed}: {before} {after}"
        );
    }
}

#[test]
fn capsules_contain_the_shapes_so_they_are_never_farther_apart() {
    let arm = arm();
    let mut exact = collision();
    let settings = CollisionSettings {
        link_solids: LinkSolids::Capsules,
        ..CollisionSettings::default()
    };
    let mut round = CollisionModel::new(&arm, &settings);
    for seed in 0..100 {
        let q = random_positions(&mut ChaCha8Rng::seed_from_u64(seed));
        exact.place(&q);
        round.place(&q);
        let all = round.pairs_within(f64::INFINITY).to_vec();
        for near in exact.pairs_within(f64::INFINITY) {
            let same = all.iter().find(|other| (other.a, other.b) == (near.a, near.b));
            // A pair that always touches as capsules is not checked.
            let Some(same) = same else { continue };
            assert!(
                same.distance <= near.distance + 1e-9,
                "seed {seed}: {near:?} {same:?}"
            );
        }
    }
}

#[test]
fn obstacles_come_move_and_go() {
    let mut collision = collision();
    let pairs = collision.checked_pairs().count();
    let ball = Solid::sphere(0.1).unwrap();
    let at = |x: f64| Isometry3::translation(x, 0.0, 1.0);
    let first = collision.add_obstacle("first", ball.clone(), &at(2.0)).unwrap();
    let second = collision.add_obstacle("second", ball.clone(), &at(3.0)).unwrap();
    assert!(matches!(
        collision.add_obstacle("first", ball.clone(), &at(1.0)),
        Err(CollisionError::NameTaken { .. })
    ));
    assert!(matches!(
        collision.add_obstacle("bin", ball.clone(), &at(1.0)),
        Err(CollisionError::NameTaken { .. })
    ));
    assert!(matches!(
        collision.add_obstacle("nowhere", ball, &at(f64::NAN)),
        Err(CollisionError::BadPose { .. })
    ));

    collision.place(&HOME);
    let distance_of = |collision: &mut CollisionModel, name: &str| {
        let collider = collision.collider(name).unwrap();
        let all = collision.pairs_within(f64::INFINITY).iter();
        all.filter(|near| near.b == collider)
            .map(|near| near.distance)
            .fold(f64::INFINITY, f64::min)
    };
    let before = distance_of(&mut collision, "first");
    collision.move_obstacle(first, &at(2.5)).unwrap();
    let moved = distance_of(&mut collision, "first");
    assert!(
        moved > before + 0.3 && moved < before + 0.5 + 1e-9,
        "{before} {moved}"
    );

    let kept = distance_of(&mut collision, "second");
    collision.remove_obstacle(first).unwrap();
    collision.place(&HOME);
    assert!((distance_of(&mut collision, "second") - kept).abs() < 1e-15);
    assert!(matches!(
        collision.move_obstacle(first, &at(0.0)),
        Err(CollisionError::NoSuchObstacle { number: 0 })
    ));
    let error = collision.collider("first").unwrap_err().to_string();
    assert!(
        error.contains("called first") && error.contains("second"),
        "{error}"
    );
    collision.remove_obstacle(second).unwrap();
    assert_eq!(collision.checked_pairs().count(), pairs);
}

#[test]
fn a_held_part_moves_with_the_gripper_and_may_touch_only_the_fingers() {
    let mut collision = collision();
    let arm = collision.robot().clone();
    let tcp = arm.link("gripper_tcp").unwrap();
    let part = collision
        .add_obstacle(
            "part",
            Solid::cuboid(&Vector3::new(0.04, 0.06, 0.3)).unwrap(),
            &Isometry3::translation(0.0, 5.0, 0.0),
        )
        .unwrap();
    let held = Isometry3::translation(0.0, 0.0, 0.16);
    collision.attach(part, tcp, &held, &[]).unwrap();
    let collider = Collider::Obstacle(part);
    collision.place(&HOME);
    let least = |collision: &mut CollisionModel| {
        let all = collision.pairs_within(f64::INFINITY).iter();
        let of_part = all.filter(|near| near.a == collider || near.b == collider);
        of_part
            .min_by(|a, b| a.distance.total_cmp(&b.distance))
            .copied()
            .unwrap()
    };
    // Rigid with the gripper: neither its fingers nor its base are asked. The belt is.
    let is_rigid = |collision: &CollisionModel, other: &str| {
        let other = collision.collider(other).unwrap();
        !collision
            .checked_pairs()
            .any(|pair| pair.contains(&collider) && pair.contains(&other))
    };
    assert!(is_rigid(&collision, "gripper_base") && is_rigid(&collision, "gripper_finger_left"));
    assert!(!is_rigid(&collision, "wrist_1_link") && !is_rigid(&collision, "conveyor"));
    let free = least(&mut collision);

    // With the part in its grip, the arm can't lower as far.
    let mut gradient = [0.0; 6];
    collision.distance_gradient(&free, &mut gradient).unwrap();
    assert!(gradient.iter().any(|slope| slope.abs() > 0.05), "{gradient:?}");

    // Let go, it stays where it was.
    collision.detach(part).unwrap();
    collision.place(&[0.4, -1.2, 1.0, 0.0, 0.0, 0.0]);
    collision.place(&HOME);
    let gripper = collision.collider("gripper_finger_left").unwrap();
    let touching = collision.pairs_within(0.0).to_vec();
    assert!(
        !touching.is_empty()
            || !touching
                .iter()
                .any(|near| near.a == gripper && near.b == collider)
    );
    assert!((least(&mut collision).distance - free.distance).abs() < 1.0);
    assert!(!is_rigid(&collision, "gripper_base") && is_rigid(&collision, "conveyor"));

    let floor = collision
        .add_obstacle("floor", Solid::half_space(), &Isometry3::identity())
        .unwrap();
    assert!(matches!(
        collision.attach(floor, tcp, &held, &[]),
        Err(CollisionError::HalfSpaceOnLink { .. })
    ));
}

#[test]
fn a_part_between_moving_fingers_may_touch_them() {
    let cell = Model::from_urdf_str(include_str!("../../../launch/robots/cell.urdf")).unwrap();
    let mut collision = CollisionModel::new(&cell, &CollisionSettings::default());
    // Closed fingers touch each other at zero: known, and left to the user.
    let warned = |warning: &CollisionWarning| matches!(warning, CollisionWarning::TouchAtZero { a, b, .. } if a.contains("finger") && b.contains("finger"));
    assert!(
        collision.warnings().iter().any(warned),
        "{:?}",
        collision.warnings()
    );
    let count = collision.checked_pairs().count();
    collision
        .allow_pair("gripper_finger_right", "gripper_finger_left")
        .unwrap();
    assert_eq!(collision.checked_pairs().count(), count - 1);
    collision
        .forbid_pair("gripper_finger_left", "gripper_finger_right")
        .unwrap();
    assert_eq!(collision.checked_pairs().count(), count);
    assert!(collision.allow_pair("gripper_finger_left", "nobody").is_err());

    let fingers = ["gripper_finger_left", "gripper_finger_right"].map(|name| cell.link(name).unwrap());
    let part = Solid::cuboid(&Vector3::new(0.03, 0.04, 0.03)).unwrap();
    let part = collision
        .add_obstacle("part", part, &Isometry3::identity())
        .unwrap();
    let tcp = cell.link("gripper_tcp").unwrap();
    collision
        .attach(part, tcp, &Isometry3::identity(), &fingers)
        .unwrap();
    let mut q = vec![0.0; cell.joint_count()];
    q[cell.joint_index("gripper_finger_joint").unwrap()] = 0.015;
    q[..6].copy_from_slice(&HOME);
    collision.place(&q);
    let touching = collision.pairs_within(0.0).to_vec();
    assert!(
        touching.iter().all(|near| near.b != Collider::Obstacle(part)),
        "{touching:?}"
    );
    collision.attach(part, tcp, &Isometry3::identity(), &[]).unwrap();
    let touching = collision.pairs_within(0.0).to_vec();
    assert_eq!(
        touching
            .iter()
            .filter(|near| near.b == Collider::Obstacle(part))
            .count(),
        2
    );
}

const MESHED: &str = r#"<robot name="meshed">
    <link name="base"><collision><geometry><box size="0.1 0.1 0.1"/></geometry></collision></link>
    <link name="arm"><collision><origin xyz="0 0 1"/><geometry><mesh filename="package://meshed/arm.stl" scale="2 2 2"/></geometry></collision></link>
    <link name="tip"/>
    <joint name="turn" type="revolute"><parent link="base"/><child link="arm"/><origin xyz="0 0 0.3"/><axis xyz="0 0 1"/>
      <limit lower="-1" upper="1" velocity="1" effort="1"/></joint>
    <joint name="end" type="fixed"><parent link="arm"/><child link="tip"/><origin xyz="0.5 0 0"/></joint></robot>"#;

const TETRAHEDRON: &str = "solid t
facet normal 0 0 0\nouter loop\nvertex 0 0 0\nvertex 0.1 0 0\nvertex 0 0.1 0\nendloop\nendfacet
facet normal 0 0 0\nouter loop\nvertex 0 0 0\nvertex 0.1 0 0\nvertex 0 0 0.1\nendloop\nendfacet
facet normal 0 0 0\nouter loop\nvertex 0 0 0\nvertex 0 0.1 0\nvertex 0 0 0.1\nendloop\nendfacet
endsolid t\n";

#[test]
fn meshes_are_read_scaled_and_placed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("meshed")).unwrap();
    std::fs::write(folder.path().join("meshed/arm.stl"), TETRAHEDRON).unwrap();
    let robot = Model::from_urdf_str(MESHED).unwrap();
    let settings = CollisionSettings {
        mesh_folders: vec![folder.path().to_owned()],
        ..CollisionSettings::default()
    };
    let mut collision = CollisionModel::new(&robot, &settings);
    assert_eq!(collision.warnings(), []);
    let ball = Solid::sphere(0.0).unwrap();
    // The mesh's tip along x is at 2 · 0.1 m, 1.3 m up.
    collision
        .add_obstacle("point", ball, &Isometry3::translation(0.5, 0.0, 1.3))
        .unwrap();
    collision.place(&[0.0]);
    let near = collision.minimum_distance().unwrap();
    assert!((near.distance - 0.3).abs() < 1e-8, "{near:?}"); // STL has single precision
    assert!((near.on_a - Point3::new(0.2, 0.0, 1.3)).norm() < 1e-7, "{near:?}");
}

#[test]
fn a_missing_mesh_is_a_warning_and_a_capsule_or_nothing() {
    let robot = Model::from_urdf_str(MESHED).unwrap();
    let mut collision = CollisionModel::new(&robot, &CollisionSettings::default());
    let [CollisionWarning::Mesh { link, file, .. }] = collision.warnings() else {
        panic!("{:?}", collision.warnings());
    };
    assert_eq!(
        (link.as_str(), file.as_str()),
        ("arm", "package://meshed/arm.stl")
    );
    collision
        .add_obstacle(
            "point",
            Solid::sphere(0.0).unwrap(),
            &Isometry3::translation(1.0, 0.0, 0.3),
        )
        .unwrap();
    collision.place(&[0.0]);
    let near = collision.minimum_distance().unwrap();
    // A capsule of 6 cm about the line from the arm's joint to its tip at 0.5 m.
    assert!((near.distance - 0.44).abs() < 1e-12, "{near:?}");

    let settings = CollisionSettings {
        missing_mesh: MissingMesh::Nothing,
        ..CollisionSettings::default()
    };
    let mut collision = CollisionModel::new(&robot, &settings);
    assert!(collision.warnings()[0].to_string().contains("nothing is checked"));
    assert!(collision.collider("arm").is_err());
    collision.place(&[0.0]);
    assert_eq!(collision.minimum_distance(), None);
    assert_eq!(collision.closer_than(1.0), None);
}

#[test]
fn sliding_and_mimicking_links_are_proved_apart_only_within_their_limits() {
    let slide = |upper: f64, multiplier: f64| {
        let text = format!(
            r#"<robot name="slides">
            <link name="base"/>
            <link name="wall"><collision><geometry><box size="0.2 1 1"/></geometry></collision></link>
            <joint name="fix" type="fixed"><parent link="base"/><child link="wall"/><origin xyz="2 0 0"/></joint>
            <link name="cart"><collision><geometry><sphere radius="0.1"/></geometry></collision></link>
            <joint name="slide" type="prismatic"><parent link="base"/><child link="cart"/><axis xyz="1 0 0"/>
              <limit lower="0" upper="{upper}" velocity="1" effort="1"/></joint>
            <link name="arm"><collision><origin xyz="0.3 0 0"/><geometry><box size="0.6 0.05 0.05"/></geometry></collision></link>
            <joint name="swing" type="revolute"><parent link="cart"/><child link="arm"/><axis xyz="0 0 1"/><origin xyz="0 0 0.4"/>
              <limit lower="-1" upper="1" velocity="1" effort="1"/><mimic joint="slide" multiplier="{multiplier}"/></joint></robot>"#
        );
        let robot = Model::from_urdf_str(&text).unwrap();
        let collision = CollisionModel::new(&robot, &CollisionSettings::default());
        let verdict = |a: &str, b: &str| {
            let links = [a, b].map(|name| robot.link(name).unwrap());
            let is_pair = |pair: &[_; 2]| *pair == links || *pair == [links[1], links[0]];
            collision
                .link_pairs()
                .iter()
                .find(|(pair, _)| is_pair(pair))
                .unwrap()
                .1
        };
        [verdict("wall", "cart"), verdict("wall", "arm")]
    };
    let checked = Verdict::Checked { depth_at_zero: None };
    // The cart's face comes to 0.1 m short of the wall at 1.7 m, the arm's tip then reaches over it unless it is swung aside.
    assert_eq!(slide(1.75, 0.0), [Verdict::NeverTouch, checked]);
    assert_eq!(slide(1.85, 0.0), [checked, checked]);
    assert_eq!(slide(1.2, 0.0), [Verdict::NeverTouch, Verdict::NeverTouch]);
    assert_eq!(slide(1.75, 0.3), [Verdict::NeverTouch, checked]);
    assert_eq!(slide(1.75, 0.85), [Verdict::NeverTouch, Verdict::NeverTouch]);
}

#[test]
fn a_robot_without_shapes_has_no_answer() {
    let robot = Model::from_urdf_str(
        r#"<robot name="bare"><link name="a"/><link name="b"/><joint name="j" type="continuous">
           <parent link="a"/><child link="b"/><axis xyz="0 0 1"/></joint></robot>"#,
    )
    .unwrap();
    let mut collision = CollisionModel::new(&robot, &CollisionSettings::default());
    collision.place(&[1.0]);
    assert_eq!(collision.minimum_distance(), None);
    assert_eq!(collision.pairs_within(9.0), []);
    let fixed = Translation3::new(0.0, 0.0, 1.0).into();
    collision
        .add_obstacle("ball", Solid::sphere(0.1).unwrap(), &fixed)
        .unwrap();
    assert_eq!(collision.minimum_distance(), None);
}

#[test]
fn floating_bodies_stay_checked_and_have_gradients_by_velocity() {
    let robot = Model::from_urdf_str(
        r#"<robot name="loose"><link name="table"><collision><geometry><box size="1 1 0.1"/></geometry></collision></link>
           <link name="ball"><inertial><mass value="1"/><inertia ixx="1" ixy="0" ixz="0" iyy="1" iyz="0" izz="1"/></inertial>
             <collision><origin xyz="0.2 0 0"/><geometry><sphere radius="0.1"/></geometry></collision></link>
           <joint name="loose" type="floating"><parent link="table"/><child link="ball"/></joint></robot>"#,
    )
    .unwrap()
    .with_free_joints();
    let mut collision = CollisionModel::new(&robot, &CollisionSettings::default());
    assert_eq!(collision.checked_pairs().count(), 1);
    let mut q = robot.neutral_positions();
    q[2] = 0.5;
    collision.place(&q);
    let near = collision.minimum_distance().unwrap();
    assert!((near.distance - 0.35).abs() < 1e-12, "{near:?}");
    let mut gradient = vec![0.0; robot.velocity_count()];
    collision.distance_gradient(&near, &mut gradient).unwrap();
    // Rising and pitching lift the ball, which is 0.2 m in front of its frame.
    let expected = [0.0, 0.0, 1.0, 0.0, -0.2, 0.0];
    let errors = gradient.iter().zip(expected).map(|(a, b)| (a - b).abs());
    assert!(errors.fold(0.0, f64::max) < 1e-9, "{gradient:?}");
}

#[test]
fn planar_links_are_never_taken_as_proved_apart() {
    let robot = Model::from_urdf_str(
        r#"<robot name="rover"><link name="ground"/>
           <link name="wall"><collision><geometry><box size="0.2 2 1"/></geometry></collision></link>
           <joint name="built" type="fixed"><parent link="ground"/><child link="wall"/><origin xyz="9 0 0"/></joint>
           <link name="rover"><inertial><mass value="1"/><inertia ixx="1" ixy="0" ixz="0" iyy="1" iyz="0" izz="1"/></inertial>
             <collision><geometry><box size="0.4 0.3 0.2"/></geometry></collision></link>
           <joint name="drive" type="planar"><parent link="ground"/><child link="rover"/><axis xyz="0 0 1"/></joint></robot>"#,
    )
    .unwrap();
    let mut collision = CollisionModel::new(&robot, &CollisionSettings::default());
    assert_eq!(collision.checked_pairs().count(), 1);
    collision.place(&robot.neutral_positions());
    let near = collision.minimum_distance().unwrap();
    assert!((near.distance - 8.7).abs() < 1e-9, "{near:?}");
}
