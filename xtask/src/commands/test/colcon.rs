//! The colcon check: that the ament packages build and install what ROS 2 users run.
//!
//! The message packages are those that set-up has built with colcon already; nodes and launch files are built on top
//! of them, with cargo's usual target folder, so that nothing is compiled twice.

use std::fs;

use anyhow::{Context, Result, bail};

use super::steps::{passes, runs};
use super::{Bench, Ended};

/// What `ros2 run servomesh` must find.
const EXECUTABLES: [&str; 8] = [
    "trajectory",
    "safety",
    "driver",
    "estimator",
    "visualizer",
    "sim",
    "devices",
    "servomesh",
];

pub(super) fn run(bench: &Bench<'_>) -> Result<Ended> {
    let folder = bench.workspace.ros_dir().join("colcon");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("can't remove {}", folder.display()))?;
    }
    let install = folder.join("install");
    let mut colcon = bench.workspace.builder("colcon");
    colcon.arg("--log-base").arg(folder.join("log"));
    colcon.args([
        "build",
        "--base-paths",
        "nodes",
        "launch",
        "--merge-install",
        "--executor",
        "sequential",
    ]);
    colcon
        .args(["--event-handlers", "console_direct+", "--build-base"])
        .arg(folder.join("build"));
    colcon.arg("--install-base").arg(&install);
    passes(
        bench
            .ros()?
            .apply(&mut colcon)
            .env("CARGO_TARGET_DIR", bench.workspace.target_dir()),
    )?;

    for name in EXECUTABLES {
        let path = install.join("lib/servomesh").join(name);
        if !path.is_file() {
            bail!("colcon did not install {}", path.display());
        }
    }
    runs(&install.join("bin/servomesh"), bench.ros()?)?;
    let launch = install.join("share/servomesh_bringup/cell.launch.xml");
    if !launch.is_file() {
        bail!("colcon did not install {}", launch.display());
    }
    Ok(Ended::Passed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    #[test]
    fn the_check_expects_what_cmake_installs() {
        let cmake = Workspace::find().root().join("nodes/CMakeLists.txt");
        let text = fs::read_to_string(cmake).unwrap();
        assert!(text.contains(&format!("set(executables {})", EXECUTABLES.join(" "))));
    }
}
