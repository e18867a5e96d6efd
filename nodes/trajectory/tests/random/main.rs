//! Random machines are asked random things at random times: whatever comes, every setpoint keeps every limit.
//!
//! | file | what it has |
//! |---|---|
//! | `rig`, `machine` | the core on a virtual clock with machines that follow its setpoints, and all that it answered |
//! | `judge` | what each setpoint is held to: limits, continuity, published stops |
//! | `robots` | random groups, goals and wishes |
//! | `cell` | the default cell's arm, gripper and belt with random limits; random paths of the arm's tool |
//! | `anything` | anything at any time |
//! | `anything_in_the_cell` | the same with tool paths, jogging, moving frames, cams and grips |
//! | `on_path` | speed scales, pauses, steps back and stops stay on the path that an undisturbed run takes |
//! | `on_tool_path` | the same for lines, arcs and blends of a tool, held to what was asked for by forward kinematics |
//! | `coupled` | gears and cams between two groups |
//! | `jogged` | joints and twists, for as long as someone asks |
//! | `on_belt` | paths in the frame of a belt that does what it likes |
//! | `gripped` | grippers with and without a part between their fingers |
//! | `trajectories` | trajectories that follow upon each other on the topic, and such that are slowed down to the limits |
//! | `late_plans` | plans that come back late, or when nobody wants them any more |
//!
//! Each case has a seed of its own, which a failure prints; `SERVOMESH_RANDOM_SEED=<seed>` runs that case alone, and
//! `SERVOMESH_RANDOM_CASES=<factor>` as many times more cases.

mod anything;
mod anything_in_the_cell;
mod cell;
mod coupled;
mod gripped;
mod jogged;
mod judge;
mod late_plans;
mod machine;
mod on_belt;
mod on_path;
mod on_tool_path;
mod rig;
mod robots;
mod trajectories;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs that many cases, each with random numbers of its own; tells how many there were.
fn cases(count: u64, case: impl Fn(&mut ChaCha8Rng)) -> u64 {
    let variable = |name: &str| {
        let value = std::env::var(name).ok()?;
        Some(
            value
                .parse::<u64>()
                .unwrap_or_else(|_| panic!("{name}={value} is not a number")),
        )
    };
    let seeds = match variable("SERVOMESH_RANDOM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..count * variable("SERVOMESH_RANDOM_CASES").unwrap_or(1),
    };
    let fails = |seed: &u64| {
        let mut random = ChaCha8Rng::seed_from_u64(*seed);
        let failed = catch_unwind(AssertUnwindSafe(|| case(&mut random))).is_err();
        if failed {
            eprintln!("failed with SERVOMESH_RANDOM_SEED={seed}\n");
        }
        failed
    };
    let failed: Vec<u64> = seeds.clone().filter(fails).take(MOST_FAILURES).collect();
    assert!(failed.is_empty(), "cases that fail: {failed:?}");
    seeds.count() as u64
}

/// Of what is asked at random, a part is refused: a test that sees little else proves little.
fn assert_done(done: &std::cell::Cell<u64>, run: u64) {
    let done = done.get();
    assert!(
        LEAST_SHARE * (done + 1) >= run,
        "of {run} cases only {done} could be done"
    );
    println!("of {run} cases {done} could be done");
}

/// One in so many cases can be done.
const LEAST_SHARE: u64 = 3;

/// So many failures show whether they have something in common.
const MOST_FAILURES: usize = 10;
