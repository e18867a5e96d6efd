//! Any text to or from a serial CAN adapter: the same lines in any cut, and what is understood stood in the text.

#![no_main]

#[path = "../../tests/line/slcan.rs"]
mod line;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let [cut, text @ ..] = input {
        line::check(text, usize::from(*cut).max(1));
    }
});
