//! What is known to be clear, carried from setpoint to setpoint, so that distances are rarely asked for.
//!
//! Each pair of bodies has balls of its own: a ball is a position, how much nearer the two may come there, and how far the joints between the two reach. What stands
//! around the group stands still, so a ball stays true, and only joints between the two use it up; a stop that leads through balls alone is clear without a
//! single question. Lengths in m, times in s.
//!
//! **Invariant:** a way on which [`Cover::follow`] finds no blocked place is in balls all along, also between the places looked at.

use super::sweep::Sweep;
use servomesh_robot::collision::Linkage;
use servomesh_types::JointVec;

/// Positions that are known to be clear.
#[derive(Clone, Debug)]
pub struct Cover {
    pairs: Vec<Balls>,
}

/// What is known of one pair of bodies.
#[derive(Clone, Debug)]
struct Balls {
    linkage: Linkage,
    joints: Vec<usize>,
    /// How many balls there are.
    count: usize,
    /// For one ball after the other, how much nearer the two may come; and for each joint, where it stands and how far it reaches.
    rooms: Vec<f64>,
    centres: Vec<f64>,
    reaches: Vec<f64>,
    /// Where the next ball goes once all places are taken.
    oldest: usize,
    /// The one that the last stop began in.
    first: usize,
    /// The newest one: what distances and reaches are about.
    newest: usize,
}

/// A place on a way where a pair has not enough room.
#[derive(Clone, Copy, Debug)]
pub struct Blocked {
    /// Where.
    pub position: JointVec,
    /// Which pair.
    pub pair: usize,
    /// How much room it would need.
    pub needed: f64,
}

/// Asks for the room of two bodies at a position, and for the joints' reaches there.
pub trait Ask {
    /// The room; `reaches` gets one for each mover of the linkage.
    fn ask(&mut self, position: &JointVec, linkage: &mut Linkage, reaches: &mut [f64]) -> f64;
}

/// A stop that is followed.
struct Way<'a, A> {
    sweep: &'a Sweep,
    asks: &'a mut A,
    /// How many questions are left.
    left: usize,
    /// Where it is blocked, and how much room it would need there.
    blocked: (JointVec, f64),
}

impl Cover {
    /// Nothing known yet. Takes all the memory it will ever need.
    pub fn new(linkages: impl IntoIterator<Item = Linkage>) -> Self {
        Self {
            pairs: linkages.into_iter().map(Balls::new).collect(),
        }
    }

    /// What moves the bodies of a pair against each other.
    pub fn linkage(&self, pair: usize) -> &Linkage {
        &self.pairs[pair].linkage
    }

    /// Follows a stop to its end. Says the first place without enough room, if there is one.
    pub fn follow(&mut self, sweep: &Sweep, asks: &mut impl Ask) -> Option<Blocked> {
        let mut way = Way {
            sweep,
            asks,
            left: ASKED,
            blocked: (JointVec::EMPTY, 0.0),
        };
        let blocked = self
            .pairs
            .iter_mut()
            .position(|balls| balls.follow(&mut way).is_none());
        let (position, needed) = way.blocked;
        blocked.map(|pair| Blocked {
            position,
            pair,
            needed,
        })
    }
}

impl Balls {
    fn new(linkage: Linkage) -> Self {
        let joints: Vec<usize> = linkage.joints().collect();
        Self {
            count: 0,
            rooms: vec![0.0; BALLS],
            centres: vec![0.0; BALLS * joints.len()],
            reaches: vec![0.0; BALLS * joints.len()],
            oldest: 0,
            first: 0,
            newest: 0,
            joints,
            linkage,
        }
    }

    /// Nothing if the way is blocked.
    fn follow(&mut self, way: &mut Way<'_, impl Ask>) -> Option<()> {
        let last = way.sweep.places().len().saturating_sub(1);
        let (mut at, mut ball) = (0, self.first);
        while at < last {
            let known = self.find(ball, |balls, ball| {
                let to = balls.farthest(ball, way.sweep, at);
                (to > at).then_some(to)
            });
            let (found, to) = match known {
                Some(known) => known,
                None => {
                    let to = self.learn(at, way)?;
                    (self.newest, to)
                }
            };
            if at == 0 {
                self.first = found;
            }
            (at, ball) = (to, found);
        }
        Some(())
    }

    /// The first ball from `ball` on that `holds`.
    fn find<T>(&self, ball: usize, holds: impl Fn(&Self, usize) -> Option<T>) -> Option<(usize, T)> {
        let balls = (ball..self.count).chain(0..ball.min(self.count));
        balls
            .into_iter()
            .find_map(|ball| holds(self, ball).map(|held| (ball, held)))
    }

    /// The last place that a ball leads to from a place of the row: that place itself if it does not lead to the next one.
    fn farthest(&self, ball: usize, sweep: &Sweep, at: usize) -> usize {
        let places = sweep.places();
        let leads_to = |to: usize| self.left(ball, &places[at], &places[to], sweep.slack()) >= 0.0;
        let (mut to, mut beyond) = (at, places.len());
        if leads_to(beyond - 1) {
            return beyond - 1;
        }
        let mut next = at + 1;
        while next < beyond {
            if leads_to(next) {
                to = next;
            } else {
                beyond = next;
            }
            next = to + (beyond - to).div_ceil(2);
            if next == beyond {
                break;
            }
        }
        to
    }

    /// What is left of a ball's room on the way from one place to another.
    fn left(&self, ball: usize, from: &[f64], to: &[f64], slack: &[f64]) -> f64 {
        let own = ball * self.joints.len()..(ball + 1) * self.joints.len();
        let by = self.joints.iter().zip(&self.centres[own.clone()]);
        let by = by.map(|(&joint, centre)| {
            (from[joint] - centre).abs().max((to[joint] - centre).abs()) + slack[joint]
        });
        self.rooms[ball] - self.linkage.travel(&self.reaches[own], by)
    }

    /// Asks so that the way from a place of the row on is known to be clear. Says to where.
    fn learn(&mut self, at: usize, way: &mut Way<'_, impl Ask>) -> Option<usize> {
        let sweep = way.sweep;
        // Where the room is about as it was when last asked, a ball farther on leads twice as far as one from here.
        if let Some(ahead) = self.ahead(sweep, at) {
            self.ask(&ahead, way)?;
            let to = self.farthest(self.newest, sweep, at);
            if to > at {
                return Some(to);
            }
        }
        let ends = [&sweep.places()[at], &sweep.places()[at + 1]];
        self.divide(ends, [sweep.time_s(at), sweep.time_s(at + 1)], DIVISIONS, way)?;
        Some(at + 1)
    }

    /// A place that a ball about as large as the newest one leads to from here.
    fn ahead(&self, sweep: &Sweep, at: usize) -> Option<JointVec> {
        if self.count == 0 {
            return None;
        }
        let room = AHEAD * self.rooms[self.newest];
        let own = self.newest * self.joints.len()..(self.newest + 1) * self.joints.len();
        let places = sweep.places();
        let is_near = |place: &JointVec| {
            let by = self
                .joints
                .iter()
                .map(|&joint| (place[joint] - places[at][joint]).abs() + sweep.slack()[joint]);
            self.linkage.travel(&self.reaches[own.clone()], by) <= room
        };
        let mut farthest = None;
        let later = LATER_S.iter().map(|&later_s| sweep.end_after(later_s));
        for place in places[at + 1..].iter().copied().chain(later) {
            if !is_near(&place) {
                break;
            }
            farthest = Some(place);
        }
        farthest
    }

    /// Covers the way between two places by balls, known or new, each about the middle of a part of it.
    fn divide(
        &mut self,
        [from, to]: [&JointVec; 2],
        [from_s, to_s]: [f64; 2],
        divisions: usize,
        way: &mut Way<'_, impl Ask>,
    ) -> Option<()> {
        let slack = way.sweep.slack();
        let is_clear = |balls: &Self, ball| (balls.left(ball, from, to, slack) >= 0.0).then_some(());
        if self.find(self.newest, is_clear).is_some() {
            return Some(());
        }
        // The way from the setpoint before takes no time of the stop.
        let can_divide = to_s > from_s && divisions > 0;
        let middle_s = (from_s + to_s) / 2.0;
        let middle = if to_s > from_s {
            way.sweep.at(middle_s)
        } else {
            JointVec::from_fn(from.len(), |joint| (from[joint] + to[joint]) / 2.0)
        };
        self.ask(&middle, way)?;
        let (room, left) = (self.rooms[self.newest], self.left(self.newest, from, to, slack));
        if left >= 0.0 {
            return Some(());
        }
        // NaN is no room either.
        if !can_divide || room.is_nan() || room <= 0.0 {
            way.blocked = (middle, room - left);
            return None;
        }
        self.divide([from, &middle], [from_s, middle_s], divisions - 1, way)?;
        self.divide([&middle, to], [middle_s, to_s], divisions - 1, way)
    }

    /// Makes a new ball, which becomes the newest one. Nothing if it may not ask any more.
    fn ask(&mut self, position: &JointVec, way: &mut Way<'_, impl Ask>) -> Option<()> {
        let Some(left) = way.left.checked_sub(1) else {
            way.blocked = (*position, self.rooms[self.newest]);
            return None;
        };
        way.left = left;
        self.newest = if self.count < BALLS {
            self.count += 1;
            self.count - 1
        } else {
            let next = (self.oldest + 1) % BALLS;
            std::mem::replace(&mut self.oldest, next)
        };
        let own = self.newest * self.joints.len()..(self.newest + 1) * self.joints.len();
        for (centre, &joint) in self.centres[own.clone()].iter_mut().zip(&self.joints) {
            *centre = position[joint];
        }
        let reaches = &mut self.reaches[own];
        self.rooms[self.newest] = way.asks.ask(position, &mut self.linkage, reaches);
        Some(())
    }
}

/// How many balls are kept for each pair: a long stop close to something takes some thirty.
const BALLS: usize = 64;
/// How many questions one stop may take, each about 1 µs: from setpoint to setpoint it takes a few.
const ASKED: usize = 96;
/// How often a step of a stop may be halved where something is near: to about 1 ms.
const DIVISIONS: usize = 4;
/// How far from here the next ball should be, as a share of the room that is expected there.
const AHEAD: f64 = 0.6;
/// For how much later setpoints' stops a ball at the end may be.
const LATER_S: [f64; 4] = [0.005, 0.01, 0.02, 0.04];
