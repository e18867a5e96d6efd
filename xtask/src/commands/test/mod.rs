//! `cargo xtask test`: everything that CI checks, in steps, cheapest first.
//!
//! The first step that fails ends the run with its command, so that one can paste and repeat it. The last line counts
//! the steps.

mod colcon;
mod steps;

use std::cell::OnceCell;

use anyhow::{Context, Result, bail};

use crate::domain::Domain;
use crate::progress::{Stopwatch, note};
use crate::ros::{self, RosEnv};
use crate::workspace::Workspace;
use steps::STEPS;

/// Options of `cargo xtask test`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run only this step; may be given several times
    #[arg(long, value_name = "STEP", value_parser = steps::names())]
    only: Vec<String>,
    /// List the steps and what each checks
    #[arg(long)]
    list: bool,
}

/// How a step ended that did not fail.
enum Ended {
    Passed,
    /// Could not be run here; why.
    Skipped(&'static str),
}

/// What steps share. ROS 2 is set up, and a domain taken, by the first step that needs it.
struct Bench<'a> {
    workspace: &'a Workspace,
    ros: OnceCell<RosEnv>,
    domain: OnceCell<Domain>,
}

impl Bench<'_> {
    fn ros(&self) -> Result<&RosEnv> {
        if let Some(env) = self.ros.get() {
            return Ok(env);
        }
        let env = ros::setup(self.workspace)?;
        Ok(self.ros.get_or_init(|| env))
    }

    fn domain(&self) -> Result<&Domain> {
        if let Some(domain) = self.domain.get() {
            return Ok(domain);
        }
        let domain = Domain::take()?;
        note(format!("ROS domain {}", domain.id()));
        Ok(self.domain.get_or_init(|| domain))
    }
}

/// Runs the steps.
///
/// # Errors
/// A step failed; the message has its name and command.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    if args.list {
        for step in STEPS {
            println!("{:<10} {}", step.name, step.checks);
        }
        return Ok(());
    }
    let bench = Bench {
        workspace,
        ros: OnceCell::new(),
        domain: OnceCell::new(),
    };
    let chosen: Vec<_> = STEPS
        .iter()
        .filter(|step| args.only.is_empty() || args.only.iter().any(|only| only == step.name))
        .collect();
    let (mut passed, mut skipped) = (0, 0);
    for (number, step) in chosen.iter().enumerate() {
        note(format!(
            "== {} ({}/{}): {}",
            step.name,
            number + 1,
            chosen.len(),
            step.checks
        ));
        let stopwatch = Stopwatch::start();
        let ended = (step.run)(&bench).with_context(|| format!("step `{}`", step.name));
        let took_s = stopwatch.elapsed().as_secs_f64();
        match ended {
            Ok(Ended::Passed) => {
                passed += 1;
                note(format!("== {} passed in {took_s:.1} s", step.name));
            }
            Ok(Ended::Skipped(why)) => {
                skipped += 1;
                note(format!("== {} skipped: {why}", step.name));
            }
            Err(error) => {
                note(format!("== {} FAILED after {took_s:.1} s", step.name));
                println!("steps: {passed} passed, 1 failed, {skipped} skipped");
                bail!(
                    "{error:#}\nonly this step again: cargo xtask test --only {}",
                    step.name
                );
            }
        }
    }
    println!("steps: {passed} passed, 0 failed, {skipped} skipped");
    Ok(())
}
