//! The way back after a collision: a little along the way the group came, so that nothing stays clamped.
//!
//! Positions in rad (m). **Invariant:** it leads to a place where the group was commanded shortly before, from rest to rest, within a
//! quarter of each joint's velocity, half its acceleration, and its jerk.

use crate::checks::JointRules;
use crate::digest::Digest;
use crate::stop::Reference;
use servomesh_types::{JointVec, Stamp};
use std::hash::Hasher;

/// Where the group was commanded lately.
#[derive(Clone, Debug)]
pub struct Trail {
    places: [JointVec; PLACES],
    /// How many there are, and where the next one goes.
    kept: usize,
    next: usize,
    /// How far it goes back at most.
    length: f64,
}

impl Trail {
    /// Remembers as much as it takes to go back by `length`.
    pub fn new(length: f64) -> Self {
        Self {
            places: [JointVec::EMPTY; PLACES],
            kept: 0,
            next: 0,
            length,
        }
    }

    /// Forgets it all: a new motion begins.
    pub fn clear(&mut self) {
        self.kept = 0;
    }

    /// Takes the next commanded position.
    pub fn note(&mut self, position: &JointVec) {
        if self.length <= 0.0 {
            return;
        }
        let spacing = 2.0 * self.length / PLACES as f64;
        let last = self.back(0);
        if last.is_none_or(|last| farthest(last, position) >= spacing) {
            self.places[self.next] = *position;
            self.next = (self.next + 1) % PLACES;
            self.kept = (self.kept + 1).min(PLACES);
        }
    }

    /// Where to go back to from a place; nothing if the group did not come from anywhere.
    pub fn target(&self, from: &JointVec) -> Option<JointVec> {
        let mut target = None;
        for back in 0..self.kept {
            let place = self.back(back)?;
            target = Some(*place);
            if farthest(from, place) >= self.length {
                break;
            }
        }
        target.filter(|target| farthest(from, target) > 0.0)
    }

    /// What of it decides about the future.
    pub(crate) fn digest<H: Hasher>(&self, digest: &mut Digest<'_, H>) {
        let Self {
            places: _,
            kept,
            // Which place is overwritten next is seen in none of them.
            next: _,
            length: _,
        } = self;
        digest.value(kept);
        (0..*kept)
            .filter_map(|steps| self.back(steps))
            .for_each(|place| digest.joints(place));
    }

    fn back(&self, steps: usize) -> Option<&JointVec> {
        (steps < self.kept).then(|| &self.places[(self.next + PLACES - 1 - steps) % PLACES])
    }
}

/// A way back that runs; a plain value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retreat {
    from: Reference,
    to: JointVec,
    duration_s: f64,
}

impl Retreat {
    /// From rest at `from` to rest at `to`, with the least jerk (Flash and Hogan, 1985).
    pub fn plan(from: &Reference, to: JointVec, rules: &[JointRules]) -> Self {
        let mut duration_s: f64 = 0.0;
        for (joint, rule) in rules.iter().enumerate() {
            let way = (to[joint] - from.position[joint]).abs();
            // Peaks of the quintic: 15/8·d/T, 10/√3·d/T², 60·d/T³.
            let by_velocity = 1.875 * way / (rule.velocity / 4.0);
            let by_acceleration = (5.774 * way / (rule.acceleration / 2.0)).sqrt();
            let by_jerk = (60.0 * way / rule.jerk).cbrt();
            duration_s = duration_s.max(by_velocity).max(by_acceleration).max(by_jerk);
        }
        Self {
            from: *from,
            to,
            duration_s,
        }
    }

    /// What of it decides about the future.
    pub(crate) fn digest<H: Hasher>(&self, digest: &mut Digest<'_, H>) {
        let Self { from, to, duration_s } = self;
        from.digest(digest);
        digest.joints(to);
        digest.number(*duration_s);
    }

    /// Where it is as told at `now`, and whether it has come to its end.
    pub fn at(&self, now: Stamp) -> (Reference, bool) {
        let elapsed_s = now.seconds_from(self.from.told).max(0.0);
        let ended = elapsed_s >= self.duration_s;
        let (s, rate) = if ended {
            (1.0, 0.0)
        } else {
            (elapsed_s / self.duration_s, 1.0 / self.duration_s)
        };
        let place = s * s * s * (10.0 + s * (6.0 * s - 15.0));
        let velocity = rate * 30.0 * s * s * (1.0 + s * (s - 2.0));
        let acceleration = rate * rate * 60.0 * s * (1.0 + s * (2.0 * s - 3.0));
        let (from, joints) = (&self.from.position, self.to.len());
        let way = |joint: usize| self.to[joint] - from[joint];
        let reference = Reference {
            told: now,
            stamp: self.from.stamp + now.since(self.from.told),
            position: JointVec::from_fn(joints, |joint| from[joint] + place * way(joint)),
            velocity: JointVec::from_fn(joints, |joint| velocity * way(joint)),
            acceleration: JointVec::from_fn(joints, |joint| acceleration * way(joint)),
        };
        (reference, ended)
    }
}

/// How far the joint goes that goes farthest.
fn farthest(from: &JointVec, to: &JointVec) -> f64 {
    from.iter()
        .zip(to.iter())
        .fold(0.0, |most, (from, to)| f64::max(most, (to - from).abs()))
}

/// How many places are remembered, twice as close as it takes.
const PLACES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn it_goes_back_the_way_it_came_within_its_limits() {
        let mut trail = Trail::new(0.05);
        for step in 0..200 {
            trail.note(&JointVec::from([f64::from(step) * 0.002, 0.0]));
        }
        let here = JointVec::from([0.4, 0.0]);
        let target = trail.target(&here).expect("it came from somewhere");
        assert!((0.05..0.07).contains(&(here[0] - target[0])), "{target:?}");
        let rule = JointRules {
            velocity: 1.0,
            acceleration: 4.0,
            jerk: 40.0,
            ..JointRules::default()
        };
        let from = Reference {
            position: here,
            velocity: JointVec::zeros(2),
            acceleration: JointVec::zeros(2),
            ..Reference::default()
        };
        let retreat = Retreat::plan(&from, target, &[rule, rule]);
        let (mut now, mut before) = (Stamp::ZERO, from);
        loop {
            now = now + Duration::from_millis(1);
            let (to, ended) = retreat.at(now);
            let jerk = (to.acceleration[0] - before.acceleration[0]) / 1e-3;
            assert!(
                jerk.abs() <= 40.0 * 1.01 && to.acceleration[0].abs() <= 2.01 && to.velocity[0].abs() <= 0.25,
                "{to:?}"
            );
            before = to;
            if ended {
                break;
            }
        }
        assert_eq!((before.position, before.velocity[0]), (target, 0.0));
    }

    #[test]
    fn who_came_from_nowhere_stays() {
        assert_eq!(Trail::new(0.05).target(&JointVec::from([0.0])), None);
    }
}
