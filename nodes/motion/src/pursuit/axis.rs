//! One joint's limits, and one tick of following a target or a velocity within them. SI, rad or m; times in s.
//!
//! **Invariant:** whatever is asked, the joint can come to rest within its limits after each tick, and does not leave them during it. From a
//! state that already can't, it comes to rest no farther outside than it must.

use super::chase::{Speeds, Step, chase};
use super::ramp::{Point, Ramp, Rates};
use crate::bounds::Quantity;

/// Limits of one joint.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    /// Lowest position; −∞ for none.
    pub lower: f64,
    /// Highest position; ∞ for none.
    pub upper: f64,
    /// Largest speed.
    pub velocity: f64,
    /// Largest acceleration.
    pub acceleration: f64,
    /// Largest jerk.
    pub jerk: f64,
}

/// Where a joint is after a tick, and whether that is its target.
#[derive(Clone, Copy, Debug)]
pub struct Followed {
    /// Where it is.
    pub point: Point,
    /// Whether it is where the target is, and moves as it does.
    pub on_target: bool,
}

/// Lowest and highest position and velocity of a stretch of motion.
#[derive(Clone, Copy, Debug)]
struct Extent {
    position: (f64, f64),
    velocity: (f64, f64),
}

impl Axis {
    /// The quickest way on towards `target`, which is where the target is at the end of this tick of `dt` seconds.
    ///
    /// Where the target goes beyond the limits, the joint follows as far as they let it.
    pub fn follow(&self, from: Point, target: Point, dt: f64) -> Followed {
        let room = self.room(from, &self.stop(from));
        let wanted = self.reachable(target);
        if let Some(landed) = self.land(from, wanted, dt, &room) {
            return Followed {
                point: landed,
                on_target: wanted == target,
            };
        }
        let constant = Point { a: 0.0, ..wanted };
        let resting = Point {
            p: wanted.p,
            v: 0.0,
            a: 0.0,
        };
        let point = [wanted, constant, resting]
            .into_iter()
            .find_map(|target| self.checked(from, &self.towards(from, target, self.velocity, dt).0, &room))
            .unwrap_or_else(|| self.rest(from, dt));
        Followed {
            point,
            on_target: false,
        }
    }

    /// The quickest way on towards a velocity, as far as the range of positions lets it.
    pub fn follow_velocity(&self, from: Point, velocity: f64, dt: f64) -> Point {
        let room = self.room(from, &self.stop(from));
        let velocity = velocity.clamp(-self.velocity, self.velocity);
        let ramp = Ramp::to(from, velocity, self.rates());
        let straight = Step::along(&ramp, dt);
        if let Some(mut point) = self.checked(from, &straight, &room) {
            if ramp.duration() <= dt {
                (point.v, point.a) = (velocity, 0.0);
            }
            return point;
        }
        let limit = if velocity > 0.0 { self.upper } else { self.lower };
        let at_limit = Point {
            p: limit,
            ..Point::default()
        };
        let to_limit = (velocity.abs() > 0.0 && limit.is_finite())
            .then(|| self.towards(from, at_limit, velocity.abs(), dt).0);
        to_limit
            .and_then(|step| self.checked(from, &step, &room))
            .unwrap_or_else(|| self.rest(from, dt))
    }

    /// One tick of coming to rest as soon as possible.
    pub fn rest(&self, from: Point, dt: f64) -> Point {
        let stop = self.stop(from);
        let mut point = stop.at(from, dt);
        if stop.duration() <= dt {
            // Exactly, so that a joint at rest stays where it is.
            (point.v, point.a) = (0.0, 0.0);
        }
        point
    }

    /// Where the joint would come to rest, and after how many seconds.
    pub fn resting_place(&self, from: Point) -> (f64, f64) {
        let stop = self.stop(from);
        (stop.end(from).p, stop.duration())
    }

    /// Whether the joint is within its limits and can come to rest there.
    pub fn can_stop(&self, from: Point) -> bool {
        let extent = Extent::of(from, &self.stop(from).0);
        from.a.abs() <= self.acceleration * (1.0 + ROUNDING) && self.within().contains(&extent)
    }

    /// The same if the joint can go from `from` to `to` in `dt` seconds, as far as the jerk that takes can be told from both.
    pub fn allows(&self, from: Point, to: Point, dt: f64) -> bool {
        self.jerk_between(from, to, dt) <= self.jerk * (1.0 + ROUNDING) && self.can_stop(to)
    }

    /// What [`Axis::allows`] finds too much of, how much of it there is, and how much there may be.
    pub fn excess(&self, from: Point, to: Point, dt: f64) -> Option<(Quantity, f64, f64)> {
        let jerk = self.jerk_between(from, to, dt);
        if jerk <= self.jerk * (1.0 + ROUNDING) {
            return self.excess_at(to);
        }
        Some((Quantity::Jerk, jerk, self.jerk))
    }

    /// What [`Axis::can_stop`] finds too much of: positions and velocities are the farthest and the quickest on the way to rest.
    pub fn excess_at(&self, at: Point) -> Option<(Quantity, f64, f64)> {
        if self.can_stop(at) {
            return None;
        }
        let extent = Extent::of(at, &self.stop(at).0);
        let farthest = |(low, high): (f64, f64), lower: f64, upper: f64| match low < lower {
            true => (low, lower),
            false => (high, upper),
        };
        let within = self.within();
        let (velocity, fastest) = farthest(extent.velocity, -self.velocity, self.velocity);
        let (position, end) = farthest(extent.position, self.lower, self.upper);
        Some(if at.a.abs() > self.acceleration * (1.0 + ROUNDING) {
            (Quantity::Acceleration, at.a, self.acceleration)
        } else if velocity.abs() > within.velocity.1 {
            (Quantity::Velocity, velocity, fastest.abs())
        } else {
            (Quantity::Position, position, end)
        })
    }

    /// The least jerk with which the joint could go from `from` to `to` in `dt` seconds, by what is left of Taylor's formula for acceleration, velocity and position.
    fn jerk_between(&self, from: Point, to: Point, dt: f64) -> f64 {
        let even = from.after(dt, 0.0);
        let velocity = (to.v - even.v).abs() - ROUNDING_OF_VELOCITIES * self.velocity;
        let position = (to.p - even.p).abs() - ROUNDING_OF_PLACES * (1.0 + to.p.abs());
        let jerk = (to.a - from.a).abs() / dt;
        jerk.max(2.0 * velocity / dt.powi(2))
            .max(6.0 * position / dt.powi(3))
    }

    /// The target itself, if the joint can be there and move as it does after this tick.
    fn land(&self, from: Point, target: Point, dt: f64, room: &Extent) -> Option<Point> {
        // Seldom worth more than this look.
        if (target.a - from.a).abs() > self.jerk * dt * (1.0 + ROUNDING) {
            return None;
        }
        let (step, over) = self.towards(from, target, f64::INFINITY, dt);
        if !over {
            return None;
        }
        self.checked(from, &step, room)?;
        let stops = Extent::of(target, &self.stop(target).0);
        room.contains(&stops).then_some(target)
    }

    /// The quickest way on to a target that keeps its acceleration. The second says whether that way is over within the tick.
    fn towards(&self, from: Point, target: Point, speed: f64, dt: f64) -> (Step, bool) {
        let at_start = target.after(-dt, 0.0);
        let seen = Point {
            p: from.p - at_start.p,
            v: from.v - at_start.v,
            a: from.a - at_start.a,
        };
        let speeds = Speeds {
            lower: (-speed - target.v).min(0.0),
            upper: (speed - target.v).max(0.0),
            rates: Rates {
                lower: -self.acceleration - target.a,
                upper: self.acceleration - target.a,
                jerk: self.jerk,
            },
        };
        chase(seen, speeds, dt, dt * LATE)
    }

    /// The end of a step that stays within `room` and can come to rest there.
    fn checked(&self, from: Point, step: &Step, room: &Extent) -> Option<Point> {
        let end = step.end(from);
        let inside = room.contains(&Extent::of(from, step.phases()))
            && room.contains(&Extent::of(end, &self.stop(end).0));
        inside.then_some(end)
    }

    /// The limits, and whatever coming to rest at once takes beyond them.
    fn room(&self, from: Point, stop: &Ramp) -> Extent {
        let (limits, must) = (self.within(), Extent::of(from, &stop.0));
        let joined = |a: (f64, f64), b: (f64, f64)| (a.0.min(b.0), a.1.max(b.1));
        Extent {
            position: joined(limits.position, must.position),
            velocity: joined(limits.velocity, must.velocity),
        }
    }

    fn within(&self) -> Extent {
        let slack = |end: f64| ROUNDING_OF_PLACES * (1.0 + end.abs());
        let velocity = self.velocity * (1.0 + ROUNDING);
        Extent {
            position: (self.lower - slack(self.lower), self.upper + slack(self.upper)),
            velocity: (-velocity, velocity),
        }
    }

    fn rates(&self) -> Rates {
        Rates {
            lower: -self.acceleration,
            upper: self.acceleration,
            jerk: self.jerk,
        }
    }

    fn stop(&self, from: Point) -> Ramp {
        Ramp::to(from, 0.0, self.rates())
    }

    /// The target itself where it is within the limits, else what comes closest.
    fn reachable(&self, target: Point) -> Point {
        let p = target.p.clamp(self.lower, self.upper);
        if (p - target.p).abs() > 0.0 {
            return Point {
                p,
                ..Point::default()
            };
        }
        if target.v.abs() > self.velocity {
            return Point {
                p,
                v: target.v.clamp(-self.velocity, self.velocity),
                a: 0.0,
            };
        }
        Point {
            a: target.a.clamp(-self.acceleration, self.acceleration),
            ..target
        }
    }
}

impl Extent {
    /// Of phases of constant jerk from `from` on.
    fn of(from: Point, phases: &[(f64, f64)]) -> Self {
        let mut extent = Self {
            position: (from.p, from.p),
            velocity: (from.v, from.v),
        };
        let mut point = from;
        for &(t, j) in phases {
            let end = point.after(t, j);
            extent.add(end);
            if point.a * end.a < 0.0 {
                extent.add(point.after(-point.a / j, j));
            }
            // v + a·t + j·t²/2 = 0 in the form that does not cancel; without jerk one of the two is v = −a·t.
            let root = (point.a * point.a - 2.0 * j * point.v).max(0.0).sqrt();
            let q = -(point.a + root.copysign(point.a));
            for turn in [q / j, 2.0 * point.v / q] {
                if turn > 0.0 && turn < t {
                    extent.add(point.after(turn, j));
                }
            }
            point = end;
        }
        extent
    }

    fn add(&mut self, point: Point) {
        self.position = (self.position.0.min(point.p), self.position.1.max(point.p));
        self.velocity = (self.velocity.0.min(point.v), self.velocity.1.max(point.v));
    }

    fn contains(&self, other: &Self) -> bool {
        let holds = |a: (f64, f64), b: (f64, f64)| b.0 >= a.0 && b.1 <= a.1;
        holds(self.position, other.position) && holds(self.velocity, other.velocity)
    }
}

/// Share of a limit or range that sums may be off by after years of ticks: a tenth of what counts as kept.
const ROUNDING: f64 = 1e-10;

/// What velocities, as a share of the largest, and places may be off, in rad or m: sums, and inverse kinematics that ends a thousandth of a micrometre away.
const ROUNDING_OF_VELOCITIES: f64 = 5e-13;
const ROUNDING_OF_PLACES: f64 = 5e-12;

/// Share of a tick by which a way may be longer and still count as done in it: digits that are lost where the joint is far from 0. Whether accelerations
/// then keep the largest jerk is checked by itself.
const LATE: f64 = 1e-4;
