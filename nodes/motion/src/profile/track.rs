//! One joint's motion as stretches of constant jerk: what a profile is made of.
//!
//! Times in s from the motion's start, positions in rad (m) from wherever the track starts.
//!
//! **Invariant:** nothing here allocates; before its start a track stands at its first state, after its end it keeps its
//! last velocity.

/// One stretch of constant jerk.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Piece {
    pub(super) start_s: f64,
    /// Its own: the difference of starts that are hours away has lost digits.
    pub(super) duration: f64,
    pub(super) p: f64,
    pub(super) v: f64,
    pub(super) a: f64,
    pub(super) jerk: f64,
}

/// One joint's motion.
#[derive(Clone, Copy, Debug)]
pub(super) struct Track {
    /// The last of `len` is what comes after the end: without acceleration and jerk.
    pieces: [Piece; MAX_PIECES],
    /// When each starts, once more: side by side they are compared all at once. ∞ from `len` on.
    starts: [f64; MAX_PIECES],
    len: usize,
}

/// Braking into the limits takes three pieces, keeping clear of an end stop three, a motion to rest nine at most; then
/// there is what comes after the end.
pub(super) const MAX_PIECES: usize = 16;

impl Piece {
    /// Position, velocity and acceleration `t` after the piece's start.
    pub(super) fn after(&self, t: f64) -> (f64, f64, f64) {
        let Self { p, v, a, jerk, .. } = *self;
        (
            p + t * (v + t * (a / 2.0 + t * jerk / 6.0)),
            v + t * (a + t * jerk / 2.0),
            a + t * jerk,
        )
    }
}

impl Track {
    /// Not even a state.
    pub(super) const NONE: Self = Self {
        pieces: [Piece {
            start_s: 0.0,
            duration: 0.0,
            p: 0.0,
            v: 0.0,
            a: 0.0,
            jerk: 0.0,
        }; MAX_PIECES],
        starts: [0.0; MAX_PIECES],
        len: 0,
    };

    /// No motion yet, at a state.
    pub(super) fn starting(p: f64, v: f64, a: f64) -> Self {
        let mut track = Self::NONE;
        track.restart(p, v, a);
        track
    }

    /// No motion any more, at a state.
    pub(super) fn restart(&mut self, p: f64, v: f64, a: f64) {
        self.starts.fill(f64::INFINITY);
        self.starts[0] = 0.0;
        self.pieces[0] = Piece {
            start_s: 0.0,
            duration: f64::INFINITY,
            p,
            v,
            a,
            jerk: 0.0,
        };
        self.len = 1;
    }

    /// Goes on with constant jerk; nothing happens for a duration that is not above 0.
    #[inline]
    pub(super) fn push(&mut self, duration: f64, jerk: f64) {
        if duration <= 0.0 || self.len == MAX_PIECES {
            debug_assert!(duration <= 0.0, "a track has at most {MAX_PIECES} pieces");
            return;
        }
        let last = &mut self.pieces[self.len - 1];
        (last.duration, last.jerk) = (duration, jerk);
        let (p, v, a) = last.after(duration);
        let start_s = last.start_s + duration;
        self.pieces[self.len] = Piece {
            start_s,
            duration: f64::INFINITY,
            p,
            v,
            a,
            jerk: 0.0,
        };
        self.starts[self.len] = start_s;
        self.len += 1;
    }

    /// States the end exactly where rounding has left it a little off.
    pub(super) fn end_at(&mut self, p: f64, v: f64, a: f64) {
        let last = &mut self.pieces[self.len - 1];
        (last.p, last.v, last.a) = (p, v, a);
    }

    /// The state at the end, with its time.
    pub(super) fn end(&self) -> &Piece {
        &self.pieces[self.len - 1]
    }

    /// The stretches, without what comes after the end.
    pub(super) fn pieces(&self) -> &[Piece] {
        &self.pieces[..self.len - 1]
    }

    /// The stretches, and what comes after the end.
    pub(super) fn all(&self) -> &[Piece] {
        &self.pieces[..self.len]
    }

    /// The piece that `t` is in, and how far.
    pub(super) fn piece_at(&self, t: f64) -> (&Piece, f64) {
        // Counting all takes less than finding out, step by step, when to stop.
        let begun: usize = self.starts[1..]
            .iter()
            .map(|start| usize::from(*start <= t))
            .sum();
        let piece = &self.pieces[begun];
        (piece, (t - piece.start_s).clamp(0.0, piece.duration))
    }

    /// Calls `f` with time and position of each end of a stretch and of each extreme between them.
    pub(super) fn extreme_positions(&self, mut f: impl FnMut(f64, f64)) {
        for piece in self.pieces() {
            f(piece.start_s, piece.p);
            for t in zeros(piece.v, piece.a, piece.jerk / 2.0) {
                if t > 0.0 && t < piece.duration {
                    f(piece.start_s + t, piece.after(t).0);
                }
            }
        }
        f(self.end().start_s, self.end().p);
    }

    /// The same for velocities.
    pub(super) fn extreme_velocities(&self, mut f: impl FnMut(f64, f64)) {
        for piece in self.pieces() {
            f(piece.start_s, piece.v);
            let t = -piece.a / piece.jerk;
            if t > 0.0 && t < piece.duration {
                f(piece.start_s + t, piece.after(t).1);
            }
        }
        f(self.end().start_s, self.end().v);
    }

    /// When the velocity passes zero for the last time.
    pub(super) fn last_turn(&self) -> Option<f64> {
        let onward = self.end().v >= 0.0;
        self.pieces().iter().rev().find_map(|piece| {
            let turn = zeros(piece.v, piece.a, piece.jerk / 2.0)
                .into_iter()
                .filter(|t| (0.0..=piece.duration).contains(t))
                .reduce(f64::max);
            // By rounding the zero may lie beyond the end of the piece that leads there.
            let leads_there = (piece.v >= 0.0) != onward;
            turn.or(leads_there.then_some(piece.duration))
                .map(|t| piece.start_s + t)
        })
    }

    /// The same motion along an axis that is `factor` times as long.
    pub(super) fn scale(&mut self, factor: f64) {
        for piece in &mut self.pieces[..self.len] {
            piece.p *= factor;
            piece.v *= factor;
            piece.a *= factor;
            piece.jerk *= factor;
        }
    }

    /// Starts somewhere else.
    pub(super) fn shift(&mut self, by: f64) {
        for piece in &mut self.pieces[..self.len] {
            piece.p += by;
        }
    }

    /// The same motion seen from where `frame_velocity` is standing still.
    pub(super) fn carry(&mut self, frame_velocity: f64) {
        for piece in &mut self.pieces[..self.len] {
            piece.p += frame_velocity * piece.start_s;
            piece.v += frame_velocity;
        }
    }
}

/// Where c + b·t + a·t² is zero; NaN where it is not.
fn zeros(c: f64, b: f64, a: f64) -> [f64; 2] {
    let root = (b * b - 4.0 * a * c).sqrt();
    // Of the two ways to write a solution, the one that adds what has the same sign loses no digits.
    let q = -0.5 * (b + root.copysign(b));
    [q / a, c / q]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_between_the_ends_are_found() {
        let mut track = Track::starting(0.0, 1.0, 0.0);
        track.push(2.0, -1.0);
        let mut highest = (0.0, 0.0);
        track.extreme_positions(|t, p| {
            if p > highest.1 {
                highest = (t, p);
            }
        });
        let t = 2.0_f64.sqrt();
        assert!((highest.0 - t).abs() < 1e-12 && (highest.1 - (t - t.powi(3) / 6.0)).abs() < 1e-12);
        let mut lowest = 1.0_f64;
        track.extreme_velocities(|_, v| lowest = lowest.min(v));
        assert!((lowest + 1.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_happens_in_no_time() {
        let mut track = Track::starting(1.0, 2.0, 3.0);
        track.push(0.0, 5.0);
        assert!(track.pieces().is_empty());
        assert_eq!((track.end().p, track.end().v), (1.0, 2.0));
    }
}
