//! What pictures are drawn of: speed against size, and how far we are from MuJoCo over time.
//!
//! `peers/mujoco_pictures.py` draws them from the numbers that this gathers.

use super::agreement::Errors;
use super::peer::Peer;
use super::{Contestant, in_turns};
use crate::pictures;
use crate::ratio::Effort;
use anyhow::{Context, Result};
use serde::Serialize;
use std::path::Path;

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
/// Simulated steps of the arm and of the cell that are compared.
const ARM_STEPS: usize = 10_000;
const CELL_STEPS: usize = 4_000;

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

/// Measures and draws `simulation-speed.svg` and `simulation-error.svg`, and keeps the numbers behind them.
pub(crate) fn draw(folder: &Path, effort: Effort) -> Result<()> {
    let peer = Peer::compile()?;
    let numbers = Numbers {
        joints: sweep(&peer, effort, &JOINTS)?,
        parts: sweep(&peer, effort, &PARTS)?,
        arm: Errors::between(&peer, "arm", "arm", ARM_STEPS)?,
        cell: Errors::between(&peer, "cell", "cell_stiff", CELL_STEPS)?,
    };
    let path = folder.join("simulation.json");
    let json = serde_json::to_string(&numbers).context("numbers as JSON")?;
    std::fs::write(&path, json + "\n").with_context(|| path.display().to_string())?;
    pictures::run("mujoco_pictures.py", &path, folder)
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
