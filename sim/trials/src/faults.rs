//! What the whole cell makes of each fault: how soon it is found, what is done, and how soon and how far off the arm stands.
//!
//! Each fault is injected into the line job's motion at 500 Hz, at many seeded moments. All times count from the moment at which it really happens
//! (a post: from the first touch), all ways are those of the simulated machine.
//!
//! | room | decides |
//! |---|---|
//! | [`list`] | what goes wrong, and what is meant to come of it |
//! | [`harm`] | how it goes wrong, and is put right again |
//! | [`injection`] | one fault in one cell, from motion to recovery |
//! | [`recovery`] | whether the arm works again, or what is in its way |
//! | [`watch`], [`truth`] | what is said and done, and when; what the arm really does |
//! | [`table`] | what many of them come to |

pub mod harm;
pub mod injection;
pub mod list;
pub mod recovery;
pub mod table;
pub mod truth;
pub mod watch;

use anyhow::{Context as _, Result, ensure};
use list::{CASES, Case};
use serde::Serialize;
use std::path::PathBuf;
use table::Row;

/// Which faults, how often, and where the table goes beside the terminal.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// How many moments for each fault
    #[arg(long, default_value_t = 20)]
    pub runs: u64,
    /// What the first moment is drawn from; the next one from the next number
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Only faults whose name contains this
    #[arg(long, default_value = "")]
    pub only: String,
    /// Writes the table to this file as well
    #[arg(long)]
    pub markdown: Option<PathBuf>,
    /// Writes all figures to this file as well
    #[arg(long)]
    pub json: Option<PathBuf>,
}

/// What it came to.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Moments for each fault.
    pub runs: u64,
    /// What the first one was drawn from.
    pub seed: u64,
    /// A row for each fault.
    pub rows: Vec<Row>,
}

impl Summary {
    /// What was not as it is meant to be, of all faults.
    pub fn amiss(&self) -> impl Iterator<Item = String> {
        let of_row = |row: &Row| -> Vec<String> {
            row.amiss
                .iter()
                .map(|what| format!("{}, {what}", row.fault))
                .collect()
        };
        self.rows.iter().flat_map(of_row)
    }
}

/// Tries them, and says of each fault when it is done.
///
/// # Errors
/// A cell can't be set up, no fault goes by that name, or a file can't be written.
pub fn run(args: &Args, mut done: impl FnMut(&Row)) -> Result<Summary> {
    let cases: Vec<&Case> = CASES
        .iter()
        .filter(|case| case.name.contains(&args.only))
        .collect();
    ensure!(!cases.is_empty(), "no fault's name contains {:?}", args.only);
    let mut rows = Vec::new();
    for case in cases {
        let row = Row::new(case, &try_often(case, args)?);
        done(&row);
        rows.push(row);
    }
    let summary = Summary {
        runs: args.runs,
        seed: args.seed,
        rows,
    };
    if let Some(path) = &args.markdown {
        let text = format!("{}{}", intro(args), table::markdown(&summary.rows));
        std::fs::write(path, text).with_context(|| path.display().to_string())?;
    }
    if let Some(path) = &args.json {
        let text = serde_json::to_string_pretty(&summary)?;
        std::fs::write(path, text).with_context(|| path.display().to_string())?;
    }
    Ok(summary)
}

fn try_often(case: &Case, args: &Args) -> Result<Vec<(u64, injection::Outcome)>> {
    let mut outcomes = Vec::new();
    // There is not always something to run into.
    let seeds = args.seed..args.seed + 10 * args.runs;
    for seed in seeds {
        let outcome = injection::inject(case, seed).with_context(|| format!("{}, seed {seed}", case.name))?;
        outcomes.extend(outcome.map(|outcome| (seed, outcome)));
        if outcomes.len() as u64 == args.runs {
            break;
        }
    }
    ensure!(!outcomes.is_empty(), "{} never happened", case.name);
    Ok(outcomes)
}

fn intro(args: &Args) -> String {
    format!(
        "# What the cell makes of each fault\n\n\
         Made by `cargo xtask trials faults --runs {} --seed {} --markdown docs/faults.md`: each fault is injected into the line job of the default cell in\n\
         motion, {} times at moments drawn from seeds {} on; 500 Hz. Figures are p50 / max. All times count from the moment at which the fault really\n\
         happens (a post: from the first touch); ways are those of the simulated machine up to its first standstill. *Reaches drives* is when the first\n\
         frame that says otherwise gets to them, or when they give up by themselves. *Over published* is how much longer the stop took, from that decision on, than\n\
         `safety/state` said it would: below zero, it was shorter. *Works again*: after a repair and, where it stopped, a reset, the arm moves as told.\n\n",
        args.runs, args.seed, args.runs, args.seed
    )
}
