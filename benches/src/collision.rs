//! Claim: the robot's distance to itself and to what stands around it is cheaper than Coal's, and cheap enough to ask before every setpoint.
//!
//! The default cell's arm with its gripper at 3 cm, and ten obstacles of all kinds about it; positions come from a seed, and only those count in which nothing
//! touches, as a safety gate sees them. Both find the least distance of the same pairs and must agree on its sum. Our figures include the forward
//! kinematics; Coal gets the places ready-made. Coal has two ways: each pair, or leaving out pairs whose axis-aligned boxes are too far apart.
//!
//! Coal's library is the one of Pinocchio's wheel, compiled by its makers for any x86-64; the peer around it is compiled with `-O3 -DNDEBUG`.

mod peer;
mod scene;

use crate::ratio::{Effort, Ratio};
use crate::stats::Figures;
use anyhow::{Context, Result, ensure};
use peer::Peer;
use scene::Scene;
use servomesh_robot::collision::LinkSolids;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

/// Most that ours may take of Coal's.
const GOAL: f64 = 1.0;
/// What a safety gate may spend on one setpoint [µs].
const LIMIT_US: f64 = 20.0;
/// How near the gate lets things come (m).
const MARGIN: f64 = 0.02;
/// How far the sums of all distances may be apart, as a part of them: Coal ends its search at 1e-6 m.
const SAME: f64 = 1e-4;

/// Measures the least distance against Coal's, and a gate's question against its limit.
///
/// # Errors
/// If Coal can't be installed or compiled against, or the two don't agree.
pub fn measure(effort: Effort) -> Result<Vec<Ratio>> {
    let mut exact = Scene::new(LinkSolids::Convex)?;
    let mut round = Scene::new(LinkSolids::Capsules)?;
    round.take_states_of(&exact);
    let peer = Peer::compile(&exact)?;
    let sum: f64 = exact.least_distances().iter().sum();
    let mut rounds = [const { Vec::new() }; 6];
    for _ in 0..effort.rounds {
        let ours = [
            times(&mut exact, effort.samples, Scene::least_distance),
            times(&mut round, effort.samples, Scene::least_distance),
            times(&mut exact, effort.samples, |scene, state| {
                scene.is_near(state, MARGIN)
            }),
            times(&mut round, effort.samples, |scene, state| {
                scene.is_near(state, MARGIN)
            }),
        ];
        for (rounds, times) in rounds.iter_mut().zip(ours) {
            rounds.push(Figures::of_round(&times).context("no query was timed")?);
        }
        for (rounds, way) in rounds[4..].iter_mut().zip(["all", "culled"]) {
            let answer = peer.run(way, effort.samples)?;
            ensure!(
                (answer.sum - sum).abs() <= SAME * sum,
                "{way}: distances sum up to {}, ours to {sum}",
                answer.sum
            );
            rounds.push(Figures::of_round(&answer.times).context("no query of Coal's was timed")?);
        }
    }
    let mut figures = Vec::new();
    for rounds in &rounds {
        figures.push(Figures::of_rounds(rounds).context("no round")?);
    }
    let named = |indices: &[usize]| {
        let named = indices
            .iter()
            .map(|&index| (NAMES[index], figures[index].clone()));
        named.collect::<BTreeMap<_, _>>()
    };
    let quickest = if figures[5].p50_us < figures[4].p50_us {
        5
    } else {
        4
    };
    let against_coal = |claim: &str, ours: f64, peer: f64| Ratio {
        claim: claim.to_owned(),
        unit: "µs",
        ours,
        peer_name: NAMES[quickest],
        peer,
        goal: GOAL,
        figures: named(&[0, 1, 4, 5]),
        cores: BTreeMap::new(),
    };
    Ok(vec![
        against_coal(
            "least distance, arm and ten obstacles",
            figures[0].p50_us,
            figures[quickest].p50_us,
        ),
        against_coal("the same, 99 of 100", figures[0].p99_us, figures[quickest].p99_us),
        Ratio {
            claim: "a gate's question, 99 of 100, in its limit".to_owned(),
            unit: "µs",
            ours: figures[2].p99_us,
            peer_name: "limit",
            peer: LIMIT_US,
            goal: GOAL,
            figures: named(&[2, 3]),
            cores: BTreeMap::new(),
        },
    ])
}

/// As the figures are printed, in the order in which they are measured.
const NAMES: [&str; 6] = [
    "least distance: ours",
    "least distance: ours, capsules",
    "gate: ours",
    "gate: ours, capsules",
    "least distance: Coal, each pair",
    "least distance: Coal, boxes first",
];

/// How long each query takes [ns].
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn times<T>(
    scene: &mut Scene,
    queries: usize,
    mut query: impl FnMut(&mut Scene, usize) -> T,
) -> Vec<Option<u64>> {
    (0..queries)
        .map(|index| {
            let state = index % scene.state_count();
            let start = Instant::now();
            black_box(query(scene, black_box(state)));
            u64::try_from(start.elapsed().as_nanos()).ok()
        })
        .collect()
}
