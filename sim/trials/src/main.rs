//! Runs a trial and prints what it came to: `cargo xtask trials --help`.

use anyhow::Result;
use clap::{Parser, Subcommand};
use servomesh_trials::episodes;

/// The whole cell against adversaries and faults, on a virtual clock.
#[derive(Parser)]
#[command(
    name = "cargo xtask trials",
    bin_name = "cargo xtask trials",
    max_term_width = 100
)]
struct Cli {
    #[command(subcommand)]
    trial: Trial,
}

#[derive(Subcommand)]
enum Trial {
    /// Stream setpoints of all kinds of adversaries to safety, and hold the simulated arm to its limits
    Episodes(episodes::Args),
}

fn main() -> Result<()> {
    match Cli::parse().trial {
        Trial::Episodes(args) => {
            let summary = episodes::run(args)?;
            println!(
                "{} episodes from seed {}: {} periods in motion, {} stops, no violation",
                args.count, args.seed, summary.in_motion, summary.stops
            );
        }
    }
    Ok(())
}
