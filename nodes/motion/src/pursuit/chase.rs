//! One joint's quickest way to rest at the origin of a frame, one tick of it. SI, rad or m; times in s.
//!
//! The quickest way makes for the highest velocity for a time u, then comes straight to rest. Where that ends grows steadily with u, so u is found
//! by enclosing it. Only the one tick in which u lies needs that: before, the joint just goes on towards the highest velocity.
//!
//! **Invariant:** |jerk| is the limit or 0 in every phase; accelerations and velocities stay within the limits if they start there.

use super::ramp::{Point, Ramp, Rates};

/// How fast a joint may be, seen from the frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Speeds {
    /// Lowest velocity, at most 0.
    pub(crate) lower: f64,
    /// Highest velocity, at least 0.
    pub(crate) upper: f64,
    pub(crate) rates: Rates,
}

impl Speeds {
    fn mirrored(self) -> Self {
        Self {
            lower: -self.upper,
            upper: -self.lower,
            rates: self.rates.mirrored(),
        }
    }
}

/// What a joint does during one tick: phases of constant jerk.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Step {
    phases: [(f64, f64); 7],
    count: usize,
}

impl Step {
    /// The first `time` seconds of `ramp`.
    pub(crate) fn along(ramp: &Ramp, time: f64) -> Self {
        let mut step = Self::default();
        step.push(ramp, time);
        step
    }

    fn push(&mut self, ramp: &Ramp, time: f64) {
        let mut left = time;
        for (t, j) in ramp.0.into_iter().chain([(f64::INFINITY, 0.0)]) {
            let t = t.min(left);
            if t > 0.0 {
                // Two ramps have at most seven phases: the first runs on at its end only if it is the last.
                let last = self.count.min(self.phases.len() - 1);
                self.phases[last] = (t, j);
                self.count = last + 1;
            }
            left -= t;
        }
    }

    pub(crate) fn phases(&self) -> &[(f64, f64)] {
        &self.phases[..self.count]
    }

    pub(crate) fn end(&self, from: Point) -> Point {
        self.phases()
            .iter()
            .fold(from, |point, (t, j)| point.after(*t, *j))
    }

    fn mirrored(mut self) -> Self {
        for (_, j) in &mut self.phases {
            *j = -*j;
        }
        self
    }
}

/// What to do during `dt` on the quickest way from `from` to rest at 0; and whether the way is over by then, but for `late` seconds.
pub(crate) fn chase(from: Point, speeds: Speeds, dt: f64, late: f64) -> (Step, bool) {
    let stop = Ramp::to(from, 0.0, speeds.rates);
    let rest = stop.end(from).p;
    // As small as the digits of what was subtracted.
    if rest.abs() <= ROUNDING * from.p.abs() {
        return (Step::along(&stop, dt), stop.duration() <= dt + late);
    }
    if rest > 0.0 {
        let (step, over) = forwards(from.mirrored(), speeds.mirrored(), dt, late);
        (step.mirrored(), over)
    } else {
        forwards(from, speeds, dt, late)
    }
}

/// The same where coming straight to rest ends below 0.
fn forwards(from: Point, speeds: Speeds, dt: f64, late: f64) -> (Step, bool) {
    let rates = speeds.rates;
    let rush = Ramp::to(from, speeds.upper, rates);
    let rest_after = |u: f64| {
        let point = rush.at(from, u);
        Ramp::to(point, 0.0, rates).end(point).p
    };
    let at_the_end = rest_after(dt);
    // Not a number, of an endless ramp, counts as not there yet.
    if at_the_end.is_nan() || at_the_end <= 0.0 {
        return (Step::along(&rush, dt), false);
    }
    let turn = root(rest_after, dt, at_the_end);
    let point = rush.at(from, turn);
    let stop = Ramp::to(point, 0.0, rates);
    let mut step = Step::along(&rush, turn);
    step.push(&stop, dt - turn);
    (step, turn + stop.duration() <= dt + late)
}

/// Where `f` changes its sign in 0 … `end`: it is below 0 at 0 and `at_end` > 0 at `end`. Halving, sped up by secants (the Illinois method).
fn root(f: impl Fn(f64) -> f64, end: f64, at_end: f64) -> f64 {
    let (mut low, mut f_low) = (0.0, f(0.0));
    let (mut high, mut f_high) = (end, at_end);
    for round in 0..ROUNDS {
        let secant = high - f_high * (high - low) / (f_high - f_low);
        let middle = if round % 3 < 2 && secant > low && secant < high {
            secant
        } else {
            0.5 * (low + high)
        };
        let value = f(middle);
        if value > 0.0 {
            (high, f_high) = (middle, value);
            f_low *= 0.5;
        } else {
            (low, f_low) = (middle, value);
            f_high *= 0.5;
        }
        if high - low <= ENCLOSED * end {
            break;
        }
    }
    low
}

/// Digits of a double, with room for the sums that positions come from.
const ROUNDING: f64 = 1e-15;

/// Of a tick: the jerk that is missed by it moves a joint by less than its position's digits.
const ENCLOSED: f64 = 1e-14;

/// Halvings in every third round enclose the root even where secants stick.
const ROUNDS: u32 = 140;
