//! Distances of pairs of solids against Coal's numbers, against closed forms and against what every distance obeys.
//! `golden/collision.py` writes Coal's.

use nalgebra::{Isometry3, Point3, Quaternion, Translation3, UnitQuaternion, Vector3};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use servomesh_robot::collision::{Separation, Solid};

/// Coal's numbers are kept where two of its own tolerances agree.
const TOLERANCE: f64 = 1e-8;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

/// Kind and measures of both, their poses, the distance.
#[derive(Deserialize)]
struct Case(String, Vec<f64>, String, Vec<f64>, [f64; 7], [f64; 7], f64);

fn solid(kind: &str, measures: &[f64]) -> Solid {
    match (kind, measures) {
        ("sphere", &[radius]) => Solid::sphere(radius),
        ("box", sides) => Solid::cuboid(&Vector3::from_row_slice(sides)),
        ("capsule", &[radius, length]) => Solid::capsule(radius, length),
        ("cylinder", &[radius, length]) => Solid::cylinder(radius, length),
        ("hull", numbers) => {
            let points: Vec<Point3<f64>> = numbers.chunks(3).map(Point3::from_slice).collect();
            Solid::convex_hull(&points)
        }
        ("half_space", _) => Ok(Solid::half_space()),
        _ => panic!("no such solid: {kind} {measures:?}"),
    }
    .expect("measures are positive")
}

fn pose([x, y, z, qw, qx, qy, qz]: [f64; 7]) -> Isometry3<f64> {
    let rotation = UnitQuaternion::from_quaternion(Quaternion::new(qw, qx, qy, qz));
    Isometry3::from_parts(Translation3::new(x, y, z), rotation)
}

/// What holds for every answer: the points are as far apart as it says, the solids free of each other once moved by that.
fn check_itself(
    what: &str,
    a: &Solid,
    at_a: &Isometry3<f64>,
    b: &Solid,
    at_b: &Isometry3<f64>,
) -> Separation {
    let found = a.separation(at_a, b, at_b);
    assert!((found.normal.norm() - 1.0).abs() < 1e-12, "{what}: {found:?}");
    let gap = found.on_b - found.on_a - found.normal * found.distance;
    assert!(gap.norm() < 1e-12, "{what}: {found:?} {gap}");
    let point = Solid::sphere(0.0).expect("a point is a sphere");
    for (solid, at, on) in [(a, at_a, found.on_a), (b, at_b, found.on_b)] {
        let off = point.separation(&Isometry3::from(on), solid, at).distance;
        assert!(off.abs() < 2e-5, "{what}: {off} off, {found:?}");
    }

    let swapped = b.separation(at_b, a, at_a);
    assert!(
        (swapped.distance - found.distance).abs() < 1e-8,
        "{what}: {found:?} {swapped:?}"
    );
    let moved = Translation3::from(found.normal * (0.01 - found.distance)) * at_b;
    let apart = a.separation(at_a, b, &moved).distance;
    assert!((apart - 0.01).abs() < 1e-7, "{what}: {apart} after {found:?}");
    found
}

#[test]
fn distances_and_depths_agree_with_coal() {
    let golden: Golden = serde_json::from_str(include_str!("golden/collision_shapes.json")).unwrap();
    let (mut apart, mut overlapping, mut worst) = (0, 0, 0.0_f64);
    for (index, Case(kind_a, a, kind_b, b, at_a, at_b, distance)) in golden.cases.iter().enumerate() {
        let what = format!("case {index}: {kind_a} {a:?} {at_a:?}, {kind_b} {b:?} {at_b:?}");
        let found = check_itself(
            &what,
            &solid(kind_a, a),
            &pose(*at_a),
            &solid(kind_b, b),
            &pose(*at_b),
        );
        let error = (found.distance - distance).abs();
        assert!(error < TOLERANCE, "{what}: {} is not {distance}", found.distance);
        worst = worst.max(error);
        *(if *distance > 0.0 {
            &mut apart
        } else {
            &mut overlapping
        }) += 1;
    }
    println!("{apart} apart, {overlapping} overlapping, worst error {worst:e} m");
    assert!(apart > 100 && overlapping > 100, "{apart} {overlapping}");
}

#[test]
fn closed_forms_hold() {
    let at = |x: f64, y: f64, z: f64| Isometry3::translation(x, y, z);
    let upright = at(0.0, 0.0, 0.0);
    let turned = Isometry3::rotation(Vector3::y() * std::f64::consts::FRAC_PI_2);
    let cube = Solid::cuboid(&Vector3::repeat(2.0)).unwrap();
    let ball = Solid::sphere(0.5).unwrap();
    let rod = Solid::capsule(0.25, 2.0).unwrap();
    let can = Solid::cylinder(1.0, 2.0).unwrap();
    let floor = Solid::half_space();
    let diagonal = Isometry3::rotation(Vector3::z() * std::f64::consts::FRAC_PI_4);
    for (what, a, at_a, b, at_b, expected) in [
        ("balls", &ball, upright, &ball, at(3.0, 4.0, 0.0), 4.0),
        ("balls in one place", &ball, upright, &ball, upright, -1.0),
        ("ball over a face", &cube, upright, &ball, at(0.3, 0.2, 2.0), 0.5),
        (
            "ball at a corner",
            &cube,
            upright,
            &ball,
            at(2.0, 2.0, 2.0),
            3.0_f64.sqrt() - 0.5,
        ),
        ("ball in a box", &cube, upright, &ball, at(0.7, 0.0, 0.0), -0.8),
        (
            "boxes face to face",
            &cube,
            upright,
            &cube,
            at(3.0, 0.5, 0.0),
            1.0,
        ),
        (
            "boxes that just touch",
            &cube,
            upright,
            &cube,
            at(2.0, 0.0, 0.0),
            0.0,
        ),
        ("boxes in one place", &cube, upright, &cube, upright, -2.0),
        (
            "box edge to face",
            &cube,
            upright,
            &cube,
            at(1.0 + 2.0_f64.sqrt() + 0.5, 0.0, 0.0) * diagonal,
            0.5,
        ),
        ("crossing rods", &rod, upright, &rod, turned, -0.5),
        ("rods in one place", &rod, upright, &rod, upright, -0.5),
        ("rods end to end", &rod, upright, &rod, at(0.0, 0.0, 3.0), 0.5),
        (
            "rod through a box",
            &cube,
            upright,
            &rod,
            at(0.9, 0.0, 0.0),
            -0.35,
        ),
        ("can on a can", &can, upright, &can, at(0.2, 0.0, 2.5), 0.5),
        ("cans side by side", &can, upright, &can, at(3.0, 0.0, 0.5), 1.0),
        (
            "can's rim to a ball",
            &can,
            upright,
            &ball,
            at(4.0, 0.0, 5.0),
            4.5,
        ),
        (
            "ball over the floor",
            &floor,
            upright,
            &ball,
            at(9.0, 9.0, 2.0),
            1.5,
        ),
        (
            "lying can in the floor",
            &floor,
            upright,
            &can,
            at(0.0, 0.0, 0.6) * turned,
            -0.4,
        ),
    ] {
        let found = check_itself(what, a, &at_a, b, &at_b);
        assert!(
            (found.distance - expected).abs() < 1e-9,
            "{what}: {found:?}, not {expected}"
        );
    }
}

fn random_solid(rng: &mut ChaCha8Rng) -> Solid {
    let mut size = || rng.random_range(0.01..0.4);
    let measures = [size(), size(), size()];
    let kinds = ["sphere", "box", "capsule", "cylinder", "hull", "flat", "needle"];
    match kinds[rng.random_range(0..kinds.len())] {
        "sphere" => solid("sphere", &measures[..1]),
        "box" => solid("box", &measures),
        kind @ ("capsule" | "cylinder") => solid(kind, &measures[..2]),
        "flat" => Solid::cuboid(&Vector3::new(measures[0], measures[1], 0.0)).expect("sides are positive"),
        "needle" => Solid::cylinder(0.0, measures[0]).expect("the length is positive"),
        _ => {
            let numbers: Vec<f64> = (0..3 * rng.random_range(4..30))
                .map(|_| rng.random_range(-0.3..0.3))
                .collect();
            solid("hull", &numbers)
        }
    }
}

fn random_pose(rng: &mut ChaCha8Rng, reach: f64) -> Isometry3<f64> {
    let mut draw = |bound: f64| Vector3::from_fn(|_, _| rng.random_range(-bound..bound));
    Isometry3::new(draw(reach), draw(2.0))
}

#[test]
fn every_answer_is_symmetric_and_moving_by_it_separates() {
    for seed in 0..4000 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (a, b) = (random_solid(&mut rng), random_solid(&mut rng));
        let (at_a, at_b) = (random_pose(&mut rng, 0.3), random_pose(&mut rng, 0.3));
        check_itself(&format!("seed {seed}: {a:?} {b:?}"), &a, &at_a, &b, &at_b);
    }
}

#[test]
fn a_distance_changes_by_no_more_than_the_motion() {
    for seed in 0..1500 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (a, b) = (random_solid(&mut rng), random_solid(&mut rng));
        let (at_a, at_b) = (random_pose(&mut rng, 0.3), random_pose(&mut rng, 0.3));
        let step =
            Vector3::from_fn(|_, _| rng.random_range(-0.1..0.1)) * 10.0_f64.powi(-rng.random_range(0..9));
        let before = a.separation(&at_a, &b, &at_b).distance;
        let after = a
            .separation(&at_a, &b, &(Translation3::from(step) * at_b))
            .distance;
        assert!(
            (after - before).abs() <= step.norm() + 1e-9,
            "seed {seed}: {before} {after} {step}"
        );
    }
}

#[test]
fn no_point_of_one_solid_is_closer_to_the_other_than_the_distance_says() {
    let point = Solid::sphere(0.0).unwrap();
    for seed in 0..300 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let numbers: Vec<f64> = (0..24).map(|_| rng.random_range(-0.3..0.3)).collect();
        let hull = solid("hull", &numbers);
        let other = random_solid(&mut rng);
        let (at_a, at_b) = (random_pose(&mut rng, 0.3), random_pose(&mut rng, 0.3));
        let whole = hull.separation(&at_a, &other, &at_b).distance;
        for corner in numbers.chunks(3) {
            let at_corner = Isometry3::from(at_a * Point3::from_slice(corner));
            let distance = point.separation(&at_corner, &other, &at_b).distance;
            assert!(whole <= distance + 1e-9, "seed {seed}: {whole} {distance}");
        }
    }
}

/// Sizes, places and turns from short lists: faces in one plane, axes on one line, centres in one place, nothing thick.
fn aligned(rng: &mut ChaCha8Rng) -> (Solid, Isometry3<f64>) {
    let mut size = || [0.0, 0.05, 0.1, 0.1, 0.2, 0.3, 0.5, 1.0][rng.random_range(0..8)];
    let measures = [size(), size(), size()];
    let corners: Vec<f64> = (0..8_u8)
        .flat_map(|corner| {
            [0, 1, 2].map(|axis| measures[axis] * if corner & (1 << axis) == 0 { 1.0 } else { -1.0 })
        })
        .collect();
    let solid = match rng.random_range(0..5) {
        0 => solid("sphere", &measures[..1]),
        1 => solid("box", &measures),
        2 => solid("capsule", &measures[..2]),
        3 => solid("cylinder", &measures[..2]),
        _ => solid("hull", &corners),
    };
    let place = Vector3::from_fn(|_, _| [0.0, 0.1, 0.05, 0.25, 0.5, -0.1][rng.random_range(0..6)]);
    let turn = |rng: &mut ChaCha8Rng| std::f64::consts::FRAC_PI_4 * f64::from(rng.random_range(0..5));
    let turned = UnitQuaternion::from_euler_angles(turn(rng), turn(rng), turn(rng));
    (solid, Isometry3::from_parts(place.into(), turned))
}

#[test]
fn solids_in_one_plane_on_one_axis_or_in_one_place_are_no_trap() {
    for seed in 0..4000 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let ((a, at_a), (b, at_b)) = (aligned(&mut rng), aligned(&mut rng));
        let found = a.separation(&at_a, &b, &at_b);
        assert!(found.distance.is_finite(), "seed {seed}: {found:?}");
        assert!((found.normal.norm() - 1.0).abs() < 1e-9, "seed {seed}: {found:?}");
        let moved = Translation3::from(found.normal * (0.01 - found.distance)) * at_b;
        let apart = a.separation(&at_a, &b, &moved).distance;
        // Never too short a way out; too long by no more than the README says.
        assert!(
            apart > 0.01 - 1e-9 && apart < 0.01 + 2e-4,
            "seed {seed}: {apart} after {found:?}"
        );
        let swapped = b.separation(&at_b, &a, &at_a).distance;
        assert!(
            (swapped - found.distance).abs() < 2e-4,
            "seed {seed}: {swapped} {found:?}"
        );
    }
}

#[test]
fn impossible_measures_are_refused() {
    assert!(
        Solid::sphere(-1.0)
            .unwrap_err()
            .to_string()
            .contains("sphere radius is -1")
    );
    assert!(Solid::cuboid(&Vector3::new(1.0, f64::NAN, 1.0)).is_err());
    assert!(Solid::cylinder(f64::INFINITY, 1.0).is_err());
    assert!(Solid::capsule(1.0, -0.1).is_err());
    assert!(Solid::convex_hull(&[]).is_err());
    assert!(Solid::convex_hull(&[Point3::new(0.0, 0.0, f64::INFINITY)]).is_err());
}
