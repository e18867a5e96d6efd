//! Claim: the algorithms of the robot model take no longer than Pinocchio's.
//!
//! Inverse dynamics, mass matrix, forward dynamics and a link's pose with its Jacobian, for arms of six and of seven joints. Both go through
//! the same 64 random states, in batches, in turns; the sums of their results must agree, so that both do the same work. Where Pinocchio has
//! two ways to the same result (in local or in world axes; all Jacobians or one), the quicker one is the peer.
//!
//! Pinocchio's library is the one of its wheel, compiled by its makers for any x86-64; the peer around it is compiled with `-O3 -DNDEBUG`.
//! Ours is compiled for the same instruction set by `--release`.

mod ours;
mod peer;

use crate::ratio::{Effort, Ratio};
use crate::stats::Figures;
use anyhow::{Context, Result, ensure};
use ours::Ours;
use peer::Peer;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Most that ours may take of Pinocchio's.
const GOAL: f64 = 1.0;
/// How many random states there are; a batch goes through all of them once.
const STATES: usize = 64;
/// How far the sums of all results may be apart, as a part of them.
const SAME: f64 = 1e-9;

/// An algorithm on a robot.
struct Task {
    claim: &'static str,
    robot: &'static str,
    link: &'static str,
    algorithm: Algorithm,
    /// Names under which the figures are printed: ours, then each of the peer's ways.
    ours: &'static str,
    ways: &'static [(&'static str, &'static str)],
}

/// What ours can do.
#[derive(Clone, Copy)]
enum Algorithm {
    InverseDynamics,
    MassMatrix,
    ForwardDynamics,
    Jacobian,
}

macro_rules! tasks {
    ($($robot:literal, $joints:literal, $link:literal;)*) => {
        &[$(
            Task {
                claim: concat!("inverse dynamics (RNEA), ", $joints, " joints"),
                robot: $robot,
                link: $link,
                algorithm: Algorithm::InverseDynamics,
                ours: concat!("RNEA ", $joints, ": ours"),
                ways: &[("rnea", concat!("RNEA ", $joints, ": Pinocchio"))],
            },
            Task {
                claim: concat!("mass matrix (CRBA), ", $joints, " joints"),
                robot: $robot,
                link: $link,
                algorithm: Algorithm::MassMatrix,
                ours: concat!("CRBA ", $joints, ": ours"),
                ways: &[
                    ("crba_local", concat!("CRBA ", $joints, ": Pinocchio, local")),
                    ("crba_world", concat!("CRBA ", $joints, ": Pinocchio, world")),
                ],
            },
            Task {
                claim: concat!("forward dynamics (ABA), ", $joints, " joints"),
                robot: $robot,
                link: $link,
                algorithm: Algorithm::ForwardDynamics,
                ours: concat!("ABA ", $joints, ": ours"),
                ways: &[
                    ("aba_local", concat!("ABA ", $joints, ": Pinocchio, local")),
                    ("aba_world", concat!("ABA ", $joints, ": Pinocchio, world")),
                ],
            },
            Task {
                claim: concat!("a link's pose and Jacobian, ", $joints, " joints"),
                robot: $robot,
                link: $link,
                algorithm: Algorithm::Jacobian,
                ours: concat!("Jacobian ", $joints, ": ours"),
                ways: &[
                    ("jacobian_all", concat!("Jacobian ", $joints, ": Pinocchio, all")),
                    ("jacobian_frame", concat!("Jacobian ", $joints, ": Pinocchio, one")),
                ],
            },
        )*]
    };
}

const TASKS: &[Task] = tasks! {
    "six", "6", "tool0";
    "seven", "7", "flange";
};

/// Measures every algorithm on every robot.
///
/// # Errors
/// If Pinocchio can't be installed or compiled against, or the two don't agree.
pub fn measure(effort: Effort) -> Result<Vec<Ratio>> {
    let peer = Peer::compile()?;
    TASKS
        .iter()
        .map(|task| task.measure(&peer, effort).with_context(|| task.claim))
        .collect()
}

impl Task {
    fn measure(&self, peer: &Peer, effort: Effort) -> Result<Ratio> {
        let urdf = urdf(self.robot);
        let mut ours = Ours::new(&urdf, self.link)?;
        let our_sum = ours.sum(self.algorithm)?;
        let mut our_rounds = Vec::new();
        let mut peer_rounds = vec![Vec::new(); self.ways.len()];
        for _ in 0..effort.rounds {
            our_rounds.push(of_call(&ours.times(self.algorithm, effort.samples)?)?);
            for ((way, _), rounds) in self.ways.iter().zip(&mut peer_rounds) {
                let answer = peer.run(&urdf, self.link, way, effort.samples, STATES)?;
                ensure!(
                    (answer.sum - our_sum).abs() <= SAME * our_sum.abs().max(1.0),
                    "{way}: results sum up to {}, ours to {our_sum}",
                    answer.sum
                );
                rounds.push(of_call(&answer.times)?);
            }
        }
        let ours = Figures::of_rounds(&our_rounds).context("no round")?;
        let mut figures = BTreeMap::from([(self.ours, ours.clone())]);
        let mut quickest = (f64::INFINITY, "");
        for ((_, name), rounds) in self.ways.iter().zip(&peer_rounds) {
            let way = Figures::of_rounds(rounds).context("no round")?;
            if way.p50_us < quickest.0 {
                quickest = (way.p50_us, name);
            }
            figures.insert(name, way);
        }
        Ok(Ratio {
            claim: self.claim.to_owned(),
            unit: "ns",
            ours: ours.p50_us * 1e3,
            peer_name: quickest.1,
            peer: quickest.0 * 1e3,
            goal: GOAL,
            figures,
            cores: BTreeMap::new(),
        })
    }
}

/// Figures of one call, from times of batches.
fn of_call(batches: &[Option<u64>]) -> Result<Figures> {
    let figures = Figures::of_round(batches).context("no batch was timed")?;
    Ok(figures.part(STATES as f64))
}

fn urdf(robot: &str) -> PathBuf {
    let robots = Path::new(env!("CARGO_MANIFEST_DIR")).join("../nodes/robot/tests/golden/robots");
    robots.join(robot).with_extension("urdf")
}
