//! Nonsense of any kind: never a panic, never a move; a sentence that says what is wrong.
//!
//! | file | what it has |
//! |---|---|
//! | `arena` | the core with the default cell's groups, and what each request is held to |
//! | `requests` | requests made of bytes: a sound one with some fields broken |
//!
//! The target in `fuzz/` feeds the same functions with bytes that coverage guides.

mod arena;
mod requests;

use arena::Arena;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Requests in each run of the tests.
const REQUESTS: u64 = 20_000;

#[test]
fn whatever_is_asked_is_done_or_refused_with_a_reason() {
    let mut arena = Arena::new();
    for seed in 0..REQUESTS {
        let mut bytes = [0; 512];
        ChaCha8Rng::seed_from_u64(seed).fill_bytes(&mut bytes);
        let fails = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| arena.throw(&bytes)));
        assert!(fails.is_ok(), "failed with seed {seed}");
    }
    assert!(
        arena.refused > REQUESTS / 2,
        "most of it is nonsense: {} refused",
        arena.refused
    );
    assert!(
        arena.taken > REQUESTS / 100,
        "some of it makes sense: {} taken on",
        arena.taken
    );
}
