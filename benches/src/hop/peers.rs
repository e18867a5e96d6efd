//! Compiles the peers in `benches/peers/` with the machine's C compiler, against the ROS environment in use.

use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

const LIBRARIES: [&str; 6] = [
    "rcl",
    "rcutils",
    "rmw",
    "rosidl_runtime_c",
    "sensor_msgs__rosidl_typesupport_c",
    "sensor_msgs__rosidl_generator_c",
];

/// The compiled peers; they are gone when this is dropped.
pub(crate) struct Peers {
    /// The floor: a UDP echo.
    pub(crate) udp: PathBuf,
    /// A bare rcl program.
    pub(crate) rcl: PathBuf,
    _folder: TempDir,
}

impl Peers {
    /// Compiles all of them, optimised. Fails without `cc` or without a ROS environment.
    pub(crate) fn compile() -> Result<Self> {
        let folder = tempfile::tempdir().context("a temporary folder")?;
        let udp = folder.path().join("udp_ping_pong");
        cc("udp_ping_pong.c", &udp, &[])?;
        let rcl = folder.path().join("rcl_ping_pong");
        cc("rcl_ping_pong.c", &rcl, &ros_flags()?)?;
        Ok(Self {
            udp,
            rcl,
            _folder: folder,
        })
    }
}

fn cc(source: &str, program: &Path, flags: &[String]) -> Result<()> {
    let source = crate::native::source(source);
    let mut command = Command::new("cc");
    command.args([
        "-D_GNU_SOURCE",
        "-std=c11",
        "-O2",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-o",
    ]);
    let status = command
        .arg(program)
        .arg(&source)
        .args(flags)
        .status()
        .context("start cc")?;
    ensure!(status.success(), "cc on {}: {status}", source.display());
    Ok(())
}

/// Every package of a prefix has an include folder of its own.
fn ros_flags() -> Result<Vec<String>> {
    let prefixes =
        std::env::var_os("AMENT_PREFIX_PATH").context("no ROS environment: AMENT_PREFIX_PATH is not set")?;
    let mut flags = Vec::new();
    for prefix in std::env::split_paths(&prefixes) {
        flags.push(format!("-L{}", prefix.join("lib").display()));
        let Ok(packages) = prefix.join("include").read_dir() else {
            continue;
        }; // not every prefix has headers
        for package in packages {
            let package = package.with_context(|| prefix.display().to_string())?;
            flags.push(format!("-I{}", package.path().display()));
        }
    }
    flags.extend(LIBRARIES.map(|library| format!("-l{library}")));
    // What the libraries themselves need is found when the program starts.
    flags.push("-Wl,--allow-shlib-undefined".to_owned());
    Ok(flags)
}
