//! MuJoCo: its wheel, `peers/mujoco.c` compiled against it, and the scenes for both.

use crate::native::{output, source};
use crate::wheels;
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// The release that the golden files of `sim` are of.
const WHEEL: &str = "mujoco==4.0.0";
const LIBRARY: &str = "libmujoco.so.4.0.0";

/// The compiled peer and the scenes; gone when this is dropped.
pub(crate) struct Peer {
    folder: TempDir,
}

impl Peer {
    /// Installs MuJoCo if need be, compiles the peer, optimised, and writes the scenes.
    pub(crate) fn compile() -> Result<Self> {
        let mujoco = wheels::site_packages(&[WHEEL])?.join("mujoco");
        let folder = tempfile::tempdir().context("a temporary folder")?;
        let mut cc = Command::new("cc");
        cc.args(["-D_GNU_SOURCE", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror"])
            .arg("-o")
            .arg(folder.path().join("mujoco"))
            .arg(source("mujoco.c"))
            .arg("-I")
            .arg(mujoco.join("include"))
            .arg(mujoco.join(LIBRARY))
            .arg(format!("-Wl,-rpath,{}", mujoco.display()))
            .arg("-lm");
        output(&mut cc)?;
        let peer = Self { folder };
        let mut python = Command::new(wheels::python(&[WHEEL])?);
        // Compiled Python beside the sources would only be litter.
        python
            .arg("-B")
            .arg(source("mujoco_scenes.py"))
            .arg(peer.scenes());
        output(&mut python)?;
        Ok(peer)
    }

    /// Where the scenes are.
    pub(crate) fn scenes(&self) -> PathBuf {
        self.folder.path().join("scenes")
    }

    /// The time of a step [ns] in each block of steps.
    pub(crate) fn times(&self, scene: &str, steps: usize, block: usize) -> Result<Vec<Option<u64>>> {
        let lines = self.run(scene, "time", steps, block)?;
        Ok(lines
            .into_iter()
            .flatten()
            .map(|time_ns| Some(time_ns.round() as u64))
            .collect())
    }

    /// All positions, every `every` steps: joints, then x, y, z and the quaternion w, x, y, z of each part.
    pub(crate) fn trace(&self, scene: &str, steps: usize, every: usize) -> Result<Vec<Vec<f64>>> {
        self.run(scene, "trace", steps, every)
    }

    fn run(&self, scene: &str, mode: &str, steps: usize, block: usize) -> Result<Vec<Vec<f64>>> {
        let mut command = Command::new(self.folder.path().join("mujoco"));
        command.arg(self.scenes().join(format!("{scene}.xml"))).args([
            mode,
            &steps.to_string(),
            &block.to_string(),
        ]);
        let text = output(&mut command)?;
        text.lines()
            .map(|line| {
                line.split_whitespace()
                    .map(|number| number.parse().with_context(|| format!("{scene}: {number}")))
                    .collect()
            })
            .collect()
    }
}
