//! The command `servomesh tune`.

use anyhow::Context as _;
use clap::Args;
use servomesh_cli::ros::{TuneOutcome, TuneRequest, tune};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Let joints of a running group show what they are, and find gains that suit them.
///
/// Each joint swings about the place where it stands, from slow to fast, for 15 s and within its limits, while the others stand: a goal of
/// `trajectory` like any other, watched by `safety`. From the positions and efforts meanwhile follow inertia, friction, the lowest resonance,
/// and the fastest gains that leave the phase margin, with a notch where a resonance stands in the way. What a record says too little of is
/// refused with the reason. Make room for 0.3 rad (0.03 m) on both sides first.
///
/// Exit code: 0 if every joint has gains, 1 if one was refused or the cell was not ready, 130 after Ctrl-C, which brings the joint to rest.
#[derive(Args)]
#[command(after_help = "Examples:
  servomesh tune arm                                   every joint of the arm, one after the other; change nothing
  servomesh tune arm --joint elbow_joint --apply       the elbow; the driver has the gains at once, without a bump
  servomesh tune arm --margin 60 --output gains.yaml   calmer gains, as a parameter file for the next start")]
pub(crate) struct Tune {
    /// The group.
    group: String,
    /// A joint of the group; may be given several times. All of them unless given.
    #[arg(long = "joint", short, value_name = "J")]
    joints: Vec<String>,
    /// Phase margin that the gains leave, in degrees.
    #[arg(long, value_name = "DEG", default_value_t = 50.0)]
    margin: f64,
    /// Set the gains at the driver, live.
    #[arg(long)]
    apply: bool,
    /// Write the gains of the whole group to this file, as ROS parameters of its driver.
    #[arg(long, short, value_name = "FILE.yaml")]
    output: Option<PathBuf>,
    /// Seconds to wait for the cell to be ready.
    #[arg(long, value_name = "S", default_value = "30", value_parser = super::seconds)]
    ready_timeout: Duration,
    /// Seconds that one joint may take at the most.
    #[arg(long, value_name = "S", default_value = "120", value_parser = super::seconds)]
    goal_timeout: Duration,
    /// Print the table only.
    #[arg(long, short)]
    quiet: bool,
}

impl Tune {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let outcome = tune(&TuneRequest {
            group: self.group,
            joints: self.joints,
            margin_deg: self.margin,
            apply: self.apply,
            ready_timeout: self.ready_timeout,
            goal_timeout: self.goal_timeout,
            verbose: !self.quiet,
        })?;
        print!("{}", outcome.report);
        if let (Some(path), Some((node, gains))) = (&self.output, &outcome.parameters) {
            // A section's name is the node's own, so that it counts in every namespace.
            let name = node.rsplit('/').next().unwrap_or(node);
            std::fs::write(path, gains.yaml(name)).with_context(|| path.display().to_string())?;
        }
        if let (true, Some((node, _))) = (outcome.applied, &outcome.parameters) {
            println!("set at {node}");
        }
        Ok(match outcome {
            TuneOutcome {
                interrupted: true, ..
            } => ExitCode::from(super::run::INTERRUPTED),
            TuneOutcome { report, .. } if report.refused.is_empty() => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        })
    }
}
