//! All solutions: every one of them, each once, the nearest first.

use crate::arms::{Arm, Joint, apart, distance, random_vector, seeded};
use nalgebra::Vector3;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use std::f64::consts::{FRAC_PI_2, PI, TAU};

/// Arms of a family that has a closed form: `poses` poses of each; the values that made a pose have to be among its solutions.
fn expect_complete(mut arm: Arm, poses: usize, rng: &mut ChaCha8Rng) -> usize {
    let mut ik = arm.solver();
    assert!(ik.has_closed_form());
    let mut most = 0;
    for _ in 0..poses {
        let (truth, seed) = (arm.draw(rng), arm.draw(rng));
        let goal = arm.pose(&truth);
        let solutions = ik.all(&goal, &seed).expect("is within reach");
        assert!(solutions.are_complete());
        most = most.max(solutions.len());
        let listed: Vec<&[f64]> = solutions.iter().collect();
        assert!(
            listed.iter().any(|q| apart(q, &truth) < 1e-5),
            "{truth:?} is missing in {listed:?}"
        );
        for (index, q) in listed.iter().enumerate() {
            arm.expect_solution(&goal, q);
            assert!(
                listed[..index].iter().all(|other| apart(q, other) > 1e-6),
                "twice: {q:?}"
            );
            assert!(index == 0 || distance(listed[index - 1], &seed) <= distance(q, &seed) + 1e-9);
        }
    }
    most
}

#[test]
fn a_ur5e_has_up_to_eight() {
    assert_eq!(expect_complete(Arm::ur5e(), 300, &mut seeded(10)), 8);
}

#[test]
fn descents_find_nothing_that_the_closed_form_does_not_have() {
    let mut arm = Arm::ur5e();
    let (mut exact, mut searching) = (arm.solver(), arm.solver().without_closed_form());
    let mut rng = seeded(11);
    let mut found = [0, 0];
    for _ in 0..40 {
        let (truth, seed) = (arm.draw(&mut rng), arm.draw(&mut rng));
        let goal = arm.pose(&truth);
        let all = exact.all(&goal, &seed).expect("is within reach");
        let searched = searching.all(&goal, &seed).expect("is within reach");
        assert!(!searched.are_complete());
        for q in searched.iter() {
            assert!(all.iter().any(|known| apart(q, known) < 1e-4), "{q:?} is new");
        }
        found = [found[0] + all.len(), found[1] + searched.len()];
    }
    println!("closed form {}, descents {}", found[0], found[1]);
    assert!(
        found[1] * 10 >= found[0] * 9,
        "descents find {} of {}",
        found[1],
        found[0]
    );
}

/// Six turning joints whose last three (or first three) axes meet in a point; everything else is arbitrary.
fn random_spherical(rng: &mut ChaCha8Rng, at_the_base: bool) -> Arm {
    let mut joints: Vec<Joint> = (0..6)
        .map(|_| {
            let mut joint = Joint::revolute([0.0; 3], [0.0; 3]);
            joint.origin = random_vector(rng, 0.4);
            joint.rpy = random_vector(rng, PI);
            joint.axis = random_vector(rng, 1.0).normalize();
            joint
        })
        .collect();
    let at_centre = if at_the_base { [1, 2] } else { [4, 5] };
    for joint in at_centre {
        joints[joint].origin = Vector3::zeros();
    }
    Arm::of(&joints, random_vector(rng, 0.2))
}

#[test]
fn arms_with_any_spherical_wrist_or_shoulder_are_solved_completely() {
    let mut rng = seeded(12);
    for arm in 0..40 {
        let arm = random_spherical(&mut rng, arm % 2 == 1);
        expect_complete(arm, 10, &mut rng);
    }
}

/// Six turning joints, the second to fourth (or third to fifth) parallel; everything else is arbitrary.
fn random_parallel(rng: &mut ChaCha8Rng, late: bool) -> Arm {
    let mut joints: Vec<Joint> = (0..6)
        .map(|_| {
            let mut joint = Joint::revolute([0.0; 3], [0.0; 3]);
            joint.origin = random_vector(rng, 0.4);
            joint.axis = random_vector(rng, 1.0).normalize();
            joint
        })
        .collect();
    let middle = if late { 2..5 } else { 1..4 };
    let axis = joints[middle.start].axis;
    for joint in middle {
        joints[joint].axis = axis * if rng.random_bool(0.5) { 1.0 } else { -1.0 };
    }
    Arm::of(&joints, random_vector(rng, 0.2))
}

#[test]
fn arms_with_any_three_parallel_axes_in_the_middle_are_solved_completely() {
    let mut rng = seeded(13);
    for arm in 0..40 {
        let arm = random_parallel(&mut rng, arm % 2 == 1);
        expect_complete(arm, 10, &mut rng);
    }
}

/// The proportions of classic industrial arms: shoulder over the base or beside it, elbow in line or beside it.
#[test]
fn industrial_arms_have_eight() {
    for (shoulder, side, elbow) in [
        (0.0, 0.0, 0.0),
        (0.15, 0.0, 0.0),
        (0.0, 0.12, 0.0),
        (0.15, 0.0, -0.09),
        (0.1, 0.08, 0.05),
    ] {
        let joints = [
            Joint::revolute([0.0, 0.0, 0.3], [0.0, 0.0, 1.0]),
            Joint::revolute([shoulder, side, 0.2], [0.0, 1.0, 0.0]),
            Joint::revolute([0.0, 0.0, 0.6], [0.0, 1.0, 0.0]),
            Joint::revolute([0.2, 0.0, elbow], [1.0, 0.0, 0.0]),
            Joint::revolute([0.4, 0.0, 0.0], [0.0, 1.0, 0.0]),
            Joint::revolute([0.0, 0.0, 0.0], [1.0, 0.0, 0.0]),
        ]
        .map(|joint| joint.within(-PI, PI));
        let most = expect_complete(
            Arm::of(&joints, Vector3::new(0.1, 0.0, 0.0)),
            100,
            &mut seeded(14),
        );
        assert!(most >= 8, "{most}");
    }
}

/// A calibrated arm: axes a little out of parallel. The closed form gives starts, and what they lead to is exact.
#[test]
fn a_calibrated_arm_keeps_its_solutions() {
    let mut rng = seeded(15);
    let text = include_str!("../robots/ur5e.urdf");
    for _ in 0..10 {
        let skewed = text
            .replace(
                "rpy=\"1.5707963267948966 0 0\"",
                &format!(
                    "rpy=\"{} 0.0011 -0.0007\"",
                    FRAC_PI_2 + rng.random_range(-2e-3..2e-3)
                ),
            )
            .replace(
                "xyz=\"-0.425 0 0\"",
                &format!(
                    "xyz=\"-0.4252 0.0003 0\" rpy=\"{} {} 0\"",
                    rng.random_range(-3e-3..3e-3),
                    rng.random_range(-3e-3..3e-3)
                ),
            );
        let mut arm = Arm::new(
            servomesh_robot::Model::from_urdf_str(&skewed).expect("is a robot"),
            "tool0",
        );
        let mut ik = arm.solver();
        assert!(ik.has_closed_form());
        for _ in 0..10 {
            let (truth, seed) = (arm.draw(&mut rng), arm.draw(&mut rng));
            let goal = arm.pose(&truth);
            let solutions = ik.all(&goal, &seed).expect("is within reach");
            assert!(!solutions.are_complete());
            assert!(solutions.iter().any(|q| apart(q, &truth) < 1e-5));
            for q in solutions.iter() {
                arm.expect_solution(&goal, q);
            }
        }
    }
}

#[test]
fn the_nearest_of_all_is_the_nearest_in_every_turn() {
    let mut arm = Arm::ur5e();
    let mut ik = arm.solver();
    let mut rng = seeded(16);
    for _ in 0..200 {
        let (truth, seed) = (arm.draw_from_limits(&mut rng), arm.draw_from_limits(&mut rng));
        let goal = arm.pose(&truth);
        let mut nearest = seed.clone();
        ik.nearest(&goal, &seed, &mut nearest).expect("is within reach");
        for q in ik.all(&goal, &seed).expect("is within reach").iter() {
            let mut turned = q.to_vec();
            for joint in 0..6 {
                let limits = arm.model.joints()[joint].limits;
                let turns = [-2.0, -1.0, 0.0, 1.0, 2.0].map(|turns| q[joint] + turns * TAU);
                let allowed = turns
                    .into_iter()
                    .filter(|value| (limits.lower..=limits.upper).contains(value));
                turned[joint] = allowed
                    .min_by(|a, b| (a - seed[joint]).abs().total_cmp(&(b - seed[joint]).abs()))
                    .expect("the solution itself is allowed");
            }
            assert!(distance(&nearest, &seed) <= distance(&turned, &seed) + 1e-6);
        }
    }
}

/// Each listed solution of a redundant arm has the least distance to the seed on its stretch of self-motion: what remains of the way to the
/// seed, once the joints at limits are held, is no self-motion.
#[test]
fn a_redundant_arm_is_brought_near_the_seed() {
    let mut arm = Arm::panda();
    let mut ik = arm.solver();
    let mut rng = seeded(17);
    let mut jacobian = nalgebra::Matrix6xX::zeros(7);
    let mut workspace = servomesh_robot::Workspace::new(&arm.model);
    let mut several = 0;
    for _ in 0..30 {
        let (truth, seed) = (arm.draw(&mut rng), arm.draw(&mut rng));
        let goal = arm.pose(&truth);
        let solutions = ik.all(&goal, &seed).expect("is within reach");
        several += usize::from(solutions.len() > 1);
        for q in solutions.iter() {
            arm.expect_solution(&goal, q);
            arm.model.forward_kinematics(&mut workspace, q);
            arm.model.jacobian(&workspace, arm.link, &mut jacobian);
            let free: Vec<usize> = (0..7)
                .filter(|&joint| {
                    let limits = arm.model.joints()[joint].limits;
                    q[joint] > limits.lower + 1e-3 && q[joint] < limits.upper - 1e-3
                })
                .collect();
            if free.len() < 7 {
                continue;
            }
            let svd = jacobian.clone().insert_row(6, 0.0).svd(false, true);
            let v_t = svd.v_t.expect("was asked for");
            let least = svd.singular_values.imin();
            let along: f64 = (0..7)
                .map(|joint| v_t[(least, joint)] * (seed[joint] - q[joint]))
                .sum();
            assert!(along.abs() < 2e-2, "{along} rad of self-motion left at {q:?}");
        }
    }
    assert!(several > 10, "only {several} of 30 poses have several solutions");
}

/// An arm of `eaik.json`: axes, and ways between them, as they stand with all joints at 0.
#[derive(serde::Deserialize)]
struct Golden {
    name: String,
    axes: Vec<[f64; 3]>,
    ways: Vec<[f64; 3]>,
    poses: Vec<GoldenPose>,
}

#[derive(serde::Deserialize)]
struct GoldenPose {
    q: Vec<f64>,
    solutions: Vec<Vec<f64>>,
}

#[test]
fn all_solutions_are_those_of_eaik() {
    let arms: Vec<Golden> =
        serde_json::from_str(include_str!("eaik.json")).expect("is what generate.py writes");
    assert_eq!(arms.len(), 5);
    for golden in arms {
        let joints: Vec<Joint> = golden
            .axes
            .iter()
            .zip(&golden.ways)
            .map(|(&axis, &way)| Joint::revolute(way, axis).within(-PI, PI))
            .collect();
        let mut arm = Arm::of(&joints, golden.ways[6].into());
        let mut ik = arm.solver();
        for GoldenPose { q, solutions } in golden.poses {
            let goal = arm.pose(&q);
            let ours = ik.all(&goal, &[0.0; 6]).expect("is within reach");
            assert!(ours.are_complete());
            assert_eq!(ours.len(), solutions.len(), "{} at {q:?}", golden.name);
            for theirs in solutions {
                let off = ours
                    .iter()
                    .map(|q| apart(q, &theirs))
                    .fold(f64::INFINITY, f64::min);
                assert!(
                    off < 1e-6,
                    "{} at {q:?}: {theirs:?} is {off:e} from ours",
                    golden.name
                );
            }
        }
    }
}
