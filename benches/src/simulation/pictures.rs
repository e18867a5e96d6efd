//! What pictures are drawn of: speed against size, and how far we are from MuJoCo over time.
//!
//! `peers/mujoco_pictures.py` draws them from the numbers that this gathers.

use super::ours::Ours;
use super::peer::Peer;
use super::{Contestant, in_turns};
use crate::claims::Effort;
use crate::wheels;
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::Command;

const DRAWER: &str = "matplotlib==3.11.2";
const JOINTS: [(usize, &str); 7] = [
    (6, "chain_6"),
    (12, "chain_12"),
    (18, "chain_18"),
    (24, "chain_24"),
    (30, "chain_30"),
    (42, "chain_42"),
    (60, "chain_60"),
];
const PARTS: [(usize, &str); 7] = [
    (1, "parts_1"),
    (2, "parts_2"),
    (5, "parts_5"),
    (10, "parts_10"),
    (20, "parts_20"),
    (50, "parts_50"),
    (100, "parts_100"),
];
/// Simulated steps of the arm and of the cell that are compared, and how often.
const ARM_STEPS: usize = 10_000;
const CELL_STEPS: usize = 4_000;
const EVERY: usize = 20;

/// Options of `pictures`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder that gets `simulation-speed.svg`, `simulation-error.svg` and the numbers behind them.
    #[arg(default_value = "docs/pictures")]
    folder: PathBuf,
}

#[derive(Serialize)]
struct Numbers {
    joints: Vec<Point>,
    parts: Vec<Point>,
    arm: Errors,
    cell: Errors,
}

/// What one size takes.
#[derive(Serialize)]
struct Point {
    size: usize,
    ours_us: f64,
    mujoco_us: f64,
}

/// The largest errors over time.
#[derive(Serialize)]
struct Errors {
    every_s: f64,
    /// Of any joint [rad, m].
    joints: Vec<f64>,
    /// Of any part's place [m].
    parts: Vec<f64>,
}

/// Measures and draws.
///
/// # Errors
/// If MuJoCo or matplotlib can't be installed, or a file can't be written.
pub fn draw(args: &Args, effort: Effort) -> Result<()> {
    let peer = Peer::compile()?;
    let numbers = Numbers {
        joints: sweep(&peer, effort, &JOINTS)?,
        parts: sweep(&peer, effort, &PARTS)?,
        arm: errors(&peer, "arm", ARM_STEPS)?,
        cell: errors(&peer, "cell", CELL_STEPS)?,
    };
    std::fs::create_dir_all(&args.folder).with_context(|| args.folder.display().to_string())?;
    let path = args.folder.join("simulation.json");
    let json = serde_json::to_string(&numbers).context("numbers as JSON")?;
    std::fs::write(&path, json + "\n").with_context(|| path.display().to_string())?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/mujoco_pictures.py");
    let status = Command::new(wheels::python(&[DRAWER])?)
        .arg("-B")
        .arg(script)
        .arg(&args.folder)
        .status()
        .context("start Python")?;
    ensure!(status.success(), "drawing: {status}");
    Ok(())
}

fn sweep(peer: &Peer, effort: Effort, sizes: &[(usize, &'static str)]) -> Result<Vec<Point>> {
    sizes
        .iter()
        .map(|&(size, scene)| {
            let turns = in_turns(
                peer,
                effort,
                &[
                    (scene, Contestant::Ours(scene)),
                    (scene, Contestant::MuJoCo(scene)),
                ],
            )?;
            Ok(Point {
                size,
                ours_us: turns[0].1.p50_us,
                mujoco_us: turns[1].1.p50_us,
            })
        })
        .collect()
}

/// Compares with MuJoCo's contacts as stiff as its solver allows at this step, so that what is left is the physics that both model.
fn errors(peer: &Peer, scene: &str, steps: usize) -> Result<Errors> {
    let ours = Ours::read(&peer.scenes(), scene)?;
    let (joints, parts) = (ours.places(), ours.part_count());
    let mut errors = Errors {
        every_s: EVERY as f64 * 1e-3,
        joints: Vec::new(),
        parts: Vec::new(),
    };
    let theirs = peer.trace(&format!("{scene}_stiff"), steps, EVERY)?;
    for (ours, theirs) in ours.trace(steps, EVERY).iter().zip(&theirs) {
        // The parts are last in both; MuJoCo has more joints, as followers are joints there.
        let shift = theirs
            .len()
            .checked_sub(7 * parts)
            .context("fewer positions than parts have")?;
        let joint = joints
            .iter()
            .zip(ours)
            .map(|(&at, ours)| (theirs[at] - ours).abs());
        errors.joints.push(joint.fold(0.0, f64::max));
        let part = (0..parts).map(|part| {
            let [ours, theirs] =
                [(ours, joints.len()), (theirs, shift)].map(|(all, from)| &all[from + 7 * part..][..3]);
            ours.iter()
                .zip(theirs)
                .map(|(a, b)| (a - b).powi(2))
                .sum::<f64>()
                .sqrt()
        });
        errors.parts.push(part.fold(0.0, f64::max));
    }
    Ok(errors)
}
