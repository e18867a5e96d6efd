//! Grippers with and without a part between their fingers: each goal ends once, having reached its position or the part.

use rand::RngExt as _;
use servomesh_trajectory::{Input, ParallelGripGoal, Status, Steer};

use crate::rig::Rig;
use crate::{cases, cell, robots};

#[test]
fn a_gripper_reaches_its_goal_or_what_is_in_its_way() {
    cases(30, |random| {
        let start = cell::gripper(random);
        let (group, description) = (start.0.name, start.0.clone());
        let mut rig = Rig::with(Rig::settings(), Some(cell::robot()), std::slice::from_ref(&start));
        let part_at = if random.random_bool(0.6) {
            random.random_range(0.0..start.1[0].max(1e-3))
        } else {
            f64::NEG_INFINITY
        };
        rig.machine(group).part_at = part_at;
        let mut calm = true;
        for _ in 0..random.random_range(1..6) {
            rig.machine(group).forget_stop();
            let position = random.random_range(-0.002..0.052);
            let max_effort = random.random_range(-1.0..62.0_f64).max(0.0);
            let id = match random.random_bool(0.5) {
                true => rig.ask(|id| Input::Grip {
                    group,
                    id,
                    position,
                    max_effort,
                }),
                false => rig.ask(|id| Input::ParallelGrip {
                    group,
                    id,
                    goal: ParallelGripGoal {
                        joint_names: vec![description.joints[0].name.clone()],
                        position: vec![position],
                        velocity: vec![robots::magnitude(random, 1e-3, 0.4)],
                        effort: vec![max_effort],
                    },
                }),
            };
            if random.random_bool(0.5) {
                for _ in 0..random.random_range(1..6) {
                    rig.run(robots::magnitude(random, 1.0, 200.0) as u32);
                    rig.wait_a_little(random);
                    match random.random_range(0..10) {
                        0 => rig.cancel(id),
                        1 => rig.stop_and_reset(group),
                        2 => {
                            let _may_be_refused = rig.steer(group, Steer::Stop { category: 2 });
                        }
                        _ => {
                            let _may_be_refused = rig.steer(group, robots::steer(random));
                        }
                    }
                    calm = false;
                }
            }
            rig.settle();
            let outcome = &rig.done[&id];
            let allowed = (0.0..=0.05).contains(&position) && max_effort <= 60.0;
            if !allowed {
                assert_eq!(outcome.status, Status::Aborted, "{position} m, {max_effort} N");
            }
            let Some(grip) = outcome.grip.filter(|_| outcome.status == Status::Succeeded) else {
                assert!(
                    !calm || !allowed || outcome.text.contains("velocity"),
                    "{outcome:?}"
                );
                continue;
            };
            assert!(grip.reached != grip.stalled, "{grip:?}");
            if grip.reached {
                assert!(
                    (grip.position - position).abs() <= 0.003,
                    "{grip:?}, goal {position}"
                );
            } else {
                assert!(
                    (grip.position - part_at).abs() < 1e-9,
                    "{grip:?}, part at {part_at}"
                );
            }
        }
    });
}
