//! How hard the rate may change on a short stretch of a path, so that no joint breaks a limit, between samples either.
//!
//! On a path that keeps its limits at ṡ = 1, the terms q″ṡ² and q‴ṡ³ keep them for 0 ≤ ṡ ≤ 1. What a changing rate adds, q′s̈
//! and 3q″ṡs̈ + q′s⃛, must either leave a margin ([`MARGIN`] of the limit, and one for the curvature between samples),
//! or oppose a path that is at its limit itself: then the sum lies between both.
//!
//! **Invariant:** a stretch that is said to keep the limits keeps them from end to end.

use servomesh_types::JointVec;

use crate::path_time::PathTime;
use crate::state::Sample;
use crate::timed_path::TimedPath;

/// How much of acceleration and jerk there is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// Per joint.
    pub(crate) acceleration: JointVec,
    /// Per joint.
    pub(crate) jerk: JointVec,
}

/// A path in the direction it is passed in, over σ = s forwards and σ = −s backwards, so that rates are never negative.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) path: &'a TimedPath,
    pub(crate) backwards: bool,
}

impl View<'_> {
    /// The path at σ.
    pub(crate) fn at(&self, sigma: f64) -> Sample {
        if !self.backwards {
            return self.path.at(sigma);
        }
        let mut sample = self.path.at(-sigma);
        for i in 0..sample.jerk.len() {
            sample.state.velocity[i] = -sample.state.velocity[i];
            sample.jerk[i] = -sample.jerk[i];
        }
        sample
    }

    /// The first step of jerk in σ … σ + `most`, apart from σ itself.
    fn corner(&self, sigma: f64, most: f64) -> Option<f64> {
        if self.backwards {
            let corners = self.path.corners_between(-sigma - most, -sigma - SIDE_S);
            corners.last().map(|corner| -corner)
        } else {
            let corners = self.path.corners_between(sigma + SIDE_S, sigma + most);
            corners.first().copied()
        }
    }

    /// How often jerk steps between two places.
    pub(crate) fn steps_of_jerk(&self, from: f64, to: f64) -> usize {
        if self.backwards {
            self.path.corners_between(-to, -from).len()
        } else {
            self.path.corners_between(from, to).len()
        }
    }

    /// Where it stands still from then on, if it does.
    pub(crate) fn end(&self) -> Option<f64> {
        (!self.backwards && self.path.ends_at_rest()).then(|| self.path.duration())
    }

    /// The same moment in s.
    pub(crate) fn along(&self, time: PathTime) -> PathTime {
        if !self.backwards {
            return time;
        }
        PathTime {
            s: -time.s,
            rate: -time.rate,
            acceleration: -time.acceleration,
            jerk: -time.jerk,
        }
    }
}

/// A stretch between two places of a path, looked at in its middle too.
pub(crate) struct Stretch {
    /// From its start to its middle and to its end, in s.
    lengths: [f64; 2],
    samples: [Sample; 3],
    /// About how long it takes until its middle and its end, in s.
    times: [f64; 2],
    /// Whether jerk steps at its end.
    pub(crate) ends_at_corner: bool,
}

impl Stretch {
    /// The stretch of about `h` seconds from `from` on, where the path is `here`; shorter if jerk steps before.
    ///
    /// `from.jerk` is what the rate's jerk will be about. `None` if the path would be left backwards.
    pub(crate) fn ahead(view: &View<'_>, from: &PathTime, here: &Sample, h: f64) -> Option<Self> {
        let mut length = from.after(h).s - from.s;
        if length <= SHORTEST || length.is_nan() {
            return None;
        }
        let mut times = [0.5 * h, h];
        let corner = view.corner(from.s, length);
        if let Some(corner) = corner {
            length = corner - from.s;
            let end = time_to(from, length, h)?;
            times = [0.5 * end, end];
        }
        let half = from.after(times[0]).s - from.s;
        let end = from.s + length - if corner.is_some() { SIDE_S } else { 0.0 };
        Some(Self {
            lengths: [half, length],
            samples: [*here, view.at(from.s + half), view.at(end)],
            times,
            ends_at_corner: corner.is_some(),
        })
    }

    /// About how long it takes, in s.
    pub(crate) fn duration(&self) -> f64 {
        self.times[1]
    }

    /// Where it ends, counted from its start, in s.
    pub(crate) fn length(&self) -> f64 {
        self.lengths[1]
    }

    /// The path at its end, or just before a corner there.
    pub(crate) fn end(&self) -> &Sample {
        &self.samples[2]
    }

    /// The least and the most s⃛ from `from` on, to first order.
    pub(crate) fn jerks(&self, from: &PathTime, room: &Room) -> (f64, f64) {
        let mut interval = (-MOST_JERK, MOST_JERK);
        for (sample, t) in self.samples.iter().zip([0.0, self.times[0], self.times[1]]) {
            narrow(&mut interval, sample, from, t, room);
        }
        interval
    }

    /// How long it takes from `from` on with the jerk in there, if all joints keep their limits on it, in s.
    pub(crate) fn keeps(&self, from: &PathTime, room: &Room) -> Option<f64> {
        let middle = time_to(from, self.lengths[0], self.times[0])?;
        let end = time_to(from, self.lengths[1], self.times[1])?;
        let moments = [*from, from.after(middle), from.after(end)];
        if moments.iter().any(|time| !(0.0..=1.0).contains(&time.rate)) {
            return None;
        }
        let braking = moments.map(|time| time.acceleration);
        let one_sign = braking[0] * braking[2] >= 0.0;
        for i in 0..room.jerk.len() {
            let (mut v, mut path, mut added) = ([0.0; 3], [0.0; 3], [0.0; 3]);
            let (mut path_jerk, mut turning, mut pushing) = ([0.0; 3], [0.0; 3], [0.0; 3]);
            for (k, (time, sample)) in moments.iter().zip(&self.samples).enumerate() {
                let (a, j) = (sample.state.acceleration[i], sample.jerk[i]);
                v[k] = sample.state.velocity[i];
                path[k] = a * time.rate * time.rate;
                added[k] = v[k] * time.acceleration;
                path_jerk[k] = j * time.rate * time.rate * time.rate;
                turning[k] = 3.0 * a * time.rate * time.acceleration;
                pushing[k] = v[k] * time.jerk;
            }
            // q′ and s̈ that keep their signs make the term keep its own.
            let opposes = one_sign && keeps_sign(&v) && opposed(&path, &added);
            if !within(&path, &added, room.acceleration[i], opposes) {
                return None;
            }
            let a = self.samples.each_ref().map(|sample| sample.state.acceleration[i]);
            let opposes = keeps_sign(&v)
                && opposed(&path_jerk, &pushing)
                && one_sign
                && keeps_sign(&a)
                && opposed(&path_jerk, &turning);
            let both = std::array::from_fn(|k| turning[k] + pushing[k]);
            if !within(&path_jerk, &both, room.jerk[i], opposes) {
                return None;
            }
        }
        Some(end)
    }
}

/// The least and the most s⃛ that this very moment allows.
pub(crate) fn jerks_at(here: &Sample, now: &PathTime, room: &Room) -> (f64, f64) {
    let mut interval = (-MOST_JERK, MOST_JERK);
    narrow(&mut interval, here, now, 0.0, room);
    interval
}

/// Takes from the interval of s⃛ what would break a limit at `sample`, `t` seconds after `from`.
fn narrow(interval: &mut (f64, f64), sample: &Sample, from: &PathTime, t: f64, room: &Room) {
    // Linear in s⃛: the rate is ṡ + s̈t + s⃛t²/2.
    let (rate, acceleration) = (from.rate + from.acceleration * t, from.acceleration);
    let (square, cube) = (rate * rate, rate * rate * rate);
    for i in 0..room.jerk.len() {
        let (v, a, j) = (
            sample.state.velocity[i],
            sample.state.acceleration[i],
            sample.jerk[i],
        );
        let path = j * cube;
        let slope = v + t * (3.0 * a * rate + 1.5 * t * (j * square + a * acceleration));
        let limit = (room.jerk[i] * (1.0 - 2.0 * MARGIN)).max(path.abs());
        clip(interval, path + 3.0 * a * rate * acceleration, slope, limit);
        if t > 0.0 {
            let path = a * square;
            let limit = (room.acceleration[i] * (1.0 - 2.0 * MARGIN)).max(path.abs());
            clip(interval, path + v * acceleration, t * (v + a * rate * t), limit);
        }
    }
    let most = (MOST_ACCELERATION - acceleration.abs()).max(0.0);
    if t > 0.0 {
        interval.0 = interval.0.max(-most / t);
        interval.1 = interval.1.min(most / t);
    }
}

/// Keeps the part of the interval in which |`value` + `slope` · x| ≤ `limit`.
fn clip(interval: &mut (f64, f64), value: f64, slope: f64, limit: f64) {
    if slope.abs() * MOST_JERK <= 1e-9 * limit {
        if value.abs() > limit {
            *interval = (f64::INFINITY, f64::NEG_INFINITY);
        }
        return;
    }
    let (a, b) = ((-limit - value) / slope, (limit - value) / slope);
    interval.0 = interval.0.max(a.min(b));
    interval.1 = interval.1.min(a.max(b));
}

/// Whether the sum of both keeps `limit` between the three samples too.
fn within(path: &[f64; 3], added: &[f64; 3], limit: f64, opposes: bool) -> bool {
    if added.iter().all(|value| *value == 0.0) {
        return true;
    }
    let sum = std::array::from_fn(|k| path[k] + added[k]);
    let limit = limit * (1.0 - MARGIN);
    let (low, high) = range(&sum);
    if low >= -limit && high <= limit {
        return true;
    }
    let (added_low, added_high) = range(added);
    if path.iter().all(|value| *value >= 0.0) {
        (opposes && added.iter().all(|value| *value <= 0.0) || added_high <= 0.0) && low >= -limit
    } else if path.iter().all(|value| *value <= 0.0) {
        (opposes && added.iter().all(|value| *value >= 0.0) || added_low >= 0.0) && high <= limit
    } else {
        false
    }
}

/// Between which values a smooth function stays that has these at the ends and in the middle: a parabola through them
/// rises above them by an eighth of their second difference at most; twice as much is for what is no parabola.
fn range(values: &[f64; 3]) -> (f64, f64) {
    let margin = 0.25 * (values[0] - 2.0 * values[1] + values[2]).abs();
    let (low, high) = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
            (low.min(*v), high.max(*v))
        });
    (low - margin, high + margin)
}

/// Whether a smooth function with these values has one sign throughout.
fn keeps_sign(values: &[f64; 3]) -> bool {
    let (low, high) = range(values);
    low >= 0.0 || high <= 0.0
}

/// Whether both have opposite signs; of a path without any there is nothing to oppose.
fn opposed(path: &[f64; 3], added: &[f64; 3]) -> bool {
    path.iter().any(|p| *p != 0.0) && path.iter().zip(added).all(|(p, a)| p * a <= 0.0)
}

/// When `length` is passed, by Newton's method from `guess` on, in s; `None` if the path turns back before.
fn time_to(from: &PathTime, length: f64, guess: f64) -> Option<f64> {
    let mut t = guess;
    for _ in 0..NEWTON_STEPS {
        let now = from.after(t);
        if now.rate <= 0.0 || now.rate.is_nan() {
            return None;
        }
        let step = (now.s - from.s - length) / now.rate;
        t -= step;
        if !(t > 0.0 && t < 4.0 * guess) {
            return None;
        }
        if step.abs() <= 1e-15 + 1e-14 * t {
            return Some(t);
        }
    }
    // What is left is checked by its effect: less than what a corner's sides are apart.
    let now = from.after(t);
    ((now.s - from.s - length).abs() < 0.01 * SIDE_S).then_some(t)
}

/// Share of a limit that a changing rate leaves unused, for what three samples say of a stretch.
const MARGIN: f64 = 1e-3;

/// Where joints hardly move, a rate may change at will: a few control periods from 1 to 0. Per second and second².
pub(crate) const MOST_ACCELERATION: f64 = 1.0 / 0.02;
pub(crate) const MOST_JERK: f64 = MOST_ACCELERATION / 0.01;

/// Just before or after a step of jerk, in s.
pub(crate) const SIDE_S: f64 = 1e-9;

/// No stretch is shorter, in s.
const SHORTEST: f64 = 1e-13;

const NEWTON_STEPS: u32 = 12;
