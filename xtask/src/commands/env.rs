//! `cargo xtask env`: ROS 2 for the shell that one types in.

use std::io::{IsTerminal, Write, stdout};

use anyhow::{Context, Result};

use crate::progress::note;
use crate::ros;
use crate::workspace::Workspace;

/// Options of `cargo xtask env`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Start a shell ($SHELL) with the variables set, instead of printing them
    #[arg(long)]
    shell: bool,
}

/// Sets ROS 2 up and prints the variables, or starts a shell that has them.
///
/// # Errors
/// Set-up fails, or the shell can't be started.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let env = ros::setup(workspace)?;
    if args.shell {
        let shell = std::env::var_os("SHELL").unwrap_or_else(|| "/bin/sh".into());
        note("a shell with ROS 2; leave it with `exit`");
        let mut command = std::process::Command::new(&shell);
        // What the user does in the shell, and how it ends, is no failure of set-up.
        env.apply(&mut command)
            .status()
            .with_context(|| format!("can't start {}", shell.display()))?;
        return Ok(());
    }
    if stdout().is_terminal() {
        note("for a shell: eval \"$(cargo xtask env)\"");
    }
    stdout()
        .write_all(env.exports().as_bytes())
        .context("can't print the variables")
}
