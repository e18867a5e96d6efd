//! Fetches Ruckig's source as its PyPI package has it, compiles it with `peers/retarget.cpp`, and runs that.

use crate::native::{Answer, output, source};
use crate::wheels;
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

const VERSION: &str = "0.19.4";

/// The compiled peer and its questions; gone when this is dropped.
pub(super) struct Peer {
    folder: TempDir,
}

impl Peer {
    pub(super) fn compile(questions: &str) -> Result<Self> {
        let folder = tempfile::tempdir().context("a temporary folder")?;
        std::fs::write(folder.path().join("questions"), questions).context("the questions")?;
        let ruckig = fetch(&folder)?;
        let mut compiler = Command::new("g++");
        compiler
            .args(["-std=c++20", "-O3", "-DNDEBUG", "-w"])
            .arg(format!("-I{}", ruckig.join("include").display()))
            .arg("-o")
            .arg(folder.path().join("retarget"))
            .arg(source("retarget.cpp"));
        for order in ["first", "second", "third"] {
            for kind in ["position", "velocity"] {
                for step in ["step1", "step2"] {
                    let file = ruckig.join(format!("src/ruckig/{kind}_{order}_{step}.cpp"));
                    // There is nothing to solve for velocities of the first order.
                    if file.is_file() {
                        compiler.arg(file);
                    }
                }
            }
        }
        compiler.arg(ruckig.join("src/ruckig/brake.cpp"));
        output(&mut compiler)?;
        Ok(Self { folder })
    }

    pub(super) fn run(&self, turns: usize) -> Result<Answer> {
        let mut program = Command::new(self.folder.path().join("retarget"));
        program
            .arg(self.folder.path().join("questions"))
            .arg(turns.to_string());
        Answer::of(&mut program)
    }
}

/// The unpacked source. What builds its Python module is there only because `pip` asks a package for its name that way.
fn fetch(folder: &TempDir) -> Result<PathBuf> {
    let python = wheels::python(&[
        "scikit-build-core==1.1.2",
        "nanobind==3.1.0",
        "cmake==4.4.4",
        "ninja==1.13.2",
    ])?;
    output(
        Command::new(&python)
            .current_dir(folder.path())
            .args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check"])
            .args(["--no-deps", "--no-build-isolation", "--no-binary", "ruckig"])
            .arg(format!("ruckig=={VERSION}")),
    )?;
    let name = format!("ruckig-{VERSION}");
    output(
        Command::new(&python)
            .current_dir(folder.path())
            .args(["-m", "tarfile", "-e"])
            .arg(format!("{name}.tar.gz")),
    )?;
    Ok(folder.path().join(name))
}
