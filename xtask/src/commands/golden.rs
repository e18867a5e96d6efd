//! `cargo xtask golden`: what other programs compute for the tests of the robot model, of motion, of the wires and of the simulation, calculated anew.
//!
//! The tests read files in the repository, so that they need none of those programs. Their packages go into environments of their own in
//! `target/wheels/`, and so does what `--fresh` has calculated.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::progress::{note, run_logged, run_shown};
use crate::wheels::{self, environment};
use crate::workspace::Workspace;

const PINOCCHIO: &str = "pin==4.1.0";
const DYNAMICS: &str = "nodes/robot/tests/golden/generate.py";
/// Which packages each script needs; it writes the files beside it.
const SCRIPTS: &[(&[&str], &str)] = &[
    (&[PINOCCHIO], DYNAMICS),
    (&[PINOCCHIO], "nodes/robot/tests/golden/collision.py"),
    (&["mujoco==4.0.0"], "sim/tests/golden/generate.py"),
    (
        &["eaik==1.2.2"],
        "nodes/robot/tests/inverse_kinematics/generate.py",
    ),
    (
        &["ruckig==0.19.4"],
        "nodes/motion/tests/golden/profile_durations.py",
    ),
    (
        &["toppra==0.6.10", PINOCCHIO],
        "nodes/motion/tests/golden/timing.py",
    ),
    (&["filterpy==1.4.5"], "nodes/estimator/tests/golden/generate.py"),
    (
        &["dynamixel-sdk==4.1.0"],
        "nodes/fieldbus/tests/golden/dynamixel.py",
    ),
    (
        &["dynamixel-sdk==4.1.0"],
        "nodes/fieldbus/tests/golden/control_tables.py",
    ),
    (
        &["ftservo-python-sdk==2.0.1"],
        "nodes/fieldbus/tests/golden/feetech.py",
    ),
    (
        &["python-can[serial]==4.6.1"],
        "nodes/fieldbus/tests/golden/slcan.py",
    ),
    (&["canopen==2.4.1"], "nodes/fieldbus/tests/golden/cia402.py"),
    (
        &["canopen==2.4.1"],
        "nodes/fieldbus/tests/golden/canopen_frames.py",
    ),
];

/// Options of `cargo xtask golden`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run only scripts whose path contains this
    #[arg(long, value_name = "TEXT", conflicts_with = "fresh")]
    only: Option<String>,
    /// Instead of writing files anew: compare with Pinocchio in this many fresh random states of each robot
    #[arg(long, value_name = "STATES")]
    fresh: Option<u32>,
    /// Where the fresh states begin; the tests' own are those of seed 1
    #[arg(long, default_value_t = 3, requires = "fresh")]
    seed: u64,
}

/// Writes the golden files anew, or compares with fresh ones.
///
/// # Errors
/// The packages can't be installed, a script fails, or ours and Pinocchio's numbers differ.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let Some(states) = args.fresh else {
        let only = args.only.as_deref().unwrap_or_default();
        let chosen = SCRIPTS.iter().filter(|(_, script)| script.contains(only));
        ensure!(
            chosen.clone().next().is_some(),
            "no script's path contains {only:?}"
        );
        for (packages, script) in chosen {
            let python = environment(workspace, "golden", packages)?;
            note(script);
            run_shown(
                Command::new(python)
                    .current_dir(workspace.root())
                    .env("PYTHONDONTWRITEBYTECODE", "1")
                    .arg(script),
            )?;
        }
        return Ok(());
    };
    let wheels = wheels::folder(workspace);
    let into = wheels.join("golden-states");
    let mut generate = Command::new(environment(workspace, "golden", &[PINOCCHIO])?);
    generate
        .current_dir(workspace.root())
        .args([DYNAMICS, "--full", "--states", &states.to_string()])
        .args(["--seed", &args.seed.to_string(), "--into"])
        .arg(&into);
    run_logged("Pinocchio's numbers", &mut generate, &wheels.join("golden.log"))?;
    let mut test = workspace.cargo();
    test.args([
        "test",
        "--locked",
        "--package",
        "servomesh_robot",
        "--test",
        "golden",
    ])
    .args(["--", "--nocapture"])
    .env("SERVOMESH_GOLDEN", &into);
    run_shown(&mut test)?;
    fs::remove_dir_all(&into).with_context(|| format!("can't remove {}", into.display()))
}
