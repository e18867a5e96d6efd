//! The workspace's chores, run as `cargo xtask <chore>`.
//!
//! Every chore that needs ROS 2 first makes sure it is there (see [`ros`]); a second start finds it done.
//! Progress goes to standard error, results to standard output, and a failed chore ends with the reason and a
//! non-zero exit code.

mod children;
mod commands;
mod domain;
mod progress;
mod ros;
mod wheels;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands::{bench, build, demo, env, golden, test, trials};
use crate::workspace::Workspace;

/// Set-up, build, demo and tests of this workspace.
///
/// ROS 2 is taken from the shell where a distribution is sourced. Elsewhere (Linux on x86_64) ROS 2 Jazzy is set up
/// in `.ros/`, which may be deleted at any time.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Set ROS 2 up and print the variables that a shell needs for it
    ///
    /// Afterwards plain cargo commands with `--features ros` and any ROS tool work in that shell.
    #[command(
        after_help = "Examples:\n  eval \"$(cargo xtask env)\"; cargo build --features ros\n  \
                            cargo xtask env --shell"
    )]
    Env(env::Args),
    /// Build the nodes as they run on a machine, into target/release
    Build,
    /// Run the default cell: an arm, a gripper and a conveyor, simulated
    ///
    /// Sets up and builds what is missing. With a display it opens a window of the rerun viewer.
    #[command(
        after_help = "Examples:\n  cargo xtask demo\n  cargo xtask demo --web --speed 2\n  \
                            cargo xtask demo --record cell.rrd"
    )]
    Demo(demo::Args),
    /// Check everything that CI checks
    ///
    /// Runs step by step and stops at the first that fails.
    #[command(
        visible_alias = "ci",
        after_help = "Examples:\n  cargo xtask test\n  cargo xtask test --list\n  \
                            cargo xtask test --only fmt --only cores"
    )]
    Test(test::Args),
    /// Measure what is claimed of speed; arguments go to the benches
    Bench(bench::Args),
    /// Try the whole cell against adversaries and faults, by the thousand; arguments go to the trials
    Trials(trials::Args),
    /// Calculate the golden files of tests anew, or compare with Pinocchio in fresh states
    #[command(
        after_help = "Examples:\n  cargo xtask golden\n  cargo xtask golden --only motion\n  cargo xtask golden --fresh 2000"
    )]
    Golden(golden::Args),
}

fn main() -> ExitCode {
    progress::start_clock();
    let workspace = Workspace::find();
    let result = match Cli::parse().chore {
        Chore::Env(args) => env::run(&workspace, &args),
        Chore::Build => build::run(&workspace).map(|_env| ()),
        Chore::Demo(args) => demo::run(&workspace, &args),
        Chore::Test(args) => test::run(&workspace, &args),
        Chore::Bench(args) => bench::run(&workspace, &args),
        Chore::Trials(args) => trials::run(&workspace, &args),
        Chore::Golden(args) => golden::run(&workspace, &args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
