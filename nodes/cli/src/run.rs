//! The command `servomesh run`.

use anyhow::bail;
use clap::Args;
use servomesh_cli::program::Program;
use servomesh_cli::ros::{RunOptions, run};
use std::path::PathBuf;
use std::process::ExitCode;

/// Run a program against a running cell, and say what came of it.
///
/// Waits until every group that the program needs can be moved, sends its goals through the same actions that other
/// clients use, and stops at the first that is missed. Prints goals reached, the largest tracking error of each joint,
/// how long setpoints took from `trajectory` to the drives, and what was lost.
///
/// Exit code: 0 if every goal was reached, 1 if one was missed or the cell was not ready, 78 if the program cannot be used.
#[derive(Args)]
#[command(after_help = "Examples:
  servomesh run launch/programs/line.yaml          run it, tell each step
  servomesh run --check launch/programs/line.yaml  only check the file")]
pub(crate) struct Run {
    /// Only read and check the program.
    #[arg(long)]
    check: bool,
    /// Seconds to wait for the cell to be ready.
    #[arg(long, value_name = "S", default_value = "30", value_parser = super::seconds)]
    ready_timeout: std::time::Duration,
    /// Seconds that one step may take at the most.
    #[arg(long, value_name = "S", default_value = "60", value_parser = super::seconds)]
    goal_timeout: std::time::Duration,
    /// Print the summary only.
    #[arg(long, short)]
    quiet: bool,
    /// Print the summary as JSON.
    #[arg(long)]
    json: bool,
    /// The program.
    #[arg(value_name = "PROGRAM.yaml")]
    program: PathBuf,
}

impl Run {
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        let program = Program::read(&self.program)?;
        if self.check {
            println!(
                "{}: {} steps, {} goals",
                program.name,
                program.steps.len(),
                program.goals().count()
            );
            return Ok(ExitCode::SUCCESS);
        }
        let options = RunOptions {
            ready_timeout: self.ready_timeout,
            goal_timeout: self.goal_timeout,
            verbose: !self.quiet,
        };
        let summary = run(&program, options)?;
        if self.json {
            println!("{}", summary.to_json());
        } else {
            println!("{summary}");
        }
        let goals = program.goals().count();
        match (summary.first_miss(), summary.reached()) {
            (Some((goal, reason)), _) => bail!("goal missed: {goal}: {reason}"),
            (None, (reached, _)) if reached < goals => bail!("{reached} of {goals} goals reached"),
            _ => Ok(ExitCode::SUCCESS),
        }
    }
}
