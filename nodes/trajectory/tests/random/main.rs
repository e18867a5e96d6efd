//! Random machines are asked random things at random times: whatever comes, every setpoint keeps every limit.
//!
//! | file | what it has |
//! |---|---|
//! | `rig` | the core on a virtual clock with machines that follow its setpoints, and all that it answered |
//! | `judge` | what each setpoint is held to: limits, continuity, published stops |
//! | `robots` | random groups, goals and wishes |
//! | `anything` | anything at any time |
//! | `on_path` | speed scales, pauses, steps back and stops stay on the path that an undisturbed run takes |
//! | `coupled` | gears and cams between two groups |
//! | `late_plans` | plans that come back late, or when nobody wants them any more |
//!
//! Each case has a seed of its own, which a failure prints; `SERVOMESH_RANDOM_SEED=<seed>` runs that case alone, and
//! `SERVOMESH_RANDOM_CASES=<factor>` as many times more cases.

mod anything;
mod coupled;
mod judge;
mod late_plans;
mod on_path;
mod rig;
mod robots;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs that many cases, each with random numbers of its own.
fn cases(count: u64, case: impl Fn(&mut ChaCha8Rng)) {
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
    let failed: Vec<u64> = seeds.filter(fails).take(MOST_FAILURES).collect();
    assert!(failed.is_empty(), "cases that fail: {failed:?}");
}

/// So many failures show whether they have something in common.
const MOST_FAILURES: usize = 10;
