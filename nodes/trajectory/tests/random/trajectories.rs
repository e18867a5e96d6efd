//! Trajectories that follow upon each other as on the topic, and such that are slowed down to the limits.

use rand::RngExt as _;
use servomesh_trajectory::{FollowGoal, Settings, Status};
use std::cell::Cell;

use crate::judge::distance;
use crate::rig::Rig;
use crate::{assert_done, cases, robots};

/// `<group>/joint_trajectory` has no goals: whoever sends there sends on and on, and each message replaces the one before.
#[test]
fn a_stream_of_trajectories_is_one_motion_within_the_limits() {
    cases(30, |random| {
        let start = robots::group(random, "axes");
        let (group, description) = (start.0.name, start.0.clone());
        let mut rig = Rig::new(std::slice::from_ref(&start));
        let every = random.random_range(2..120);
        for _ in 0..random.random_range(2..30) {
            let now = rig.now;
            let from = rig
                .machine(group)
                .newest
                .map_or(start.1, |newest| newest.position);
            rig.machine(group).forget_stop();
            let goal = robots::follow_goal(random, &description, &from, now);
            rig.follow(group, goal);
            rig.run(every);
            rig.wait_a_little(random);
            if random.random_bool(0.1) {
                let _may_be_refused = rig.steer(group, robots::steer(random));
            }
        }
        rig.settle();
        let succeeded = rig.done.values().filter(|done| done.status == Status::Succeeded);
        assert!(succeeded.count() <= rig.asked.len());
    });
}

#[test]
fn a_trajectory_that_is_slowed_down_passes_its_points_in_order_within_the_limits() {
    let done = Cell::new(0);
    let run = cases(30, |random| {
        let start = robots::group(random, "axes");
        let (group, description) = (start.0.name, start.0.clone());
        let settings = Settings {
            retime_trajectories: true,
            ..Rig::settings()
        };
        let mut rig = Rig::with(settings, None, std::slice::from_ref(&start));
        let from = start.1.to_vec();
        let mut goal = robots::follow_goal(random, &description, &from, rig.now);
        goal.stamp = None;
        let hurry = robots::magnitude(random, 0.01, 1.0);
        for point in &mut goal.points {
            point.time_from_start_ns = (point.time_from_start_ns as f64 * hurry).ceil() as i64;
        }
        rig.machine(group).kept = Some(Vec::new());
        let id = rig.follow(group, goal.clone());
        rig.plan_one();
        if rig
            .done
            .get(&id)
            .is_some_and(|done| done.status != Status::Succeeded)
        {
            return; // refused
        }
        done.set(done.get() + 1);
        let disturbed = random.random_bool(0.5);
        for _ in 0..if disturbed { random.random_range(1..6) } else { 0 } {
            rig.run(robots::magnitude(random, 1.0, 200.0) as u32);
            let _may_be_refused = rig.steer(group, robots::steer(random));
        }
        rig.settle();
        assert_eq!(rig.done[&id].status, Status::Succeeded, "{:?}", rig.done[&id]);
        let kept = rig.machine(group).kept.take().expect("they were kept");
        if !disturbed {
            judge_points(
                &goal,
                &kept.iter().map(|setpoint| setpoint.position).collect::<Vec<_>>(),
            );
        }
    });
    assert_done(&done, run);
}

/// Each point is met, between two ticks, after the one before it.
fn judge_points(goal: &FollowGoal, kept: &[servomesh_types::JointVec]) {
    let step = kept
        .windows(2)
        .map(|pair| distance(&pair[0], &pair[1]))
        .fold(0.0, f64::max);
    let mut after = 0;
    for (k, point) in goal.points.iter().enumerate() {
        let place = servomesh_types::JointVec::try_from(&point.positions[..]).expect("joints of the test");
        let met = (after..kept.len()).find(|at| distance(&kept[*at], &place) <= step + 1e-9);
        let nearest = kept
            .iter()
            .map(|position| distance(position, &place))
            .fold(f64::INFINITY, f64::min);
        after = met.unwrap_or_else(|| panic!("point {k} is met by {nearest}, steps {step}: {goal:?}"));
    }
}
