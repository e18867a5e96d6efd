//! Which pairs of links are worth checking, found out once from the robot alone.
//!
//! Decides for each pair of links that move against each other:
//! - linked by one joint, with nothing solid between: they touch by design → not checked;
//! - touching with all joints at zero and in every position tried → not checked (with a warning);
//! - proved never to touch within the joints' limits → not checked;
//! - anything else → checked. Touching at zero only is a warning: a folded robot at zero is no reason to look away.
//!
//! The positions tried come from a seeded generator, the proof from [`reach`](super::reach). Trying alone never drops a pair.
//!
//! **Invariant:** the same robot and settings give the same verdicts.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::model::{Collider, CollisionModel};
use super::reach;
use super::settings::CollisionSettings;
use crate::model::{LinkId, Model};

/// Why a pair of links is checked, or is not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// They can touch, or it could not be proved that they can't.
    Checked {
        /// How deep they are in each other with all joints at zero (or at the limit next to it), if they touch there (m).
        depth_at_zero: Option<f64>,
    },
    /// One joint links them, and there is nothing solid between.
    Adjacent,
    /// They touch in every position that was tried, the zero position among them.
    AlwaysTouch,
    /// They can't touch while the joints keep their limits.
    NeverTouch,
}

impl Verdict {
    /// Says whether distances of the pair are computed.
    pub fn is_checked(self) -> bool {
        matches!(self, Verdict::Checked { .. })
    }
}

/// What the samples showed of a pair.
struct Trial {
    pair: usize,
    links: [LinkId; 2],
    /// Signed distance at zero.
    at_zero: f64,
    touched: usize,
}

/// Judges every pair that `model` lists. Leaves the robot somewhere.
pub(super) fn judge(model: &mut CollisionModel, settings: &CollisionSettings) -> Vec<([LinkId; 2], Verdict)> {
    let mut verdicts = Vec::new();
    let mut trials = Vec::new();
    let motions = reach::Motions::of(&model.robot);
    let ranges = reach::ranges(&model.robot, &motions);
    let mut q = model.robot.neutral_positions();
    for (position, range) in q.iter_mut().zip(&ranges) {
        *position = 0.0_f64.clamp(range.lower, range.upper);
    }
    model.place(&q);
    for pair in 0..model.pairs.len() {
        let [Collider::Link(a), Collider::Link(b)] =
            model.pairs[pair].items.map(|item| model.items[item].collider)
        else {
            continue;
        };
        let known = if motions.is_free(&model.robot, a, b) {
            // A floating body may be anywhere.
            Some(Verdict::Checked { depth_at_zero: None })
        } else {
            are_adjacent(model, a, b).then_some(Verdict::Adjacent)
        };
        if let Some(verdict) = known {
            verdicts.push(([a, b], verdict));
            continue;
        }
        let separation = model.item_separation(pair).expect("a listed pair has pieces");
        trials.push(Trial {
            pair,
            links: [a, b],
            at_zero: separation.distance,
            touched: usize::from(separation.distance <= 0.0),
        });
    }

    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    for sample in 1..=settings.samples {
        for (position, range) in q.iter_mut().zip(&ranges) {
            *position = range.draw(rng.random_range(0.0..1.0));
        }
        model.place(&q);
        for trial in &mut trials {
            // A pair that touched here and not there is decided.
            if trial.touched != 0 && trial.touched != sample {
                continue;
            }
            let separation = model
                .item_separation(trial.pair)
                .expect("a listed pair has pieces");
            trial.touched += usize::from(separation.distance <= 0.0);
        }
    }

    for trial in trials {
        let depth_at_zero = (trial.at_zero <= 0.0).then_some(-trial.at_zero);
        let verdict = if trial.touched == settings.samples + 1 {
            Verdict::AlwaysTouch
        } else if trial.touched == 0
            && reach::never_touch(model, trial.pair, &motions, &ranges, settings.proof_steps)
        {
            Verdict::NeverTouch
        } else {
            Verdict::Checked { depth_at_zero }
        };
        verdicts.push((trial.links, verdict));
    }
    verdicts
}

/// Says whether exactly one moving joint lies between two links, and no link with solids in between.
fn are_adjacent(model: &CollisionModel, a: LinkId, b: LinkId) -> bool {
    carried_next_to(model, a, b) || carried_next_to(model, b, a)
}

fn carried_next_to(model: &CollisionModel, carrier: LinkId, carried: LinkId) -> bool {
    let robot: &Model = &model.robot;
    let is_solid = |link| {
        model
            .items
            .iter()
            .any(|item| item.collider == Collider::Link(link))
    };
    let mut moving = 0;
    let mut link = carried;
    while let Some(parent) = robot.link_parent(link) {
        moving += usize::from(!robot.is_rigid_with(parent, link));
        if parent == carrier {
            return moving == 1;
        }
        if moving > 1 || is_solid(parent) {
            return false;
        }
        link = parent;
    }
    false
}
