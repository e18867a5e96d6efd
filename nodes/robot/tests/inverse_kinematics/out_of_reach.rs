//! Poses that are out of reach: how far, where, and what is in the way.

use crate::arms::{Arm, Joint, random_vector, seeded};
use nalgebra::{Isometry3, UnitQuaternion, Vector3};
use servomesh_robot::{BindingLimit, Limit, OutOfReach, Task};

/// Two links of 0.4 m and 0.3 m on a pedestal; the hinges together reach a ball of 0.7 m about (0, 0, 0.5).
fn two_links() -> [Joint; 3] {
    [
        Joint::revolute([0.0, 0.0, 0.5], [0.0, 0.0, 1.0]).within(-3.0, 3.0),
        Joint::revolute([0.0, 0.0, 0.0], [0.0, 1.0, 0.0]).within(-2.0, 2.0),
        Joint::revolute([0.4, 0.0, 0.0], [0.0, 1.0, 0.0]).within(-2.5, 2.5),
    ]
}

fn miss(arm: &Arm, task: Task, goal: &Isometry3<f64>) -> OutOfReach {
    let mut ik = arm.solver_for(task);
    let seed = vec![0.1; arm.model.joint_count()];
    let mut q = seed.clone();
    let error = ik.nearest(goal, &seed, &mut q).expect_err("is out of reach");
    assert!(
        q.iter().zip(&seed).all(|(a, b)| a.to_bits() == b.to_bits()),
        "q was changed"
    );
    arm.expect_within_limits(&error.closest);
    error
}

#[test]
fn a_point_too_far_away_is_as_far_as_the_arm_is_short() {
    let arm = Arm::of(&two_links(), Vector3::new(0.3, 0.0, 0.0));
    let mut rng = seeded(30);
    for _ in 0..20 {
        let mut direction = random_vector(&mut rng, 1.0).normalize();
        // In front, where no limit is in the way.
        direction.x = direction.x.abs();
        let goal = Isometry3::translation(0.0, 0.0, 0.5)
            * Isometry3::translation(direction.x, direction.y, direction.z);
        let error = miss(&arm, Task::POSITION, &goal);
        assert!((error.position - 0.3).abs() < 1e-6, "{error}");
        assert!(error.angle <= 0.0 && error.is_certain);
        assert_eq!(error.binding_limits().count(), 0, "{error}");
    }
}

#[test]
fn a_point_too_near_names_the_elbow_s_limit() {
    let mut arm = Arm::of(&two_links(), Vector3::new(0.3, 0.0, 0.0));
    let error = miss(&arm, Task::POSITION, &Isometry3::translation(0.05, 0.0, 0.5));
    // Law of cosines at the elbow bent to its limit.
    let shortest = (0.4_f64.powi(2) + 0.3_f64.powi(2) + 2.0 * 0.4 * 0.3 * 2.5_f64.cos()).sqrt();
    assert!((error.position - (shortest - 0.05)).abs() < 1e-6, "{error}");
    let binding: Vec<BindingLimit> = error.binding_limits().collect();
    assert_eq!(binding.len(), 1, "{error}");
    assert_eq!(binding[0].joint, 2);
    assert!(!error.is_certain);
    let at = arm.pose(&error.closest).translation.vector;
    assert!(((at - Vector3::new(0.05, 0.0, 0.5)).norm() - error.position).abs() < 1e-12);
}

#[test]
fn a_slide_at_its_end_is_named_with_the_distance_that_is_missing() {
    let slides = [
        Joint::prismatic([0.0, 0.0, 0.0], [1.0, 0.0, 0.0], (-0.2, 0.5)),
        Joint::prismatic([0.0, 0.0, 0.0], [0.0, 1.0, 0.0], (-0.2, 0.5)),
        Joint::prismatic([0.0, 0.0, 0.0], [0.0, 0.0, 1.0], (-0.2, 0.5)),
    ];
    let mut arm = Arm::of(&slides, Vector3::zeros());
    let mut goal = arm.pose(&[0.0, 0.0, 0.0]);
    goal.translation.vector = Vector3::new(0.8, 0.1, -0.6);
    let error = miss(&arm, Task::POSE, &goal);
    assert!((error.position - 0.5).abs() < 1e-9, "{error}");
    let binding: Vec<BindingLimit> = error.binding_limits().collect();
    let expected = [
        BindingLimit {
            joint: 0,
            limit: Limit::Upper,
        },
        BindingLimit {
            joint: 2,
            limit: Limit::Lower,
        },
    ];
    assert_eq!(binding, expected);
    let text = error.to_string();
    assert!(
        text.contains("upper limit of joint 0, the lower limit of joint 2"),
        "{text}"
    );
}

#[test]
fn an_orientation_that_too_few_joints_have_is_off_by_an_angle() {
    let slide = |axis| Joint::prismatic([0.0; 3], axis, (-1.0, 1.0));
    let mut arm = Arm::of(
        &[
            slide([1.0, 0.0, 0.0]),
            slide([0.0, 1.0, 0.0]),
            slide([0.0, 0.0, 1.0]),
        ],
        Vector3::zeros(),
    );
    let mut goal = arm.pose(&[0.2, -0.3, 0.4]);
    goal.rotation *= UnitQuaternion::from_axis_angle(&Vector3::y_axis(), 0.7);
    let error = miss(&arm, Task::POSE, &goal);
    assert!(
        (error.angle - 0.7).abs() < 1e-9 && error.position < 1e-9,
        "{error}"
    );
}

#[test]
fn far_poses_of_real_arms_are_certainly_out_of_reach() {
    for arm in [Arm::ur5e(), Arm::panda()] {
        let goal = Isometry3::translation(1.5, 1.5, 0.8);
        let error = miss(&arm, Task::POSE, &goal);
        assert!(error.is_certain && error.position > 0.5, "{error}");
    }
}

/// A pose that only joint values outside the limits make: what is said is true, and with the limits in the way lifted it is solved.
#[test]
fn poses_beyond_the_limits_are_explained_by_them() {
    let mut rng = seeded(31);
    let mut free = Arm::ur5e();
    let mut narrow = Arm::ur5e();
    for joint in 0..6 {
        let limits = servomesh_robot::DescribedLimits {
            lower: -0.5,
            upper: 0.5,
            ..narrow.model.joints()[joint].limits
        };
        narrow.model.set_limits(joint, limits).expect("are limits");
    }
    let mut explained = 0;
    for _ in 0..20 {
        let goal = free.pose(&free.draw(&mut rng));
        let mut q = vec![0.0; 6];
        free.solver()
            .nearest(&goal, &[0.0; 6], &mut q)
            .expect("is within reach without limits");
        if let Err(error) = narrow.solver().nearest(&goal, &[0.0; 6], &mut q) {
            narrow.expect_within_limits(&error.closest);
            let at = free.pose(&error.closest);
            let position = (at.translation.vector - goal.translation.vector).norm();
            let angle = at.rotation.angle_to(&goal.rotation);
            assert!((position - error.position).abs() < 1e-9 && (angle - error.angle).abs() < 1e-7);
            assert!(!error.is_certain && error.binding_limits().count() > 0, "{error}");
            explained += 1;
        }
    }
    assert!(explained >= 15, "{explained}");
}

#[test]
fn a_goal_that_is_no_number_is_no_panic() {
    for arm in [Arm::ur5e(), Arm::panda()] {
        let goal = Isometry3::translation(f64::NAN, 0.0, 0.0);
        let seed = vec![0.1; arm.model.joint_count()];
        let mut ik = arm.solver();
        assert!(ik.all(&goal, &seed).is_err());
        assert!(ik.nearest(&goal, &seed, &mut seed.clone()).is_err());
        assert!(ik.track(&goal, &mut seed.clone()).is_err());
    }
}
