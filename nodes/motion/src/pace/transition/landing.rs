//! The last piece of a transition: one of constant s⃛ that ends at the target's rate, without acceleration.
//!
//! **Invariant:** a landing that is taken was checked from end to end, and is the quickest of those that were.

use super::super::stretch::{Room, SIDE_S, Stretch, View};
use super::{LANDING, Node, Phase, Transition};
use crate::path_time::PathTime;
use crate::state::Sample;

#[derive(Clone, Copy, Debug)]
pub(super) struct Landing {
    from: usize,
    /// Checked so far, in s, of `duration`.
    t: f64,
    duration: f64,
    here: Sample,
    /// How many nodes earlier the next try is.
    earlier: usize,
    /// Whether driving could not go on.
    blocked: bool,
}

impl Transition {
    /// Ends driving: with the last landing that looked possible, or by going back.
    pub(super) fn leave(&mut self, view: &View<'_>, landing: Option<usize>, blocked: bool) {
        match landing {
            Some(from) => self.try_landing(from, 1, blocked),
            None if blocked => {
                self.phase = self.back();
                self.look(view);
            }
            None => self.phase = Phase::Land(Landing::none(self.base, blocked)),
        }
    }

    fn try_landing(&mut self, from: usize, earlier: usize, blocked: bool) {
        let time = self.trail[from].time;
        self.phase = Phase::Land(match self.landing(&time) {
            Some((duration, _)) => Landing {
                from,
                t: 0.0,
                duration,
                here: Sample::default(),
                earlier,
                blocked,
            },
            None => Landing::none(from, blocked),
        });
    }

    pub(super) fn land(&mut self, view: &View<'_>, room: &Room, mut landing: Landing) {
        let node = self.trail[landing.from];
        let Some((duration, jerk)) = self.landing(&node.time).filter(|_| landing.duration > 0.0) else {
            return self.landed_nowhere(view, room, landing);
        };
        let mut from = node.time;
        from.jerk = jerk;
        if landing.t == 0.0 {
            landing.here = view.at(from.s + SIDE_S);
        }
        // Next to rest nothing moves any more.
        let whole = if self.target == 0.0 {
            duration * (1.0 - NEAR_REST)
        } else {
            duration
        };
        let h = (duration / (duration / self.h).ceil().clamp(LANDING.0, LANDING.1)).min(whole - landing.t);
        let now = from.after(landing.t);
        if h > 1e-9 * duration {
            let kept = Stretch::ahead(view, &now, &landing.here, h)
                .and_then(|stretch| Some((stretch.keeps(&now, room)?, stretch)));
            let Some((t, stretch)) = kept else {
                return self.landed_nowhere(view, room, landing);
            };
            landing.t += t;
            landing.here = if stretch.ends_at_corner {
                view.at(from.after(landing.t).s + SIDE_S)
            } else {
                *stretch.end()
            };
            self.phase = Phase::Land(landing);
            return;
        }
        let u = node.u + duration;
        if self.best.last().is_none_or(|best| u < best.u) {
            self.best.clear();
            self.best.extend_from_slice(&self.trail[..landing.from]);
            self.best.push(Node {
                u: node.u,
                time: from,
            });
            self.best.push(Node {
                u,
                time: PathTime::steady(from.after(duration).s, self.target),
            });
        }
        // Behind what blocked it, there may be a better place.
        self.phase = if landing.blocked && u - self.last().u > 2.0 * self.h {
            self.back()
        } else {
            Phase::Done
        };
        self.look(view);
    }

    fn landed_nowhere(&mut self, view: &View<'_>, room: &Room, landing: Landing) {
        let Landing {
            from,
            earlier,
            blocked,
            ..
        } = landing;
        if landing.duration > 0.0 && from >= self.base + earlier {
            return self.try_landing(from - earlier, earlier + earlier / 2 + 1, blocked);
        }
        if blocked {
            self.phase = self.back();
            self.look(view);
        } else {
            self.soften(view, room);
        }
    }

    /// How long the last piece from `time` to the target takes, and its jerk.
    pub(super) fn landing(&self, time: &PathTime) -> Option<(f64, f64)> {
        let duration = 2.0 * (self.target - time.rate) / time.acceleration;
        (duration > 0.0 && duration.is_finite()).then(|| (duration, -time.acceleration / duration))
    }
}

impl Landing {
    pub(super) fn none(from: usize, blocked: bool) -> Self {
        Self {
            from,
            t: 0.0,
            duration: 0.0,
            here: Sample::default(),
            earlier: 1,
            blocked,
        }
    }
}

/// Share of a landing to rest in which rates are below its square.
const NEAR_REST: f64 = 1e-3;
