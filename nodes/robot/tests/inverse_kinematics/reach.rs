//! Poses that are within reach are solved: from any seed, to 1e-8 m and 1e-8 rad, within the limits.

use crate::arms::{Arm, apart, distance, seeded};
use servomesh_robot::InverseKinematics;

/// Solves `poses` random poses from as many random seeds; at most one in a thousand may fail.
fn check(mut arm: Arm, mut ik: InverseKinematics, poses: usize) {
    let mut rng = seeded(1);
    let mut failures = 0;
    for _ in 0..poses {
        let (truth, seed) = (arm.draw_from_limits(&mut rng), arm.draw_from_limits(&mut rng));
        let goal = arm.pose(&truth);
        let mut q = vec![f64::NAN; seed.len()];
        match ik.nearest(&goal, &seed, &mut q) {
            Ok(()) => arm.expect_solution(&goal, &q),
            Err(error) => {
                println!("{truth:?} from {seed:?}: {error}");
                failures += 1;
            }
        }
    }
    assert!(
        failures * 1000 <= poses,
        "{failures} of {poses} reachable poses were not solved"
    );
}

#[test]
fn a_ur5e_reaches_its_poses() {
    let arm = Arm::ur5e();
    let ik = arm.solver();
    assert!(ik.has_closed_form());
    check(arm, ik, 1000);
}

#[test]
fn a_ur5e_reaches_its_poses_without_a_closed_form() {
    let arm = Arm::ur5e();
    let ik = arm.solver().without_closed_form();
    check(arm, ik, 1000);
}

#[test]
fn a_panda_reaches_its_poses() {
    let arm = Arm::panda();
    let ik = arm.solver();
    assert!(!ik.has_closed_form());
    check(arm, ik, 1000);
}

#[test]
#[ignore = "ten times as long; for release builds"]
fn ten_thousand_poses_are_reached() {
    for arm in [Arm::ur5e(), Arm::panda()] {
        let ik = arm.solver();
        check(arm, ik, 10_000);
    }
}

#[test]
fn the_cell_s_arm_reaches_its_poses_and_leaves_gripper_and_belt_alone() {
    let mut arm = Arm::from_file("../../launch/robots/cell.urdf", "gripper_tcp");
    let mut ik = arm.solver();
    assert!(ik.has_closed_form());
    let on_chain: Vec<usize> = ik.joints().collect();
    assert_eq!(on_chain.len(), 6);
    let mut rng = seeded(2);
    for _ in 0..100 {
        let (truth, mut seed) = (arm.draw(&mut rng), arm.draw(&mut rng));
        for joint in (0..seed.len()).filter(|joint| !on_chain.contains(joint)) {
            seed[joint] = 0.01;
        }
        let goal = arm.pose(&truth);
        let mut q = seed.clone();
        ik.nearest(&goal, &seed, &mut q).expect("is within reach");
        arm.expect_solution(&goal, &q);
        for joint in (0..seed.len()).filter(|joint| !on_chain.contains(joint)) {
            assert_eq!(q[joint].to_bits(), seed[joint].to_bits());
        }
    }
}

#[test]
fn a_seed_that_is_a_solution_comes_back() {
    for mut arm in [Arm::ur5e(), Arm::panda()] {
        let mut ik = arm.solver();
        let mut rng = seeded(3);
        for _ in 0..200 {
            let seed = arm.draw_from_limits(&mut rng);
            let goal = arm.pose(&seed);
            let mut q = seed.clone();
            ik.nearest(&goal, &seed, &mut q).expect("the seed is a solution");
            assert!(distance(&q, &seed) < 1e-5, "{q:?} instead of {seed:?}");
        }
    }
}

#[test]
fn a_seed_outside_the_limits_is_no_obstacle() {
    for mut arm in [Arm::ur5e(), Arm::panda()] {
        let mut ik = arm.solver();
        let mut rng = seeded(4);
        for _ in 0..50 {
            let truth = arm.draw_from_limits(&mut rng);
            let seed: Vec<f64> = truth.iter().map(|value| 4.0 * value + 7.0).collect();
            let goal = arm.pose(&truth);
            let mut q = seed.clone();
            ik.nearest(&goal, &seed, &mut q).expect("is within reach");
            arm.expect_solution(&goal, &q);
        }
    }
}

#[test]
fn the_answer_depends_on_goal_and_seed_alone() {
    for mut arm in [Arm::ur5e(), Arm::panda()] {
        let (mut used, mut rng) = (arm.solver(), seeded(5));
        let fresh = used.clone();
        for _ in 0..50 {
            let (truth, seed) = (arm.draw(&mut rng), arm.draw(&mut rng));
            let goal = arm.pose(&truth);
            let (mut first, mut second) = (seed.clone(), seed.clone());
            used.nearest(&goal, &seed, &mut first).expect("is within reach");
            fresh
                .clone()
                .nearest(&goal, &seed, &mut second)
                .expect("is within reach");
            assert!(first.iter().zip(&second).all(|(a, b)| a.to_bits() == b.to_bits()));
        }
    }
}

#[test]
fn singular_poses_are_reached() {
    let mut arm = Arm::ur5e();
    let mut ik = arm.solver();
    let mut rng = seeded(6);
    // Stretched elbow, wrist axes in line, wrist above the base, and all of them nearly so.
    let singular: [fn(&mut [f64], f64); 3] = [
        |q, off| q[2] = off,
        |q, off| q[4] = off,
        |q, off| (q[2], q[4]) = (off, off),
    ];
    for make_singular in singular {
        for off in [0.0, 1e-12, 1e-9, 1e-7, 1e-5, 1e-3] {
            for _ in 0..20 {
                let (mut truth, seed) = (arm.draw(&mut rng), arm.draw(&mut rng));
                make_singular(&mut truth, off);
                let goal = arm.pose(&truth);
                let mut q = seed.clone();
                ik.nearest(&goal, &seed, &mut q)
                    .unwrap_or_else(|error| panic!("{truth:?}, {off}: {error}"));
                arm.expect_solution(&goal, &q);
                ik.nearest(&goal, &truth, &mut q)
                    .unwrap_or_else(|error| panic!("{truth:?}, {off}: {error}"));
                assert!(apart(&q, &truth) < 1e-3, "{q:?} instead of {truth:?}");
            }
        }
    }
}
