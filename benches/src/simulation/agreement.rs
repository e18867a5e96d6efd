//! How far ours and MuJoCo are from each other in one scene: who compares speeds must know that both do the same.

use super::ours::Ours;
use super::peer::Peer;
use anyhow::{Context, Result, ensure};
use serde::Serialize;

/// Steps between two comparisons.
const EVERY: usize = 20;

/// The largest errors over time.
#[derive(Serialize)]
pub(crate) struct Errors {
    every_s: f64,
    /// Of any joint [rad, m].
    joints: Vec<f64>,
    /// Of any part's place [m].
    parts: Vec<f64>,
}

impl Errors {
    /// Plays our scene `ours` and MuJoCo's variant `theirs` of it.
    pub(crate) fn between(peer: &Peer, ours: &str, theirs: &str, steps: usize) -> Result<Self> {
        let scene = Ours::read(&peer.scenes(), ours)?;
        let (joints, parts) = (scene.places(), scene.part_count());
        let mut errors = Self {
            every_s: EVERY as f64 * 1e-3,
            joints: Vec::new(),
            parts: Vec::new(),
        };
        let theirs = peer.trace(theirs, steps, EVERY)?;
        let ours = scene.trace(steps, EVERY);
        ensure!(
            ours.len() == theirs.len(),
            "{} and {} frames",
            ours.len(),
            theirs.len()
        );
        for (ours, theirs) in ours.iter().zip(&theirs) {
            // The parts are last in both; MuJoCo has more joints, as followers are joints there.
            let shift = theirs
                .len()
                .checked_sub(7 * parts)
                .context("fewer positions than parts have")?;
            let joint = joints
                .iter()
                .zip(ours)
                .map(|(&at, ours)| (theirs[at] - ours).abs());
            errors.joints.push(worst(joint));
            let part = (0..parts).map(|part| {
                let [ours, theirs] =
                    [(ours, joints.len()), (theirs, shift)].map(|(all, from)| &all[from + 7 * part..][..3]);
                ours.iter()
                    .zip(theirs)
                    .map(|(a, b)| (a - b).powi(2))
                    .sum::<f64>()
                    .sqrt()
            });
            errors.parts.push(worst(part));
        }
        Ok(errors)
    }

    /// # Errors
    /// If a joint is ever farther off than `joint` or a part farther than `part`.
    pub(crate) fn within(&self, joint: f64, part: f64) -> Result<()> {
        let (joints, parts) = (
            worst(self.joints.iter().copied()),
            worst(self.parts.iter().copied()),
        );
        ensure!(
            joints <= joint && parts <= part,
            "ours and MuJoCo do not do the same: a joint is {joints} off, a part {parts} m"
        );
        Ok(())
    }
}

/// The largest; one that is not a number is worse than any.
fn worst(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |worst, value| {
        if value.is_nan() || value > worst {
            value
        } else {
            worst
        }
    })
}
