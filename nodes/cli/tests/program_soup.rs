//! Whatever text is given as a program: it is one within the bounds, or an error with a place. Never a panic, never long.
//!
//! Seeded mutations of the sample programs, and soup of bytes and of the language's own words. `SERVOMESH_SOUP` sets the number
//! of cases, `SERVOMESH_SOUP_SEED` the seed; `fuzz/` searches on with coverage.

#![allow(clippy::unwrap_used)] // a test that fails says where
#![expect(
    clippy::disallowed_methods,
    reason = "it says how long the slowest text took; nothing depends on it"
)]

use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use servomesh_cli::program::language::{MAX_NESTING, MAX_SEGMENTS, MAX_STEPS};
use servomesh_cli::program::{Order, Program, ProgramError, Step};
use std::path::Path;
use std::time::{Duration, Instant};

const CASES: usize = 20_000;

/// What mutations put in: the language's words, numbers at the edges, and what YAML makes special.
const WORDS: &[&str] = &[
    "name",
    "group",
    "poses",
    "places",
    "steps",
    "follow",
    "move",
    "line",
    "circle",
    "path",
    "run",
    "grip",
    "wait",
    "speed",
    "together",
    "track",
    "loop",
    "to",
    "through",
    "via",
    "centre",
    "axis",
    "angle",
    "segments",
    "joint",
    "blend",
    "corner",
    "frame",
    "tool",
    "xyz",
    "rpy",
    "quaternion",
    "seconds",
    "event",
    "timeout",
    "above",
    "travels",
    "times",
    "forever",
    "scale",
    "velocity",
    "position",
    "0",
    "-0.0",
    "1e308",
    "-1e400",
    ".nan",
    ".inf",
    "1_000",
    "0x10",
    "true",
    "~",
    "null",
    "{",
    "}",
    "[",
    "]",
    ",",
    ": ",
    "- ",
    "\n",
    "\n  ",
    "\t",
    "&a ",
    "*a",
    "!!str ",
    "|\n",
    ">-\n",
    "? ",
    "---\n",
    "...\n",
    "#",
    "\"",
    "'",
    "\\",
    "%YAML 1.2\n",
    "<<: ",
    "\u{feff}",
    "\0",
    "é",
    "\u{2028}",
];

fn samples() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../launch/programs");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect();
    files.sort();
    files
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

/// A part of a text between two of its characters' borders.
fn part(rng: &mut ChaCha8Rng, text: &str, longest: usize) -> (usize, usize) {
    let border = |mut at: usize| {
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let from = rng.random_range(0..=text.len());
    let to = (from + rng.random_range(0..=longest)).min(text.len());
    (border(from), border(to))
}

fn mutated(rng: &mut ChaCha8Rng, samples: &[String]) -> String {
    let mut text = samples[rng.random_range(0..samples.len())].clone();
    // Short ones more often: there a change matters.
    let (from, to) = part(rng, &text, 1500);
    if rng.random_bool(0.5) && from < to {
        text = format!("name: x\nsteps:\n{}", &text[from..to]);
    }
    for _ in 0..rng.random_range(1..4) {
        let (from, to) = part(rng, &text, 40);
        let word = WORDS[rng.random_range(0..WORDS.len())];
        match rng.random_range(0..5) {
            0 => text.replace_range(from..to, word),
            1 => text.insert_str(from, word),
            2 => text.replace_range(from..to, ""),
            3 => {
                let copy = text[from..to].to_owned();
                let (at, _) = part(rng, &text, 0);
                text.insert_str(at, &copy);
            }
            _ => {
                let (start, end) = part(rng, &text, 12);
                let moved = text[start..end].to_owned();
                text.replace_range(from..to, &moved);
            }
        }
    }
    text
}

fn soup(rng: &mut ChaCha8Rng) -> String {
    let words = rng.random_range(0..60);
    if rng.random_bool(0.3) {
        let mut bytes = vec![0; words * 4];
        rng.fill_bytes(&mut bytes);
        return String::from_utf8_lossy(&bytes).into_owned();
    }
    let word = |_| WORDS[rng.random_range(0..WORDS.len())];
    (0..words).map(word).collect()
}

fn depth(steps: &[Step]) -> usize {
    let inner = steps.iter().map(|step| depth(step.action.inner()));
    1 + inner.max().unwrap_or(0)
}

/// What must hold of whatever was accepted.
fn check(program: &Program) {
    assert!(!program.steps.is_empty());
    assert!(program.all_steps().len() <= MAX_STEPS && depth(&program.steps) <= MAX_NESTING + 2);
    for goal in program.goals() {
        assert!(!goal.group.is_empty());
        match &goal.order {
            Order::Follow(follow) => {
                assert!(!follow.poses.is_empty() && follow.speed > 0.0 && follow.speed <= 1.0)
            }
            Order::Joint(to) => assert!(to.to.values().all(|position| position.is_finite())),
            Order::Run(run) => assert!(run.velocity.is_finite()),
            Order::Grip(grip) => assert!(grip.position.is_finite() && grip.max_effort >= 0.0),
            Order::Path(path) => {
                assert!((1..=MAX_SEGMENTS).contains(&path.segments.len()) && path.speed > 0.0)
            }
        }
    }
}

#[test]
fn any_text_is_a_program_within_the_bounds_or_an_error_with_a_place() {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .map(|text| text.parse::<u64>().expect(name))
    };
    let cases = number("SERVOMESH_SOUP").map_or(CASES, |cases| cases as usize);
    let seed = number("SERVOMESH_SOUP_SEED").unwrap_or(4);
    let samples = samples();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut programs, mut slowest) = (0, Duration::ZERO);
    for case in 0..cases {
        let text = match rng.random_bool(0.7) {
            true => mutated(&mut rng, &samples),
            false => soup(&mut rng),
        };
        let began = Instant::now();
        let read = std::panic::catch_unwind(|| Program::parse(&text, Path::new("p.yaml")));
        slowest = slowest.max(began.elapsed());
        let read = read.unwrap_or_else(|_| panic!("seed {seed}, case {case} panics:\n{text}"));
        match read {
            Ok(program) => {
                programs += 1;
                check(&program);
            }
            Err(ProgramError::Wrong { spot, reason, .. }) => {
                // A carriage return alone ends a line too.
                let lines = text.matches(['\n', '\r']).count() + 2;
                assert!(
                    !reason.is_empty() && (1..=lines).contains(&spot.line),
                    "seed {seed}, case {case}: {spot} {reason}"
                );
            }
            Err(error @ ProgramError::Read { .. }) => {
                panic!("seed {seed}, case {case}: nothing is read here: {error}")
            }
        }
    }
    println!("{programs} of {cases} texts are programs; the slowest took {slowest:?}");
    assert!(
        programs > cases / 100,
        "mutations that are never right test little: {programs}"
    );
}
