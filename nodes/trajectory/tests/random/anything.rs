//! Anything at any time: limits, continuity and published stops hold; each goal ends once.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use servomesh_trajectory::{Phase, Steer};
use servomesh_types::GroupName;
use std::time::Duration;

use crate::rig::Rig;
use crate::{cases, robots};

#[test]
fn whatever_is_asked_setpoints_keep_all_limits() {
    cases(200, |random| {
        let start = robots::group(random, "axes");
        let group = start.0.name;
        let mut rig = Rig::new(&[start]);
        for _ in 0..random.random_range(1..12) {
            if random.random_bool(0.7) {
                rig.wait_a_little(random);
            }
            ask(&mut rig, random, group);
            for _ in 0..robots::magnitude(random, 1.0, 600.0) as u32 {
                rig.step();
                if random.random_bool(0.1) {
                    rig.plan_one();
                }
            }
        }
        rig.settle();
        assert!(
            matches!(rig.phase(group), Phase::Holding | Phase::Executing),
            "it stands, or runs at a velocity"
        );
        assert_eq!(rig.asked.len(), rig.done.len());
    });
}

fn ask(rig: &mut Rig, random: &mut ChaCha8Rng, group: GroupName) {
    let description = rig.machine(group).description.clone();
    let from: Vec<f64> = match &rig.machine(group).newest {
        Some(setpoint) => setpoint.position.to_vec(),
        None => rig.machine(group).position.to_vec(),
    };
    match random.random_range(0..24) {
        0..5 => {
            rig.machine(group).forget_stop();
            rig.go(group, robots::move_goal(random, &description));
        }
        5..8 => {
            rig.machine(group).forget_stop();
            rig.follow(group, robots::follow_goal(random, &description, &from, rig.now));
        }
        8..11 => {
            rig.machine(group).forget_stop();
            rig.go(group, robots::path_goal(random, &description, &from));
        }
        11..17 => {
            let _may_be_refused = rig.steer(group, robots::steer(random));
        }
        17..19 => {
            let category = random.random_range(1..=2);
            let _may_be_refused = rig.steer(group, Steer::Stop { category });
        }
        19 | 20 => {
            if !rig.asked.is_empty() {
                rig.cancel(rig.asked[random.random_range(0..rig.asked.len())]);
            }
        }
        21 => {
            rig.machine(group).speed_scale = random.random();
            rig.gate(group, servomesh_types::SafetyMode::Normal, None);
        }
        22 => match random.random_range(0..3) {
            0 => rig.stop_and_reset(group),
            1 => {
                rig.talks = false;
                rig.run(75);
                rig.talks = true;
            }
            _ => rig.give_up(),
        },
        _ => rig.now = rig.now + Duration::from_micros(random.random_range(0..60_000)),
    }
}
