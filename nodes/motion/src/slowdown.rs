//! Coming to rest on the path: the path's own time slows from 1 to 0 with limited jerk.
//!
//! With s the time on the path and u the real time, ṡ goes from 1 to 0 in a trapezoid of s̈. A joint on the path q(s) has
//! q̇ = q′ṡ, q̈ = q″ṡ² + q′s̈ and q⃛ = q‴ṡ³ + 3q″ṡs̈ + q′s⃛; those are sampled against the limits.
//!
//! **Invariant:** a stop that is handed out was sampled from its start to rest and keeps the limits there. A path that
//! brakes as hard as it may can't be left more slowly, so a stop may start later, or be the end of the path itself.

use crate::bounds::Bounds;
use crate::state::Sample;
use crate::timed_path::TimedPath;

/// ṡ from 1 to 0: s̈ falls during `ramp`, stays, and rises during `ramp`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slowdown {
    /// In s.
    pub duration: f64,
    /// In s, at most half of `duration`.
    ramp: f64,
}

/// How to come to rest on a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stop {
    /// The path ends soon enough.
    AtTheEnd,
    /// Go on for `delay`, in s, then slow down.
    Slow {
        /// In s.
        delay: f64,
        /// How.
        slowdown: Slowdown,
    },
}

/// s and its three derivatives, `u` after the slowdown's start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PathTime {
    /// In s.
    pub s: f64,
    /// ṡ: 1 as planned, 0 at rest.
    pub rate: f64,
    /// s̈, per second.
    pub acceleration: f64,
    /// s⃛, per second².
    pub jerk: f64,
}

impl PathTime {
    /// What a joint does there.
    pub fn apply(&self, path: &Sample) -> Sample {
        let mut sample = *path;
        let Self {
            rate,
            acceleration,
            jerk,
            ..
        } = *self;
        for i in 0..path.jerk.len() {
            let (v, a, j) = (path.state.velocity[i], path.state.acceleration[i], path.jerk[i]);
            sample.state.velocity[i] = v * rate;
            sample.state.acceleration[i] = a * rate * rate + v * acceleration;
            sample.jerk[i] = j * rate.powi(3) + 3.0 * a * rate * acceleration + v * jerk;
        }
        sample
    }
}

impl Slowdown {
    /// The shortest with |s̈| ≤ `acceleration` and |s⃛| ≤ `jerk`, but no shorter than [`SHORTEST_S`].
    fn within(acceleration: f64, jerk: f64) -> Self {
        let ramp = (acceleration / jerk).min(jerk.powf(-0.5));
        let duration = ramp + 1.0 / (ramp * jerk);
        let stretch = (SHORTEST_S / duration).max(1.0);
        Self {
            duration: duration * stretch,
            ramp: ramp * stretch,
        }
    }

    fn stretched(&self, factor: f64) -> Self {
        Self {
            duration: self.duration * factor,
            ramp: self.ramp * factor,
        }
    }

    /// The path's time `u` seconds after the slowdown's start, counted from there.
    pub fn at(&self, u: f64) -> PathTime {
        let (ramp, duration) = (self.ramp, self.duration);
        let acceleration = 1.0 / (duration - ramp);
        let jerk = acceleration / ramp;
        if u >= duration {
            return PathTime {
                s: 0.5 * duration,
                rate: 0.0,
                acceleration: 0.0,
                jerk: 0.0,
            };
        }
        if u < ramp {
            return PathTime {
                s: u - jerk * u.powi(3) / 6.0,
                rate: 1.0 - 0.5 * jerk * u * u,
                acceleration: -jerk * u,
                jerk: -jerk,
            };
        }
        let left = duration - u;
        if left < ramp {
            return PathTime {
                s: 0.5 * duration - jerk * left.powi(3) / 6.0,
                rate: 0.5 * jerk * left * left,
                acceleration: -jerk * left,
                jerk,
            };
        }
        let t = u - ramp;
        let (s, rate) = (ramp - jerk * ramp.powi(3) / 6.0, 1.0 - 0.5 * acceleration * ramp);
        PathTime {
            s: s + rate * t - 0.5 * acceleration * t * t,
            rate: rate - acceleration * t,
            acceleration: -acceleration,
            jerk: 0.0,
        }
    }
}

/// The earliest rest on the path from `s` on, within `longest`, in s; `None` if there is none.
pub fn plan(path: &TimedPath, s: f64, bounds: &Bounds, longest: f64) -> Option<Stop> {
    let mut best_s = longest;
    let mut best = None;
    if path.ends_at_rest() && path.duration() - s <= longest {
        best_s = path.duration() - s;
        best = Some(Stop::AtTheEnd);
    }
    let mut budget = BUDGET;
    for delay in DELAYS_S {
        let Some(shape) = shape(path, s + delay, bounds) else {
            continue;
        };
        let mut slowdown = shape;
        while delay + slowdown.duration < best_s && budget > 0 {
            if keeps_limits(path, s + delay, &slowdown, bounds, &mut budget) {
                best_s = delay + slowdown.duration;
                best = Some(Stop::Slow { delay, slowdown });
                break;
            }
            slowdown = slowdown.stretched(STRETCH);
        }
    }
    best
}

/// The slowdown that would do if all joints kept their velocities: what to start the search from.
fn shape(path: &TimedPath, s: f64, bounds: &Bounds) -> Option<Slowdown> {
    let (mut acceleration, mut jerk) = (f64::INFINITY, f64::INFINITY);
    let velocity = path.at(s).state.velocity;
    for i in 0..velocity.len() {
        if velocity[i] != 0.0 {
            acceleration = acceleration.min(bounds.acceleration[i] / velocity[i].abs());
            jerk = jerk.min(bounds.jerk[i] / velocity[i].abs());
        }
    }
    // A joint in the middle of a turn has no velocity to go by, and none that a very short stop could break.
    let most = 1.0 / (SHORTEST_S * SHORTEST_S);
    let shape = Slowdown::within(acceleration.min(most), jerk.min(most / SHORTEST_S));
    shape.duration.is_finite().then_some(shape)
}

fn keeps_limits(path: &TimedPath, s: f64, slowdown: &Slowdown, bounds: &Bounds, budget: &mut u32) -> bool {
    let mut keeps = |time: &PathTime, path_s: f64| {
        *budget = budget.saturating_sub(1);
        *budget > 0 && bounds.allows(&time.apply(&path.at(path_s)))
    };
    // Jerk steps at the slowdown's corners and at the path's: both sides count, however close to a sample.
    let Slowdown { ramp, duration } = *slowdown;
    for corner in [ramp, duration - ramp, duration] {
        for u in [corner - SIDE_S, corner + SIDE_S] {
            let time = slowdown.at(u);
            if !keeps(&time, s + time.s) {
                return false;
            }
        }
    }
    let steps = (slowdown.duration / SAMPLE_S).ceil().clamp(64.0, 256.0) as u32;
    let mut before = slowdown.at(0.0);
    for i in 0..=steps {
        let time = slowdown.at(slowdown.duration * f64::from(i) / f64::from(steps));
        for corner in path.corners_between(s + before.s, s + time.s) {
            if !keeps(&before, corner - SIDE_S) || !keeps(&time, *corner) {
                return false;
            }
        }
        if !keeps(&time, s + time.s) {
            return false;
        }
        before = time;
    }
    true
}

/// No stop is shorter: a few control periods, in s.
const SHORTEST_S: f64 = 0.02;

/// When a slowdown may start, in s.
const DELAYS_S: [f64; 16] = [
    0.0, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0,
];

/// From one try to the next.
const STRETCH: f64 = 1.12;

/// Distance of the samples a stop is checked at, in s.
const SAMPLE_S: f64 = 0.003;

/// Just before or after a step of jerk, in s.
const SIDE_S: f64 = 1e-9;

/// Samples one search may take: about a millisecond for six joints, half a control period.
const BUDGET: u32 = 8_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_derivatives_fit_together_and_it_ends_at_rest() {
        for slowdown in [Slowdown::within(4.0, 100.0), Slowdown::within(100.0, 100.0)] {
            let (n, mut area) = (20_000, 0.0);
            let du = slowdown.duration / f64::from(n);
            for i in 0..n {
                let middle = slowdown.at((f64::from(i) + 0.5) * du);
                area += middle.rate * du;
                let (before, after) = (slowdown.at(f64::from(i) * du), slowdown.at(f64::from(i + 1) * du));
                assert!((after.s - area).abs() < 1e-7);
                assert!(((after.rate - before.rate) / du - middle.acceleration).abs() < 1e-2);
                assert!(middle.acceleration.abs() <= 100.0 && middle.jerk.abs() <= 100.0 + 1e-9);
            }
            let end = slowdown.at(slowdown.duration);
            assert_eq!((end.rate, end.acceleration), (0.0, 0.0));
            assert!((end.s - slowdown.duration / 2.0).abs() < 1e-12);
        }
    }

    #[test]
    fn it_uses_what_the_limits_allow() {
        // Trapezoid: 1/A + A/J. Triangle: 2/√J.
        assert!((Slowdown::within(4.0, 100.0).duration - (0.25 + 0.04)).abs() < 1e-12);
        assert!((Slowdown::within(100.0, 100.0).duration - 0.2).abs() < 1e-12);
    }
}
