//! Measures the claims, prints their table and keeps it as `<folder>/<date>/ratios.json`, a later run of
//! that day as `ratios-2.json` and so on. Ends with 1 if a goal is missed.

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use serde::Serialize;
#[cfg(feature = "ros")]
use servomesh_benches::hop;
use servomesh_benches::{claims, pictures, ratio};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Measure what Servomesh claims of its speed against peers in the same run.
#[derive(Parser)]
struct Cli {
    /// Measure only claims whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// How often ours and the peer take turns; figures are medians over the rounds.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// How many samples each takes in a round.
    #[arg(long, default_value_t = 2000)]
    samples: usize,
    /// Folder that gets `<date>/ratios.json`, or the next free number of that day; nothing is kept without it.
    #[arg(long)]
    keep: Option<PathBuf>,
    #[command(subcommand)]
    role: Option<Role>,
}

/// What to do instead of measuring the claims; the hidden ones are processes that the bench starts itself.
#[derive(Subcommand)]
#[command(rename_all = "snake_case")]
enum Role {
    /// Draw what the documentation shows: the simulation's speed and error, motions against their limits.
    Pictures(pictures::Args),
    /// Asks at a fixed rate and prints each round trip in nanoseconds.
    #[cfg(feature = "ros")]
    #[command(hide = true)]
    HopPing(hop::node::PingArgs),
    /// Sends every message back.
    #[cfg(feature = "ros")]
    #[command(hide = true)]
    HopEcho(hop::node::EchoArgs),
}

fn main() -> Result<ExitCode> {
    let cli = Cli::parse();
    let effort = ratio::Effort {
        rounds: cli.rounds,
        samples: cli.samples,
    };
    match cli.role {
        Some(Role::Pictures(args)) => pictures::draw(&args, effort).map(|()| ExitCode::SUCCESS),
        #[cfg(feature = "ros")]
        Some(Role::HopPing(args)) => hop::node::ping(&args).map(|()| ExitCode::SUCCESS),
        #[cfg(feature = "ros")]
        Some(Role::HopEcho(args)) => hop::node::echo(&args).map(|()| ExitCode::SUCCESS),
        None => measure(&cli, effort),
    }
}

fn measure(cli: &Cli, effort: ratio::Effort) -> Result<ExitCode> {
    let mut ratios = Vec::new();
    for claim in claims::CLAIMS {
        if cli
            .only
            .as_ref()
            .is_none_or(|part| claim.name.contains(part.as_str()))
        {
            eprintln!("measuring {} …", claim.name);
            ratios.extend((claim.measure)(effort).with_context(|| format!("claim {}", claim.name))?);
        }
    }
    print!("{}", ratio::table(&ratios));
    if let Some(folder) = &cli.keep {
        keep(folder, &ratios)?;
    }
    let all_met = ratios.iter().all(ratio::Ratio::met);
    Ok(if all_met {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What is kept of a run.
#[derive(Serialize)]
struct Run<'a> {
    cores: usize,
    /// As Linux writes it, at the end: a busy machine is no excuse, but a reason.
    load_average: String,
    ratios: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    of: &'a ratio::Ratio,
    ratio: f64,
    met: bool,
}

fn keep(folder: &Path, ratios: &[ratio::Ratio]) -> Result<()> {
    let folder = folder.join(today());
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let file = unused(&folder)?;
    let run = Run {
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        load_average: std::fs::read_to_string("/proc/loadavg")
            .context("/proc/loadavg")?
            .trim()
            .to_owned(),
        ratios: ratios
            .iter()
            .map(|of| Row {
                of,
                ratio: of.ratio(),
                met: of.met(),
            })
            .collect(),
    };
    let json = serde_json::to_string_pretty(&run).context("ratios as JSON")?;
    std::fs::write(&file, json + "\n").with_context(|| file.display().to_string())?;
    eprintln!("kept in {}", file.display());
    Ok(())
}

/// The first of `ratios.json`, `ratios-2.json`, … that is not there yet.
fn unused(folder: &Path) -> Result<PathBuf> {
    for run in 1_u32.. {
        let name = if run == 1 {
            "ratios.json".to_owned()
        } else {
            format!("ratios-{run}.json")
        };
        let file = folder.join(name);
        if !file.try_exists().with_context(|| file.display().to_string())? {
            return Ok(file);
        }
    }
    anyhow::bail!("{}: too many runs", folder.display())
}

#[expect(clippy::disallowed_methods, reason = "the date only names a folder")]
fn today() -> String {
    date(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// UTC date of a Unix time, as YYYY-MM-DD.
fn date(since_1970: Duration) -> String {
    // Years that begin in March end with the leap day: then months and leap years are plain divisions.
    // https://howardhinnant.github.io/date_algorithms.html, civil_from_days
    let days = since_1970.as_secs() / 86_400 + 719_468; // since 0000-03-01
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::date;
    use std::time::Duration;

    #[test]
    fn dates_are_right_around_leap_days_and_new_year() {
        for (seconds, expected) in [
            (0, "1970-01-01"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_767_225_599, "2025-12-31"),
            (1_767_225_600, "2026-01-01"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(date(Duration::from_secs(seconds)), expected);
        }
    }
}
