//! How far the joints go between places of a path: bounds from above, in rad or m.
//!
//! **Invariant:** what is left falls along the path, and is never less than what the joints do.

use servomesh_types::JointVec;

use super::stretch::{Room, View};
use crate::state::State;

/// How far each joint goes from some places to the end: never less than it does.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// Where on the path they are, in the direction it is passed in, with what is left from there on.
    places: [(f64, JointVec); PLACES],
    /// The path at the place looked at last.
    before: State,
}

impl Way {
    /// Before any was measured.
    pub(super) fn none() -> Self {
        Self {
            places: [(0.0, JointVec::EMPTY); PLACES],
            before: State::default(),
        }
    }

    /// What is left from σ on.
    pub(super) fn left(&self, sigma: f64) -> JointVec {
        let k = self
            .places
            .partition_point(|place| place.0 <= sigma)
            .saturating_sub(1);
        self.places[k].1
    }

    /// Looks at place number `place` between start, middle and end; half of the places lie before the middle.
    pub(super) fn measure(
        &mut self,
        view: &View<'_>,
        room: &Room,
        place: u32,
        [start, middle, end]: [f64; 3],
    ) {
        let half = (PLACES / 2) as u32;
        let at = |k: u32| {
            if k < half {
                start + (middle - start) * f64::from(k) / f64::from(half)
            } else {
                middle + (end - middle) * f64::from(k - half) / f64::from(half - 1)
            }
        };
        let (index, to) = (place as usize, at(place));
        let here = view.at(to).state;
        let n = here.position.len();
        self.places[index] = (to, JointVec::zeros(n));
        if place == 0 {
            self.before = here;
            return;
        }
        let step = travelled(view, [at(place - 1), to], [&self.before, &here], room);
        for before in &mut self.places[..index] {
            for i in 0..n {
                before.1[i] += step[i];
            }
        }
        self.before = here;
    }
}

/// How far each joint goes at most from one place of the path to a later one.
pub(crate) fn way_between(view: &View<'_>, room: &Room, from: f64, to: f64) -> JointVec {
    let mut before = view.at(from).state;
    let mut whole = JointVec::zeros(before.position.len());
    let at = |k: usize| from + (to - from) * k as f64 / PLACES as f64;
    for k in 1..=PLACES {
        let here = view.at(at(k)).state;
        let step = travelled(view, [at(k - 1), at(k)], [&before, &here], room);
        for i in 0..whole.len() {
            whole[i] += step[i];
        }
        before = here;
    }
    whole
}

/// How far each joint goes at most between two places of the path, there and back counted.
///
/// Between two steps of jerk the path is taken as the quintic through both ends: its velocity is a quartic, which stays
/// between its Bernstein coefficients, and is on average no more than theirs. Steps of jerk in between add what they may.
fn travelled(view: &View<'_>, [from, to]: [f64; 2], [before, after]: [&State; 2], room: &Room) -> JointVec {
    let ds = to - from;
    let steps = view.steps_of_jerk(from, to) as f64;
    JointVec::from_fn(after.position.len(), |i| {
        let net = after.position[i] - before.position[i];
        let (v0, v1) = (before.velocity[i] * ds, after.velocity[i] * ds);
        let (a0, a1) = (before.acceleration[i] * ds * ds, after.acceleration[i] * ds * ds);
        let (second, fourth) = (v0 + 0.25 * a0, v1 - 0.25 * a1);
        let third = 5.0 * net - (v0 + second + fourth + v1);
        let size = [v0, second, third, fourth, v1]
            .iter()
            .map(|value| value.abs())
            .sum::<f64>();
        // A joint that stands at both ends stands in between.
        let unseen = if size > 0.0 {
            steps * STEP_SHARE * 2.0 * room.jerk[i] * ds.powi(3)
        } else {
            0.0
        };
        (0.2 * size + unseen) * (1.0 + ROUNDING)
    })
}

/// Where the way is measured; half of them before the stop leaves the present law.
pub(super) const PLACES: usize = 24;

/// How far at most the quintic through both ends of an interval is off on average in velocity, for a step of jerk
/// somewhere between: as a share of the step, for an interval of 1 s.
const STEP_SHARE: f64 = 0.003;

/// Share of the way for rounding.
const ROUNDING: f64 = 1e-9;
