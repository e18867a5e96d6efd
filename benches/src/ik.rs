//! Claims: 999 of 1,000 reachable poses of a UR5e and of a Panda are solved, to 1e-8 m and 1e-8 rad, in 100 µs on average.
//!
//! 10,000 poses of each, from joint values drawn evenly over the whole limits; each is solved from a seed drawn likewise. Every round solves all of them;
//! the time of a pose is its median over the rounds, so that a pose that is interrupted by another process does not count as a slow
//! one. The limits stand in place of a peer. One thread.

use crate::draw::Draw;
use crate::ratio::{Effort, Ratio};
use crate::stats::Figures;
use anyhow::{Context, Result};
use servomesh_robot::{InverseKinematics, Model, Workspace};
use std::collections::BTreeMap;
use std::time::Instant;

/// How many poses of each arm.
const POSES: usize = 10_000;
/// Most that a pose may take on average [µs].
const MEAN_LIMIT_US: f64 = 100.0;
/// Most poses that may stay unsolved.
const UNSOLVED_LIMIT: f64 = 10.0;
/// Most that a solution may be off [nm and nrad].
const RESIDUAL_LIMIT_N: f64 = 10.0;
/// The state of the generator that the joint values are drawn with.
const SEED: u64 = 2026;

struct Arm {
    urdf: &'static str,
    link: &'static str,
    claims: [&'static str; 3],
    /// Under which the figures are printed: nearest, all, track.
    figures: [&'static str; 3],
}

const ARMS: [Arm; 2] = [
    Arm {
        urdf: include_str!("../../nodes/robot/tests/robots/ur5e.urdf"),
        link: "tool0",
        claims: [
            "ik UR5e: mean over 10,000 poses",
            "ik UR5e: unsolved of 10,000 poses",
            "ik UR5e: largest residual, nm and nrad",
        ],
        figures: [
            "ik UR5e: nearest",
            "ik UR5e: all solutions",
            "ik UR5e: track, 1 mm on",
        ],
    },
    Arm {
        urdf: include_str!("../../nodes/robot/tests/robots/panda.urdf"),
        link: "panda_hand_tcp",
        claims: [
            "ik Panda: mean over 10,000 poses",
            "ik Panda: unsolved of 10,000 poses",
            "ik Panda: largest residual, nm and nrad",
        ],
        figures: [
            "ik Panda: nearest",
            "ik Panda: all found",
            "ik Panda: track, 1 mm on",
        ],
    },
];

/// Solves all poses of both arms `effort.rounds` times.
pub fn measure(effort: Effort) -> Result<Vec<Ratio>> {
    let mut ratios = Vec::new();
    for arm in &ARMS {
        ratios.extend(measure_arm(arm, effort)?);
    }
    Ok(ratios)
}

fn measure_arm(arm: &Arm, effort: Effort) -> Result<Vec<Ratio>> {
    let model = Model::from_urdf_str(arm.urdf)?;
    let link = model.link(arm.link)?;
    let mut ik = InverseKinematics::new(&model, link)?;
    let mut workspace = Workspace::new(&model);
    let mut draws = Draw(SEED);
    let mut drawn = || -> Vec<f64> {
        let joints = model.joints().iter().map(|joint| joint.limits);
        joints
            .map(|limits| limits.lower + (limits.upper - limits.lower) * draws.unit())
            .collect()
    };
    let goals: Vec<_> = (0..POSES)
        .map(|_| {
            let (truth, seed) = (drawn(), drawn());
            model.forward_kinematics(&mut workspace, &truth);
            (model.link_pose(&workspace, link), truth, seed)
        })
        .collect();

    let (mut unsolved, mut residual_n) = (0, 0.0_f64);
    let mut q = vec![0.0; model.joint_count()];
    for (goal, _, seed) in &goals {
        if ik.nearest(goal, seed, &mut q).is_err() {
            unsolved += 1;
            continue;
        }
        model.forward_kinematics(&mut workspace, &q);
        let pose = model.link_pose(&workspace, link);
        let position = (pose.translation.vector - goal.translation.vector).norm();
        residual_n = residual_n
            .max(position * 1e9)
            .max(pose.rotation.angle_to(&goal.rotation) * 1e9);
    }

    let nearest = Times::of(POSES, effort.rounds, |pose| {
        let (goal, _, seed) = &goals[pose];
        ik.nearest(goal, seed, &mut q).is_ok()
    });
    // A tenth of the poses: there a round takes as long as all of the others.
    let all = Times::of(POSES / 10, effort.rounds, |pose| {
        let (goal, _, seed) = &goals[pose];
        ik.all(goal, seed).is_ok()
    });
    let track = Times::of(POSES, effort.rounds, |pose| {
        let (goal, truth, _) = &goals[pose];
        let mut on = *goal;
        on.translation.x += 1e-3;
        q.copy_from_slice(truth);
        // At a limit or at the end of the reach there is no way on; that takes its time, too.
        let followed = ik.track(&on, &mut q);
        std::hint::black_box(&followed);
        true
    });
    let timed = [nearest.figures(), all.figures(), track.figures()];
    let mut figures = BTreeMap::new();
    for (name, timed) in arm.figures.into_iter().zip(timed) {
        figures.insert(name, timed.context("no pose was solved")?);
    }
    let row = |claim: &str, unit, ours, limit| Ratio {
        claim: claim.to_owned(),
        unit,
        ours,
        peer_name: "limit",
        peer: limit,
        goal: 1.0,
        figures: BTreeMap::new(),
        cores: BTreeMap::new(),
    };
    let [mean, count, residual] = arm.claims;
    Ok(vec![
        Ratio {
            figures,
            ..row(mean, "µs", nearest.mean_us(), MEAN_LIMIT_US)
        },
        row(count, "", f64::from(unsolved), UNSOLVED_LIMIT),
        row(residual, "", residual_n, RESIDUAL_LIMIT_N),
    ])
}

/// The time of each pose [ns], its median over the rounds; `None` if it was not solved.
struct Times(Vec<Option<u64>>);

impl Times {
    fn of(poses: usize, rounds: usize, mut solve: impl FnMut(usize) -> bool) -> Self {
        let mut rounds_of = vec![Vec::with_capacity(rounds); poses];
        for _ in 0..rounds.max(1) {
            for (pose, times) in rounds_of.iter_mut().enumerate() {
                #[expect(clippy::disallowed_methods, reason = "a bench measures")]
                let clock = Instant::now();
                let solved = solve(pose);
                let elapsed = clock.elapsed().as_nanos() as u64;
                times.push(solved.then_some(elapsed));
            }
        }
        let median = |mut times: Vec<Option<u64>>| {
            times.sort_unstable();
            times[(times.len() - 1) / 2]
        };
        Self(rounds_of.into_iter().map(median).collect())
    }

    fn mean_us(&self) -> f64 {
        let solved = self.0.iter().flatten();
        solved.clone().sum::<u64>() as f64 / solved.count() as f64 / 1e3
    }

    fn figures(&self) -> Option<Figures> {
        Figures::of_round(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Times;

    #[test]
    fn the_time_of_a_pose_is_its_median_and_the_mean_is_of_what_was_solved() {
        let times = Times(vec![Some(1_000), None, Some(3_000)]);
        assert!((times.mean_us() - 2.0).abs() < 1e-12);
        let figures = times.figures().expect("two were solved");
        assert_eq!((figures.sent, figures.lost), (3, 1));
        let mut calls = 0;
        let counted = Times::of(2, 3, |pose| {
            calls += 1;
            pose == 0
        });
        assert_eq!(calls, 6);
        assert!(counted.0[0].is_some() && counted.0[1].is_none());
    }
}
