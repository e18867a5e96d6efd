//! λ as a function of time: pieces of constant λ⃛.
//!
//! **Invariant:** evaluating allocates nothing; λ never falls, starts at 0 and ends, at rest, exactly at the path's length.

use crate::path_time::PathTime;

/// λ(t), t in s.
#[derive(Clone, Debug)]
pub struct TimeLaw {
    /// When each piece starts, then when the last one ends; ascending from 0.
    times: Vec<f64>,
    pieces: Vec<Piece>,
    length: f64,
}

/// λ and its derivatives at a piece's start; the last one is constant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) duration: f64,
    pub(super) s: f64,
    pub(super) rate: f64,
    pub(super) acceleration: f64,
    pub(super) jerk: f64,
}

impl TimeLaw {
    /// The law of `pieces`, which follow upon each other and end at rest at `length`.
    pub(super) fn of(pieces: Vec<Piece>, length: f64) -> Self {
        let mut times = Vec::with_capacity(pieces.len() + 1);
        let mut time = 0.0;
        times.push(time);
        for piece in &pieces {
            time += piece.duration;
            times.push(time);
        }
        Self {
            times,
            pieces,
            length,
        }
    }

    /// λ and its derivatives `t` seconds after the start; before it the start, after the end rest.
    pub fn at(&self, t: f64) -> PathTime {
        if t >= self.duration() {
            return PathTime {
                s: self.length,
                rate: 0.0,
                acceleration: 0.0,
                jerk: 0.0,
            };
        }
        let last = self.pieces.len() - 1;
        let k = self
            .times
            .partition_point(|start| *start <= t)
            .saturating_sub(1)
            .min(last);
        let mut moment = self.pieces[k].at((t - self.times[k]).max(0.0));
        moment.s = moment.s.min(self.length);
        moment.rate = moment.rate.max(0.0);
        moment
    }

    /// When the path's end is reached, in s.
    pub fn duration(&self) -> f64 {
        self.times.last().copied().unwrap_or(0.0)
    }

    /// When jerk steps, in s, ascending from 0 to the duration: the ends of all pieces. Each knot of the path is at one.
    pub fn corners(&self) -> &[f64] {
        &self.times
    }

    /// λ at the path's end.
    pub fn length(&self) -> f64 {
        self.length
    }

    pub(super) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The same law, `factor` times as slow.
    pub(super) fn slowed(&self, factor: f64) -> Self {
        let pieces = self.pieces.iter().map(|piece| Piece {
            duration: piece.duration * factor,
            s: piece.s,
            rate: piece.rate / factor,
            acceleration: piece.acceleration / factor.powi(2),
            jerk: piece.jerk / factor.powi(3),
        });
        Self::of(pieces.collect(), self.length)
    }
}

impl Piece {
    /// Two pieces from node to node, half of the time each: they meet λ, x = λ̇² and u = λ̈ at both ends.
    pub(super) fn two_between(lambda: [f64; 2], x: [f64; 2], u: [f64; 2]) -> [Self; 2] {
        let step = lambda[1] - lambda[0];
        let [r0, r1] = x.map(|x| x.max(0.0).sqrt());
        let (u0, du) = (u[0], u[1] - u[0]);
        let (sum, dr) = (r0 + r1, r1 - r0);
        // Δλ = h(r₀ + r₁)/2 − h²Δu/12
        let h = 2.0 * step / (0.5 * sum + (0.25 * sum * sum - du * step / 3.0).max(0.0).sqrt());
        let (twice, thrice) = (2.0 * du / h, 8.0 * (dr - u0 * h) / (h * h));
        let first = Self {
            duration: 0.5 * h,
            s: lambda[0],
            rate: r0,
            acceleration: u0,
            jerk: 0.5 * (thrice - twice),
        };
        let middle = first.at(0.5 * h);
        let second = Self {
            duration: 0.5 * h,
            s: middle.s,
            rate: middle.rate,
            acceleration: middle.acceleration,
            jerk: 0.5 * (3.0 * twice - thrice),
        };
        [first, second]
    }

    /// By how much λ grows on it.
    pub(super) fn way(&self) -> f64 {
        self.at(self.duration).s - self.s
    }

    /// The least λ̇ on it, and the greatest.
    pub(super) fn extreme_rates(&self) -> [f64; 2] {
        let end = self.at(self.duration);
        let mut rates = [self.rate.min(end.rate), self.rate.max(end.rate)];
        if self.acceleration * end.acceleration < 0.0 {
            let turn = self.rate - 0.5 * self.acceleration * self.acceleration / self.jerk;
            rates = [rates[0].min(turn), rates[1].max(turn)];
        }
        rates
    }

    /// `t` seconds after the piece's start.
    pub(super) fn at(&self, t: f64) -> PathTime {
        let Self {
            s,
            rate,
            acceleration,
            jerk,
            ..
        } = *self;
        let start = PathTime {
            s,
            rate,
            acceleration,
            jerk,
        };
        start.after(t)
    }
}
