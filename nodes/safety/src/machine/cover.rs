//! What is known to be clear, carried from setpoint to setpoint, so that distances are rarely asked for.
//!
//! Each pair of bodies has balls of its own: a ball is a position, how much nearer the two may come there, and how far the joints between the two reach. What stands
//! around the group stands still, so a ball stays true, and only joints between the two use it up; a stop that leads through balls alone is clear without a
//! single question. Lengths in m, times in s.
//!
//! **Invariant:** a way on which [`Cover::follow`] finds no blocked place is in balls all along, also between the places looked at.

use super::balls::{Balls, Stretch};
use super::sweep::{PLACES, Sweep};
use servomesh_robot::collision::Linkage;
use servomesh_types::JointVec;

/// Positions that are known to be clear.
#[derive(Clone, Debug)]
pub struct Cover {
    pairs: Vec<Pair>,
}

/// What is known of one pair of bodies.
#[derive(Clone, Debug)]
struct Pair {
    balls: Balls,
    /// What the last stop led through, and what this one does.
    chain: Chain,
    next_chain: Chain,
}

/// The balls that a stop leads through, each with the place of its row that it leads to.
#[derive(Clone, Debug)]
struct Chain {
    links: Vec<(usize, usize)>,
    count: usize,
}

impl Chain {
    /// With all the memory that it will ever need.
    fn new() -> Self {
        Self {
            links: vec![(0, 0); PLACES],
            count: 0,
        }
    }

    fn push(&mut self, ball: usize, to: usize) {
        self.links[self.count] = (ball, to);
        self.count += 1;
    }
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
    sweep: &'a Sweep<'a>,
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
            pairs: linkages.into_iter().map(Pair::new).collect(),
        }
    }

    /// What moves the bodies of a pair against each other.
    pub fn linkage(&self, pair: usize) -> &Linkage {
        self.pairs[pair].balls.linkage()
    }

    /// Follows a stop to its end. Says the first place without enough room, if there is one.
    pub fn follow(&mut self, sweep: &Sweep<'_>, asks: &mut impl Ask) -> Option<Blocked> {
        let mut way = Way {
            sweep,
            asks,
            left: ASKED,
            blocked: (JointVec::EMPTY, 0.0),
        };
        let blocked = self
            .pairs
            .iter_mut()
            .position(|pair| pair.follow(&mut way).is_none());
        let (position, needed) = way.blocked;
        blocked.map(|pair| Blocked {
            position,
            pair,
            needed,
        })
    }
}

impl Pair {
    fn new(linkage: Linkage) -> Self {
        Self {
            balls: Balls::new(linkage),
            chain: Chain::new(),
            next_chain: Chain::new(),
        }
    }

    /// Nothing if the way is blocked.
    fn follow(&mut self, way: &mut Way<'_, impl Ask>) -> Option<()> {
        let sweep = way.sweep;
        let last = sweep.places().len().saturating_sub(1);
        self.next_chain.count = 0;
        let (mut at, mut link) = (0, 0);
        while at < last {
            let (ball, to) = match self.recall(&mut link, sweep, at) {
                Some(known) => known,
                None => match self.balls.best(&stretch(sweep, at, at + 1)) {
                    Some(ball) => (ball, self.leads_to(ball, sweep, at, at + 1)),
                    None => self.learn(at, way)?,
                },
            };
            self.next_chain.push(ball, to);
            at = to;
        }
        std::mem::swap(&mut self.chain, &mut self.next_chain);
        Some(())
    }

    /// The ball in which the last stop went on at about this place of its row.
    fn recall(&self, link: &mut usize, sweep: &Sweep<'_>, at: usize) -> Option<(usize, usize)> {
        let links = self.chain.links[*link..self.chain.count].iter().take(RECALLED);
        for (next, &(ball, guess)) in links.enumerate() {
            let to = self.leads_to(ball, sweep, at, guess);
            if to > at {
                *link += next + 1;
                return Some((ball, to));
            }
        }
        None
    }

    /// The last place that a ball leads to from a place of the row, perhaps about `guess`: that place itself if it does not lead to the next one.
    fn leads_to(&self, ball: usize, sweep: &Sweep<'_>, at: usize, guess: usize) -> usize {
        let leads_to = |to: usize| self.balls.left(ball, &stretch(sweep, at, to)) >= 0.0;
        let last = sweep.places().len() - 1;
        let guess = guess.clamp(at + 1, last);
        let (mut to, mut beyond) = (at, guess);
        if leads_to(guess) {
            // Most lead as far as they did, and of those that lead farther most lead to the end.
            if guess == last || !leads_to(guess + 1) {
                return guess;
            }
            if leads_to(last) {
                return last;
            }
            (to, beyond) = (guess + 1, last);
        } else if guess == at + 1 || !leads_to(at + 1) {
            return at;
        }
        while to + 1 < beyond {
            let middle = to + (beyond - to) / 2;
            if leads_to(middle) {
                to = middle;
            } else {
                beyond = middle;
            }
        }
        to
    }

    /// Asks so that the way from a place of the row on is known to be clear. Says in which ball, and to where.
    fn learn(&mut self, at: usize, way: &mut Way<'_, impl Ask>) -> Option<(usize, usize)> {
        let sweep = way.sweep;
        // Where the room is about as it was when last asked, a ball farther on leads twice as far as one from here.
        if let Some(ahead) = self.ahead(sweep, at) {
            let ball = self.ask(&ahead, way)?;
            let to = self.leads_to(ball, sweep, at, at + 1);
            if to > at {
                return Some((ball, to));
            }
        }
        let ends = [&sweep.places()[at], &sweep.places()[at + 1]];
        let ball = self.ask_or_divide(ends, [sweep.time_s(at), sweep.time_s(at + 1)], DIVISIONS, way)?;
        Some((ball, at + 1))
    }

    /// A place that a ball about as large as the newest one leads to from here.
    fn ahead(&self, sweep: &Sweep<'_>, at: usize) -> Option<JointVec> {
        let room = AHEAD * self.balls.room(self.balls.newest());
        let places = sweep.places();
        let place = |ahead: usize| match places.get(at + ahead) {
            Some(place) => *place,
            None => sweep.end_after(LATER_S[at + ahead - places.len()]),
        };
        let (mut near, mut far) = (0, places.len() - at + LATER_S.len());
        while near + 1 < far {
            let middle = near + (far - near) / 2;
            if self.balls.about(&places[at], &place(middle), sweep.slack()) <= room {
                near = middle;
            } else {
                far = middle;
            }
        }
        (near > 0).then(|| place(near))
    }

    /// Covers the way between two places by balls, known or new, each about the middle of a part of it. Says the last of them.
    fn divide(
        &mut self,
        [from, to]: [&JointVec; 2],
        [from_s, to_s]: [f64; 2],
        divisions: usize,
        way: &mut Way<'_, impl Ask>,
    ) -> Option<usize> {
        let slack = way.sweep.slack();
        match self.balls.best(&Stretch { from, to, slack }) {
            Some(known) => Some(known),
            None => self.ask_or_divide([from, to], [from_s, to_s], divisions, way),
        }
    }

    /// The same where no ball is known for the whole of it.
    fn ask_or_divide(
        &mut self,
        [from, to]: [&JointVec; 2],
        [from_s, to_s]: [f64; 2],
        divisions: usize,
        way: &mut Way<'_, impl Ask>,
    ) -> Option<usize> {
        let slack = way.sweep.slack();
        // The way from the setpoint before takes no time of the stop.
        let can_divide = to_s > from_s && divisions > 0;
        let middle_s = (from_s + to_s) / 2.0;
        let middle = if to_s > from_s {
            way.sweep.at(middle_s)
        } else {
            JointVec::from_fn(from.len(), |joint| (from[joint] + to[joint]) / 2.0)
        };
        // Where the room is as small as it was when last asked, one ball about the middle will not do; smaller ones may be known.
        let newest = self.balls.newest();
        let expected = self.balls.room(newest) - self.balls.about(&middle, to, slack);
        if !can_divide || expected >= 0.0 {
            let ball = self.ask(&middle, way)?;
            let left = self.balls.left(ball, &Stretch { from, to, slack });
            let room = self.balls.room(ball);
            if left >= 0.0 {
                return Some(ball);
            }
            // NaN is no room either.
            if !can_divide || room.is_nan() || room <= 0.0 {
                way.blocked = (middle, room - left);
                return None;
            }
        }
        self.divide([from, &middle], [from_s, middle_s], divisions - 1, way)?;
        self.divide([&middle, to], [middle_s, to_s], divisions - 1, way)
    }

    /// Makes a new ball; nothing if no more may be asked.
    fn ask(&mut self, position: &JointVec, way: &mut Way<'_, impl Ask>) -> Option<usize> {
        let Some(left) = way.left.checked_sub(1) else {
            way.blocked = (*position, self.balls.room(self.balls.newest()));
            return None;
        };
        way.left = left;
        let asks = &mut *way.asks;
        Some(
            self.balls
                .make(position, |linkage, reaches| asks.ask(position, linkage, reaches)),
        )
    }
}

fn stretch<'a>(sweep: &'a Sweep<'_>, from: usize, to: usize) -> Stretch<'a> {
    Stretch {
        from: &sweep.places()[from],
        to: &sweep.places()[to],
        slack: sweep.slack(),
    }
}

/// How many questions one stop may take, each 2 to 3 µs: most stops take none, hardly one takes five.
const ASKED: usize = 48;
/// How many of the last stop's balls are looked at where one ends: most stops lead through the same ones.
const RECALLED: usize = 3;
/// How often a step of a stop may be halved where something is near: to about 1 ms.
const DIVISIONS: usize = 4;
/// How far from here the next ball should be, as a share of the room that is expected there.
const AHEAD: f64 = 0.6;
/// For how much later setpoints' stops a ball at the end may be.
const LATER_S: [f64; 4] = [0.005, 0.01, 0.02, 0.04];
