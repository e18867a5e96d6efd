//! Which stop is made: the quickest found at once, the one that is ready, or the path's own end.
//!
//! **Invariant:** a stop takes no longer, and leads no farther, than what was announced.

use servomesh_types::{JointVec, Stopping};

use super::transition::append;
use super::way::way_between;
use super::{FINE, Pace};
use crate::bounds::Bounds;
use crate::path_time::PathTime;
use crate::state::State;
use crate::timed_path::TimedPath;

impl Pace {
    /// Comes to rest within `longest`, in s, for good; tells whether there is such a stop on the path.
    pub fn stop(&mut self, path: &TimedPath, u: f64, longest: f64) -> bool {
        self.stop_as_announced(path, u, longest, None)
    }

    /// The same; where no stop is ready, it takes no more than `announced` either.
    pub(crate) fn stop_as_announced(
        &mut self,
        path: &TimedPath,
        u: f64,
        longest: f64,
        announced: Option<&Stopping>,
    ) -> bool {
        if self.wish.stopped {
            return true;
        }
        (self.attempt, self.hastening) = (None, None);
        let u = u.max(0.0);
        if let Some((when, law)) = self.replaced.take()
            && when >= u
        {
            self.law = law;
            self.renew(path, u);
        }
        let (_, rest) = self.law.settled();
        let view = self.view(path, u);
        if rest.rate == 0.0 {
            // Under way to a rest, or there; a way back may be left sooner.
            let _ = self.returning.is_some_and(|until| u < until) && self.leave_the_way_back(path, u);
            self.hasten(path, u);
            let (settled, _) = self.law.settled();
            self.wish.stopped = settled - u <= longest;
            return self.wish.stopped;
        }
        let now = self.law.at(u);
        self.search.begin(&view, now, 0.0, &self.room, FINE);
        self.search.search(&view, &self.room);
        let ready = self.stops.ready(u);
        let keeps = |until: f64, s: f64| match (ready, announced) {
            // On the same path, what ends sooner leads no farther.
            (Some(ready), _) => until <= ready.until && s <= ready.end.s,
            (None, Some(announced)) => {
                let way = way_between(&view, &self.room, now.s, s);
                until - u <= announced.time_s
                    && way.iter().zip(announced.distance.iter()).all(|(w, d)| w <= d)
            }
            (None, None) => true,
        };
        // A path that runs on has an end, but no rest there.
        let end = self.end(path).filter(|_| path.ends_at_rest());
        let sooner = self
            .search
            .found()
            .last()
            .map(|node| (u + node.u, node.time.s))
            .filter(|(until, s)| keeps(*until, *s) && end.is_none_or(|end| *until <= end));
        let (until, from) = match (sooner, ready) {
            (Some((until, _)), _) => (until, Some(u)),
            (None, Some(ready)) => (ready.until, Some(ready.from).filter(|from| from.is_finite())),
            (None, None) => {
                let end = end.filter(|end| keeps(*end, path.duration()));
                (end.unwrap_or(f64::INFINITY), None)
            }
        };
        if until == f64::INFINITY {
            return false;
        }
        let before = (until - u > longest).then(|| self.law.clone());
        match (from, sooner.is_some(), ready) {
            (Some(_), true, _) => {
                self.law.cut(u);
                append(&mut self.law, u, &view, self.search.found());
            }
            (Some(from), false, Some(ready)) => {
                self.law.cut_ahead(u, from);
                append(&mut self.law, from, &view, &ready.nodes);
            }
            _ => {
                // The end of the path comes first.
                self.stop_at_the_end(path, u);
            }
        }
        self.renew(path, u);
        self.hasten(path, u);
        self.wish.stopped = true;
        if let Some(before) = before
            && self.law.settled().0 - u > longest
        {
            self.law = before;
            self.wish.stopped = false;
            self.renew(path, u);
            return false;
        }
        self.retry = None;
        true
    }

    /// Runs to the path's end, which is at rest, for good.
    pub(crate) fn stop_at_the_end(&mut self, path: &TimedPath, u: f64) {
        let end = path.duration();
        if let Some(until) = self.law.when_at(end) {
            self.law.cut_ahead(u, until);
            self.law.push(until, PathTime::steady(end, 0.0));
            self.wish.stopped = true;
            self.renew(path, u);
        }
    }
}

/// What a stop beside the path takes at most: each joint lets its acceleration go, then brakes.
pub fn stopping_beside(state: &State, bounds: &Bounds) -> Stopping {
    let n = state.velocity.len();
    let mut stopping = Stopping {
        time_s: 0.0,
        distance: JointVec::zeros(n),
    };
    for i in 0..n {
        let (v, a) = (state.velocity[i].abs(), state.acceleration[i].abs());
        let (most, jerk) = (bounds.acceleration[i], bounds.jerk[i]);
        let settle = a / jerk;
        let speed = v + 0.5 * a * settle;
        let braking = if speed * jerk > most * most {
            speed / most + most / jerk
        } else {
            2.0 * (speed / jerk).sqrt()
        };
        stopping.time_s = stopping.time_s.max(settle + braking);
        stopping.distance[i] = speed * (settle + 0.5 * braking);
    }
    stopping
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::PointToPoint;

    #[test]
    fn running_to_the_end_for_good_changes_nothing_before_it() {
        let vector = |value: f64| JointVec::from([value]);
        let bounds = Bounds {
            lower: vector(-10.0),
            upper: vector(10.0),
            velocity: vector(1.0),
            acceleration: vector(5.0),
            jerk: vector(50.0),
        };
        let profile = PointToPoint::new(1)
            .position(&State::at_rest(vector(0.0)), &vector(4.0), &bounds)
            .expect("is within the bounds");
        let path = TimedPath::Profile(profile);
        let mut pace = Pace::new(&path, &bounds);
        pace.set_rate(&path, 1.0, 0.6);
        let moments = [1.01, 1.1, 1.5, 3.0];
        let before = moments.map(|u| pace.at(u));
        assert!(before[0].acceleration < 0.0, "the rate is changing");
        pace.stop_at_the_end(&path, 1.005);
        assert_eq!(moments.map(|u| pace.at(u)), before);
        assert!(pace.is_stopped());
    }
}
