//! Chains of every kind: slides, continuous joints, mimics, few joints with part of a pose, many joints.

use crate::arms::{Arm, Joint, distance, random_vector, seeded};
use nalgebra::{UnitQuaternion, Vector3};
use servomesh_robot::{InverseKinematics, Model, RobotError, Task, Workspace};
use std::f64::consts::{PI, TAU};

/// Every pose that random joint values make is solved.
fn expect_reached(mut arm: Arm, poses: usize, seed: u64) {
    let mut ik = arm.solver();
    let mut rng = seeded(seed);
    for _ in 0..poses {
        let (truth, seed) = (arm.draw(&mut rng), arm.draw(&mut rng));
        let goal = arm.pose(&truth);
        let mut q = seed.clone();
        ik.nearest(&goal, &seed, &mut q)
            .unwrap_or_else(|error| panic!("{truth:?}: {error}"));
        arm.expect_solution(&goal, &q);
    }
}

fn wrist() -> [Joint; 3] {
    [
        Joint::revolute([0.3, 0.0, 0.0], [1.0, 0.0, 0.0]),
        Joint::revolute([0.0, 0.0, 0.0], [0.0, 1.0, 0.0]),
        Joint::revolute([0.05, 0.0, 0.0], [1.0, 0.0, 0.0]),
    ]
}

#[test]
fn arms_with_arbitrary_axes_are_solved() {
    let mut rng = seeded(20);
    for count in [6, 7, 8] {
        let joints: Vec<Joint> = (0..count)
            .map(|_| {
                let mut joint = Joint::revolute([0.0; 3], [0.0; 3]);
                joint.origin = random_vector(&mut rng, 0.3);
                joint.axis = random_vector(&mut rng, 1.0).normalize();
                joint
            })
            .collect();
        expect_reached(Arm::of(&joints, Vector3::new(0.0, 0.0, 0.1)), 50, 21);
    }
}

#[test]
fn an_arm_on_a_gantry_is_solved() {
    let slide = |axis| Joint::prismatic([0.0, 0.0, 0.2], axis, (-1.5, 2.0));
    let gantry = [
        slide([1.0, 0.0, 0.0]),
        slide([0.0, 1.0, 0.0]),
        slide([0.0, 0.0, 1.0]),
    ];
    let joints: Vec<Joint> = gantry.into_iter().chain(wrist()).collect();
    expect_reached(Arm::of(&joints, Vector3::new(0.1, 0.0, 0.0)), 100, 22);
}

#[test]
fn an_arm_on_a_long_rail_is_solved() {
    let rail = Joint::prismatic([0.0, 0.0, 0.0], [0.0, 1.0, 0.0], (-50.0, 50.0));
    let shoulder = [
        Joint::revolute([0.0, 0.0, 0.4], [0.0, 0.0, 1.0]),
        Joint::revolute([0.0, 0.0, 0.1], [0.0, 1.0, 0.0]),
        Joint::revolute([0.0, 0.0, 0.5], [0.0, 1.0, 0.0]),
    ];
    let joints: Vec<Joint> = [rail].into_iter().chain(shoulder).chain(wrist()).collect();
    let mut arm = Arm::of(&joints, Vector3::new(0.1, 0.0, 0.0));
    expect_reached(Arm::of(&joints, Vector3::new(0.1, 0.0, 0.0)), 50, 23);
    // A goal far along the rail, from the other end.
    let mut ik = arm.solver();
    let truth = [48.0, 0.3, 0.2, 0.9, 0.1, 0.4, -0.3];
    let goal = arm.pose(&truth);
    let seed = [-48.0, 0.0, 0.1, 0.8, 0.0, 0.2, 0.0];
    let mut q = seed;
    ik.nearest(&goal, &seed, &mut q).expect("is within reach");
    arm.expect_solution(&goal, &q);
}

#[test]
fn a_scara_reaches_the_poses_that_its_four_joints_have() {
    let joints = [
        Joint::revolute([0.0, 0.0, 0.3], [0.0, 0.0, 1.0]),
        Joint::revolute([0.35, 0.0, 0.0], [0.0, 0.0, 1.0]),
        Joint::prismatic([0.25, 0.0, 0.0], [0.0, 0.0, -1.0], (0.0, 0.2)),
        Joint::revolute([0.0, 0.0, 0.0], [0.0, 0.0, 1.0]),
    ];
    expect_reached(Arm::of(&joints, Vector3::new(0.0, 0.0, -0.05)), 200, 24);
}

#[test]
fn joints_that_follow_others_move_along() {
    // A telescope whose second stage follows the first, and two hinges of which one turns twice as far.
    let mut second = Joint::prismatic([0.1, 0.0, 0.0], [1.0, 0.0, 0.0], (-9.0, 9.0));
    second.mimic = r#"<mimic joint="j3" multiplier="0.5" offset="0.02"/>"#;
    let mut double = Joint::revolute([0.1, 0.0, 0.0], [0.0, 0.0, 1.0]);
    double.mimic = r#"<mimic joint="j2" multiplier="2" offset="-0.1"/>"#;
    let joints: Vec<Joint> = [
        Joint::revolute([0.0, 0.0, 0.3], [0.0, 0.0, 1.0]),
        Joint::revolute([0.0, 0.0, 0.1], [0.0, 1.0, 0.0]).within(-1.5, 1.5),
        Joint::prismatic([0.2, 0.0, 0.0], [1.0, 0.0, 0.0], (0.0, 0.4)),
        second,
        double,
    ]
    .into_iter()
    .chain(wrist())
    .collect();
    let arm = Arm::of(&joints, Vector3::new(0.1, 0.0, 0.0));
    assert_eq!(arm.solver().joints().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    expect_reached(arm, 100, 25);
}

#[test]
fn continuous_joints_stay_in_the_seed_s_turn() {
    let text = include_str!("../robots/ur5e.urdf").replace("type=\"revolute\"", "type=\"continuous\"");
    let mut arm = Arm::new(Model::from_urdf_str(&text).expect("is a robot"), "tool0");
    let mut rng = seeded(26);
    for mut ik in [arm.solver(), arm.solver().without_closed_form()] {
        for _ in 0..50 {
            let (truth, mut seed) = (arm.draw(&mut rng), arm.draw(&mut rng));
            seed[0] += 20.0 * TAU;
            seed[5] -= 7.0 * TAU;
            let goal = arm.pose(&truth);
            let mut q = seed.clone();
            ik.nearest(&goal, &seed, &mut q).expect("is within reach");
            arm.expect_solution(&goal, &q);
            assert!(
                q.iter().zip(&seed).all(|(q, seed)| (q - seed).abs() <= PI + 1e-9),
                "{q:?} from {seed:?}"
            );
        }
    }
}

#[test]
fn five_joints_reach_a_position_and_a_direction() {
    let [_, bend, turn] = wrist();
    let joints = [
        Joint::revolute([0.0, 0.0, 0.3], [0.0, 0.0, 1.0]),
        Joint::revolute([0.0, 0.0, 0.1], [0.0, 1.0, 0.0]),
        Joint::revolute([0.0, 0.0, 0.4], [0.0, 1.0, 0.0]),
        Joint {
            origin: Vector3::new(0.3, 0.0, 0.0),
            ..bend
        },
        turn,
    ];
    let mut arm = Arm::of(&joints, Vector3::new(0.1, 0.0, 0.0));
    let mut ik = arm.solver_for(Task::POSITION_AND_Z);
    let mut rng = seeded(27);
    for _ in 0..200 {
        let (truth, seed) = (arm.draw(&mut rng), arm.draw(&mut rng));
        let mut goal = arm.pose(&truth);
        // Any turn about the goal's own z is the same goal.
        goal.rotation *= UnitQuaternion::from_axis_angle(&Vector3::z_axis(), 2.0);
        let mut q = seed.clone();
        ik.nearest(&goal, &seed, &mut q)
            .unwrap_or_else(|error| panic!("{truth:?}: {error}"));
        let pose = arm.pose(&q);
        assert!((pose.translation.vector - goal.translation.vector).norm() < 1e-8);
        assert!((pose.rotation * Vector3::z() - goal.rotation * Vector3::z()).norm() < 1e-8);
        arm.expect_within_limits(&q);
    }
}

#[test]
fn a_panda_reaches_positions_with_four_joints_to_spare() {
    let mut arm = Arm::panda();
    let mut ik = arm.solver_for(Task::POSITION);
    let mut rng = seeded(28);
    for _ in 0..100 {
        let (truth, seed) = (arm.draw(&mut rng), arm.draw(&mut rng));
        let goal = arm.pose(&truth);
        let mut q = seed.clone();
        ik.nearest(&goal, &seed, &mut q).expect("is within reach");
        assert!((arm.pose(&q).translation.vector - goal.translation.vector).norm() < 1e-8);
        arm.expect_within_limits(&q);
        assert!(
            distance(&q, &seed) <= distance(&truth, &seed) + 1.0,
            "{q:?} is far from {seed:?}"
        );
    }
}

#[test]
fn any_link_of_the_arm_may_be_the_goal() {
    let arm = Arm::panda();
    for name in ["panda_link4", "panda_link6", "panda_link8"] {
        expect_reached(Arm::new(arm.model.clone(), name), 50, 29);
    }
}

#[test]
fn a_link_that_nothing_moves_or_too_much_moves_is_refused() {
    let arm = Arm::panda();
    let refused = InverseKinematics::new(&arm.model, arm.model.root());
    let Err(RobotError::BadValue { .. }) = refused else {
        panic!("{refused:?}");
    };
    let snake = vec![Joint::revolute([0.1, 0.0, 0.0], [0.0, 0.0, 1.0]); 17];
    let snake = Arm::of(&snake, Vector3::zeros());
    assert!(InverseKinematics::new(&snake.model, snake.link).is_err());
    let before_last = snake.model.link("l16").expect("the snake has that link");
    assert!(InverseKinematics::new(&snake.model, before_last).is_ok());
}

#[test]
fn a_free_base_is_refused_where_it_moves_the_link_and_left_alone_where_not() {
    let mut part = Joint::revolute([0.1, 0.0, 0.0], [0.0, 0.0, 1.0]);
    part.kind = "floating";
    let hinges = [
        Joint::revolute([0.0, 0.0, 0.3], [0.0, 0.0, 1.0]),
        Joint::revolute([0.2, 0.0, 0.0], [0.0, 0.0, 1.0]),
        part,
    ];
    let model = Arm::of(&hinges, Vector3::zeros()).model.with_free_joints();
    let tip = model.link("tip").expect("the chain has that link");
    assert!(InverseKinematics::new(&model, tip).is_err());
    let forearm = model.link("l2").expect("the chain has that link");
    let mut ik = InverseKinematics::for_task(&model, forearm, Task::POSITION).expect("hinges alone move it");
    let mut seed = model.neutral_positions();
    seed[2] = 7.0;
    let mut workspace = Workspace::new(&model);
    let mut truth = seed.clone();
    truth[0] = 1.0;
    model.forward_kinematics(&mut workspace, &truth);
    let goal = model.link_pose(&workspace, forearm);
    let mut q = seed.clone();
    ik.nearest(&goal, &seed, &mut q).expect("is within reach");
    assert!((q[0] - 1.0).abs() < 1e-8);
    assert_eq!(q[2..], seed[2..]);
    assert_eq!(
        ik.all(&goal, &seed)
            .expect("is within reach")
            .iter()
            .next()
            .map(<[f64]>::len),
        Some(9)
    );
}
