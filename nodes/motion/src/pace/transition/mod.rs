//! From one rate to another as fast as the limits allow, found step by step along the path.
//!
//! The rate is driven as hard as each stretch allows, then lands on its target in one piece of constant s⃛. A path that
//! brakes as hard as it may can't be left more slowly: there the rate stays as it is until it can change. Where driving
//! leads to a place that nothing passes, it goes back some stretches, lets the acceleration go, and drives on behind it.
//!
//! | room | what it decides |
//! |---|---|
//! | `driving` | how hard the rate is driven on the next stretch |
//! | `landing` | the last piece, to the rate asked for |
//! | `retreat` | what is tried where driving is blocked |
//!
//! **Invariant:** what is [`found`](Transition::found) was checked on every stretch from its start until its rate is
//! constant. A search does not allocate, and may be spread over many calls.

mod driving;
mod landing;
mod retreat;

use super::law::{Law, ROOM, same_rate};
use super::stretch::{MOST_ACCELERATION, MOST_JERK, Room, SIDE_S, View, jerks_at};
use crate::path_time::PathTime;
use crate::state::Sample;
use landing::Landing;

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

    /// Whether it could be content by now.
    pub(crate) fn has_found(&self) -> bool {
        !self.best.is_empty()
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

    fn look(&mut self, view: &View<'_>) {
        self.here = view.at(self.last().time.s + SIDE_S);
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

const FIRST_RETREAT: usize = 2;

/// Stretches in a landing, least and most.
const LANDING: (f64, f64) = (8.0, 48.0);
