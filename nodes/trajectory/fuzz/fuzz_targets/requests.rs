//! Any request is done, or refused with a reason: never a panic, never long, never a move for what is refused.

#![no_main]

#[path = "../../tests/nonsense/arena.rs"]
mod arena;
#[path = "../../tests/nonsense/requests.rs"]
mod requests;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut arena = arena::Arena::new();
    for bytes in bytes.chunks(512).take(4) {
        arena.throw(bytes);
    }
});
