//! Where on a path setpoints are, for a path that is known as the recording of the same motion left alone.
//!
//! Between its ticks it is a cubic with their positions and velocities: at 2 ms that is exact to some nanoradians.

use super::recording::Tick;
use servomesh_types::JointVec;

/// A path that was recorded as it was planned, from rest to rest.
pub(super) struct Along<'a> {
    ticks: &'a [Tick],
}

/// A place on the path, and how fast it is passed.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// 1 as planned; `None` where the path itself stands.
    pub(super) rate: Option<f64>,
    /// Where the path is there.
    pub(super) position: JointVec,
}

impl<'a> Along<'a> {
    pub(super) fn new(ticks: &'a [Tick]) -> Self {
        Self { ticks }
    }

    /// The place nearest to each tick, each searched about the one before.
    pub(super) fn places(&self, ticks: &[Tick]) -> Vec<Place> {
        let mut nearest = 0_usize;
        let place = |tick: &Tick| {
            let about = nearest.saturating_sub(WINDOW)..(nearest + WINDOW).min(self.ticks.len());
            let distance = |index: usize| square(&minus(&tick.position, &self.ticks[index].position));
            nearest = about
                .min_by(|&a, &b| distance(a).total_cmp(&distance(b)))
                .unwrap_or(nearest);
            self.place(nearest, tick)
        };
        ticks.iter().map(place).collect()
    }

    /// The place nearest to `tick`, which is about a tick from the `nearest`.
    fn place(&self, nearest: usize, tick: &Tick) -> Place {
        let mut s = self.time(nearest);
        for _ in 0..STEPS {
            let (position, velocity) = self.at(s);
            if square(&velocity) < STANDING {
                break;
            }
            s += dot(&minus(&tick.position, &position), &velocity) / square(&velocity);
        }
        let (position, velocity) = self.at(s);
        let rate =
            (square(&velocity) >= STANDING).then(|| dot(&tick.velocity, &velocity) / square(&velocity));
        Place { rate, position }
    }

    fn time(&self, index: usize) -> f64 {
        self.ticks[index].stamp.seconds_from(self.ticks[0].stamp)
    }

    /// Position and velocity at a time of the path.
    fn at(&self, s: f64) -> (JointVec, JointVec) {
        let after = self
            .ticks
            .partition_point(|tick| tick.stamp.seconds_from(self.ticks[0].stamp) <= s)
            .clamp(1, self.ticks.len() - 1);
        let (a, b) = (&self.ticks[after - 1], &self.ticks[after]);
        let h = b.stamp.seconds_from(a.stamp);
        let x = ((s - self.time(after - 1)) / h).clamp(0.0, 1.0);
        let n = a.position.len();
        let cubic = |i: usize| {
            let (p, d) = (
                b.position[i] - a.position[i],
                (h * a.velocity[i], h * b.velocity[i]),
            );
            (3.0 * p - 2.0 * d.0 - d.1, d.0 + d.1 - 2.0 * p)
        };
        let position = JointVec::from_fn(n, |i| {
            let (c2, c3) = cubic(i);
            a.position[i] + x * (h * a.velocity[i] + x * (c2 + x * c3))
        });
        let velocity = JointVec::from_fn(n, |i| {
            let (c2, c3) = cubic(i);
            a.velocity[i] + x * (2.0 * c2 + 3.0 * x * c3) / h
        });
        (position, velocity)
    }
}

fn minus(a: &JointVec, b: &JointVec) -> JointVec {
    JointVec::from_fn(a.len(), |i| a[i] - b[i])
}

fn dot(a: &JointVec, b: &JointVec) -> f64 {
    a.iter().zip(b.iter()).map(|(a, b)| a * b).sum()
}

fn square(a: &JointVec) -> f64 {
    dot(a, a)
}

/// Ticks on each side of the last place in which the next one is.
const WINDOW: usize = 10;
/// Newton's: from a tick away it is exact after two.
const STEPS: usize = 4;
/// Square of a velocity at which the path stands, in rad²/s²: what it divides is rounding there.
const STANDING: f64 = 1e-6;
