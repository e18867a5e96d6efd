//! The line job with nothing broken, for an hour and on machines that are not what their descriptions say: nothing may stop it, nothing may be doubted.
//!
//! Each machine is off in its own way and works for its share of the time, but for one part at least.

use anyhow::{Context as _, Result};
use servomesh_sim::harness::{ARM, Cell, LineJob};
use servomesh_types::{GroupMotion, JointSet, SafetyMode, Stamp};
use std::time::Duration;

/// How long, and on which machines.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {
    /// Simulated minutes in all
    #[arg(long, default_value_t = 60.0)]
    pub minutes: f64,
    /// What the first machine is drawn from; the next one from the next number
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many machines
    #[arg(long, default_value_t = 10)]
    pub machines: u64,
    /// How far masses, inertias, friction and gear losses are off, as a share of what estimator and drivers think
    #[arg(long, default_value_t = 0.1)]
    pub off: f64,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Parts that were carried to the bin.
    pub parts: u64,
    /// Simulated time \[s\].
    pub time_s: f64,
    /// Stops by safety or a driver, and goals that were not reached.
    pub stops: u64,
    /// Faults, contacts and collisions that the estimator told of; it is meant to be none.
    pub alarms: u64,
    /// Moments from which on a joint was doubted.
    pub doubts: u64,
    /// What each of those was.
    pub told: Vec<String>,
    /// The largest effort from outside that was told, of its threshold, for each joint of the arm.
    pub efforts: [f64; 6],
}

impl Summary {
    /// Whether nothing was told that was not so.
    pub fn is_clean(&self) -> bool {
        self.stops + self.alarms + self.doubts == 0
    }
}

/// What was said of one group lately, so that each thing counts once.
#[derive(Clone, Copy, Debug, Default)]
struct Said {
    wrong: bool,
    touched: JointSet,
    doubtful: JointSet,
}

/// Runs it.
///
/// # Errors
/// There is no such machine.
pub fn run(args: &Args) -> Result<Summary> {
    let mut summary = Summary::default();
    let share_s = 60.0 * args.minutes / args.machines.max(1) as f64;
    for seed in args.seed..args.seed + args.machines {
        let begun = summary.told.len();
        machine(seed, args.off, share_s, &mut summary).with_context(|| format!("seed {seed}"))?;
        for told in &mut summary.told[begun..] {
            *told = format!("seed {seed}, {told}");
        }
    }
    Ok(summary)
}

fn machine(seed: u64, off: f64, time_s: f64, summary: &mut Summary) -> Result<()> {
    let mut cell = Cell::mismatched(seed, off)?;
    cell.run_for(Duration::from_millis(300));
    let begun = cell.now();
    let mut said = [Said::default(); GROUPS.len()];
    let mut job = LineJob::default();
    while job.parts() == 0 || cell.now().seconds_from(begun) < time_s {
        if let Err(error) = job.go_on(&mut cell) {
            summary.stops += 1;
            let at = time(cell.now());
            summary.told.push(format!("{at}: {error}; {:?}", cell.safety()));
            break;
        }
        cell.run_for(Duration::from_millis(1));
        for (group, said) in GROUPS.iter().zip(&mut said) {
            let motion = *cell.motion(group).context("a group is not live")?;
            look(cell.now(), group, &motion, said, summary);
        }
        let arm = cell.motion("arm").context("the arm is not live")?;
        for (joint, largest) in summary.efforts.iter_mut().enumerate() {
            let pair = arm.external.get(joint).zip(arm.external_threshold.get(joint));
            *largest = largest.max(pair.map_or(0.0, |(effort, threshold)| effort.abs() / threshold));
        }
        let safety = cell.safety().context("safety says nothing")?;
        if safety.mode() != SafetyMode::Normal {
            summary.stops += 1;
            summary.told.push(format!("{}: {safety:?}", time(cell.now())));
            break;
        }
    }
    summary.parts += job.parts();
    summary.time_s += cell.now().seconds_from(begun);
    Ok(())
}

fn look(now: Stamp, group: &str, motion: &GroupMotion, said: &mut Said, summary: &mut Summary) {
    let name = |joint: usize| {
        if group == "arm" { ARM[joint] } else { "its joint" }
    };
    // A gripper is meant to touch.
    let touched = if group == "gripper" {
        JointSet::EMPTY
    } else {
        motion.contact
    };
    for joint in touched.iter().filter(|joint| !said.touched.contains(*joint)) {
        summary.alarms += 1;
        let (effort, threshold) = (motion.external[joint], motion.external_threshold[joint]);
        let told = format!(
            "{}: {group}, {} touches something: {effort} beyond {threshold}",
            time(now),
            name(joint)
        );
        summary.told.push(told);
    }
    for joint in motion
        .doubtful
        .iter()
        .filter(|joint| !said.doubtful.contains(*joint))
    {
        summary.doubts += 1;
        let told = format!("{}: {group}, {} is doubtful", time(now), name(joint));
        summary.told.push(told);
    }
    if let Some(fault) = motion.fault.filter(|_| !said.wrong) {
        summary.alarms += 1;
        summary.told.push(format!("{}: {group}: {fault:?}", time(now)));
    }
    *said = Said {
        wrong: motion.fault.is_some(),
        touched,
        doubtful: motion.doubtful,
    };
}

fn time(now: Stamp) -> String {
    format!("{:.3} s", now.as_seconds())
}

const GROUPS: [&str; 3] = ["arm", "conveyor", "gripper"];
