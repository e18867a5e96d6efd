//! At which rate a motion begins that takes over from another: so that an override does not let go when it does.
//!
//! A path that begins at the rate r is planned from q, q̇/r and q̈/r²: at that rate its joints move as they do already. If
//! the rate itself changes at that moment, it goes on changing, and the path is planned from what the old path's is.
//! The lower the rate, the farther the path goes before it can turn, up to where it could not be planned at all.
//!
//! **Invariant:** whichever entry is taken, position, velocity and acceleration go on as they are.

use servomesh_types::Stamp;

use crate::bounds::Bounds;
use crate::motion::Motion;
use crate::path_time::PathTime;
use crate::state::State;

/// One way to begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// What the path is planned from, on its own time.
    pub state: State,
    /// How its time begins: at 0, at that rate.
    pub time: PathTime,
}

impl Entry {
    /// As planned.
    pub fn planned(present: &State) -> Self {
        Self::steady(present, 1.0)
    }

    /// The ways to take over from `present`, which is what `motion` does at `now` if that was planned, when motions run at
    /// `wished`, 0 … 1: best first, as planned last.
    ///
    /// From rest, that rate itself. Else the rate there is, if it is not lower; the lowest one above, from which the present
    /// state is within `bounds` on the path's time too; and some between that and 1.
    pub fn all(
        present: &State,
        motion: Option<&Motion>,
        now: Stamp,
        wished: f64,
        bounds: &Bounds,
    ) -> Vec<Self> {
        if present.is_at_rest() {
            return vec![Self::steady(present, wished.clamp(0.0, 1.0))];
        }
        let mut entries = Vec::new();
        let mut lowest = wished.clamp(LEAST_RATE, 1.0);
        if let Some(Motion::Along { path, start, pace }) = motion {
            let time = pace.at(now.seconds_from(*start));
            let goes_on = time.rate >= wished
                && (time.is_steady() && time.rate >= LEAST_RATE || time.rate >= LEAST_CHANGING);
            if goes_on && time.rate < 1.0 {
                let state = path.at(time.s).state;
                let time = PathTime { s: 0.0, ..time };
                entries.push(Self { state, time });
            }
            let floor = if time.is_steady() { 0.0 } else { LEAST_CHANGING };
            lowest = lowest.max(time.rate.abs()).max(floor).min(1.0);
        }
        let lowest = least_rate(present, lowest, bounds);
        if lowest < 1.0 {
            let between = SHARES.map(|share| lowest + share * (1.0 - lowest));
            entries.extend(between.map(|rate| Self::steady(present, rate)));
        }
        entries.push(Self::planned(present));
        entries
    }

    /// At a rate that does not change.
    fn steady(present: &State, rate: f64) -> Self {
        let mut state = *present;
        if rate > 0.0 && rate < 1.0 {
            for i in 0..state.velocity.len() {
                state.velocity[i] /= rate;
                state.acceleration[i] /= rate * rate;
            }
        }
        Self {
            state,
            time: PathTime::steady(0.0, rate),
        }
    }
}

/// The lowest rate from `lowest` on at which a path's own time has `present` within the limits, also once its acceleration
/// is let go; 1 if there is none.
fn least_rate(present: &State, lowest: f64, bounds: &Bounds) -> f64 {
    let keeps = |rate: f64| {
        (0..present.velocity.len()).all(|i| {
            let (v, a) = (
                present.velocity[i] / rate,
                present.acceleration[i] / (rate * rate),
            );
            let later = v + 0.5 * a * a.abs() / bounds.jerk[i];
            v.abs().max(later.abs()) <= bounds.velocity[i] && a.abs() <= bounds.acceleration[i]
        })
    };
    if keeps(lowest) {
        return lowest;
    }
    let (mut low, mut high) = (lowest, 1.0);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if keeps(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

/// No path begins at a lower rate from a moving state.
const LEAST_RATE: f64 = 1e-3;

/// Nearly at rest, what the path did at full rate says little of where the joints can turn to.
const LEAST_CHANGING: f64 = 0.1;

/// From the lowest rate to 1, what is tried where the path can't be planned from the lowest.
const SHARES: [f64; 3] = [0.0, 0.3, 0.6];

const HALVINGS: u32 = 40;
