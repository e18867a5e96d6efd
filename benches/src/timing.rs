//! Claims: timing a path through 100 waypoints under all limits takes 5 ms; without limits of jerk, no longer than TOPP-RA's solver alone.
//!
//! The paths are natural splines through random waypoints (within ± 2 rad) of the cell's arm, with its velocities, accelerations,
//! jerks and torques. A turn times each path once; its sample is the mean over the paths. The peer is TOPP-RA's compiled solver
//! `seidel`, on the coarsest grid that brings it within a thousandth of its best duration. Its time is that of the solver's calls alone; ours is
//! all of it, with the arm's inverse dynamics and the look between nodes. Ours may take a thousandth longer along a path than its best.

mod peer;
mod task;

use crate::ratio::{Effort, Ratio};
use crate::stats::Figures;
use anyhow::{Context, Result, anyhow, ensure};
use peer::Peer;
use servomesh_motion::timing::{Efforts, Limits, plan};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;
use task::Task;

/// How many paths.
const PATHS: u64 = 3;
/// Most that all limits may take \[µs\].
const LIMIT_US: f64 = 5000.0;
/// Most that ours may take of TOPP-RA's solver.
const GOAL: f64 = 1.0;
/// Most that our durations may be of TOPP-RA's.
const AS_QUICK: f64 = 1.001;
/// A path takes milliseconds: so many samples are one turn's.
const SAMPLES_PER_TURN: usize = 200;

/// Times the paths in turns with TOPP-RA.
///
/// # Errors
/// If a path can't be timed, or TOPP-RA can't be installed, or is quicker along a path.
pub fn measure(effort: Effort) -> Result<Vec<Ratio>> {
    let tasks = (0..PATHS).map(Task::new).collect::<Result<Vec<_>>>()?;
    let peers = tasks.iter().map(Peer::new).collect::<Result<Vec<_>>>()?;
    let samples = effort.samples.div_ceil(SAMPLES_PER_TURN);
    let (mut all, mut quick, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        all.push(round(&tasks, samples, true)?.0);
        let (figures, durations) = round(&tasks, samples, false)?;
        quick.push(figures);
        let mut sums = vec![0; samples];
        for (peer, duration) in peers.iter().zip(durations) {
            let answer = peer.run(samples)?;
            ensure!(
                duration <= AS_QUICK * answer.sum,
                "{duration} s along a path, TOPP-RA has {} s",
                answer.sum
            );
            for (sum, time) in sums.iter_mut().zip(answer.times) {
                *sum += time.context("a time of TOPP-RA's")? / PATHS;
            }
        }
        let times: Vec<_> = sums.into_iter().map(Some).collect();
        theirs.push(Figures::of_round(&times).context("TOPP-RA timed nothing")?);
    }
    let figures = |rounds: &[Figures]| Figures::of_rounds(rounds).context("there are no rounds");
    let (all, quick, theirs) = (figures(&all)?, figures(&quick)?, figures(&theirs)?);
    Ok(vec![
        Ratio {
            claim: "timing 100 waypoints, all limits".to_owned(),
            unit: "µs",
            ours: all.p50_us,
            peer_name: "limit",
            peer: LIMIT_US,
            goal: GOAL,
            figures: BTreeMap::from([("timing, all limits", all)]),
            cores: BTreeMap::new(),
        },
        Ratio {
            claim: "timing 100 waypoints, without jerk".to_owned(),
            unit: "µs",
            ours: quick.p50_us,
            peer_name: "TOPP-RA's solver",
            peer: theirs.p50_us,
            goal: GOAL,
            figures: BTreeMap::from([
                ("timing, without jerk: ours", quick),
                ("timing, without jerk: TOPP-RA's solver", theirs),
            ]),
            cores: BTreeMap::new(),
        },
    ])
}

/// The times of all paths, as a mean for each sample, and the durations along them.
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn round(tasks: &[Task], samples: usize, jerk: bool) -> Result<(Figures, Vec<f64>)> {
    let (mut times, mut durations) = (Vec::new(), vec![0.0; tasks.len()]);
    for _ in 0..samples {
        let start = Instant::now();
        for (task, duration) in tasks.iter().zip(&mut durations) {
            let mut limits = Limits::of(if jerk { &task.bounds } else { &task.without_jerk });
            limits.efforts = Some(Efforts {
                model: &task.model,
                limit: task.effort,
            });
            let law = plan(black_box(&task.path), &limits).map_err(|error| anyhow!("{error:?}"))?;
            *duration = black_box(law).duration();
        }
        times.push(u64::try_from(start.elapsed().as_nanos() / u128::from(PATHS)).ok());
    }
    Ok((Figures::of_round(&times).context("nothing was timed")?, durations))
}
