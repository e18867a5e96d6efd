//! Any text is a program or an error that says where: never a panic, never long.

#![no_main]

use libfuzzer_sys::fuzz_target;
use servomesh_cli::program::language::{MAX_SEGMENTS, MAX_STEPS};
use servomesh_cli::program::{Order, Program, ProgramError};
use std::path::Path;

fuzz_target!(|text: &str| {
    match Program::parse(text, Path::new("p.yaml")) {
        Ok(program) => {
            assert!((1..=MAX_STEPS).contains(&program.all_steps().len()));
            for goal in program.goals() {
                if let Order::Path(path) = &goal.order {
                    assert!((1..=MAX_SEGMENTS).contains(&path.segments.len()));
                }
            }
        }
        Err(ProgramError::Wrong { spot, reason, .. }) => {
            assert!(spot.line >= 1 && spot.column >= 1 && !reason.is_empty());
        }
        Err(ProgramError::Read { .. }) => unreachable!("nothing is read here"),
    }
});
