//! Installs Pinocchio's wheel, which brings Coal, compiles `peers/coal.cpp` against it, and runs that.

use super::scene::Scene;
use crate::wheels;
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

/// The library, and the headers that its own ask for: the environment of the claim `robot`.
const WHEELS: [&str; 3] = ["pin==4.1.0", "cmeel-eigen==3.4.1", "cmeel-urdfdom-headers==3.0.0"];

/// The compiled peer and the scene; gone when this is dropped.
pub(super) struct Peer {
    folder: TempDir,
}

/// What one run says.
pub(super) struct Answer {
    /// Of the least distances in all states (m).
    pub(super) sum: f64,
    /// Of each query [ns].
    pub(super) times: Vec<Option<u64>>,
}

impl Peer {
    pub(super) fn compile(scene: &Scene) -> Result<Self> {
        let prefix = wheels::site_packages(&WHEELS)?.join("cmeel.prefix");
        let (include, lib) = (prefix.join("include"), prefix.join("lib"));
        let folder = tempfile::tempdir().context("a temporary folder")?;
        std::fs::write(folder.path().join("scene"), scene.to_text()?).context("the scene")?;
        let mut compiler = Command::new("g++");
        compiler
            // Its headers warn.
            .args(["-std=c++17", "-O3", "-DNDEBUG", "-w"])
            .arg(format!("-I{}", include.display()))
            .arg(format!("-I{}", include.join("eigen3").display()))
            .arg("-o")
            .arg(folder.path().join("coal"))
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/coal.cpp"))
            .arg(format!("-L{}", lib.display()))
            .arg(format!("-Wl,-rpath,{}", lib.display()))
            .arg("-lcoal")
            // What the library itself needs is found when the program starts.
            .arg("-Wl,--allow-shlib-undefined");
        run(&mut compiler)?;
        Ok(Self { folder })
    }

    pub(super) fn run(&self, way: &str, queries: usize) -> Result<Answer> {
        let mut program = Command::new(self.folder.path().join("coal"));
        program
            .arg(self.folder.path().join("scene"))
            .args([way, &queries.to_string()]);
        let text = String::from_utf8(run(&mut program)?.stdout).context("its output")?;
        let (sum, times) = text.split_once('\n').context("no sum in its output")?;
        let times = times
            .lines()
            .map(|ns| ns.parse().map(Some).context("a time of its"));
        Ok(Answer {
            sum: sum.parse().context("the sum of its distances")?,
            times: times.collect::<Result<_>>()?,
        })
    }
}

fn run(command: &mut Command) -> Result<Output> {
    let output = command
        .output()
        .with_context(|| format!("start {}", command.get_program().display()))?;
    ensure!(
        output.status.success(),
        "{command:?}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output)
}
