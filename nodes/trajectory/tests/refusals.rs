//! A goal that can't be followed is refused before anything moves, with a sentence that says why.

mod bench;

use bench::{Bench, trajectory};
use servomesh_trajectory::{Code, FollowGoal, JointTolerance, MoveGoal, MoveMode, Settings, Status};
use servomesh_types::{Epoch, EventKind, Fault, SafetyMode};
use std::time::Duration;

const START: [f64; 3] = [0.1, -0.2, 0.3];

/// Changes a good trajectory, and checks that it is refused with that code and sentence, and that nothing moves.
#[track_caller]
fn check(change: impl FnOnce(&mut FollowGoal), code: Code, sentence: &str) {
    let mut bench = Bench::arm();
    let mut goal = trajectory(&[(0.0, START), (1.5, [0.4, 0.0, 0.2]), (3.0, [0.5, 0.2, 0.0])]);
    goal.stamp = None;
    change(&mut goal);
    let from = bench.setpoints.len();
    let id = bench.follow(goal);
    let outcome = &bench.done[&id];
    assert_eq!(outcome.text, sentence);
    assert_eq!((outcome.status, outcome.code), (Status::Aborted, code));
    assert!(bench.has_event(EventKind::GoalRefused));
    bench.run(0.1);
    assert!(
        bench.setpoints[from..]
            .iter()
            .all(|setpoint| setpoint.velocity.max_abs() == 0.0),
        "it moved"
    );
}

#[test]
fn the_trajectory_the_others_are_made_of_is_taken() {
    let mut bench = Bench::arm();
    let id = bench.follow(trajectory(&[
        (0.0, START),
        (1.5, [0.4, 0.0, 0.2]),
        (3.0, [0.5, 0.2, 0.0]),
    ]));
    assert_eq!(bench.finish(id).text, "");
}

#[test]
fn joints_that_are_not_the_groups() {
    let joints = Code::InvalidJoints;
    check(
        |g| g.joint_names[1] = "knee".into(),
        joints,
        "joint \"knee\" is not one of group arm's",
    );
    check(
        |g| g.joint_names[1] = "base".into(),
        joints,
        "joint base is named twice",
    );
    check(
        |g| g.joint_names.clear(),
        joints,
        "the trajectory names no joints",
    );
    check(
        |g| g.joint_names.truncate(2),
        joints,
        "joint wrist is missing: goals for a part of group arm need allow_partial_joints_goal",
    );
    check(
        |g| {
            g.path_tolerance = vec![JointTolerance {
                name: "knee".into(),
                ..Default::default()
            }]
        },
        joints,
        "path_tolerance names joint \"knee\", which is not one of group arm's",
    );
}

#[test]
fn numbers_that_are_none() {
    let invalid = Code::InvalidGoal;
    check(
        |g| g.points[1].positions[2] = f64::NAN,
        invalid,
        "joint wrist: NaN among the positions of point 1 is not a finite number",
    );
    check(
        |g| {
            g.points
                .iter_mut()
                .for_each(|point| point.velocities = vec![0.0, f64::INFINITY, 0.0])
        },
        invalid,
        "joint elbow: inf among the velocities of point 0 is not a finite number",
    );
    check(
        |g| {
            g.points
                .iter_mut()
                .for_each(|point| point.effort = vec![f64::NAN; 3])
        },
        invalid,
        "joint base: NaN among the effort of point 0 is not a finite number",
    );
}

#[test]
fn sizes_that_do_not_match() {
    let invalid = Code::InvalidGoal;
    check(
        |g| g.multi_dof_points = 3,
        invalid,
        "the trajectory has 3 points of several degrees of freedom, but group arm has no planar or floating joints",
    );
    check(|g| g.points.clear(), invalid, "the trajectory has no points");
    check(
        |g| g.points[2].positions.truncate(2),
        invalid,
        "point 2 has 2 positions for 3 joints",
    );
    check(
        |g| g.points[1].positions.clear(),
        invalid,
        "point 1 has no positions",
    );
    check(
        |g| g.points[1].velocities = vec![0.0; 3],
        invalid,
        "point 0 has no velocities, but point 1 has: give them everywhere or nowhere",
    );
    check(
        |g| {
            g.points
                .iter_mut()
                .for_each(|point| point.accelerations = vec![0.0; 3])
        },
        invalid,
        "point 0 has accelerations, but no velocities",
    );
    check(
        |g| g.points = vec![g.points[0].clone(); 2_001],
        invalid,
        "2001 points are more than max_points, 2000",
    );
}

#[test]
fn times_that_do_not_run_forward() {
    let invalid = Code::InvalidGoal;
    check(
        |g| g.points[2].time_from_start_ns = 1_500_000_000,
        invalid,
        "point 2: time_from_start 1.500 s does not come after the point before, 1.500 s",
    );
    check(
        |g| g.points[0].time_from_start_ns = -1_000_000,
        invalid,
        "point 0: time_from_start -0.001 s is not within 0 s and 86400 s",
    );
}

#[test]
fn a_trajectory_that_should_be_over() {
    let late = |g: &mut FollowGoal| g.stamp = Some(servomesh_types::Stamp::from_millis(1020 - 3250));
    check(
        late,
        Code::OldHeaderTimestamp,
        "the trajectory ended 0.250 s ago, by its header's stamp",
    );
}

#[test]
fn limits_that_are_broken() {
    let invalid = Code::InvalidGoal;
    check(
        |g| g.points[1].positions[1] = 1.6,
        invalid,
        "joint elbow: position 1.6000 rad of point 1 is above its upper limit 1.5000 rad",
    );
    check(
        |g| g.points[1].positions[0] = -2.5,
        invalid,
        "joint base: position -2.5000 rad of point 1 is below its lower limit -2.0000 rad",
    );
    // Rest to rest by d in T: at most 15/8 · d/T, 10/√3 · d/T², and 60 · d/T³ at the start.
    check(
        |g| *g = trajectory(&[(0.75, [0.1, 1.2, 0.3])]),
        invalid,
        "joint elbow: velocity 3.5000 rad/s at 0.375 s is beyond its limit 3.0000 rad/s",
    );
    check(
        |g| *g = trajectory(&[(0.6, [0.1, 0.5, 0.3])]),
        invalid,
        "joint elbow: acceleration 11.2152 rad/s² at 0.131 s is beyond its limit 10.0000 rad/s²",
    );
    check(
        |g| *g = trajectory(&[(0.6, [0.5, -0.2, 0.3])]),
        invalid,
        "joint base: jerk 111.1111 rad/s³ at 0.000 s is beyond its limit 80.0000 rad/s³",
    );
}

#[test]
fn a_trajectory_that_does_not_end_at_rest() {
    check(
        |g| {
            g.points
                .iter_mut()
                .for_each(|point| point.velocities = vec![0.0, 0.0, 0.2])
        },
        Code::InvalidGoal,
        "joint wrist: the last point's velocity is 0.2000, but a trajectory ends at rest",
    );
}

#[test]
fn a_start_that_is_away_from_the_machine() {
    check(
        |g| g.points[0].positions[0] = 0.13,
        Code::InvalidGoal,
        "joint base: the measured position is 0.0300 rad from the trajectory's start, beyond the start tolerance 0.0100 rad",
    );
    // The machine was pushed away from its setpoint: a path from there would not be what moves.
    let mut bench = Bench::arm();
    bench.machine.blocked = true;
    bench.machine.position[2] += 0.02;
    bench.run(0.01);
    let id = bench.follow(trajectory(&[(2.0, START)]));
    assert_eq!(
        bench.done[&id].text,
        "joint wrist: the measured position is 0.0200 rad from the trajectory's start, beyond the start tolerance 0.0100 rad"
    );
}

#[test]
fn tolerances_that_are_none() {
    check(
        |g| {
            g.goal_tolerance = vec![JointTolerance {
                name: "base".into(),
                position: -2.0,
                ..Default::default()
            }]
        },
        Code::InvalidGoal,
        "joint base: goal_tolerance on position is -2, but must be positive, 0 (the default) or -1 (none)",
    );
}

#[test]
fn moves_that_can_not_be() {
    #[track_caller]
    fn check(change: impl FnOnce(&mut MoveGoal), code: Code, sentence: &str) {
        let mut bench = Bench::arm();
        let mut goal = MoveGoal {
            mode: MoveMode::Joint,
            joint_names: vec!["elbow".into()],
            target: vec![0.5],
            velocity_scale: 0.5,
            acceleration_scale: 0.0,
            ..MoveGoal::default()
        };
        change(&mut goal);
        let id = bench.request(goal);
        assert_eq!(
            (bench.done[&id].text.as_str(), bench.done[&id].code),
            (sentence, code)
        );
    }
    let invalid = Code::InvalidGoal;
    check(
        |g| g.target[0] = 3.42,
        invalid,
        "joint elbow: target position 3.4200 rad is beyond its limit 1.5000 rad",
    );
    check(
        |g| g.target[0] = f64::NAN,
        invalid,
        "joint elbow: target position NaN is not a finite number",
    );
    check(
        |g| g.target.push(0.0),
        invalid,
        "target has 2 values for 1 joints",
    );
    check(
        |g| g.joint_names.clear(),
        invalid,
        "target has 1 values for 3 joints",
    );
    check(
        |g| g.velocity_scale = 1.5,
        invalid,
        "velocity_scale 1.5 is not within 0 (for 1) and 1",
    );
    check(
        |g| g.acceleration_scale = f64::NAN,
        invalid,
        "acceleration_scale NaN is not within 0 (for 1) and 1",
    );
    check(
        |g| g.joint_names[0] = "knee".into(),
        Code::InvalidJoints,
        "joint \"knee\" is not one of group arm's",
    );
    check(
        |g| (g.joint_names, g.target) = (vec!["elbow".into(), "elbow".into()], vec![0.1, 0.2]),
        Code::InvalidJoints,
        "joint elbow is named twice",
    );
    check(
        |g| g.mode = MoveMode::Velocity,
        invalid,
        "group arm does not run without end: it takes no velocity goals",
    );
    check(
        |g| g.mode = MoveMode::Other(7),
        invalid,
        "mode 7 is none of 0 (joint), 1 (velocity), 2 (path)",
    );
    let mut belt = Bench::conveyor();
    let id = belt.request(MoveGoal {
        mode: MoveMode::Velocity,
        joint_names: vec![],
        target: vec![-0.6],
        velocity_scale: 0.0,
        acceleration_scale: 0.0,
        ..MoveGoal::default()
    });
    assert_eq!(
        belt.done[&id].text,
        "joint belt: target velocity -0.6000 m/s is beyond its limit 0.5000 m/s"
    );
}

#[test]
fn grips_that_can_not_be() {
    let mut bench = Bench::gripper();
    let mut refused = |position, effort| {
        let id = bench.grip(position, effort);
        bench.done[&id].text.clone()
    };
    assert_eq!(
        refused(0.2, 10.0),
        "joint gap: target position 0.2000 m is beyond its limit 0.1000 m"
    );
    assert_eq!(
        refused(0.0, 61.0),
        "joint gap: max_effort 61.0000 is not within 0 and its limit 60.0000"
    );
    assert_eq!(
        refused(0.0, f64::NAN),
        "joint gap: max_effort NaN is not within 0 and its limit 60.0000"
    );
    assert_eq!(
        refused(f64::NAN, 1.0),
        "joint gap: target position NaN is not a finite number"
    );
    let mut arm = Bench::arm();
    let id = arm.grip(0.0, 1.0);
    assert_eq!(arm.done[&id].code, Code::InvalidJoints);
}

#[test]
fn groups_that_are_not_ready() {
    let mut bench = Bench::arm();
    bench.gate(SafetyMode::Stopped, Some(Fault::StopRequested));
    let id = bench.go(&[0.0; 3]);
    assert_eq!(bench.done[&id].code, Code::NotReady);
    assert_eq!(
        bench.done[&id].text,
        "group arm is stopped by safety: stop requested"
    );
    bench.epoch = Epoch(2);
    bench.gate(SafetyMode::Normal, None);
    let id = bench.go(&[0.0; 3]);
    assert_eq!(
        bench.done[&id].text,
        "group arm is not ready: its state is not known yet"
    );
    let strange = servomesh_types::GroupName::new("strange").unwrap();
    let id = servomesh_trajectory::GoalId(99);
    bench.handle(servomesh_trajectory::Input::Grip {
        group: strange,
        id,
        position: 0.0,
        max_effort: 0.0,
    });
    assert_eq!(bench.done[&id].text, "group strange was not announced");
}

#[test]
fn a_larger_jerk_is_taken_where_the_settings_allow_it() {
    let mut settings = Settings::default();
    settings.limit_factors.jerk = 2.0;
    let mut bench = Bench::arm_with(settings);
    let id = bench.follow(trajectory(&[(0.6, [0.5, -0.2, 0.3])]));
    let outcome = bench.finish(id);
    assert_eq!((outcome.status, outcome.text.as_str()), (Status::Succeeded, ""));
    assert!(outcome.duration < Duration::from_secs(1));
}
