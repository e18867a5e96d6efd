//! The command `servomesh fault`.

use clap::Args;
use servomesh_cli::ros::{FaultRequest, inject};
use std::process::ExitCode;
use std::time::Duration;

/// Break something in the running simulation, or repair it.
///
/// Without arguments it lists what can break and what is broken. Exit code: 0 if it was done, 1 if the simulation refuses or
/// does not answer.
#[derive(Args)]
#[command(after_help = "Examples:
  servomesh fault                                     what can break, with units
  servomesh fault encoder_stuck elbow_joint --for 2   for two seconds of simulated time
  servomesh fault frames_lost arm --value 0.01        one frame in a hundred
  servomesh fault none elbow_joint                    repair the elbow
  servomesh fault none                                repair everything")]
pub(crate) struct Fault {
    /// What breaks; `none` repairs.
    #[arg(default_value = "", hide_default_value = true)]
    kind: String,
    /// What it happens to: a joint, group, supply, link or body.
    #[arg(default_value = "", hide_default_value = true)]
    target: String,
    /// How bad, in the unit of the kind.
    #[arg(long, default_value_t = 0.0, allow_negative_numbers = true)]
    value: f64,
    /// Seconds of simulated time after which it is repaired by itself.
    #[arg(long = "for", value_name = "S", default_value = "0", hide_default_value = true, value_parser = super::seconds)]
    lasting: Duration,
    /// Seconds to wait for the simulation.
    #[arg(long, value_name = "S", default_value = "5", value_parser = super::seconds)]
    timeout: Duration,
}

impl Fault {
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        let request = FaultRequest {
            kind: self.kind.clone(),
            target: self.target.clone(),
            value: self.value,
            lasting: self.lasting,
        };
        println!("{}", inject(&request, self.timeout)?.trim_end());
        Ok(ExitCode::SUCCESS)
    }
}
