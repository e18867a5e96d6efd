//! What a transition does where driving leads to a place that nothing passes: goes back, lets the acceleration go, or takes less.
//!
//! **Invariant:** each way back is longer than the one before, and each try is gentler: a search ends.

use super::super::stretch::{Room, Stretch, View, jerks_at};
use super::{FIRST_RETREAT, LANDING, NODES, Phase, Transition, drive};

impl Transition {
    /// Tries again from where driving started, with less.
    pub(super) fn soften(&mut self, view: &View<'_>, room: &Room) {
        self.gain *= 0.5;
        self.trail.truncate(self.base + 1);
        let now = self.last().time;
        self.look(view);
        self.phase = if self.gain < LEAST_GAIN {
            Phase::Done
        } else if now.acceleration == 0.0 {
            self.h = self.h.min(self.duration(view, room) / LANDING.0);
            drive(f64::NEG_INFINITY)
        } else {
            Phase::Release {
                beyond: f64::NEG_INFINITY,
            }
        };
    }

    /// Goes back, to let the acceleration go before what can't be passed with it.
    pub(super) fn back(&mut self) -> Phase {
        let beyond = self.last().time.s;
        let beyond = match self.phase {
            Phase::Release { beyond: before } => before.max(beyond),
            _ => beyond,
        };
        let last = self.trail.len() - 1;
        let to = last.saturating_sub(self.retreat).max(self.base);
        self.retreat = (self.retreat * 2).min(NODES);
        let stays = to == last;
        self.trail.truncate(to + 1);
        let at_rest = self.last().time.acceleration == 0.0;
        match (stays, at_rest) {
            (true, _) if !at_rest => Phase::Done,
            (_, true) => drive(beyond),
            _ => Phase::Release { beyond },
        }
    }

    pub(super) fn release(&mut self, view: &View<'_>, room: &Room, beyond: f64) {
        let now = self.last().time;
        let (low, high) = jerks_at(&self.here, &now, room);
        let most = if now.acceleration > 0.0 { -low } else { high };
        if most <= 0.0 {
            self.phase = self.back();
            return self.look(view);
        }
        let shortest = now.acceleration.abs() / most;
        for stretching in STRETCHING {
            let whole = shortest * stretching;
            let pieces = (whole / self.h).ceil().max(1.0);
            let mut from = now;
            from.jerk = -now.acceleration / whole;
            let Some(stretch) = Stretch::ahead(view, &from, &self.here, whole / pieces) else {
                continue;
            };
            let Some(t) = stretch.keeps(&from, room) else {
                continue;
            };
            self.advance(view, &stretch, from, t);
            if t >= whole * (1.0 - 1e-9) {
                let index = self.trail.len() - 1;
                self.trail[index].time.acceleration = 0.0;
                self.trail[index].time.jerk = 0.0;
                self.base = index;
                self.retreat = FIRST_RETREAT;
                self.phase = drive(beyond);
            }
            return;
        }
        self.phase = self.back();
        self.look(view);
    }
}

/// The same for letting go, as factors on the time it takes.
const STRETCHING: [f64; 5] = [1.01, 1.1, 1.3, 1.8, 3.0];

const LEAST_GAIN: f64 = 0.05;
