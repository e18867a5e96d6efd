//! Claims: a step of the simulation takes at most two thirds of MuJoCo's, and the cell runs a hundred times faster than real time.
//!
//! Both simulate the same scenes (`peers/mujoco_scenes.py` writes them for both) for the same number of steps of 1 ms, each on one
//! thread, in turns. What counts is the median over the rounds of a round's median block of steps.

mod agreement;
mod ours;
mod peer;
pub mod pictures;

use crate::ratio::{Effort, Ratio};
use crate::stats::Figures;
use agreement::Errors;
use anyhow::{Context, Result};
use ours::Ours;
use peer::Peer;
use std::collections::BTreeMap;

/// Most that our step may take of MuJoCo's: 1.5 times as many steps.
const GOAL: f64 = 1.0 / 1.5;
/// A hundred times real time at 1 kHz, as the time of a step [ns].
const HUNDREDFOLD_NS: f64 = 10_000.0;
/// Most that a joint of sixty may take of what a joint of six does.
const NEARLY_LINEAR: f64 = 1.2;
/// Steps that are timed as one, so that reading the clock costs next to nothing.
const BLOCK: usize = 5;

/// One who steps one scene.
#[derive(Clone, Copy)]
enum Contestant {
    Ours(&'static str),
    MuJoCo(&'static str),
}

/// Steps both through all scenes in turns.
///
/// # Errors
/// If MuJoCo can't be installed or compiled against, a scene can't be read, or the two do not do the same in it.
pub fn measure(effort: Effort) -> Result<Vec<Ratio>> {
    let peer = Peer::compile()?;
    Errors::between(&peer, "arm", "arm", effort.samples)?.within(1e-6, 0.0)?;
    Errors::between(&peer, "cell", "cell", effort.samples)?.within(1e-3, 1e-3)?;
    let arm = in_turns(
        &peer,
        effort,
        &[
            ("step, arm: ours", Contestant::Ours("arm")),
            ("step, arm: MuJoCo", Contestant::MuJoCo("arm")),
        ],
    )?;
    let cell = in_turns(
        &peer,
        effort,
        &[
            ("step, cell: ours", Contestant::Ours("cell")),
            ("step, cell: MuJoCo", Contestant::MuJoCo("cell")),
            (
                "step, cell: MuJoCo, elliptic cones",
                Contestant::MuJoCo("cell_elliptic"),
            ),
        ],
    )?;
    let chains = in_turns(
        &peer,
        effort,
        &[
            ("step, chain of 6: ours", Contestant::Ours("chain_6")),
            ("step, chain of 60: ours", Contestant::Ours("chain_60")),
        ],
    )?;
    let [_, (_, six), (_, sixty)] = [&arm[0], &chains[0], &chains[1]];
    Ok(vec![
        against_mujoco("step: arm alone", &arm[0], &arm[1]),
        against_mujoco("step: arm, gripper, 3 parts on a belt", &cell[0], &cell[1]),
        against_mujoco("the same, MuJoCo with elliptic cones", &cell[0], &cell[2]),
        Ratio {
            claim: "the same, against 100 times real time".to_owned(),
            unit: "ns",
            ours: ns(&cell[0].1),
            peer_name: "limit",
            peer: HUNDREDFOLD_NS,
            goal: 1.0,
            figures: BTreeMap::new(),
            cores: BTreeMap::new(),
        },
        Ratio {
            claim: "step, for each joint: of 60 / of 6".to_owned(),
            unit: "ns",
            ours: ns(sixty) / 60.0,
            peer_name: "ours with 6 joints",
            peer: ns(six) / 6.0,
            goal: NEARLY_LINEAR,
            figures: chains.iter().cloned().collect(),
            cores: BTreeMap::new(),
        },
    ])
}

fn against_mujoco(claim: &str, ours: &(&'static str, Figures), peer: &(&'static str, Figures)) -> Ratio {
    Ratio {
        claim: claim.to_owned(),
        unit: "ns",
        ours: ns(&ours.1),
        peer_name: "MuJoCo",
        peer: ns(&peer.1),
        goal: GOAL,
        figures: BTreeMap::from([ours.clone(), peer.clone()]),
        cores: BTreeMap::new(),
    }
}

/// What a step takes.
fn ns(figures: &Figures) -> f64 {
    figures.p50_us * 1e3
}

/// The figures of each contestant, in the order given; each round all of them have their turn.
fn in_turns(
    peer: &Peer,
    effort: Effort,
    contestants: &[(&'static str, Contestant)],
) -> Result<Vec<(&'static str, Figures)>> {
    let mut rounds = vec![Vec::new(); contestants.len()];
    for _ in 0..effort.rounds {
        for (&(name, contestant), rounds) in contestants.iter().zip(&mut rounds) {
            let times = match contestant {
                Contestant::Ours(scene) => Ours::read(&peer.scenes(), scene)?.times(effort.samples, BLOCK),
                Contestant::MuJoCo(scene) => peer.times(scene, effort.samples, BLOCK)?,
            };
            rounds.push(
                Figures::of_round(&times).with_context(|| format!("{name}: fewer than {BLOCK} steps"))?,
            );
        }
    }
    contestants
        .iter()
        .zip(&rounds)
        .map(|(&(name, _), rounds)| Ok((name, Figures::of_rounds(rounds).context("no round")?)))
        .collect()
}
