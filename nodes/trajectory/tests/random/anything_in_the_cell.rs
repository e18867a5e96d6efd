//! Anything at any time in the default cell: tool paths, twists, moving frames, cams and grips, all groups at once.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use servomesh_trajectory::{CoupleGoal, Input, MoveGoal, MoveMode, PathGoal, Phase, Segment, Steer};
use servomesh_types::{GroupDescription, GroupName, JointVec, SafetyMode};
use std::time::Duration;

use crate::cell::Arm;
use crate::rig::Rig;
use crate::{cases, cell, jogged, robots};

#[test]
fn whatever_the_cell_is_asked_setpoints_keep_all_limits() {
    cases(12, |random| {
        let groups = [cell::arm(random), cell::gripper(random), cell::conveyor(random)];
        let names = [groups[0].0.name, groups[1].0.name, groups[2].0.name];
        let mut arm = Arm::new();
        let mut rig = Rig::with(Rig::settings(), Some(cell::robot()), &groups);
        for _ in 0..random.random_range(2..16) {
            if random.random_bool(0.7) {
                rig.wait_a_little(random);
            }
            match random.random_range(0..10) {
                0..5 => ask_arm(&mut rig, random, &mut arm, names[0]),
                5 | 6 => ask_belt(&mut rig, random, names[2]),
                7 => ask_gripper(&mut rig, random, names[1]),
                _ => {
                    let name = names[random.random_range(0..3)];
                    disturb(&mut rig, random, name);
                }
            }
            for _ in 0..robots::magnitude(random, 1.0, 400.0) as u32 {
                rig.step();
                if random.random_bool(0.1) {
                    rig.plan_one();
                }
            }
        }
        rig.run(200); // what is jogged has stopped
        for id in rig.asked.clone() {
            rig.cancel(id);
        }
        rig.settle();
        for name in names {
            assert!(
                matches!(rig.phase(name), Phase::Holding | Phase::Executing),
                "{name} stands, or runs at a velocity"
            );
        }
        assert_eq!(rig.asked.len(), rig.done.len());
    });
}

fn ask_arm(rig: &mut Rig, random: &mut ChaCha8Rng, arm: &mut Arm, group: GroupName) {
    let description = rig.machine(group).description.clone();
    let from = rig
        .machine(group)
        .newest
        .map_or(rig.machine(group).position, |newest| newest.position);
    rig.machine(group).forget_stop();
    match random.random_range(0..12) {
        0..4 => {
            let goal = cell::tool_path(random, arm, &from);
            rig.go(group, goal);
        }
        4 | 5 => {
            rig.go(group, near(random, &from));
        }
        6 => {
            rig.follow(group, robots::follow_goal(random, &description, &from, rig.now));
        }
        7 | 8 => {
            let request = jogged::twist(random);
            for _ in 0..random.random_range(1..6) {
                rig.jog(group, request.clone());
                rig.run(20);
            }
        }
        9 | 10 => {
            let tool = arm.pose(&from).translation.vector;
            let along = rig.machine(conveyor()).position[0];
            let at = arm.belt_frame(along).inverse_transform_point(&tool.into());
            let goal = in_frame(random, &at.coords);
            rig.go(group, goal);
        }
        _ => {
            rig.couple(group, couple(random, &description));
        }
    }
}

fn conveyor() -> GroupName {
    GroupName::new("conveyor").expect("a name of the test")
}

fn near(random: &mut ChaCha8Rng, from: &JointVec) -> MoveGoal {
    MoveGoal {
        synchronization: random.random_range(0..4),
        target: from.iter().map(|p| p + random.random_range(-0.5..0.5)).collect(),
        ..MoveGoal::default()
    }
}

fn in_frame(random: &mut ChaCha8Rng, at: &nalgebra::Vector3<f64>) -> MoveGoal {
    let segment = |random: &mut ChaCha8Rng| Segment {
        kind: cell::LINE,
        translation: std::array::from_fn(|i| at[i] + random.random_range(-0.1..0.1)),
        corner: random.random_range(0..2),
        blend: 0.02,
        ..Segment::default()
    };
    MoveGoal {
        mode: MoveMode::Path,
        path: PathGoal {
            segments: (0..random.random_range(1..3)).map(|_| segment(random)).collect(),
            frame: "conveyor_belt".to_owned(),
            ..PathGoal::default()
        },
        ..MoveGoal::default()
    }
}

/// The last joint in step with the belt.
fn couple(random: &mut ChaCha8Rng, group: &GroupDescription) -> CoupleGoal {
    let cam = random.random_bool(0.5);
    let count = random.random_range(3..8);
    let bend = robots::magnitude(random, 1e-3, 0.3);
    let mut points: Vec<(f64, f64)> = (0..count)
        .map(|k| (0.1 * f64::from(k), bend * random.random_range(-1.0..1.0)))
        .collect();
    points.push((0.1 * f64::from(count), points[0].1));
    CoupleGoal {
        leader: "conveyor".into(),
        joint: group.joints[5].name.clone(),
        ratio: if cam { 0.0 } else { random.random_range(-3.0..3.0) },
        period: if cam { 0.1 * f64::from(count) } else { 0.0 },
        cam: if cam { points } else { vec![] },
        ..CoupleGoal::default()
    }
}

fn ask_belt(rig: &mut Rig, random: &mut ChaCha8Rng, group: GroupName) {
    rig.machine(group).forget_stop();
    let description = rig.machine(group).description.clone();
    rig.go(group, robots::move_goal(random, &description));
}

fn ask_gripper(rig: &mut Rig, random: &mut ChaCha8Rng, group: GroupName) {
    let machine = rig.machine(group);
    machine.forget_stop();
    machine.part_at = if random.random_bool(0.5) {
        machine.position[0] * random.random::<f64>()
    } else {
        f64::NEG_INFINITY
    };
    let (position, max_effort) = (random.random_range(0.0..0.05), random.random_range(0.0..60.0));
    rig.ask(|id| Input::Grip {
        group,
        id,
        position,
        max_effort,
    });
}

fn disturb(rig: &mut Rig, random: &mut ChaCha8Rng, group: GroupName) {
    match random.random_range(0..16) {
        0..6 => {
            let _may_be_refused = rig.steer(group, robots::steer(random));
        }
        6..9 => {
            let category = random.random_range(1..=2);
            let _may_be_refused = rig.steer(group, Steer::Stop { category });
        }
        9..11 => {
            if !rig.asked.is_empty() {
                rig.cancel(rig.asked[random.random_range(0..rig.asked.len())]);
            }
        }
        11 => {
            rig.machine(group).speed_scale = random.random();
            rig.gate(group, SafetyMode::Normal, None);
        }
        12 => rig.stop_and_reset(group),
        13 => {
            rig.talks = false;
            rig.run(75);
            rig.talks = true;
        }
        14 => rig.give_up(),
        _ => rig.now = rig.now + Duration::from_micros(random.random_range(0..60_000)),
    }
}
