//! `cargo xtask trials`: the whole cell against adversaries and faults, by the thousand.

use std::ffi::OsString;

use anyhow::Result;

use crate::progress::{note, run_shown};
use crate::workspace::Workspace;

/// Options of `cargo xtask trials`.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// Passed on to the trials; `--help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    args: Vec<OsString>,
}

/// Builds the trials, which need no ROS, and runs them.
///
/// # Errors
/// The build fails, or a trial does.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    note("trials");
    let mut cargo = workspace.cargo();
    cargo.args([
        "run",
        "--locked",
        "--release",
        "--package",
        "servomesh_trials",
        "--",
    ]);
    run_shown(cargo.args(&args.args))
}
