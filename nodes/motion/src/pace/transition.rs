//! From one rate to another as fast as the limits allow, found step by step along the path.
//!
//! The rate is driven as hard as each stretch allows, then lands on its target in one piece of constant s⃛. A path that
//! brakes as hard as it may can't be left more slowly: there the rate stays as it is until it can change. Where driving
//! leads to a place that nothing passes, it goes back some stretches, lets the acceleration go, and drives on behind it.
//!
//! **Invariant:** what is [`found`](Transition::found) was checked on every stretch from its start until its rate is
//! constant. A search does not allocate, and may be spread over many calls.

use super::law::{Law, ROOM, same_rate};
use super::stretch::{MOST_ACCELERATION, MOST_JERK, Room, SIDE_S, Stretch, View, jerks_at};
use crate::path_time::PathTime;
use crate::state::Sample;

/// The search, and what it has found.
#[derive(Clone, Debug)]
pub(crate) struct Transition {
    target: f64,
    /// Length of a stretch, in s.
    h: f64,
    /// Share of what the limits allow that is used.
    gain: f64,
    /// What was driven so far. Each with the jerk until the next; the last is where the search is.
    trail: Vec<Node>,
    /// The path there.
    here: Sample,
    /// From where on the rate is driven: the last node without acceleration, or the start.
    base: usize,
    /// The next way back, in nodes.
    retreat: usize,
    phase: Phase,
    steps: u32,
    best: Vec<Node>,
}

/// `u` seconds after the start, at σ = `time.s` in the direction of the search.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    pub(crate) u: f64,
    pub(crate) time: PathTime,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Lets an acceleration go that leads elsewhere; then drives on from σ on.
    Release {
        beyond: f64,
    },
    /// Drives the rate, but not before σ.
    Drive {
        beyond: f64,
        landing: Option<usize>,
        misses: u32,
    },
    /// Checks the landing from a node on.
    Land(Landing),
    Done,
}

#[derive(Clone, Copy, Debug)]
struct Landing {
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
    pub(crate) fn new() -> Self {
        Self {
            target: 0.0,
            h: 0.0,
            gain: 1.0,
            trail: Vec::with_capacity(NODES),
            here: Sample::default(),
            base: 0,
            retreat: FIRST_RETREAT,
            phase: Phase::Done,
            steps: 0,
            best: Vec::with_capacity(NODES),
        }
    }

    /// Starts a search from `start`, in the direction of `view`, to the constant rate `target`.
    ///
    /// The finer, the nearer to what the limits allow, and the longer the search takes.
    pub(crate) fn begin(
        &mut self,
        view: &View<'_>,
        start: PathTime,
        target: f64,
        room: &Room,
        stretches: f64,
    ) {
        self.target = target;
        self.gain = 1.0;
        self.trail.clear();
        self.best.clear();
        self.trail.push(Node { u: 0.0, time: start });
        self.here = view.at(start.s + SIDE_S);
        self.base = 0;
        self.retreat = FIRST_RETREAT;
        self.steps = MOST_STEPS;
        self.h = self.duration(view, room) / stretches;
        let beyond = f64::NEG_INFINITY;
        let lands = self
            .landing(&start)
            .is_some_and(|(_, jerk)| allows(&self.here, &start, room, jerk));
        self.phase = if start.acceleration == 0.0 || lands {
            drive(beyond)
        } else {
            Phase::Release { beyond }
        };
        if start.acceleration == 0.0 && same_rate(start.rate, target) {
            self.best.push(Node {
                u: 0.0,
                time: PathTime::steady(start.s, target),
            });
            self.phase = Phase::Done;
        }
    }

    /// Gives up after that many more steps.
    pub(crate) fn limit(&mut self, steps: u32) {
        self.steps = self.steps.min(steps);
    }

    /// Is content with what it has found by now.
    pub(crate) fn settle(&mut self) {
        self.phase = Phase::Done;
    }

    /// Searches to its end.
    pub(crate) fn search(&mut self, view: &View<'_>, room: &Room) {
        while self.is_searching() {
            self.step(view, room);
        }
    }

    pub(crate) fn is_searching(&self) -> bool {
        !matches!(self.phase, Phase::Done)
    }

    /// The pieces of the transition, of which the last has the target's rate or is the end of the path; empty if there
    /// is none.
    pub(crate) fn found(&self) -> &[Node] {
        if self.is_searching() { &[] } else { &self.best }
    }

    /// Looks at one more stretch: two places of the path.
    pub(crate) fn step(&mut self, view: &View<'_>, room: &Room) {
        self.steps = self.steps.saturating_sub(1);
        let last = self.last();
        if self.steps == 0 || self.trail.len() + 2 > NODES {
            self.phase = Phase::Done;
            return;
        }
        match self.phase {
            Phase::Done => {}
            Phase::Release { beyond } => self.release(view, room, beyond),
            Phase::Land(landing) => self.land(view, room, landing),
            Phase::Drive { .. } if self.best.last().is_some_and(|best| last.u >= best.u) => {
                self.phase = Phase::Done;
            }
            Phase::Drive { .. } if view.end().is_some_and(|end| last.time.s >= end) => self.end(view),
            Phase::Drive { beyond, .. } if last.time.s < beyond => self.coast(view),
            Phase::Drive {
                beyond,
                landing,
                misses,
            } => self.drive(view, room, beyond, landing, misses),
        }
    }

    fn drive(&mut self, view: &View<'_>, room: &Room, beyond: f64, landing: Option<usize>, misses: u32) {
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
    fn coast(&mut self, view: &View<'_>) {
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

    fn advance(&mut self, view: &View<'_>, stretch: &Stretch, from: PathTime, t: f64) {
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

    /// Ends driving: with the last landing that looked possible, or by going back.
    fn leave(&mut self, view: &View<'_>, landing: Option<usize>, blocked: bool) {
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

    fn land(&mut self, view: &View<'_>, room: &Room, mut landing: Landing) {
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

    /// Tries again from where driving started, with less.
    fn soften(&mut self, view: &View<'_>, room: &Room) {
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
    fn back(&mut self) -> Phase {
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

    fn look(&mut self, view: &View<'_>) {
        self.here = view.at(self.last().time.s + SIDE_S);
    }

    fn release(&mut self, view: &View<'_>, room: &Room, beyond: f64) {
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

    /// It stands still since the path ends.
    fn end(&mut self, view: &View<'_>) {
        let end = view.end().unwrap_or(self.last().time.s);
        self.best.clear();
        self.best.extend_from_slice(&self.trail);
        // The last stretch may lead beyond.
        let mut index = self.best.len() - 1;
        while index > 0 && self.best[index - 1].time.s >= end {
            index -= 1;
        }
        self.best.truncate(index + 1);
        self.best[index].time = PathTime::steady(self.best[index].time.s.max(end), 0.0);
        self.phase = Phase::Done;
    }

    fn last(&self) -> Node {
        self.trail[self.trail.len() - 1]
    }

    /// How long the last piece from `time` to the target takes, and its jerk.
    fn landing(&self, time: &PathTime) -> Option<(f64, f64)> {
        let duration = 2.0 * (self.target - time.rate) / time.acceleration;
        (duration > 0.0 && duration.is_finite()).then(|| (duration, -time.acceleration / duration))
    }

    /// About how long the transition takes, in s, from what the joints do here and a little further on.
    fn duration(&self, view: &View<'_>, room: &Room) -> f64 {
        let now = self.last().time;
        let change = (self.target - now.rate).abs() + now.acceleration.abs() * 0.01;
        let (mut acceleration, mut jerk) = (MOST_ACCELERATION, MOST_JERK);
        for ahead in LOOK_S {
            let velocity = view.at(now.s + ahead * now.rate.max(self.target)).state.velocity;
            for i in 0..velocity.len() {
                acceleration = acceleration.min(room.acceleration[i] / velocity[i].abs());
                jerk = jerk.min(room.jerk[i] / velocity[i].abs());
            }
        }
        let ramp = (acceleration / jerk).min((change / jerk).sqrt()).max(1e-6);
        (ramp + change / (ramp * jerk)).clamp(1e-5, LONGEST_GUESS)
    }
}

impl Landing {
    fn none(from: usize, blocked: bool) -> Self {
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

/// Appends what was found to a law that was cut at `u`.
pub(crate) fn append(law: &mut Law, u: f64, view: &View<'_>, nodes: &[Node]) {
    for node in nodes {
        law.push(u + node.u, view.along(node.time));
    }
}

fn drive(beyond: f64) -> Phase {
    Phase::Drive {
        beyond,
        landing: None,
        misses: 0,
    }
}

fn allows(here: &Sample, now: &PathTime, room: &Room, jerk: f64) -> bool {
    let (low, high) = jerks_at(here, now, room);
    (low..=high).contains(&jerk)
}

/// Pieces a transition may have, the last included.
pub(crate) const NODES: usize = ROOM / 2;

/// Stretches one search may look at: a millisecond or two.
const MOST_STEPS: u32 = 3_000;

/// How far ahead the path is looked at for the length of stretches, in s.
const LOOK_S: [f64; 3] = [0.0, 0.03, 0.1];

/// In s.
const LONGEST_GUESS: f64 = 0.5;

/// Shares of the way back from the hardest jerk to the easiest that are tried.
const SHARES: [f64; 4] = [0.0, 0.1, 0.3, 0.7];

/// The same for letting go, as factors on the time it takes.
const STRETCHING: [f64; 5] = [1.01, 1.1, 1.3, 1.8, 3.0];

/// An acceleration that is not worth a stretch, per second.
const NEGLIGIBLE: f64 = 1e-6;

const FIRST_RETREAT: usize = 2;

/// Nodes without a landing until driving ends.
const MISSES: u32 = 2;

/// A coasting stretch's length over the last one's.
const COASTING: f64 = 1.3;

/// In s: a landing place is not missed by more.
const LONGEST_COAST: f64 = 0.004;

/// Stretches in a landing, least and most.
const LANDING: (f64, f64) = (8.0, 48.0);

/// Share of a landing to rest in which rates are below its square.
const NEAR_REST: f64 = 1e-3;

const LEAST_GAIN: f64 = 0.05;
