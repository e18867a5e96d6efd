//! TOPP-RA in a Python of its own: `peers/toppra_timing.py` gets the path as a file and prints times.

use super::task::{JOINTS, Task, URDF};
use crate::native::{Answer, source};
use crate::wheels;
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;
use tempfile::NamedTempFile;

pub(super) struct Peer {
    python: PathBuf,
    path: NamedTempFile,
}

impl Peer {
    pub(super) fn new(task: &Task) -> Result<Self> {
        let python = wheels::python(&["toppra==0.6.10", "pin==4.1.0"])?;
        let path = NamedTempFile::new().context("a file for the path")?;
        let given = serde_json::json!({
            "points": task.points,
            "steps": task.steps,
            "velocity": task.bounds.velocity.to_vec(),
            "acceleration": task.bounds.acceleration.to_vec(),
            "effort": task.effort.to_vec(),
            "joints": JOINTS,
            "urdf": URDF,
        });
        std::fs::write(path.path(), given.to_string()).context("write the path")?;
        Ok(Self { python, path })
    }

    /// The best duration as the sum, and as many times.
    pub(super) fn run(&self, times: usize) -> Result<Answer> {
        let mut program = Command::new(&self.python);
        program
            .arg(source("toppra_timing.py"))
            .arg(self.path.path())
            .arg(times.to_string());
        Answer::of(&mut program)
    }
}
