//! Jogging: joints and twists, for as long as someone asks. Limits hold, and without a new request the group soon stands.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use servomesh_trajectory::{JogRequest, Phase};
use servomesh_types::GroupDescription;
use std::time::Duration;

use crate::rig::{PERIOD, Rig};
use crate::{cases, cell, robots};

#[test]
fn joints_that_are_jogged_keep_their_limits_and_stand_soon_after() {
    cases(30, |random| {
        let start = robots::group(random, "axes");
        let mut rig = Rig::new(std::slice::from_ref(&start));
        jog_about(&mut rig, random, &start.0, joints);
    });
}

#[test]
fn a_tool_that_is_jogged_keeps_the_joints_limits_and_stands_soon_after() {
    cases(15, |random| {
        let start = cell::arm(random);
        let mut rig = Rig::with(Rig::settings(), Some(cell::robot()), std::slice::from_ref(&start));
        jog_about(&mut rig, random, &start.0, |random, group| {
            match random.random_bool(0.8) {
                true => twist(random),
                false => joints(random, group),
            }
        });
    });
}

/// Some stretches of requests, each repeated for a while at its own rate, with silences between them.
fn jog_about(
    rig: &mut Rig,
    random: &mut ChaCha8Rng,
    description: &GroupDescription,
    draw: impl Fn(&mut ChaCha8Rng, &GroupDescription) -> JogRequest,
) {
    let group = description.name;
    let counts_for = Rig::settings().jog_timeout;
    let mut moved = false;
    for _ in 0..random.random_range(1..6) {
        if random.random_bool(0.3) {
            let _may_be_refused = rig.steer(group, robots::steer(random));
        }
        let mut request = draw(random, description);
        let every = random.random_range(1..40);
        for tick in 0..robots::magnitude(random, 1.0, 500.0) as u32 {
            if tick % every == 0 {
                if random.random_bool(0.1) {
                    request = draw(random, description);
                }
                rig.wait_a_little(random);
                rig.jog(group, request.clone());
            }
            rig.step();
            moved |= rig.phase(group) != Phase::Holding;
        }
        match random.random_range(0..12) {
            0 => rig.stop_and_reset(group),
            1 => {
                rig.machine(group).forget_stop();
                rig.go(group, robots::move_goal(random, description));
            }
            2 => rig.run(random.random_range(0..200)),
            3 => {
                rig.talks = false;
                rig.run(75);
                rig.talks = true;
            }
            4 => rig.now = rig.now + Duration::from_micros(random.random_range(0..45_000)),
            _ => {}
        }
    }
    if rig.asked.is_empty() {
        // To rest by itself; on the way joints may first have to turn round, as those do that near their ends.
        let limits = description.joints.iter().map(|joint| joint.limits);
        let brake_s = limits.map(|limits| {
            limits.velocity() / limits.acceleration() + 2.0 * limits.acceleration() / limits.jerk()
        });
        let longest = counts_for.as_secs_f64() + PATIENCE * brake_s.fold(0.0, f64::max);
        rig.run((longest / PERIOD.as_secs_f64()).ceil() as u32);
        assert_eq!(
            rig.phase(group),
            Phase::Holding,
            "it still moves {longest} s after the last request"
        );
    }
    rig.settle();
    assert!(
        moved || rig.events.iter().any(|event| event.text.contains("refused")),
        "whoever asks is heard or told why not"
    );
}

fn joints(random: &mut ChaCha8Rng, group: &GroupDescription) -> JogRequest {
    let some = random.random_bool(0.3);
    let chosen: Vec<_> = group
        .joints
        .iter()
        .filter(|_| !some || random.random_bool(0.5))
        .collect();
    let too_fast = random.random_bool(0.05);
    let velocity = chosen.iter().map(|joint| {
        let most = joint.limits.velocity() * if too_fast { 1.5 } else { 1.0 };
        match random.random_range(0..4) {
            0 => 0.0,
            1 => most,
            _ => most * random.random_range(-1.0..1.0),
        }
    });
    JogRequest {
        velocity: velocity.collect(),
        joint_names: chosen.iter().map(|joint| joint.name.clone()).collect(),
        ..JogRequest::default()
    }
}

pub(crate) fn twist(random: &mut ChaCha8Rng) -> JogRequest {
    let size = robots::magnitude(random, 1e-3, 0.3);
    let kinds = random.random_range(1..4);
    let mut three = |size: f64, on: bool| -> [f64; 3] {
        std::array::from_fn(|_| {
            if on && random.random_bool(0.7) {
                size * random.random_range(-1.0..1.0)
            } else {
                0.0
            }
        })
    };
    let (linear, angular) = (three(size, kinds != 2), three(3.0 * size, kinds != 1));
    let frame = match random.random_range(0..3) {
        0 => String::new(),
        1 => "gripper_tcp".to_owned(),
        _ => "base_link".to_owned(),
    };
    JogRequest {
        mode: 1,
        linear,
        angular,
        frame,
        ..JogRequest::default()
    }
}

/// Times the way from full speed to rest.
const PATIENCE: f64 = 3.0;
