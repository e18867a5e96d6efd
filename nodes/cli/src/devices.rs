//! The command `servomesh devices`: becomes the program `devices` with the same arguments.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use clap::Args;

/// Open a pseudo-terminal for each bus of a file, with simulated servos at the other end.
///
/// All arguments go to the program `devices`; `servomesh devices --help` is its help.
#[derive(Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Devices {
    /// Arguments of `devices`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

impl Devices {
    /// Becomes the other program; returns only if that fails.
    pub(crate) fn run(&self) -> Result<std::process::ExitCode> {
        let own = std::env::current_exe().context("where this program is")?;
        let program = beside(&own);
        let error = Command::new(&program).args(&self.arguments).exec();
        Err(error).with_context(|| {
            format!(
                "cannot start {}; it is built with the workspace, and installed with the package servomesh",
                program.display()
            )
        })
    }
}

/// Beside this program as it is built, or in the package's folder as it is installed.
fn beside(own: &Path) -> PathBuf {
    let folder = own.parent().unwrap_or(Path::new(""));
    let built = folder.join("devices");
    let installed = folder.join("../lib/servomesh/devices");
    if !built.exists() && installed.exists() {
        installed
    } else {
        built
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_as_built_and_as_installed() {
        let folder = tempfile::tempdir().expect("a folder");
        let (bin, lib) = (folder.path().join("bin"), folder.path().join("lib/servomesh"));
        std::fs::create_dir_all(&lib).expect("a folder");
        std::fs::create_dir_all(&bin).expect("a folder");
        let own = bin.join("servomesh");
        assert_eq!(
            beside(&own),
            bin.join("devices"),
            "where it should be, if it is nowhere"
        );
        std::fs::write(lib.join("devices"), "").expect("a file");
        assert_eq!(beside(&own), bin.join("../lib/servomesh/devices"));
        std::fs::write(bin.join("devices"), "").expect("a file");
        assert_eq!(beside(&own), bin.join("devices"));
    }
}
