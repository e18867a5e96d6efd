//! Plans that come back late, or when nobody wants them any more: they change nothing, and every goal still ends once.

use rand::RngExt as _;
use servomesh_trajectory::{Code, Input, Status, Steer};
use std::time::Duration;

use crate::rig::Rig;
use crate::{cases, robots};

#[test]
fn a_plan_that_comes_back_after_anything_does_no_harm() {
    cases(60, |random| {
        let start = robots::group(random, "axes");
        let (group, description) = (start.0.name, start.0.clone());
        let mut rig = Rig::new(&[start]);
        let mut late = Vec::new();
        for _ in 0..random.random_range(2..8) {
            let from = rig.machine(group).position.to_vec();
            rig.machine(group).forget_stop();
            rig.go(group, robots::path_goal(random, &description, &from));
            if random.random_bool(0.7) {
                late.extend(rig.plans.drain(..).map(servomesh_trajectory::Plan::run));
            }
            rig.run(random.random_range(0..50));
            rig.wait_a_little(random);
            match random.random_range(0..7) {
                0 => {
                    rig.machine(group).forget_stop();
                    rig.go(group, robots::move_goal(random, &description));
                }
                1 => rig.cancel(*rig.asked.last().expect("one was asked for")),
                2 => {
                    let _may_be_refused = rig.steer(group, Steer::Stop { category: 2 });
                }
                3 => rig.stop_and_reset(group),
                4 => rig.give_up(),
                5 => rig.now = rig.now + Duration::from_millis(60),
                _ => {}
            }
            rig.run(random.random_range(0..100));
            while !late.is_empty() && random.random_bool(0.6) {
                let planned = late.swap_remove(random.random_range(0..late.len()));
                rig.handle(Input::Planned(planned));
            }
        }
        for planned in late {
            rig.handle(Input::Planned(planned.clone()));
            rig.handle(Input::Planned(planned)); // even twice
            rig.run(5);
        }
        rig.settle();
    });
}

#[test]
fn a_path_that_was_given_up_while_it_was_planned_never_moves() {
    cases(30, |random| {
        let start = robots::group(random, "axes");
        let (group, description) = (start.0.name, start.0.clone());
        let mut rig = Rig::new(std::slice::from_ref(&start));
        let id = rig.go(group, robots::path_goal(random, &description, &start.1));
        let Some(plan) = rig.plans.pop_front() else { return };
        rig.run(3);
        let stops = random.random_bool(0.5);
        match stops {
            true => rig
                .steer(group, Steer::Stop { category: 2 })
                .expect("it can be stopped"),
            false => rig.cancel(id),
        }
        let outcome = &rig.done[&id];
        let expected = match stops {
            true => (Status::Aborted, Code::Stopped),
            false => (Status::Cancelled, Code::Successful),
        };
        assert_eq!((outcome.status, outcome.code), expected);
        rig.handle(Input::Planned(plan.run()));
        rig.run(50);
        let newest = rig.machine(group).newest.expect("it holds");
        assert_eq!(newest.position, start.1);
    });
}
