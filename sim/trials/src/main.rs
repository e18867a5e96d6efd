//! Runs a trial and prints what it came to: `cargo xtask trials --help`.

use anyhow::{Result, ensure};
use clap::{Parser, Subcommand};
use servomesh_trials::{episodes, faults, hour, states};

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
    /// Inject faults into the line job's motion, and tell how soon each is found and how soon and where the arm stands
    Faults(faults::Args),
    /// Run the line job with nothing broken on machines that are not what they are thought to be, and count what is wrongly told
    Hour(hour::Args),
    /// Explore every state of safety's core, and all orders of faults
    States(states::Args),
}

fn main() -> Result<()> {
    match Cli::parse().trial {
        Trial::Episodes(args) => {
            let tally = episodes::run(args)?;
            println!("seed {}: {tally}", args.seed);
            let right = tally.violations.is_empty() == (args.gate == episodes::Gate::Whole);
            ensure!(
                right,
                "the machine is to keep its limits with the whole gate, and to break them without"
            );
        }
        Trial::Faults(args) => {
            print!("{}", faults::table::markdown(&[]));
            let summary = faults::run(&args, |row| print!("{}", faults::table::row(row)))?;
            let amiss: Vec<String> = summary.amiss().collect();
            for what in &amiss {
                println!("{what}");
            }
            println!(
                "{} faults, {} moments each from seed {}; {} not as they are meant to be",
                summary.rows.len(),
                args.runs,
                args.seed,
                amiss.len()
            );
            ensure!(amiss.is_empty(), "not everything came as it is meant to");
        }
        Trial::Hour(args) => {
            let summary = hour::run(&args)?;
            for told in &summary.told {
                println!("{told}");
            }
            println!(
                "{} machines from seed {}, {} % off: {:.1} simulated minutes, {} parts: {} stops, {} alarms, {} doubts; \
                 largest efforts from outside, of their thresholds: {:.2?}",
                args.machines,
                args.seed,
                100.0 * args.off,
                summary.time_s / 60.0,
                summary.parts,
                summary.stops,
                summary.alarms,
                summary.doubts,
                summary.efforts
            );
            ensure!(summary.is_clean(), "something was told that was not so");
        }
        Trial::States(args) => {
            let summary = states::run(&args, |report| println!("{report}"))?;
            println!("{summary}");
        }
    }
    Ok(())
}
