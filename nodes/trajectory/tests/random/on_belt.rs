//! Paths in the frame of a belt that does what it likes: limits hold. How well the tool keeps its place on the belt is measured in the simulated
//! cell (`sim/tests/belt.rs`).

use nalgebra::Vector3;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use servomesh_trajectory::{MoveGoal, MoveMode, PathGoal, Segment, Steer};
use servomesh_types::{GroupName, JointVec};

use crate::cell::{Arm, LINE};
use crate::rig::Rig;
use crate::{cases, cell, robots};

#[test]
fn whatever_the_belt_does_the_arm_keeps_its_limits() {
    cases(10, |random| {
        let (mut arm_group, belt_group) = (cell::arm(random), cell::conveyor(random));
        let (arm_name, belt_name) = (arm_group.0.name, belt_group.0.name);
        arm_group.1 = JointVec::from_fn(6, |i| ABOVE[i] + random.random_range(-0.1..0.1));
        let most = belt_group.0.joints[0].limits.velocity().min(0.2);
        let mut arm = Arm::new();
        let groups = [arm_group, belt_group];
        let mut rig = Rig::with(Rig::settings(), Some(cell::robot()), &groups);
        if random.random_bool(0.8) {
            rig.go(belt_name, belt(random, most));
            rig.run(robots::magnitude(random, 1.0, 500.0) as u32);
        }
        let goal = in_frame(&mut rig, random, &mut arm);
        let id = rig.go(arm_name, goal);
        rig.plan_one();
        for _ in 0..random.random_range(0..8) {
            for _ in 0..robots::magnitude(random, 1.0, 300.0) as u32 {
                rig.step();
                rig.plan_one();
            }
            match random.random_range(0..16) {
                0..6 => {
                    rig.go(belt_name, belt(random, most));
                }
                6..9 => {
                    rig.machine(arm_name).forget_stop();
                    let goal = in_frame(&mut rig, random, &mut arm);
                    rig.go(arm_name, goal);
                }
                9 => {
                    let _may_be_refused = rig.steer(belt_name, robots::steer(random));
                }
                10 => {
                    let _may_be_refused = rig.steer(arm_name, robots::steer(random));
                }
                11 => {
                    let category = random.random_range(1..=2);
                    let _may_be_refused = rig.steer(arm_name, Steer::Stop { category });
                    rig.machine(arm_name).forget_stop();
                }
                12 => rig.cancel(id),
                13 => rig.stop_and_reset(if random.random_bool(0.5) {
                    arm_name
                } else {
                    belt_name
                }),
                14 => {
                    rig.machine(arm_name).forget_stop();
                    let description = rig.machine(arm_name).description.clone();
                    rig.go(arm_name, robots::move_goal(random, &description));
                }
                _ => rig.wait_a_little(random),
            }
        }
        for id in rig.asked.clone() {
            rig.cancel(id);
        }
        rig.settle();
    });
}

/// Above the belt, upstream of the arm, with the tool pointing down.
const ABOVE: [f64; 6] = [
    -0.2448,
    -1.3758,
    1.8351,
    -2.03,
    -std::f64::consts::FRAC_PI_2,
    -1.8156,
];

fn belt(random: &mut ChaCha8Rng, most: f64) -> MoveGoal {
    MoveGoal {
        mode: MoveMode::Velocity,
        target: vec![most * random.random_range(-0.3..1.0)],
        ..MoveGoal::default()
    }
}

/// A line to somewhere near, in the belt's frame.
fn in_frame(rig: &mut Rig, random: &mut ChaCha8Rng, arm: &mut Arm) -> MoveGoal {
    let (arm_name, belt_name) = (name("arm"), name("conveyor"));
    let at = place_on_belt(rig, arm, arm_name, belt_name);
    let to = at + Vector3::from_fn(|_, _| random.random_range(-0.06..0.06));
    MoveGoal {
        mode: MoveMode::Path,
        path: PathGoal {
            segments: vec![Segment {
                kind: LINE,
                translation: to.into(),
                ..Segment::default()
            }],
            frame: "conveyor_belt".to_owned(),
            ..PathGoal::default()
        },
        ..MoveGoal::default()
    }
}

/// Where the tool is in the belt's frame, by the setpoints of both for the same time.
fn place_on_belt(rig: &mut Rig, arm: &mut Arm, arm_name: GroupName, belt_name: GroupName) -> Vector3<f64> {
    let at = |rig: &mut Rig, group| match &rig.machine(group).newest {
        Some(setpoint) => setpoint.position,
        None => rig.machine(group).position,
    };
    let (joints, along) = (at(rig, arm_name), at(rig, belt_name));
    let tool = arm.pose(&joints);
    (arm.belt_frame(along[0]).inverse() * tool).translation.vector
}

fn name(name: &str) -> GroupName {
    GroupName::new(name).expect("a name of the test")
}
