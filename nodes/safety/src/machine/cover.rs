//! Balls of positions that are known to be clear, carried from setpoint to setpoint, so that exact distances are rare.
//!
//! A ball is a position and, for each pair of bodies, how much nearer the two may come. What stands around the group stands still, so a ball stays
//! true; a stop that leads through balls alone is clear without a single question. Lengths in m, times in s.
//!
//! **Invariant:** a way on which [`Cover::follow`] finds no blocked place is in balls all along, also between the places looked at.

use crate::checks::JointRules;
use crate::stop::Stop;
use servomesh_types::{JointVec, MAX_JOINTS};

/// Positions that are known to be clear.
#[derive(Clone, Debug)]
pub struct Cover {
    /// How far each joint moves the bodies of each pair against each other, at most.
    pairs: Vec<JointVec>,
    centres: Vec<JointVec>,
    /// The room of each pair, for one ball after the other.
    rooms: Vec<f64>,
    /// For each ball the pair that had the least room for its pace.
    tightest: Vec<usize>,
    /// Where the next ball goes once all places are taken.
    oldest: usize,
    /// The ball that the way was in last: the likeliest to hold the next place.
    last: usize,
    /// What is needed, and how fast it is used up, at the place looked at.
    needs: Vec<Need>,
}

/// One pair at the place looked at.
#[derive(Clone, Copy, Debug, Default)]
struct Need {
    /// What has to be left.
    margin: f64,
    /// How fast two bodies come nearer to each other at most, now.
    speed: f64,
    /// How fast that grows at most.
    acceleration: f64,
    /// One over the speed that they may have a little later: what makes room a time.
    slowness: f64,
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

impl Cover {
    /// Nothing known yet. Takes all the memory it will ever need.
    pub fn new(pairs: Vec<JointVec>) -> Self {
        Self {
            centres: Vec::with_capacity(BALLS),
            rooms: Vec::with_capacity(BALLS * pairs.len()),
            tightest: Vec::with_capacity(BALLS),
            needs: vec![Need::default(); pairs.len()],
            oldest: 0,
            last: 0,
            pairs,
        }
    }

    /// Follows a stop to its end, the way to its beginning from `from` included, with room for a stop that begins `reaction_s` later. Asks `room`
    /// for the room of each pair where nothing is known. Says the first place without enough, if there is one.
    pub fn follow(
        &mut self,
        from: &[f64],
        stop: &Stop,
        rules: &[JointRules],
        reaction_s: f64,
        mut room: impl FnMut(&JointVec, &mut [f64]),
    ) -> Option<Blocked> {
        if self.pairs.is_empty() {
            return None;
        }
        let (joints, end_s) = (from.len(), stop.duration_s());
        let (mut at_s, mut asked) = (0.0, 0);
        for (need, reach) in self.needs.iter_mut().zip(&self.pairs) {
            let rates = reach.iter().zip(rules);
            need.acceleration = rates.map(|(reach, rule)| reach * rule.acceleration).sum();
        }
        for place in 0..PLACES {
            let (mut position, mut velocity) = (JointVec::zeros(joints), JointVec::zeros(joints));
            for joint in 0..joints {
                (position[joint], velocity[joint]) = stop.joint_at(joint, at_s);
            }
            self.take_pace(&velocity);
            if place == 0 {
                // A stop that begins later leads farther by at most twice the way until it begins: once for the delay, once for
                // the speed that is gained meanwhile. The way from the setpoint before is known to end here.
                for (need, reach) in self.needs.iter_mut().zip(&self.pairs) {
                    let delay = reaction_s * (need.speed + need.acceleration * reaction_s / 2.0);
                    need.margin = 2.0 * delay + travel(reach, from, &position);
                }
            }
            let goes_on = at_s < end_s;
            let (mut lasts_s, fresh_s) = self.best(&position);
            // What is near all the way leaves little room everywhere: a new ball would last no longer.
            let worthwhile_s = WORTHWHILE_S.min(WORTHWHILE * fresh_s).max(LEAST_S);
            if lasts_s < if goes_on { worthwhile_s } else { 0.0 } {
                asked += 1;
                let ball = self.place_for(&position);
                room(&position, &mut self.rooms[ball.clone()]);
                self.tightest[self.last] = self.tightest_of(ball);
                lasts_s = self
                    .lasts_longer(self.last, &position, f64::NEG_INFINITY)
                    .map_or(f64::NEG_INFINITY, |(lasts_s, _)| lasts_s);
            }
            let (step_s, pair) = self.step(&position);
            // NaN is no room either.
            let enough = lasts_s >= 0.0 && (!goes_on || step_s >= LEAST_S);
            if !enough || asked > ASKED {
                return Some(Blocked {
                    position,
                    pair,
                    needed: self.needs[pair].margin,
                });
            }
            if !goes_on {
                return None;
            }
            if place == 0 {
                for (need, reach) in self.needs.iter_mut().zip(&self.pairs) {
                    need.margin -= travel(reach, from, &position);
                }
            }
            at_s = (at_s + step_s).min(end_s);
        }
        // So many places mean that things are near all along: at this speed that can't be shown to be clear.
        let mut position = JointVec::zeros(joints);
        (0..joints).for_each(|joint| position[joint] = stop.joint_at(joint, at_s).0);
        let (_, pair) = self.step(&position);
        Some(Blocked {
            position,
            pair,
            needed: self.needs[pair].margin,
        })
    }

    /// How fast each pair may come nearer at these velocities.
    fn take_pace(&mut self, velocity: &[f64]) {
        for (need, reach) in self.needs.iter_mut().zip(&self.pairs) {
            let rates = reach.iter().zip(velocity);
            need.speed = rates.map(|(reach, velocity)| reach * velocity.abs()).sum();
            need.slowness = 1.0 / (need.speed + need.acceleration * LATER_S).max(f64::MIN_POSITIVE);
        }
    }

    /// Finds a ball that lasts long from here \[s\], less than nothing where there is none; and how long it would last from its
    /// centre.
    fn best(&mut self, position: &JointVec) -> (f64, f64) {
        let (mut best_s, mut fresh_s, mut ball) = (f64::NEG_INFINITY, 0.0, self.last);
        for _ in 0..self.centres.len() {
            if let Some((lasts_s, pair)) = self.lasts_longer(ball, position, best_s) {
                (best_s, self.last) = (lasts_s, ball);
                fresh_s = self.rooms[ball * self.pairs.len() + pair] * self.needs[pair].slowness;
                if best_s > PLENTY_S {
                    break;
                }
            }
            ball = if ball + 1 == self.centres.len() {
                0
            } else {
                ball + 1
            };
        }
        (best_s, fresh_s)
    }

    /// About how long a ball lasts from here \[s\], and for which pair it ends first; nothing if that is no longer than `best_s`.
    fn lasts_longer(&self, ball: usize, position: &JointVec, best_s: f64) -> Option<(f64, usize)> {
        let rooms = &self.rooms[ball * self.pairs.len()..][..self.pairs.len()];
        let mut away = [0.0; MAX_JOINTS];
        for ((away, centre), position) in away
            .iter_mut()
            .zip(self.centres[ball].iter())
            .zip(position.iter())
        {
            *away = (position - centre).abs();
        }
        let lasts_s = |pair: usize| {
            let used = self.pairs[pair]
                .iter()
                .zip(&away)
                .map(|(reach, away)| reach * away);
            (rooms[pair] - used.sum::<f64>() - self.needs[pair].margin) * self.needs[pair].slowness
        };
        // The pair that had the least room is the likeliest to end it. NaN ends it at once.
        let tightest = self.tightest[ball];
        let mut first = (lasts_s(tightest), tightest);
        for pair in 0..rooms.len() {
            if first.0.is_nan() || first.0 <= best_s {
                return None;
            }
            let lasts_s = lasts_s(pair);
            if lasts_s.is_nan() || lasts_s < first.0 {
                first = (lasts_s, pair);
            }
        }
        (first.0 > best_s).then_some(first)
    }

    /// How long the last ball lasts for certain \[s\], and for which pair it ends first: speed·t + acceleration·t²/2 = what is left.
    fn step(&self, position: &JointVec) -> (f64, usize) {
        let (centre, count) = (&self.centres[self.last], self.pairs.len());
        let rooms = &self.rooms[self.last * count..][..count];
        let mut first = (f64::INFINITY, 0);
        for (pair, ((reach, room), need)) in self.pairs.iter().zip(rooms).zip(&self.needs).enumerate() {
            let left = room - travel(reach, centre, position) - need.margin;
            if left < 0.0 || left.is_nan() {
                return (f64::NEG_INFINITY, pair);
            }
            // What is not used up by then ends no sooner.
            let longest_s = first.0;
            if longest_s.is_finite() && left >= longest_s * (need.speed + need.acceleration * longest_s / 2.0)
            {
                continue;
            }
            let rate = need.speed + (need.speed * need.speed + 2.0 * need.acceleration * left).sqrt();
            if rate > 0.0 {
                first = (2.0 * left / rate, pair);
            }
        }
        first
    }

    /// The pair with the least room for its pace, in a ball with these rooms.
    fn tightest_of(&self, ball: std::ops::Range<usize>) -> usize {
        let lasts = self.rooms[ball].iter().zip(&self.needs);
        let lasts = lasts.map(|(room, need)| room * need.slowness);
        let first = lasts.enumerate().min_by(|(_, a), (_, b)| a.total_cmp(b));
        first.map_or(0, |(pair, _)| pair)
    }

    /// The place for a new ball, which becomes the last one: the range of its rooms.
    fn place_for(&mut self, centre: &JointVec) -> std::ops::Range<usize> {
        let count = self.pairs.len();
        if self.centres.len() < BALLS {
            self.last = self.centres.len();
            self.centres.push(*centre);
            self.rooms.resize(self.rooms.len() + count, 0.0);
            self.tightest.push(0);
        } else {
            self.last = self.oldest;
            self.centres[self.last] = *centre;
            self.oldest = (self.oldest + 1) % BALLS;
        }
        self.last * count..(self.last + 1) * count
    }
}

/// How far two bodies move against each other at most between two positions.
fn travel(reach: &[f64], from: &[f64], to: &[f64]) -> f64 {
    let pairs = from.iter().zip(to).zip(reach);
    pairs.map(|((from, to), reach)| reach * (to - from).abs()).sum()
}

/// How many balls are kept: a long stop close to something takes about fifty.
const BALLS: usize = 96;
/// How many places of one stop are looked at.
const PLACES: usize = 128;
/// How many exact questions one stop may take, each about 10 µs: from setpoint to setpoint it takes one or two.
const ASKED: usize = 24;
/// A ball that lasts less is not worth going on in while an exact distance may give more …
const WORTHWHILE_S: f64 = 0.01;
/// … unless it is this share of what it would last from its centre.
const WORTHWHILE: f64 = 0.3;
/// A ball that lasts so long need not be compared with others.
const PLENTY_S: f64 = 0.04;
/// A step below which a way is blocked, or it would take ever more places.
const LEAST_S: f64 = 0.001;
/// For how far ahead accelerations count in comparisons.
const LATER_S: f64 = 0.02;
