//! Moves, belts and grippers.

mod bench;

use bench::Bench;
use servomesh_trajectory::{Code, GoalId, Input, MoveGoal, MoveMode, ParallelGripGoal, Phase, Status};
use servomesh_types::{Epoch, EventKind, Fault, JointVec, SafetyMode};

#[test]
fn a_move_takes_as_long_as_the_limits_ask_for() {
    let mut bench = Bench::arm();
    let from = bench.setpoints.len() - 1;
    let start = bench.now;
    // Base: 1 rad at 2 rad/s, 8 rad/s², 80 rad/s³: d/v + v/a + a/j = 0.5 + 0.25 + 0.1 s.
    let id = bench.go(&[1.1, -0.2, 0.3]);
    let outcome = bench.finish(id);
    assert_eq!(outcome.status, Status::Succeeded);
    bench.judge(from);
    let still = bench
        .setpoints
        .iter()
        .position(|s| s.position[0] > 1.1 - 1e-9)
        .unwrap();
    let took = bench.setpoints[still].tag.stamp.seconds_from(start);
    assert!((took - 0.85).abs() < 0.004, "{took} s");
    assert!((bench.last().position[0] - 1.1).abs() < 1e-9);
}

#[test]
fn scales_slow_it_down_and_joints_not_named_stay() {
    let mut bench = Bench::arm();
    let id = bench.request(MoveGoal {
        mode: MoveMode::Joint,
        joint_names: vec!["wrist".into()],
        target: vec![1.5],
        velocity_scale: 0.25,
        acceleration_scale: 0.5,
        ..MoveGoal::default()
    });
    let from = bench.setpoints.len();
    bench.finish(id);
    let most =
        |f: fn(&servomesh_types::Setpoint) -> f64| bench.setpoints[from..].iter().map(f).fold(0.0, f64::max);
    assert!((most(|s| s.velocity[2].abs()) - 1.0).abs() < 1e-6);
    assert!((most(|s| s.acceleration[2].abs()) - 10.0).abs() < 0.5);
    assert!(most(|s| s.velocity[0].abs() + s.velocity[1].abs()) == 0.0);
}

#[test]
fn a_move_may_be_turned_round_at_any_tick() {
    for k in 1..60 {
        let mut bench = Bench::arm();
        let from = bench.setpoints.len() - 1;
        let first = bench.go(&[1.9, 1.4, -2.9]);
        bench.run(0.02 * f64::from(k));
        let second = bench.go(&[-1.9, -1.4, 2.9]);
        assert_eq!(bench.done[&first].code, Code::Replaced);
        assert_eq!(
            bench.finish(second).status,
            Status::Succeeded,
            "turned round after {k}"
        );
        bench.judge(from);
    }
}

#[test]
fn a_belt_keeps_running_after_its_goal_until_the_next() {
    let mut bench = Bench::conveyor();
    let from = bench.setpoints.len() - 1;
    let run = |velocity| MoveGoal {
        mode: MoveMode::Velocity,
        joint_names: vec![],
        target: vec![velocity],
        velocity_scale: 0.0,
        acceleration_scale: 0.0,
        ..MoveGoal::default()
    };
    let id = bench.request(run(0.2));
    assert_eq!(bench.finish(id).status, Status::Succeeded);
    let before = bench.last().position[0];
    bench.run(10.0);
    assert_eq!(bench.phase(), Phase::Executing);
    assert!((bench.last().position[0] - before - 2.0).abs() < 1e-6);
    let id = bench.request(run(-0.4));
    assert_eq!(bench.finish(id).status, Status::Succeeded);
    let id = bench.request(run(0.0));
    assert_eq!(bench.finish(id).status, Status::Succeeded);
    assert_eq!(bench.phase(), Phase::Holding);
    bench.judge(from);

    let id = bench.request(run(0.3));
    bench.finish(id);
    bench.cancel(id);
    bench.run(1.0);
    assert_eq!(
        bench.phase(),
        Phase::Holding,
        "a cancel of the goal that runs on stops it"
    );

    let id = bench.request(run(0.3));
    bench.finish(id);
    bench.talks = false;
    bench.run(1.0);
    assert_eq!(bench.phase(), Phase::Holding, "it does not run blind");
    assert!(bench.has_event(EventKind::Stopped));
    bench.judge(from);
}

#[test]
fn a_gripper_arrives_or_holds_what_is_in_its_way() {
    let mut bench = Bench::gripper();
    let from = bench.setpoints.len() - 1;
    let id = bench.grip(0.02, 25.0);
    let outcome = bench.finish(id);
    let found = outcome.grip.unwrap();
    assert_eq!(
        (outcome.status, found.reached, found.stalled),
        (Status::Succeeded, true, false)
    );
    assert_eq!(bench.last().effort_limit, JointVec::from([25.0]));
    assert!(!bench.has_event(EventKind::Grasped));

    let id = bench.grip(0.08, 0.0);
    bench.finish(id);
    assert_eq!(
        bench.last().effort_limit,
        JointVec::EMPTY,
        "the joint's own limit"
    );

    bench.machine.part_at = 0.05;
    let id = bench.grip(0.0, 25.0);
    let outcome = bench.finish(id);
    let found = outcome.grip.unwrap();
    assert_eq!(
        (outcome.status, found.reached, found.stalled),
        (Status::Succeeded, false, true)
    );
    assert!((found.position - 0.05).abs() < 1e-9 && (found.effort - 25.0).abs() < 1e-9);
    assert!(bench.has_event(EventKind::Grasped));
    bench.run(0.5);
    let hold = *bench.last();
    assert!(
        (hold.position[0] - 0.048).abs() < 1e-9,
        "a little beyond the part: {hold:?}"
    );
    assert_eq!(hold.effort_limit, JointVec::from([25.0]));
    bench.judge(from);
}

#[test]
fn a_part_is_still_held_after_a_reset() {
    let mut bench = Bench::gripper();
    bench.machine.part_at = 0.05;
    let id = bench.grip(0.0, 25.0);
    bench.finish(id);
    bench.run(0.5);
    bench.gate(SafetyMode::Stopped, Some(Fault::StopRequested));
    bench.run(0.1);
    bench.epoch = Epoch(2);
    bench.gate(SafetyMode::Normal, None);
    bench.run(0.5);
    assert!((bench.last().position[0] - 0.048).abs() < 1e-9);
    assert_eq!(bench.last().effort_limit, JointVec::from([25.0]));
}

#[test]
fn a_parallel_grip_names_its_joint_and_its_velocity() {
    let mut bench = Bench::gripper();
    let group = bench.group;
    let ask = |bench: &mut Bench, number: u64, change: fn(&mut ParallelGripGoal)| {
        let id = GoalId(1000 + number);
        let mut goal = ParallelGripGoal {
            joint_names: vec!["gap".into()],
            position: vec![0.02],
            velocity: vec![0.05],
            effort: vec![30.0],
        };
        change(&mut goal);
        bench.handle(Input::ParallelGrip { group, id, goal });
        id
    };
    let from = bench.setpoints.len() - 1;
    let id = ask(&mut bench, 0, |_| {});
    assert!(bench.finish(id).grip.unwrap().reached);
    bench.judge(from);
    let fastest = bench.setpoints[from..]
        .iter()
        .map(|s| s.velocity[0].abs())
        .fold(0.0, f64::max);
    assert!((fastest - 0.05).abs() < 1e-6);
    assert_eq!(bench.last().effort_limit, JointVec::from([30.0]));
    let id = ask(&mut bench, 1, |goal| goal.joint_names[0] = "finger".into());
    assert_eq!(
        bench.done[&id].text,
        "joint \"finger\" is not one of group gripper's"
    );
    let id = ask(&mut bench, 2, |goal| goal.position.clear());
    assert_eq!(bench.done[&id].text, "position has 0 values for 1 joint");
    let id = ask(&mut bench, 3, |goal| goal.velocity[0] = 0.3);
    assert_eq!(
        bench.done[&id].text,
        "joint gap: velocity 0.3000 is not within 0 and its limit 0.2000"
    );
}

#[test]
fn a_node_that_ends_its_duty_ends_all_goals_and_streams() {
    let mut bench = Bench::arm();
    let id = bench.go(&[1.0, 1.0, 1.0]);
    bench.run(0.3);
    let now = bench.now;
    bench.core.give_up(now, "trajectory was deactivated");
    bench.talks = false;
    let streamed = bench.setpoints.len();
    bench.run(0.1);
    assert_eq!(
        (bench.done[&id].code, bench.done[&id].text.as_str()),
        (Code::NotReady, "trajectory was deactivated")
    );
    assert_eq!(bench.setpoints.len(), streamed);
}
