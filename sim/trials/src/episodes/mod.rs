//! Whoever streams to safety, and whatever: the simulated arm itself keeps its limits and stays out of everything.
//!
//! | file | decides |
//! |---|---|
//! | `kind.rs` | what an adversary does wrong |
//! | `course.rs` | where it wants to go |
//! | `adversary.rs` | what it says |
//! | `meddling.rs` | what operators ask for meanwhile |
//! | `site.rs` | under which safety files, and what they forbid |
//! | `truth.rs` | what the real machine may do, and whether it does |
//! | `force.rs` | what it is held to since its epoch began |
//! | `standstill.rs` | whether it stands in time |
//! | `nearest.rs` | how near it comes to anything |
//! | `tolerances.rs` | what it may be off by, and why |
//! | `episode.rs` | one episode, from a fresh cell to a standstill |
//! | `tally.rs` | what they came to |
//!
//! **Invariant:** episode n of a seed is the same alone and among others, on one thread and on many.

mod adversary;
mod course;
mod episode;
mod force;
mod kind;
mod meddling;
mod nearest;
mod site;
mod standstill;
mod tally;
mod tolerances;
mod truth;

pub use kind::Kind;
pub use site::Gate;
pub use tally::{Limit, Tally, Violation};

use crate::workers;
use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::Mutex;

/// How many episodes, and which.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {
    /// How many episodes
    #[arg(long, default_value_t = 100_000)]
    pub count: u64,
    /// What all of them are drawn from
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The number of the first one
    #[arg(long, default_value_t = 0)]
    pub from: u64,
    /// This episode alone
    #[arg(long, conflicts_with_all = ["count", "from"])]
    pub only: Option<u64>,
    /// Threads; 0 for one on each core
    #[arg(long, default_value_t = 0)]
    pub jobs: usize,
    /// How much of the gate is there: without it the machine must be seen to break its limits
    #[arg(long, value_enum, default_value_t)]
    pub gate: Gate,
}

impl Default for Args {
    fn default() -> Self {
        Self {
            count: 100_000,
            seed: 1,
            from: 0,
            only: None,
            jobs: 0,
            gate: Gate::Whole,
        }
    }
}

/// Plays them; progress goes to stderr.
///
/// # Errors
/// A cell can't be built. Violations are no errors here: they are in the tally.
pub fn run(args: Args) -> Result<Tally> {
    let sites = site::all(args.gate)?;
    let (from, count) = match args.only {
        Some(only) => (only, 1),
        None => (args.from, args.count),
    };
    let bar = ProgressBar::new(count).with_style(ProgressStyle::with_template(
        "{bar:40} {pos}/{len} episodes, {per_sec}, {eta} left {msg}",
    )?);
    let total = Mutex::new(Tally::default());
    workers::each(count, args.jobs, |number| {
        let tally = episode::play(&sites, args.gate, args.seed, from + number)?;
        let mut total = total.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        total.add(tally);
        if !total.violations.is_empty() {
            bar.set_message(format!("{} violations", total.violations.len()));
        }
        bar.inc(1);
        Ok(())
    })?;
    bar.finish_and_clear();
    Ok(total
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner))
}
