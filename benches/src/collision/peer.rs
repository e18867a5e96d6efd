//! Installs Pinocchio's wheel, which brings Coal, compiles `peers/coal.cpp` against it, and runs that.

use super::scene::Scene;
use crate::native::{Answer, compile_cpp, source};
use crate::wheels;
use anyhow::{Context, Result};
use std::process::Command;
use tempfile::TempDir;

/// The compiled peer and the scene; gone when this is dropped.
pub(super) struct Peer {
    folder: TempDir,
}

impl Peer {
    pub(super) fn compile(scene: &Scene) -> Result<Self> {
        let folder = tempfile::tempdir().context("a temporary folder")?;
        std::fs::write(folder.path().join("scene"), scene.to_text()?).context("the scene")?;
        let coal = ["-lcoal".to_owned()];
        compile_cpp(
            &source("coal.cpp"),
            &wheels::pinocchio()?,
            &coal,
            &folder.path().join("coal"),
        )?;
        Ok(Self { folder })
    }

    pub(super) fn run(&self, way: &str, queries: usize) -> Result<Answer> {
        let mut program = Command::new(self.folder.path().join("coal"));
        program
            .arg(self.folder.path().join("scene"))
            .args([way, &queries.to_string()]);
        Answer::of(&mut program)
    }
}
