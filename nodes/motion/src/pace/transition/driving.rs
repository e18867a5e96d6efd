//! How hard the rate is driven on the next stretch: as hard as the limits allow, and no farther than its target.
//!
//! **Invariant:** a stretch that is driven was checked from end to end.

use super::super::stretch::{Room, SIDE_S, Stretch, View, jerks_at};
use super::{FIRST_RETREAT, Node, Phase, Transition, allows};
use crate::path_time::PathTime;

impl Transition {
    pub(super) fn drive(
        &mut self,
        view: &View<'_>,
        room: &Room,
        beyond: f64,
        landing: Option<usize>,
        misses: u32,
    ) {
        let now = self.last().time;
        let index = self.trail.len() - 1;
        let (mut landing, mut misses) = (landing, misses);
        if now.acceleration != 0.0 {
            let lands = self
                .landing(&now)
                .is_some_and(|(_, jerk)| allows(&self.here, &now, room, jerk));
            if lands {
                (landing, misses) = (Some(index), 0);
            } else {
                misses += 1;
            }
            if misses >= MISSES {
                return self.leave(view, landing, false);
            }
        }
        self.phase = Phase::Drive {
            beyond,
            landing,
            misses,
        };
        let up = self.target > now.rate;
        let pick = |(low, high): (f64, f64), gain: f64| {
            if up {
                high.max(0.0) * gain
            } else {
                low.min(0.0) * gain
            }
        };
        let at_once = jerks_at(&self.here, &now, room);
        let mut guess = now;
        guess.jerk = pick(at_once, self.gain);
        let Some(stretch) = Stretch::ahead(view, &guess, &self.here, self.h) else {
            return self.stuck(view, room, landing);
        };
        let (low, high) = stretch.jerks(&now, room);
        // What is being driven is not given back before the landing.
        let neutral = -now.acceleration / stretch.duration();
        let (low, high) = if up {
            (low.max(neutral), high)
        } else {
            (low, high.min(neutral))
        };
        if low > high {
            return self.stuck(view, room, landing);
        }
        let hardest = if up { high } else { low };
        let hardest = if hardest.signum() == guess.jerk.signum() {
            hardest * self.gain
        } else {
            hardest
        };
        let easiest = if up { low } else { high };
        for share in SHARES {
            let mut from = now;
            from.jerk = hardest + share * (easiest - hardest);
            if now.acceleration == 0.0 && from.jerk.abs() * stretch.duration() < NEGLIGIBLE {
                break;
            }
            let Some(t) = stretch.keeps(&from, room) else {
                continue;
            };
            let next = from.after(t);
            if (next.rate - self.target) * (now.rate - self.target) <= 0.0 {
                return self.leave(view, landing, false);
            }
            return self.advance(view, &stretch, from, t);
        }
        self.stuck(view, room, landing);
    }

    /// No jerk that changes the rate is possible here.
    fn stuck(&mut self, view: &View<'_>, room: &Room, landing: Option<usize>) {
        let now = self.last().time;
        if now.acceleration == 0.0 {
            if now.rate > 0.0 {
                self.coast(view);
            } else {
                self.soften(view, room);
            }
        } else {
            self.leave(view, landing, true);
        }
    }

    /// Goes on with the rate there is, for an ever longer while.
    pub(super) fn coast(&mut self, view: &View<'_>) {
        let Node { u, mut time } = self.last();
        let before = self.trail.len().checked_sub(2).map(|k| self.trail[k]);
        let h = match before {
            Some(before) if before.time.is_steady() => ((u - before.u) * COASTING).min(LONGEST_COAST),
            _ => self.h,
        };
        time.jerk = 0.0;
        let index = self.trail.len() - 1;
        self.trail[index].time = time;
        let s = time.s + time.rate * h;
        self.trail.push(Node {
            u: u + h,
            time: PathTime::steady(s, time.rate),
        });
        self.here = view.at(s + SIDE_S);
        self.base = self.trail.len() - 1;
        self.retreat = FIRST_RETREAT;
        if let Phase::Drive { landing, misses, .. } = &mut self.phase {
            (*landing, *misses) = (None, 0);
        }
    }

    pub(super) fn advance(&mut self, view: &View<'_>, stretch: &Stretch, from: PathTime, t: f64) {
        let index = self.trail.len() - 1;
        self.trail[index].time = from;
        let mut time = from.after(t);
        time.s = from.s + stretch.length();
        let u = self.trail[index].u + t;
        self.trail.push(Node { u, time });
        self.here = if stretch.ends_at_corner {
            view.at(time.s + SIDE_S)
        } else {
            *stretch.end()
        };
    }
}

/// Shares of the way back from the hardest jerk to the easiest that are tried.
const SHARES: [f64; 4] = [0.0, 0.1, 0.3, 0.7];

/// An acceleration that is not worth a stretch, per second.
const NEGLIGIBLE: f64 = 1e-6;

/// Nodes without a landing until driving ends.
const MISSES: u32 = 2;

/// A coasting stretch's length over the last one's.
const COASTING: f64 = 1.3;

/// In s: a landing place is not missed by more.
const LONGEST_COAST: f64 = 0.004;
