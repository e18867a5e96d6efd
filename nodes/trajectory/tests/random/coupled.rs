//! Gears and cams between two groups: the follower keeps its own limits whatever the leader does, and is exact in step.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use servomesh_trajectory::{CoupleGoal, Steer};
use servomesh_types::{GroupDescription, GroupName};

use crate::rig::Rig;
use crate::{cases, robots};

#[test]
fn a_follower_keeps_its_limits_whatever_its_leader_does() {
    cases(100, |random| {
        let (leads, follows) = (robots::group(random, "leads"), robots::group(random, "follows"));
        let (leader, follower) = (leads.0.name, follows.0.name);
        let descriptions = (leads.0.clone(), follows.0.clone());
        let mut rig = Rig::new(&[leads, follows]);
        let goal = couple_goal(random, &descriptions.0, &descriptions.1);
        let id = rig.couple(follower, goal.clone());
        for _ in 0..random.random_range(1..8) {
            if random.random_bool(0.7) {
                rig.wait_a_little(random);
            }
            disturb(&mut rig, random, leader, follower, &descriptions);
            for _ in 0..robots::magnitude(random, 1.0, 500.0) as u32 {
                rig.step();
                rig.plan_one();
                if goal.cam.is_empty() && goal.absolute {
                    in_step(&rig, id, leader, follower, &goal, &descriptions);
                }
            }
        }
        for id in rig.asked.clone() {
            rig.cancel(id);
        }
        rig.settle();
    });
}

fn couple_goal(random: &mut ChaCha8Rng, leads: &GroupDescription, follows: &GroupDescription) -> CoupleGoal {
    let (a, b) = (
        random.random_range(0..leads.joints.len()),
        random.random_range(0..follows.joints.len()),
    );
    let (lead, joint) = (&leads.joints[a], &follows.joints[b]);
    let able = joint.limits.velocity() / lead.limits.velocity();
    let goal = CoupleGoal {
        leader: leads.name.to_string(),
        leader_joint: lead.name.clone(),
        joint: joint.name.clone(),
        ..CoupleGoal::default()
    };
    if random.random_bool(0.6) {
        let sign = if random.random_bool(0.5) { 1.0 } else { -1.0 };
        let ratio = sign * able * robots::magnitude(random, 0.01, 3.0);
        let absolute = random.random_bool(0.5);
        return CoupleGoal {
            ratio,
            absolute,
            ..goal
        };
    }
    let step = lead.limits.velocity() * robots::magnitude(random, 0.05, 2.0);
    let count = random.random_range(2..12);
    let period = if random.random_bool(0.5) {
        step * f64::from(count)
    } else {
        0.0
    };
    let limits = &joint.limits;
    let mut cam: Vec<(f64, f64)> = (0..count)
        .map(|k| {
            let reach = if limits.is_bounded() {
                limits.upper().min(-limits.lower())
            } else {
                1.0
            };
            (f64::from(k) * step, 0.3 * reach * random.random_range(-1.0..1.0))
        })
        .collect();
    if period > 0.0 {
        let first = cam[0].1;
        cam.push((period, first));
    }
    CoupleGoal { cam, period, ..goal }
}

fn disturb(
    rig: &mut Rig,
    random: &mut ChaCha8Rng,
    leader: GroupName,
    follower: GroupName,
    (leads, follows): &(GroupDescription, GroupDescription),
) {
    let from = rig.machine(leader).position.to_vec();
    match random.random_range(0..12) {
        0..5 => {
            rig.machine(leader).forget_stop();
            rig.go(leader, robots::move_goal(random, leads));
        }
        5 | 6 => {
            rig.machine(leader).forget_stop();
            rig.follow(leader, robots::follow_goal(random, leads, &from, rig.now));
        }
        7 => {
            let _may_be_refused = rig.steer(leader, robots::steer(random));
        }
        8 => rig.stop_and_reset(leader),
        9 => {
            rig.machine(follower).forget_stop();
            rig.couple(follower, couple_goal(random, leads, follows));
        }
        10 => {
            let _may_be_refused = rig.steer(follower, Steer::Stop { category: 2 });
        }
        _ => {
            rig.machine(follower).forget_stop();
            rig.go(follower, robots::move_goal(random, follows));
        }
    }
}

/// Where feedback says that a gear is in step, it is, at the same tick.
fn in_step(
    rig: &Rig,
    id: servomesh_trajectory::GoalId,
    leader: GroupName,
    follower: GroupName,
    goal: &CoupleGoal,
    (leads, follows): &(GroupDescription, GroupDescription),
) {
    let (Some(feedback), false) = (rig.feedback.get(&id), rig.done.contains_key(&id)) else {
        return;
    };
    let Some(coupling) = feedback
        .coupling
        .filter(|coupling| coupling.in_step && feedback.stamp == rig.now)
    else {
        return;
    };
    let at = |group: GroupName, description: &GroupDescription, name: &str| {
        let newest = rig.machines[&group].newest.as_ref()?;
        Some(newest.position[description.joint_index(name)?])
    };
    let (Some(lead), Some(position)) = (
        at(leader, leads, &goal.leader_joint),
        at(follower, follows, &goal.joint),
    ) else {
        return;
    };
    let off = position - goal.ratio * lead;
    assert!(
        off.abs() <= 1e-9 * (1.0 + position.abs()),
        "in step, but {off:.3e} off: leader {lead}, follower {position}, {goal:?}, {coupling:?}"
    );
}
