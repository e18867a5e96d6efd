//! The command `servomesh run`.

use clap::Args;
use servomesh_cli::program::{Program, schema};
use std::path::PathBuf;
use std::process::ExitCode;

/// Run a program against a running cell, and say what came of it.
///
/// Waits until every group that the program needs can be moved, sends its goals through the same actions that other
/// clients use, and stops at the first that is missed. Shows each step with its progress while it goes on; prints goals
/// reached, the largest tracking error of each joint, how long setpoints took from `trajectory` to the drives, and what was lost.
/// Ctrl-C cancels the goals under way and waits for their rest; what the program had set running comes to rest as well.
///
/// Exit code: 0 if every goal was reached, 1 if one was missed or the cell was not ready, 78 if the program cannot be used,
/// 130 after Ctrl-C.
#[derive(Args)]
#[command(after_help = "Examples:
  servomesh run launch/programs/line.yaml          run it, tell each step
  servomesh run --check launch/programs/line.yaml  only check the file
  servomesh run --schema                           the JSON schema of programs, for editors")]
#[cfg_attr(
    not(feature = "ros"),
    allow(dead_code, reason = "only a run reads all of them")
)]
pub(crate) struct Run {
    /// Only read and check the program.
    #[arg(long)]
    check: bool,
    /// Print the JSON schema of programs.
    #[arg(long, exclusive = true)]
    schema: bool,
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
    #[arg(value_name = "PROGRAM.yaml", required_unless_present = "schema")]
    program: Option<PathBuf>,
}

impl Run {
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        let Some(path) = &self.program else {
            print!("{}", schema());
            return Ok(ExitCode::SUCCESS);
        };
        let program = Program::read(path)?;
        if self.check {
            let (steps, goals) = (program.all_steps().len(), program.goals().count());
            println!("{}: {steps} steps, {goals} goals", program.name);
            return Ok(ExitCode::SUCCESS);
        }
        self.carry_out(&program)
    }

    #[cfg(feature = "ros")]
    fn carry_out(&self, program: &Program) -> anyhow::Result<ExitCode> {
        use servomesh_cli::ros::{End, RunOptions, run};

        let options = RunOptions {
            ready_timeout: self.ready_timeout,
            goal_timeout: self.goal_timeout,
            verbose: !self.quiet,
        };
        let (summary, end) = run(program, options)?;
        if self.json {
            println!("{}", summary.to_json());
        } else {
            println!("{summary}");
        }
        match (end, summary.first_miss()) {
            (End::Done, _) => Ok(ExitCode::SUCCESS),
            (End::Interrupted, _) => Ok(ExitCode::from(INTERRUPTED)),
            (End::Missed, Some((step, reason))) => anyhow::bail!("missed: {step}: {reason}"),
            (End::Missed, None) => anyhow::bail!("a step was missed"),
        }
    }

    #[cfg(not(feature = "ros"))]
    fn carry_out(&self, program: &Program) -> anyhow::Result<ExitCode> {
        anyhow::bail!(
            "{}: this build has no ROS to run it with (feature `ros`); --check and --schema work",
            program.name
        )
    }
}

/// Exit code after Ctrl-C, as shells have it.
#[cfg(feature = "ros")]
pub(crate) const INTERRUPTED: u8 = 130;
