//! The peers as programs: `peers/dynamixel_sdk_codec.py` in a Python of its own, and `peers/rustypot`, built here.
//!
//! Both read the states from a file of three words a line: goals, joined answer, single answer, in hexadecimal.

use super::State;
use crate::native::{Answer, output, source};
use crate::wheels;
use anyhow::{Context, Result};
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::NamedTempFile;

pub(super) struct Peers {
    python: PathBuf,
    rustypot: PathBuf,
    states: NamedTempFile,
}

impl Peers {
    pub(super) fn new(states: &[State]) -> Result<Self> {
        let python = wheels::python(&["dynamixel-sdk==4.1.0"])?;
        let file = NamedTempFile::new().context("a file for the states")?;
        let lines: Vec<String> = states
            .iter()
            .map(|state| {
                let words = [state.goals.as_flattened(), &state.joined, &state.single];
                words.map(hexadecimal).join(" ")
            })
            .collect();
        std::fs::write(file.path(), lines.join("\n")).context("write the states")?;
        Ok(Self {
            python,
            rustypot: build()?,
            states: file,
        })
    }

    pub(super) fn sdk(&self, exchange: &str, batches: usize) -> Result<Answer> {
        let mut program = Command::new(&self.python);
        program.arg(source("dynamixel_sdk_codec.py"));
        self.run(&mut program, exchange, batches)
    }

    pub(super) fn rustypot(&self, exchange: &str, batches: usize) -> Result<Answer> {
        self.run(&mut Command::new(&self.rustypot), exchange, batches)
    }

    fn run(&self, program: &mut Command, exchange: &str, batches: usize) -> Result<Answer> {
        program
            .arg(self.states.path())
            .arg(exchange)
            .arg(batches.to_string());
        Answer::of(program)
    }
}

/// Builds `peers/rustypot` and returns its program.
fn build() -> Result<PathBuf> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/peers");
    let cargo = std::env::var_os("CARGO");
    let mut cargo = Command::new(cargo.as_deref().unwrap_or(OsStr::new("cargo")));
    cargo
        .args(["build", "--locked", "--release", "--quiet", "--manifest-path"])
        .arg(source("rustypot/Cargo.toml"))
        .arg("--target-dir")
        .arg(&target);
    output(&mut cargo)?;
    Ok(target.join("release/rustypot_codec"))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes any text");
        text
    })
}
