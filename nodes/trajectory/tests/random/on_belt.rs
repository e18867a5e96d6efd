//! Paths in the frame of a belt that does what it likes: limits hold. How well the tool keeps its place on the belt is measured in the simulated
//! cell (`sim/tests/belt.rs`).

use nalgebra::Vector3;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use servomesh_trajectory::{GoalId, MoveGoal, MoveMode, PathGoal, Phase, Segment, Settings, Status, Steer};
use servomesh_types::{GroupName, JointVec};
use std::cell::Cell;
use std::time::Duration;

use crate::cell::{Arm, LINE};
use crate::machine::LATENCY;
use crate::rig::{PERIOD, Rig};
use crate::{assert_done, cases, cell, robots};

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

#[test]
fn a_goal_in_a_frame_ends_whether_the_frame_can_be_caught_up_or_not() {
    let succeeded = Cell::new(0);
    let run = cases(12, |random| {
        let (mut arm_group, belt_group) = (cell::arm(random), cell::conveyor(random));
        let (arm_name, belt_name) = (arm_group.0.name, belt_group.0.name);
        arm_group.1 = JointVec::from_fn(6, |i| ABOVE[i] + random.random_range(-0.1..0.1));
        let most = belt_group.0.joints[0].limits.velocity();
        // Without an end of its patience, it waits until the end of its reach, or for machines that are as late as is known.
        let patient = random.random_bool(0.5);
        let (patience, known) = match patient {
            true => (Duration::ZERO, LATENCY),
            false => {
                let patience = Duration::from_secs_f64(robots::magnitude(random, 0.05, 2.0));
                (patience, random.random_range(0..=LATENCY))
            }
        };
        let settings = Settings {
            goal_time_tolerance: patience,
            tracking_lead: PERIOD * known,
            ..Rig::settings()
        };
        let mut rig = Rig::with(settings, Some(cell::robot()), &[arm_group, belt_group]);
        // As fast as it can: whoever begins at rest hardly catches it up.
        rig.go(belt_name, running(most * random.random_range(0.9..0.99)));
        rig.run(robots::magnitude(random, 1.0, 2000.0) as u32);
        let goal = in_frame(&mut rig, random, &mut Arm::new());
        let id = rig.go(arm_name, goal);
        rig.plan_one();
        let changes = !patient && random.random_bool(0.5);
        let longest = if patient {
            LONGEST_WAY
        } else {
            LONGEST_PATH + patience
        };
        ends_within(&mut rig, id, longest, |rig| {
            if changes && random.random_bool(0.003) {
                rig.go(belt_name, belt(random, most));
            }
        });
        match rig.done[&id].status {
            Status::Succeeded => {
                succeeded.set(succeeded.get() + 1);
                rig.run(random.random_range(0..500));
                rig.cancel(id); // unless it has come to the end of its reach
            }
            Status::Aborted => {}
            Status::Cancelled => panic!("nobody gave it up"),
        }
        let rests = (0..ticks(LONGEST_STOP)).any(|_| {
            rig.step();
            rig.phase(arm_name) == Phase::Holding
        });
        assert!(rests, "it does not come to rest");
    });
    assert_done(&succeeded, run);
}

/// Runs until a goal has ended; whose tool has not arrived stands then.
#[track_caller]
fn ends_within(rig: &mut Rig, id: GoalId, longest: Duration, mut meanwhile: impl FnMut(&mut Rig)) {
    for _ in 0..ticks(longest) {
        if let Some(outcome) = rig.done.get(&id) {
            let stands = rig.phase(name("arm")) == Phase::Holding;
            assert!(outcome.status == Status::Succeeded || stands, "{outcome:?}");
            return;
        }
        meanwhile(rig);
        rig.step();
    }
    panic!("{id:?} does not end within {longest:?}");
}

fn ticks(time: Duration) -> u32 {
    time.as_nanos().div_ceil(PERIOD.as_nanos()) as u32
}

/// What a path in the frame takes at most, the whole way with a slow belt, and coming to rest in it.
const LONGEST_WAY: Duration = Duration::from_secs(30);
const LONGEST_PATH: Duration = Duration::from_secs(6);
const LONGEST_STOP: Duration = Duration::from_secs(3);

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
    running(most * random.random_range(-0.3..1.0))
}

fn running(velocity: f64) -> MoveGoal {
    MoveGoal {
        mode: MoveMode::Velocity,
        target: vec![velocity],
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
