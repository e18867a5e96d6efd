//! Any frames to an SDO client and a server, and any frames lost between them: never wrong data, never an end that stays busy.

#![no_main]

#[path = "../../tests/line/sdo.rs"]
mod line;

use libfuzzer_sys::fuzz_target;
use line::{Beside, Ends, ROOM, check_lossy};

fuzz_target!(|input: &[u8]| {
    match input {
        [kind, rest @ ..] if kind % 2 == 0 => any_frames(rest),
        [kind, low, high, rest @ ..] => {
            let length = usize::from(u16::from_le_bytes([*low, *high])) % (ROOM + 1);
            lost_frames(kind & 2 != 0, kind & 4 != 0, length, rest);
        }
        _ => {}
    }
});

/// Frames out of thin air, each after a byte that says what else happens; the next good transfer works.
fn any_frames(input: &[u8]) {
    let mut ends = Ends::new();
    for part in input.chunks_exact(9) {
        let happens = |bit: u8| part[0] >> bit & 1 == 1;
        let beside = Beside {
            reads: happens(0),
            blocks: happens(1),
            client_hears: happens(2),
            server_hears: happens(3),
            hurried: happens(4),
        };
        ends.suffer(&std::array::from_fn(|at| part[at + 1]), beside);
    }
    ends.check();
}

/// A transfer while each bit of `lost` that is set loses a frame.
fn lost_frames(read: bool, blocks: bool, length: usize, lost: &[u8]) {
    let data = |first: u8| {
        (0..length)
            .map(|at| first ^ at as u8 ^ (at >> 8) as u8)
            .collect::<Vec<_>>()
    };
    let mut bits = lost
        .iter()
        .flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
    check_lossy(&data(0), &data(0xFF), read, blocks, || {
        bits.next().unwrap_or(false)
    });
}
