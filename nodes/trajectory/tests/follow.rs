//! A trajectory that is taken is followed: its points at their times, smoothly, to its end.

mod bench;

use bench::{Bench, point, trajectory};
use servomesh_trajectory::{Code, FollowGoal, JointTolerance, Phase, Settings, Status};
use servomesh_types::{EventKind, Stamp};
use std::time::Duration;

const START: [f64; 3] = [0.1, -0.2, 0.3];

/// A smooth way from [`START`], as a planner would sample it: rest to rest in `duration`, with what `fields` say.
fn sampled(amplitude: [f64; 3], duration: f64, points: usize, fields: usize) -> FollowGoal {
    let mut goal = trajectory(&[]);
    for k in 0..=points {
        let t = duration * k as f64 / points as f64;
        let w = std::f64::consts::TAU / duration;
        // p = t/T − sin(wt)/2π: velocity and acceleration start and end at zero.
        let (p, v, a) = (
            t / duration - (w * t).sin() / std::f64::consts::TAU,
            (1.0 - (w * t).cos()) / duration,
            w * (w * t).sin() / duration,
        );
        let mut point = point(
            t,
            &std::array::from_fn::<f64, 3, _>(|j| START[j] + amplitude[j] * p),
        );
        if fields > 0 {
            point.velocities = amplitude.map(|amplitude| amplitude * v).to_vec();
        }
        if fields > 1 {
            point.accelerations = amplitude.map(|amplitude| amplitude * a).to_vec();
        }
        goal.points.push(point);
    }
    goal
}

#[test]
fn every_point_is_met_at_its_time_whatever_fields_are_given() {
    for fields in 0..3 {
        let mut bench = Bench::arm();
        let (from, start) = (bench.setpoints.len() - 1, bench.now);
        let goal = sampled([0.8, -0.6, 1.0], 2.0, 10, fields);
        let id = bench.follow(goal.clone());
        let outcome = bench.finish(id);
        assert_eq!(
            (outcome.status, outcome.code, outcome.text.as_str()),
            (Status::Succeeded, Code::Successful, "")
        );
        bench.judge(from);
        for point in &goal.points {
            let stamp = start + Duration::from_nanos(point.time_from_start_ns.unsigned_abs());
            let setpoint = bench
                .setpoints
                .iter()
                .find(|setpoint| setpoint.tag.stamp == stamp)
                .unwrap();
            for (j, position) in point.positions.iter().enumerate() {
                assert!(
                    (setpoint.position[j] - position).abs() < 1e-9,
                    "fields {fields}: {setpoint:?}"
                );
                if let Some(velocity) = point.velocities.get(j) {
                    assert!(
                        (setpoint.velocity[j] - velocity).abs() < 1e-9,
                        "fields {fields}: {setpoint:?}"
                    );
                }
            }
        }
        assert!(outcome.duration >= Duration::from_secs(2) && outcome.duration < Duration::from_millis(2100));
        assert_eq!(bench.phase(), Phase::Holding);
        assert!(bench.has_event(EventKind::GoalAccepted) && bench.has_event(EventKind::Arrived));
    }
}

#[test]
fn a_first_point_that_lies_ahead_is_reached_from_where_the_group_is() {
    let mut bench = Bench::arm();
    let from = bench.setpoints.len() - 1;
    let id = bench.follow(trajectory(&[(2.0, [0.5, 0.2, 0.0])]));
    assert_eq!(bench.finish(id).status, Status::Succeeded);
    bench.judge(from);
    assert!((bench.last().position[0] - 0.5).abs() < 1e-9);
}

#[test]
fn a_start_that_is_a_little_off_causes_no_jump() {
    let mut bench = Bench::arm();
    let from = bench.setpoints.len() - 1;
    let mut goal = sampled([0.4, 0.0, 0.0], 2.0, 100, 2);
    goal.points
        .iter_mut()
        .for_each(|point| point.positions[1] += 0.008);
    let id = bench.follow(goal);
    assert_eq!(bench.finish(id).status, Status::Succeeded);
    bench.judge(from);
    assert!((bench.last().position[1] - (START[1] + 0.008)).abs() < 1e-9);
}

#[test]
fn joints_may_come_in_any_order() {
    let mut bench = Bench::arm();
    let mut goal = trajectory(&[(2.0, [0.5, 0.2, 0.0])]);
    goal.joint_names.rotate_left(1);
    let id = bench.follow(goal);
    assert_eq!(bench.finish(id).status, Status::Succeeded);
    let position = bench.last().position;
    assert!((position[1] - 0.5).abs() < 1e-9 && (position[2] - 0.2).abs() < 1e-9 && position[0].abs() < 1e-9);
}

#[test]
fn joints_left_out_hold_still_where_that_is_allowed() {
    let mut bench = Bench::arm_with(Settings {
        allow_partial_joints_goal: true,
        ..Settings::default()
    });
    let goal = FollowGoal {
        joint_names: vec!["wrist".into()],
        points: vec![point(1.5, &[1.0])],
        ..FollowGoal::default()
    };
    let id = bench.follow(goal);
    assert_eq!(bench.finish(id).status, Status::Succeeded);
    let position = bench.last().position;
    assert!((position[0] - START[0]).abs() < 1e-12 && (position[2] - 1.0).abs() < 1e-9);
}

#[test]
fn a_trajectory_of_one_point_here_and_now_is_done_at_once() {
    let mut bench = Bench::arm();
    let id = bench.follow(trajectory(&[(0.0, START)]));
    assert_eq!(bench.finish(id).status, Status::Succeeded);
}

#[test]
fn a_stamp_in_the_past_joins_the_trajectory_where_it_is_by_now() {
    let mut bench = Bench::arm();
    let from = bench.setpoints.len() - 1;
    let mut goal = sampled([0.8, -0.6, 1.0], 3.0, 20, 1);
    // The first 0.1 s of a smooth start are worth less than the start tolerance.
    goal.stamp = Some(bench.now - Duration::from_millis(100));
    let end = bench.now + Duration::from_millis(2900);
    let id = bench.follow(goal);
    let outcome = bench.finish(id);
    assert_eq!((outcome.status, outcome.text.as_str()), (Status::Succeeded, ""));
    bench.judge(from);
    assert!(
        bench.now.since(end) < Duration::from_millis(40),
        "{} is not just after {end}",
        bench.now
    );
}

#[test]
fn a_stamp_in_the_future_is_waited_for() {
    let mut bench = Bench::arm();
    let from = bench.setpoints.len() - 1;
    let mut goal = trajectory(&[(0.0, START), (2.0, [0.5, 0.2, 0.0])]);
    goal.stamp = Some(bench.now + Duration::from_millis(500));
    let id = bench.follow(goal);
    bench.run(0.4);
    assert!((bench.last().position[0] - START[0]).abs() < 1e-9);
    assert_eq!(bench.finish(id).status, Status::Succeeded);
    bench.judge(from);
}

#[test]
fn a_new_trajectory_takes_over_from_the_present_setpoint() {
    let mut bench = Bench::arm();
    let from = bench.setpoints.len() - 1;
    let first = bench.follow(sampled([0.8, -0.6, 1.0], 2.0, 10, 2));
    bench.run(0.8);
    assert!(bench.last().velocity.max_abs() > 0.3);
    let second = bench.follow(trajectory(&[(1.5, [0.0, 0.0, 0.0])]));
    let replaced = bench.done[&first].clone();
    assert_eq!(
        (replaced.status, replaced.code),
        (Status::Aborted, Code::Replaced)
    );
    assert_eq!(replaced.text, "replaced by a newer goal");
    assert_eq!(bench.finish(second).status, Status::Succeeded);
    bench.judge(from);
    assert!(bench.last().position.max_abs() < 1e-9);
}

#[test]
fn a_new_trajectory_that_can_not_take_over_leaves_the_old_one_alone() {
    let mut bench = Bench::arm();
    let first = bench.follow(sampled([0.8, -0.6, 1.0], 2.0, 10, 2));
    bench.run(0.8);
    let hasty = bench.follow(trajectory(&[(0.1, [0.0, 0.0, 0.0])]));
    let refused = bench.done[&hasty].clone();
    assert_eq!(
        (refused.status, refused.code),
        (Status::Aborted, Code::InvalidGoal)
    );
    assert!(refused.text.contains("is beyond its limit"), "{}", refused.text);
    assert_eq!(bench.finish(first).status, Status::Succeeded);
    assert!((bench.last().position[0] - 0.9).abs() < 1e-9);
}

#[test]
fn feedback_comes_twenty_times_a_second_with_desired_actual_and_error() {
    let mut bench = Bench::arm();
    let id = bench.follow(sampled([0.8, -0.6, 1.0], 2.0, 10, 2));
    bench.finish(id);
    let count = bench.feedback.len();
    assert!((40..=42).contains(&count), "{count} feedbacks in 2 s");
    let (of, middle) = bench.feedback[count / 2];
    assert_eq!(of, id);
    let error = middle.error();
    // The machine is two ticks late, and its state is one tick old.
    let expected = middle.desired.velocity[0] * 0.006;
    assert!(
        (error.position[0] - expected).abs() < 1e-3 && error.position[0] > 1e-4,
        "{error:?}"
    );
    assert!((middle.progress - 0.5).abs() < 0.05, "{middle:?}");
    let remaining = middle.remaining.expect("it is not paused");
    assert!((remaining.as_secs_f64() - 1.0).abs() < 0.1);
}

#[test]
fn a_joint_that_strays_ends_the_goal_with_a_sentence_and_a_stop_on_the_path() {
    let mut bench = Bench::arm();
    let from = bench.setpoints.len() - 1;
    let mut goal = sampled([0.8, -0.6, 1.0], 2.0, 10, 2);
    goal.path_tolerance = vec![JointTolerance {
        name: "wrist".into(),
        position: 0.05,
        ..JointTolerance::default()
    }];
    let id = bench.follow(goal);
    bench.run(0.5);
    bench.machine.blocked = true;
    let outcome = bench.finish(id);
    assert_eq!(
        (outcome.status, outcome.code),
        (Status::Aborted, Code::PathToleranceViolated)
    );
    assert!(
        outcome.text.starts_with("joint wrist: position is 0.05")
            && outcome.text.ends_with("beyond its tolerance 0.0500 rad"),
        "{}",
        outcome.text
    );
    bench.judge(from);
    assert_eq!(bench.phase(), Phase::Holding);
    assert!(bench.has_event(EventKind::Stopped) && bench.has_event(EventKind::GoalAborted));
}

#[test]
fn a_joint_that_does_not_arrive_in_time_ends_the_goal() {
    let mut bench = Bench::arm();
    let mut goal = sampled([0.4, 0.0, 0.0], 2.0, 10, 2);
    goal.goal_time_tolerance_ns = 300_000_000;
    let id = bench.follow(goal);
    bench.run(1.5);
    bench.machine.blocked = true;
    let outcome = bench.finish(id);
    assert_eq!(
        (outcome.status, outcome.code),
        (Status::Aborted, Code::GoalToleranceViolated)
    );
    assert!(
        outcome.text.starts_with("joint base: position is ")
            && outcome
                .text
                .ends_with("beyond its tolerance 0.0100 rad, 0.30 s after the motion's end"),
        "{}",
        outcome.text
    );
    assert!((outcome.duration.as_secs_f64() - 2.3).abs() < 0.01);
}

#[test]
fn without_a_time_tolerance_it_waits_and_minus_one_takes_any_place() {
    let mut bench = Bench::arm();
    let id = bench.follow(sampled([0.4, 0.0, 0.0], 2.0, 10, 2));
    bench.run(1.5);
    bench.machine.blocked = true;
    bench.run(20.0);
    assert!(bench.done.is_empty(), "it waits");
    bench.machine.blocked = false;
    assert_eq!(bench.finish(id).status, Status::Succeeded);

    bench.machine.blocked = true;
    let mut goal = trajectory(&[(2.0, START)]);
    goal.goal_tolerance = vec![JointTolerance {
        name: "base".into(),
        position: -1.0,
        ..Default::default()
    }];
    let id = bench.follow(goal);
    assert_eq!(bench.finish(id).status, Status::Succeeded);
}

#[test]
fn a_motion_state_that_falls_silent_stops_the_group_on_its_path() {
    let mut bench = Bench::arm();
    let from = bench.setpoints.len() - 1;
    let id = bench.follow(sampled([0.8, -0.6, 1.0], 2.0, 10, 2));
    bench.run(0.8);
    bench.talks = false;
    let outcome = bench.finish(id);
    assert_eq!((outcome.status, outcome.code), (Status::Aborted, Code::NotReady));
    assert_eq!(outcome.text, "no motion state for 102 ms");
    bench.judge(from);
    let refused = bench.go(&[0.0, 0.0, 0.0]);
    assert!(
        bench.done[&refused]
            .text
            .starts_with("group arm is not ready: no motion state for")
    );
    bench.talks = true;
    bench.run(0.01);
    let id = bench.go(&[0.0, 0.0, 0.0]);
    assert_eq!(bench.finish(id).status, Status::Succeeded);
}

#[test]
fn late_ticks_are_made_up_for_and_very_late_ones_end_the_motion() {
    let mut bench = Bench::arm();
    let from = bench.setpoints.len() - 1;
    let id = bench.follow(sampled([0.8, -0.6, 1.0], 2.0, 10, 2));
    bench.run(0.6);
    bench.now = bench.now + Duration::from_millis(17);
    bench.step();
    bench.run(0.2);
    bench.judge(from);
    assert!(bench.done.is_empty());
    let seq = bench.last().tag.seq;
    bench.now = bench.now + Duration::from_millis(60);
    bench.step();
    let outcome = bench.finish(id);
    assert_eq!((outcome.status, outcome.code), (Status::Aborted, Code::NotReady));
    assert!(
        outcome.text.starts_with("no setpoint could be made for 62 ms"),
        "{}",
        outcome.text
    );
    assert_eq!(bench.last().tag.seq, seq, "no setpoint that would jump");
    bench.run(0.5);
    assert_eq!(bench.phase(), Phase::Holding, "seeded anew");
}

#[test]
fn setpoints_lie_on_the_grid_and_go_on_while_nothing_moves() {
    let mut bench = Bench::arm();
    let from = bench.setpoints.len();
    bench.run(1.0);
    assert_eq!(bench.setpoints.len() - from, 500);
    assert!(
        bench
            .setpoints
            .iter()
            .all(|setpoint| setpoint.tag.stamp.as_nanos() % 2_000_000 == 0)
    );
    assert!(
        bench
            .setpoints
            .iter()
            .all(|setpoint| setpoint.tag.valid_for == Duration::from_millis(50))
    );
    assert!(bench.now > Stamp::ZERO);
}
