//! `cargo xtask bench`: what is claimed of speed, measured on this machine.

use std::ffi::OsString;

use anyhow::Result;

use super::build;
use crate::domain::Domain;
use crate::progress::{note, run_shown};
use crate::workspace::Workspace;

/// Options of `cargo xtask bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Passed on to the benches; `--help` there lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    args: Vec<OsString>,
}

/// Builds the nodes and the benches and runs these.
///
/// # Errors
/// Set-up or a build fails, or a bench does.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let env = build::run(workspace)?;
    note("benches");
    let mut cargo = workspace.cargo();
    cargo.args([
        "run",
        "--locked",
        "--release",
        "--package",
        "servomesh_benches",
        "--features",
        "ros",
        "--",
    ]);
    let domain = Domain::take()?;
    let cargo = env.apply(cargo.args(&args.args));
    run_shown(cargo.env("ROS_DOMAIN_ID", domain.id().to_string()))
}
